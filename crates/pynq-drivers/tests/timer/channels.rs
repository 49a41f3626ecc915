//! Two channels, one line and one register file.

use std::{
    future::{Future, poll_fn},
    task::Poll,
    time::Duration,
};

use pynq_core::mmio::Recorded;

use crate::{
    common::{EDGE, LEVEL, Task},
    rig::*,
};

const PERIOD: Duration = Duration::from_micros(10);

#[test]
fn channels_that_end_together_share_a_service_and_no_waiters() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let (mut first, mut second) = (rig.channel(0), rig.channel(1));
        first.start_periodic(PERIOD).unwrap();
        second.start_periodic(PERIOD).unwrap();
        let mut one = Task::waiting(first.wait_async());
        let mut two = Task::waiting(second.wait_async());
        rig.board.advance(PERIOD);
        assert_eq!([one.wakes(), two.wakes(), rig.cpu.interrupts() as usize], [1, 1, 1]);
        assert!(one.poll().is_ready() && two.poll().is_ready());
        rig.assert_idle();
    }
}

#[test]
fn an_event_of_one_channel_is_none_of_the_other_s() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let (mut first, mut second) = (rig.channel(0), rig.channel(1));
        first.start_periodic(PERIOD).unwrap();
        second.start_one_shot(PERIOD * 50).unwrap();
        let mut patient = Task::waiting(second.wait_async());
        for n in 1..=49_u32 {
            let mut task = Task::waiting(first.wait_async());
            rig.board.advance(PERIOD);
            let Poll::Ready(Ok(fired)) = task.poll() else { panic!("period {n}") };
            assert_eq!((fired.count, fired.missed), (n, 0));
            assert_eq!(patient.wakes(), 0);
            assert!(rig.cpu.is_armed(), "the other one still waits");
        }
        rig.board.advance(PERIOD);
        assert!(patient.poll().is_ready());
        assert_eq!(rig.timer.node().line_stats(1).spurious, 0);
        rig.assert_idle();
    }
}

#[test]
fn ten_thousand_periods_of_each_with_different_phases() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(kind);
        let every_period = async |channel: u8, nanos: u64| {
            let mut channel = rig.channel(channel);
            channel.start_periodic(Duration::from_nanos(nanos)).unwrap();
            for n in 1..=10_000_u32 {
                assert_eq!(channel.wait_async().await.map(|fired| (fired.count, fired.missed)), Ok((n, 0)));
            }
        };
        let (mut first, mut second) = (Some(Box::pin(every_period(0, 7130))), Some(Box::pin(every_period(1, 3110))));
        let both = poll_fn(|cx| {
            for task in [&mut first, &mut second] {
                if task.as_mut().is_some_and(|future| future.as_mut().poll(cx).is_ready()) {
                    *task = None;
                }
            }
            if first.is_none() && second.is_none() { Poll::Ready(()) } else { Poll::Pending }
        });
        rig.board.block_on(both).unwrap();
        rig.assert_idle();
    }
}

/// Checks what was written to the control registers: the status is cleared only where it was read as set, and the bit
/// that starts both timers is never written.
#[track_caller]
fn assert_writes_only_what_it_decided(accesses: &[Recorded]) {
    let mut seen = [0; 2];
    for access in accesses {
        match *access {
            Recorded::Read { offset, value } if TCSR.contains(&offset) => seen[offset >> 4] = value & TINT,
            Recorded::Write { offset, value } if TCSR.contains(&offset) => {
                assert_eq!(value & TINT & !seen[offset >> 4], 0, "an event was cleared that nobody had seen");
                assert_eq!(value & ENALL, 0);
                seen[offset >> 4] &= !value;
            }
            _ => {}
        }
    }
}

#[test]
fn control_registers_are_written_from_what_was_decided() {
    let rig = Rig::new(EDGE);
    let (mut first, mut second) = (rig.channel(0), rig.channel(1));
    first.start_periodic(PERIOD).unwrap();
    for _ in 0..20 {
        second.start_one_shot(PERIOD / 3).unwrap();
        second.wait().unwrap();
        first.wait().unwrap();
        second.stop().unwrap();
    }
    assert_writes_only_what_it_decided(&rig.recorder.take());
}

#[test]
fn a_stop_of_one_channel_leaves_the_other_running() {
    let rig = Rig::new(EDGE);
    let (mut first, mut second) = (rig.channel(0), rig.channel(1));
    // Both started at once by the PWM, whose shared bit is then set.
    rig.timer.pwm().unwrap().start(PERIOD, PERIOD / 2).unwrap();
    assert_ne!(rig.control(0) & ENALL, 0);
    rig.timer.pwm().unwrap().stop().unwrap();
    assert_eq!((rig.control(0) | rig.control(1)) & (ENALL | ENT), 0);
    first.start_periodic(PERIOD).unwrap();
    second.start_periodic(PERIOD).unwrap();
    first.stop().unwrap();
    assert_eq!((rig.control(0) & ENT, rig.control(1) & ENT), (0, ENT));
    second.stop().unwrap();
    first.start_periodic(PERIOD).unwrap();
    assert_eq!((rig.control(0) & ENT, rig.control(1) & ENT), (ENT, 0));
}

#[test]
fn a_stale_event_of_a_previous_user_is_dropped_and_its_counters_are_stopped() {
    let rig = Rig::new(EDGE);
    let board = rig.board.clone();
    for channel in 0..2 {
        rig.window.write(TLR[channel], 5);
        rig.window.write(TCSR[channel], 1 << 5);
        rig.window.write(TCSR[channel], 0b1_0010 | ENIT | ENT);
    }
    board.advance(PERIOD);
    assert_ne!(rig.control(0) & TINT, 0);
    let again = pynq_drivers::AxiTimerHardware::new(rig.window.clone(), *rig.timer.config());
    assert!(again.is_ok());
    assert_eq!((rig.control(0), rig.control(1)), (0, 0));
    board.advance(PERIOD);
    assert_eq!((rig.control(0), rig.control(1)), (0, 0));
}
