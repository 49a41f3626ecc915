//! A hundred thousand interrupts of five timers: on a level input and an edge input of a controller, behind a cascade, and
//! straight on the processor. No allocator is linked.
//!
//! Each timer runs once at a time and is started again when its task was woken. An event that is lost leaves its task
//! waiting for ever; one that is invented shows in the counts, which are those of the tasks, of the engine and of the
//! processor's controller.
#![no_std]
#![no_main]

use core::{pin::pin, time::Duration};

use aarch32_rt::{entry, irq};
use pynq_baremetal::zynq::idle;
use pynq_core::block_on;
use pynq_drivers::axi_timer::{Result, TimerChannel};
use pynq_firmware_zynq::{
    Board, exit, join,
    lab::{Lab, TIMERS},
    println,
};

const EVENTS: u32 = 100_000 / TIMERS as u32;

/// No two alike, and none a multiple of another, so that they come in every order and at once.
const MICROSECONDS: [u64; TIMERS] = [23, 31, 41, 53, 67];

async fn count(timer: &mut TimerChannel, delay: Duration, counted: &mut u32) -> Result<()> {
    while *counted < EVENTS {
        timer.start_one_shot(delay)?;
        let fired = timer.wait_async().await?;
        *counted += 1 + fired.missed;
    }
    Ok(())
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    println!("timer_interrupts: {EVENTS} of each of {TIMERS} timers");
    let Lab { mut timers } = Lab::claim(&board);
    let mut counted = [0; TIMERS];
    {
        let [a, b, c, d, e] = &mut timers;
        let [na, nb, nc, nd, ne] = &mut counted;
        let task = async |timer: &mut TimerChannel, number: usize, counted: &mut u32| {
            if let Err(error) = count(timer, Duration::from_micros(MICROSECONDS[number]), counted).await {
                panic!("timer {number}: {error}");
            }
        };
        block_on(
            join::all([
                pin!(task(a, 0, na)),
                pin!(task(b, 1, nb)),
                pin!(task(c, 2, nc)),
                pin!(task(d, 3, nd)),
                pin!(task(e, 4, ne)),
            ]),
            idle,
        );
    }
    let mut sound = true;
    for (number, (timer, counted)) in timers.iter().zip(counted).enumerate() {
        let stats = timer.node().line_stats(0);
        println!("timer {number}: counted={counted} fired={} woken={} stuck={}", stats.fired, stats.woken, stats.stuck);
        sound &= (counted, stats.fired, stats.stuck) == (EVENTS, EVENTS, 0);
    }
    let stats = board.gic.stats();
    println!("interrupts={} spurious={} unclaimed={}", stats.taken, stats.spurious, stats.unclaimed);
    // Events that came at once came by one interrupt; none came without an event.
    sound &= stats.taken <= EVENTS * TIMERS as u32 && stats.unclaimed == 0;
    exit(if sound { 0 } else { 1 })
}
