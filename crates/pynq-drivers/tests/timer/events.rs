//! Periods and one-shots: how many events, and when.

use std::{pin::pin, time::Duration};

use pynq_core::{
    Error, Instant,
    interrupt::{Line, StdLock},
};
use pynq_drivers::axi_timer::AxiTimerError;
use pynq_drivers::{AxiTimer, AxiTimerConfig, AxiTimerHardware, axi_timer::axi_timer_node};
use pynq_sim::{
    Board,
    models::{AxiTimerModel, TimerParams},
};

use crate::{
    common::of_block,
    common::{EDGE, LEVEL, Task, poll_once},
    rig::*,
};

const PERIOD: Duration = Duration::from_micros(10);

#[test]
fn no_period_of_ten_thousand_is_lost_and_each_ends_on_time() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let mut channel = rig.channel(0);
        assert_eq!(channel.start_periodic(PERIOD), Ok(PERIOD));
        let program = async {
            for n in 1..=10_000_u32 {
                let fired = channel.wait_async().await.unwrap();
                assert_eq!((fired.count, fired.missed), (n, 0));
                // The first one ends a tick earlier.
                assert_eq!(rig.board.now().as_nanos(), u64::from(n) * 10_000 - 10);
            }
        };
        rig.board.block_on(program).unwrap();
        assert_eq!(rig.timer.node().line_stats(0).fired, 10_000);
        rig.assert_idle();
    }
}

#[test]
fn nor_by_the_blocking_form_or_a_listener() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let mut channel = rig.channel(1);
        channel.start_periodic(PERIOD).unwrap();
        for n in 1..=1000_u32 {
            assert_eq!(channel.wait().map(|fired| (fired.count, fired.missed)), Ok((n, 0)));
        }
        let mut listener = pin!(channel.listen());
        for n in 1001..=2000_u32 {
            assert_eq!(listener.as_mut().next().map(|fired| (fired.count, fired.missed)), Ok((n, 0)));
        }
        assert_eq!(rig.board.now().as_nanos(), 2000 * 10_000 - 10);
    }
}

#[test]
fn a_listener_counts_what_nobody_waits_for() {
    let rig = Rig::new(EDGE);
    let mut channel = rig.channel(0);
    channel.start_periodic(PERIOD).unwrap();
    let mut listener = pin!(channel.listen());
    listener.as_mut().arm().unwrap();
    rig.board.advance(PERIOD * 7);
    let fired = listener.as_mut().next().unwrap();
    assert_eq!((fired.count, fired.missed), (7, 6));
}

#[test]
fn without_one_the_block_remembers_a_single_event() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let mut channel = rig.channel(0);
        channel.start_periodic(PERIOD).unwrap();
        rig.board.advance(PERIOD * 7 + PERIOD / 2);
        assert_eq!(rig.cpu.interrupts(), 0, "nobody waits, so the channel is masked");
        let at = rig.board.now();
        let fired = channel.wait().unwrap();
        assert_eq!((fired.count, fired.missed, rig.board.now()), (1, 0, at));
        channel.wait().unwrap();
        assert_eq!(rig.board.now().as_nanos(), 8 * 10_000 - 10, "the next one is awaited");
    }
}

#[test]
fn a_one_shot_ends_once_and_not_early() {
    for kind in [LEVEL, EDGE] {
        for nanos in [10, 20, 95, 1000, 123_456_789] {
            let rig = Rig::new(kind);
            let mut channel = rig.channel(0);
            // Between two clock edges.
            rig.board.advance(Duration::from_nanos(3));
            let asked = Duration::from_nanos(nanos);
            let begun = rig.board.now();
            let counted = channel.start_one_shot(asked).unwrap();
            assert!(counted >= asked && counted < asked + Duration::from_nanos(10));
            assert_eq!(channel.is_running(), Ok(true));
            channel.wait().unwrap();
            let took = rig.board.now() - begun;
            assert!(took >= asked && took <= counted + Duration::from_nanos(10), "{took:?} for {asked:?}");
            assert_eq!(channel.is_running(), Ok(false));
            let deadline = rig.board.now() + Duration::from_secs(100);
            assert_eq!(channel.wait_until(deadline), Err(of_block(AxiTimerError::Node(Error::TimedOut))), "once");
            assert_eq!(rig.control(0) & (ENT | TINT), 0);
            rig.assert_idle();
        }
    }
}

#[test]
fn a_one_shot_that_ended_before_the_wait_is_found_by_it() {
    let rig = Rig::new(EDGE);
    let mut channel = rig.channel(0);
    channel.start_one_shot(PERIOD).unwrap();
    rig.board.advance(PERIOD * 5);
    assert_eq!(channel.is_running(), Ok(false));
    assert_eq!(channel.wait().map(|fired| fired.count), Ok(1));
    assert_eq!(rig.board.now(), Instant::START + PERIOD * 5);
}

#[test]
fn starting_anew_leaves_nothing_of_before_to_the_starter_and_all_of_it_to_others() {
    let rig = Rig::new(EDGE);
    let (mut channel, mut other) = (rig.channel(0), rig.channel(0));
    channel.start_one_shot(PERIOD).unwrap();
    rig.board.advance(PERIOD * 5);
    channel.start_one_shot(PERIOD * 2).unwrap();
    assert_eq!(other.wait().map(|fired| fired.count), Ok(1), "the first one, which nobody had looked at");
    assert_eq!(rig.board.now(), Instant::START + PERIOD * 5);
    assert_eq!(channel.wait().map(|fired| fired.count), Ok(2));
    assert_eq!(rig.board.now(), Instant::START + PERIOD * 7);
}

#[test]
fn a_stopped_channel_raises_nothing() {
    let rig = Rig::new(EDGE);
    let mut channel = rig.channel(0);
    channel.start_periodic(PERIOD).unwrap();
    channel.wait().unwrap();
    channel.stop().unwrap();
    let count = channel.counter().unwrap();
    let deadline = rig.board.now() + Duration::from_secs(1);
    assert_eq!(channel.wait_until(deadline), Err(of_block(AxiTimerError::Node(Error::TimedOut))));
    assert_eq!((channel.counter(), channel.is_running()), (Ok(count), Ok(false)));
}

#[test]
fn the_counter_counts_down() {
    let rig = Rig::new(EDGE);
    let mut channel = rig.channel(1);
    channel.start_one_shot(PERIOD).unwrap();
    rig.board.advance(PERIOD / 4);
    assert_eq!(channel.counter(), Ok(999 - 250));
}

#[test]
fn a_dropped_wait_masks_the_channel_and_loses_nothing() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let mut channel = rig.channel(0);
        channel.start_periodic(PERIOD).unwrap();
        let control = rig.control(0);
        for n in 1..=50_u32 {
            let task = Task::waiting(channel.wait_async());
            assert_eq!(rig.control(0), control | ENIT);
            drop(task);
            rig.assert_idle();
            assert_eq!(rig.control(0), control, "it runs on");
            let mut task = Task::waiting(channel.wait_async());
            rig.board.advance(PERIOD);
            // Woken, and not polled.
            assert_eq!(task.wakes(), 1);
            if n % 2 == 0 {
                drop(task);
                rig.assert_idle();
                assert!(poll_once(channel.wait_async()).is_ready(), "found by the next wait");
            } else {
                assert!(task.poll().is_ready());
            }
            rig.assert_idle();
        }
        assert_eq!(rig.timer.node().line_stats(0).fired, 50);
    }
}

#[test]
fn a_deadline_ends_a_wait_and_the_event_wins() {
    let rig = Rig::new(EDGE);
    let mut channel = rig.channel(0);
    channel.start_one_shot(PERIOD).unwrap();
    for (micros, result) in [(9, Err(of_block(AxiTimerError::Node(Error::TimedOut)))), (10, Ok(1))] {
        let deadline = Instant::START + Duration::from_micros(micros);
        let waited = rig.board.block_on(channel.wait_async().until(deadline)).unwrap();
        assert_eq!(waited.map(|fired| fired.count), result);
        rig.assert_idle();
    }
}

#[test]
fn an_unwired_interrupt_is_a_typed_error() {
    let rig = Rig::unwired();
    let mut channel = rig.channel(0);
    channel.start_periodic(PERIOD).unwrap();
    assert_eq!(channel.wait(), Err(of_block(AxiTimerError::Node(Error::InterruptsUnavailable))));
    assert_eq!(
        rig.board.block_on(channel.wait_async()),
        Ok(Err(of_block(AxiTimerError::Node(Error::InterruptsUnavailable))))
    );
    rig.board.advance(PERIOD);
    assert_eq!(rig.control(0) & TINT, TINT, "the timer itself works");
}

#[test]
fn nodes_may_be_static() {
    let board = Board::builder()
        .device("timer", 0x4280_0000, 0x1_0000, AxiTimerModel::new(TimerParams::default()))
        .interrupt("timer/interrupt", 61)
        .build()
        .unwrap();
    let hardware = AxiTimerHardware::new(board.window("timer").unwrap(), AxiTimerConfig::new(HZ)).unwrap();
    let node = axi_timer_node(StdLock::new(), hardware, board.cpu_pin(61).unwrap());
    let timer = AxiTimer::new(&*Box::leak(Box::new(node))).unwrap();
    let mut channel = timer.channel(0).unwrap();
    channel.start_periodic(PERIOD).unwrap();
    for n in 1..=100 {
        assert_eq!(channel.wait().map(|fired| fired.count), Ok(n));
    }
}

#[test]
fn plain_lines_of_the_node_work_as_well() {
    let rig = Rig::new(LEVEL);
    let mut line = Line::new(rig.timer.node().clone(), 0).unwrap();
    rig.channel(0).start_one_shot(PERIOD).unwrap();
    assert_eq!(line.wait().map(|fired| fired.count), Ok(1));
}
