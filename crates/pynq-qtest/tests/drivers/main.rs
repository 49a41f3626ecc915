//! The drivers on QEMU's AXI INTC, AXI timers and UART Lite, with real interrupts, through the interrupt engine.
//!
//! Nothing here depends on how fast either side is: times are compared with counters of the same machine, and deadlines
//! only end what hangs.
#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;
mod intc;
mod rig;
mod spi;
mod timer;
mod uartlite;
