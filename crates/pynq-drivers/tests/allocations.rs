//! A wait allocates nothing: not when it begins, not when its event is dispatched, not when it ends or is dropped.
#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use common::*;
use pynq_core::interrupt::{ParentLine, StdLock};
use pynq_drivers::{AxiGpio, AxiGpioHardware, Edge, Level, axi_gpio::axi_gpio_node};
use pynq_sim::Stimulus;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: passed on to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_wait_allocates_nothing() {
    // A node of its own, since the one of the rig is recorded, and a record grows.
    let rig = Rig::buttons(EDGE);
    let hardware = AxiGpioHardware::new(rig.window.clone(), *rig.gpio.config()).unwrap();
    let parent = ParentLine::new(Arc::clone(&rig.intc), 3);
    let gpio = AxiGpio::new(Arc::new(axi_gpio_node(StdLock::new(), hardware, parent))).unwrap();
    let pin = gpio.channel1().pin(0).unwrap();
    let stimuli = [false, true].map(|level| Stimulus::pin("gpio", 1, 0, level));
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = |level: Level| {
        let before = ALLOCATIONS.get();
        {
            let mut wait = pin!(pin.wait_for_level_async(level));
            let mut dropped = pin!(pin.wait_for_edge_async(Edge::Any));
            assert!(wait.as_mut().poll(&mut cx).is_pending());
            assert!(dropped.as_mut().poll(&mut cx).is_pending());
            rig.board.stimulate(&stimuli[usize::from(level.is_high())]).unwrap();
            assert_eq!(wait.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
        }
        ALLOCATIONS.get() - before
    };
    let counted: Vec<usize> = (0..200).map(|n| round(Level::from(n % 2 == 0))).collect();
    // The simulator's own tables grow in the first rounds.
    assert!(counted[100..].iter().all(|&count| count == 0), "{counted:?}");
}
