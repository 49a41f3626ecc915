//! A hundred thousand interrupts of four timer channels, through an AXI INTC that is not of this project's making: first
//! of two channels that share one level line, then of four on two lines. No allocator is linked.
//!
//! Each channel runs once at a time and is started again when its task was woken. An event that is lost leaves its task
//! waiting for ever; one that is invented shows in the counts, which are those of the tasks, of the engine, of the
//! processor, and of the timers' own registers.
#![no_std]
#![no_main]

use core::{
    pin::{Pin, pin},
    time::Duration,
};

use pynq_baremetal::microblaze_v::{external_stats, idle};
use pynq_core::block_on;
use pynq_drivers::axi_timer::{Result, TimerChannel};
use pynq_firmware_microblaze_v::{
    Board, exit, join,
    microblaze_v::{AxiTimer0, AxiTimer1, axi_timer_0, axi_timer_1},
    println,
    tally::Tally,
    timers::{TimerNode, channels},
};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};
use static_cell::StaticCell;

const CHANNELS: usize = 4;
/// Events of each channel: while two share a line, and then while all run.
const ON_ONE_LINE: u32 = 20_000;
const ON_TWO_LINES: u32 = 25_000;

/// No two alike, and none a multiple of another, so that they come in every order and at once.
const MICROSECONDS: [u64; CHANNELS] = [23, 31, 41, 53];

static TALLIES: [StaticCell<Tally>; 2] = [const { StaticCell::new() }; 2];
static NODES: [StaticCell<TimerNode>; 2] = [const { StaticCell::new() }; 2];

async fn count(channel: &mut TimerChannel, delay: Duration, events: u32) -> Result<u32> {
    let mut counted = 0;
    while counted < events {
        channel.start_one_shot(delay)?;
        let fired = channel.wait_async().await?;
        counted += 1 + fired.missed;
    }
    Ok(counted)
}

async fn task(number: usize, channel: &mut TimerChannel, events: u32, counted: &mut u32) {
    match count(channel, Duration::from_micros(MICROSECONDS[number]), events).await {
        Ok(events) => *counted += events,
        Err(error) => panic!("channel {number}: {error}"),
    }
}

fn run<F: Future<Output = ()>, const N: usize>(tasks: [Pin<&mut F>; N]) {
    block_on(pin!(join::all(tasks)), idle);
}

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    pynq_baremetal::microblaze_v::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    let [first, second] = &TALLIES;
    let (first_window, second_window) = (
        board.map(AxiTimer0).map(|window| &*first.init(Tally::new(window))),
        board.map(AxiTimer1).map(|window| &*second.init(Tally::new(window))),
    );
    let tallies = [*first_window.get(), *second_window.get()];
    let timers = [
        board.timer(first_window, axi_timer_0::Interrupt, &NODES[0]),
        board.timer(second_window, axi_timer_1::Interrupt, &NODES[1]),
    ];
    let ([mut a, mut b], [mut c, mut d]) = (channels(&timers[0]), channels(&timers[1]));
    let mut counted = [0; CHANNELS];
    let [na, nb, nc, nd] = &mut counted;

    println!("timer_interrupts: {ON_ONE_LINE} of each of 2 channels on one line");
    run([pin!(task(0, &mut a, ON_ONE_LINE, na)), pin!(task(1, &mut b, ON_ONE_LINE, nb))]);
    println!("{ON_TWO_LINES} of each of {CHANNELS} channels on two lines");
    run([
        pin!(task(0, &mut a, ON_TWO_LINES, na)),
        pin!(task(1, &mut b, ON_TWO_LINES, nb)),
        pin!(task(2, &mut c, ON_TWO_LINES, nc)),
        pin!(task(3, &mut d, ON_TWO_LINES, nd)),
    ]);

    let mut sound = true;
    let mut events = 0;
    for (number, counted) in counted.into_iter().enumerate() {
        let (block, channel) = (number / 2, number as u8 % 2);
        let (tally, stats) = (tallies[block], timers[block].node().line_stats(channel));
        let (started, acknowledged) = (tally.started(channel), tally.acknowledged(channel));
        println!(
            "timer {block} channel {channel}: counted={counted} fired={} stuck={}; registers: started={started} acknowledged={acknowledged}",
            stats.fired, stats.stuck
        );
        let expected = ON_TWO_LINES + if block == 0 { ON_ONE_LINE } else { 0 };
        sound &= (counted, stats.fired, stats.stuck) == (expected, expected, 0);
        sound &= (started, acknowledged, tally.is_settled(channel)) == (expected, expected, true);
        events += expected;
    }
    let stats = external_stats();
    println!("events={events} interrupts={} unclaimed={}", stats.taken, stats.unclaimed);
    // Events that came at once came by one interrupt; none came without an event.
    sound &= stats.taken <= events && stats.unclaimed == 0;
    exit(if sound { 0 } else { 1 })
}
