//! A simulated Zynq board, built from the design's own handoff file, with a virtual clock, faults and traces.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod blocking;
mod board;
mod clock;
pub mod device;
mod error;
mod kick;
mod memory;
pub mod models;
mod pin;
mod settle;
mod sync;
mod timeline;
mod trace;
#[allow(unsafe_code)] // implements Mmio, whose contract is unsafe
mod window;

pub use board::{Access, Board, BoardBuilder, BusError, BusErrorKind, OutputChange, Stimulus, Width};
pub use clock::{SimClock, SimSleep};
pub use device::Device;
pub use error::Error;
pub use memory::Unbacked;
pub use pin::{CpuPin, Trigger};
pub use trace::{TraceEntry, TraceEvent};
pub use window::Window;
