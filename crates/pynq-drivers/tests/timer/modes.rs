//! Capture, PWM, and what can't be requested for.

use std::time::Duration;

use pynq_core::BlockError;
use pynq_core::regs::WindowTooSmall;
use pynq_drivers::{
    AxiTimerConfig, AxiTimerHardware,
    axi_timer::{AxiTimerConfigError, AxiTimerError, Capture},
};
use pynq_sim::{Access, Stimulus};

use crate::{
    common::{EDGE, LEVEL, Task, of_block},
    rig::*,
};

const PERIOD: Duration = Duration::from_micros(10);

/// Raises the capture input of channel 0 for a moment, each time after so long.
fn edges(rig: &Rig, gaps: &[Duration]) {
    for gap in gaps {
        rig.board.advance(*gap);
        rig.trigger(0, true);
        rig.trigger(0, false);
    }
}

#[test]
fn a_capture_has_the_ticks_since_the_start() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let mut channel = rig.channel(0);
        channel.start_capture(Capture::Latest).unwrap();
        let mut task = Task::waiting(channel.wait_async());
        edges(&rig, &[PERIOD]);
        assert!(task.poll().is_ready());
        drop(task);
        assert_eq!(channel.captured(), Ok(1000));
        edges(&rig, &[PERIOD, PERIOD]);
        let fired = channel.wait().unwrap();
        assert_eq!((fired.count, channel.captured()), (2, Ok(3000)), "two in one, and the latest counts");
        rig.assert_idle();
    }
}

#[test]
fn the_first_capture_stays_until_it_was_read() {
    let rig = Rig::new(EDGE);
    let mut channel = rig.channel(0);
    channel.start_capture(Capture::First).unwrap();
    edges(&rig, &[PERIOD, PERIOD]);
    channel.wait().unwrap();
    assert_eq!(channel.captured(), Ok(1000));
    edges(&rig, &[PERIOD, PERIOD]);
    assert_eq!(channel.captured(), Ok(3000));
}

#[test]
fn an_event_from_before_a_start_is_none_of_what_was_started() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let mut channel = rig.channel(0);
        channel.start_capture(Capture::Latest).unwrap();
        rig.board.advance(PERIOD);
        // It triggers when the status has just been cleared and the counter not yet been loaded.
        let trigger = Stimulus::line("timer/capturetrig0", true);
        rig.board.before_access("timer", TLR[0] as u32, Access::Write, trigger).unwrap();
        channel.start_one_shot(PERIOD).unwrap();
        let begun = rig.board.now();
        channel.wait().unwrap();
        assert_eq!(rig.board.now() - begun, PERIOD);
        rig.assert_idle();
    }
}

#[test]
fn a_pwm_is_high_for_its_high_time_of_every_period() {
    let rig = Rig::new(EDGE);
    let pwm = rig.timer.pwm().unwrap();
    assert_eq!(pwm.start(PERIOD, PERIOD / 4), Ok((PERIOD, PERIOD / 4)));
    rig.board.advance(PERIOD * 3 + PERIOD / 2);
    assert_eq!(pwm.set_high_time(PERIOD / 2), Ok(PERIOD / 2));
    rig.board.advance(PERIOD * 2);
    pwm.stop().unwrap();
    rig.board.advance(PERIOD * 5);
    let log: Vec<_> = rig.board.output_log().iter().map(|c| (c.port.clone(), c.time.as_nanos(), c.value)).collect();
    let expected = [
        (9_990, 1),
        (12_490, 0),
        (19_990, 1),
        (22_490, 0),
        (29_990, 1),
        (32_490, 0),
        (39_990, 1),
        (44_990, 0),
        (49_990, 1),
        (54_990, 0),
    ];
    assert_eq!(log, expected.map(|(time, value)| ("pwm0".to_owned(), time, value)));
    assert_eq!(pwm.is_running(), Ok(false));
}

#[test]
fn a_pwm_raises_the_events_of_its_channels() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let (pwm, mut period) = (rig.timer.pwm().unwrap(), rig.channel(0));
        pwm.start(PERIOD, PERIOD / 4).unwrap();
        for n in 1..=100 {
            assert_eq!(period.wait().map(|fired| (fired.count, fired.missed)), Ok((n, 0)));
            assert_eq!(rig.board.port("timer/pwm0"), Ok(1));
        }
        assert_eq!(rig.board.now().as_nanos(), 100 * 10_000 - 10);
    }
}

#[test]
fn a_pwm_and_a_channel_exclude_each_other() {
    let rig = Rig::new(EDGE);
    let (pwm, mut channel) = (rig.timer.pwm().unwrap(), rig.channel(1));
    assert_eq!(pwm.set_high_time(PERIOD), Err(of_block(AxiTimerError::PwmStopped)));
    channel.start_one_shot(PERIOD).unwrap();
    assert_eq!(pwm.start(PERIOD, PERIOD / 2), Err(of_block(AxiTimerError::ChannelRuns { channel: 1 })));
    rig.board.advance(PERIOD);
    pwm.start(PERIOD, PERIOD / 2).unwrap();
    assert_eq!(channel.start_one_shot(PERIOD), Err(of_block(AxiTimerError::PwmRuns)));
    assert_eq!(channel.stop(), Err(of_block(AxiTimerError::PwmRuns)));
    pwm.start(PERIOD * 2, PERIOD / 2).unwrap();
    pwm.stop().unwrap();
    pwm.stop().unwrap();
    channel.start_one_shot(PERIOD).unwrap();
}

#[test]
fn a_high_time_is_shorter_than_the_period_and_not_nothing() {
    let rig = Rig::new(EDGE);
    let pwm = rig.timer.pwm().unwrap();
    for high in [PERIOD, PERIOD * 2, Duration::MAX] {
        assert_eq!(pwm.start(PERIOD, high), Err(of_block(AxiTimerError::HighTime { period: PERIOD, high })));
    }
    for high in [Duration::ZERO, Duration::from_nanos(10)] {
        assert!(
            matches!(pwm.start(PERIOD, high).map_err(BlockError::into_cause), Err(AxiTimerError::OutOfRange { requested, .. }) if requested == high)
        );
    }
    pwm.start(PERIOD, PERIOD - Duration::from_nanos(10)).unwrap();
    assert!(matches!(pwm.set_high_time(PERIOD).map_err(BlockError::into_cause), Err(AxiTimerError::HighTime { .. })));
}

#[test]
fn times_are_rounded_as_documented() {
    let config = AxiTimerConfig::new(33_333_333);
    assert_eq!(config.nearest_ticks(Duration::from_micros(1)), 33);
    assert_eq!(config.covering_ticks(Duration::from_micros(1)), 34);
    assert_eq!(config.duration(34), Duration::from_nanos(1020));
    assert_eq!((config.nearest_ticks(Duration::ZERO), config.covering_ticks(Duration::ZERO)), (0, 0));
    assert_eq!(config.covering_ticks(Duration::from_nanos(1)), 1);
    assert_eq!(config.covering_ticks(Duration::MAX), u64::MAX);
    assert_eq!(AxiTimerConfig::new(u32::MAX).nearest_ticks(Duration::MAX), u64::MAX);
}

#[test]
fn times_beyond_the_counter_are_errors() {
    let nanos = Duration::from_nanos;
    for (width, longest) in [(8, 2560), (16, 655_360), (32, 42_949_672_960)] {
        let rig = Rig::on(AxiTimerConfig { count_width: width, ..AxiTimerConfig::new(HZ) }, EDGE, true);
        let mut channel = rig.channel(0);
        let wrong = |requested, shortest, longest| AxiTimerError::OutOfRange {
            requested,
            shortest: nanos(shortest),
            longest: nanos(longest),
        };
        for requested in [Duration::ZERO, nanos(longest + 1), Duration::MAX] {
            assert_eq!(channel.start_one_shot(requested), Err(of_block(wrong(requested, 10, longest))));
        }
        for requested in [Duration::ZERO, nanos(14), nanos(longest + 15), Duration::MAX] {
            assert_eq!(channel.start_periodic(requested), Err(of_block(wrong(requested, 20, longest + 10))));
        }
        assert_eq!(rig.control(0), 0, "nothing was started");
        let begun = rig.board.now();
        assert_eq!(channel.start_one_shot(nanos(longest)), Ok(nanos(longest)));
        channel.wait().unwrap();
        assert_eq!(rig.board.now() - begun, nanos(longest));
        assert_eq!(channel.start_periodic(nanos(longest + 10)), Ok(nanos(longest + 10)));
        channel.wait().unwrap();
        let begun = rig.board.now();
        channel.wait().unwrap();
        assert_eq!(rig.board.now() - begun, nanos(longest + 10));
    }
}

#[test]
fn wrong_configurations_are_refused() {
    let rig = Rig::new(EDGE);
    let refused = |config| AxiTimerHardware::new(rig.window.clone(), config).err();
    assert_eq!(refused(AxiTimerConfig::new(0)), Some(AxiTimerConfigError::NoClock));
    let narrow = AxiTimerConfig { count_width: 12, ..AxiTimerConfig::new(HZ) };
    assert_eq!(refused(narrow), Some(AxiTimerConfigError::Width { found: 12 }));
    let window = rig.board.window_at(0x4280_0000, 0x10).unwrap();
    let small = AxiTimerHardware::new(window, AxiTimerConfig::new(HZ)).err();
    assert!(matches!(small, Some(AxiTimerConfigError::WindowTooSmall(WindowTooSmall { found: 0x10, .. }))));
    let messages = [AxiTimerConfigError::NoClock, AxiTimerConfigError::Width { found: 12 }].map(|e| e.to_string());
    assert!(messages[0].contains("CLKFREQUENCY") && messages[1].contains("12"));
}

#[test]
fn a_block_of_one_timer_has_one_channel_and_no_pwm() {
    let rig = Rig::on(AxiTimerConfig { one_timer_only: true, ..AxiTimerConfig::new(HZ) }, EDGE, true);
    assert_eq!(rig.timer.channel(1).err(), Some(of_block(AxiTimerError::NoSuchChannel { channel: 1, channels: 1 })));
    assert_eq!(rig.timer.pwm().err(), Some(of_block(AxiTimerError::PwmUnavailable)));
    let mut channel = rig.channel(0);
    channel.start_periodic(PERIOD).unwrap();
    for _ in 0..10 {
        channel.wait().unwrap();
    }
    let rig = Rig::new(EDGE);
    assert_eq!(rig.timer.channel(2).err(), Some(of_block(AxiTimerError::NoSuchChannel { channel: 2, channels: 2 })));
}
