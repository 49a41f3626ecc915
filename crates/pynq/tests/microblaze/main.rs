//! I/O processors on the simulated board: programs that are put together here, and PYNQ's own.
#![cfg(feature = "sim")]

#[path = "../../../pynq-iss/tests/support/assembler.rs"]
mod assembler;
mod firmware;
mod interrupts;
mod mailbox;
mod pmods;
mod programs;
mod rpc;
mod streams;
mod support;
