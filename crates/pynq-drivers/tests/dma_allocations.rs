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
    dma::{Direction, DmaAllocator as _, DmaBuffer, DmaError, DmaRegion, DmaRequest},
    interrupt::{Both, StdLock},
};
use pynq_drivers::{AxiDma, AxiDmaConfig, AxiDmaHardware, axi_dma::axi_dma_node};
use pynq_sim::{
    Board, SimDmaBuffer, SimDmaMemory, Window,
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

/// A board whose DMA sends to itself.
fn looped(params: DmaParams) -> Board {
    Board::builder()
        .device("dma", 0x4040_0000, 0x1_0000, AxiDmaModel::new(params))
        .memory("ddr", 0x1000_0000, 0x1_0000)
        .interrupt("dma/mm2s_introut", 61)
        .interrupt("dma/s2mm_introut", 62)
        .part("fifo", AxisFifoModel::new(AxisFifoParams::default()))
        .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
        .join("fifo/M_AXIS", "dma/S_AXIS_S2MM")
        .build()
        .unwrap()
}

fn driver(board: &Board, config: AxiDmaConfig) -> AxiDma {
    let hardware = AxiDmaHardware::new(board.window("dma").unwrap(), config).unwrap();
    let outputs = Both::new(board.cpu_pin(61).unwrap(), board.cpu_pin(62).unwrap());
    AxiDma::new(Arc::pin(axi_dma_node(StdLock::new(), hardware, outputs))).unwrap()
}

/// 256 bytes from the first buffer to the second one, awaited.
fn there_and_back(board: &Board, dma: &AxiDma, buffers: &mut [Option<DmaBuffer>; 2]) {
    let (send, receive) = (dma.send().unwrap(), dma.receive().unwrap());
    let [sent, room] = buffers;
    let mut cx = Context::from_waker(Waker::noop());
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
    (*sent, *room) = (Some(gone.packet), Some(received.packet));
}

/// Has each of the two do its work 50 times after what grows once has grown, and compares what they allocate.
fn compare(mut by_driver: impl FnMut(), mut by_hand: impl FnMut()) {
    for _ in 0..50 {
        by_driver();
        by_hand();
    }
    let (mut driver, mut hand) = (0, 0);
    for _ in 0..50 {
        driver += counted(&mut by_driver);
        hand += counted(&mut by_hand);
    }
    assert!(hand > 0, "the model allocates, which shows that it is counted");
    assert!(driver <= hand, "{driver} by the driver and {hand} by hand, in 50 transfers each way");
}

#[test]
fn a_transfer_allocates_nothing() {
    let board = looped(DmaParams::default());
    let window = board.window("dma").unwrap();
    let dma = driver(&board, AxiDmaConfig::new());
    let mut buffers = [Some(plain(0x1000_1000)), Some(plain(0x1000_2000))];
    compare(|| there_and_back(&board, &dma, &mut buffers), || by_hand(&board, &window));
}

/// Two descriptors of a channel by hand, each of which is the other's next one, used in turns.
struct Ring {
    words: SimDmaBuffer,
    channel: usize,
    buffer: u32,
}

impl Ring {
    fn new(memory: &SimDmaMemory, window: &Window, channel: usize, buffer: u32) -> Self {
        let mut words = memory.allocate(&DmaRequest::new(128).alignment(64)).unwrap();
        let base = u32::try_from(words.physical_address()).unwrap();
        for (at, next) in [(0, base + 64), (64, base)] {
            words.write_word(at, next).unwrap();
        }
        window.write(channel + 0x08, base);
        window.write(channel, 0x0001_5001);
        Self { words, channel, buffer }
    }

    fn start(&mut self, window: &Window, turn: usize) {
        // Each word is an access to the board's memory. The third one is a whole packet of 256 bytes.
        for (at, word) in [(0x08, self.buffer), (0x0C, 0), (0x18, 0x0C00_0100), (0x1C, 0)] {
            self.words.write_word(turn * 64 + at, word).unwrap();
        }
        self.words.sync_for_device(0..128, Direction::Bidirectional).unwrap();
        let base = u32::try_from(self.words.physical_address()).unwrap();
        window.write(self.channel + 0x10, base + if turn == 0 { 0 } else { 64 });
    }

    fn finish(&mut self, window: &Window, turn: usize) {
        let status = window.read(self.channel + 0x04);
        window.write(self.channel + 0x04, status & 0x7000);
        self.words.sync_for_cpu(0..128, Direction::Bidirectional).unwrap();
        let status = self.words.read_word(turn * 64 + 0x1C).unwrap();
        assert_eq!(status & 0x83FF_FFFF, 0x8000_0100);
    }
}

#[test]
fn a_transfer_with_scatter_gather_allocates_nothing() {
    let params = DmaParams { scatter_gather: true, ..DmaParams::default() };
    let board = looped(params);
    let dma = driver(&board, AxiDmaConfig { scatter_gather: true, ..AxiDmaConfig::new() });
    let memory = SimDmaMemory::new(&board, 0x1000_8000, 0x4000).unwrap();
    for channel in [dma.send().unwrap(), dma.receive().unwrap()] {
        let descriptors = memory.allocate(&DmaRequest::new(16 * 64).alignment(64)).unwrap();
        channel.use_descriptors(DmaBuffer::boxed(descriptors)).unwrap();
    }
    let mut buffers = [Some(plain(0x1000_1000)), Some(plain(0x1000_2000))];

    let other = looped(params);
    let (window, other_memory) =
        (other.window("dma").unwrap(), SimDmaMemory::new(&other, 0x1000_8000, 0x4000).unwrap());
    let mut rings =
        [(0x30, 0x1000_2000), (0x00, 0x1000_1000)].map(|(at, buffer)| Ring::new(&other_memory, &window, at, buffer));
    let mut turn = 0;
    let by_hand = || {
        rings.iter_mut().for_each(|ring| ring.start(&window, turn));
        other.advance(Duration::from_micros(100));
        rings.iter_mut().for_each(|ring| ring.finish(&window, turn));
        turn = 1 - turn;
    };
    compare(|| there_and_back(&board, &dma, &mut buffers), by_hand);
}
