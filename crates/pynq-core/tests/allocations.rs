//! A wait, a firing and a wake allocate nothing.
//!
//! Allocations are counted by thread. Over the hand-made registers and root nothing but the engine could make one. On a
//! simulated board the simulator might; there a first few rounds, in which its tables grow, are not counted.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)] // a test may

mod minimal;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use minimal::*;
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{Line, NodeHandle, ParentLine, StdLock},
};
use pynq_sim::{
    Board, Stimulus,
    models::{AxiIntcModel, IntcParams},
};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static FREED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: passed on to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no count any more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = FREED.try_with(|count| count.set(count.get() + 1));
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `f` allocates and frees on this thread.
fn counted<R>(f: impl FnOnce() -> R) -> (R, [usize; 2]) {
    let before = [ALLOCATIONS.get(), FREED.get()];
    let result = f();
    (result, [ALLOCATIONS.get() - before[0], FREED.get() - before[1]])
}

const NOTHING: [usize; 2] = [0, 0];

#[test]
fn the_counter_counts() {
    assert_eq!(counted(|| drop(std::hint::black_box(Box::new(1)))).1, [1, 1]);
    let mut vec = vec![1_u8];
    assert_eq!(counted(|| vec.reserve(1000)).1[0], 1);
}

/// One wait of each kind, with what raises its event.
fn rounds(node: &NodeHandle, raise: impl Fn()) {
    let waker = Wakes::new().1;
    let (mut line, mut other) = (node.line(0).unwrap(), node.line(0).unwrap());
    let mut cx = Context::from_waker(&waker);
    for round in 0..10 {
        let ((), count) = counted(|| {
            let mut wait = pin!(line.wait_async());
            let mut dropped = pin!(other.wait_async());
            assert!(wait.as_mut().poll(&mut cx).is_pending());
            // Another waker takes the first one's place.
            assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert!(wait.as_mut().poll(&mut cx).is_pending());
            assert!(dropped.as_mut().poll(&mut cx).is_pending());
            raise();
            assert!(matches!(wait.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
        });
        assert_eq!(count, NOTHING, "a wait, a firing, a wake and a drop, round {round}");
        let (cleared, count) = counted(|| {
            raise();
            line.clear().and_then(|()| other.clear())
        });
        assert_eq!((cleared, count), (Ok(()), NOTHING), "a clear");
    }
}

#[test]
fn i10_a_wait_a_firing_and_a_wake_allocate_nothing() {
    let tree = Tree::new(Habit::None);
    rounds(&tree.node(), || tree.registers.raise(1));
}

#[test]
fn i10_behind_a_cascade_too() {
    let tree = Tree::new(Habit::None);
    rounds(&tree.child(), || tree.child_registers.raise(1));
}

#[test]
fn i10_nor_do_forty_waiters_or_an_error() {
    let tree = Tree::new(Habit::None);
    let mut lines: Vec<_> = (0..40).map(|n| tree.child().line(n % 4).unwrap()).collect();
    let (wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    let mut waits: Vec<_> = lines.iter_mut().map(|line| Box::pin(line.wait_async())).collect();
    let ((), count) = counted(|| {
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut cx).is_pending());
        }
        tree.child_registers.raise(0b111);
        tree.root.fail(Some(pynq_core::Error::ReactorGone));
        assert_eq!(wakes.get(), 40);
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut cx).is_ready());
        }
    });
    assert_eq!(count, NOTHING);
}

#[test]
fn i10_a_listener_s_stream_allocates_nothing() {
    let tree = Tree::new(Habit::None);
    let mut listener = pin!(tree.child().line(0).unwrap().listen());
    let mut cx = Context::from_waker(Waker::noop());
    let mut next = |listener: &mut Pin<&mut pynq_core::interrupt::Listener>| {
        let mut next = pin!(listener.as_mut().next_async());
        next.as_mut().poll(&mut cx)
    };
    for _ in 0..10 {
        let ((), count) = counted(|| {
            assert!(next(&mut listener).is_pending());
            for _ in 0..3 {
                tree.child_registers.raise(1);
            }
            // The one that woke it, and those since then, of which the last is returned.
            assert!(matches!(next(&mut listener), Poll::Ready(Ok(fired)) if fired.missed == 0));
            assert!(matches!(next(&mut listener), Poll::Ready(Ok(fired)) if fired.missed == 1));
        });
        assert_eq!(count, NOTHING);
    }
}

/// The engine on the simulator, which keeps no trace here: two controllers, one behind the other.
#[test]
fn i10_on_a_simulated_board() {
    let intc = || AxiIntcModel::new(IntcParams { inputs: 2, kind_of_intr: 0b11, ..IntcParams::default() });
    let board = Board::builder()
        .device("low", 0x4180_0000, 0x1_0000, intc())
        .device("high", 0x4181_0000, 0x1_0000, intc())
        .wire("high/irq", "low/intr[1]")
        .interrupt("low/irq", 61)
        .build()
        .unwrap();
    let hardware = |path: &str| AxiIntcHardware::new(board.window(path).unwrap(), AxiIntcConfig::new(2, 0b11)).unwrap();
    let low = Arc::pin(axi_intc_node(StdLock::new(), hardware("low"), board.cpu_pin(61).unwrap()));
    let parent = ParentLine::new(low.clone(), 1);
    let high = Arc::pin(axi_intc_node(StdLock::new(), hardware("high"), parent));
    let edge = Stimulus::pulse("high/intr[0]");
    let mut line = Line::new(high, 0).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = || {
        let mut wait = pin!(line.wait_async());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        board.stimulate(&edge).unwrap();
        assert!(matches!(wait.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
    };
    let counts: Vec<usize> = (0..200).map(|_| counted(&mut round).1[0]).collect();
    assert!(counts[100..].iter().all(|&count| count == 0), "{counts:?}");
}
