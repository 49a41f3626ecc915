//! The races of the data sheet. For each a driver that loses it, on the same model, which this crate's wins in the same
//! place: see `transactions` and `errors`.

use std::time::Duration;

use pynq_sim::{Board, Window, device::Spi};

use crate::rig::{DRR, DTR, IPIER, IPISR, SPICR, SPISR, SPISSR, USUAL, Wiring, answers, board};

const ON: u32 = 0x86;
const INHIBIT: u32 = 1 << 8;
const DTR_EMPTY: u32 = 1 << 2;
const RX_EMPTY: u32 = 1 << 0;

/// A driver by hand. What it gets right it gets right by the data sheet.
struct ByHand {
    board: Board,
    spi: Window,
    seen: std::sync::Arc<std::sync::Mutex<Vec<Spi>>>,
}

/// Where such a driver goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    None,
    /// It fills the FIFO while the block runs.
    FillsWhileItRuns,
    /// It deselects when the transmit FIFO is empty.
    DeselectsEarly,
    /// It takes as many words as it has sent as soon as the transmit FIFO is empty.
    TakesUnseen,
    /// It throws away what it receives by not reading it.
    ReadsNothing,
    /// It acknowledges by a constant.
    AcknowledgesMore,
    /// It sets the mode when the chip is selected already.
    SetsModeLate,
    /// Another thread sets the mode between its read and its write of the control register.
    ChangesControl,
}

impl ByHand {
    fn new() -> Self {
        let (board, seen) = board(USUAL, Wiring::Direct);
        let spi = board.window("spi").unwrap();
        spi.write(0x40, 0xA);
        spi.write(0x1C, 1 << 31);
        spi.write(SPICR, ON | INHIBIT);
        Self { board, spi, seen }
    }

    /// Waits for the transmit FIFO to be reported empty, as an interrupt handler is called.
    fn wait(&self) {
        while self.spi.read(IPISR) & DTR_EMPTY == 0 {
            self.board.advance(Duration::from_nanos(100));
        }
    }

    /// One chunk of `words`, with chip 0 selected. Returns what came back.
    fn transfer(&self, words: &[u8], mistake: Mistake) -> Vec<u8> {
        let control = ON | 0b11 << 3;
        if mistake != Mistake::SetsModeLate {
            self.spi.write(SPICR, control | INHIBIT);
        }
        self.spi.write(SPISSR, 0xE);
        if mistake == Mistake::SetsModeLate {
            self.spi.write(SPICR, control | INHIBIT);
        }
        let go = || match mistake {
            Mistake::ChangesControl => {
                self.spi.write(SPICR, ON | INHIBIT);
                let read = self.spi.read(SPICR);
                self.spi.write(SPICR, control | INHIBIT);
                self.spi.write(SPICR, read & !INHIBIT);
            }
            _ => self.spi.write(SPICR, control),
        };
        if mistake == Mistake::FillsWhileItRuns {
            go();
        }
        for word in words {
            self.spi.write(DTR, (*word).into());
        }
        if mistake != Mistake::FillsWhileItRuns {
            go();
        }
        self.wait();
        let status = self.spi.read(IPISR);
        self.spi.write(IPISR, if mistake == Mistake::AcknowledgesMore { DTR_EMPTY | 1 << 6 } else { status });
        if mistake == Mistake::DeselectsEarly {
            self.spi.write(SPISSR, 0xF);
        }
        let mut back = Vec::new();
        match mistake {
            Mistake::ReadsNothing => self.board.advance(Duration::from_millis(1)),
            Mistake::TakesUnseen | Mistake::FillsWhileItRuns => {
                // By the report the words are out, all but the last one: so that one is waited for.
                if mistake == Mistake::FillsWhileItRuns {
                    self.board.advance(Duration::from_nanos(1_280));
                }
                back.extend(words.iter().map(|_| self.spi.read(DRR).to_le_bytes()[0]));
            }
            _ => {
                while back.len() < words.len() {
                    match self.spi.read(SPISR) & RX_EMPTY {
                        0 => back.push(self.spi.read(DRR).to_le_bytes()[0]),
                        _ => self.board.advance(Duration::from_nanos(100)),
                    }
                }
            }
        }
        self.spi.write(SPICR, control | INHIBIT);
        self.spi.write(SPISSR, 0xF);
        back
    }

    fn seen(&self) -> Vec<Spi> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// What is on the bus if nothing went wrong.
fn right(words: &[u8]) -> Vec<Spi> {
    let shift = |word: &u8| Spi::Shift { data: (*word).into(), bits: 8, lanes: 1, mode: 3 };
    [Spi::Select(1)].into_iter().chain(words.iter().map(shift)).chain([Spi::Select(0)]).collect()
}

#[test]
fn by_the_data_sheet_nothing_is_lost() {
    let hand = ByHand::new();
    for round in 0..3 {
        let words: Vec<u8> = (1..=10).collect();
        assert_eq!(hand.transfer(&words, Mistake::None), answers(round * 10, 10));
        assert_eq!(hand.seen(), right(&words));
    }
}

#[test]
fn filled_while_it_runs_the_report_comes_after_the_first_word() {
    let hand = ByHand::new();
    let back = hand.transfer(&[1, 2, 3, 4], Mistake::FillsWhileItRuns);
    assert_ne!(back, answers(0, 4), "the transfer was taken to be over too early");
    assert!(!hand.board.take_bus_errors().is_empty(), "it read from an empty FIFO");
}

#[test]
fn deselected_when_the_fifo_is_empty_the_chip_misses_the_last_word() {
    let hand = ByHand::new();
    let back = hand.transfer(&[1, 2, 3], Mistake::DeselectsEarly);
    let seen = hand.seen();
    assert_ne!(seen, right(&[1, 2, 3]));
    let selected = seen.iter().position(|message| *message == Spi::Select(0)).unwrap();
    assert_eq!(seen[..selected].len(), 3, "the selection and two words");
    assert_eq!(back[2], 0xFF, "and nothing answers the third one");
}

#[test]
fn taken_unseen_the_last_word_is_not_there() {
    let hand = ByHand::new();
    assert_ne!(hand.transfer(&[1, 2, 3], Mistake::TakesUnseen), answers(0, 3));
    assert_eq!(hand.board.take_bus_errors().len(), 1);
}

#[test]
fn what_is_not_read_is_an_overrun_in_the_next_chunk() {
    let hand = ByHand::new();
    hand.transfer(&[0; 10], Mistake::ReadsNothing);
    let back = hand.transfer(&[0; 10], Mistake::None);
    assert_eq!(back, answers(0, 10), "the answers of the chunk before");
    assert_ne!(hand.spi.read(IPISR) & 1 << 5, 0);
}

#[test]
fn acknowledged_by_a_constant_there_is_a_phantom() {
    let hand = ByHand::new();
    hand.spi.write(IPIER, DTR_EMPTY | 1 << 6);
    hand.transfer(&[1, 2, 3], Mistake::AcknowledgesMore);
    assert!(hand.board.cpu_pin(61).unwrap().level(), "half empty, with a FIFO that never was half full");
    let hand = ByHand::new();
    hand.spi.write(IPIER, DTR_EMPTY | 1 << 6);
    hand.transfer(&[1, 2, 3], Mistake::None);
    assert!(!hand.board.cpu_pin(61).unwrap().level());
}

#[test]
fn a_mode_set_late_is_a_clock_that_the_chip_counts() {
    let hand = ByHand::new();
    hand.transfer(&[1], Mistake::SetsModeLate);
    assert_ne!(hand.seen(), right(&[1]));
}

#[test]
fn a_control_register_changed_in_two_places_loses_one_change() {
    let hand = ByHand::new();
    hand.transfer(&[1], Mistake::ChangesControl);
    let seen = hand.seen();
    assert!(seen.contains(&Spi::Shift { data: 1, bits: 8, lanes: 1, mode: 0 }), "{seen:?}");
}
