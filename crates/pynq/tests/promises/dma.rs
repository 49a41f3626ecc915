//! What users of PYNQ's DMA lost days on.

use std::{future::Future as _, pin::pin, task::Poll, time::Duration};

use pynq::{
    AddressWidth, AxiDmaError, DmaFault, DmaRequest, Pod, TransferError,
    drivers::axi_dma::{DmaChannel, DmaDirection},
    prelude::*,
    sim::StreamFault,
};

/// `axi_dma_0` in direct mode with lengths of 23 bits, `axi_dma_1` with scatter-gather and 14; each is looped back.
const LOOPBACK: &str = include_str!("../../../pynq-hwh/fixtures/pynq-z2-dma.hwh");

fn overlay() -> Overlay {
    Overlay::simulated_from_str(LOOPBACK).unwrap()
}

/// The channels of a block, in direct mode or with scatter-gather.
fn channels(overlay: &Overlay, path: &str) -> (DmaChannel, DmaChannel) {
    let dma = overlay.dma(path).unwrap();
    (dma.send().unwrap(), dma.receive().unwrap())
}

const BLOCKS: [&str; 2] = ["axi_dma_0", "axi_dma_1"];

fn ramp<T: Pod + From<u8>>(overlay: &Overlay, len: usize) -> DmaBuffer<T> {
    let mut buffer = overlay.allocate::<T>(len).unwrap();
    buffer.iter_mut().zip((0..=255).cycle()).for_each(|(item, value)| *item = value.into());
    buffer
}

/// PYNQ's `wait_async` comes back only when the channel is idle, which it never is after an error.
#[test]
fn a_wait_after_an_error_ends_with_the_error() {
    for path in BLOCKS {
        let overlay = overlay();
        let (send, receive) = channels(&overlay, path);
        // A packet that is longer than what is to receive it.
        let receiving = receive.start(overlay.allocate::<u8>(64).unwrap()).unwrap();
        // With scatter-gather the block says nothing about it until it is asked.
        let mut receiving = pin!(receiving.until(Duration::from_millis(10)));
        let _sending = send.start(ramp::<u8>(&overlay, 128)).unwrap();
        let failed = overlay.block_on(receiving.as_mut()).unwrap().unwrap_err();
        let AxiDmaError::Fault { channel: DmaDirection::Receive, fault: DmaFault::Internal, .. } = failed.cause()
        else {
            panic!("{path}: {failed}");
        };
        assert!(failed.packet.is_some() && failed.to_string().contains(path), "{failed}");
        // So does a wait for what has ended.
        let Poll::Ready(Err(over)) = receiving.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
        else {
            panic!("{path}");
        };
        assert_eq!(*over.cause(), AxiDmaError::Over);
    }
}

/// A length that the register has no bits for was cut off: a transfer of 2^w bytes never started, and the wait never ended.
#[test]
fn more_than_the_length_has_bits_for_is_refused() {
    let overlay = overlay();
    let (send, receive) = channels(&overlay, "axi_dma_1");
    let refused = send.transfer(overlay.allocate::<u8>(1 << 14).unwrap()).unwrap_err();
    assert_eq!(*refused.cause(), AxiDmaError::TooLong { length: 1 << 14, longest: (1 << 14) - 1 });
    assert!(refused.packet.is_some() && refused.to_string().contains("C_SG_LENGTH_WIDTH"), "{refused}");
    let longest = (1 << 14) - 1;
    let receiving = receive.start(overlay.allocate::<u8>(longest).unwrap()).unwrap();
    assert_eq!(send.transfer(overlay.allocate::<u8>(longest).unwrap()).unwrap().length, longest);
    assert_eq!(receiving.block().unwrap().length, longest);
}

/// `start` was forgotten in scatter-gather, twice: the first descriptor had the address of the buffer's beginning.
#[test]
fn an_offset_into_the_buffer_counts_in_both_modes() {
    for path in BLOCKS {
        let overlay = overlay();
        let (send, receive) = channels(&overlay, path);
        for (first, last) in [(0, 100), (16, 48), (96, 100)] {
            let part = ramp::<u32>(&overlay, 100).part(first..last).unwrap();
            let room = overlay.allocate::<u32>(100).unwrap().part(8..100).unwrap();
            let receiving = receive.start(room);
            // 92 items of room: the whole buffer is more.
            if last - first > 92 {
                drop(receiving);
                continue;
            }
            let sent = send.transfer(part).unwrap();
            let received = receiving.unwrap().block().unwrap();
            assert_eq!((sent.length, received.length), (4 * (last - first), 4 * (last - first)), "{path}");
            assert_eq!(&received.packet[..last - first], &sent.packet[..], "{path}: {first}..{last}");
            let buffer = received.packet.into_buffer();
            assert_eq!(buffer[..8], [0; 8], "nothing before it was written");
        }
    }
}

/// PYNQ refuses scatter-gather with one descriptor, and anything that fits into one.
#[test]
fn a_transfer_of_one_descriptor_is_a_transfer() {
    let overlay = overlay();
    let (send, receive) = channels(&overlay, "axi_dma_1");
    for (ring, length) in [(64, 1), (64, 4000), (128, 4)] {
        for channel in [&send, &receive] {
            let request = DmaRequest::new(ring).alignment(64);
            channel.use_descriptors(overlay.allocate_for(&request).unwrap()).unwrap();
        }
        for _ in 0..3 {
            let receiving = receive.start(overlay.allocate::<u8>(4000).unwrap()).unwrap();
            let sent = send.transfer(ramp::<u8>(&overlay, length)).unwrap();
            let received = receiving.block().unwrap();
            assert_eq!(&received.packet[..received.length], &sent.packet[..]);
        }
    }
}

/// The address was cut to 32 bits, and the block wrote somewhere else.
#[test]
fn a_buffer_above_4_gib_is_refused_by_a_block_of_32_bits() {
    use pynq::{
        core::dma::DmaAllocator as _,
        hwh::Design,
        sim::{BoardBuilder, SimDmaMemory},
    };
    let design = Design::parse(LOOPBACK).unwrap();
    let high = 0x8_0000_0000;
    let board = BoardBuilder::from_design(&design, |_| None).memory("high", high, 0x1000).build().unwrap();
    let memory = SimDmaMemory::new(&board, high, 0x1000).unwrap();
    let overlay = Overlay::on_board(design, board);
    for path in BLOCKS {
        let (send, receive) = channels(&overlay, path);
        for channel in [send, receive] {
            let wide = DmaRequest::new(64).address_width(AddressWidth::BITS_64);
            let buffer = DmaBuffer::boxed(memory.allocate(&wide).unwrap());
            let refused = channel.transfer(buffer).unwrap_err();
            assert_eq!(*refused.cause(), AxiDmaError::Unreachable { address: high, length: 64, bits: 32 });
            // What the channel asks for itself is never there.
            assert!(memory.allocate(&channel.request(64)).is_err());
        }
    }
}

/// `wait` before `transfer` hung, or raised, by version. Here there is nothing to wait on before there is a transfer: a wait is
/// what a start returns.
#[test]
fn there_is_no_wait_before_a_transfer() {
    let overlay = overlay();
    let (send, receive) = channels(&overlay, "axi_dma_0");
    assert!(!send.is_busy().unwrap() && !receive.is_busy().unwrap());
    let lazy = send.transfer_async(ramp::<u8>(&overlay, 64));
    assert!(!send.is_busy().unwrap(), "nothing is started before it is polled or blocked on");
    assert_eq!(lazy.block().unwrap().length, 64);
}

/// A reset of one channel is of the whole block, and the other one waited for ever.
#[test]
fn a_reset_while_the_other_channel_waits_ends_that_wait() {
    for path in BLOCKS {
        let overlay = overlay();
        let dma = overlay.dma(path).unwrap();
        let (send, receive) = channels(&overlay, path);
        let receiving = receive.start(overlay.allocate::<u8>(64).unwrap()).unwrap();
        overlay.simulation().unwrap().stream_fault(&format!("{path}/M_AXIS_MM2S"), StreamFault::Stalled).unwrap();
        // Given up at its deadline, it does not stop, and takes a reset.
        let late = send.transfer_async(ramp::<u8>(&overlay, 64)).block_until(Duration::from_millis(1)).unwrap_err();
        assert!(late.is_timed_out() && late.packet.is_some(), "{late}");
        if !receive.is_busy().unwrap() {
            let ended = receiving.block().unwrap_err();
            assert_eq!((*ended.cause(), ended.is_leaked()), (AxiDmaError::Reset, false));
        } else {
            dma.reset().unwrap();
            assert_eq!(*receiving.block().unwrap_err().cause(), AxiDmaError::Reset);
        }
        overlay.simulation().unwrap().stream_fault(&format!("{path}/M_AXIS_MM2S"), StreamFault::None).unwrap();
        let receiving = receive.start(overlay.allocate::<u8>(64).unwrap()).unwrap();
        send.transfer(ramp::<u8>(&overlay, 64)).unwrap();
        assert_eq!(receiving.block().unwrap().length, 64);
    }
}

/// The error says what to do, with the name of the block, and becomes the facade's.
#[test]
fn errors_become_the_facade_s() {
    let overlay = overlay();
    let (send, _) = channels(&overlay, "axi_dma_0");
    let failed = |failed: TransferError<_>| pynq::Error::from(failed);
    let error = send.transfer(overlay.allocate::<u8>(64).unwrap().part(3..3).unwrap()).map_err(failed).unwrap_err();
    assert_eq!(error.driver_error(), Some(&AxiDmaError::Empty));
    assert_eq!(error.to_string(), "`axi_dma_0`: a transfer of no bytes never starts; give one at least");
    let other = overlay.dma("system_interrupts").unwrap_err().to_string();
    assert!(other.contains("is no AXI DMA") && other.contains("`axi_dma_0`"), "{other}");
}
