//! A wait may be dropped at any point, and it is as if it never was.

#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::{future::Future, task::Poll};

use common::of_block;
use common::*;
use pynq_core::Instant;
use pynq_drivers::{Edge, Level, axi_gpio::AxiGpioError};
use pynq_sim::Board;

const OK: Poll<pynq_drivers::axi_gpio::Result<()>> = Poll::Ready(Ok(()));

/// What happens between two polls. None of it completes a wait for button 0 to be pressed.
fn stir(rig: &Rig, round: usize) {
    match round {
        0 => rig.press(1),
        1 => rig.cpu.fire_spuriously(),
        2 => rig.release(1),
        _ => rig.board.input("gpio", 2, 0, true).unwrap(),
    }
}

/// Drops `wait` after `polls` polls, alone and beside another task that waits for the same.
fn drop_after<T>(make: impl for<'a> Fn(&'a GpioPin, &Board) -> Task<'a, T>) {
    for kind in [LEVEL, EDGE] {
        for polls in 0..5 {
            let rig = Rig::dual(kind);
            let pin = rig.pin(0);
            let mut task = make(&pin, &rig.board);
            for round in 0..polls {
                assert!(task.poll().is_pending(), "poll {round}");
                stir(&rig, round);
            }
            drop(task);
            rig.assert_idle();

            let other = pin.clone();
            let mut stays = Task::waiting(other.wait_for_edge_async(Edge::Rising));
            let mut task = make(&pin, &rig.board);
            for round in 0..polls {
                assert!(task.poll().is_pending(), "poll {round}");
                stir(&rig, round);
            }
            drop(task);
            assert_eq!(stays.wakes(), 0);
            assert!(rig.cpu.is_armed(), "somebody still waits");
            rig.press(0);
            assert_eq!((stays.wakes(), stays.poll()), (1, OK), "{polls} polls");
            rig.assert_idle();
        }
    }
}

#[test]
fn of_a_level() {
    drop_after(|pin, _| Task::new(pin.wait_for_level_async(Level::High)));
}

#[test]
fn of_an_edge() {
    drop_after(|pin, _| Task::new(pin.wait_for_edge_async(Edge::Any)));
}

#[test]
fn of_a_value() {
    drop_after(|pin, _| Task::new(pin.as_slice().wait_for_value_async(1)));
}

#[test]
fn of_a_wait_with_a_deadline() {
    drop_after(|pin, _board| {
        let deadline = Instant::from_millis(10);
        Task::new(pin.wait_for_level_async(Level::High).until(deadline))
    });
}

#[test]
fn of_a_change() {
    drop_after(|pin, _| {
        let mut changes = pin.changes().unwrap();
        Task::new(async move { changes.wait_async().await })
    });
}

#[test]
fn of_a_wait_by_embedded_hal() {
    drop_after(|pin, _| {
        let mut pin = pin.clone();
        Task::new(async move { embedded_hal_async::digital::Wait::wait_for_rising_edge(&mut pin).await })
    });
}

#[test]
fn after_it_was_woken_takes_nothing_from_anybody() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::buttons(kind);
        let pin = rig.pin(0);
        let mut changes = pin.changes().unwrap();
        let task = Task::waiting(pin.wait_for_level_async(Level::High));
        let mut stays = Task::waiting(pin.wait_for_level_async(Level::High));
        rig.press(0);
        assert_eq!(task.wakes(), 1);
        drop(task);
        assert_eq!(stays.poll(), OK);
        assert_eq!(changes.wait().unwrap().changed, 1);
        assert_eq!(rig.board.block_on(async { 1 }), Ok(1), "the board has settled");
        rig.assert_idle();
    }
}

#[test]
fn a_cancelled_change_is_found_by_the_next_wait() {
    let rig = Rig::buttons(EDGE);
    let mut changes = rig.pin(0).changes().unwrap();
    {
        let mut wait = std::pin::pin!(changes.wait_async());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        rig.press(0);
    }
    assert_eq!(changes.wait().unwrap().changed, 1);
    rig.assert_idle();
}

#[test]
fn by_a_deadline_leaves_nothing_behind() {
    let rig = Rig::buttons(EDGE);
    let (pin, _clock) = (rig.pin(0), rig.board.clock());
    for round in 1..=10 {
        let deadline = Instant::from_millis(round);
        let result = rig.board.block_on(pin.wait_for_level_async(Level::High).until(deadline));
        assert_eq!(result, Ok(Err(of_block(AxiGpioError::Node(pynq_core::Error::TimedOut)))));
        rig.assert_idle();
    }
}
