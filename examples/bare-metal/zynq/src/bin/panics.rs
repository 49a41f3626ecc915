//! What a panic does: it is reported on the console, and ends the program with a status that is not 0.
#![no_std]
#![no_main]

use aarch32_rt::{entry, irq};
use pynq_firmware_zynq::{Board, println};

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    println!("panics: on purpose, in an interrupt that nobody has");
    board.root(16);
    unreachable!("there is no input 16")
}
