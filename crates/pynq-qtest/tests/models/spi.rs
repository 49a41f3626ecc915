//! The Quad SPI. Nothing is joined to ours; of QEMU's chips the sequences know nothing, so what they answer is not compared.

use std::collections::VecDeque;

use pynq_qtest::{Command, Ml605, Watch};
use pynq_sim::models::{
    AxiQuadSpiModel, SpiParams,
    axi_quad_spi::{DGIER, DRR, DTR, IPIER, IPISR, RX_OCCUPANCY, SPICR, SPISR, SPISSR, SRR, TX_OCCUPANCY},
};

use crate::{
    common::find_microblaze,
    departure::{Departure, Tally, assert_documented},
    replay::{Pair, Random, replay},
};

const LOOP: u32 = 1 << 0;
const ON: u32 = 0x6;
const RESETS: u32 = 0x60;
const TX_RESET: u32 = 1 << 5;
const RX_RESET: u32 = 1 << 6;
const INHIBIT: u32 = 1 << 8;

const RX_FULL: u32 = 1 << 1;
const TX_FULL: u32 = 1 << 3;

const DTR_EMPTY: u32 = 1 << 2;
const DRR_FULL: u32 = 1 << 4;
const OVERRUN: u32 = 1 << 5;
const HALF_EMPTY: u32 = 1 << 6;
const NOT_EMPTY: u32 = 1 << 8;

/// The longest sequence.
const LENGTH: u32 = 40;

/// What is read after every step; the receive register is not, since its read takes.
const REGISTERS: [u32; 8] = [DGIER, IPISR, IPIER, SPICR, SPISR, SPISSR, TX_OCCUPANCY, RX_OCCUPANCY];
const NAMES: [&str; 8] = ["DGIER", "IPISR", "IPIER", "SPICR", "SPISR", "SPISSR", "TX occupancy", "RX occupancy"];

const AT_RESET: Departure =
    Departure { name: "SPICR after a reset", sheet: "0x180: manual selection, inhibited", qemu: "0x100" };
const FOUR_BITS: Departure = Departure {
    name: "SPISR has four bits",
    sheet: "bit 5 is set while no other controller selects this one, bit 7 while it is a slave",
    qemu: "they read 0",
};
const UNUSED_BITS: Departure = Departure {
    name: "unused bits remember",
    sheet: "bits without a function read 0, as do selects that are not there",
    qemu: "they read what was written to them, and status bits can be toggled that do not exist",
};
const OCCUPANCY: Departure = Departure {
    name: "no occupancy",
    sheet: "the words in a FIFO less one",
    qemu: "the registers read what was written to them",
};
const NEVER_EMPTY: Departure = Departure {
    name: "DRR not empty in a master",
    sheet: "is for slaves",
    qemu: "it is set, and again at every access, while the receive FIFO is not empty",
};
const STAYS_FULL: Departure = Departure {
    name: "DRR full follows",
    sheet: "is an event: the FIFO becomes full",
    qemu: "it is set again at every access while the receive FIFO is full",
};
const OVERRUN_FORGOTTEN: Departure = Departure {
    name: "an overrun is forgotten",
    sheet: "once there was one, its status stays until a reset",
    qemu: "toggling its bit clears it",
};
const NO_HALF: Departure = Departure {
    name: "no half empty",
    sheet: "is set when half of the transmit FIFO has been sent",
    qemu: "it is never set",
};
const NO_LOOP: Departure = Departure {
    name: "no loop-back",
    sheet: "with LOOP what is sent is received",
    qemu: "LOOP is stored and does nothing",
};
const LOW_LINE: Departure = Departure {
    name: "a line that nothing drives is low",
    sheet: "is not in it; ours is pulled up",
    qemu: "zeros are received",
};
const DISABLED: Departure = Departure {
    name: "SPE and MASTER are not looked at",
    sheet: "nothing is sent without them",
    qemu: "words go out as soon as INHIBIT is clear",
};

const DEPARTURES: [&Departure; 11] = [
    &AT_RESET,
    &FOUR_BITS,
    &UNUSED_BITS,
    &OCCUPANCY,
    &NEVER_EMPTY,
    &STAYS_FULL,
    &OVERRUN_FORGOTTEN,
    &NO_HALF,
    &NO_LOOP,
    &LOW_LINE,
    &DISABLED,
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(u32, u32),
    /// So many words are written to the transmit FIFO.
    Fill(u16, u32),
    /// So many words are taken from the receive FIFO.
    Take(u16),
    /// The block is let go without being enabled. What follows is not compared.
    Disabled,
}

/// What a model shows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct View {
    registers: [u32; REGISTERS.len()],
    output: bool,
    /// What was taken; nothing where the chips may have answered.
    taken: Vec<Option<u32>>,
}

/// What of QEMU's state differs from ours, derived from the sequence.
#[derive(Debug, Default)]
struct History {
    /// What was written to registers that remember all of it.
    dgier: u32,
    ipier: u32,
    spissr: u32,
    control: u32,
    occupancy: [u32; 2],
    status: u32,
    /// The words in its receive FIFO; `None` where a chip was selected.
    rx: VecDeque<Option<u32>>,
    tx: usize,
    over: bool,
}

struct Spis {
    board: Ml605,
    ours: AxiQuadSpiModel,
    history: History,
}

fn address(register: u32) -> u64 {
    Ml605::SPI + u64::from(register)
}

fn write(register: u32, value: u32) -> Command<'static> {
    Command::Write32 { address: address(register), value }
}

impl Spis {
    fn fresh() -> AxiQuadSpiModel {
        AxiQuadSpiModel::new(SpiParams {
            fifo_depth: Ml605::SPI_FIFO,
            slave_selects: Ml605::SPI_SELECTS,
            ..SpiParams::default()
        })
    }

    /// Does a step to ours, and lets all words go out. Returns what was taken, and the commands for QEMU.
    fn ours(&mut self, step: Step) -> (View, Vec<Command<'static>>) {
        let (mut taken, mut commands) = (Vec::new(), Vec::new());
        match step {
            // A value that is no key is a bus error, and nothing on QEMU.
            Step::Write(register, value) => {
                assert_eq!(self.ours.write(register, value), register != SRR || value == 0xA);
                commands.push(write(register, value));
            }
            Step::Fill(count, seed) => {
                for n in 0..count {
                    let word = (seed ^ u32::from(n)).wrapping_mul(0x9E37_79B9) >> 24;
                    // QEMU ends itself when its FIFO overflows.
                    if self.read(SPISR) & TX_FULL != 0 {
                        assert!(!self.ours.write(DTR, word), "a full FIFO is a bus error");
                        break;
                    }
                    assert!(self.ours.write(DTR, word));
                    commands.push(write(DTR, word));
                    self.drain();
                }
            }
            Step::Take(count) => {
                for _ in 0..count {
                    let Some(word) = self.ours.read(DRR) else { break };
                    taken.push(Some(word));
                    commands.push(Command::Read32 { address: address(DRR) });
                }
            }
            Step::Disabled => commands.push(write(SPICR, 0)),
        }
        self.drain();
        let registers = REGISTERS.map(|register| self.read(register));
        (View { registers, output: self.ours.output(), taken }, commands)
    }

    fn drain(&mut self) {
        while let Some(next) = self.ours.next_event() {
            self.ours.pass_to(next);
        }
        self.ours.take_sent();
    }

    fn read(&mut self, register: u32) -> u32 {
        self.ours.read(register).unwrap()
    }

    fn theirs(&self, mut commands: Vec<Command<'static>>, taken: usize) -> View {
        commands.extend(REGISTERS.map(|register| Command::Read32 { address: address(register) }));
        let mut values = self.board.qtest().run(&commands).unwrap();
        let registers = values.split_off(taken).try_into().unwrap();
        View { registers, output: self.board.spi_output(), taken: values.into_iter().map(Some).collect() }
    }
}

impl History {
    /// Words go out.
    fn flush(&mut self, words: usize) {
        let answer = if self.spissr & 0xF == 0xF { Some(0) } else { None };
        for _ in 0..words {
            if self.rx.len() == usize::from(Ml605::SPI_FIFO) {
                self.status |= OVERRUN;
            } else {
                self.rx.push_back(answer);
            }
            self.status |= DTR_EMPTY;
        }
        self.tx -= words;
        self.condition();
    }

    /// What is set again at every access.
    fn condition(&mut self) {
        if !self.rx.is_empty() {
            self.status |= NOT_EMPTY;
        }
        if self.rx.len() == usize::from(Ml605::SPI_FIFO) {
            self.status |= DRR_FULL;
        }
    }

    fn is_let_go(&self) -> bool {
        self.control & INHIBIT == 0
    }

    /// What QEMU does at a step, of which `filled` words fit.
    fn follow(&mut self, step: Step, filled: usize, taken: usize) -> Vec<Option<u32>> {
        match step {
            Step::Write(DGIER, value) => self.dgier = value,
            Step::Write(IPIER, value) => self.ipier = value,
            Step::Write(IPISR, value) => self.status ^= value,
            Step::Write(SPISSR, value) => self.spissr = value,
            Step::Write(TX_OCCUPANCY, value) => self.occupancy[0] = value,
            Step::Write(RX_OCCUPANCY, value) => self.occupancy[1] = value,
            Step::Write(SRR, 0xA) => *self = Self { control: INHIBIT, spissr: u32::MAX, ..Self::default() },
            Step::Write(SPICR, value) => {
                if value & RX_RESET != 0 {
                    self.rx.clear();
                }
                if value & TX_RESET != 0 {
                    self.tx = 0;
                }
                self.control = value & !RESETS;
                if self.is_let_go() {
                    self.flush(self.tx);
                }
            }
            Step::Fill(..) => {
                self.tx += filled;
                if self.is_let_go() {
                    self.flush(filled);
                }
            }
            Step::Take(_) => {
                let words = self.rx.drain(..taken).collect();
                self.condition();
                return words;
            }
            Step::Disabled => {
                self.control = 0;
                self.flush(self.tx);
            }
            Step::Write(..) => {}
        }
        self.condition();
        Vec::new()
    }

    /// QEMU's view, by this, and the rows of the table that make it differ from ours.
    fn foresee(&self, ours: &View, taken: Vec<Option<u32>>, loops: bool) -> (View, Vec<&'static Departure>) {
        let [dgier, status, ipier, control, spisr, spissr, tx_occupancy, rx_occupancy] = ours.registers;
        let mut rows = Vec::new();
        let mut row = |differs: bool, departure: &'static Departure| rows.extend(differs.then_some(departure));
        row(self.control & 0x80 == 0 && control & 0x80 != 0, &AT_RESET);
        row(spisr & !0xF != 0, &FOUR_BITS);
        row(
            (dgier, ipier, spissr) != (self.dgier, self.ipier, self.spissr)
                || self.status & !0x3FFF != 0
                || self.control & !0x3FF != 0,
            &UNUSED_BITS,
        );
        row([tx_occupancy, rx_occupancy] != self.occupancy, &OCCUPANCY);
        let differing = status ^ self.status;
        row(differing & NOT_EMPTY != 0, &NEVER_EMPTY);
        row(differing & DRR_FULL != 0, &STAYS_FULL);
        row(differing & OVERRUN != 0, &OVERRUN_FORGOTTEN);
        row(differing & HALF_EMPTY != 0, &NO_HALF);
        let received = ours.taken.iter().zip(&taken).any(|(ours, theirs)| theirs.is_some() && ours != theirs);
        row(received && loops, &NO_LOOP);
        row(received && !loops, &LOW_LINE);
        let theirs = [
            self.dgier,
            self.status,
            self.ipier,
            self.control,
            spisr & 0xF,
            self.spissr,
            self.occupancy[0],
            self.occupancy[1],
        ];
        let output = self.dgier & 1 << 31 != 0 && self.status & self.ipier != 0;
        (View { registers: theirs, output, taken }, rows)
    }
}

impl Pair for Spis {
    type Step = Step;

    fn sequence(random: &mut Random) -> Vec<Step> {
        let length = 1 + random.below(LENGTH);
        let step = |random: &mut Random| match random.below(16) {
            0 => Step::Write(DGIER, random.pick(&[0, 1 << 31, u32::MAX])),
            1 => Step::Write(IPIER, random.bits()),
            2 | 3 => Step::Write(IPISR, random.bits() & 0x1FF),
            4 => Step::Write(IPISR, random.bits()),
            5 => Step::Write(SRR, random.pick(&[0xA, 0xA, 0, 0xB])),
            6 => {
                let any = random.word();
                Step::Write(SPISSR, random.pick(&[u32::MAX, 0xF, 0x7, 0xE, any]))
            }
            7 => Step::Write(random.pick(&[SPISR, TX_OCCUPANCY, RX_OCCUPANCY]), random.bits()),
            8 | 9 => {
                Step::Write(SPICR, ON | random.pick(&[0, 0, 0, LOOP, 0x18, 0x80]) | random.pick(&[0, RESETS, RX_RESET]))
            }
            10 => Step::Write(SPICR, INHIBIT | random.bits() & !0x200),
            11 | 12 => Step::Fill(1 + random.below(20) as u16, random.word()),
            13 => Step::Fill(1 + random.below(300) as u16, random.word()),
            14 => Step::Take(1 + random.below(20) as u16),
            _ => Step::Take(300),
        };
        let mut steps: Vec<Step> = (0..length).map(|_| step(random)).collect();
        if random.one_in(4) {
            steps.extend([Step::Write(SPICR, INHIBIT | ON), Step::Fill(3, 1), Step::Disabled]);
        }
        steps
    }

    fn reset(&mut self) {
        self.board.qtest().run(&[write(SRR, 0xA)]).unwrap();
        self.ours = Self::fresh();
        self.history = History { control: INHIBIT, spissr: u32::MAX, ..History::default() };
    }

    fn step(&mut self, step: Step, tally: &mut Tally) -> Result<(), String> {
        if self.history.over {
            return Ok(());
        }
        let loops = self.read(SPICR) & LOOP != 0;
        if let Step::Disabled = step {
            // Ours keeps the words, QEMU's go out.
            let before = self.read(SPISR);
            let (after, commands) = self.ours(step);
            assert!(self.ours.write(SPICR, 0));
            self.drain();
            self.history.follow(step, 0, 0);
            self.history.over = true;
            let theirs = self.theirs(commands, 0);
            let sent = before & 4 == 0 && theirs.registers[4] & 4 != 0;
            if sent {
                tally.hit(&DISABLED);
            }
            let kept = self.read(SPISR) & 4 == before & 4;
            return if sent == (before & 4 == 0) && kept {
                Ok(())
            } else {
                Err(format!("without SPE and MASTER: ours {after:x?}, QEMU's {theirs:x?}"))
            };
        }
        let (ours, commands) = self.ours(step);
        let taken = ours.taken.len();
        let filled = commands.len();
        let taken_there = self.history.follow(step, filled, taken);
        let theirs = self.theirs(commands, taken);
        let (foreseen, rows) = self.history.foresee(&ours, taken_there, loops);
        tally.reads += (REGISTERS.len() + taken) as u64;
        tally.differing +=
            ours.registers.iter().zip(theirs.registers).filter(|(ours, theirs)| *ours != theirs).count() as u64;
        rows.into_iter().for_each(|row| tally.hit(row));
        let as_foreseen = foreseen.registers == theirs.registers
            && foreseen.output == theirs.output
            && foreseen
                .taken
                .iter()
                .zip(&theirs.taken)
                .all(|(foreseen, theirs)| foreseen.is_none() || foreseen == theirs);
        if !as_foreseen {
            return Err(describe(&ours, &foreseen, &theirs));
        }
        self.check_ours(&ours, step)
    }
}

impl Spis {
    /// What the data sheet says of ours where QEMU does otherwise.
    fn check_ours(&mut self, ours: &View, step: Step) -> Result<(), String> {
        let [dgier, status, ipier, control, spisr, spissr, tx_occupancy, rx_occupancy] = ours.registers;
        let wrong = [
            (
                dgier & !(1 << 31) != 0 || ipier & !0x3FFF != 0 || spissr & !0xF != 0 || control & !0x39F != 0,
                &UNUSED_BITS,
            ),
            (spisr & 0x20 == 0 || (spisr & 0x80 == 0) != (control & 4 != 0), &FOUR_BITS),
            (tx_occupancy != self.history.tx.saturating_sub(1) as u32, &OCCUPANCY),
            (rx_occupancy != self.history.rx.len().saturating_sub(1) as u32, &OCCUPANCY),
            ((spisr & RX_FULL != 0) != (self.history.rx.len() == usize::from(Ml605::SPI_FIFO)), &OCCUPANCY),
            (
                (status ^ self.history.status) & 0x3FFF & !(DRR_FULL | OVERRUN | HALF_EMPTY | NOT_EMPTY) != 0,
                &UNUSED_BITS,
            ),
            (matches!(step, Step::Write(SRR, 0xA)) && (control, status) != (0x180, 0), &AT_RESET),
        ];
        match wrong.into_iter().find(|(wrong, _)| *wrong) {
            Some((_, departure)) => {
                Err(format!("ours departs as well: {}; the data sheet: {}", departure.name, departure.sheet))
            }
            None => Ok(()),
        }
    }
}

fn describe(ours: &View, foreseen: &View, theirs: &View) -> String {
    let mut text = format!("{:>12} {:>10} {:>10} {:>10}\n", "", "ours", "foreseen", "QEMU");
    for (index, name) in NAMES.iter().enumerate() {
        let [a, b, c] = [ours, foreseen, theirs].map(|view| view.registers[index]);
        if b != c {
            text += &format!("{name:>12} {a:#10x} {b:#10x} {c:#10x}\n");
        }
    }
    if foreseen.output != theirs.output {
        text += &format!("{:>12} {:>10} {:>10} {:>10}\n", "output", ours.output, foreseen.output, theirs.output);
    }
    if foreseen.taken != theirs.taken {
        text += &format!("taken: ours {:x?}\nforeseen {:x?}\nQEMU {:x?}\n", ours.taken, foreseen.taken, theirs.taken);
    }
    text
}

#[test]
fn the_quad_spi_is_qemus_but_for_the_table() {
    let Some(emulator) = find_microblaze() else { return };
    let board = Ml605::start(emulator, Watch::Controller).unwrap();
    let mut spis = Spis { board, ours: Spis::fresh(), history: History::default() };
    let tally = replay(&mut spis, 4_000);
    println!("{}", tally.table("Quad SPI", &DEPARTURES));
    tally.assert_all_seen(&DEPARTURES);
}

#[test]
fn the_book_tells_of_the_quad_spi() {
    assert_documented("Quad SPI", &DEPARTURES);
}
