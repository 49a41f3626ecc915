//! The conformance suite that every backend passes, as far as this board's devices allow: on an AXI INTC that is not of
//! this project's making, with interrupts that the processor takes, and an engine that dispatches in the handler.
#![no_std]
#![no_main]

use core::fmt;

use pynq_baremetal::microblaze_v::external_stats;
use pynq_conformance::{Selection, run};
use pynq_firmware_microblaze_v::{conformance::Emulated, exit, heap, print, println, start};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};

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

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    pynq_baremetal::microblaze_v::dispatch();
}

#[entry]
fn main() -> ! {
    heap::init();
    start();
    let report = run(&mut Emulated, &Selection::all(), &mut Console);
    println!("unclaimed={}", external_stats().unclaimed);
    exit(if report.passed() { 0 } else { 1 })
}
