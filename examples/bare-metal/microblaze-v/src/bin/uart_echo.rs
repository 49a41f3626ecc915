//! A hundred kilobytes echoed over the AXI UART Lite, whose interrupt is an edge, while all four timer channels fire.
//!
//! Who is at the other end of the line compares what comes back with what it sent, byte by byte. This program counts: what
//! it took is what it gave, no byte was overrun, and each event of a timer was told to its task.
#![no_std]
#![no_main]

use core::{
    future::Future,
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use pynq_baremetal::microblaze_v::{external_stats, idle};
use pynq_core::block_on;
use pynq_drivers::{AxiUartLite, axi_timer::TimerChannel};
use pynq_firmware_microblaze_v::{
    Board, exit, join,
    microblaze_v::{AxiTimer0, AxiTimer1, axi_timer_0, axi_timer_1},
    println, sound,
    tally::Tally,
    timers::{TimerNode, channels},
    uart::READY,
};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};
use static_cell::StaticCell;

const BYTES: usize = 102_400;
const MICROSECONDS: [u64; 4] = [97, 131, 173, 211];

static TALLIES: [StaticCell<Tally>; 2] = [const { StaticCell::new() }; 2];
static NODES: [StaticCell<TimerNode>; 2] = [const { StaticCell::new() }; 2];
static ECHOED: AtomicBool = AtomicBool::new(false);

/// Gives back whatever comes. Buffers are of all lengths, so that reads end in the middle of a FIFO, too.
async fn echo(uart: &AxiUartLite) -> usize {
    sound(uart.write_bytes_async(&[READY]).await);
    let mut buffer = [0; 23];
    let (mut taken, mut length) = (0, 1);
    while taken < BYTES {
        let count = sound(uart.read_bytes_async(&mut buffer[..length]).await);
        taken += count;
        length = length % buffer.len() + 1;
        let mut left = &buffer[..count];
        while !left.is_empty() {
            let given = sound(uart.write_bytes_async(left).await);
            left = &left[given..];
        }
    }
    sound(uart.drain_async().await);
    taken
}

/// Counts the events of a channel until the echo is done.
async fn count(channel: &mut TimerChannel, delay: Duration) -> u32 {
    let mut counted = 0;
    while !ECHOED.load(Ordering::Relaxed) {
        sound(channel.start_one_shot(delay));
        counted += 1 + sound(channel.wait_async().await).missed;
    }
    counted
}

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    pynq_baremetal::microblaze_v::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    let uart = board.uart();
    let [first, second] = &TALLIES;
    let first = board.map(AxiTimer0).map(|window| &*first.init(Tally::new(window)));
    let second = board.map(AxiTimer1).map(|window| &*second.init(Tally::new(window)));
    let tallies = [*first.get(), *second.get()];
    let timers =
        [board.timer(first, axi_timer_0::Interrupt, &NODES[0]), board.timer(second, axi_timer_1::Interrupt, &NODES[1])];
    println!("uart_echo: {BYTES} bytes");
    let ([mut a, mut b], [mut c, mut d]) = (channels(&timers[0]), channels(&timers[1]));
    let mut counted = [0; 4];
    let mut echoed = 0;
    {
        let [na, nb, nc, nd] = &mut counted;
        let timer = async |channel: &mut TimerChannel, number: usize, counted: &mut u32| {
            *counted = count(channel, Duration::from_micros(MICROSECONDS[number])).await;
        };
        let echo = async {
            echoed = echo(&uart).await;
            ECHOED.store(true, Ordering::Relaxed);
        };
        let tasks: [Pin<&mut dyn Future<Output = ()>>; 5] = [
            pin!(echo),
            pin!(timer(&mut a, 0, na)),
            pin!(timer(&mut b, 1, nb)),
            pin!(timer(&mut c, 2, nc)),
            pin!(timer(&mut d, 3, nd)),
        ];
        block_on(pin!(join::all(tasks)), idle);
    }
    let mut well = echoed == BYTES;
    for (number, counted) in counted.into_iter().enumerate() {
        let (block, channel) = (number / 2, number as u8 % 2);
        let (fired, tally) = (timers[block].node().line_stats(channel).fired, tallies[block]);
        let (started, acknowledged) = (tally.started(channel), tally.acknowledged(channel));
        println!(
            "timer {block} channel {channel}: counted={counted} fired={fired}; registers: started={started} acknowledged={acknowledged}"
        );
        well &= counted > 0 && [fired, started, acknowledged] == [counted; 3] && tally.is_settled(channel);
    }
    let errors = sound(uart.take_errors());
    let (line, stats) = (uart.node().line_stats(0), external_stats());
    println!("echoed={echoed} errors={errors:?} uart fired={} stuck={}", line.fired, line.stuck);
    println!("interrupts={} unclaimed={}", stats.taken, stats.unclaimed);
    well &= errors.is_empty() && line.stuck == 0 && stats.unclaimed == 0;
    exit(if well { 0 } else { 1 })
}
