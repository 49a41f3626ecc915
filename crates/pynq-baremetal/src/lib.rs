//! pynq without an operating system.
//!
//! The drivers of `pynq-drivers` and the interrupt engine of `pynq-core` need neither `std` nor an allocator nor a
//! runtime. They do need a window on the registers, a root from which interrupts come, and an idle function that puts
//! the processor to sleep. This crate has these, for processors without an operating system:
//!
//! * [`window`] makes a register window of a fixed address;
//! * [`DmaMemory`] makes buffers for DMA of a program's own memory, with what has to be done to the caches;
//! * [`zynq`] has the interrupt controller of the Zynq-7000 as a root of the engine, the processor's idling, a clock
//!   on its global timer, and the few other peripherals that a program needs;
//! * [`microblaze_v`] has the external interrupt of a RISC-V as a root, for the AXI INTC of a MicroBlaze-V design, and that
//!   processor's idling.
//!
//! # How an interrupt reaches a task
//!
//! The exception handler calls the controller's `dispatch`. That masks the line, so that it fires once, and wakes the
//! node on it, whose waker *is* its dispatch: devices are acknowledged and tasks are woken before the handler returns.
//! Nodes are guarded by a critical section ([`Lock`]), since the handler takes their lock. The application
//! chooses the implementation of `critical-section`; this crate does not.
//!
//! One processor core per engine: the core that runs the interrupt handler runs the tasks. On a second core a program
//! of its own may run, with nodes of its own.
//!
//! # Sleeping
//!
//! [`block_on`](pynq_core::block_on()) runs a future, and any executor that calls back when a task is woken will do as
//! well. Either sleeps by a check *with interrupts masked* whether anything was woken since, and then WFI, which a
//! pending interrupt ends though it is masked; see [`zynq::idle`] and [`microblaze_v::idle`].
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

#[allow(unsafe_code)] // memory that devices change is slices for a time
mod dma_memory;
#[allow(unsafe_code)] // an address is made a pointer
mod fixed_window;
pub mod microblaze_v;
pub mod zynq;

pub use dma_memory::{CacheLine, DataCache, DmaMemory, Uncached};
pub use fixed_window::{WindowError, window};
/// The lock of nodes whose interrupt handler dispatches: a critical section.
pub use mutex::raw_impls::cs::CriticalSectionRawMutex as Lock;
