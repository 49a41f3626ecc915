//! Programs that only await: the board's clock moves by itself.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

mod common;

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use common::{IRQ, node, small};
use pynq_core::{Clock, Error, Instant, interrupt::Line};
use pynq_sim::Board;

/// The least of a runtime: polls, and parks its thread.
fn parked<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

fn board() -> Board {
    let board = small(u32::MAX);
    board.set_automatic(true);
    board
}

const fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Lights the LEDs of the buttons that are down, for a millisecond each time.
async fn buttons_to_leds(board: Board, rounds: usize) {
    let mut line = Line::new(node(&board, u32::MAX), 0).unwrap();
    let (btns, leds) = (board.window("btns").unwrap(), board.window("leds").unwrap());
    btns.write(0x128, 1);
    btns.write(0x11C, 1 << 31);
    for _ in 0..rounds {
        line.wait_async().await.unwrap();
        btns.write(0x120, 1);
        leds.write(0, btns.read(0));
        board.clock().sleep(Duration::from_millis(1)).await;
        leds.write(0, 0);
    }
}

fn presses(board: &Board, count: u64) {
    for n in 0..count {
        board.at(ms(10 * n + 1), move |board| board.input("btns", 1, (n % 4) as u8, n % 8 < 4).unwrap());
    }
}

#[test]
fn a_program_that_only_awaits_sees_what_one_that_blocks_sees() {
    let by_itself = board();
    presses(&by_itself, 20);
    parked(buttons_to_leds(by_itself.clone(), 20));
    let blocked = small(u32::MAX);
    presses(&blocked, 20);
    blocked.block_on(buttons_to_leds(blocked.clone(), 20)).unwrap();
    assert_eq!(by_itself.output_log(), blocked.output_log());
}

#[test]
fn threads_that_await_are_all_waited_for() {
    let board = board();
    let threads: Vec<_> = [2_u64, 3, 5]
        .into_iter()
        .map(|step| {
            let clock = board.clock();
            // Tracked: the others may have begun before this thread runs.
            let task = board.track(async move {
                let mut times = Vec::new();
                for _ in 0..10 {
                    clock.sleep(Duration::from_millis(step)).await;
                    times.push(clock.now().as_millis());
                }
                times
            });
            thread::spawn(move || parked(task))
        })
        .collect();
    for (thread, step) in threads.into_iter().zip([2_u64, 3, 5]) {
        assert_eq!(thread.join().unwrap(), (1..=10).map(|n| n * step).collect::<Vec<_>>());
    }
}

#[test]
fn a_wait_that_nothing_can_end_ends_within_two_seconds() {
    let board = board();
    let started = std::time::Instant::now();
    let mut line = Line::new(node(&board, u32::MAX), 2).unwrap();
    board.after(Duration::from_millis(5), |board| board.pulse_line("iop/flop/q").unwrap());
    assert!(parked(line.wait_async()).is_ok());
    assert_eq!(parked(line.wait_async()).map(drop), Err(Error::NeverWoken));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    // The node is none the worse for it.
    board.after(Duration::from_millis(5), |board| board.pulse_line("iop/flop/q").unwrap());
    assert!(parked(line.wait_async()).is_ok());
    assert_eq!(board.now(), ms(10));
}

#[test]
fn a_guard_keeps_a_wait_from_ending_for_want_of_events() {
    let board = board();
    let node = node(&board, u32::MAX);
    let busy = board.busy();
    let other = board.clone();
    let presser = thread::spawn(move || {
        while !other.cpu_pin(IRQ).unwrap().is_armed() {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(1500));
        other.pulse_line("iop/flop/q").unwrap();
        drop(busy);
    });
    let mut line = Line::new(node, 2).unwrap();
    assert!(parked(line.wait_async()).is_ok());
    presser.join().unwrap();
}

#[test]
fn a_test_that_steps_the_clock_has_it_alone() {
    let board = board();
    board.advance(Duration::from_millis(1));
    let mut sleep = Box::pin(board.clock().sleep_until(ms(5)));
    let (woken, waker) = common::count();
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    thread::sleep(Duration::from_millis(100));
    assert_eq!((board.now(), woken.get()), (ms(1), 0));
    board.advance(Duration::from_millis(4));
    assert_eq!(woken.get(), 1);
}

#[test]
fn the_thread_ends_with_the_board() {
    let board = board();
    parked(board.clock().sleep(Duration::from_millis(1)));
    drop(board);
    // By its name, as other tests have one of their own board in a process that runs them all.
    if !cfg!(target_os = "linux") || std::env::var_os("NEXTEST").is_none() {
        return;
    }
    let named = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.starts_with("pynq-sim")).count()
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while named() > 0 {
        assert!(std::time::Instant::now() < deadline, "it is still there");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_stimulus_that_panics_leaves_no_wait_for_ever() {
    let board = board();
    let mut line = Line::new(node(&board, u32::MAX), 2).unwrap();
    board.after(Duration::from_millis(1), |_| panic!("a stimulus panics"));
    board.after(Duration::from_millis(2), |board| board.pulse_line("iop/flop/q").unwrap());
    assert_eq!(parked(line.wait_async()).map(drop), Err(Error::NeverWoken));
    assert!(parked(line.wait_async()).is_ok(), "and the clock goes on");
}

#[test]
fn real_time_is_kept() {
    let board = board();
    board.set_real_time(true);
    let started = std::time::Instant::now();
    parked(board.clock().sleep(Duration::from_millis(30)));
    assert!(started.elapsed() >= Duration::from_millis(30));
    let mut polled: Pin<Box<dyn Future<Output = ()>>> = Box::pin(board.clock().sleep(Duration::from_secs(3600)));
    parked(poll_fn(|cx| {
        assert!(polled.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    }));
}
