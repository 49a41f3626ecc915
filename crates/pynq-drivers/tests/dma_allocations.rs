//! A transfer allocates nothing: not when it is started, not when its interrupt is served, not when its buffer is taken back.
//!
//! The model of the block does, when it moves data. So the same accesses are made by hand, on the same block, and what is
//! counted for the driver has to be no more than that.
#![allow(clippy::unwrap_used)] // a test may

mod counting;

use std::{
    future::Future,
    ops::Range,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use counting::allocations;
use pynq_core::{
    dma::{Direction, DmaBuffer, DmaError, DmaRegion},
    interrupt::{Both, StdLock},
};
use pynq_drivers::{AxiDma, AxiDmaConfig, AxiDmaHardware, axi_dma::axi_dma_node};
use pynq_sim::{
    Board, Window,
    models::{AxiDmaModel, AxisFifoModel, AxisFifoParams, DmaParams},
};

/// Memory of the host at an address of the board. What the block moves is not looked at here.
struct Plain {
    address: u64,
    bytes: [u128; 16],
}

impl DmaRegion for Plain {
    fn physical_address(&self) -> u64 {
        self.address
    }

    fn size(&self) -> usize {
        size_of_val(&self.bytes)
    }

    fn is_coherent(&self) -> bool {
        true
    }

    fn as_slice(&self) -> &[u8] {
        &[]
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut []
    }

    fn copy_in(&mut self, _: usize, _: &[u8]) -> Result<(), DmaError> {
        Ok(())
    }

    fn copy_out(&self, _: usize, _: &mut [u8]) -> Result<(), DmaError> {
        Ok(())
    }

    fn read_word(&self, _: usize) -> Result<u32, DmaError> {
        Ok(0)
    }

    fn write_word(&mut self, _: usize, _: u32) -> Result<(), DmaError> {
        Ok(())
    }

    fn sync_for_device(&mut self, _: Range<usize>, _: Direction) -> Result<(), DmaError> {
        Ok(())
    }

    fn sync_for_cpu(&mut self, _: Range<usize>, _: Direction) -> Result<(), DmaError> {
        Ok(())
    }
}

fn plain(address: u64) -> DmaBuffer {
    DmaBuffer::boxed(Plain { address, bytes: [0; 16] })
}

fn counted(f: impl FnOnce()) -> usize {
    let before = allocations();
    f();
    allocations() - before
}

/// What a program without a driver does, with the accesses that the driver makes.
fn by_hand(board: &Board, window: &Window) {
    for (channel, address) in [(0x30, 0x1000_2000), (0x00, 0x1000_1000)] {
        window.write(channel + 0x18, address);
        window.write(channel + 0x28, 256);
    }
    board.advance(Duration::from_micros(100));
    for channel in [0x30, 0x00] {
        let status = window.read(channel + 0x04);
        window.write(channel + 0x04, status & 0x7000);
        let _ = window.read(channel + 0x04);
    }
    assert_eq!(window.read(0x58), 256);
}

#[test]
fn a_transfer_allocates_nothing() {
    let board = Board::builder()
        .device("dma", 0x4040_0000, 0x1_0000, AxiDmaModel::new(DmaParams::default()))
        .memory("ddr", 0x1000_0000, 0x1_0000)
        .interrupt("dma/mm2s_introut", 61)
        .interrupt("dma/s2mm_introut", 62)
        .part("fifo", AxisFifoModel::new(AxisFifoParams::default()))
        .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
        .join("fifo/M_AXIS", "dma/S_AXIS_S2MM")
        .build()
        .unwrap();
    let window = board.window("dma").unwrap();
    let hardware = AxiDmaHardware::new(window.clone(), AxiDmaConfig::new()).unwrap();
    let outputs = Both::new(board.cpu_pin(61).unwrap(), board.cpu_pin(62).unwrap());
    let dma = AxiDma::new(Arc::pin(axi_dma_node(StdLock::new(), hardware, outputs))).unwrap();
    let (send, receive) = (dma.send().unwrap(), dma.receive().unwrap());
    let (mut sent, mut room) = (Some(plain(0x1000_1000)), Some(plain(0x1000_2000)));
    let mut cx = Context::from_waker(Waker::noop());
    let mut by_driver = || {
        let mut receiving = pin!(receive.transfer_async(room.take().unwrap()));
        let mut sending = pin!(send.transfer_async(sent.take().unwrap()));
        assert!(receiving.as_mut().poll(&mut cx).is_pending());
        assert!(sending.as_mut().poll(&mut cx).is_pending());
        board.advance(Duration::from_micros(100));
        let (Poll::Ready(Ok(received)), Poll::Ready(Ok(gone))) =
            (receiving.as_mut().poll(&mut cx), sending.as_mut().poll(&mut cx))
        else {
            panic!("both have ended");
        };
        assert_eq!((received.length, gone.length), (256, 256));
        (room, sent) = (Some(received.packet), Some(gone.packet));
    };
    // What grows once has grown.
    for _ in 0..50 {
        by_driver();
        by_hand(&board, &window);
    }
    let (mut driver, mut hand) = (0, 0);
    for _ in 0..50 {
        driver += counted(&mut by_driver);
        hand += counted(|| by_hand(&board, &window));
    }
    assert!(hand > 0, "the model allocates, which shows that it is counted");
    assert!(driver <= hand, "{driver} by the driver and {hand} by hand, in 50 transfers each way");
}
