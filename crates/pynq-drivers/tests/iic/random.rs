//! Random transactions against the reference, byte by byte on the wire: of any shape, with targets that hold the clock and
//! refuse bytes, tasks that are late, and transactions that are dropped in the middle.

use std::{task::Poll, time::Duration};

use embedded_hal::i2c::{Error as _, Operation};
use pynq_drivers::axi_iic::IicAddress;

use crate::{common::Task, reference::Reference, rig::*};

/// A generator of numbers, the same on every run (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// Most are short, as most are.
fn length(random: &mut Random) -> usize {
    match random.below(40) {
        0 => 250 + random.below(60),
        1..=4 => 10 + random.below(40),
        _ => random.below(6),
    }
}

fn shape(random: &mut Random) -> Vec<(bool, usize)> {
    let count = 1 + random.below(4);
    let mut shape: Vec<(bool, usize)> = (0..count).map(|_| (random.below(2) == 0, length(random))).collect();
    // What is refused is tested elsewhere.
    for (index, (reads, bytes)) in shape.iter_mut().enumerate() {
        if *bytes == 0 && (*reads || index > 0) {
            *bytes = 1;
        }
    }
    shape
}

/// Polls the task whenever it was woken, `late`, for at most so many times. Returns whether it came to its end.
fn drive<T>(rig: &Rig, task: &mut Task<'_, T>, late: &mut impl FnMut() -> Duration, polls: usize) -> Option<T> {
    for _ in 0..polls {
        if let Poll::Ready(ended) = task.poll() {
            return Some(ended);
        }
        let mut patience = 0;
        while !task.is_woken() {
            rig.board.advance(Duration::from_micros(40));
            patience += 1;
            assert!(patience < 100_000, "it sleeps for ever: {}", rig.heard());
        }
        rig.board.advance(late());
    }
    None
}

/// One transaction. Returns false if it was dropped.
fn transaction(rig: &Rig, random: &mut Random, reference: &mut Reference, drops: bool) -> bool {
    let address = match random.below(8) {
        0 => IicAddress::Seven(0x21),
        1 => IicAddress::Ten(0x156),
        2 | 3 => IicAddress::Ten(0x155),
        _ => IicAddress::Seven(0x20),
    };
    let shape = shape(random);
    let mut bytes: Vec<Vec<u8>> = shape.iter().map(|&(_, count)| noise(count)).collect();
    let mut operations = Vec::new();
    for (&(reads, _), bytes) in shape.iter().zip(&mut bytes) {
        operations.push(if reads { Operation::Read(bytes) } else { Operation::Write(bytes) });
    }
    let expected = reference.run(address, &operations);
    let before = rig.heard().len();
    let is_late = random.below(2) == 0;
    let polls = if drops { 1 + random.below(6) } else { 1_000 };
    let mut dice = Random(random.0 | 1);
    let mut late = || Duration::from_micros(if is_late { dice.below(1_500) as u64 } else { 0 });
    let mut task = Task::new(rig.iic.transaction_async(address, &mut operations));
    let ended = drive(rig, &mut task, &mut late, polls);
    drop(task);
    drop(operations);
    let heard = rig.heard().split_off(before);
    let Some(ended) = ended else { return false };
    let outcome = ended.map_err(|error| error.kind());
    assert_eq!(outcome, expected.outcome, "{address:?} {shape:?}");
    assert_eq!(heard, expected.heard, "{address:?} {shape:?}");
    if outcome.is_ok() {
        let read = shape.iter().zip(&bytes).filter(|((reads, _), _)| *reads).flat_map(|(_, bytes)| bytes.clone());
        assert_eq!(read.collect::<Vec<_>>(), expected.read, "{address:?} {shape:?}");
    }
    rig.assert_idle();
    true
}

fn run(seed: u64, count: usize, drops: bool) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
    let accepts = [usize::MAX, usize::MAX, 1, 16, 20][random.below(5)];
    let stretch = Duration::from_micros([0, 0, 0, 5, 700][random.below(5)]);
    let kind_of_intr = WIRINGS[random.below(2)];
    let mut rig = Rig::with(Setting { kind_of_intr, accepts, stretch, ..Setting::default() });
    // Targets that hold the clock after each of 300 bytes, and tasks that are late, take theirs.
    rig.iic = rig.iic.with_timeout(Duration::from_secs(10));
    let mut reference = Reference { accepts, given: 0 };
    for _ in 0..count {
        let gives_up = drops && random.below(2) == 0;
        if !transaction(&rig, &mut random, &mut reference, gives_up) {
            // What the target gave before the drop is not known; a read of one byte says it.
            let mut byte = [0];
            let before = rig.heard().len();
            let mut operations = [Operation::Read(&mut byte)];
            let mut task = Task::new(rig.iic.transaction_async(0x20_u8, &mut operations));
            drive(&rig, &mut task, &mut || Duration::ZERO, 1_000).unwrap().unwrap();
            drop(task);
            let heard = rig.heard().split_off(before);
            // Where the block was reset, there was no STOP, and the START is a repeated one.
            assert!(heard.ends_with(&format!("20R A {:02x} N P\n", byte[0])), "after a drop: {heard}");
            reference.given = byte[0];
            rig.assert_idle();
        }
    }
}

/// Boards, each with 20 transactions. `PYNQ_IIC_SEEDS` asks for more.
fn seeds() -> u64 {
    std::env::var("PYNQ_IIC_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(500)
}

#[test]
fn every_byte_ack_start_and_stop_is_the_references() {
    for seed in 1..=seeds() {
        run(seed, 20, false);
    }
}

#[test]
fn a_transaction_that_is_dropped_leaves_a_bus_for_the_next() {
    for seed in 1..=seeds() {
        run(seed + 1_000_000, 20, true);
    }
}
