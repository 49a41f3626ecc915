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
#[cfg(feature = "hwh")]
mod design;
pub mod device;
mod error;
mod kick;
mod memory;
pub mod models;
mod pin;
mod run;
mod settle;
mod sync;
mod timeline;
mod trace;
mod track;
mod vcd;
#[allow(unsafe_code)] // implements Mmio, whose contract is unsafe
mod window;

pub use board::{Access, Board, BoardBuilder, BusError, BusErrorKind, OutputChange, Stimulus, Width};
pub use clock::{SimClock, SimSleep};
pub use device::Device;
pub use error::Error;
pub use memory::Unbacked;
pub use pin::{CpuPin, Trigger};
pub use run::{Drive, Run, RunUntilIdle, RunWith};
pub use trace::{TraceEntry, TraceEvent};
pub use track::{Busy, Track};
pub use window::Window;
