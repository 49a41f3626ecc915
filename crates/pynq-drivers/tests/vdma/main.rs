//! The AXI VDMA, on a simulated board: both channels behind an interrupt controller, a camera and a screen.
#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;

mod checks;
mod errors;
mod input;
mod output;
mod property;
mod races;
mod rig;
