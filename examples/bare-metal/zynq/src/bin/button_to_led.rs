//! Four tasks, each awaiting a button's interrupt and driving its LED, until the first switch is turned on.
#![no_std]
#![no_main]

use core::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use aarch32_rt::{entry, irq};
use pynq_baremetal::zynq::idle;
use pynq_core::block_on;
use pynq_drivers::{Button, Led, Level, axi_gpio::Result};
use pynq_firmware_zynq::{Board, exit, pl::Base, println};

#[path = "../../../../tasks/button_to_led.rs"]
mod task;

async fn run(base: &Base) -> core::result::Result<(), &'static str> {
    let pair = |n| Ok::<_, &'static str>((base.button(n)?, base.led(n)?));
    let start = |(button, led)| task::button_to_led(button, led);
    let mut tasks = (pin!(start(pair(0)?)), pin!(start(pair(1)?)), pin!(start(pair(2)?)), pin!(start(pair(3)?)));
    let switch = base.switch(0)?;
    let mut end = pin!(switch.wait_for_level_async(Level::High));
    poll_fn(|cx| {
        let (a, b, c, d) = &mut tasks;
        let failed = a.as_mut().poll(cx).is_ready()
            | b.as_mut().poll(cx).is_ready()
            | c.as_mut().poll(cx).is_ready()
            | d.as_mut().poll(cx).is_ready();
        match end.as_mut().poll(cx) {
            _ if failed => Poll::Ready(Err("a task has ended")),
            Poll::Ready(ended) => Poll::Ready(ended.map_err(|_| "the switch failed")),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    println!("button_to_led: press buttons; switch 0 ends it");
    let outcome = Base::claim(&board).and_then(|base| block_on(run(&base), idle));
    match outcome {
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
