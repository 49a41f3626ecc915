//! Delays, as embedded-hal sees them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use embedded_hal::delay::DelayNs;
use pynq_core::Error;
use pynq_drivers::{AxiTimerConfig, axi_timer::AxiTimerError};

use crate::{
    common::{EDGE, LEVEL, Task, of_block},
    rig::*,
};

#[test]
fn delays_are_as_long_as_asked_for_or_a_little_longer() {
    for (width, kind) in [(8, EDGE), (16, LEVEL), (32, EDGE)] {
        let rig = Rig::on(AxiTimerConfig { count_width: width, ..AxiTimerConfig::new(HZ) }, kind, true);
        let mut delay = rig.channel(1).into_delay().unwrap();
        for nanos in [0, 1, 10, 11, 2559, 2560, 2561, 10_000, 123_457] {
            let begun = rig.board.now();
            delay.delay_ns(nanos);
            let took = rig.board.now() - begun;
            let asked = Duration::from_nanos(nanos.into());
            assert!(took >= asked && took <= asked + Duration::from_nanos(10), "{took:?} for {asked:?}");
            rig.assert_idle();
        }
    }
}

#[test]
fn the_units_are_what_they_say_async_and_blocking() {
    let rig = Rig::new(EDGE);
    let mut delay = rig.channel(0).into_delay().unwrap();
    let begun = rig.board.now();
    delay.delay_us(7);
    delay.delay_ms(3);
    assert_eq!(rig.board.now() - begun, Duration::from_micros(3007));
    let begun = rig.board.now();
    let program = async {
        use embedded_hal_async::delay::DelayNs;
        DelayNs::delay_ns(&mut delay, 500).await;
        DelayNs::delay_us(&mut delay, 7).await;
        DelayNs::delay_ms(&mut delay, 3).await;
        delay.delay_async(Duration::from_secs(100)).await
    };
    rig.board.block_on(program).unwrap().unwrap();
    assert_eq!(rig.board.now() - begun, Duration::from_nanos(100_003_007_500));
}

#[test]
fn a_dropped_delay_leaves_the_channel_masked_and_the_next_one_is_full() {
    let rig = Rig::new(LEVEL);
    let mut delay = rig.channel(0).into_delay().unwrap();
    drop(Task::waiting(delay.delay_async(Duration::from_micros(10))));
    rig.assert_idle();
    rig.board.advance(Duration::from_micros(5));
    let begun = rig.board.now();
    delay.delay(Duration::from_micros(10)).unwrap();
    assert_eq!(rig.board.now() - begun, Duration::from_micros(10));
}

#[test]
fn two_delays_on_one_channel_are_both_long_enough() {
    let rig = Rig::new(EDGE);
    let mut one = rig.channel(0).into_delay().unwrap();
    let mut two = rig.channel(0).into_delay().unwrap();
    let mut long = Task::waiting(one.delay_async(Duration::from_micros(10)));
    rig.board.advance(Duration::from_micros(1));
    let mut short = Task::waiting(two.delay_async(Duration::from_micros(2)));
    rig.board.advance(Duration::from_micros(2));
    assert!(short.poll().is_ready());
    assert!(long.poll().is_pending(), "what ended was not its own");
    rig.board.advance(Duration::from_micros(10));
    assert!(long.poll().is_ready());
}

#[test]
fn an_unwired_block_can_only_be_polled() {
    let rig = Rig::unwired();
    let refused = rig.channel(0).into_delay();
    assert_eq!(refused.err(), Some(of_block(AxiTimerError::Node(Error::InterruptsUnavailable))));
    let mut delay = rig.channel(0).into_polling_delay();
    let begun = rig.board.now();
    // Time stands still for a program that polls; another thread moves it.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                rig.board.advance(Duration::from_nanos(100));
            }
        });
        delay.delay(Duration::from_micros(20)).unwrap();
        delay.delay_us(20);
        done.store(true, Ordering::Relaxed);
    });
    assert!(rig.board.now() - begun >= Duration::from_micros(40));
    assert!(delay.into_channel().stop().is_ok());
}

#[test]
fn a_block_that_is_gone_delays_nobody_and_says_so() {
    let rig = Rig::new(EDGE);
    let mut delay = rig.channel(0).into_delay().unwrap();
    rig.timer.node().invalidate(Error::Invalidated);
    let begun = rig.board.now();
    assert_eq!(delay.delay(Duration::from_secs(1)), Err(of_block(AxiTimerError::Node(Error::Invalidated))));
    delay.delay_ms(1000);
    assert_eq!(rig.board.now(), begun);
}
