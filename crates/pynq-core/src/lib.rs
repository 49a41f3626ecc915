//! The foundation of pynq: registers, the interrupt engine, the AXI interrupt controller and clocks.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

// First, since its macro is for all that follows.
#[cfg(pynq_mutants)]
#[macro_use]
mod mutant;

#[cfg(not(loom))]
#[forbid(unsafe_code)]
mod axi_intc;
mod block_on;
mod clock;
#[cfg(not(loom))]
#[forbid(unsafe_code)]
pub mod design;
pub mod dma;
#[cfg(not(loom))]
#[forbid(unsafe_code)]
mod driver;
#[forbid(unsafe_code)]
mod driver_error;
mod erased_clock;
mod error;
pub mod interrupt;
pub mod maps;
#[allow(unsafe_code)] // the register access layer
pub mod mmio;
#[forbid(unsafe_code)]
mod name;
#[forbid(unsafe_code)]
mod output_line;
#[forbid(unsafe_code)]
pub mod pl_clocks;
pub mod regs;
#[forbid(unsafe_code)]
mod table;
#[cfg(feature = "std")]
mod unpoisoned;

#[cfg(not(loom))]
pub use axi_intc::{AxiIntc, AxiIntcConfig, AxiIntcError, AxiIntcHardware, AxiIntcNode, axi_intc_node};
pub use block_on::{Epoch, block_on};
pub use clock::{Clock, Instant};
#[cfg(not(loom))]
pub use driver::{Allowed, Driver, DriverError, Found, OpenError, ParameterError, Parameters};
pub use erased_clock::{ErasedClock, ErasedSleep};
pub use error::Error;
pub use mmio::{Checked, Mmio, Volatile, Window};
pub use name::{BlockError, BlockName};
pub use output_line::{DriveLine, OutputLine};
pub use table::Table;
#[cfg(feature = "std")]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub use unpoisoned::lock;

/// What the macros need of other crates, so that their users need not depend on them.
#[doc(hidden)]
pub mod __private {
    pub use bitflags;
}
