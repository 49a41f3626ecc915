//! Errors that the block reports, and what becomes of the transfers of both channels.

use std::{task::Poll, time::Duration};

use pynq_core::{
    Error,
    dma::{DmaAllocator, DmaBuffer, DmaRequest},
};
use pynq_drivers::axi_dma::{AxiDmaError, DmaDirection, DmaFault};
use pynq_sim::{Stimulus, StreamFault, models::axi_dma::fault};

use super::{
    common::Task,
    rig::{Build, EDGE, LEVEL, Rig, pattern},
};

/// Buffers where the memory of `rig` is for the allocator, and none for the block.
fn nowhere(rig: &Rig, size: usize) -> DmaBuffer {
    DmaBuffer::boxed(rig.memory.allocate(&DmaRequest::new(size)).unwrap())
}

fn fault_of(channel: DmaDirection, fault: DmaFault) -> AxiDmaError {
    AxiDmaError::Fault { channel, fault, descriptor: None }
}

/// A transfer works as if nothing had been.
#[track_caller]
fn works(rig: &Rig) {
    let receiving = rig.receive().start(rig.buffer(100)).unwrap();
    rig.send().transfer(rig.filled(4, 100)).unwrap();
    let received = receiving.block().unwrap();
    assert!(received.length == 100 && received.packet.iter().copied().eq(pattern(4).take(100)));
    rig.assert_idle();
}

#[test]
fn a_packet_longer_than_its_buffer() {
    for kind_of_intr in [LEVEL, EDGE] {
        let rig = Rig::new(Build { kind_of_intr, ..Build::direct() });
        let receiving = rig.receive().start(rig.buffer(60)).unwrap();
        let mut sending = Task::new(rig.send().transfer_async(rig.filled(1, 64)));
        let _ = sending.poll();
        let error = receiving.block().unwrap_err();
        assert_eq!(*error.cause(), fault_of(DmaDirection::Receive, DmaFault::Internal));
        assert!(error.to_string().contains("(TLAST)") && error.packet.is_some(), "{error}");
        // MM2S may have been done before that.
        if let Poll::Ready(ended) = sending.poll() {
            assert!(ended.is_ok() || ended.is_err_and(|error| error.packet.is_some()));
        }
        drop(sending);
        // What is left of the packet is in the FIFO still.
        rig.board.advance(Duration::from_millis(1));
        let rest = rig.receive().start(rig.buffer(4)).unwrap().block().unwrap();
        assert_eq!(rest.length, 4);
        works(&rig);
    }
}

#[test]
fn a_stream_that_marks_no_end() {
    let rig = Rig::new(Build::direct());
    rig.board.stream_fault("dma/M_AXIS_MM2S", StreamFault::MissingLast).unwrap();
    let receiving = rig.receive().start(rig.buffer(64)).unwrap();
    rig.send().transfer(rig.buffer(64)).unwrap();
    let error = receiving.block().unwrap_err();
    assert_eq!(*error.cause(), fault_of(DmaDirection::Receive, DmaFault::Internal));
    works(&rig);
}

#[test]
fn memory_that_answers_with_an_error() {
    for (channel, base) in [(DmaDirection::Send, 0x1000_0000), (DmaDirection::Receive, 0x1000_0000)] {
        let rig = Rig::new(Build { base, ..Build::direct() });
        let (sent, room) = (rig.filled(2, 64), nowhere(&rig, 64));
        let broken = if channel == DmaDirection::Send { sent.physical_address() } else { room.physical_address() };
        rig.board.inject_bus_errors(broken, 1);
        let mut receiving = Task::waiting(rig.receive().transfer_async(room));
        let mut sending = Task::waiting(rig.send().transfer_async(sent));
        rig.board.advance(Duration::from_millis(1));
        let error = fault_of(channel, DmaFault::Slave);
        assert!(receiving.is_woken(), "an error of one channel ends the wait on the other: {channel}");
        let Poll::Ready(Err(received)) = receiving.poll() else { panic!("{channel}") };
        assert_eq!((*received.cause(), received.packet.is_some()), (error, true));
        // Sending may have been over by then.
        let Poll::Ready(sent) = sending.poll() else { panic!("{channel}") };
        match sent {
            Ok(sent) => assert!(channel == DmaDirection::Receive && sent.length == 64),
            Err(failed) => assert_eq!((*failed.cause(), failed.packet.is_some()), (error, true)),
        }
        // The rest of the packet, where there is one.
        let _ = rig.receive().transfer_async(rig.buffer(64)).block_until(Duration::from_millis(1));
        works(&rig);
    }
}

#[test]
fn an_address_with_nothing_behind_it() {
    let rig = Rig::new(Build::direct());
    // A buffer of another board, with memory at other addresses.
    let other = Rig::new(Build { base: 0x3000_0000, ..Build::direct() });
    let foreign = other.buffer(64);
    let receiving = rig.receive().start(rig.buffer(64)).unwrap();
    let failed = rig.send().transfer(foreign).unwrap_err();
    assert_eq!(*failed.cause(), fault_of(DmaDirection::Send, DmaFault::Decode));
    let failed = receiving.block().unwrap_err();
    assert_eq!(*failed.cause(), fault_of(DmaDirection::Send, DmaFault::Decode), "with the error of the other channel");
    assert_eq!(rig.board.take_bus_errors().len(), 1);
    works(&rig);
}

#[test]
fn a_stalled_stream_ends_at_the_deadline_and_gives_the_buffer_back() {
    let rig = Rig::new(Build::direct());
    rig.board.stream_fault("fifo/M_AXIS", StreamFault::Stalled).unwrap();
    let receiving = rig.receive().start(rig.filled(7, 64)).unwrap();
    rig.send().transfer(rig.buffer(64)).unwrap();
    let late = receiving.block_until(Duration::from_millis(1)).unwrap_err();
    assert!(late.is_timed_out() && late.packet.is_some(), "{late}");
    rig.assert_idle();

    // Awaited, it is the same.
    let mut receiving = Task::waiting(rig.receive().transfer_async(rig.buffer(64)).until(Duration::from_millis(1)));
    rig.board.advance(Duration::from_millis(2));
    let Poll::Ready(Err(late)) = receiving.poll() else { panic!("the deadline has passed") };
    assert!(late.is_timed_out() && late.packet.is_some(), "{late}");
    rig.assert_idle();
}

#[test]
fn a_reset_that_never_ends_leaks_the_memory_and_says_so() {
    let rig = Rig::new(Build::direct());
    let free = rig.memory.free();
    let receiving = rig.receive().start(rig.buffer(64)).unwrap();
    let mut sending = Task::waiting(rig.send().transfer_async(rig.buffer(8000)));
    rig.board.stream_fault("fifo/M_AXIS", StreamFault::Stalled).unwrap();
    rig.board.stimulate(&Stimulus::Port { port: format!("dma/{}", fault::PORT), bits: fault::STUCK_RESET }).unwrap();
    let late = receiving.block_until(Duration::from_millis(1)).unwrap_err();
    assert!(late.is_timed_out() && late.is_leaked(), "{late}");
    assert!(late.to_string().contains("leaked"), "{late}");
    let Poll::Ready(Err(failed)) = sending.poll() else { panic!("the other one has ended, too") };
    assert_eq!((*failed.cause(), failed.is_leaked()), (AxiDmaError::ResetStuck, true));
    assert_eq!(rig.memory.free(), free - 64 - 8000, "neither buffer can be allocated again");
    // From here on nothing is started, and what is not started is given back.
    let refused = rig.send().transfer(rig.buffer(16)).unwrap_err();
    assert_eq!((*refused.cause(), refused.is_leaked()), (AxiDmaError::ResetStuck, false));
    rig.assert_idle();
}

#[test]
fn a_reset_on_request_ends_both_transfers() {
    let rig = Rig::new(Build::direct());
    let mut receiving = Task::waiting(rig.receive().transfer_async(rig.buffer(64)));
    let mut sending = Task::waiting(rig.send().transfer_async(rig.buffer(8000)));
    rig.dma.reset().unwrap();
    assert!(receiving.is_woken() && sending.is_woken());
    for task in [&mut receiving, &mut sending] {
        let Poll::Ready(Err(error)) = task.poll() else { panic!("it has ended") };
        assert_eq!((*error.cause(), error.is_leaked()), (AxiDmaError::Reset, false));
    }
    let rest = rig.receive().transfer_async(rig.buffer(8000)).block_until(Duration::from_millis(1));
    assert!(rest.is_ok() || rest.unwrap_err().is_timed_out());
}

#[test]
fn a_design_that_goes_ends_the_transfer_and_keeps_its_memory() {
    let rig = Rig::new(Build::direct());
    let free = rig.memory.free();
    let mut receiving = Task::waiting(rig.receive().transfer_async(rig.buffer(64)));
    rig.dma.node().invalidate(Error::Invalidated);
    let Poll::Ready(Err(error)) = receiving.poll() else { panic!("it has ended") };
    assert!(error.error.is_invalidated() && error.is_leaked(), "{error}");
    assert_eq!(rig.memory.free(), free - 64);
    // The hardware was reset on the way, so that it writes no more.
    let control = rig.recorder.take();
    assert!(!control.is_empty());
}
