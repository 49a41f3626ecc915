//! A controller that is found in disorder, and waits that are dropped at every point.
//!
//! First the devices ask for service and the controller has everything enabled and every latch full, as a careless program
//! before this one may have left it: nothing of it may reach the processor or a task. Then each event of four timer
//! channels has one wait that is kept and some that are dropped: never polled, registered, or woken and not looked at. Or
//! the last of them is dropped as well, and the event is for who comes next. The seeds are fixed.
#![no_std]
#![no_main]

use core::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use pynq_baremetal::microblaze_v::{barrier, external_stats, idle};
use pynq_core::block_on;
use pynq_drivers::axi_timer::TimerChannel;
use pynq_firmware_microblaze_v::{
    Board, exit, join,
    microblaze_v::{AxiTimer0, AxiTimer1, axi_timer_0, axi_timer_1},
    outside::{Device, asks, disorder, enabled_and_latched},
    println,
    random::Random,
    sound, start,
    tally::Tally,
    timers::{TimerNode, channels},
};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};
use static_cell::StaticCell;

const ROUNDS: u32 = 10_000;
const SEEDS: [u32; 4] = [0x2545_F491, 0x9E37_79B9, 0xC2B2_AE35, 0x27D4_EB2F];

static TALLIES: [StaticCell<Tally>; 2] = [const { StaticCell::new() }; 2];
static NODES: [StaticCell<TimerNode>; 2] = [const { StaticCell::new() }; 2];

/// Polls a future once, for this task.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// One event, and waits for it. Tells how many events the wait that was kept has seen.
async fn round(channel: &mut TimerChannel, random: &mut Random) -> u32 {
    sound(channel.start_one_shot(Duration::from_micros(5 + u64::from(random.below(60)))));
    let (mut kept, mut dropped, mut late) = (channel.clone(), channel.clone(), channel.clone());
    let mut kept = pin!(kept.wait_async());
    let mut seen = None;
    if random.below(2) == 0 {
        seen = poll_once(kept.as_mut()).await;
    }
    for _ in 0..random.below(3) {
        let mut wait = pin!(dropped.wait_async());
        if random.below(3) > 0 {
            let _ = poll_once(wait.as_mut()).await;
        }
    }
    if random.below(4) == 0 && seen.is_none() {
        // Woken together with the one that is kept, and dropped without a look.
        let mut wait = pin!(dropped.wait_async());
        if poll_once(wait.as_mut()).await.is_none() {
            seen = Some(kept.as_mut().await);
        }
    }
    if random.below(4) == 0 && seen.is_none() {
        // All are gone; the event is kept for who comes next.
        let _ = poll_once(kept.as_mut()).await;
        drop(kept);
        return 1 + sound(late.wait_async().await).missed;
    }
    let fired = match seen {
        Some(fired) => fired,
        None => kept.await,
    };
    1 + sound(fired).missed
}

async fn storm(channel: &mut TimerChannel, seed: u32, kept: &mut u32) {
    let mut random = Random::new(seed);
    for _ in 0..ROUNDS {
        *kept += round(channel, &mut random).await;
    }
}

/// Everything asks for service, and the controller lets all of it through.
fn make_a_mess() {
    Device::Timer0.hold(true);
    Device::Timer1.hold(true);
    disorder();
    Device::Uart.hold(true);
    let (enabled, latched) = enabled_and_latched();
    println!("found: enabled={enabled:#x} latched={latched:#x} asks={}", asks());
    assert!(enabled == u32::MAX && latched == u32::MAX && asks(), "the mess is none");
}

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    pynq_baremetal::microblaze_v::dispatch();
}

#[entry]
fn main() -> ! {
    start();
    make_a_mess();
    let board = Board::take();
    barrier();
    let (enabled, taken) = (enabled_and_latched().0, external_stats().taken);
    println!("claimed: enabled={enabled:#x} asks={} interrupts={taken}", asks());
    let mut well = (enabled, asks(), taken) == (0, false, 0);

    let [first, second] = &TALLIES;
    let first = board.map(AxiTimer0).map(|window| &*first.init(Tally::new(window)));
    let second = board.map(AxiTimer1).map(|window| &*second.init(Tally::new(window)));
    let tallies = [*first.get(), *second.get()];
    let timers =
        [board.timer(first, axi_timer_0::Interrupt, &NODES[0]), board.timer(second, axi_timer_1::Interrupt, &NODES[1])];
    // What the drivers acknowledged when they took over is no event.
    let stale = tallies.map(|tally| [0, 1].map(|channel| tally.acknowledged(channel)));
    let ([mut a, mut b], [mut c, mut d]) = (channels(&timers[0]), channels(&timers[1]));
    let mut kept = [0; 4];
    let [ka, kb, kc, kd] = &mut kept;
    block_on(
        pin!(join::all([
            pin!(storm(&mut a, SEEDS[0], ka)),
            pin!(storm(&mut b, SEEDS[1], kb)),
            pin!(storm(&mut c, SEEDS[2], kc)),
            pin!(storm(&mut d, SEEDS[3], kd)),
        ])),
        idle,
    );
    for (number, kept) in kept.into_iter().enumerate() {
        let (block, channel) = (number / 2, number as u8 % 2);
        let (tally, stats) = (tallies[block], timers[block].node().line_stats(channel));
        let acknowledged = tally.acknowledged(channel) - stale[block][usize::from(channel)];
        println!(
            "timer {block} channel {channel}: kept={kept} fired={} spurious={}; registers: acknowledged={acknowledged} stale={}",
            stats.fired,
            stats.spurious,
            stale[block][usize::from(channel)]
        );
        well &= [kept, stats.fired, acknowledged] == [ROUNDS; 3] && stats.spurious == 0 && tally.is_settled(channel);
    }
    let idle = timers.iter().all(|timer| timer.node().is_idle()) && board.intc().get().handle().is_idle();
    let stats = external_stats();
    println!(
        "idle={idle} enabled={:#x} interrupts={} unclaimed={}",
        enabled_and_latched().0,
        stats.taken,
        stats.unclaimed
    );
    well &= idle && enabled_and_latched().0 == 0 && stats.unclaimed == 0;
    exit(if well { 0 } else { 1 })
}
