//! Failures of the emulator itself.
#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::{
    pin::Pin,
    process,
    task::{Context, Poll, Waker},
    time::Duration,
};

use common::emulator;
use pynq_core::interrupt::InterruptSource as _;
use pynq_qtest::{Command, Error, MicroBlazeV, Qtest, Time};

#[test]
fn a_machine_that_does_not_exist_is_told_with_what_qemu_says() {
    let mut command = process::Command::new(emulator!());
    command.args(["-M", "no-such-machine", "-display", "none"]);
    let error = Qtest::start(command).unwrap_err();
    assert!(matches!(error, Error::Ended { .. }), "{error:?}");
    assert!(error.to_string().contains("unsupported machine type"), "{error}");
}

#[test]
fn a_device_that_does_not_exist_is_refused_and_the_connection_goes_on() {
    let board = MicroBlazeV::start(emulator!(), Time::Stands, &[]).unwrap();
    let qtest = board.qtest();
    let read = Command::Read32 { address: MicroBlazeV::INTC };
    let set = Command::SetInput { device: "/machine/no-such-device", input: 0, level: true };
    let error = qtest.run(&[read, set, read]).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert_eq!(qtest.failure(), None);
    qtest.write32(MicroBlazeV::INTC + 8, 0x1234_5678).unwrap();
    assert_eq!(qtest.read32(MicroBlazeV::INTC + 8), Ok(0x1234_5678), "answers still belong to their commands");
}

#[test]
fn many_commands_at_once_are_answered_in_order() {
    let board = MicroBlazeV::start(emulator!(), Time::Stands, &[]).unwrap();
    let address = MicroBlazeV::INTC + 8;
    let commands: Vec<_> =
        (0..5_000).flat_map(|value| [Command::Write32 { address, value }, Command::Read32 { address }]).collect();
    assert_eq!(board.qtest().run(&commands), Ok((0..5_000).collect()));
}

#[test]
fn an_emulator_that_gives_no_answer_in_time_is_killed() {
    let board = MicroBlazeV::start(emulator!(), Time::Stands, &[]).unwrap();
    let qtest = board.qtest();
    qtest.set_limit(Duration::ZERO);
    let error = loop {
        if let Err(error) = qtest.read32(MicroBlazeV::INTC) {
            break error;
        }
    };
    assert!(matches!(error, Error::Silent { .. }), "{error:?}");
    assert_eq!(qtest.read32(MicroBlazeV::INTC), Err(error.clone()));
    assert_eq!(qtest.failure(), Some(error));
}

#[test]
fn it_is_stopped_with_its_machine_whatever_handles_there_are() {
    let board = MicroBlazeV::start(emulator!(), Time::Stands, &[]).unwrap();
    let (qtest, pin) = (board.qtest().clone(), board.cpu_pin());
    assert_eq!(qtest.failure(), None);
    drop(board);
    assert_eq!(qtest.failure(), Some(Error::Stopped));
    assert_eq!(qtest.read32(MicroBlazeV::INTC), Err(Error::Stopped));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(Pin::new(&pin).poll_fired(&mut cx), Poll::Ready(Err(pynq_core::Error::DeviceGone)));
}
