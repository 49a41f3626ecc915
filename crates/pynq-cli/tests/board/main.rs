//! The subcommands that look at a board, on trees of files in which the test plays the kernel; `/dev/mem` is a sparse
//! file.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // in what several tests share, outside of a #[test]

mod doctor;
mod fake;
mod i2c;
mod program;
mod registers;
#[path = "../../../pynq-hwh/tests/support/mod.rs"]
mod small;
#[path = "../../../pynq-uio/tests/system/mod.rs"]
mod system;
#[path = "../../../pynq-uio/tests/tree/mod.rs"]
mod tree;
mod uio;
mod watch;
