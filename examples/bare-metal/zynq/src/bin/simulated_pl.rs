//! Firmware before there is a bitstream: the logic is simulated inside of the program, and its interrupt is delivered by the
//! processor's real controller. The tasks are those of `button_to_led`.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};
use core::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

use aarch32_rt::{entry, irq};
use pynq_baremetal::{Lock, zynq::idle};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Epoch, Instant, axi_intc_node, block_on,
    interrupt::{ConstInit, ParentLine},
};
use pynq_drivers::{
    AxiGpio, AxiGpioConfig, AxiGpioHardware, Button, Led, Level,
    axi_gpio::{ChannelConfig, Result, axi_gpio_node},
};
use pynq_firmware_zynq::{Board, exit, heap, println, simulated::SimulatedLine};
use pynq_sim::models::{AxiGpioModel, AxiIntcModel, GpioChannel, GpioParams, IntcParams};

#[path = "../../../../tasks/button_to_led.rs"]
mod task;

type Failure = Box<dyn core::error::Error>;

/// What somebody does to the buttons: at which millisecond, which one, and whether it goes down.
const SCRIPT: [(u64, u8, bool); 8] = [
    (10, 0, true),
    (60, 0, false),
    (100, 1, true),
    (120, 2, true),
    (150, 1, false),
    (180, 2, false),
    (200, 3, true),
    (250, 3, false),
];

/// The LEDs after each of these.
const LEDS: [(u64, u32); 8] =
    [(10, 0b1), (60, 0), (100, 0b10), (120, 0b110), (150, 0b100), (180, 0), (200, 0b1000), (250, 0)];

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

fn simulated() -> core::result::Result<pynq_sim::Board, Failure> {
    let params = GpioParams {
        channel1: GpioChannel::inputs(4),
        channel2: Some(GpioChannel::outputs(4)),
        interrupt_present: true,
    };
    let board = pynq_sim::Board::builder()
        .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(IntcParams::default()))
        .device("gpio", 0x4121_0000, 0x1_0000, AxiGpioModel::new(params))
        .wire("gpio/ip2intc_irpt", "intc/intr[0]")
        .interrupt("intc/irq", 61)
        .build()?;
    for (ms, pin, down) in SCRIPT {
        board.at(Instant::from_millis(ms), move |board| {
            println!("{ms:>4} ms  button {pin} {}", if down { "pressed" } else { "released" });
            if let Err(error) = board.input("gpio", 1, pin, down) {
                panic!("{error}");
            }
        });
    }
    board.on_output(|_, change| println!("{:>4} ms  LEDs {:04b}", change.time.as_millis(), change.value));
    Ok(board)
}

fn tasks(board: &Board, logic: &pynq_sim::Board) -> core::result::Result<Vec<Task>, Failure> {
    let root = SimulatedLine::new(board.gic, board.root(0), logic.cpu_pin(61)?);
    let hardware = AxiIntcHardware::new(logic.window("intc")?, AxiIntcConfig::new(1, 0))?;
    let intc = Arc::pin(axi_intc_node(Lock::INIT, hardware, root));
    let config = AxiGpioConfig::new(ChannelConfig::inputs(4)).dual(ChannelConfig::outputs(4)).with_interrupt();
    let hardware = AxiGpioHardware::new(logic.window("gpio")?, config)?;
    let gpio = AxiGpio::new(Arc::pin(axi_gpio_node(Lock::INIT, hardware, ParentLine::new(intc, 0))))?;
    let mut tasks: Vec<Task> = Vec::new();
    for number in 0..4 {
        let (button, led) = (Button::new(gpio.channel1().pin(number)?)?, Led::new(gpio.channel2()?.pin(number)?)?);
        tasks.push(Box::pin(task::button_to_led(button, led)));
    }
    Ok(tasks)
}

type Task = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Polls all tasks until the script is over and nobody has anything left to do.
fn poll_all(
    tasks: &mut [Task],
    cx: &mut Context<'_>,
    logic: &pynq_sim::Board,
) -> Poll<core::result::Result<(), String>> {
    for task in tasks {
        if let Poll::Ready(ended) = task.as_mut().poll(cx) {
            return Poll::Ready(Err(format!("a task has ended with {ended:?}")));
        }
    }
    if logic.next_event().is_none() { Poll::Ready(Ok(())) } else { Poll::Pending }
}

fn run(board: &Board) -> core::result::Result<(), Failure> {
    let logic = simulated()?;
    let mut tasks = tasks(board, &logic)?;
    let all = poll_fn(|cx| poll_all(&mut tasks, cx, &logic));
    block_on(all, |epoch: Epoch| match logic.next_event() {
        // Everybody waits: the simulated time goes on, and with it what somebody does to the buttons.
        Some(next) if epoch.is_current() => logic.advance_to(next),
        _ => idle(epoch),
    })?;
    let log: Vec<(u64, u32)> =
        logic.output_log().iter().map(|change| (change.time.as_millis(), change.value)).collect();
    if log == LEDS { Ok(()) } else { Err(format!("the LEDs did {log:?}").into()) }
}

#[entry]
fn main() -> ! {
    heap::init();
    let board = Board::take();
    println!("simulated_pl: the logic is simulated, its interrupts are real");
    let outcome = run(&board);
    let stats = board.gic.stats();
    println!("interrupts={} spurious={} unclaimed={}", stats.taken, stats.spurious, stats.unclaimed);
    match outcome {
        Ok(()) if stats.taken as usize == SCRIPT.len() => exit(0),
        Ok(()) => println!("error: {} interrupts for what was done {} times", stats.taken, SCRIPT.len()),
        Err(error) => println!("error: {error}"),
    }
    exit(1)
}
