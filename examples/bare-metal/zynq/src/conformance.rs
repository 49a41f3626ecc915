//! The bench of the conformance suite: the emulated logic, reached through the real controller of the processor.

mod bench;
mod outside;
mod rig;
#[allow(unsafe_code)] // a window around a window
mod watched;

pub use bench::EmulatedBench;
pub use rig::Emulated;
