//! The foundation of pynq: registers, the interrupt engine, the AXI interrupt controller and clocks.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod clock;
mod error;
pub mod interrupt;
#[allow(unsafe_code)] // the register access layer
mod mmio;

pub use clock::{Clock, Instant};
pub use error::Error;
pub use mmio::Mmio;
