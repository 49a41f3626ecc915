//! What register functions say of themselves, compared with what they do: right ones, and each way to be wrong.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use pynq_conformance::acknowledges;
use pynq_core::interrupt::{InterruptHardware, Lines};

/// Line 0 latches, line 1 is a level.
#[derive(Default)]
struct Block {
    latch: AtomicU32,
    level: AtomicU32,
}

struct Hardware<'a> {
    block: &'a Block,
    says: u32,
    greedy: bool,
}

impl InterruptHardware for Hardware<'_> {
    type Lines = Lines<2>;

    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let pending = self.block.latch.load(Relaxed) | self.block.level.load(Relaxed);
        self.block.latch.fetch_and(!lines, Relaxed);
        if self.greedy { pending } else { pending & lines }
    }

    fn clears_on_ack(&self) -> u32 {
        self.says
    }

    fn read_back(&mut self) {}
}

fn outcome(says: u32, greedy: bool) -> Result<(), String> {
    let block = Block::default();
    let source = |line: u8| if line == 0 { &block.latch } else { &block.level };
    let raise = |line: u8| {
        source(line).fetch_or(1 << line, Relaxed);
        if greedy {
            block.level.fetch_or(0b10, Relaxed);
        }
    };
    let quiet = |line: u8| {
        source(line).fetch_and(!(1_u32 << line), Relaxed);
    };
    acknowledges(&mut Hardware { block: &block, says, greedy }, raise, quiet).map_err(|outcome| outcome.to_string())
}

#[test]
fn what_is_said_is_compared_with_what_is_done() {
    assert_eq!(outcome(0b01, false), Ok(()));
    for (says, greedy, part) in [
        (0b00, false, "line 0 is quiet after ack_pending, and clears_on_ack does not name it"),
        (0b11, false, "line 1 is still active after ack_pending, and clears_on_ack names it"),
        (0b101, false, "clears_on_ack names lines 0x4, and there are 2"),
        (0b01, true, "line 0 was raised, and ack_pending(0x1) returned 0x3"),
    ] {
        let error = outcome(says, greedy).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}
