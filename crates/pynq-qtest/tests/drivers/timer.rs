//! The timer's driver. What one timer does is measured by another, which counts the same clock.

use std::{thread, time::Duration};

use pynq_drivers::axi_timer::Capture;
use pynq_qtest::Time;

use crate::{common::emulator, rig::Rig};

const TICKS_PER_MILLISECOND: u32 = 100_000;

#[test]
fn one_shots_are_not_shorter_than_asked_for() {
    let rig = Rig::new(&emulator!(), Time::Passes, &[]);
    let mut watch = rig.timer(true).channel(0).unwrap();
    watch.start_capture(Capture::Latest).unwrap();
    let mut channel = rig.timer(false).channel(1).unwrap();
    for microseconds in [1, 10, 250, 1_000, 20_000] {
        let begin = watch.counter().unwrap();
        channel.start_one_shot(Duration::from_micros(microseconds)).unwrap();
        let fired = channel.wait_until(rig.deadline()).unwrap();
        let ticks = watch.counter().unwrap().wrapping_sub(begin);
        assert!(u64::from(ticks) >= microseconds * 100, "{microseconds} us took {ticks} ticks of 10 ns");
        assert_eq!(fired.missed, 0);
        assert!(!channel.is_running().unwrap());
    }
    rig.assert_idle();
}

#[test]
fn periods_come_one_after_the_other_on_all_four_counters() {
    const PERIODS: u32 = 50;
    let rig = Rig::new(&emulator!(), Time::Passes, &[]);
    let timers = [rig.timer(false), rig.timer(true)];
    let deadline = rig.deadline();
    thread::scope(|scope| {
        for (index, timer) in timers.iter().enumerate() {
            for number in 0..2 {
                let mut channel = timer.channel(number).unwrap();
                scope.spawn(move || {
                    let period = Duration::from_micros(700 + 100 * index as u64 + 50 * u64::from(number));
                    channel.start_periodic(period).unwrap();
                    let mut seen = 0;
                    while seen < PERIODS {
                        let fired = channel.wait_until(deadline).unwrap();
                        seen += 1 + fired.missed;
                        assert_eq!(fired.count, seen, "each service is seen once");
                    }
                    channel.stop().unwrap();
                });
            }
        }
    });
    for timer in &timers {
        for line in 0..2 {
            let stats = timer.node().line_stats(line);
            assert!(stats.fired >= PERIODS && stats.stuck == 0, "{stats:?}");
        }
    }
    println!("AXI timers: {PERIODS} periods of each of four counters");
}

#[test]
fn delays_by_interrupt_and_by_polling_take_their_time() {
    let rig = Rig::new(&emulator!(), Time::Passes, &[]);
    let mut watch = rig.timer(true).channel(1).unwrap();
    watch.start_capture(Capture::Latest).unwrap();
    let timer = rig.timer(false);
    let mut sleeping = timer.channel(0).unwrap().into_delay().unwrap();
    let mut polling = timer.channel(1).unwrap().into_polling_delay();
    for milliseconds in [1, 3, 9] {
        let begin = watch.counter().unwrap();
        sleeping.delay(Duration::from_millis(milliseconds)).unwrap();
        polling.delay(Duration::from_millis(milliseconds)).unwrap();
        let ticks = watch.counter().unwrap().wrapping_sub(begin);
        let least = 2 * u32::try_from(milliseconds).unwrap() * TICKS_PER_MILLISECOND;
        assert!(ticks >= least, "2 x {milliseconds} ms took {ticks} ticks of 10 ns");
    }
    rig.assert_idle();
}
