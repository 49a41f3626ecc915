//! The driver of accelerators on the simulated board, with the control blocks of every generation of the tool.
#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod errors;
mod pointers;
mod races;
mod repeats;
mod rig;
