//! The driver of the AXI DMA: what a packet of 4 KiB costs, sent and received, above a program that makes the same accesses and
//! hand-overs itself. Neither sleeps: what is compared is the software around the registers.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use pynq_bench::{Row, Rows};
use pynq_core::{
    dma::{Direction, DmaAllocator as _, DmaBuffer, DmaRegion as _, DmaRequest},
    interrupt::{Both, StdLock},
};
use pynq_drivers::{AxiDma, AxiDmaConfig, AxiDmaHardware, axi_dma::axi_dma_node};
use pynq_sim::{
    Board, SimDmaMemory,
    models::{AxiDmaModel, AxisFifoModel, AxisFifoParams, DmaParams},
};

pub(crate) const GROUP: &str = "A packet of 4 KiB by AXI DMA, there and back";
pub(crate) const BY_HAND: &str = "registers by hand";
pub(crate) const OURS: &str = "two transfers, awaited";

const BYTES: usize = 4096;
const MEMORY: u64 = 0x1000_0000;
/// Longer than it takes.
const TIME: Duration = Duration::from_micros(100);

fn looped() -> (Board, SimDmaMemory) {
    let board = Board::builder()
        .device("dma", 0x4040_0000, 0x1_0000, AxiDmaModel::new(DmaParams::default()))
        .part("fifo", AxisFifoModel::new(AxisFifoParams::default()))
        .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
        .join("fifo/M_AXIS", "dma/S_AXIS_S2MM")
        .memory("ddr", MEMORY, 0x10_0000)
        .interrupt("dma/mm2s_introut", 61)
        .interrupt("dma/s2mm_introut", 62)
        .build()
        .expect("a board");
    let memory = SimDmaMemory::new(&board, MEMORY, 0x10_0000).expect("memory");
    (board, memory)
}

fn by_hand() -> impl FnMut(u32) {
    let (board, memory) = looped();
    let dma = board.window("dma").expect("a window");
    let request = DmaRequest::new(BYTES);
    let mut from = memory.allocate(&request).expect("memory");
    let mut to = memory.allocate(&request).expect("memory");
    dma.write(0x30, 0x5001);
    dma.write(0x00, 0x5001);
    #[allow(clippy::cast_possible_truncation)] // below 4 GiB
    move |count| {
        for _ in 0..count {
            from.as_mut_slice()[0] = 1;
            to.sync_for_device(0..BYTES, Direction::FromDevice).expect("memory");
            dma.write(0x48, to.physical_address() as u32);
            dma.write(0x58, BYTES as u32);
            from.sync_for_device(0..BYTES, Direction::ToDevice).expect("memory");
            dma.write(0x18, from.physical_address() as u32);
            dma.write(0x28, BYTES as u32);
            board.advance(TIME);
            for channel in [0x00, 0x30] {
                let status = dma.read(channel + 0x04);
                dma.write(channel + 0x04, status & 0x7000);
                let _ = dma.read(channel + 0x04);
            }
            assert_eq!(dma.read(0x58), BYTES as u32);
            to.sync_for_cpu(0..BYTES, Direction::FromDevice).expect("memory");
            assert_eq!(to.as_slice()[0], 1);
        }
    }
}

fn by_driver() -> impl FnMut(u32) {
    let (board, memory) = looped();
    let hardware = AxiDmaHardware::new(board.window("dma").expect("a window"), AxiDmaConfig::new()).expect("a block");
    let outputs = Both::new(board.cpu_pin(61).expect("a pin"), board.cpu_pin(62).expect("a pin"));
    let dma = AxiDma::new(Arc::pin(axi_dma_node(StdLock::new(), hardware, outputs))).expect("a driver");
    let (send, receive) = (dma.send().expect("a channel"), dma.receive().expect("a channel"));
    let buffer = || DmaBuffer::boxed(memory.allocate(&DmaRequest::new(BYTES)).expect("memory"));
    let (mut from, mut to) = (Some(buffer()), Some(buffer()));
    move |count| {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..count {
            let (Some(mut sent), Some(room)) = (from.take(), to.take()) else { return };
            sent[0] = 1;
            let mut receiving = pin!(receive.transfer_async(room));
            let mut sending = pin!(send.transfer_async(sent));
            assert!(receiving.as_mut().poll(&mut cx).is_pending() && sending.as_mut().poll(&mut cx).is_pending());
            board.advance(TIME);
            let (Poll::Ready(Ok(received)), Poll::Ready(Ok(gone))) =
                (receiving.as_mut().poll(&mut cx), sending.as_mut().poll(&mut cx))
            else {
                panic!("both have ended");
            };
            assert_eq!((received.packet[0], received.length), (1, BYTES));
            (from, to) = (Some(gone.packet), Some(received.packet));
        }
    }
}

pub(crate) fn rows(rows: &mut Rows<'_>) {
    rows.push(Row::new(GROUP, BY_HAND, 300, by_hand()));
    rows.push(Row::new(GROUP, OURS, 300, by_driver()));
}
