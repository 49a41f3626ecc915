//! What a panic does: it is reported on the console, and ends the program with a status that is not 0.
#![no_std]
#![no_main]

use pynq_baremetal::microblaze_v::ExternalInterrupt;
use pynq_firmware_microblaze_v::{Board, println, sound};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    pynq_baremetal::microblaze_v::dispatch();
}

#[entry]
fn main() -> ! {
    let _board = Board::take();
    println!("panics: on purpose, over an interrupt that the controller has");
    let second = sound(ExternalInterrupt::claim());
    unreachable!("there are two of them: {second:?}")
}
