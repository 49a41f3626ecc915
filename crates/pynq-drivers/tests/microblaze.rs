//! Streams over a memory whose indices are read while they are written.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use pynq_core::{
    DriveLine, Error, Mmio, OutputLine, Window,
    interrupt::{ParentLine, StdLock},
};
use pynq_drivers::microblaze::{MicroblazeHardware, Program, PynqMicroblaze, microblaze_node};

/// Memory in which every second read of a program's index gives something else, mostly an index that there may be.
struct Torn {
    words: Vec<AtomicU32>,
    reads: AtomicU32,
}

impl Torn {
    fn new() -> Arc<Self> {
        let words = (0..0x4000).map(|_| AtomicU32::new(0)).collect();
        Arc::new(Self { words, reads: AtomicU32::new(0) })
    }

    fn set(&self, address: usize, value: u32) {
        self.words[address / 4].store(value, Ordering::Relaxed);
    }

    fn get(&self, address: usize) -> u32 {
        self.words[address / 4].load(Ordering::Relaxed)
    }
}

// SAFETY: an access is a look-up in a table, for which any offset within it is sound; others panic.
unsafe impl Mmio for Torn {
    fn size(&self) -> usize {
        0x1_0000
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        let value = self.get(offset);
        if !matches!(offset, 0xF004 | 0xF400) {
            return value;
        }
        // Two reads of three in a row are right, and the third is something else each time.
        let reads = self.reads.fetch_add(1, Ordering::Relaxed);
        if reads % 3 == 0 { value ^ (reads % 0x3F8) | 1 << (reads % 10) } else { value }
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        self.set(offset, value);
    }
}

struct NoLine;

impl DriveLine for NoLine {
    fn drive(&self, _: bool) -> Result<(), Error> {
        Ok(())
    }
}

/// A processor with this memory, on which the test is the program.
fn processor(memory: &Arc<Torn>) -> PynqMicroblaze {
    let window = Window::from(Arc::clone(memory));
    let hardware = MicroblazeHardware::new(window, OutputLine::boxed(NoLine), None).expect("it is large enough");
    let node = microblaze_node(StdLock::new(), hardware, ParentLine::UNWIRED);
    let iop = PynqMicroblaze::new(Arc::pin(node), None);
    iop.load(&Program::raw(&0xB800_0000_u32.to_le_bytes())).expect("it fits");
    iop
}

#[test]
fn what_is_read_is_what_was_written_whatever_the_index_reads() {
    let memory = Torn::new();
    let iop = processor(&memory);
    let mut output = iop.standard_output().expect("it is free");
    let (mut written, mut next) = (0_usize, 0_u8);
    let mut received = Vec::new();
    for round in 0..2_000 {
        for _ in 0..round % 97 {
            let address = 0xF408 + written;
            let mut word = memory.get(address & !3).to_le_bytes();
            word[address & 3] = next;
            memory.set(address & !3, u32::from_le_bytes(word));
            (written, next) = ((written + 1) % 0x3F8, next.wrapping_add(1));
        }
        memory.set(0xF400, u32::try_from(written).expect("it is small"));
        let mut buffer = [0; 100];
        let count = output.try_read(&mut buffer).expect("the index is read until it is right");
        received.extend_from_slice(&buffer[..count]);
        assert_eq!(count, round % 97, "all that was written, and no more, in round {round}");
    }
    assert!(received.iter().zip((0..=255_u8).cycle()).all(|(found, expected)| *found == expected));
}

#[test]
fn what_is_written_is_what_is_read_whatever_the_index_reads() {
    let memory = Torn::new();
    let iop = processor(&memory);
    let mut input = iop.standard_input().expect("it is free");
    let (mut read, mut next) = (0_usize, 0_u8);
    for round in 0..2_000 {
        let bytes: Vec<u8> = (0..round % 89).map(|offset| next.wrapping_add(offset as u8)).collect();
        assert_eq!(input.try_write(&bytes).expect("the index is read until it is right"), bytes.len());
        while read != memory.get(0xF000) as usize {
            let address = 0xF008 + read;
            assert_eq!(memory.get(address & !3).to_le_bytes()[address & 3], next, "round {round}");
            (read, next) = ((read + 1) % 0x3F8, next.wrapping_add(1));
        }
        memory.set(0xF004, u32::try_from(read).expect("it is small"));
    }
}

#[test]
fn without_a_clock_a_command_is_refused_and_nothing_hangs() {
    let iop = processor(&Torn::new());
    let mut mailbox = iop.mailbox().expect("it runs");
    mailbox.set_time(Duration::from_millis(1));
    let error = mailbox.command(1, &[], &mut []).expect_err("no clock");
    assert_eq!(*error.cause(), Error::NoClock.into());
}
