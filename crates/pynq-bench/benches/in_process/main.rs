//! What an interrupt costs in software: fire, dispatch, wake, poll, with no file descriptor and no system call. Nodes of
//! the crates against demultiplexers by hand over `AtomicWaker`, `tokio::sync::Notify` and `event-listener`, which make
//! the same register accesses (checked first).
//!
//! `cargo bench -p pynq-bench --bench in_process [-- --quick] [--rounds N] [--json FILE] [--only GROUP/ROW --count N]`
//!
//! Rounds take turns; a ratio is the median of the ratios of the rounds. One thread does it all.
#![allow(missing_docs)] // a program

#[path = "../blocks/mod.rs"]
mod blocks;
mod demux;
mod hardware;
mod locks;
mod notifiers;
mod ours;
mod rows;
mod tasks;

fn main() {
    rows::main();
}
