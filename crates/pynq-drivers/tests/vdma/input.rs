//! Frames that come in.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_core::Stream as _;
use pynq_core::{Error, Instant};
use pynq_drivers::axi_vdma::AxiVdmaError;
use pynq_sim::{
    Access, Stimulus, StreamFault,
    device::{Frame, Message, Stream},
    models::axi_vdma::fault,
};

use super::{
    common::Task,
    rig::{Build, FORMAT, LEVEL, PERIOD, Random, Rig, number, picture},
};

#[test]
fn ten_thousand_frames_and_none_is_lost() {
    for kind_of_intr in [super::rig::EDGE, LEVEL] {
        let rig = Rig::new(Build { kind_of_intr, ..Build::default() });
        rig.start_input(1);
        for expected in 0..10_000 {
            let frame = rig.input.frame().unwrap();
            assert_eq!((frame.number(), frame.missed(), number(&frame)), (expected, 0, expected));
            assert!(!frame.size_faults().any());
        }
        assert!(rig.is_quiet(), "nobody waits");
    }
}

#[test]
fn a_late_reader_is_told_exactly_what_it_missed() {
    for stores in [2, 4, 7, 32] {
        let rig = Rig::new(Build { stores, ..Build::default() });
        rig.start_input(2);
        let (mut random, mut next) = (Random(u64::from(stores)), 0);
        for _ in 0..500 {
            // Up to 8 s, and 500 frames: the stores are gone round many times.
            let late = PERIOD * random.below(500) as u32 / (1 + random.below(3)) as u32;
            rig.board.advance(late);
            let frame = rig.input.frame().unwrap();
            let number = number(&frame);
            assert_eq!((frame.number(), frame.missed()), (number, number - next), "{stores} stores");
            next = number + 1;
        }
    }
}

#[test]
fn the_next_frame_is_none_that_was_there() {
    let rig = Rig::new(Build::default());
    rig.start_input(2);
    rig.board.advance(PERIOD * 10);
    let newest = rig.input.frame().unwrap();
    rig.board.advance(PERIOD * 3);
    let next = rig.input.next_frame().unwrap();
    assert_eq!((number(&newest), number(&next), next.missed()), (9, 13, 3));
}

#[test]
fn a_frame_stays_what_it_is_for_as_long_as_it_is_held() {
    let rig = Rig::new(Build::default());
    rig.start_input(3);
    let frames: Vec<_> = (0..3).map(|_| rig.input.frame().unwrap()).collect();
    rig.board.advance(PERIOD * 100);
    for (expected, frame) in (0..).zip(&frames) {
        assert_eq!(number(frame), expected);
        let mut memory = vec![0; frame.len()];
        rig.board.read_memory(physical(frame), &mut memory).unwrap();
        assert_eq!(number(&memory), expected, "the block writes elsewhere");
    }
    let error = rig.input.frame().unwrap_err();
    assert_eq!(*error.cause(), AxiVdmaError::AllHeld { held: 3 });
    drop(frames);
    assert_eq!(number(&rig.input.frame().unwrap()), 102);
}

/// Where a frame is in memory: the only place that has its bytes.
fn physical(frame: &pynq_drivers::axi_vdma::Frame) -> u64 {
    frame.physical_address().unwrap()
}

#[test]
fn a_frame_outlives_its_channel() {
    let rig = Rig::new(Build::default());
    rig.start_input(2);
    let frame = rig.input.frame().unwrap();
    let buffers = rig.input.stop().unwrap();
    assert_eq!(buffers.len(), 5, "all but that of the frame");
    rig.board.advance(PERIOD * 10);
    assert_eq!(number(&frame), 0);
    let mut buffers = buffers;
    assert!(frame.into_buffer().is_some_and(|buffer| buffers.push(buffer).is_ok()));
    rig.input.start(FORMAT, &mut buffers).unwrap();
    assert!(buffers.is_empty());
    assert_eq!(rig.input.frame().unwrap().number(), 0);
}

#[test]
fn a_frame_of_an_earlier_start_is_no_buffer_of_this_one() {
    let rig = Rig::new(Build::default());
    rig.start_input(1);
    let old = rig.input.frame().unwrap();
    drop(rig.input.stop().unwrap());
    rig.start_input(1);
    let held = rig.input.frame().unwrap();
    drop(old);
    let error = rig.input.frame().unwrap_err();
    assert!(matches!(error.cause(), AxiVdmaError::AllHeld { .. }), "{error}");
    drop(held);
}

#[test]
fn stopping_ends_the_waits() {
    let rig = Rig::new(Build { camera: false, ..Build::default() });
    rig.start_input(1);
    let mut wait = Task::waiting(rig.input.frame_async());
    assert!(!wait.is_woken());
    drop(rig.input.stop().unwrap());
    assert!(wait.is_woken());
    let Poll::Ready(Err(error)) = wait.poll() else { panic!("it waits") };
    assert!(matches!(error.cause(), AxiVdmaError::NotStarted { .. }), "{error}");
    assert!(matches!(rig.input.stop().unwrap_err().cause(), AxiVdmaError::NotStarted { .. }));
}

#[test]
fn a_wait_can_be_given_up_and_loses_nothing() {
    let rig = Rig::new(Build { camera: false, ..Build::default() });
    rig.start_input(1);
    drop(Task::waiting(rig.input.frame_async()));
    assert!(rig.is_quiet());
    rig.feed(7);
    assert_eq!(number(&rig.input.frame().unwrap()), 7);
    let deadline = rig.board.now() + Duration::from_millis(5);
    let late = rig.input.frame_async().block_until(deadline).unwrap_err();
    assert_eq!(*late.cause(), AxiVdmaError::Node(Error::TimedOut));
}

#[test]
fn a_stream_that_stands_still_can_be_stopped() {
    let rig = Rig::new(Build::default());
    rig.start_input(2);
    drop(rig.input.frame().unwrap());
    rig.board.stream_fault("camera/out", StreamFault::Stalled).unwrap();
    let late = rig.input.frame_async().block_until(Instant::from_millis(500)).unwrap_err();
    assert_eq!(*late.cause(), AxiVdmaError::Node(Error::TimedOut));
    assert_eq!(rig.input.stop().unwrap().len(), 6);
    rig.board.stream_fault("camera/out", StreamFault::None).unwrap();
    rig.start_input(1);
    rig.input.frame().unwrap();
}

#[test]
fn as_a_stream_the_frames_come_one_after_the_other() {
    let rig = Rig::new(Build { camera: false, ..Build::default() });
    rig.start_input(2);
    let mut frames = pin!(rig.input.frames());
    let mut cx = Context::from_waker(Waker::noop());
    for number in 0..100 {
        assert!(frames.as_mut().poll_next(&mut cx).is_pending());
        rig.feed(number);
        let Poll::Ready(Some(Ok(frame))) = frames.as_mut().poll_next(&mut cx) else { panic!("no frame {number}") };
        assert_eq!((frame.number(), super::rig::number(&frame)), (number, number));
    }
    drop(rig.input.stop().unwrap());
    assert!(matches!(frames.as_mut().poll_next(&mut cx), Poll::Ready(Some(Err(_)))));
    assert!(matches!(frames.as_mut().poll_next(&mut cx), Poll::Ready(None)));
}

/// Each register that is touched when a frame is taken, and a frame that ends right before it.
#[test]
fn a_frame_that_ends_in_the_middle_of_the_exchange_tears_nothing() {
    const ACCESSES: [(u32, Access); 10] = [
        (0x28, Access::Read),
        (0x30, Access::Write),
        (0x34, Access::Read),
        (0x34, Access::Write),
        (0xAC, Access::Write),
        (0xB0, Access::Write),
        (0xB4, Access::Write),
        (0xB8, Access::Write),
        (0xA0, Access::Write),
        (0x2C, Access::Read),
    ];
    for stores in [2, 3, 4] {
        for (offset, access) in ACCESSES {
            let rig = Rig::new(Build { stores, camera: false, ..Build::default() });
            rig.start_input(2);
            // Numbered as they arrive, which is when they are looked at.
            let fed = Arc::new(AtomicU64::new(0));
            let next = || {
                let fed = Arc::clone(&fed);
                let bytes = move || picture(fed.fetch_add(1, Ordering::Relaxed)).into();
                let frame = Frame::lazy(FORMAT.lines, FORMAT.line_bytes, bytes).begun_at(rig.board.now());
                let message = Message::Stream(Stream::Frame(frame));
                Stimulus::Message { port: "vdma/S_AXIS_S2MM".into(), message }
            };
            let mut last = None;
            let mut held = Vec::new();
            for round in 0..40 {
                rig.board.stimulate(&next()).unwrap();
                // None to 3 frames before the same access: the block may go round.
                for _ in 0..round % 4 {
                    rig.board.before_access("vdma", offset, access, next()).unwrap();
                }
                let mut frames = pin!(rig.input.frames());
                let polled = match round % 2 {
                    0 => super::common::poll_once(rig.input.frame_async()),
                    _ => frames.as_mut().poll_next(&mut Context::from_waker(Waker::noop())).map(Option::unwrap),
                };
                let Poll::Ready(frame) = polled else { continue };
                let frame = frame.unwrap();
                let number = number(&frame);
                assert!(last < Some(number), "{number} after {last:?}");
                last = Some(number);
                held.push((number, frame));
                if held.len() == 2 {
                    held.remove(0);
                }
                for (expected, frame) in &held {
                    let mut memory = vec![0; frame.len()];
                    rig.board.read_memory(physical(frame), &mut memory).unwrap();
                    assert_eq!(super::rig::number(&memory), *expected, "written to while it is held");
                }
            }
            assert!(last.is_some());
        }
    }
}

#[test]
fn a_frame_that_ends_as_the_status_is_cleared_is_not_lost() {
    let rig = Rig::new(Build { camera: false, ..Build::default() });
    rig.start_input(1);
    for number in 0..20 {
        let bits = if number % 2 == 0 { fault::FRAME_AT_CLEAR_S2MM } else { 0 };
        rig.board.stimulate(&Stimulus::Port { port: "vdma/fault".into(), bits }).unwrap();
        let mut wait = Task::waiting(rig.input.frame_async());
        rig.feed(number);
        let Poll::Ready(frame) = wait.poll() else { panic!("frame {number} is lost") };
        assert_eq!(super::rig::number(&frame.unwrap()), number);
    }
}

#[test]
fn tasks_share_the_frames() {
    let rig = Arc::new(Rig::new(Build { camera: false, ..Build::default() }));
    rig.start_input(2);
    let mut one = Task::waiting(rig.input.frame_async());
    let mut other = Task::waiting(rig.input.clone().frame_async());
    rig.feed(0);
    let Poll::Ready(first) = one.poll() else { panic!("no frame") };
    assert!(other.poll().is_pending(), "it was the other one's");
    rig.feed(1);
    let Poll::Ready(second) = other.poll() else { panic!("no frame") };
    assert_eq!((number(&first.unwrap()), number(&second.unwrap())), (0, 1));
}
