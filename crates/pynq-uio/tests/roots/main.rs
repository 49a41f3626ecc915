//! The Linux root on any host: a socket pair stands in for the UIO device, under every runtime and under none.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

#[path = "../../../pynq-conformance/tests/simulator/backends.rs"]
mod backends;
mod binding;
mod costs;
mod device;
mod faults;
#[path = "../../../pynq-conformance/tests/simulator/fixture.rs"]
mod fixture;
mod hosts;
#[path = "../../../pynq-conformance/tests/simulator/report.rs"]
mod report;
mod root;
mod storm;
mod suite;
mod twins;
mod uio;
