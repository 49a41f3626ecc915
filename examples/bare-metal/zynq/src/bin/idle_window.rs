//! Interrupts at every moment between the start of a device and the sleep of the processor.
//!
//! A timer is started and waited for, with a delay that is 10 ns longer each time, until it ends well after the processor
//! has gone to sleep. Run with every instruction taking 16 ns of the machine's time, its interrupt thereby lands on each
//! instruction on the way: while the wait registers, between the look at the epoch and the sleep, in the sleep.
//!
//! A wake-up that is slept through is found by a second timer, much later. To show that it would be, the same is done
//! with an idle function that looks at the epoch before it masks interrupts.
#![no_std]
#![no_main]

use core::time::Duration;

use aarch32_rt::{entry, irq};
use pynq_baremetal::zynq::{GlobalTimer, idle, idle_unless};
use pynq_core::{Clock, Epoch, block_on};
use pynq_drivers::axi_timer::TimerChannel;
use pynq_firmware_zynq::{Board, exit, lab::Lab, println};

const STEP: Duration = Duration::from_nanos(10);
const SHORTEST: Duration = Duration::from_nanos(40);

/// By when a wake-up has come, if it comes at all.
const PATIENCE: Duration = Duration::from_millis(5);

/// One that must not be used: an interrupt after the look and before the sleep is slept through.
fn careless(epoch: Epoch) {
    if epoch.is_current() {
        idle_unless(|| false);
    }
}

/// Waits for one interrupt. Tells how long it was until the processor was about to sleep, if it was, and until the end.
fn one(
    timer: &mut TimerChannel,
    clock: GlobalTimer,
    delay: Duration,
    sleep: fn(Epoch),
) -> (Option<Duration>, Duration) {
    let begin = clock.now();
    let mut slept = None;
    if let Err(error) = timer.start_one_shot(delay) {
        panic!("{error}");
    }
    let ended = block_on(timer.wait_async().until(begin + 2 * PATIENCE), |epoch| {
        if epoch.is_current() {
            slept = slept.or(Some(clock.now() - begin));
        }
        sleep(epoch);
    });
    if let Err(error) = ended {
        panic!("an interrupt was lost for good: {error}");
    }
    (slept, clock.now() - begin)
}

struct Sweep {
    interrupts: u32,
    before_the_sleep: u32,
    slept_through: u32,
}

fn sweep(timer: &mut TimerChannel, clock: GlobalTimer, sleep: fn(Epoch)) -> Sweep {
    let mut result = Sweep { interrupts: 0, before_the_sleep: 0, slept_through: 0 };
    // How long the way to the sleep is, when nothing comes in between.
    let (slept, _) = one(timer, clock, PATIENCE / 5, sleep);
    let end = slept.unwrap_or_default() * 3 / 2;
    let mut delay = SHORTEST;
    while delay < end {
        let (slept, took) = one(timer, clock, delay, sleep);
        result.interrupts += 1;
        result.before_the_sleep += u32::from(slept.is_none());
        result.slept_through += u32::from(took > PATIENCE);
        delay += STEP;
    }
    result
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    let Lab { timers: [_, _, _, _, mut timer] } = Lab::claim(&board);
    let mut say = |name: &str, sleep| {
        let Sweep { interrupts, before_the_sleep, slept_through } = sweep(&mut timer, board.clock, sleep);
        println!("{name}: {interrupts} interrupts, {before_the_sleep} before the sleep, {slept_through} slept through");
        slept_through
    };
    let (lost, found) = (say("idle", idle), say("careless", careless));
    exit(if lost == 0 && found > 0 { 0 } else { 1 })
}
