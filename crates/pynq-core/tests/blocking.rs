//! Blocking calls on the simulated board: threads that share a root, calls within calls, and waits that nothing ends.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)] // a test may

use std::{
    future::{Future as _, poll_fn},
    sync::Arc,
    task::Poll,
    thread,
    time::Duration,
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Clock, Error, Instant, axi_intc_node,
    interrupt::{Line, NodeHandle, ParentLine, StdLock, with_deadline},
};
use pynq_sim::{
    Board,
    models::{AxiIntcModel, IntcParams},
};

/// A controller behind a controller, with edge lines 0 to 2 each.
struct Rig {
    board: Board,
    low: NodeHandle,
    high: NodeHandle,
}

impl Rig {
    fn new() -> Self {
        let intc = || AxiIntcModel::new(IntcParams { inputs: 4, kind_of_intr: 0b1111, ..IntcParams::default() });
        let board = Board::builder()
            .device("low", 0x4180_0000, 0x1_0000, intc())
            .device("high", 0x4181_0000, 0x1_0000, intc())
            .wire("high/irq", "low/intr[3]")
            .interrupt("low/irq", 61)
            .build()
            .unwrap();
        let hardware =
            |path: &str| AxiIntcHardware::new(board.window(path).unwrap(), AxiIntcConfig::new(4, 0b1111)).unwrap();
        let low = Arc::pin(axi_intc_node(StdLock::new(), hardware("low"), board.cpu_pin(61).unwrap()));
        let low = NodeHandle::from(low).erase();
        let high = Arc::pin(axi_intc_node(StdLock::new(), hardware("high"), ParentLine::new(low.clone(), 3)));
        let high = NodeHandle::from(high).erase();
        Self { board, low, high }
    }

    fn low(&self, line: u8) -> Line {
        self.low.line(line).unwrap()
    }

    fn high(&self, line: u8) -> Line {
        self.high.line(line).unwrap()
    }

    /// An edge at this time, in milliseconds.
    fn edge_at(&self, millis: u64, line: &'static str) {
        self.board.at(Instant::from_millis(millis), move |board| board.pulse_line(line).unwrap());
    }

    fn now(&self) -> u64 {
        self.board.now().as_millis()
    }

    #[track_caller]
    fn assert_idle(&self) {
        assert!(self.low.is_idle() && self.high.is_idle());
        assert!(!self.board.cpu_pin(61).unwrap().is_armed());
    }
}

#[test]
fn i12_a_blocked_call_moves_the_clock_to_its_event() {
    let rig = Rig::new();
    rig.edge_at(30, "high/intr[0]");
    rig.edge_at(50, "low/intr[0]");
    rig.high(0).wait().unwrap();
    assert_eq!(rig.now(), 30);
    rig.low(0).wait().unwrap();
    assert_eq!(rig.now(), 50);
    rig.assert_idle();
}

#[test]
fn i12_a_blocked_call_that_nothing_can_wake_is_an_error() {
    let rig = Rig::new();
    rig.board.set_grace(Duration::ZERO);
    assert_eq!(rig.high(0).wait(), Err(Error::NeverWoken));
    rig.assert_idle();
    // What is scheduled is waited for first, whether or not it has to do with the wait.
    rig.edge_at(20, "low/intr[1]");
    assert_eq!(rig.high(0).wait(), Err(Error::NeverWoken));
    assert_eq!(rig.now(), 20);
    rig.assert_idle();
}

#[test]
fn i12_deadlines_are_on_the_board_s_clock() {
    let rig = Rig::new();
    rig.edge_at(100, "high/intr[0]");
    let mut line = rig.high(0);
    assert_eq!(line.wait_until(Instant::from_millis(99)), Err(Error::TimedOut));
    assert_eq!(rig.now(), 99);
    rig.assert_idle();
    line.wait_until(Instant::from_millis(101)).unwrap();
    assert_eq!(rig.now(), 100);
    // The event of the very moment wins.
    rig.edge_at(200, "high/intr[0]");
    line.wait_until(Instant::from_millis(200)).unwrap();
    assert_eq!(rig.now(), 200);
    let clock = rig.board.clock();
    let gave_up = rig
        .board
        .block_on(async { with_deadline(line.wait_async(), clock.sleep(Duration::from_millis(5))).await })
        .unwrap();
    assert_eq!((gave_up, rig.now()), (Err(Error::TimedOut), 205));
    rig.assert_idle();
}

/// The thread that takes the interrupt dispatches for all.
#[test]
fn i12_blocked_calls_on_one_root_serve_each_other() {
    const ROUNDS: u64 = 50;
    const LINES: [&str; 4] = ["low/intr[0]", "low/intr[1]", "high/intr[0]", "high/intr[1]"];
    let rig = Rig::new();
    rig.board.set_grace(Duration::from_secs(3600));
    let all_at_once = |board: &Board| LINES.iter().for_each(|line| board.pulse_line(line).unwrap());
    for round in 1..=ROUNDS {
        rig.board.at(Instant::from_millis(10 * round), all_at_once);
    }
    // Time stands still until all four wait.
    let busy = rig.board.busy();
    thread::scope(|scope| {
        for line in 0..2 {
            let (mut low, mut high) = (rig.low(line), rig.high(line));
            scope.spawn(move || (0..ROUNDS).for_each(|_| assert_eq!(low.wait().unwrap().missed, 0)));
            scope.spawn(move || (0..ROUNDS).for_each(|_| assert_eq!(high.wait().unwrap().missed, 0)));
        }
        let enables = ["low", "high"].map(|path| rig.board.window(path).unwrap());
        while enables.each_ref().map(|window| window.read(0x08)) != [0b1011, 0b0011] {
            thread::yield_now();
        }
        drop(busy);
    });
    assert_eq!(rig.now(), 10 * ROUNDS);
    rig.assert_idle();
}

#[test]
fn i12_a_blocked_call_inside_block_on() {
    let rig = Rig::new();
    for millis in [10, 20, 30] {
        rig.edge_at(millis, if millis == 20 { "high/intr[1]" } else { "low/intr[0]" });
    }
    let times = rig.board.block_on(async {
        let mut outer = rig.low(0);
        outer.wait_async().await.unwrap();
        let first = rig.now();
        rig.high(1).wait().unwrap();
        let second = rig.now();
        outer.wait_async().await.unwrap();
        [first, second, rig.now()]
    });
    assert_eq!(times, Ok([10, 20, 30]));
    rig.assert_idle();
}

#[test]
fn i12_block_on_inside_the_poll_of_a_blocked_call() {
    let rig = Rig::new();
    rig.edge_at(10, "high/intr[1]");
    rig.edge_at(20, "low/intr[0]");
    let mut line = rig.low(0);
    let mut inner = Some(rig.high(1));
    let mut times = Vec::new();
    let outer = async {
        let mut wait = std::pin::pin!(line.wait_async());
        poll_fn(|cx| {
            // Registered first, so that the inner call runs with a wait of this thread's armed.
            let polled = wait.as_mut().poll(cx);
            if let Some(mut inner) = inner.take() {
                rig.board.block_on(async { inner.wait_async().await }).unwrap().unwrap();
                times.push(rig.now());
            }
            polled
        })
        .await
    };
    rig.low.block_on(outer, None).unwrap();
    times.push(rig.now());
    assert_eq!(times, [10, 20]);
    rig.assert_idle();
}

/// The outer call's event comes while the inner one sleeps: its unpark must not be lost.
#[test]
fn i12_an_event_for_the_outer_call_while_the_inner_one_sleeps() {
    let rig = Rig::new();
    rig.edge_at(10, "low/intr[0]");
    rig.edge_at(20, "high/intr[1]");
    let mut line = rig.low(0);
    let mut inner = Some(rig.high(1));
    let ended = rig.board.block_on(async {
        let mut wait = std::pin::pin!(line.wait_async());
        poll_fn(|cx| {
            let polled = wait.as_mut().poll(cx);
            if let (Poll::Pending, Some(mut inner)) = (&polled, inner.take()) {
                inner.wait().unwrap();
            }
            polled
        })
        .await
    });
    assert!(matches!(ended, Ok(Ok(_))), "{ended:?}");
    assert_eq!(rig.now(), 20);
    rig.assert_idle();
}

#[test]
fn i12_an_event_that_is_latched_beats_a_deadline_that_has_passed() {
    let rig = Rig::new();
    let (clock, mut line) = (rig.board.clock(), rig.low(0));
    rig.board.pulse_line("low/intr[0]").unwrap();
    let mut wait = std::pin::pin!(with_deadline(line.wait_async(), clock.sleep_until(rig.board.now())));
    let ended = wait.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(ended, Poll::Ready(Ok(_))), "{ended:?}");
}
