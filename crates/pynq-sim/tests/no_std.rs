//! The board without threads: blocking spins, and a critical section is the lock.
//!
//! Run with `--no-default-features`.
#![cfg(not(feature = "std"))]

use core::{future::pending, task::Poll, time::Duration};
use std::cell::Cell;

use pynq_core::{Clock, Error, Instant, interrupt::InterruptSource};
use pynq_sim::{Board, models::RegisterModel};

fn board() -> Board {
    let unknown = RegisterModel::new().with_output("irq".into(), 1);
    Board::builder().device("unknown", 0, 0x1000, unknown).interrupt("unknown/irq", 1).build().expect("a board")
}

#[test]
fn a_blocked_call_moves_the_clock_itself() {
    let board = board();
    assert_eq!(board.block_on(board.clock().sleep(Duration::from_secs(1))), Ok(()));
    assert_eq!(board.now(), Instant::from_millis(1000));
    board.after(Duration::from_secs(1), |board| board.set_line("unknown/irq", true).expect("a line"));
    let pin = board.cpu_pin(1).expect("a pin");
    assert_eq!(board.block_on(core::future::poll_fn(|cx| core::pin::Pin::new(&pin).poll_fired(cx))), Ok(Ok(())));
    assert_eq!(board.now(), Instant::from_millis(2000));
}

#[test]
fn a_deadline_passes_and_what_nothing_can_wake_is_an_error() {
    let board = board();
    let pin = board.cpu_pin(1).expect("a pin");
    let deadline = Instant::from_millis(5);
    assert_eq!(pin.block(&mut |_| Poll::Pending, Some(deadline)), Err(Error::TimedOut));
    assert_eq!(board.now(), deadline);
    assert_eq!(board.block_on(pending::<()>()), Err(Error::NeverWoken));
}

#[test]
fn a_nested_call_returns() {
    let board = board();
    let nested = Cell::new(false);
    let outcome = board.block_on(core::future::poll_fn(|cx| {
        if !nested.replace(true) {
            assert_eq!(board.block_on(board.clock().sleep(Duration::from_millis(1))), Ok(()));
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(7)
    }));
    assert_eq!(outcome, Ok(7));
}

#[test]
fn bus_errors_are_recorded_only() {
    let board = board();
    assert_eq!(board.bus_read(0x2000, pynq_sim::Width::Word), 0xFFFF_FFFF);
    drop(board);
}
