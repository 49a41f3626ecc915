//! What is refused before any register is touched.

use pynq_core::dma::{AddressWidth, DmaAllocator, DmaBuffer, DmaRequest, Packet};
use pynq_drivers::{
    AxiDmaConfig,
    axi_dma::{AxiDmaError, DmaChannel, DmaChannelConfig, DmaDirection, TransferError},
};

use super::rig::{Build, Rig};

/// The transfer is refused without a register access, by all ways, and gives the packet back.
#[track_caller]
fn refused<P: Packet>(rig: &Rig, channel: &DmaChannel, packet: P) -> (AxiDmaError, P) {
    rig.recorder.take();
    let TransferError { packet, error } = channel.start(packet).expect_err("it is refused");
    let TransferError { packet, error: again } =
        channel.transfer(packet.expect("it is given back")).err().expect("again");
    assert_eq!(error, again);
    assert_eq!(rig.recorder.take(), [], "no register was touched");
    (*error.cause(), packet.expect("it is given back"))
}

#[test]
fn nothing_and_too_much() {
    let mut build = Build::direct();
    build.config.length_width = 8;
    let rig = Rig::new(build);
    let (send, receive) = (rig.send(), rig.receive());
    for channel in [&send, &receive] {
        let empty = rig.buffer(64).part(8..8).unwrap();
        assert_eq!(refused(&rig, channel, empty).0, AxiDmaError::Empty);
        let (error, _) = refused(&rig, channel, rig.buffer(256));
        assert_eq!(error, AxiDmaError::TooLong { length: 256, longest: 255 });
        assert!(error.to_string().contains("C_SG_LENGTH_WIDTH"), "{error}");
    }
    let receiving = receive.start(rig.buffer(255)).unwrap();
    send.transfer(rig.buffer(255)).unwrap();
    assert_eq!(receiving.block().unwrap().length, 255);
}

#[test]
fn addresses_without_a_realignment_engine() {
    for (data_bytes, realigns) in [(4, false), (16, false), (4, true)] {
        let channel = Some(DmaChannelConfig { data_bytes, realigns, burst: 16 });
        let config = AxiDmaConfig { send: channel, receive: channel, ..Build::direct().config };
        let rig = Rig::new(Build { config, ..Build::direct() });
        let (send, receive) = (rig.send(), rig.receive());
        let mut buffer = rig.filled(5, 200);
        for start in 1..=usize::from(data_bytes) {
            let aligned = realigns || start % usize::from(data_bytes) == 0;
            let part = buffer.part(start..100).unwrap();
            if aligned {
                let receiving = receive.start(rig.buffer(200)).unwrap();
                let sent = send.transfer(part).unwrap().packet;
                assert_eq!(&receiving.block().unwrap().packet[..100 - start], &sent[..]);
                buffer = sent.into_buffer();
            } else {
                let (error, part) = refused(&rig, &send, part);
                let address = part.physical_address();
                assert_eq!(error, AxiDmaError::Misaligned { address, alignment: data_bytes.into() });
                assert!(error.to_string().contains("(DRE)"), "{error}");
                buffer = refused(&rig, &receive, part).1.into_buffer();
            }
        }
    }
}

#[test]
fn addresses_beyond_the_width() {
    let rig = Rig::new(Build { base: 0x1_0000_0000, ..Build::direct() });
    let wide = DmaRequest::new(64).address_width(AddressWidth::BITS_64);
    let high = DmaBuffer::boxed(rig.memory.allocate(&wide).unwrap());
    let (error, high) = refused(&rig, &rig.send(), high);
    assert_eq!(error, AxiDmaError::Unreachable { address: high.physical_address(), length: 64, bits: 32 });
    assert!(rig.memory.allocate(&rig.send().request(64)).is_err(), "and there is none to be had");
}

#[test]
fn the_reduced_block_transfers_one_burst_of_a_page() {
    let mut build = Build::direct();
    build.config.micro = true;
    let rig = Rig::new(build);
    let send = rig.send();
    assert_eq!(send.limits().longest, 16 * 4);
    assert_eq!(refused(&rig, &send, rig.buffer(68)).0, AxiDmaError::TooLong { length: 68, longest: 64 });
    let page = DmaBuffer::boxed(rig.memory.allocate(&DmaRequest::new(8192).alignment(4096)).unwrap());
    let (error, across) = refused(&rig, &send, page.part(4064..4100).unwrap());
    assert!(matches!(error, AxiDmaError::CrossesPage { length: 36, .. }), "{error}");
    let within = across.into_buffer().part(4064..4096).unwrap();
    let receiving = rig.receive().start(rig.buffer(64)).unwrap();
    send.transfer(within).unwrap();
    assert_eq!(receiving.block().unwrap().length, 32);
}

#[test]
fn a_packet_in_several_buffers_takes_scatter_gather() {
    let rig = Rig::new(Build::direct());
    let (error, packet) = refused(&rig, &rig.send(), [rig.buffer(64), rig.buffer(64)]);
    assert_eq!((error, packet.len()), (AxiDmaError::SeveralBuffers { count: 2 }, 2));
    let none: Vec<DmaBuffer> = Vec::new();
    assert_eq!(refused(&rig, &rig.send(), none).0, AxiDmaError::Empty);
}

#[test]
fn an_interrupt_that_is_not_wired() {
    use std::time::Duration;
    for wired in [[false, true], [true, false], [false, false]] {
        let rig = Rig::new(Build { wired, ..Build::direct() });
        let (send, receive) = (rig.send(), rig.receive());
        for (channel, wired) in [(&send, wired[0]), (&receive, wired[1])] {
            if !wired {
                let (error, _) = refused(&rig, channel, rig.buffer(64));
                assert_eq!(error, AxiDmaError::NoInterrupt { channel: channel.direction() });
                assert!(error.to_string().contains("transfer_polled"), "{error}");
            }
        }
        // On request it goes without.
        let (pause, longest) = (Duration::from_micros(1), Duration::from_millis(1));
        let mut delay = Advance(&rig);
        let sent = send.transfer_polled(rig.filled(1, 64), &mut delay, pause, longest).unwrap();
        let received = receive.transfer_polled(rig.buffer(64), &mut delay, pause, longest).unwrap();
        assert_eq!(&received.packet[..], &sent.packet[..]);
        // And ends when there is nothing to receive.
        let before = rig.board.now();
        let late = receive.transfer_polled(rig.buffer(64), &mut delay, pause, longest).unwrap_err();
        assert!(late.is_timed_out() && !late.is_leaked(), "{late}");
        assert!(rig.board.now() >= before + longest);
        if wired[1] {
            assert_eq!(receive.direction(), DmaDirection::Receive);
            let receiving = receive.start(rig.buffer(64)).unwrap();
            send.transfer_polled(rig.buffer(64), &mut delay, pause, longest).unwrap();
            assert_eq!(receiving.block().unwrap().length, 64);
        }
        rig.assert_idle();
    }
}

/// A delay that moves the board's clock.
struct Advance<'a>(&'a Rig);

impl embedded_hal::delay::DelayNs for Advance<'_> {
    fn delay_ns(&mut self, ns: u32) {
        self.0.board.advance(std::time::Duration::from_nanos(ns.into()));
    }
}

#[test]
fn parameters_of_the_handoff_file() {
    use pynq_core::Parameters;
    let built = |values: &[(&str, u64)]| AxiDmaConfig::from_parameters(&Parameters::new(values, None));
    let default = built(&[]).unwrap();
    assert_eq!((default.scatter_gather, default.length_width, default.address_width), (true, 14, 32));
    assert_eq!((default.send, default.receive), (Some(DmaChannelConfig::DEFAULT), Some(DmaChannelConfig::DEFAULT)));
    let found = built(&[
        ("C_INCLUDE_SG", 0),
        ("C_INCLUDE_MM2S", 0),
        ("C_INCLUDE_S2MM_DRE", 1),
        ("C_M_AXI_S2MM_DATA_WIDTH", 64),
        ("C_SG_LENGTH_WIDTH", 26),
        ("c_addr_width", 40),
        ("C_MICRO_DMA", 1),
        ("C_S2MM_BURST_SIZE", 8),
    ]);
    let found = found.unwrap();
    assert_eq!(found.receive, Some(DmaChannelConfig { data_bytes: 8, realigns: true, burst: 8 }));
    assert_eq!((found.send, found.max_length(), found.micro), (None, (1 << 26) - 1, true));
    for (name, value) in [("C_SG_LENGTH_WIDTH", 7), ("c_addr_width", 65), ("C_M_AXI_MM2S_DATA_WIDTH", 48)] {
        let error = built(&[(name, value)]).unwrap_err();
        assert_eq!(error.parameter, name);
    }
}

#[test]
fn blocks_that_can_not_be_set_up() {
    use pynq_drivers::{AxiDmaHardware, axi_dma::AxiDmaConfigError};
    let rig = Rig::new(Build::direct());
    let made = |config| AxiDmaHardware::new(rig.board.window("dma").unwrap(), config).map(drop);
    let config = Build::direct().config;
    let wrong = AxiDmaConfig { scatter_gather: true, ..config };
    assert_eq!(made(wrong), Err(AxiDmaConfigError::Mode { scatter_gather: false }));
    assert_eq!(made(AxiDmaConfig { multi_channel: true, ..config }), Err(AxiDmaConfigError::MultiChannel));
    assert_eq!(made(AxiDmaConfig { send: None, receive: None, ..config }), Err(AxiDmaConfigError::NoChannel));
    assert_eq!(made(AxiDmaConfig { length_width: 27, ..config }), Err(AxiDmaConfigError::LengthWidth { found: 27 }));
    assert_eq!(made(config), Ok(()));
}
