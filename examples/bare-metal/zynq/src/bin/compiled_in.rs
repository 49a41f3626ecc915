//! The board's design compiled in: a button on an edge line and a timer behind a cascade, without an address or a line
//! number in the program.
#![no_std]
#![no_main]

use core::{
    future::{Future, poll_fn},
    pin::pin,
    time::Duration,
};

use aarch32_rt::{entry, irq};
use pynq_baremetal::{Lock, zynq::idle};
use pynq_core::{
    AxiIntcNode, Volatile, block_on,
    design::{AxiIntcBlock, Of, Platform},
    interrupt::{ConstInit, ParentLine},
};
use pynq_drivers::{
    AxiGpio, AxiGpioNode, AxiTimer, AxiTimerNode, Level,
    design::{channel1, timer_channel},
};
use pynq_firmware_zynq::{Board, Root, exit, outside::Pins, println};
use static_cell::StaticCell;

include!(concat!(env!("OUT_DIR"), "/virtual_pynq_z2.rs"));
use virtual_pynq_z2::{BtnsGpio, SystemInterrupts, btns_gpio, lab, system_interrupts};

type Intc = AxiIntcNode<Volatile, Lock, Root>;
type Child = AxiIntcNode<Volatile, Lock, ParentLine>;

static SYSTEM: StaticCell<Of<SystemInterrupts, Intc>> = StaticCell::new();
static LAB: StaticCell<Of<lab::Intc, Intc>> = StaticCell::new();
static CHILD: StaticCell<Of<lab::child::Intc, Child>> = StaticCell::new();
static BUTTONS: StaticCell<Of<BtnsGpio, AxiGpioNode<Lock, ParentLine>>> = StaticCell::new();
static TIMER: StaticCell<Of<lab::child::Timer0, AxiTimerNode<Lock, ParentLine>>> = StaticCell::new();

const ROUNDS: u32 = 1000;

fn run(board: &Board) -> Result<u32, &'static str> {
    let controller = |_| "a controller that does not answer";
    let root = board.source(system_interrupts::Irq).map_err(|_| "no root")?;
    let window = board.map(SystemInterrupts).map_err(|_| "no window")?;
    let system = SYSTEM.init(SystemInterrupts.node(window, Lock::INIT, root).map_err(controller)?).by_ref();

    let root = board.source(lab::intc::Irq).map_err(|_| "no root")?;
    let window = board.map(lab::Intc).map_err(|_| "no window")?;
    let top = LAB.init(lab::Intc.node(window, Lock::INIT, root).map_err(controller)?).by_ref();
    let window = board.map(lab::child::Intc).map_err(|_| "no window")?;
    let line = top.line(lab::child::intc::Irq);
    let child = CHILD.init(lab::child::Intc.node(window, Lock::INIT, line).map_err(controller)?).by_ref();

    let window = board.map(BtnsGpio).map_err(|_| "no window")?;
    let line = system.line(btns_gpio::Ip2intcIrpt);
    let buttons = BUTTONS.init(window.node::<AxiGpio, _, _, _>(Lock::INIT, line).map_err(|_| "bad buttons")?).by_ref();
    let button = channel1(&buttons).and_then(|pins| pins.button::<3>()).map_err(|_| "no button 3")?;

    let window = board.map(lab::child::Timer0).map_err(|_| "no window")?;
    let line = child.line(lab::child::timer_0::Interrupt);
    let timer = TIMER.init(window.node::<AxiTimer, _, _, _>(Lock::INIT, line).map_err(|_| "a bad timer")?).by_ref();
    let mut timer = timer_channel::<0, _, _>(&timer).map_err(|_| "no channel 0")?;

    let pins = Pins::of_buttons();
    let mut changes = 0;
    block_on(
        async {
            for round in 0..ROUNDS {
                timer.start_one_shot(Duration::from_micros(50)).map_err(|_| "the timer does not start")?;
                timer.wait_async().await.map_err(|_| "the timer failed")?;
                let level = Level::from(round % 2 == 0);
                let mut wait = pin!(button.wait_for_level_async(level));
                let mut moved = false;
                poll_fn(|cx| {
                    let polled = wait.as_mut().poll(cx);
                    // Once somebody waits for it, so that it takes an interrupt to tell.
                    if !core::mem::replace(&mut moved, true) {
                        pins.set(u32::from(level.is_high()) << 3);
                    }
                    polled
                })
                .await
                .map_err(|_| "the button failed")?;
                changes += 1;
            }
            Ok(changes)
        },
        idle,
    )
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    match run(&board) {
        Ok(changes) => {
            let taken = board.gic.stats().taken;
            println!("changes={changes} interrupts={taken}");
            // One of the timer and one of the button for each.
            exit(i32::from(taken != 2 * changes))
        }
        Err(why) => {
            println!("error: {why}");
            exit(1)
        }
    }
}
