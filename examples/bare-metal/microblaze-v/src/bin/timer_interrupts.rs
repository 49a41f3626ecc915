//! Interrupts of timers through the AXI INTC: on one level line, and on two. No allocator is linked.
#![no_std]
#![no_main]

use core::time::Duration;

use pynq_baremetal::{
    Lock,
    microblaze_v::{external_stats, idle},
};
use pynq_core::{block_on, interrupt::ConstInit};
use pynq_drivers::design::{AxiTimerBlock, AxiTimerInterrupt};
use pynq_firmware_microblaze_v::{
    Board, exit,
    microblaze_v::{AxiTimer0, axi_timer_0},
    place, println, sound,
};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};
use static_cell::StaticCell;

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    pynq_baremetal::microblaze_v::dispatch();
}

#[entry]
fn main() -> ! {
    static NODE: StaticCell<pynq_drivers::AxiTimerNode<pynq_core::Volatile, Lock, pynq_firmware_microblaze_v::Below>> =
        StaticCell::new();
    let board = Board::take();
    let node = sound(AxiTimer0.node(board.map(AxiTimer0), Lock::INIT, board.line(axi_timer_0::Interrupt)));
    let node = node.map(|node| place(&NODE, node));
    let mut channel = sound(AxiTimer0.driver(&node).and_then(|timer| timer.channel(0)));
    for _ in 0..1000 {
        sound(channel.start_one_shot(Duration::from_micros(50)));
        sound(block_on(core::pin::pin!(channel.wait_async()), idle));
    }
    println!("taken={:?}", external_stats());
    exit(0)
}
