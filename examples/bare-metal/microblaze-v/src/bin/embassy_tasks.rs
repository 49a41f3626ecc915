//! The same drivers under embassy's executor: three tasks that count the events of a timer channel each, one that sleeps by
//! embedded-hal's delay on the fourth channel, and one that echoes over the UART Lite.
#![no_std]
#![no_main]

use core::{
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    time::Duration,
};

use embassy_executor::{SpawnError, SpawnToken, Spawner};
use embedded_hal_async::delay::DelayNs;
use embedded_io_async::{Read, Write};
use pynq_baremetal::microblaze_v::external_stats;
use pynq_drivers::{
    AxiUartLite,
    axi_timer::{Delay, TimerChannel},
};
use pynq_firmware_microblaze_v::{
    Board,
    embassy::Executor,
    exit,
    microblaze_v::{AxiTimer0, AxiTimer1, axi_timer_0, axi_timer_1},
    println, sound,
    tally::Tally,
    timers::{TimerNode, channels},
    uart::READY,
};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};
use static_cell::StaticCell;

const EVENTS: u32 = 5_000;
const DELAYS: u32 = 100;
const BYTES: usize = 10_240;
const TASKS: u32 = 5;

static EXECUTOR: StaticCell<Executor> = StaticCell::new();
static TALLIES: [StaticCell<Tally>; 2] = [const { StaticCell::new() }; 2];
static NODES: [StaticCell<TimerNode>; 2] = [const { StaticCell::new() }; 2];

static COUNTED: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];
static DELAYED: AtomicU32 = AtomicU32::new(0);
static ECHOED: AtomicUsize = AtomicUsize::new(0);
/// Tasks that have come to their end.
static ENDED: AtomicU32 = AtomicU32::new(0);

#[embassy_executor::task(pool_size = 3)]
async fn count(number: usize, mut channel: TimerChannel, delay: Duration) {
    while COUNTED[number].load(Ordering::Relaxed) < EVENTS {
        sound(channel.start_one_shot(delay));
        let fired = sound(channel.wait_async().await);
        COUNTED[number].fetch_add(1 + fired.missed, Ordering::Relaxed);
    }
    ENDED.fetch_add(1, Ordering::Relaxed);
}

#[embassy_executor::task]
async fn sleep(mut delay: Delay) {
    for _ in 0..DELAYS {
        DelayNs::delay_us(&mut delay, 777).await;
        DELAYED.fetch_add(1, Ordering::Relaxed);
    }
    ENDED.fetch_add(1, Ordering::Relaxed);
}

#[embassy_executor::task]
async fn echo(mut uart: AxiUartLite) {
    let mut buffer = [0; 13];
    let mut echoed = 0;
    sound(uart.write_all(&[READY]).await);
    while echoed < BYTES {
        let count = sound(uart.read(&mut buffer).await);
        sound(uart.write_all(&buffer[..count]).await);
        echoed += count;
    }
    sound(uart.flush().await);
    ECHOED.store(echoed, Ordering::Relaxed);
    ENDED.fetch_add(1, Ordering::Relaxed);
}

fn spawn<S>(spawner: Spawner, token: Result<SpawnToken<S>, SpawnError>) {
    match token {
        Ok(token) => spawner.spawn(token),
        Err(error) => panic!("{error:?}"),
    }
}

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    pynq_baremetal::microblaze_v::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    let [first, second] = &TALLIES;
    let first = board.map(AxiTimer0).map(|window| &*first.init(Tally::new(window)));
    let second = board.map(AxiTimer1).map(|window| &*second.init(Tally::new(window)));
    let tallies = [*first.get(), *second.get()];
    let timers =
        [board.timer(first, axi_timer_0::Interrupt, &NODES[0]), board.timer(second, axi_timer_1::Interrupt, &NODES[1])];
    let ([a, b], [c, d]) = (channels(&timers[0]), channels(&timers[1]));
    let (delay, uart) = (sound(d.into_delay()), board.uart());
    println!("embassy_tasks: {TASKS} tasks, of which one echoes {BYTES} bytes");
    let init = |spawner| {
        for (number, (channel, micros)) in [(a, 61), (b, 89), (c, 127)].into_iter().enumerate() {
            spawn(spawner, count(number, channel, Duration::from_micros(micros)));
        }
        spawn(spawner, sleep(delay));
        spawn(spawner, echo(uart));
    };
    EXECUTOR.init_with(Executor::new).run_until(init, || ENDED.load(Ordering::Relaxed) == TASKS);

    let mut well = true;
    for (number, counted) in COUNTED.iter().map(|counted| counted.load(Ordering::Relaxed)).enumerate() {
        let (block, channel) = (number / 2, number as u8 % 2);
        let (fired, acknowledged) =
            (timers[block].node().line_stats(channel).fired, tallies[block].acknowledged(channel));
        println!(
            "timer {block} channel {channel}: counted={counted} fired={fired}; registers: acknowledged={acknowledged}"
        );
        well &= [counted, fired, acknowledged] == [EVENTS; 3] && tallies[block].is_settled(channel);
    }
    let (delays, ended) = (DELAYED.load(Ordering::Relaxed), tallies[1].acknowledged(1));
    let (echoed, stats) = (ECHOED.load(Ordering::Relaxed), external_stats());
    println!("delays={delays}; registers: acknowledged={ended}");
    println!("echoed={echoed} interrupts={} unclaimed={}", stats.taken, stats.unclaimed);
    well &= (delays, ended, echoed, stats.unclaimed) == (DELAYS, DELAYS, BYTES, 0);
    exit(if well { 0 } else { 1 })
}
