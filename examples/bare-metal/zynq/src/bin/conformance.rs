//! The conformance suite that every backend passes, on the emulated logic: interrupts are taken by the processor, and the
//! engine dispatches in the handler.
#![no_std]
#![no_main]

use core::fmt;

use aarch32_rt::{entry, irq};
use pynq_conformance::{Selection, run};
use pynq_firmware_zynq::{Board, conformance::Emulated, exit, heap, print, println};

/// The suite's log, with the line ends of a terminal.
struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => println!("{line}"),
                None => print(format_args!("{line}")),
            }
        }
        Ok(())
    }
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    heap::init();
    let board = Board::take();
    let report = run(&mut Emulated::new(&board), &Selection::all(), &mut Console);
    println!("spurious={} unclaimed={}", board.gic.stats().spurious, board.gic.stats().unclaimed);
    exit(if report.passed() { 0 } else { 1 })
}
