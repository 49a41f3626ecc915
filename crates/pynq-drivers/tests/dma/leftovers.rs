//! What a transfer that has ended leaves behind: for the other channel, and for a block that has not let go of memory.

use std::{task::Poll, time::Duration};

use pynq_core::{Error, dma::DmaBuffer, interrupt::Waiting, mmio::Recorded};
use pynq_drivers::axi_dma::{AxiDmaError, Transfer};
use pynq_sim::{Stimulus, StreamFault, models::axi_dma::fault};

use super::{
    common::Task,
    rig::{Build, EDGE, LEVEL, Rig},
};

fn inject(rig: &Rig, bits: u32) {
    rig.board.stimulate(&Stimulus::Port { port: format!("dma/{}", fault::PORT), bits }).unwrap();
}

/// The completion of the second packet is raised when both were taken already, with that of the first.
#[test]
fn an_interrupt_that_nobody_is_left_for_is_cleared() {
    for kind_of_intr in [LEVEL, EDGE] {
        let rig = Rig::new(Build { kind_of_intr, ..Build::scatter_gather() });
        let receiving = [0, 1].map(|_| rig.receive().start(rig.buffer(64)).unwrap());
        let first = rig.send().start(rig.filled(0, 64)).unwrap();
        rig.board.advance(Duration::from_micros(100));
        inject(&rig, fault::COMPLETE_AT_CLEAR_S2MM);
        let second = rig.send().start(rig.filled(1, 64)).unwrap();
        rig.board.advance(Duration::from_micros(100));
        for transfer in receiving {
            assert_eq!(transfer.block().unwrap().length, 64);
        }
        assert_eq!(first.block().unwrap().length + second.block().unwrap().length, 128);
        inject(&rig, 0);
        rig.recorder.take();
        // Nothing takes more than the FIFO holds.
        let mut sending = Task::waiting(rig.send().transfer_async(rig.filled(2, 8_000)));
        for _ in 0..10 {
            rig.board.advance(Duration::from_micros(100));
        }
        let accesses = rig.recorder.take().len();
        assert!(accesses < 30, "{accesses} accesses for nothing");
        assert!(sending.poll().is_pending());
        drop(sending);
        rig.assert_idle();
    }
}

/// A receiving transfer, and the two packets that are sent.
type Transfers = (Waiting<Transfer<[DmaBuffer; 3]>>, [Waiting<Transfer<DmaBuffer>>; 2]);

/// A packet has ended before its last buffer, and the block, which is in the midst of the next one, can't be stopped.
/// No one has looked at it yet.
fn ended_early(rig: &Rig) -> Transfers {
    let receiving = rig.receive().start([rig.buffer(64), rig.buffer(64), rig.buffer(16_000)]).unwrap();
    let first = rig.send().start(rig.filled(2, 100)).unwrap();
    rig.board.advance(Duration::from_micros(100));
    let second = rig.send().start(rig.filled(3, 8_000)).unwrap();
    rig.board.advance(Duration::from_micros(5));
    rig.board.stream_fault("fifo/M_AXIS", StreamFault::Stalled).unwrap();
    (receiving, [first, second])
}

#[test]
fn a_reset_at_the_early_end_of_a_packet_is_told_to_the_other_channel() {
    let rig = Rig::new(Build::scatter_gather());
    let buffers = [rig.buffer(64), rig.buffer(64), rig.buffer(60_000)];
    let mut receiving = Task::waiting(rig.receive().transfer_async(buffers));
    // The interrupt is late: the block is in the midst of the next packet, which stalls.
    inject(&rig, fault::COMPLETE_AT_CLEAR_S2MM);
    let mut first = Task::waiting(rig.send().transfer_async(rig.filled(2, 100)));
    let mut sending = Task::waiting(rig.send().transfer_async(rig.filled(3, 60_000)));
    rig.board.advance(Duration::from_micros(5));
    rig.board.stream_fault("fifo/M_AXIS", StreamFault::Stalled).unwrap();
    rig.board.advance(Duration::from_micros(100));
    assert!(first.is_woken() && !sending.is_woken() && !receiving.is_woken());
    inject(&rig, 0);
    let Poll::Ready(Ok(received)) = receiving.poll() else { panic!("its packet has an end") };
    assert_eq!(received.length, 100);
    assert!(matches!(first.poll(), Poll::Ready(Ok(_))));
    assert!(sending.is_woken(), "nothing else ever ends it");
    let Poll::Ready(Err(error)) = sending.poll() else { panic!("it was reset") };
    assert_eq!((*error.cause(), error.is_leaked()), (AxiDmaError::Reset, false));
    rig.assert_idle();
}

#[test]
fn buffers_behind_an_early_end_are_kept_from_the_program_if_the_block_does_not_stop() {
    let rig = Rig::new(Build::scatter_gather());
    let (receiving, [_, sending]) = ended_early(&rig);
    inject(&rig, fault::STUCK_RESET);
    let error = receiving.block().unwrap_err();
    assert_eq!((*error.cause(), error.is_leaked()), (AxiDmaError::ResetStuck, true), "the block is in the third one");
    assert!(sending.block().unwrap_err().is_leaked());
}

#[test]
fn descriptors_of_a_block_that_does_not_stop_are_leaked() {
    let rig = Rig::new(Build::scatter_gather());
    let free = rig.memory.free();
    let receiving = rig.receive().start(rig.buffer(64)).unwrap();
    let sending = rig.send().start(rig.filled(1, 8_000)).unwrap();
    rig.board.stream_fault("fifo/M_AXIS", StreamFault::Stalled).unwrap();
    rig.board.advance(Duration::from_micros(100));
    inject(&rig, fault::STUCK_RESET);
    assert!(sending.block_until(Duration::from_millis(1)).unwrap_err().is_leaked());
    assert!(receiving.block().unwrap_err().is_leaked());
    let left = rig.memory.free();
    assert_eq!(left, free - 64 - 8_000);
    // Others in their place would set the old ones free.
    let refused = rig.receive().use_descriptors(rig.buffer(64)).unwrap_err();
    assert_eq!((*refused.cause(), refused.is_leaked()), (AxiDmaError::ResetStuck, false));
    drop(refused);
    assert_eq!(rig.memory.free(), left);
    let Rig { dma, memory, .. } = rig;
    drop(dma);
    assert_eq!(memory.free(), left, "the block may write to its descriptors yet");
}

#[test]
fn a_design_that_goes_after_an_error_is_reset_as_well() {
    let rig = Rig::new(Build::scatter_gather());
    let bad = rig.buffer(64);
    rig.board.inject_bus_errors(bad.physical_address(), 1);
    let receiving = Task::waiting(rig.receive().transfer_async(rig.buffer(640)));
    let _failed = rig.send().start(bad).unwrap();
    rig.board.advance(Duration::from_micros(100));
    assert!(receiving.is_woken(), "the error of one ends the other");
    rig.recorder.take();
    rig.dma.node().invalidate(Error::Invalidated);
    let resets = rig
        .recorder
        .take()
        .into_iter()
        .filter(|access| matches!(access, Recorded::Write { offset: 0 | 0x30, value: 4 }));
    assert_eq!(resets.count(), 1, "descriptors are freed, and the other channel may be in the midst of one");
}
