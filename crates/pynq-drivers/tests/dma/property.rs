//! Random transfers against a reference: a stream is the packets that were sent, in order, and memory is what was received.
//!
//! No byte is lost or has come twice, and nothing is written to a buffer that was handed back. How many there are is
//! `PYNQ_DMA_TRANSFERS`; a failure names its seed.

use std::{collections::VecDeque, time::Duration};

use pynq_core::{dma::DmaBuffer, interrupt::Waiting};
use pynq_drivers::axi_dma::{DmaChannel, Transfer};

use super::rig::{Build, EDGE, LEVEL, Rig, pattern};

const LONGEST: usize = 700;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

type Pieces = Vec<DmaBuffer>;

/// A transfer under way, boxed so that it can be blocked on whenever its turn comes.
type Running = Waiting<Transfer<Pieces>>;

/// What is sent: its seed and length.
type Sent = (u8, usize);

struct World<'a> {
    rig: &'a Rig,
    random: Random,
    send: DmaChannel,
    receive: DmaChannel,
    /// The stream, as it has to come out.
    stream: VecDeque<Sent>,
    sending: VecDeque<(Running, usize)>,
    receiving: VecDeque<Running>,
    /// Buffers of either kind that are not in use.
    free: Vec<DmaBuffer>,
    /// Buffers that were handed back, and what memory held then.
    handed_back: VecDeque<(DmaBuffer, Vec<u8>)>,
    most: usize,
    done: usize,
}

impl World<'_> {
    fn buffer(&mut self) -> DmaBuffer {
        self.free.pop().unwrap_or_else(|| self.rig.buffer(LONGEST))
    }

    fn send(&mut self) {
        let seed = self.random.below(256) as u8;
        // Several buffers only with scatter-gather, which is what more than one at a time means here.
        let pieces = if self.most > 1 { 1 + self.random.below(3) } else { 1 };
        let mut packet = Vec::with_capacity(pieces);
        for _ in 0..pieces {
            packet.push(
                self.rig.buffer((1 + self.random.below(LONGEST / 4)) * if pieces > 1 { 4 } else { 1 } / pieces.max(1)),
            );
        }
        let length = packet.iter().map(|piece| piece.len()).sum();
        packet.iter_mut().flat_map(|piece| &mut piece[..]).zip(pattern(seed)).for_each(|(byte, value)| *byte = value);
        self.sending.push_back((self.send.start(packet).unwrap(), length));
        self.stream.push_back((seed, length));
    }

    fn receive(&mut self) {
        let room = self.buffer();
        self.receiving.push_back(self.receive.start(vec![room]).unwrap());
    }

    fn finish_sending(&mut self) {
        let Some((transfer, length)) = self.sending.pop_front() else { return };
        assert_eq!(transfer.block().unwrap().length, length);
        self.done += 1;
    }

    fn finish_receiving(&mut self) {
        let Some(transfer) = self.receiving.pop_front() else { return };
        let received = transfer.block().unwrap();
        let (seed, length) = self.stream.pop_front().unwrap();
        assert_eq!(received.length, length);
        let [buffer] = <[DmaBuffer; 1]>::try_from(received.packet).unwrap();
        assert!(buffer[..length].iter().copied().eq(pattern(seed).take(length)), "a packet that was not sent");
        let mut held = vec![0; buffer.len()];
        self.rig.board.read_memory(buffer.physical_address(), &mut held).unwrap();
        self.handed_back.push_back((buffer, held));
        if self.handed_back.len() > 3 {
            self.check_oldest();
        }
        self.done += 1;
    }

    fn check_oldest(&mut self) {
        let Some((buffer, before)) = self.handed_back.pop_front() else { return };
        let mut held = vec![0; before.len()];
        self.rig.board.read_memory(buffer.physical_address(), &mut held).unwrap();
        assert!(held == before, "a buffer was written to after it was handed back");
        self.free.push(buffer);
    }

    /// Receives and sends are kept in step, so that each can end.
    fn step(&mut self) {
        match self.random.below(8) {
            0 | 1 if self.sending.len() < self.most && self.stream.len() < self.most + 1 => self.send(),
            2 | 3 if self.receiving.len() < self.most => self.receive(),
            4 => self.rig.board.advance(Duration::from_nanos(self.random.below(3000) as u64)),
            // One that is sent goes out into the FIFO, whatever is received; there is room for these.
            5 => self.finish_sending(),
            // Only one that is sent can be received.
            6 | 7 if !self.stream.is_empty() => self.finish_receiving(),
            _ => {}
        }
    }
}

fn run(build: Build, seed: u64, transfers: usize) {
    println!("seed {seed}");
    let rig = Rig::new(build);
    let free = rig.memory.free();
    let most = if build.config.scatter_gather { 4 } else { 1 };
    let mut world = World {
        rig: &rig,
        random: Random(seed),
        send: rig.send(),
        receive: rig.receive(),
        stream: VecDeque::new(),
        sending: VecDeque::new(),
        receiving: VecDeque::new(),
        free: Vec::new(),
        handed_back: VecDeque::new(),
        most,
        done: 0,
    };
    while world.done < transfers {
        world.step();
        if world.done % 64 == 0 {
            rig.recorder.take();
        }
    }
    // What is under way ends, and nothing is left over.
    while !world.stream.is_empty() {
        if world.receiving.is_empty() {
            world.receive();
        }
        world.finish_receiving();
    }
    while !world.sending.is_empty() {
        world.finish_sending();
    }
    while !world.handed_back.is_empty() {
        world.check_oldest();
    }
    drop(world);
    assert_eq!(rig.memory.free(), free, "all memory is free again");
    rig.assert_idle();
}

#[test]
fn random_transfers_are_what_the_reference_says() {
    let transfers = std::env::var("PYNQ_DMA_TRANSFERS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let builds = [Build::direct(), Build::scatter_gather()];
    for (index, (build, kind_of_intr)) in
        builds.into_iter().flat_map(|build| [(build, LEVEL), (build, EDGE)]).enumerate()
    {
        run(Build { kind_of_intr, ..build }, 0x9E37_79B9_7F4A_7C15 ^ index as u64, transfers / 4);
    }
}
