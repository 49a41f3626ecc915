//! The AXI INTC.

use pynq_qtest::{Command, MicroBlazeV, Time};
use pynq_sim::models::{
    AxiIntcModel, IntcParams,
    axi_intc::{CIE, IAR, IER, ILR, IPR, ISR, IVR, MER, SIE},
};

use crate::{
    common::emulator,
    departure::{Departure, Foreseen, Tally, assert_documented},
    replay::{Pair, Random, replay},
};

const ME: u32 = 1;
const HIE: u32 = 2;
/// Only there with `C_HAS_FAST`.
const IMR: u32 = 0x20;
const IVAR: u32 = 0x100;

/// The longest sequence.
const LENGTH: u32 = 40;

const EDGES: u32 = MicroBlazeV::KIND_OF_INTR;

/// What is read after every step.
const REGISTERS: [u32; 11] = [ISR, IPR, IER, IAR, SIE, CIE, IVR, MER, IMR, ILR, IVAR];
const NAMES: [&str; 11] = ["ISR", "IPR", "IER", "IAR", "SIE", "CIE", "IVR", "MER", "IMR", "ILR", "IVAR"];

const HIE_CLEARED: Departure = Departure {
    name: "MER.HIE can be cleared",
    sheet: "once set, only a reset clears it",
    qemu: "a write clears it, and ISR becomes writable again",
};
const OUTPUT_DROPPED: Departure = Departure {
    name: "MER.ME gates the output",
    sheet: "clearing ME does not drop an output that is asserted",
    qemu: "it drops at once",
};
const EARLY_EVENTS: Departure = Departure {
    name: "nothing is latched before MER.HIE",
    sheet: "inputs are latched without it, and shown when it is set",
    qemu: "only what is active at that moment shows",
};
const TEST_BITS: Departure = Departure {
    name: "bits written to ISR outlive MER.HIE",
    sheet: "from then on ISR shows the latches of its inputs",
    qemu: "they stay until they are acknowledged",
};
const NO_GAP: Departure = Departure {
    name: "no gap at an acknowledge",
    sheet: "the output drops for a clock when all that is pending is acknowledged, though an input is still active",
    qemu: "it stays up",
};
const LEVEL_FOR_EDGE: Departure = Departure {
    name: "an edge input has no memory",
    sheet: "an edge is a change of the line",
    qemu: "every report of its device that the line is high is an edge",
};

const DEPARTURES: [&Departure; 6] =
    [&HIE_CLEARED, &OUTPUT_DROPPED, &EARLY_EVENTS, &TEST_BITS, &NO_GAP, &LEVEL_FOR_EDGE];

/// The visible state of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct View {
    registers: [u32; REGISTERS.len()],
    output: bool,
    /// The output changed and came back.
    gap: bool,
}

impl View {
    fn at(&mut self, register: u32) -> &mut u32 {
        let index = REGISTERS.iter().position(|known| *known == register).unwrap();
        &mut self.registers[index]
    }

    fn get(mut self, register: u32) -> u32 {
        *self.at(register)
    }

    /// Another status, and what follows from it.
    fn set_status(&mut self, status: u32) {
        let pending = status & self.get(IER);
        *self.at(ISR) = status;
        *self.at(IPR) = pending;
        *self.at(IVR) = if pending == 0 { u32::MAX } else { pending.trailing_zeros() };
        self.output = pending != 0 && self.get(MER) & ME != 0;
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(u32, u32),
    /// An input changes.
    Input(u8, bool),
    /// Its device sets the level that it already has.
    Again(u8),
}

/// What the sequence so far leads to by the data sheet, beside the registers.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    inputs: u32,
    /// Latched, and not acknowledged, while HIE was clear.
    early: u32,
    /// The output was up when ME was cleared, and something was pending ever since.
    held: bool,
}

struct Intcs {
    board: MicroBlazeV,
    ours: AxiIntcModel,
    history: History,
    /// QEMU's output, and how often it has changed.
    output: (bool, u64),
}

impl Intcs {
    fn new(emulator: &str) -> Self {
        let board = MicroBlazeV::start(emulator, Time::Stands, &[]).unwrap();
        Self { board, ours: Self::fresh(), history: History::default(), output: (false, 0) }
    }

    /// As the one of QEMU's machine.
    fn fresh() -> AxiIntcModel {
        AxiIntcModel::new(IntcParams { inputs: 32, kind_of_intr: EDGES, ..IntcParams::default() })
    }

    fn address(register: u32) -> u64 {
        MicroBlazeV::INTC + u64::from(register)
    }

    fn write(register: u32, value: u32) -> Command<'static> {
        Command::Write32 { address: Self::address(register), value }
    }

    fn ours(&mut self) -> View {
        let registers = REGISTERS.map(|register| self.ours.read(register));
        View { registers, output: self.ours.irq(), gap: self.ours.take_pulse() }
    }

    /// Sends a command to QEMU's controller, and reads its state.
    fn theirs(&mut self, command: Command<'static>) -> View {
        let mut commands = vec![command];
        commands.extend(REGISTERS.map(|register| Command::Read32 { address: Self::address(register) }));
        let registers = self.board.qtest().run(&commands).unwrap().try_into().unwrap();
        let (before, after) = (self.output, self.board.intc_output());
        let gap = after.1 - before.1 > u64::from(after.0 != before.0);
        self.output = after;
        let output = after.0;
        View { registers, output, gap }
    }

    /// Brings QEMU's controller to the state of ours. That HIE can be cleared comes handy.
    fn agree(&mut self, view: &View) {
        let commands = [(MER, 0), (ISR, view.get(ISR)), (IER, view.get(IER)), (MER, view.get(MER))];
        self.board.qtest().run(&commands.map(|(register, value)| Self::write(register, value))).unwrap();
        self.output = self.board.intc_output();
    }
}

/// Follows what the data sheet says of the sequence.
fn follow(history: &mut History, step: Step, before: &View, after: &View) {
    let active = |history: &History| history.inputs & !EDGES;
    match step {
        Step::Input(input, level) => {
            let rises = level && history.inputs & 1 << input == 0;
            history.inputs = history.inputs & !(1 << input) | u32::from(level) << input;
            history.early |= if rises { EDGES & 1 << input } else { 0 };
        }
        Step::Write(IAR, bits) => {
            history.early &= !bits;
            // All that held it was gone for a clock.
            history.held &= before.get(IPR) & !bits != 0;
        }
        Step::Write(MER, value) if value & ME == 0 => history.held |= before.output,
        Step::Write(MER, _) => history.held = false,
        _ => {}
    }
    history.held &= after.get(IPR) != 0;
    history.early |= active(history);
}

/// The state that QEMU is expected to show, where the data sheet has `ours`.
fn foresee(history: &History, step: Step, before: &View, ours: &View, tally: &mut Tally) -> Foreseen<View> {
    let mut foreseen = Foreseen::new(*ours);
    let status = before.get(ISR);
    let hie_before = before.get(MER) & HIE != 0;
    match step {
        Step::Write(MER, value) if hie_before && value & HIE == 0 => {
            let sticks = ours.get(MER) == value & ME | HIE;
            foreseen.departs(&HIE_CLEARED, sticks, tally, |view| *view.at(MER) = value & ME);
        }
        Step::Write(MER, value) if !hie_before && value & HIE != 0 => {
            let early = history.early & !(history.inputs & !EDGES) & !status;
            let shown = ours.get(ISR) & early == early;
            foreseen.departs(&EARLY_EVENTS, shown, tally, |view| view.set_status(view.get(ISR) & !early));
            let written = status & !history.early;
            let gone = ours.get(ISR) & written == 0;
            foreseen.departs(&TEST_BITS, gone, tally, |view| view.set_status(view.get(ISR) | written));
        }
        Step::Write(IAR, bits) if before.get(IPR) & !bits == 0 && before.output && ours.get(MER) & ME != 0 => {
            let dropped = ours.gap == (ours.get(IPR) != 0);
            foreseen.departs(&NO_GAP, dropped, tally, |view| view.gap = false);
        }
        Step::Again(input) if hie_before && history.inputs & EDGES & 1 << input != 0 => {
            let unmoved = ours.get(ISR) == status;
            foreseen.departs(&LEVEL_FOR_EDGE, unmoved, tally, |view| view.set_status(view.get(ISR) | 1 << input));
        }
        _ => {}
    }
    if history.held {
        foreseen.departs(&OUTPUT_DROPPED, ours.output, tally, |view| view.output = false);
    }
    foreseen
}

fn choose(random: &mut Random) -> Step {
    // The edge input, two level inputs that interfere, and the others.
    let input = match random.below(3) {
        0 => 1,
        1 => random.pick(&[0, 2]),
        _ => u8::try_from(random.below(32)).unwrap(),
    };
    let bits = if random.one_in(2) { 1 << input } else { random.bits() };
    match random.below(24) {
        0..=6 => Step::Input(input, !random.one_in(3)),
        7 => Step::Again(1),
        8..=11 => Step::Write(IAR, bits),
        12..=13 => Step::Write(SIE, bits),
        14..=15 => Step::Write(CIE, bits),
        16 => Step::Write(IER, bits),
        17..=18 => Step::Write(ISR, bits),
        19..=21 => Step::Write(MER, random.pick(&[3, 3, 3, 2, 1, 0, u32::MAX, !1, !2, !3])),
        22 => Step::Write(random.pick(&[IPR, IVR]), random.word()),
        _ => Step::Write(random.pick(&[IMR, ILR, IVAR, 0x1FC]), random.bits()),
    }
}

impl Pair for Intcs {
    type Step = Step;

    fn sequence(random: &mut Random) -> Vec<Step> {
        (0..1 + random.below(LENGTH)).map(|_| choose(random)).collect()
    }

    fn reset(&mut self) {
        // The edge input last: with HIE clear it is not noticed.
        let mut commands = vec![Self::write(MER, 0), Self::write(IER, 0)];
        let high = (0..32).filter(|input| self.history.inputs & 1 << input != 0);
        commands.extend(high.map(|input| MicroBlazeV::intc_input(input, false)));
        commands.push(Self::write(ISR, 0));
        self.board.qtest().run(&commands).unwrap();
        (self.ours, self.history) = (Self::fresh(), History::default());
        self.output = self.board.intc_output();
    }

    fn step(&mut self, step: Step, tally: &mut Tally) -> Result<(), String> {
        let before = self.ours();
        let command = match step {
            Step::Write(register, value) => {
                self.ours.write(register, value);
                Self::write(register, value)
            }
            Step::Input(input, level) => {
                let inputs = self.ours.inputs() & !(1 << input) | u32::from(level) << input;
                // Setting the level again is another step, so that it is foreseen.
                if inputs == self.ours.inputs() {
                    return Ok(());
                }
                self.ours.set_inputs(inputs);
                MicroBlazeV::intc_input(input, level)
            }
            Step::Again(input) => MicroBlazeV::intc_input(input, self.ours.inputs() & 1 << input != 0),
        };
        let ours = self.ours();
        let theirs = self.theirs(command);
        let latched_before = self.history;
        follow(&mut self.history, step, &before, &ours);
        let history = History { early: latched_before.early, ..self.history };
        let foreseen = foresee(&history, step, &before, &ours, tally);
        tally.reads += REGISTERS.len() as u64;
        tally.differing +=
            ours.registers.iter().zip(theirs.registers).filter(|(ours, theirs)| *ours != theirs).count() as u64;
        if theirs != foreseen.view || !foreseen.faults.is_empty() {
            return Err(foreseen.faults.join("\n") + "\n" + &describe(&ours, &foreseen.view, &theirs));
        }
        if theirs.registers != ours.registers {
            self.agree(&ours);
        }
        // Latches are what ISR shows from now on.
        if ours.get(MER) & HIE != 0 {
            self.history.early = 0;
        }
        Ok(())
    }
}

fn describe(ours: &View, foreseen: &View, theirs: &View) -> String {
    let mut text = format!("{:>8} {:>10} {:>10} {:>10}\n", "", "ours", "foreseen", "QEMU");
    for (index, name) in NAMES.iter().enumerate() {
        let [a, b, c] = [ours, foreseen, theirs].map(|view| view.registers[index]);
        if b != c {
            text += &format!("{name:>8} {a:#10x} {b:#10x} {c:#10x}\n");
        }
    }
    for (name, of) in [("output", (|view| view.output) as fn(&View) -> bool), ("gap", |view| view.gap)] {
        let [a, b, c] = [ours, foreseen, theirs].map(of);
        if b != c {
            text += &format!("{name:>8} {a:>10} {b:>10} {c:>10}\n");
        }
    }
    text
}

#[test]
fn the_intc_is_qemus_but_for_the_table() {
    let mut intcs = Intcs::new(&emulator!());
    let tally = replay(&mut intcs, 10_000);
    println!("{}", tally.table("AXI INTC", &DEPARTURES));
    tally.assert_all_seen(&DEPARTURES);
}

#[test]
fn the_book_tells_of_the_intc() {
    assert_documented("AXI INTC", &DEPARTURES);
}
