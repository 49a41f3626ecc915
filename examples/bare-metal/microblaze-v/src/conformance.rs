//! The fixture of the conformance suite: an AXI INTC and devices that are the emulator's own, in front of a real processor.
//!
//! There are three places: an edge input (the UART Lite's), level inputs (the timers'), and the processor's own interrupt,
//! with the controller's output as the device on it.

mod backend;
mod fixture;
#[path = "../../zynq/src/conformance/watched.rs"]
mod watched;

pub use backend::Emulated;
pub use fixture::EmulatedFixture;
