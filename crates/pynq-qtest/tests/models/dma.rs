//! The AXI DMA with scatter-gather: its channel from memory to stream, which QEMU's machine has in front of an Ethernet
//! that drops what comes.

use pynq_core::Instant;
use pynq_qtest::{Command, MicroBlazeV, Time};
use pynq_sim::{
    fabric::{Fabric, FabricBuilder},
    models::{
        AxiDmaModel, DmaParams,
        axi_dma::{CURDESC, DMACR, DMASR, TAILDESC},
    },
    parts::StreamSink,
};

use crate::{
    common::emulator,
    departure::{Departure, Foreseen, Tally, assert_documented},
    replay::{Pair, Random, replay},
};

const DMA: u64 = 0x41E0_0000;
/// The input of the INTC that this channel's interrupt is wired to.
const INPUT: u32 = 9;
const MEMORY: u64 = 0x8000_0000;
const RING: u64 = MEMORY + 0x1000;
const BUFFERS: u64 = MEMORY + 0x1_0000;
const SLOTS: u32 = 16;

const RS: u32 = 1;
const TAIL_MODE: u32 = 2;
const RESET: u32 = 4;
const IOC: u32 = 1 << 12;
const ERR: u32 = 1 << 14;
const INTERRUPTS: u32 = 0x7000;
const HALTED: u32 = 1;
const IDLE: u32 = 2;
const SG: u32 = 8;
const INTERNAL: u32 = 1 << 4;
const SG_INTERNAL: u32 = 1 << 8;
const EOF: u32 = 1 << 26;
const SOF: u32 = 1 << 27;
const COMPLETE: u32 = 1 << 31;

/// The longest sequence.
const LENGTH: u32 = 30;

const REGISTERS: [u32; 4] = [DMACR, DMASR, CURDESC, TAILDESC];
const NAMES: [&str; 4] = ["DMACR", "DMASR", "CURDESC", "TAILDESC"];

const NO_SG_BIT: Departure =
    Departure { name: "no SGIncld", sheet: "DMASR bit 3 shows that the build has scatter-gather", qemu: "it reads 0" };
const NEXT: Departure = Departure {
    name: "CURDESC is the next one",
    sheet: "it shows the descriptor that was last worked on",
    qemu: "it shows the one that follows it",
};
const NO_LENGTH: Departure = Departure {
    name: "no bytes in a descriptor's status",
    sheet: "it has the bytes transferred",
    qemu: "it has Cmplt alone",
};
const STATUS_WRITTEN: Departure = Departure {
    name: "DMASR can be written",
    sheet: "a write clears interrupts, and Halted and Idle are read-only",
    qemu: "they become what was written",
};
const NEVER_HALTS: Departure = Departure {
    name: "RS = 0 does not halt",
    sheet: "Halted is set when all has drained, and Idle is cleared",
    qemu: "both stay what they were",
};
const STALE: Departure = Departure {
    name: "a stale descriptor is no error",
    sheet: "one that is complete already is SGIntErr, with its interrupt, and RS is cleared",
    qemu: "Halted is set, and nothing else",
};
const EMPTY: Departure = Departure {
    name: "a descriptor of no bytes is no error",
    sheet: "DMAIntErr, with its interrupt, and RS is cleared",
    qemu: "it is complete at once, as any other",
};
const RELOADED: Departure = Departure {
    name: "any write of DMACR restarts the count",
    sheet: "the count of packets restarts when the threshold changes",
    qemu: "with every write",
};
const ZERO: Departure =
    Departure { name: "a threshold of 0 is stored", sheet: "it is stored as 1", qemu: "it is 0, and so is the count" };
const IDLE_CLEARED: Departure = Departure {
    name: "a write of DMACR clears Idle",
    sheet: "Idle is left alone while the channel runs",
    qemu: "a write with RS set clears it",
};
const UNLOCKED: Departure = Departure {
    name: "CURDESC is never locked",
    sheet: "it can be written while the channel is halted",
    qemu: "at any time",
};
const KEPT: Departure = Departure {
    name: "a reset leaves registers alone",
    sheet: "all are at their values of reset, and DMACR bit 1 is 1",
    qemu: "the pointers stay, and DMACR bit 1 is 0 until it is written",
};

const DEPARTURES: [&Departure; 12] = [
    &NO_SG_BIT,
    &NEXT,
    &NO_LENGTH,
    &STATUS_WRITTEN,
    &NEVER_HALTS,
    &STALE,
    &EMPTY,
    &RELOADED,
    &ZERO,
    &IDLE_CLEARED,
    &UNLOCKED,
    &KEPT,
];

/// The visible state of a channel and its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct View {
    registers: [u32; REGISTERS.len()],
    status: [u32; SLOTS as usize],
    interrupt: bool,
}

impl View {
    fn at(&mut self, register: u32) -> &mut u32 {
        let index = REGISTERS.iter().position(|known| *known == register).unwrap();
        &mut self.registers[index]
    }

    fn get(mut self, register: u32) -> u32 {
        *self.at(register)
    }

    fn count(self) -> u32 {
        self.get(DMASR) >> 16 & 0xFF
    }

    fn set_count(&mut self, count: u32) {
        *self.at(DMASR) = self.get(DMASR) & !0xFF_0000 | count << 16;
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// From a halt: CURDESC, and RS with this threshold and these interrupts.
    Start(u8, u32),
    /// So many more descriptors, of lengths that follow from a seed, and the tail behind them.
    Append(u32, u64),
    /// One without bytes.
    AppendEmpty,
    /// The tail is moved past what was prepared.
    Overshoot,
    /// All interrupts are cleared.
    Clear,
    /// RS is cleared, when no interrupt is set.
    Stop,
    /// Another threshold and other interrupts while the channel runs.
    Control(u8, u32),
    /// CURDESC is written while the channel runs.
    Locked,
    Reset,
}

struct Dmas {
    board: MicroBlazeV,
    ours: Fabric,
    /// Descriptors prepared, and of those processed.
    prepared: u32,
    processed: u32,
    /// Since CURDESC was last written.
    moved: bool,
    /// It has met an error, and waits for a reset.
    failed: bool,
}

fn slot(number: u32) -> u32 {
    u32::try_from(RING).unwrap() + number % SLOTS * 0x40
}

fn commands_of(words: &[(u64, u32)]) -> Vec<Command<'static>> {
    words.iter().map(|&(address, value)| Command::Write32 { address, value }).collect()
}

fn register(offset: u32) -> u64 {
    DMA + u64::from(offset)
}

impl Dmas {
    fn new(emulator: &str) -> Self {
        let board = MicroBlazeV::start(emulator, Time::Stands, &[]).unwrap();
        board.qtest().run(&commands_of(&[(MicroBlazeV::INTC + 0x1C, 3)])).unwrap();
        Self { board, ours: Self::fresh(), prepared: 0, processed: 0, moved: false, failed: false }
    }

    fn fresh() -> Fabric {
        let params = DmaParams { scatter_gather: true, length_width: 23, ..DmaParams::default() };
        FabricBuilder::new()
            .device("dma", DMA, 0x1000, AxiDmaModel::new(params))
            .memory("ddr", MEMORY, 0x10_0000)
            .part("sink", StreamSink::new())
            .join("dma/M_AXIS_MM2S", "sink/S_AXIS")
            .build()
            .unwrap()
    }

    fn write_ours(&mut self, words: &[(u64, u32)]) {
        for &(address, value) in words {
            self.ours.write(address, value).unwrap();
        }
        // Everything happens that is to happen.
        let now = self.ours.now().as_nanos();
        self.ours.advance_to(Instant::from_nanos(now + 10));
        while let Some(next) = self.ours.next_event() {
            self.ours.advance_to(next);
        }
    }

    fn ours(&mut self) -> View {
        let registers = REGISTERS.map(|offset| self.ours.read(register(offset)).unwrap());
        let status = core::array::from_fn(|slot| self.ours.read(RING + slot as u64 * 0x40 + 0x1C).unwrap());
        View { registers, status, interrupt: self.ours.line("dma/mm2s_introut").unwrap() }
    }

    fn theirs(&mut self, words: &[(u64, u32)]) -> View {
        let mut commands = commands_of(words);
        commands.extend(REGISTERS.map(|offset| Command::Read32 { address: register(offset) }));
        let statuses = (0..SLOTS).map(|slot| RING + u64::from(slot) * 0x40 + 0x1C);
        commands.extend(statuses.map(|address| Command::Read32 { address }));
        // The controller latches a level until it is acknowledged, and latches it again if it is still there.
        commands.extend(commands_of(&[(MicroBlazeV::INTC + 0x0C, u32::MAX)]));
        commands.push(Command::Read32 { address: MicroBlazeV::INTC });
        let answers = self.board.qtest().run(&commands).unwrap();
        let (registers, rest) = answers.split_at(REGISTERS.len());
        View {
            registers: registers.try_into().unwrap(),
            status: rest[..SLOTS as usize].try_into().unwrap(),
            interrupt: rest[SLOTS as usize] >> INPUT & 1 != 0,
        }
    }

    /// The words of a descriptor.
    fn describe(number: u32, control: u32) -> Vec<(u64, u32)> {
        let at = u64::from(slot(number));
        let buffer = u32::try_from(BUFFERS).unwrap() + number % SLOTS * 0x1000;
        let words = [slot(number + 1), 0, buffer, 0, 0, 0, control, 0];
        (at..).step_by(4).zip(words).collect()
    }

    /// What a step writes; nothing if it makes no sense now.
    fn words(&mut self, step: Step, before: &View) -> Vec<(u64, u32)> {
        let (runs, halted) = (before.get(DMACR) & RS != 0, before.get(DMASR) & HALTED != 0);
        let tail = |number: u32| (register(TAILDESC), slot(number));
        let control = |threshold: u8, interrupts: u32| u32::from(threshold) << 16 | interrupts & INTERRUPTS | RS;
        let clear = (register(DMASR), INTERRUPTS);
        match step {
            Step::Reset => {
                // A new ring.
                let statuses = (0..SLOTS).map(|number| (u64::from(slot(number)) + 0x1C, 0));
                statuses.chain([(register(DMACR), RESET)]).collect()
            }
            _ if self.failed => Vec::new(),
            Step::Start(threshold, interrupts) if halted => {
                self.moved = false;
                vec![(register(CURDESC), slot(self.processed)), (register(DMACR), control(threshold, interrupts))]
            }
            Step::Append(count, seed) if self.prepared - self.processed + count < SLOTS => {
                let mut random = Random::new(seed);
                let mut words = Vec::new();
                for number in self.prepared..self.prepared + count {
                    let flags = random.pick(&[SOF | EOF, SOF | EOF, SOF, EOF, 0]);
                    words.extend(Self::describe(number, flags | (1 + random.below(3000))));
                }
                self.prepared += count;
                words.push(tail(self.prepared - 1));
                words
            }
            Step::AppendEmpty if runs && self.prepared == self.processed => {
                let mut words = Self::describe(self.prepared, SOF | EOF);
                self.prepared += 1;
                words.push(tail(self.prepared - 1));
                words
            }
            // A whole round was prepared and is complete.
            Step::Overshoot if runs && self.prepared == self.processed && self.processed >= SLOTS => {
                vec![tail(self.prepared + 3)]
            }
            Step::Clear => vec![clear],
            Step::Stop if runs && before.get(DMASR) & INTERRUPTS == 0 => {
                vec![(register(DMACR), before.get(DMACR) & !RS)]
            }
            Step::Control(threshold, interrupts) if runs && before.get(DMASR) & INTERRUPTS == 0 => {
                vec![(register(DMACR), control(threshold, interrupts))]
            }
            Step::Locked if runs => vec![(register(CURDESC), 0x8000_F000)],
            _ => Vec::new(),
        }
    }

    /// The state that QEMU is expected to show, where the data sheet has `ours`.
    fn foresee(&self, step: Step, before: &View, ours: &View, tally: &mut Tally) -> Foreseen<View> {
        let mut foreseen = Foreseen::new(*ours);
        let (halted, idle) = (ours.get(DMASR) & HALTED != 0, ours.get(DMASR) & IDLE != 0);
        foreseen.departs(&NO_SG_BIT, ours.get(DMASR) & SG != 0, tally, |view| *view.at(DMASR) &= !SG);
        let with_bytes = ours.status.iter().all(|status| status & COMPLETE == 0 || status & 0x7F_FFFF != 0);
        foreseen.departs(&NO_LENGTH, with_bytes, tally, |view| {
            view.status.iter_mut().for_each(|status| *status &= COMPLETE);
        });
        match step {
            Step::AppendEmpty => {
                let right = ours.get(DMASR) & (INTERNAL | ERR | HALTED) == INTERNAL | ERR | HALTED;
                let (empty, count) = (self.prepared - 1, before.count() - 1);
                foreseen.departs(&EMPTY, right, tally, |view| {
                    *view.at(DMACR) |= RS;
                    *view.at(DMASR) = before.get(DMASR) & INTERRUPTS | IDLE;
                    *view.at(CURDESC) = slot(empty + 1);
                    view.status[(empty % SLOTS) as usize] = COMPLETE;
                    view.set_count(count);
                    if count == 0 {
                        *view.at(DMASR) |= IOC;
                        view.set_count(before.get(DMACR) >> 16 & 0xFF);
                    }
                });
                foreseen.view.interrupt = foreseen.view.get(DMASR) & foreseen.view.get(DMACR) & INTERRUPTS != 0;
                return foreseen;
            }
            Step::Overshoot => {
                let right = ours.get(DMASR) & (SG_INTERNAL | ERR | HALTED) == SG_INTERNAL | ERR | HALTED;
                foreseen.departs(&STALE, right && ours.get(DMACR) & RS == 0, tally, |view| {
                    *view.at(DMACR) |= RS;
                    *view.at(DMASR) = before.get(DMASR) & (INTERRUPTS | 0xFF_0000) | HALTED;
                });
                foreseen.view.interrupt = before.interrupt;
                return foreseen;
            }
            _ => {}
        }
        if self.moved {
            let last = ours.get(CURDESC);
            let next = slot((last - slot(0)) / 0x40 + 1);
            let right = last == slot(self.processed + SLOTS - 1);
            foreseen.departs(&NEXT, right, tally, |view| *view.at(CURDESC) = next);
        }
        match step {
            Step::Clear => {
                let right = (halted, idle) == (before.get(DMASR) & HALTED != 0, before.get(DMASR) & IDLE != 0);
                foreseen.departs(&STATUS_WRITTEN, right, tally, |view| *view.at(DMASR) &= !(HALTED | IDLE));
            }
            Step::Stop => {
                foreseen.departs(&NEVER_HALTS, halted && !idle, tally, |view| {
                    *view.at(DMASR) = view.get(DMASR) & !HALTED | before.get(DMASR) & IDLE;
                });
                self.foresee_count(before, ours, tally, &mut foreseen);
            }
            Step::Control(threshold, _) | Step::Start(threshold, _) => {
                if matches!(step, Step::Control(..)) {
                    let right = idle == (before.get(DMASR) & IDLE != 0);
                    foreseen.departs(&IDLE_CLEARED, right, tally, |view| *view.at(DMASR) &= !IDLE);
                }
                self.foresee_count(before, ours, tally, &mut foreseen);
                if threshold == 0 {
                    let right = ours.get(DMACR) >> 16 & 0xFF == 1 && ours.count() == 1;
                    foreseen.departs(&ZERO, right, tally, |view| {
                        *view.at(DMACR) &= !0xFF_0000;
                        view.set_count(0);
                    });
                }
            }
            Step::Locked => {
                let right = ours.get(CURDESC) == before.get(CURDESC);
                foreseen.departs(&UNLOCKED, right, tally, |view| *view.at(CURDESC) = 0x8000_F000);
            }
            Step::Reset => {
                let right = ours.registers == [0x1_0000 | TAIL_MODE, 0x1_0000 | SG | HALTED, 0, 0];
                foreseen.departs(&KEPT, right, tally, |view| {
                    *view.at(DMACR) &= !TAIL_MODE;
                });
            }
            _ => {}
        }
        foreseen
    }

    fn foresee_count(&self, before: &View, ours: &View, tally: &mut Tally, foreseen: &mut Foreseen<View>) {
        let threshold = ours.get(DMACR) >> 16 & 0xFF;
        let same = before.get(DMACR) >> 16 & 0xFF == threshold;
        let right = ours.count() == if same { before.count() } else { threshold };
        foreseen.departs(&RELOADED, right, tally, |view| view.set_count(threshold));
    }

    /// Brings both to one state after a departure.
    fn agree(&mut self, step: Step, ours: &View, theirs: &View) {
        let mut words = Vec::new();
        match step {
            Step::Reset => {
                words = vec![(register(DMACR), 1 << 16), (register(CURDESC), 0), (register(TAILDESC), 0)];
            }
            Step::Control(threshold, _) | Step::Start(threshold, _) if threshold == 0 => {
                words.push((register(DMACR), ours.get(DMACR)));
            }
            Step::AppendEmpty => words.push((u64::from(slot(self.prepared - 1)) + 0x1C, 0)),
            Step::Locked => {
                let next = if self.moved { slot(self.processed) } else { ours.get(CURDESC) };
                words.push((register(CURDESC), next));
            }
            _ => {}
        }
        if matches!(step, Step::Control(..) | Step::Start(..) | Step::Stop) && ours.count() != theirs.count() {
            // Ours restarts its count with another threshold.
            let control = ours.get(DMACR);
            self.write_ours(&[(register(DMACR), control ^ 0x80_0000), (register(DMACR), control)]);
        }
        if matches!(step, Step::Clear | Step::Stop | Step::Control(..) | Step::Reset | Step::Start(..)) {
            words.push((register(DMASR), ours.get(DMASR) & (HALTED | IDLE)));
        }
        self.board.qtest().run(&commands_of(&words)).unwrap();
    }
}

impl Pair for Dmas {
    type Step = Step;

    fn sequence(random: &mut Random) -> Vec<Step> {
        (0..2 + random.below(LENGTH)).map(|_| choose(random)).collect()
    }

    fn reset(&mut self) {
        let mut words = vec![(register(DMACR), RESET), (register(DMACR), 1 << 16)];
        words.extend([(register(CURDESC), 0), (register(TAILDESC), 0), (register(DMASR), HALTED)]);
        words.extend((0..SLOTS).map(|number| (u64::from(slot(number)) + 0x1C, 0)));
        self.board.qtest().run(&commands_of(&words)).unwrap();
        self.ours = Self::fresh();
        (self.prepared, self.processed, self.moved, self.failed) = (0, 0, false, false);
    }

    fn step(&mut self, step: Step, tally: &mut Tally) -> Result<(), String> {
        let before = self.ours();
        let words = self.words(step, &before);
        if words.is_empty() {
            return Ok(());
        }
        self.write_ours(&words);
        if step_is_reset(step) {
            // The bit shows once.
            self.ours.read(register(DMACR)).unwrap();
            (self.moved, self.failed) = (false, false);
        }
        let ours = self.ours();
        self.failed |= matches!(step, Step::AppendEmpty | Step::Overshoot);
        if ours.get(DMACR) & RS != 0 && matches!(step, Step::Append(..)) {
            (self.processed, self.moved) = (self.prepared, true);
        }
        let theirs = self.theirs(&words);
        let mut foreseen = self.foresee(step, &before, &ours, tally);
        if step_is_reset(step) {
            // The pointers are what QEMU had.
            for pointer in [CURDESC, TAILDESC] {
                *foreseen.view.at(pointer) = theirs.get(pointer);
            }
            (self.prepared, self.processed) = (0, 0);
        }
        tally.reads += (REGISTERS.len() + ours.status.len()) as u64;
        let both = ours.registers.iter().chain(&ours.status).zip(theirs.registers.iter().chain(&theirs.status));
        tally.differing += both.filter(|(ours, theirs)| ours != theirs).count() as u64;
        if theirs != foreseen.view || !foreseen.faults.is_empty() {
            return Err(foreseen.faults.join("\n") + "\n" + &describe(&ours, &foreseen.view, &theirs));
        }
        self.agree(step, &ours, &theirs);
        Ok(())
    }
}

const fn step_is_reset(step: Step) -> bool {
    matches!(step, Step::Reset)
}

fn choose(random: &mut Random) -> Step {
    let threshold = random.pick(&[1, 1, 2, 3, 0, 5]);
    let interrupts = random.pick(&[IOC | ERR, IOC | ERR, IOC, 0]);
    match random.below(20) {
        0..=4 => Step::Start(threshold, interrupts),
        5..=10 => Step::Append(1 + random.below(5), random.word().into()),
        11 => Step::AppendEmpty,
        12 => Step::Overshoot,
        13..=15 => Step::Clear,
        16 => Step::Stop,
        17 => Step::Control(threshold, interrupts),
        18 => Step::Locked,
        _ => Step::Reset,
    }
}

fn describe(ours: &View, foreseen: &View, theirs: &View) -> String {
    let mut text = format!("{:>10} {:>10} {:>10} {:>10}\n", "", "ours", "foreseen", "QEMU");
    let slots = (0..SLOTS).map(|slot| format!("slot {slot}"));
    let names = NAMES.iter().map(|name| (*name).to_owned()).chain(slots);
    let all = |view: &View| view.registers.into_iter().chain(view.status).collect::<Vec<u32>>();
    let [ours_all, foreseen_all, theirs_all] = [ours, foreseen, theirs].map(all);
    for (index, name) in names.enumerate() {
        let [a, b, c] = [ours_all[index], foreseen_all[index], theirs_all[index]];
        if b != c {
            text += &format!("{name:>10} {a:#10x} {b:#10x} {c:#10x}\n");
        }
    }
    if foreseen.interrupt != theirs.interrupt {
        let [a, b, c] = [ours, foreseen, theirs].map(|view| view.interrupt);
        text += &format!("{:>10} {a:>10} {b:>10} {c:>10}\n", "interrupt");
    }
    text
}

#[test]
fn the_dma_is_qemus_but_for_the_table() {
    let mut dmas = Dmas::new(&emulator!());
    let tally = replay(&mut dmas, 3_000);
    println!("{}", tally.table("AXI DMA", &DEPARTURES));
    tally.assert_all_seen(&DEPARTURES);
}

#[test]
fn the_book_tells_of_the_dma() {
    assert_documented("AXI DMA", &DEPARTURES);
}
