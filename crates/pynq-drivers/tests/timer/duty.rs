//! The PWM as embedded-hal's `SetDutyCycle`.

use std::time::Duration;

use embedded_hal::pwm::{Error as _, ErrorKind, SetDutyCycle};
use pynq_drivers::{AxiTimerConfig, axi_timer::AxiTimerError};

use crate::{
    common::EDGE,
    rig::{HZ, Rig},
};

const PERIOD: Duration = Duration::from_micros(10);

/// How long the output was high, and how often it rose, over the next ten periods.
fn high(rig: &Rig) -> (Duration, usize) {
    let from = rig.board.now();
    let mut level = rig.board.port("timer/pwm0").unwrap() != 0;
    let before = rig.board.output_log().len();
    rig.board.advance(PERIOD * 10);
    let log = rig.board.output_log();
    let (mut since, mut high, mut rises) = (from, Duration::ZERO, 0);
    for change in &log[before..] {
        high += if level { change.time - since } else { Duration::ZERO };
        (since, level) = (change.time, change.value != 0);
        rises += usize::from(level);
    }
    (high + if level { rig.board.now() - since } else { Duration::ZERO }, rises)
}

#[test]
fn the_output_is_high_for_the_fraction_that_was_set() {
    let rig = Rig::new(EDGE);
    let mut pwm = rig.timer.pwm().unwrap().with_period(PERIOD).unwrap();
    assert_eq!((pwm.period(), pwm.max_duty_cycle(), pwm.high_time()), (PERIOD, 1_000, Duration::ZERO));
    assert_eq!(pwm.pwm().is_running(), Ok(false), "nothing runs yet");
    for duty in [250, 500, 2, 999] {
        pwm.set_duty_cycle(duty).unwrap();
        rig.board.advance(PERIOD * 2);
        assert_eq!(high(&rig), (Duration::from_nanos(10 * u64::from(duty) * 10), 10), "{duty}");
    }
    pwm.set_duty_cycle_fully_off().unwrap();
    assert_eq!(high(&rig), (Duration::ZERO, 0));
    pwm.set_duty_cycle_fraction(1, 4).unwrap();
    rig.board.advance(PERIOD * 2);
    assert_eq!(high(&rig).0, PERIOD * 10 / 4);
}

#[test]
fn what_can_t_be_counted_is_as_near_as_there_is() {
    let rig = Rig::new(EDGE);
    let mut pwm = rig.timer.pwm().unwrap().with_period(PERIOD).unwrap();
    for (duty, nanos) in [(1, 20), (1_000, 9_990), (u16::MAX, 9_990)] {
        pwm.set_duty_cycle(duty).unwrap();
        assert_eq!(pwm.high_time(), Duration::from_nanos(nanos), "{duty}");
    }
}

#[test]
fn a_long_period_has_65535_steps() {
    let rig = Rig::new(EDGE);
    let mut pwm = rig.timer.pwm().unwrap().with_period(Duration::from_millis(20)).unwrap();
    assert_eq!(pwm.max_duty_cycle(), u16::MAX);
    pwm.set_duty_cycle(u16::MAX / 3).unwrap();
    assert_eq!(pwm.high_time(), Duration::from_nanos(6_666_670));
}

#[test]
fn periods_that_the_counter_can_t_count_are_refused() {
    let rig = Rig::on(AxiTimerConfig { count_width: 8, ..AxiTimerConfig::new(HZ) }, EDGE, true);
    for period in [Duration::from_nanos(20), Duration::from_micros(3)] {
        let error = rig.timer.pwm().unwrap().with_period(period).unwrap_err();
        assert!(
            matches!(error.cause(), AxiTimerError::OutOfRange { requested, .. } if *requested == period),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::Other);
    }
    let mut pwm = rig.timer.pwm().unwrap().with_period(Duration::from_nanos(30)).unwrap();
    pwm.set_duty_cycle(pwm.max_duty_cycle()).unwrap();
    assert_eq!(pwm.high_time(), Duration::from_nanos(20));
}
