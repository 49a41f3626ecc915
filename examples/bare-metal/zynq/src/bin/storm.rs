//! A hundred thousand button interrupts, none lost and none invented, through the controller of the base overlay, all of
//! whose inputs are edges though every source is a level. Then waits are dropped half-way, as often and at every point.
#![no_std]
#![no_main]

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use aarch32_rt::{entry, irq};
use pynq_baremetal::zynq::{barrier, idle};
use pynq_core::{Epoch, block_on};
use pynq_drivers::{Button, Edge, Level};
use pynq_firmware_zynq::{Board, exit, join, outside::Pins, pl::Base, println};

const BUTTONS: u8 = 4;
const CHANGES: u32 = 100_000;

/// Follows a button: every change has to be seen, and no other.
async fn follow(button: Button, changes: &mut u32) {
    let mut level = Level::High;
    while *changes < CHANGES / u32::from(BUTTONS) {
        if let Err(error) = button.wait_for_level_async(level).await {
            panic!("a button: {error}");
        }
        *changes += 1;
        level = !level;
    }
}

/// Moves buttons, one after the other: each when the change before was seen by the task it is for.
fn presses(base: &Base, pins: &Pins) -> [u32; BUTTONS as usize] {
    let mut changes = [0; BUTTONS as usize];
    let [a, b, c, d] = &mut changes;
    let button = |number| match base.button(number) {
        Ok(button) => button,
        Err(why) => panic!("{why}"),
    };
    let (mut turn, mut value) = (0, 0);
    let move_one = |epoch: Epoch| {
        // All of them wait, and have seen everything there was.
        if epoch.is_current() {
            value ^= 1 << (turn % u32::from(BUTTONS));
            turn += 1;
            pins.set(value);
        }
        idle(epoch);
    };
    block_on(
        join::all([
            pin!(follow(button(0), a)),
            pin!(follow(button(1), b)),
            pin!(follow(button(2), c)),
            pin!(follow(button(3), d)),
        ]),
        move_one,
    );
    pins.set(0);
    changes
}

/// A wait that is dropped, before or after its event, takes the event from nobody: another one waits for the same.
fn cancelling(base: &Base, pins: &Pins) -> u32 {
    let button = match base.button(0) {
        Ok(button) => button,
        Err(why) => panic!("{why}"),
    };
    let mut cx = Context::from_waker(Waker::noop());
    let mut kept = 0;
    for round in 0..10_000u32 {
        let patient = button.clone();
        let mut patient = pin!(patient.wait_for_edge_async(Edge::Rising));
        assert!(patient.as_mut().poll(&mut cx).is_pending(), "an edge nobody made");
        {
            let mut dropped = pin!(button.wait_for_edge_async(Edge::Rising));
            if round % 3 != 0 {
                assert!(dropped.as_mut().poll(&mut cx).is_pending(), "an edge nobody made");
            }
            if round % 2 == 0 {
                pins.set(1);
            }
        }
        pins.set(1);
        barrier();
        match patient.as_mut().poll(&mut cx) {
            Poll::Ready(Ok(())) => kept += 1,
            other => panic!("round {round}: {other:?}"),
        }
        pins.set(0);
    }
    kept
}

#[irq]
fn interrupt() {
    pynq_baremetal::zynq::dispatch();
}

#[entry]
fn main() -> ! {
    let board = Board::take();
    let base = match Base::claim(&board) {
        Ok(base) => base,
        Err(why) => panic!("{why}"),
    };
    let pins = Pins::of_buttons();
    println!("storm: {CHANGES} changes of {BUTTONS} buttons");
    let before = board.gic.stats().taken;
    let changes = presses(&base, &pins);
    let taken = board.gic.stats().taken - before;
    let stats = base.buttons.node().line_stats(0);
    println!("changes={changes:?} fired={} spurious={} interrupts={taken}", stats.fired, stats.spurious);
    // The last release was of nobody's waiting.
    let sound =
        changes.iter().sum::<u32>() == CHANGES && stats.fired == CHANGES && stats.spurious == 0 && taken == CHANGES;
    let kept = cancelling(&base, &pins);
    println!("kept={kept} of 10000 events beside dropped waits; idle={}", base.buttons.node().is_idle());
    let gic = board.gic.stats();
    println!("spurious={} unclaimed={}", gic.spurious, gic.unclaimed);
    exit(if sound && kept == 10_000 && base.buttons.node().is_idle() && gic.unclaimed == 0 { 0 } else { 1 })
}
