//! Drivers as they are written by hand, polled: one that is right, and those that lose a race of the data sheet. Each of these
//! works as long as nothing comes in between, and fails on the model when something does.

use std::time::Duration;

use crate::rig::*;

/// What a driver does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    None,
    /// Says that the last byte is not acknowledged after it has read the one before.
    LateNack,
    /// Asks for the STOP after it has read the last byte.
    LateStop,
    /// Clears "full" before it has read.
    ClearsFirst,
    /// Clears bits that it has not read as set.
    ClearsConstant,
    /// Puts the count of a dynamic read into the FIFO while the address is on its way.
    LateCount,
    /// Asks for a repeated START while a byte is on its way.
    EarlyRestart,
}

const ISR: usize = 0x020;
const CR: usize = 0x100;
const SR: usize = 0x104;
const TX: usize = 0x108;
const RX: usize = 0x10C;
const PIRQ: usize = 0x120;

const ARB_LOST: u32 = 1;
const RX_FULL: u32 = 1 << 3;

const EN: u32 = 1;
const MSMS: u32 = 1 << 2;
const SEND: u32 = 1 << 3;
const TXAK: u32 = 1 << 4;
const RSTA: u32 = 1 << 5;

struct ByHand<'a> {
    rig: &'a Rig,
    mistake: Mistake,
    /// For how long the program is interrupted at the worst place.
    late: Duration,
}

impl ByHand<'_> {
    fn write(&self, offset: usize, value: u32) {
        self.rig.window.write(offset, value);
    }

    fn read(&self, offset: usize) -> u32 {
        self.rig.window.read(offset)
    }

    fn is_preempted(&self) {
        self.rig.board.advance(self.late);
    }

    /// Waits for a bit of a register, for a while.
    fn wait(&self, register: usize, mask: u32, value: u32) -> Option<()> {
        for _ in 0..10_000 {
            if self.read(register) & mask == value {
                return Some(());
            }
            self.rig.board.advance(Duration::from_micros(10));
        }
        None
    }

    fn reset(&self) {
        self.write(0x040, 0xA);
        self.write(PIRQ, 0xF);
        self.write(CR, EN);
    }

    fn clear(&self, bits: u32) {
        let bits = if self.mistake == Mistake::ClearsConstant { bits } else { bits & self.read(ISR) };
        self.write(ISR, bits);
    }

    /// A standard read, byte by byte, as the sheet has it.
    fn read_standard(&self, count: usize) -> Option<Vec<u8>> {
        self.clear(RX_FULL | ARB_LOST | 2);
        self.write(PIRQ, 0);
        self.write(TX, 0x41);
        self.write(CR, EN | MSMS | if count == 1 { TXAK } else { 0 });
        let mut bytes = Vec::new();
        while bytes.len() < count {
            self.wait(ISR, RX_FULL, RX_FULL)?;
            if self.read(ISR) & ARB_LOST != 0 {
                return None;
            }
            let left = count - bytes.len();
            if left == 2 && self.mistake != Mistake::LateNack {
                self.write(CR, EN | MSMS | TXAK);
            }
            if left == 1 && self.mistake != Mistake::LateStop {
                self.write(CR, EN);
            }
            if self.mistake == Mistake::ClearsFirst {
                self.clear(RX_FULL);
            }
            bytes.push(self.read(RX).to_le_bytes()[0]);
            if left == 2 && self.mistake == Mistake::LateNack {
                self.is_preempted();
                self.write(CR, EN | MSMS | TXAK);
            }
            if left == 1 && self.mistake == Mistake::LateStop {
                self.is_preempted();
                self.write(CR, EN);
            }
            if self.mistake != Mistake::ClearsFirst {
                self.clear(RX_FULL);
            }
        }
        self.wait(SR, 1 << 2, 0)?;
        Some(bytes)
    }

    fn read_dynamic(&self, count: u32) -> Option<Vec<u8>> {
        if self.mistake != Mistake::LateCount {
            self.write(CR, 0);
        }
        self.write(TX, 0x141);
        self.is_preempted();
        self.write(TX, 0x200 | count);
        if self.mistake != Mistake::LateCount {
            self.write(CR, EN);
        }
        let mut bytes = Vec::new();
        while bytes.len() < count as usize {
            self.wait(SR, 1 << 6, 0)?;
            bytes.push(self.read(RX).to_le_bytes()[0]);
        }
        self.wait(SR, 1 << 2, 0)?;
        Some(bytes)
    }

    /// Writes two bytes, and reads one after a repeated START.
    fn write_read(&self) -> Option<u8> {
        self.write(PIRQ, 0);
        for entry in [0x40, 1, 2] {
            self.write(TX, entry);
        }
        self.write(CR, EN | MSMS | SEND);
        match self.mistake {
            // The FIFO is empty, and the last byte still on its way.
            Mistake::EarlyRestart => self.wait(SR, 1 << 7, 1 << 7)?,
            _ => self.wait(ISR, 1 << 2, 1 << 2)?,
        }
        self.write(CR, EN | MSMS | RSTA | TXAK);
        self.write(TX, 0x41);
        self.wait(ISR, RX_FULL, RX_FULL)?;
        self.write(CR, EN);
        let byte = self.read(RX).to_le_bytes()[0];
        self.wait(SR, 1 << 2, 0)?;
        Some(byte)
    }
}

const SHORT: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_millis(1);

/// Whether three reads in a row, each of five bytes, are what they should be on the bus and in the program.
fn reads_right(mistake: Mistake, late: Duration) -> bool {
    let rig = Rig::new(crate::common::LEVEL);
    let hand = ByHand { rig: &rig, mistake, late };
    hand.reset();
    let expected = (0..3_u8).map(|read| (1..=5).map(|byte| 5 * read + byte).collect::<Vec<u8>>());
    let read: Vec<_> = (0..3).map_while(|_| hand.read_standard(5)).collect();
    let heard = rig.heard();
    let right = (0..3_u8).fold(String::new(), |text, read| {
        let at = |byte: u8| format!("{:02x}", 5 * read + byte);
        text + &format!("S20R A {} A {} A {} A {} A {} N P\n", at(1), at(2), at(3), at(4), at(5))
    });
    read.into_iter().eq(expected) && heard == right
}

#[test]
fn a_nack_and_a_stop_have_to_be_asked_for_before_the_read() {
    for late in [SHORT, LONG] {
        assert!(reads_right(Mistake::None, late));
    }
    assert!(reads_right(Mistake::LateNack, SHORT), "it is not noticed as long as nothing comes in between");
    assert!(!reads_right(Mistake::LateNack, LONG));
    // The byte too many begins with the read.
    assert!(!reads_right(Mistake::LateStop, SHORT) && !reads_right(Mistake::LateStop, LONG));
}

#[test]
fn a_status_that_follows_is_cleared_after_the_cause() {
    assert!(!reads_right(Mistake::ClearsFirst, SHORT), "it is set again, and believed");
}

#[test]
fn a_constant_that_is_cleared_sets_what_was_not_set() {
    assert!(!reads_right(Mistake::ClearsConstant, SHORT), "arbitration that was never lost");
}

#[test]
fn a_count_has_to_be_there_with_its_address() {
    for (mistake, late, right) in [
        (Mistake::None, SHORT, true),
        (Mistake::None, LONG, true),
        (Mistake::LateCount, SHORT, true),
        (Mistake::LateCount, LONG, false),
    ] {
        let rig = Rig::new(crate::common::LEVEL);
        let hand = ByHand { rig: &rig, mistake, late };
        hand.reset();
        assert_eq!(hand.read_dynamic(4) == Some(vec![1, 2, 3, 4]), right, "{mistake:?} {late:?}");
    }
}

#[test]
fn a_repeated_start_has_to_wait_for_the_last_byte() {
    for (mistake, right) in [(Mistake::None, true), (Mistake::EarlyRestart, false)] {
        let rig = Rig::new(crate::common::LEVEL);
        let hand = ByHand { rig: &rig, mistake, late: SHORT };
        hand.reset();
        hand.write_read();
        assert_eq!(rig.heard() == "S20W A 01 A 02 A Sr20R A 01 N P\n", right, "{mistake:?}: {}", rig.heard());
    }
}
