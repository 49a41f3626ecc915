//! Instructions from the entry of the interrupt handler to the first instruction of the task that it wakes: the engine
//! under its driver, next to what one would write by hand with the same register accesses.
//!
//! To be run with `-icount`. The device is a timer whose interrupt is straight on the processor. By hand, the handler
//! acknowledges the interrupt and the timer, masks both as the engine does, and wakes an `AtomicWaker`. Both ways under both
//! executors, `block_on` and embassy's. The processor sleeps when the interrupt comes.
#![no_std]
#![no_main]

use core::{
    fmt::Debug,
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    task::Poll,
    time::Duration,
};

use aarch32_rt::{entry, irq};
use embassy_executor::Spawner;
use pynq_baremetal::{Lock, zynq::idle};
use pynq_core::{block_on, interrupt::ConstInit};
use pynq_drivers::{AxiTimer, AxiTimerConfig, AxiTimerHardware, AxiTimerNode, axi_timer::axi_timer_node};
use pynq_firmware_zynq::{Board, Root, by_hand, embassy::Executor, exit, outside, println, stamp};
use static_cell::StaticCell;

type Timer = &'static AxiTimerNode<Lock, Root>;

const ROUNDS: u32 = 16;
const DELAY: Duration = Duration::from_millis(1);
/// What the engine may cost at most: some more than it does, so that a change which makes it slower is seen.
const LIMIT: u32 = 720;

static NODE: StaticCell<AxiTimerNode<Lock, Root>> = StaticCell::new();
static EXECUTORS: [StaticCell<Executor>; 2] = [const { StaticCell::new() }; 2];

static BY_HAND: AtomicBool = AtomicBool::new(false);
/// When the handler was entered, until a task has looked.
static ENTERED: AtomicU32 = AtomicU32::new(0);
/// The longest and the shortest that it took.
static MOST: AtomicU32 = AtomicU32::new(0);
static LEAST: AtomicU32 = AtomicU32::new(u32::MAX);
static DONE: AtomicBool = AtomicBool::new(false);

#[irq]
fn interrupt() {
    ENTERED.store(stamp::now(), Ordering::Relaxed);
    if BY_HAND.load(Ordering::Relaxed) {
        by_hand::handle();
    } else {
        pynq_baremetal::zynq::dispatch();
    }
}

/// The first thing that a task does when it is polled.
#[inline(always)]
fn polled() {
    let now = stamp::now();
    let entered = ENTERED.swap(0, Ordering::Relaxed);
    if entered != 0 {
        let took = now.wrapping_sub(entered);
        MOST.fetch_max(took, Ordering::Relaxed);
        LEAST.fetch_min(took, Ordering::Relaxed);
    }
}

async fn watched<T>(wait: impl Future<Output = T>) -> T {
    let mut wait = pin!(wait);
    poll_fn(|cx| {
        polled();
        wait.as_mut().poll(cx)
    })
    .await
}

async fn through_the_engine(timer: Timer) {
    let mut channel = sound(AxiTimer::new(timer).and_then(|timer| timer.channel(0)));
    for _ in 0..ROUNDS {
        sound(channel.start_one_shot(DELAY));
        sound(watched(channel.wait_async()).await);
    }
}

async fn hand_written() {
    for _ in 0..ROUNDS {
        by_hand::start(DELAY);
        watched(poll_fn(|cx| if by_hand::has_fired(cx.waker()) { Poll::Ready(()) } else { Poll::Pending })).await;
    }
}

#[embassy_executor::task]
async fn engine_task(timer: Timer) {
    through_the_engine(timer).await;
    DONE.store(true, Ordering::Relaxed);
}

#[embassy_executor::task]
async fn hand_task() {
    hand_written().await;
    DONE.store(true, Ordering::Relaxed);
}

/// Runs one of the ways. The instructions that it took, most and least.
fn measured(scale: &stamp::Scale, by_hand: bool, run: impl FnOnce()) -> (u32, u32) {
    BY_HAND.store(by_hand, Ordering::Relaxed);
    MOST.store(0, Ordering::Relaxed);
    LEAST.store(u32::MAX, Ordering::Relaxed);
    DONE.store(false, Ordering::Relaxed);
    run();
    BY_HAND.store(false, Ordering::Relaxed);
    let instructions = |counter: &AtomicU32| scale.instructions(counter.load(Ordering::Relaxed));
    (instructions(&MOST), instructions(&LEAST))
}

fn sound<T, E: Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error:?}"),
    }
}

fn under_embassy(executor: &'static StaticCell<Executor>, init: impl FnOnce(Spawner)) {
    executor.init_with(Executor::new).run_until(init, || DONE.load(Ordering::Relaxed));
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    let scale = stamp::Scale::measured();
    let hardware = sound(AxiTimerHardware::new(outside::direct_timer(), AxiTimerConfig::new(100_000_000)));
    let timer: Timer = NODE.init(axi_timer_node(Lock::INIT, hardware, board.root(2)));
    println!("latency: instructions from the handler's entry to the task's first one");
    let [first, second] = &EXECUTORS;
    let ours = measured(&scale, false, || block_on(through_the_engine(timer), idle));
    let ours_embassy = measured(&scale, false, || under_embassy(first, |s| s.spawn(sound(engine_task(timer)))));
    assert_eq!(timer.handle().line_stats(0).fired, 2 * ROUNDS, "events of the engine");
    let hand = measured(&scale, true, || block_on(hand_written(), idle));
    let hand_embassy = measured(&scale, true, || under_embassy(second, |s| s.spawn(sound(hand_task()))));
    let mut within = true;
    for (name, ours, hand) in [("block_on", ours, hand), ("embassy", ours_embassy, hand_embassy)] {
        let ratio = ours.0 * 100 / hand.0.max(1);
        println!(
            "{name}: engine {} to {}, by hand {} to {}, ratio {}.{:02}",
            ours.1,
            ours.0,
            hand.1,
            hand.0,
            ratio / 100,
            ratio % 100
        );
        within &= ours.0 <= LIMIT;
    }
    exit(if within { 0 } else { 1 })
}
