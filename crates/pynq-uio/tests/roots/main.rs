//! The Linux root on any host: a socket pair stands in for the UIO device, under every runtime and under none.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

#[path = "../../../pynq-conformance/tests/simulator/bench.rs"]
mod bench;
mod binding;
mod costs;
mod device;
mod faults;
mod hosts;
#[path = "../../../pynq-conformance/tests/simulator/report.rs"]
mod report;
#[path = "../../../pynq-conformance/tests/simulator/rigs.rs"]
mod rigs;
mod root;
mod storm;
mod suite;
mod twins;
mod uio;
