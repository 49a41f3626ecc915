//! The fixture of the conformance suite: the emulated logic, reached through the real controller of the processor.

mod backend;
mod fixture;
mod outside;
#[allow(unsafe_code)] // a window around a window
mod watched;

pub use backend::Emulated;
pub use fixture::EmulatedFixture;
