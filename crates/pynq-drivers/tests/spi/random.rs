//! Random transactions: every word, every change of a select line and every answer against an account that is made from the
//! operations alone.

use embedded_hal::spi::{MODE_0, MODE_1, MODE_2, MODE_3, Operation};
use pynq_sim::{device::Spi, models::SpiParams};

use crate::rig::{Rig, USUAL, Wiring, account, noise};

/// A generator of numbers, the same on every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32 % end
    }
}

/// One operation, as what it is made of.
struct Plan {
    kind: u32,
    read: Vec<u8>,
    write: Vec<u32>,
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        // Mostly short, as commands are; sometimes more than a FIFO.
        let length = |random: &mut Random| match random.below(8) {
            0 => 0,
            1 => random.below(40),
            _ => random.below(6),
        };
        let kind = random.below(4);
        let write: Vec<u32> = (0..length(random)).map(|n| noise(n ^ 0xABCD) & 0xFF).collect();
        let read = match kind {
            3 => write.iter().map(|word| word.to_le_bytes()[0]).collect(),
            _ => vec![0; length(random) as usize],
        };
        Self { kind, read, write }
    }

    fn lengths(&self) -> (Option<usize>, Option<&[u32]>) {
        ((self.kind != 1).then_some(self.read.len()), (self.kind != 0).then_some(self.write.as_slice()))
    }
}

#[test]
fn transactions_at_random_are_as_they_are_accounted_for() {
    let count = std::env::var("PYNQ_SPI_TRANSACTIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000_u32);
    let builds = [(0, Wiring::Level), (16, Wiring::Edge), (16, Wiring::Direct), (256, Wiring::Edge)];
    let (mut words, mut broken_off) = (0_u64, 0);
    for (number, (fifo_depth, wiring)) in builds.into_iter().enumerate() {
        let rig = Rig::on(SpiParams { fifo_depth, ..USUAL }, wiring);
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ number as u64);
        let mut first = 0;
        for _ in 0..count / 4 {
            let (select, mode) = (random.below(4) as u8, random.below(4) as u8);
            let chip = rig.spi.chip(select, [MODE_0, MODE_1, MODE_2, MODE_3][usize::from(mode)]).unwrap();
            let mut plans: Vec<Plan> = (0..1 + random.below(3)).map(|_| Plan::new(&mut random)).collect();
            let lengths: Vec<_> = plans.iter().map(Plan::lengths).collect();
            let expected = account(&lengths, 8, select, mode, first);
            let written: Vec<Vec<u8>> =
                plans.iter().map(|plan| plan.write.iter().map(|word| word.to_le_bytes()[0]).collect()).collect();
            let mut operations: Vec<_> = plans
                .iter_mut()
                .zip(&written)
                .map(|(plan, write)| match plan.kind {
                    0 => Operation::Read(&mut plan.read),
                    1 => Operation::Write(write),
                    2 => Operation::Transfer(&mut plan.read, write),
                    _ => Operation::TransferInPlace(&mut plan.read),
                })
                .collect();
            if random.below(16) == 0 {
                // Given up at some moment, in whatever it is.
                let deadline = std::time::Duration::from_nanos(random.below(40_000).into());
                let ended = chip.transaction_async(&mut operations).block_until(deadline);
                let seen = rig.seen();
                let all = expected.seen.len() - 2;
                let out = seen.iter().filter(|message| matches!(message, Spi::Shift { .. })).count();
                assert!(ended.is_err() || out == all);
                assert_eq!(seen[..=out.min(all)], expected.seen[..=out.min(all)]);
                assert_eq!(seen.last(), Some(&Spi::Select(0)));
                assert_eq!(seen.len(), out + 2);
                first += out as u32;
                broken_off += u32::from(ended.is_err());
                continue;
            }
            if random.below(2) == 0 {
                chip.transaction(&mut operations).unwrap();
            } else {
                rig.board.block_on(chip.transaction_async(&mut operations)).unwrap().unwrap();
            }
            assert_eq!(rig.seen(), expected.seen);
            for (plan, received) in plans.iter().zip(&expected.received).filter(|(plan, _)| plan.kind != 1) {
                assert!(plan.read.iter().map(|byte| u32::from(*byte)).eq(received.iter().copied()));
            }
            words += expected.seen.len() as u64 - 2;
            first += expected.seen.len() as u32 - 2;
        }
        rig.assert_idle();
    }
    println!("{count} transactions, {words} words, {broken_off} broken off");
    assert!(broken_off > count / 100);
}
