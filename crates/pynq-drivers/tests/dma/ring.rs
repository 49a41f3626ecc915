//! Transfers by scatter-gather.

use std::{collections::VecDeque, time::Duration};

use pynq_drivers::{
    AxiDmaConfig,
    axi_dma::{AxiDmaError, DmaDirection, DmaFault},
};
use pynq_sim::{Stimulus, models::axi_dma::fault};

use super::{
    common::Task,
    rig::{Build, EDGE, LEVEL, Rig, pattern},
};

#[test]
fn packets_go_round_and_round_the_ring() {
    for kind_of_intr in [LEVEL, EDGE] {
        let rig = Rig::new(Build { kind_of_intr, ..Build::scatter_gather() });
        let (send, receive) = (rig.send(), rig.receive());
        let (mut sent, mut room) = (rig.buffer(5000), rig.buffer(6000));
        for round in 0..50_u8 {
            let length = 1 + usize::from(round) * 97;
            sent.iter_mut().zip(pattern(round)).for_each(|(byte, value)| *byte = value);
            let receiving = receive.start(room).unwrap();
            sent = send.transfer(sent.part(0..length).unwrap()).unwrap().packet.into_buffer();
            let received = receiving.block().unwrap();
            assert_eq!(received.length, length, "round {round}");
            room = received.packet;
            assert!(room[..length].iter().copied().eq(pattern(round).take(length)), "round {round}");
        }
        rig.assert_idle();
    }
}

#[test]
fn a_packet_in_several_buffers() {
    let rig = Rig::new(Build::scatter_gather());
    let sizes = [1, 64, 1000, 3];
    let mut packet = sizes.map(|size| rig.buffer(size));
    packet.iter_mut().flat_map(|buffer| &mut buffer[..]).zip(pattern(5)).for_each(|(byte, value)| *byte = value);
    let receiving = rig.receive().start(vec![rig.buffer(500), rig.buffer(568)]).unwrap();
    let sent = rig.send().transfer(packet).unwrap();
    assert_eq!(sent.length, 1068);
    let received = receiving.block().unwrap();
    assert_eq!(received.length, 1068);
    assert!(received.packet.iter().flat_map(|buffer| &buffer[..]).copied().eq(pattern(5).take(1068)));
    rig.assert_idle();
}

/// Several are queued, and none waits for the program between them.
#[test]
fn transfers_are_queued_while_the_block_is_at_work() {
    for kind_of_intr in [LEVEL, EDGE] {
        let rig = Rig::new(Build { kind_of_intr, ..Build::scatter_gather() });
        let (send, receive) = (rig.send(), rig.receive());
        let receiving: Vec<_> = (0..10).map(|_| receive.start(rig.buffer(600)).unwrap()).collect();
        let sending: Vec<_> = (0..10).map(|seed| send.start(rig.filled(seed, 600)).unwrap()).collect();
        rig.board.advance(Duration::from_millis(1));
        for (transfer, seed) in receiving.into_iter().zip(0..) {
            let received = transfer.block().unwrap();
            assert!(received.length == 600 && received.packet.iter().copied().eq(pattern(seed).take(600)), "{seed}");
        }
        // In any order.
        for transfer in sending.into_iter().rev() {
            assert_eq!(transfer.block().unwrap().length, 600);
        }
        rig.assert_idle();
    }
}

/// Three at a time are under way, at all stages of the ones before.
#[test]
fn appended_behind_a_tail_that_is_under_way() {
    let rig = Rig::new(Build::scatter_gather());
    let (send, receive) = (rig.send(), rig.receive());
    let mut queue = VecDeque::new();
    for seed in 0..80 {
        queue.push_back((seed, receive.start(rig.buffer(100)).unwrap(), send.start(rig.filled(seed, 100)).unwrap()));
        rig.board.advance(Duration::from_nanos(u64::from(seed) * 13 % 600));
        if queue.len() == 3 {
            let (seed, receiving, sending) = queue.pop_front().unwrap();
            assert!(receiving.block().unwrap().packet.iter().copied().eq(pattern(seed).take(100)), "{seed}");
            assert_eq!(sending.block().unwrap().length, 100);
        }
    }
    drop(queue);
    rig.assert_idle();
}

#[test]
fn a_ring_that_is_full_and_one_of_a_single_descriptor() {
    let rig = Rig::new(Build::scatter_gather());
    let (send, receive) = (rig.send(), rig.receive());
    assert_eq!(receive.descriptors().unwrap(), 16);
    let rooms: Vec<_> = (0..15).map(|_| rig.buffer(64)).collect();
    let mut first = Task::waiting(receive.transfer_async(rooms));
    let refused = receive.start([rig.buffer(64), rig.buffer(64)]).unwrap_err();
    assert_eq!(*refused.cause(), AxiDmaError::TooManyBuffers { count: 2, free: 1 });
    assert!(refused.packet.is_some());
    let refused = receive.use_descriptors(rig.buffer(64)).unwrap_err();
    assert_eq!(*refused.cause(), AxiDmaError::Busy { channel: DmaDirection::Receive });
    assert!(first.poll().is_pending());
    drop(first);

    let odd = rig.buffer(128).part(0..64).unwrap().into_buffer();
    receive.use_descriptors(odd).unwrap();
    send.use_descriptors(rig.buffer(64)).unwrap();
    let refused = send.use_descriptors(rig.buffer(32)).unwrap_err();
    assert!(matches!(refused.cause(), AxiDmaError::TooManyBuffers { free: 0, .. }) && refused.packet.is_some());
    for seed in 0..5 {
        let receiving = receive.start(rig.buffer(64)).unwrap();
        send.transfer(rig.filled(seed, 64)).unwrap();
        assert!(receiving.block().unwrap().packet.iter().copied().eq(pattern(seed).take(64)));
    }
    rig.assert_idle();
}

#[test]
fn without_descriptors_nothing_is_started() {
    let rig = Rig::new(Build { wired: [true; 2], ..Build::scatter_gather() });
    let hardware = pynq_drivers::AxiDmaHardware::new(rig.board.window("dma").unwrap(), Build::scatter_gather().config);
    let node = pynq_drivers::axi_dma::axi_dma_node(
        pynq_core::interrupt::StdLock::new(),
        hardware.unwrap(),
        rig.board.cpu_pin(61).unwrap(),
    );
    let dma = pynq_drivers::AxiDma::new(std::sync::Arc::pin(node)).unwrap();
    let refused = dma.send().unwrap().start(rig.buffer(64)).unwrap_err();
    assert_eq!((*refused.cause(), refused.is_leaked()), (AxiDmaError::NoDescriptors, false));
}

#[test]
fn wide_addresses_of_buffers_and_descriptors() {
    let config = AxiDmaConfig { address_width: 36, ..Build::scatter_gather().config };
    let rig = Rig::new(Build { config, base: 0x9_0000_0000, ..Build::scatter_gather() });
    for seed in 0..20 {
        let receiving = rig.receive().start([rig.buffer(64), rig.buffer(64)]).unwrap();
        rig.send().transfer([rig.filled(seed, 64), rig.filled(seed, 64)]).unwrap();
        let received = receiving.block().unwrap();
        assert!(received.packet.iter().all(|buffer| buffer.iter().copied().eq(pattern(seed).take(64))));
    }
}

#[test]
fn a_packet_that_ends_before_its_last_buffer() {
    let rig = Rig::new(Build::scatter_gather());
    for _ in 0..3 {
        let receiving = rig.receive().start([rig.buffer(64), rig.buffer(64), rig.buffer(64)]).unwrap();
        rig.send().transfer(rig.filled(2, 100)).unwrap();
        let received = receiving.block().unwrap();
        assert_eq!(received.length, 100);
        assert!(received.packet[0].iter().copied().eq(pattern(2).take(64)));
        // The block has none of them any more: what comes next goes elsewhere.
        let addresses = received.packet.each_ref().map(|buffer| buffer.physical_address());
        let receiving = rig.receive().start(rig.buffer(64)).unwrap();
        rig.send().transfer(rig.filled(3, 64)).unwrap();
        let next = receiving.block().unwrap();
        assert!(!addresses.contains(&next.packet.physical_address()));
        assert!(next.packet.iter().copied().eq(pattern(3).take(64)));
    }
    rig.assert_idle();
}

#[test]
fn a_packet_longer_than_its_buffers() {
    let rig = Rig::new(Build::scatter_gather());
    let receiving = rig.receive().start([rig.buffer(64), rig.buffer(64)]).unwrap();
    let queued = rig.receive().start(rig.buffer(640)).unwrap();
    let sending = rig.send().start(rig.filled(2, 200)).unwrap();
    let error = receiving.block().unwrap_err();
    let fault = AxiDmaError::Fault { channel: DmaDirection::Receive, fault: DmaFault::Internal, descriptor: Some(1) };
    assert_eq!((*error.cause(), error.is_leaked()), (fault, false));
    assert!(error.to_string().contains("at descriptor 1"), "{error}");
    assert!(queued.block().is_err(), "it would have had the rest of that packet");
    drop(sending);
}

#[test]
fn an_error_names_the_descriptor() {
    let rig = Rig::new(Build::scatter_gather());
    let good = rig.buffer(64);
    let bad = rig.buffer(64);
    rig.board.inject_bus_errors(bad.physical_address(), 1);
    let receiving = rig.receive().start(rig.buffer(640)).unwrap();
    let failed = rig.send().transfer([rig.buffer(64), good, bad, rig.buffer(64)]).unwrap_err();
    let fault = AxiDmaError::Fault { channel: DmaDirection::Send, fault: DmaFault::Slave, descriptor: Some(2) };
    assert_eq!((*failed.cause(), failed.packet.is_some()), (fault, true));
    assert_eq!(*receiving.block().unwrap_err().cause(), fault, "the other channel's, with the error of this one");
    rig.assert_idle();
}

/// The second packet is over in the very clock in which the completion of the first is cleared.
#[test]
fn a_completion_in_the_clock_of_a_clear_is_not_lost() {
    for (bits, of_send) in [(fault::COMPLETE_AT_CLEAR_MM2S, true), (fault::COMPLETE_AT_CLEAR_S2MM, false)] {
        let rig = Rig::new(Build::scatter_gather());
        let (send, receive) = (rig.send(), rig.receive());
        let receiving = [0, 1].map(|_| receive.start(rig.buffer(64)).unwrap());
        let first = send.start(rig.filled(0, 64)).unwrap();
        rig.board.advance(Duration::from_micros(100));
        rig.board.stimulate(&Stimulus::Port { port: format!("dma/{}", fault::PORT), bits }).unwrap();
        let second = send.start(rig.filled(1, 64)).unwrap();
        rig.board.advance(Duration::from_micros(100));
        assert!(send.is_busy().unwrap() && receive.is_busy().unwrap(), "no one has looked at either yet");
        let sending = [first, second];
        if of_send {
            for transfer in sending {
                assert_eq!(transfer.block().unwrap().length, 64);
            }
            for transfer in receiving {
                assert_eq!(transfer.block().unwrap().length, 64);
            }
        } else {
            for transfer in receiving {
                assert_eq!(transfer.block().unwrap().length, 64);
            }
            for transfer in sending {
                assert_eq!(transfer.block().unwrap().length, 64);
            }
        }
        rig.assert_idle();
    }
}
