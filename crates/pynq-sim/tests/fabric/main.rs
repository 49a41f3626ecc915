//! The fabric by itself: no board, no lock, no task.
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

mod batches;
mod buses;
mod interfaces;
mod masters;
mod resets;
mod streams;
mod time;
mod timing;
