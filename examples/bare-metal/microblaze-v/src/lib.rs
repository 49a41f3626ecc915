//! What the firmware examples share: a board that was set up, a console, and an end.
//!
//! The board is QEMU's `amd-microblaze-v-generic`. Every device on it is the emulator's, and so is the controller between
//! them and the processor. Its first serial line is the AXI UART Lite, which the programs are about; the second one, a
//! 16550, is the console.
//!
//! # The state of the processor
//!
//! The start-up code (`riscv-rt`) leaves it like this.
//!
//! * **Mode**: machine mode, all along.
//! * **Stack**: one, at the end of memory (`memory.x`). The handler of interrupts runs on the stack of what it interrupts,
//!   with interrupts masked.
//! * **Traps**: `mtvec` in direct mode. The start-up code saves the registers that a function may change and calls each
//!   program's handler of the external interrupt. An exception is reported and ends the program.
//! * **FPU**: none is used; the target is `riscv32imac-unknown-none-elf`.
//! * **Caches**: a MicroBlaze-V's are off or transparent, as the design has it; registers of blocks are never in them.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

mod board;
#[cfg(feature = "alloc")]
pub mod conformance;
mod console;
#[path = "../../zynq/src/embassy.rs"]
pub mod embassy;
mod exceptions;
#[cfg(feature = "alloc")]
#[path = "../../zynq/src/heap.rs"]
pub mod heap;
#[path = "../../zynq/src/join.rs"]
pub mod join;
pub mod outside;
pub mod random;
#[path = "../../zynq/src/stack.rs"]
mod stack;
pub mod tally;
pub mod timers;
pub mod uart;

include!("../../src/microblaze_v_board.rs");

pub use board::{Board, Intc, registers, sound, start};
pub use console::{exit, print};
pub use pynq_baremetal::microblaze_v::idle_unless;
