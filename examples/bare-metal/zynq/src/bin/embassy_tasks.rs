//! The same drivers under embassy's executor: four tasks of `button_to_led`, one that counts seconds' hundredths on the
//! board's clock, and one that ends the program when the first switch is turned on.
#![no_std]
#![no_main]

use core::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use aarch32_rt::{entry, irq};
use pynq_baremetal::zynq::GlobalTimer;
use pynq_core::{Clock, Instant};
use pynq_drivers::{Button, Led, Level, Switch, axi_gpio::Result};
use pynq_firmware_zynq::{Board, embassy::Executor, exit, pl::Base, println};
use static_cell::StaticCell;

#[path = "../../../../tasks/button_to_led.rs"]
mod task;

static EXECUTOR: StaticCell<Executor> = StaticCell::new();
static TICKS: AtomicU32 = AtomicU32::new(0);
/// Hundredths of a second that had passed when the switch was turned on.
static PASSED: AtomicU32 = AtomicU32::new(0);
static DONE: AtomicBool = AtomicBool::new(false);

#[embassy_executor::task(pool_size = 4)]
async fn button_to_led(button: Button, led: Led) {
    if let Err(error) = task::button_to_led(button, led).await {
        panic!("{error}");
    }
}

#[embassy_executor::task]
async fn tick(clock: GlobalTimer, begin: Instant) {
    let mut next = begin;
    loop {
        next = next + TICK;
        clock.sleep_until(next).await;
        TICKS.fetch_add(1, Ordering::Relaxed);
    }
}

const TICK: Duration = Duration::from_millis(10);

fn ticks_since(begin: Instant, clock: GlobalTimer) -> u32 {
    u32::try_from((clock.now() - begin).as_millis() / TICK.as_millis()).unwrap_or(u32::MAX)
}

#[embassy_executor::task]
async fn end(switch: Switch, clock: GlobalTimer, begin: Instant) {
    if let Err(error) = switch.wait_for_level_async(Level::High).await {
        panic!("{error}");
    }
    PASSED.store(ticks_since(begin, clock), Ordering::Relaxed);
    // Whoever was to wake before has been woken by then.
    clock.sleep(TICK).await;
    DONE.store(true, Ordering::Relaxed);
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

fn run(board: &Board) -> core::result::Result<(), &'static str> {
    let base = Base::claim(board)?;
    let (switch, clock) = (base.switch(0)?, board.clock);
    let mut pairs = [None, None, None, None];
    for (number, pair) in (0..).zip(&mut pairs) {
        *pair = Some((base.button(number)?, base.led(number)?));
    }
    let begin = clock.now();
    let spawn = |spawner: embassy_executor::Spawner| {
        for (button, led) in pairs.into_iter().flatten() {
            spawner.spawn(button_to_led(button, led).expect("a slot for each button"));
        }
        spawner.spawn(tick(clock, begin).expect("the one of its kind"));
        spawner.spawn(end(switch, clock, begin).expect("the one of its kind"));
    };
    EXECUTOR.init_with(Executor::new).run_until(spawn, || DONE.load(Ordering::Relaxed));
    let ticks = TICKS.load(Ordering::Relaxed);
    let (least, most) = (PASSED.load(Ordering::Relaxed), ticks_since(begin, clock));
    println!("ticks={ticks}");
    if (least..=most).contains(&ticks) { Ok(()) } else { Err("the clock's ticks are not its time") }
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    println!("embassy_tasks: press buttons; switch 0 ends it");
    match run(&board) {
        Ok(()) => {
            println!("interrupts={} spurious={}", board.gic.stats().taken, board.gic.stats().spurious);
            exit(0)
        }
        Err(why) => {
            println!("error: {why}");
            exit(1)
        }
    }
}
