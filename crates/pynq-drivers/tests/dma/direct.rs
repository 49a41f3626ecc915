//! Transfers in direct mode.

use std::time::Duration;

use pynq_core::mmio::Recorded;
use pynq_drivers::AxiDmaConfig;

use super::{
    common::Task,
    rig::{Build, EDGE, LEVEL, Rig, pattern},
};

#[test]
fn a_packet_goes_round() {
    for kind_of_intr in [LEVEL, EDGE] {
        let rig = Rig::new(Build { kind_of_intr, ..Build::direct() });
        let (send, receive) = (rig.send(), rig.receive());
        let (mut sent, mut room) = (rig.buffer(5000), rig.buffer(6000));
        for round in 0..20_u8 {
            let length = 1 + usize::from(round) * 251;
            sent.iter_mut().zip(pattern(round)).for_each(|(byte, value)| *byte = value);
            let receiving = receive.start(room).unwrap();
            let part = sent.part(0..length).unwrap();
            sent = send.transfer(part).unwrap().packet.into_buffer();
            let received = receiving.block().unwrap();
            assert_eq!(received.length, length, "round {round}");
            room = received.packet;
            assert!(room[..length].iter().copied().eq(pattern(round).take(length)), "round {round}");
        }
        rig.assert_idle();
        assert!(!send.is_busy().unwrap() && !receive.is_busy().unwrap());
    }
}

#[test]
fn both_channels_at_once_in_any_order_of_their_ends() {
    let rig = Rig::new(Build::direct());
    let (send, receive) = (rig.send(), rig.receive());
    let mut receiving = Task::waiting(receive.transfer_async(rig.buffer(64)));
    let mut sending = Task::waiting(send.transfer_async(rig.filled(3, 64)));
    assert!(sending.poll().is_pending() && receiving.poll().is_pending());
    rig.board.advance(Duration::from_millis(1));
    assert!(sending.is_woken() && receiving.is_woken());
    let std::task::Poll::Ready(Ok(received)) = receiving.poll() else { panic!("it has ended") };
    assert!(received.packet.iter().copied().eq(pattern(3).take(64)));
    let std::task::Poll::Ready(Ok(sent)) = sending.poll() else { panic!("it has ended") };
    assert_eq!((sent.length, received.length), (64, 64));
    rig.assert_idle();
}

#[test]
fn typed_items_go_round() {
    let rig = Rig::new(Build::direct());
    let mut samples = rig.items::<f32>(100);
    samples.iter_mut().zip(0_u16..).for_each(|(sample, index)| *sample = f32::from(index) / 3.0);
    let receiving = rig.receive().start(rig.items::<f32>(100)).unwrap();
    let sent = rig.send().transfer(samples).unwrap();
    let received = receiving.block().unwrap();
    assert_eq!(&received.packet[..], &sent.packet[..]);
    assert_eq!(received.length, 400);
}

/// What a transfer costs, register by register.
#[test]
fn a_transfer_s_accesses_are_the_few_there_have_to_be() {
    // The FIFO takes all of it.
    let rig = Rig::new(Build::direct());
    let send = rig.send();
    let mut buffer = rig.buffer(64);
    // What the first one does once: run, and see that it runs.
    rig.recorder.take();
    let mut accesses = Vec::new();
    for _ in 0..3 {
        buffer = send.transfer(buffer).unwrap().packet;
        accesses.push(rig.recorder.take());
    }
    let write = |offset| move |access: &Recorded| matches!(access, Recorded::Write { offset: at, .. } if *at == offset);
    assert_eq!(accesses[1].iter().filter(|access| write(0x28)(access)).count(), 1, "{:x?}", accesses[1]);
    assert_eq!(accesses[1], accesses[2]);
    assert!(accesses[1].len() <= 7, "{:x?}", accesses[1]);
    assert!(!accesses[1].iter().any(write(0x30)), "the other channel is left alone");
}

#[test]
fn wide_addresses_have_both_halves() {
    let config = AxiDmaConfig { address_width: 40, ..Build::direct().config };
    let rig = Rig::new(Build { config, base: 0x12_0000_0000, ..Build::direct() });
    let receiving = rig.receive().start(rig.buffer(300)).unwrap();
    let sent = rig.send().transfer(rig.filled(9, 300)).unwrap().packet;
    assert!(sent.physical_address() >> 32 == 0x12);
    assert!(receiving.block().unwrap().packet.iter().copied().eq(pattern(9).take(300)));
}

#[test]
fn a_channel_that_was_not_built_is_an_error() {
    let mut build = Build::direct();
    build.config.receive = None;
    let rig = Rig::new(build);
    let error = rig.dma.receive().unwrap_err();
    assert!(error.to_string().contains("was built without S2MM"), "{error}");
    rig.send().transfer(rig.buffer(16)).unwrap();
    build.config = AxiDmaConfig { send: None, ..Build::direct().config };
    let rig = Rig::new(build);
    assert!(rig.dma.send().is_err() && rig.dma.receive().is_ok());
}

#[test]
fn a_second_transfer_waits_for_nobody_and_is_refused() {
    let rig = Rig::new(Build::direct().open());
    let receive = rig.receive();
    let mut first = Task::waiting(receive.transfer_async(rig.buffer(64)));
    let refused = receive.transfer(rig.filled(1, 64)).unwrap_err();
    assert!(refused.to_string().contains("a transfer on S2MM has not ended"), "{refused}");
    assert!(refused.packet.unwrap().iter().copied().eq(pattern(1).take(64)), "it is back, and whole");
    assert!(first.poll().is_pending());
    drop(first);
    rig.assert_idle();
}
