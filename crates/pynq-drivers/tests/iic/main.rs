//! The AXI IIC's driver against its simulated model, with the shelf's parts on the bus and a probe that sees every byte.

#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;

mod bus;
mod by_hand;
mod costs;
mod others;
mod random;
mod reference;
mod rig;
