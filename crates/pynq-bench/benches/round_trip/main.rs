//! From an interrupt to the task that awaits it and back: through a file descriptor, an AXI INTC, and a line of it or a
//! GPIO or a DMA behind it; and 32 lines at once. As ratios to an epoll loop by hand that makes the same register accesses.
//!
//! `cargo bench -p pynq-bench --bench round_trip [-- --rounds N] [--spread] [--no-idle] [--only ROW]`, and `--quick`,
//! `--count N` and `--json FILE`
//!
//! The far end of a socketpair stands in for the kernel, so that it runs on any Linux. Everything is pinned to one CPU,
//! on which each interrupt finds the consumer asleep: the producer has idle priority there, unless `--no-idle`.
//! `--spread` leaves all of that to the scheduler. Rounds are rotated, so that no row always goes first; a ratio is the
//! median of the ratios of the rounds.
//!
//! The epoll loop waits by level and calls the C library, as such loops are written. One by edges that makes its system calls
//! in place, the least that can be had, stands beside it.
#![allow(missing_docs)] // a program

#[cfg(target_os = "linux")]
#[path = "../blocks/mod.rs"]
mod blocks;
#[cfg(target_os = "linux")]
mod dma;
#[cfg(target_os = "linux")]
mod figures;
#[cfg(target_os = "linux")]
mod hardware;
#[cfg(target_os = "linux")]
mod ours;
#[cfg(target_os = "linux")]
mod producer;
#[cfg(target_os = "linux")]
mod raw;
#[cfg(target_os = "linux")]
mod rows;
#[cfg(target_os = "linux")]
mod stamps;

fn main() {
    #[cfg(target_os = "linux")]
    rows::measure();
    #[cfg(not(target_os = "linux"))]
    println!("There is no UIO here: nothing to measure.");
}
