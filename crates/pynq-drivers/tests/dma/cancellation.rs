//! A transfer may be given up at any point: the hardware has let go of the buffer before it is anybody's again.

use std::{pin::pin, task::Poll, time::Duration};

use pynq_drivers::axi_dma::{AxiDmaError, DmaChannel};
use pynq_sim::StreamFault;

use super::{
    common::Task,
    rig::{Build, EDGE, LEVEL, Rig, pattern},
};

const BYTES: usize = 6000;

/// Builds of both modes, with either kind of input at the controller.
fn builds() -> impl Iterator<Item = Build> {
    [Build::direct(), Build::scatter_gather()]
        .into_iter()
        .flat_map(|build| [LEVEL, EDGE].map(|kind_of_intr| Build { kind_of_intr, ..build }))
}

/// Both channels work as if nothing had been, once what was left in the FIFO is out.
#[track_caller]
fn works(rig: &Rig) {
    // A reset leaves the end of a packet behind, without a TLAST or with it.
    let length = 1 + BYTES.next_multiple_of(4);
    for _ in 0..3 {
        let mut rest = Task::new(rig.receive().transfer_async(rig.buffer(length.min(16_000))));
        let _ = rest.poll();
        rig.board.advance(Duration::from_millis(1));
        drop(rest);
    }
    let receiving = rig.receive().start(rig.buffer(200)).unwrap();
    let sent = rig.send().transfer(rig.filled(4, 200));
    let received = receiving.block();
    let (sent, received) = (sent.unwrap(), received.unwrap());
    // The FIFO may have had bytes of a packet without an end before those of this one.
    let bytes = &received.packet[..received.length];
    assert!(bytes.ends_with(&sent.packet[..received.length.min(200)]), "{} bytes", received.length);
    drop((sent, received));
    rig.assert_idle();
    assert!(!rig.send().is_busy().unwrap() && !rig.receive().is_busy().unwrap());
}

/// Memory of a buffer that was given back, or freed, is not written to any more.
#[track_caller]
fn untouched(rig: &Rig, address: u64) {
    let probe = vec![0x5A; BYTES];
    rig.board.write_memory(address, &probe).unwrap();
    rig.board.advance(Duration::from_millis(10));
    let mut found = vec![0; BYTES];
    rig.board.read_memory(address, &mut found).unwrap();
    assert_eq!(found, probe, "written after it was given back");
}

/// How long to let things go on before a transfer is given up: in the middle, and after its end.
const WHEN: [u64; 6] = [0, 1, 5, 10, 14, 1000];

#[test]
fn a_dropped_transfer_frees_its_memory_and_leaves_it_alone() {
    for build in builds() {
        for micros in WHEN {
            for polls in 0..3 {
                let rig = Rig::new(build);
                let free = rig.memory.free();
                let mut sending = Task::new(rig.send().transfer_async(rig.filled(1, BYTES)));
                let room = rig.buffer(BYTES);
                let address = room.physical_address();
                let mut receiving = Task::new(rig.receive().transfer_async(room));
                let mut received = false;
                for _ in 0..polls {
                    if !received {
                        received = receiving.poll().is_ready();
                    }
                    if polls > 1 && !received {
                        let _ = sending.poll();
                    }
                    rig.board.advance(Duration::from_micros(micros));
                }
                drop(receiving);
                untouched(&rig, address);
                drop(sending);
                assert_eq!(rig.memory.free(), free, "{micros} us, {polls} polls: all memory is free again");
                rig.assert_idle();
                works(&rig);
            }
        }
    }
}

#[test]
fn a_cancelled_transfer_gives_its_buffer_back() {
    for build in builds() {
        for micros in WHEN {
            let rig = Rig::new(build);
            let room = rig.filled(9, BYTES);
            let address = room.physical_address();
            {
                let mut receiving = pin!(rig.receive().start(room).unwrap());
                let mut sending = Task::new(rig.send().transfer_async(rig.filled(1, BYTES)));
                let _ = sending.poll();
                rig.board.advance(Duration::from_micros(micros));
                assert!(receiving.as_ref().as_wait().is_running());
                let room = receiving.as_mut().as_wait_mut().cancel().expect("it is given back");
                assert_eq!(room.len(), BYTES);
                assert!(receiving.as_mut().as_wait_mut().cancel().is_none(), "once");
                assert!(!receiving.as_ref().as_wait().is_running());
                drop(room);
                untouched(&rig, address);
            }
            works(&rig);
        }
    }
}

#[test]
fn a_transfer_that_was_not_started_is_given_back_without_a_register() {
    let rig = Rig::new(Build::direct());
    rig.recorder.take();
    let mut transfer = pin!(rig.send().transfer_async(rig.filled(1, 64)));
    assert!(transfer.as_mut().as_wait_mut().cancel().unwrap().iter().copied().eq(pattern(1).take(64)));
    drop(rig.receive().transfer_async(rig.buffer(64)));
    assert_eq!(rig.recorder.take(), []);
    let Poll::Ready(Err(over)) = super::common::poll_once(transfer) else { panic!("it is over") };
    assert_eq!(*over.cause(), AxiDmaError::Over);
}

/// Giving up one that stalls takes a reset, which ends the other channel's transfer with an error of its own.
#[test]
fn a_reset_by_one_channel_is_told_to_the_other() {
    for build in builds() {
        let rig = Rig::new(build);
        rig.board.stream_fault("fifo/M_AXIS", StreamFault::Stalled).unwrap();
        let mut receiving = Task::waiting(rig.receive().transfer_async(rig.buffer(64)));
        // More than the FIFO takes.
        let mut sending = Task::waiting(rig.send().transfer_async(rig.filled(1, BYTES)));
        rig.board.advance(Duration::from_millis(1));
        assert!(sending.poll().is_pending() && receiving.poll().is_pending());
        drop(sending);
        if receiving.is_woken() {
            let Poll::Ready(Err(error)) = receiving.poll() else { panic!("it was reset") };
            assert_eq!((*error.cause(), error.is_leaked()), (AxiDmaError::Reset, false));
            assert!(error.to_string().contains("could not be stopped alone"), "{error}");
        } else {
            // It could be stopped alone.
            assert!(rig.receive().is_busy().unwrap());
        }
        drop(receiving);
        rig.board.stream_fault("fifo/M_AXIS", StreamFault::None).unwrap();
        rig.board.advance(Duration::from_millis(1));
        works(&rig);
    }
}

#[test]
fn under_load_and_at_random() {
    // A generator of its own, so that a failure can be repeated.
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for build in builds() {
        let rig = Rig::new(build);
        let free = rig.memory.free();
        for round in 0..150 {
            let length = 1 + next(4000) as usize;
            let start = |channel: &DmaChannel, buffer| Task::new(channel.transfer_async(buffer));
            let mut receiving = start(&rig.receive(), rig.buffer(4096));
            let mut sending = start(&rig.send(), rig.filled(round as u8, length));
            let (mut received, mut sent) = (receiving.poll().is_ready(), sending.poll().is_ready());
            for _ in 0..next(4) {
                rig.board.advance(Duration::from_nanos(next(20_000)));
                if receiving.is_woken() {
                    received |= receiving.poll().is_ready();
                }
                if sending.is_woken() {
                    sent |= sending.poll().is_ready();
                }
            }
            let _ = (received, sent);
            if next(2) == 0 {
                drop(sending);
                drop(receiving);
            } else {
                drop(receiving);
                drop(sending);
            }
            assert_eq!(rig.memory.free(), free, "round {round}");
            rig.assert_idle();
        }
    }
}
