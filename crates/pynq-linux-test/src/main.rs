//! What tests the Linux backend on a real kernel: the first process of the virtual board of `cargo xtask linux-test`.
//!
//! It prints a line for each check, `ok NAME`, `skip NAME: why` or `FAIL NAME: why`, lines of figures that begin with a
//! `#`, and the totals as the last one. Then it switches the board off. On a machine that runs already it does nothing:
//! it unbinds drivers and writes to physical addresses.
#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
mod board;
#[cfg(target_os = "linux")]
mod claims;
#[cfg(target_os = "linux")]
mod conformance;
#[cfg(target_os = "linux")]
mod discovery;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod latency;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod storm;
#[cfg(target_os = "linux")]
mod tree;
#[cfg(target_os = "linux")]
mod unbind;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    init::main()
}

/// There is nothing to test.
#[cfg(not(target_os = "linux"))]
fn main() {}
