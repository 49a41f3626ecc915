//! The simulated DMA: what it costs to send 4 MB from memory through a stream to memory, against a copy of them.

use std::{hint::black_box, time::Duration};

use pynq_bench::{Row, Rows};
use pynq_sim::{
    Board,
    models::{AxiDmaModel, AxisFifoModel, AxisFifoParams, DmaChannelParams, DmaParams},
};

pub(crate) const GROUP: &str = "Simulated DMA, 4 MB";
pub(crate) const COPY: &str = "memcpy";
pub(crate) const OURS: &str = "AXI DMA through a FIFO, and its time";

const BYTES: usize = 4 << 20;
const MEMORY: u64 = 0x1000_0000;

/// A loop-back of 64 bits.
fn looped() -> Board {
    let channel = DmaChannelParams { memory_bytes: 8, stream_bytes: 8, ..DmaChannelParams::default() };
    let params = DmaParams { mm2s: Some(channel), s2mm: Some(channel), length_width: 26, ..DmaParams::default() };
    let board = Board::builder()
        .device("dma", 0x4040_0000, 0x1_0000, AxiDmaModel::new(params))
        .part("fifo", AxisFifoModel::new(AxisFifoParams { bytes: 4096, ..AxisFifoParams::default() }))
        .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
        .join("fifo/M_AXIS", "dma/S_AXIS_S2MM")
        .memory("ddr", MEMORY, 4 * BYTES as u64);
    board.build().expect("a board")
}

fn transfer() -> impl FnMut(u32) {
    let board = looped();
    let dma = board.window("dma").expect("a window");
    board.write_memory(MEMORY, &vec![0x5A; BYTES]).expect("memory");
    dma.write(0x00, 1);
    dma.write(0x30, 1);
    #[allow(clippy::cast_possible_truncation)] // below 4 GiB
    let (from, to, length) = (MEMORY as u32, MEMORY as u32 + 2 * BYTES as u32, BYTES as u32);
    move |count| {
        for _ in 0..count {
            for (offset, value) in [(0x34, 0x1000), (0x48, to), (0x58, length), (0x18, from), (0x28, length)] {
                dma.write(offset, value);
            }
            board.advance(Duration::from_millis(6));
            assert_eq!(dma.read(0x34) & 0x1000, 0x1000, "it is complete");
        }
    }
}

pub(crate) fn rows(rows: &mut Rows<'_>) {
    let (from, mut to) = (vec![0x5A_u8; BYTES], vec![0_u8; BYTES]);
    let copy = move |count| {
        for _ in 0..count {
            to.copy_from_slice(black_box(&from));
            black_box(&mut to);
        }
    };
    rows.push(Row::new(GROUP, COPY, 4, copy));
    rows.push(Row::new(GROUP, OURS, 4, transfer()));
}
