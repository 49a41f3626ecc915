//! Drivers that keep the board at one instant: the error names line, block, time and cause.
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

mod common;

use core::time::Duration;
use std::{future::Future, pin::pin, task::Context, task::Poll, task::Waker};

use common::{enable, node, small};
use pynq_core::{
    Error, Instant,
    interrupt::{Line, NodeHandle},
};
use pynq_sim::{Board, StuckCause};

/// Waits for buttons that it never clears, again and again.
async fn never_clears(line: &mut Line) -> (u32, Error) {
    let mut services = 0;
    loop {
        match line.wait_async().await {
            Ok(_) => services += 1,
            Err(error) => return (services, error),
        }
    }
}

fn pressed() -> (Board, Line) {
    let board = small(0);
    let node = node(&board, 0);
    enable(&board);
    board.at(Instant::from_millis(7), |board| board.press("btns", 1).unwrap());
    let line = Line::new(NodeHandle::from(node).erase(), 0).unwrap();
    (board, line)
}

#[test]
fn a_device_that_is_never_cleared_ends_the_wait_and_is_named() {
    let (board, mut line) = pressed();
    let (services, error) = board.block_on(never_clears(&mut line)).unwrap();
    assert_eq!(error, Error::NeverCleared);
    assert!((10_000..50_000).contains(&services), "{services}");
    assert_eq!(board.now(), Instant::from_millis(7));
    let stuck = board.take_stuck();
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert!(matches!(stuck[0].cause, StuckCause::Interrupt { id: 61, .. }));
    let text = stuck[0].to_string();
    for part in
        ["line btns/ip2intc_irpt of block btns", "at 7 ms", "interrupt 61", "does not clear it", "`clears_on_ack`"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    // It stays so, with no further interrupt, until the board is reloaded.
    let again = board.block_on(never_clears(&mut line)).unwrap();
    assert_eq!(again, (0, Error::NeverCleared));
    board.reload();
    board.advance(Duration::from_millis(1));
    assert!(board.take_stuck().is_empty());
}

#[test]
#[should_panic(expected = "line btns/ip2intc_irpt of block btns")]
fn a_test_that_takes_no_notice_fails() {
    let (board, mut line) = pressed();
    let _ = board.block_on(never_clears(&mut line)).unwrap();
}

#[test]
fn any_number_of_events_at_one_instant_is_none() {
    let board = small(0);
    let node = node(&board, 0);
    enable(&board);
    let mut line = Line::new(NodeHandle::from(node).erase(), 0).unwrap();
    let (btns, mut cx) = (board.window("btns").unwrap(), Context::from_waker(Waker::noop()));
    for event in 0..25_000_u32 {
        let mut wait = pin!(line.wait_async());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        board.input("btns", 1, 0, event % 2 == 0).unwrap();
        assert!(matches!(wait.as_mut().poll(&mut cx), Poll::Ready(Ok(_))));
        btns.write(0x120, 1);
    }
    assert_eq!(board.cpu_pin(common::IRQ).unwrap().interrupts(), 25_000);
}

#[test]
fn any_number_of_software_interrupts_at_one_instant_is_none() {
    let board = small(0b111);
    let intc = board.window("intc").unwrap();
    let pin = board.cpu_pin(common::IRQ).unwrap();
    for _ in 0..50_000 {
        intc.write(0x00, 0b100);
        intc.write(0x08, 0b100);
        intc.write(0x0C, 0b100);
    }
    assert_eq!(pin.interrupts(), 0);
}
