//! What the firmware examples share: a board that was set up, a console, and an end.
//!
//! # The state of the processor
//!
//! The start-up code (`start.rs`, then `aarch32-rt`) leaves the boot loader's state but for what follows.
//!
//! * **Stacks**: one for each mode, at the end of memory (`memory.x`). The interrupt handler runs in system mode, on
//!   the stack of what it interrupts, with interrupts masked.
//! * **Vectors**: at the beginning of memory; [`Board::take`] points VBAR there. An exception other than an interrupt is
//!   reported and ends the program.
//! * **FPU**: off. The target is `armv7a-none-eabi`, whose code uses none.
//! * **MMU and caches**: a flat map, memory normal and uncached, and devices as such (`start.rs`). What a loader has
//!   mapped stays as it is.
#![no_std]
#![deny(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[allow(unsafe_code)] // the addresses of blocks, and the vectors
mod board;
mod board_platform;
pub mod by_hand;
#[cfg(feature = "alloc")]
pub mod conformance;
mod console;
#[allow(unsafe_code)] // what embassy's executor asks of its platform
pub mod embassy;
#[allow(unsafe_code)] // handlers that assembly code calls
mod exceptions;
#[cfg(feature = "alloc")]
#[allow(unsafe_code)] // the allocator's memory
pub mod heap;
pub mod join;
pub mod lab;
pub mod outside;
pub mod pl;
#[cfg(feature = "alloc")]
pub mod simulated;
#[allow(unsafe_code)] // the memory of the stack
mod stack;
#[allow(unsafe_code)] // instructions to be counted
pub mod stamp;
#[allow(unsafe_code)] // assembly code
mod start;

pub use board::{Board, Root};
pub use console::{exit, print};
pub use pynq_baremetal::zynq::idle_unless;
