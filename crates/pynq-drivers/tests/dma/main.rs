//! The AXI DMA, on a simulated board: both channels behind an interrupt controller, looped back by a FIFO.
#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;

mod cancellation;
mod checks;
mod cyclic;
mod direct;
mod errors;
mod leftovers;
mod property;
mod rig;
mod ring;
