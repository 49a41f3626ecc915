//! Cyclic mode.

use std::{pin::pin, task::Poll, time::Duration};

use pynq_drivers::axi_dma::{AxiDmaError, DmaDirection, DmaFault, Period};

use super::{
    common::Task,
    rig::{Build, EDGE, LEVEL, Rig, pattern},
};

const PERIOD: usize = 64;

/// Sends one period of a pattern.
fn send(rig: &Rig, seed: u8) {
    rig.send().transfer(rig.filled(seed, PERIOD)).unwrap();
    rig.board.advance(Duration::from_micros(10));
}

#[test]
fn periods_come_one_after_the_other_for_ever() {
    for kind_of_intr in [LEVEL, EDGE] {
        let rig = Rig::new(Build { kind_of_intr, ..Build::scatter_gather() });
        let free = rig.memory.free();
        {
            let mut capture = pin!(rig.receive().cyclic(rig.items::<u32>(4 * PERIOD / 4), 4).unwrap());
            assert_eq!(capture.period_len(), PERIOD / 4);
            for number in 0..50_u64 {
                let mut next = Task::waiting(capture.as_mut().next_async());
                send(&rig, number as u8);
                assert!(next.is_woken());
                let Poll::Ready(Ok(period)) = next.poll() else { panic!("period {number}") };
                drop(next);
                assert_eq!(period, Period { number, index: (number % 4) as usize, length: PERIOD, lost: 0 });
                let mut items = [0_u32; PERIOD / 4];
                capture.as_mut().copy_out(&period, &mut items).unwrap();
                let bytes: Vec<u8> = items.iter().flat_map(|item| item.to_ne_bytes()).collect();
                assert!(bytes.into_iter().eq(pattern(number as u8).take(PERIOD)), "period {number}");
            }
            // It runs, and the channel is its own.
            assert_eq!(
                *rig.receive().start(rig.buffer(64)).unwrap_err().cause(),
                AxiDmaError::Busy { channel: DmaDirection::Receive }
            );
        }
        assert_eq!(rig.memory.free(), free, "dropped, it is freed");
        rig.assert_idle();
        let receiving = rig.receive().start(rig.buffer(640)).unwrap();
        send(&rig, 9);
        assert!(receiving.block().unwrap().packet[..PERIOD].iter().copied().eq(pattern(9).take(PERIOD)));
    }
}

#[test]
fn periods_that_are_not_asked_for_in_time_are_told_as_lost() {
    let rig = Rig::new(Build::scatter_gather());
    let mut capture = pin!(rig.receive().cyclic(rig.buffer(4 * PERIOD), 4).unwrap());
    for number in 0..3 {
        send(&rig, number);
    }
    // Three are there, and none was lost.
    let first = capture.as_mut().next().unwrap();
    assert_eq!((first.number, first.lost), (0, 0));
    let mut bytes = [0; PERIOD];
    capture.as_mut().copy_out(&first, &mut bytes).unwrap();
    assert!(bytes.into_iter().eq(pattern(0).take(PERIOD)));
    // The block comes round to what was told, and says so.
    send(&rig, 3);
    let overrun = capture.as_mut().copy_out(&first, &mut bytes).unwrap_err();
    assert_eq!(*overrun.cause(), AxiDmaError::Overrun { number: 0, lost: 1 });
    for number in 4..10 {
        send(&rig, number);
        // The interrupt was served each time, if by nobody that takes a period.
        drop(Task::new(capture.as_mut().next_async()));
        let _ = capture.as_mut().copy_out(&first, &mut bytes);
    }
    // Ten are complete, the block is in the one of number 6, and 7 to 9 are whole.
    let next = capture.as_mut().next().unwrap();
    assert_eq!((next.number, next.lost), (7, 6));
    capture.as_mut().copy_out(&next, &mut bytes).unwrap();
    assert!(bytes.into_iter().eq(pattern(7).take(PERIOD)));
    assert_eq!(capture.as_mut().next().unwrap().number, 8);
    let buffer = capture.as_mut().stop().unwrap();
    assert!(buffer[PERIOD..2 * PERIOD].iter().copied().eq(pattern(9).take(PERIOD)), "what was received is in it");
    assert_eq!(*capture.as_mut().stop().unwrap_err().cause(), AxiDmaError::Over);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let ended = futures_core::Stream::poll_next(capture.as_mut(), &mut cx);
    assert!(matches!(ended, Poll::Ready(None)), "the stream has ended");
    rig.assert_idle();
}

#[test]
fn what_is_played_can_be_changed_behind_the_block() {
    let rig = Rig::new(Build::scatter_gather());
    let mut sound = rig.buffer(2 * PERIOD);
    sound.chunks_mut(PERIOD).zip([1, 2]).for_each(|(period, seed)| {
        period.iter_mut().zip(pattern(seed)).for_each(|(byte, value)| *byte = value);
    });
    let mut play = pin!(rig.send().cyclic(sound, 2).unwrap());
    let mut heard = Vec::new();
    for round in 0..100 {
        // The FIFO is full at some time, and the block waits for it to be emptied.
        let received = rig.receive().transfer(rig.buffer(PERIOD)).unwrap();
        let seed = received.packet[0];
        assert!(received.packet.iter().copied().eq(pattern(seed).take(PERIOD)), "round {round}: of one piece");
        heard.push(seed);
        if round == 20 {
            // All there are up to now.
            let played = loop {
                let period = play.as_mut().next().unwrap();
                let filling: Vec<u8> = pattern(3).take(PERIOD).collect();
                match play.as_mut().copy_in(&period, &filling) {
                    Ok(()) => break period,
                    Err(late) => assert!(matches!(late.cause(), AxiDmaError::Overrun { .. }), "{late}"),
                }
            };
            assert!(played.number > 20, "{played:?}");
        }
    }
    assert_eq!(heard[90..].iter().filter(|seed| **seed == 3).count(), 5, "every other one: {heard:?}");
    let buffer = play.as_mut().stop().unwrap();
    assert!(buffer.chunks(PERIOD).any(|period| period.iter().copied().eq(pattern(3).take(PERIOD))));
    rig.assert_idle();
}

#[test]
fn what_can_not_go_round_is_refused_with_its_buffer() {
    let direct = Rig::new(Build::direct());
    let refused = direct.receive().cyclic(direct.buffer(64), 2).unwrap_err();
    assert_eq!((*refused.cause(), refused.is_leaked()), (AxiDmaError::NotCyclic, false));
    let rig = Rig::new(Build::scatter_gather());
    let receive = rig.receive();
    for (periods, items) in [(0, 64), (1, 64), (3, 64)] {
        let refused = receive.cyclic(rig.buffer(items), periods).unwrap_err();
        assert_eq!((*refused.cause(), refused.is_leaked()), (AxiDmaError::Periods { periods, items }, false));
    }
    let refused = receive.cyclic(rig.buffer(17 * 64), 17).unwrap_err();
    assert_eq!(*refused.cause(), AxiDmaError::TooManyBuffers { count: 17, free: 16 });
    // Periods of three bytes are not aligned.
    let refused = receive.cyclic(rig.buffer(6), 2).unwrap_err();
    assert!(matches!(refused.cause(), AxiDmaError::Misaligned { alignment: 4, .. }), "{refused}");
    let running = receive.start(rig.buffer(64)).unwrap();
    let refused = receive.cyclic(rig.buffer(64), 2).unwrap_err();
    assert_eq!(*refused.cause(), AxiDmaError::Busy { channel: DmaDirection::Receive });
    drop(running);
    rig.assert_idle();
}

#[test]
fn an_error_comes_after_the_periods_that_were_whole() {
    let rig = Rig::new(Build::scatter_gather());
    let buffer = rig.buffer(4 * PERIOD);
    let bad = buffer.physical_address() + 2 * PERIOD as u64;
    let mut capture = pin!(rig.receive().cyclic(buffer, 4).unwrap());
    rig.board.inject_bus_errors(bad, 1);
    send(&rig, 0);
    send(&rig, 1);
    let failed = rig.send().transfer(rig.filled(2, PERIOD));
    rig.board.advance(Duration::from_micros(10));
    drop(failed);
    assert_eq!(capture.as_mut().next().unwrap().number, 0);
    assert_eq!(capture.as_mut().next().unwrap().number, 1);
    let error = capture.as_mut().next().unwrap_err();
    assert!(
        matches!(error.cause(), AxiDmaError::Fault { channel: DmaDirection::Receive, fault: DmaFault::Slave, .. }),
        "{error}"
    );
    assert_eq!(capture.as_mut().stop().unwrap().len(), 4 * PERIOD);
    rig.assert_idle();
}

#[test]
fn a_stream_of_periods_ends_with_its_error() {
    let rig = Rig::new(Build::scatter_gather());
    let buffer = rig.buffer(4 * PERIOD);
    let mut capture = pin!(rig.receive().cyclic(buffer, 4).unwrap());
    rig.dma.reset().unwrap();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut poll = || futures_core::Stream::poll_next(capture.as_mut(), &mut cx);
    let Poll::Ready(Some(Err(error))) = poll() else { panic!("it was reset") };
    assert_eq!(*error.cause(), AxiDmaError::Reset);
    assert!(matches!(poll(), Poll::Ready(None)), "a loop over it ends");
    assert!(matches!(poll(), Poll::Ready(None)));
    assert_eq!(capture.as_mut().stop().unwrap().len(), 4 * PERIOD, "the buffer can be had back");
    rig.assert_idle();
}

#[test]
fn a_period_that_there_is_none_of_is_refused() {
    let rig = Rig::new(Build::scatter_gather());
    let mut capture = pin!(rig.receive().cyclic(rig.buffer(4 * PERIOD), 4).unwrap());
    for index in [4, usize::MAX / PERIOD, usize::MAX] {
        let period = Period { number: u64::MAX, index, length: PERIOD, lost: 0 };
        let refused = capture.as_mut().copy_out(&period, &mut [0; PERIOD]).unwrap_err();
        assert!(matches!(refused.cause(), AxiDmaError::Memory { .. }), "{refused}");
        let refused = capture.as_mut().copy_in(&period, &[0; PERIOD]).unwrap_err();
        assert!(matches!(refused.cause(), AxiDmaError::Memory { .. }), "{refused}");
    }
    let ahead = Period { number: u64::MAX, index: 0, length: PERIOD, lost: 0 };
    assert!(capture.as_mut().copy_out(&ahead, &mut [0; PERIOD]).is_ok(), "the block has not come round to it");
}

#[test]
fn a_round_that_nobody_saw_is_told_as_lost() {
    for count in 4..8_u8 {
        let rig = Rig::new(Build::scatter_gather());
        let mut capture = pin!(rig.receive().cyclic(rig.buffer(4 * PERIOD), 4).unwrap());
        let sent: Vec<_> = (0..count).map(|seed| rig.send().start(rig.filled(seed, PERIOD)).unwrap()).collect();
        // No task waits, so that no interrupt is served.
        rig.board.advance(Duration::from_micros(100));
        let first = u64::from(count) - 3;
        for number in first..first + 3 {
            let period = capture.as_mut().next().unwrap();
            let lost = if number == first { first } else { 0 };
            assert_eq!((period.number, period.lost), (number, lost), "of {count}: the block is in the one before");
            let mut bytes = [0; PERIOD];
            capture.as_mut().copy_out(&period, &mut bytes).unwrap();
            assert!(bytes.into_iter().eq(pattern(number as u8).take(PERIOD)), "of {count}: {number}");
        }
        sent.into_iter().for_each(|transfer| assert!(transfer.block().is_ok()));
        // And it goes on from there.
        send(&rig, count);
        let next = capture.as_mut().next().unwrap();
        assert_eq!((next.number, next.lost), (count.into(), 0));
    }
}
