//! QEMU's models as a second opinion of ours: the same random sequences of register accesses and of changes at the inputs
//! go to both, and every register is read from both after every step.
//!
//! Where they differ, one of the departures in the tables here says so beforehand: it describes what QEMU does instead,
//! and under which circumstances, derived from the sequence alone. A difference that none of them foresees is a
//! failure, and so is a foreseen one that does not come. It is printed with the seed, and with the shortest sequence
//! found that shows it.
//!
//! `PYNQ_QTEST_SEQUENCES` sets the number of sequences, `PYNQ_QTEST_SEED` the first seed.
#![allow(clippy::unwrap_used)] // a test may

#[path = "../common/mod.rs"]
mod common;
mod departure;
mod dma;
mod intc;
mod qmp;
mod replay;
mod spi;
mod timer;
mod timer_table;
