//! The virtual clock: when it moves, who moves it, and what blocks it.
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]
#![cfg(feature = "std")]

mod common;

use std::{
    future::{Future, pending},
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use common::{Executor, IRQ, count, node, small};
use pynq_core::{
    Clock, Error, Instant,
    interrupt::{Activity, InterruptSource, Line, TaskId},
};
use pynq_sim::Board;

const fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// A task for the accounts.
///
/// Its waker is kept: its address must not become another task's.
fn some_task() -> TaskId {
    let waker = Box::leak(Box::new(count().1));
    TaskId::of(&Context::from_waker(waker))
}

/// Presses and releases the unknown flip-flop's line, which is input 2 of the controller, at each of these times.
fn script(board: &Board, line: &'static str, times: &[u64]) {
    for &time in times {
        board.at(ms(time), move |board| board.pulse_line(line).unwrap());
    }
}

#[test]
fn a_blocked_sleep_moves_the_clock_itself() {
    let board = small(0);
    let clock = board.clock();
    assert_eq!(board.block_on(clock.sleep(Duration::from_secs(3600))), Ok(()));
    assert_eq!(board.now(), ms(3_600_000));
    assert_eq!(board.block_on(clock.sleep(Duration::ZERO)), Ok(()));
}

#[test]
fn a_blocked_wait_ends_with_the_scheduled_stimulus() {
    let board = small(u32::MAX);
    let node = node(&board, u32::MAX);
    script(&board, "iop/flop/q", &[10, 30]);
    let mut line = Line::new(node.clone(), 2).unwrap();
    assert_eq!(line.wait().map(|fired| fired.count), Ok(1));
    assert_eq!(board.now(), ms(10));
    assert!(line.wait().is_ok());
    assert_eq!(board.now(), ms(30));
    assert_eq!(line.wait().map(drop), Err(Error::NeverWoken), "nothing more is scheduled");
}

#[test]
fn a_deadline_passes_in_virtual_time() {
    let board = small(u32::MAX);
    let node = node(&board, u32::MAX);
    script(&board, "iop/flop/q", &[10]);
    let mut line = Line::new(node.clone(), 2).unwrap();
    assert_eq!(line.wait_until(ms(9)).map(drop), Err(Error::TimedOut));
    assert_eq!(board.now(), ms(9));
    assert!(line.wait_until(ms(10)).is_ok(), "of two at the same time the one that was there first comes first");
    assert_eq!(line.wait_until(ms(10)).map(drop), Err(Error::TimedOut), "a deadline that has passed");
    assert_eq!(board.next_event(), None, "deadlines leave nothing behind");
}

#[test]
fn what_nothing_can_wake_is_an_error_and_no_hang() {
    let board = small(0);
    assert_eq!(board.block_on(pending::<()>()), Err(Error::NeverWoken));
}

#[test]
fn a_busy_guard_keeps_a_blocked_thread_from_giving_up() {
    let board = small(u32::MAX);
    let node = node(&board, u32::MAX);
    let busy = board.busy();
    let waiter = thread::spawn(move || Line::new(node, 2).unwrap().wait().map(drop));
    let pin = board.cpu_pin(IRQ).unwrap();
    while !pin.is_armed() {
        thread::yield_now();
    }
    board.pulse_line("iop/flop/q").unwrap();
    drop(busy);
    assert_eq!(waiter.join().unwrap(), Ok(()));
}

#[test]
fn several_threads_block_at_once() {
    let board = small(u32::MAX);
    let node = node(&board, u32::MAX);
    let times: Vec<u64> = (1..=50).map(|n| n * 10).collect();
    script(&board, "iop/flop/q", &times);
    script(&board, "mystery/irq", &times.iter().map(|time| time + 5).collect::<Vec<_>>());
    // Until all of them are known to the board.
    let busy = board.busy();
    let threads: Vec<_> = [(2, 0), (1, 5), (2, 0)]
        .into_iter()
        .map(|(line, offset)| {
            let (board, mut line) = (board.clone(), Line::new(node.clone(), line).unwrap());
            let clock = board.clock();
            // Tracked, so that it is known to the board before its thread runs.
            let task = board.track(async move {
                for n in 1..=50 {
                    line.wait_async().await.unwrap();
                    assert_eq!(clock.now(), ms(n * 10 + offset));
                }
            });
            thread::spawn(move || board.block_on(task))
        })
        .collect();
    drop(busy);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
    assert_eq!(board.now(), ms(505));
}

#[test]
fn a_block_nested_in_a_poll_does_not_eat_the_outer_wake() {
    let board = small(0);
    let (clock, inner_board) = (board.clock(), board.clone());
    let mut nested = false;
    let mut sleep = pin!(clock.sleep_until(ms(10)));
    let outcome = board.block_on(std::future::poll_fn(|cx| {
        let outer = sleep.as_mut().poll(cx);
        if !nested {
            nested = true;
            // The outer sleep ends while this one blocks.
            inner_board.block_on(inner_board.clock().sleep_until(ms(20))).unwrap();
        }
        outer
    }));
    assert_eq!((outcome, board.now()), (Ok(()), ms(20)));
}

#[test]
fn run_moves_the_clock_only_when_everyone_waits() {
    let board = small(0);
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut executor = Executor::default();
    for (name, step) in [("a", 3), ("b", 5)] {
        let (clock, log) = (board.clock(), Arc::clone(&log));
        executor.spawn(async move {
            for _ in 0..3 {
                clock.sleep(Duration::from_millis(step)).await;
                log.lock().unwrap().push((clock.now().as_millis(), name));
            }
        });
    }
    let run = board.run();
    executor.spawn(async move {
        run.await;
    });
    assert_eq!(executor.run(), 1, "run() alone is left, and parked");
    let expected = [(3, "a"), (5, "b"), (6, "a"), (9, "a"), (10, "b"), (15, "b")];
    assert_eq!(*log.lock().unwrap(), expected);
    // A stimulus that is scheduled later gets it going again.
    board.after(Duration::from_millis(1), |board| board.press("btns", 0).unwrap());
    executor.run();
    assert_eq!(board.now(), ms(16));
}

/// Buttons to LEDs, by the registers; the log of the LEDs.
async fn buttons_to_leds(board: Board, rounds: usize) {
    let node = node(&board, u32::MAX);
    let mut line = Line::new(node, 0).unwrap();
    let (btns, leds) = (board.window("btns").unwrap(), board.window("leds").unwrap());
    btns.write(0x128, 1);
    btns.write(0x11C, 1 << 31);
    for _ in 0..rounds {
        line.wait_async().await.unwrap();
        btns.write(0x120, 1);
        leds.write(0, btns.read(0));
        board.clock().sleep(Duration::from_millis(2)).await;
        leds.write(0, 0);
    }
}

fn presses(board: &Board) {
    for n in 0..20_u64 {
        board.at(ms(10 * n + 1), move |board| board.input("btns", 1, (n % 4) as u8, n % 8 < 4).unwrap());
    }
}

#[test]
fn a_script_gives_the_same_log_whoever_moves_the_clock() {
    let logs: Vec<_> = (0..4)
        .map(|mode| {
            let board = small(u32::MAX);
            presses(&board);
            let program = buttons_to_leds(board.clone(), 20);
            match mode {
                0 => board.block_on(program).unwrap(),
                1 => board.block_on(board.drive(program)).unwrap(),
                2 => {
                    let mut executor = Executor::default();
                    let idle = board.run_until_idle();
                    executor.spawn(idle);
                    executor.spawn(program);
                    assert_eq!(executor.run(), 0);
                }
                _ => {
                    let (board, program) = (board.clone(), board.track(program));
                    thread::spawn(move || board.block_on(program).unwrap()).join().unwrap();
                }
            }
            board.output_log()
        })
        .collect();
    assert_eq!(logs[0].len(), 36, "all but the releases that leave nothing to show");
    assert_eq!((logs[0][0].time, logs[0][0].value), (ms(1), 1));
    assert!(logs.iter().all(|log| *log == logs[0]));
}

/// Polls `run_until_idle` some times; returns whether it completed.
fn settles(board: &Board, polls: usize) -> bool {
    let mut idle = pin!(board.run_until_idle());
    let (_, waker) = count();
    (0..polls).any(|_| idle.as_mut().poll(&mut Context::from_waker(&waker)).is_ready())
}

#[test]
fn woken_waiters_hold_the_clock_until_they_are_polled_or_dropped() {
    for end in [Activity::Polled, Activity::Dropped] {
        let board = small(0);
        let pin = board.cpu_pin(IRQ).unwrap();
        board.at(ms(1), |_| ());
        pin.trace(Activity::Woken);
        pin.trace(Activity::Woken);
        assert!(!settles(&board, 1000));
        pin.trace(end);
        assert!(!settles(&board, 1000));
        assert_eq!(board.now(), Instant::START);
        pin.trace(end);
        assert!(settles(&board, 1000));
        assert_eq!(board.now(), ms(1));
    }
}

#[test]
fn a_task_at_work_holds_the_clock_until_it_waits_again() {
    let board = small(0);
    let pin = board.cpu_pin(IRQ).unwrap();
    board.at(ms(1), |_| ());
    board.set_grace(Duration::from_secs(3600));
    let task = some_task();
    pin.trace(Activity::Woken);
    pin.trace(Activity::Completed { task, woken: true });
    assert!(!settles(&board, 1000));
    pin.trace(Activity::Registered { task });
    assert!(settles(&board, 1000));
}

#[test]
fn a_task_at_work_that_never_comes_back_is_forgotten_in_the_end() {
    let board = small(0);
    let pin = board.cpu_pin(IRQ).unwrap();
    board.set_grace(Duration::from_millis(1));
    pin.trace(Activity::Completed { task: some_task(), woken: false });
    assert_eq!(board.block_on(board.clock().sleep_until(ms(5))), Ok(()));
    assert_eq!(board.now(), ms(5));
}

#[test]
fn a_woken_sleep_holds_the_clock_until_it_is_polled_or_dropped() {
    let board = small(0);
    let (woken, waker) = count();
    let mut cx = Context::from_waker(&waker);
    let mut sleep = Box::pin(board.clock().sleep_until(ms(1)));
    assert!(sleep.as_mut().poll(&mut cx).is_pending());
    board.at(ms(2), |_| ());
    assert!(!settles(&board, 1000));
    assert_eq!((woken.get(), board.now()), (1, ms(1)));
    drop(sleep);
    assert!(settles(&board, 1000));
    assert_eq!(board.now(), ms(2));
}

#[test]
fn a_dropped_sleep_leaves_the_timeline() {
    let board = small(0);
    let mut sleep = Box::pin(board.clock().sleep_until(ms(1)));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&count().1)).is_pending());
    assert_eq!(board.next_event(), Some(ms(1)));
    drop(sleep);
    assert_eq!(board.next_event(), None);
}

#[test]
fn a_tracked_task_is_busy_from_its_creation_and_from_each_wake_until_polled() {
    let board = small(0);
    board.at(ms(1), |_| ());
    board.at(ms(2), |_| ());
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let mut task = Box::pin(board.track(std::future::poll_fn(move |cx| {
        *keep.lock().unwrap() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })));
    let (_, waker) = count();
    let mut cx = Context::from_waker(&waker);
    assert!(!settles(&board, 1000));
    assert!(task.as_mut().poll(&mut cx).is_pending());
    board.advance_to(ms(1));
    let inner = kept.lock().unwrap().clone().unwrap();
    inner.wake_by_ref();
    inner.wake_by_ref();
    assert!(!settles(&board, 1000));
    assert_eq!(board.now(), ms(1));
    drop(task);
    inner.wake();
    assert!(settles(&board, 1000), "over, and so are its wakes");
}

#[test]
fn advancing_by_hand_takes_events_in_order() {
    let board = small(0);
    let seen = Arc::new(Mutex::new(Vec::new()));
    for (at, name) in [(3, "c"), (1, "a"), (1, "b"), (9, "late")] {
        let seen = Arc::clone(&seen);
        board.at(ms(at), move |board| seen.lock().unwrap().push((board.now().as_millis(), name)));
    }
    let busy = board.busy();
    board.advance(Duration::from_millis(5));
    drop(busy);
    assert_eq!(*seen.lock().unwrap(), [(1, "a"), (1, "b"), (3, "c")]);
    assert_eq!(board.now(), ms(5));
    board.advance_to(ms(4));
    assert_eq!(board.now(), ms(5), "time does not go back");
}

#[test]
fn a_device_with_an_event_of_its_own_takes_its_turn() {
    use pynq_sim::device::{Bus, Device, Port, PortKind};

    /// Raises its line a millisecond after it is written to.
    struct Timer(Option<Instant>, bool);
    static PORTS: [Port; 1] = [Port::new("irq", PortKind::Signal, 1)];
    impl Device for Timer {
        fn reset(&mut self, _: &mut Bus<'_>) {
            *self = Self(None, false);
        }
        fn read(&mut self, _: u32, _: &mut Bus<'_>) -> u32 {
            u32::from(self.1)
        }
        fn write(&mut self, _: u32, _: u32, bus: &mut Bus<'_>) {
            self.0 = Some(bus.now() + Duration::from_millis(1));
        }
        fn ports(&self) -> &[Port] {
            &PORTS
        }
        fn drive(&mut self, bus: &mut Bus<'_>) {
            bus.set(0, self.1.into());
            bus.wake_at(self.0);
        }
        fn tick(&mut self, bus: &mut Bus<'_>) {
            if self.0.is_some_and(|due| due <= bus.now()) {
                *self = Self(None, true);
            }
        }
    }

    let board = Board::builder().device("timer", 0, 0x1000, Timer(None, false)).interrupt("timer/irq", 1);
    let board = board.build().unwrap();
    let pin = board.cpu_pin(1).unwrap();
    board.window("timer").unwrap().write(0, 0);
    board.block_on(std::future::poll_fn(|cx| std::pin::Pin::new(&pin).poll_fired(cx))).unwrap().unwrap();
    assert_eq!((board.now(), board.line("timer/irq")), (ms(1), Ok(true)));
}

#[test]
fn real_time_keeps_pace_with_the_machine() {
    let board = small(0);
    board.set_real_time(true);
    let started = std::time::Instant::now();
    board.block_on(board.clock().sleep(Duration::from_millis(30))).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(30));

    let sleeps = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&sleeps);
    let mut run = pin!(board.run_with(move |duration| {
        asked.lock().unwrap().push(duration);
        pending::<()>()
    }));
    board.after(Duration::from_secs(3600), |_| ());
    let (_, waker) = count();
    while sleeps.lock().unwrap().len() < 3 {
        assert!(run.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let sleeps = sleeps.lock().unwrap();
    assert!(sleeps.iter().all(|&sleep| sleep > Duration::from_secs(60)));
}
