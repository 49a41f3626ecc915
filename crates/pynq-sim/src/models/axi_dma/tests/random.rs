//! Random transfers through the loop, against what memory must hold.

use super::*;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A packet, as it goes in and as it comes out.
struct Packet {
    from: u64,
    to: u64,
    length: u32,
    room: u32,
}

#[test]
fn what_comes_out_is_what_went_in_and_nothing_else_is_written() {
    const AREA: usize = 0x8000;
    let (from, to) = (DDR, DDR + 0x10_0000);
    for seed in 0..300 {
        let mut random = Random(seed);
        let mut channel = || {
            let clock_hz = [50_000_000, 100_000_000, 250_000_000][random.below(3) as usize];
            let width = |random: &mut Random| 1 << random.below(5);
            let (memory_bytes, stream_bytes) = (width(&mut random), width(&mut random));
            DmaChannelParams { clock_hz, memory_bytes, stream_bytes, realigns: true, burst: 16 }
        };
        let params =
            DmaParams { mm2s: Some(channel()), s2mm: Some(channel()), length_width: 16, ..DmaParams::default() };
        let fifo = AxisFifoParams { bytes: 1 + random.below(3000) as usize, whole_packets: random.below(4) == 0 };
        let mut dma = Loop::with_fifo(params, fifo);
        let source: Vec<u8> = (0..AREA).map(|_| random.below(256) as u8).collect();
        dma.fill(from, &source);
        let mut expected = vec![0xEE; AREA];
        dma.fill(to, &expected);
        dma.write(DMACR, RS);
        dma.write(S2MM + DMACR, RS);
        for _ in 0..8 {
            let length = 1 + random.below(0x4000) as u32;
            let room = length + random.below(100) as u32;
            let packet = Packet {
                from: random.below(AREA as u64 - u64::from(length)),
                to: random.below(AREA as u64 - u64::from(room)),
                length,
                room,
            };
            let receive_first = random.below(2) == 0;
            if receive_first {
                dma.transfer(S2MM, to + packet.to, packet.room);
                dma.pass(random.below(1000));
            }
            dma.transfer(0, from + packet.from, packet.length);
            if !receive_first {
                dma.pass(random.below(100_000));
                dma.transfer(S2MM, to + packet.to, packet.room);
            }
            dma.settle();
            assert_eq!(dma.status(DMASR), IOC | IDLE, "seed {seed}");
            assert_eq!(dma.status(S2MM + DMASR), IOC | IDLE, "seed {seed}");
            assert_eq!(dma.read(S2MM + LENGTH), packet.length, "seed {seed}");
            let (to_at, from_at, length) = (packet.to as usize, packet.from as usize, packet.length as usize);
            expected[to_at..to_at + length].copy_from_slice(&source[from_at..from_at + length]);
            assert!(dma.memory(to, AREA) == expected, "seed {seed}");
            dma.write(DMASR, IOC);
            dma.write(S2MM + DMASR, IOC);
        }
    }
}
