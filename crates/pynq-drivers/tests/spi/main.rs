//! The AXI Quad SPI's driver against its simulated model. Every access that the block would refuse fails its test: the
//! board panics when it is dropped.

#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;

mod cancellation;
mod chips;
mod costs;
mod errors;
mod races;
mod random;
mod rig;
mod transactions;
