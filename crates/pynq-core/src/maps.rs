//! Register maps of the blocks that the core drives itself, from their data sheets. Those of the others stand with their
//! drivers.
//!
//! The simulator's models have their offsets from the data sheets as well and not from here: what a driver and its model
//! share, no test of the one against the other can find wrong.
//!
//! Each is laid over a window by `new` and used through its accessors; [`regs`](crate::regs) says how.
#![forbid(unsafe_code)]

mod axi_intc;

pub use axi_intc::{AxiIntcRegisters, AxiIntcVectorRegisters, MasterEnable};
