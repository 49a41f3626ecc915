//! The AXI timer. Time stands still while registers are accessed; a step that lets some pass finds out how much by the
//! machine's other timer, and ours is given the same number of clocks.

use std::time::{Duration, Instant};

use pynq_qtest::{Command, MicroBlazeV, Time};
use pynq_sim::models::{
    AxiTimerModel, TimerParams,
    axi_intc::{IAR, IER, ISR, MER},
    axi_timer::{TCR, TCSR, TIMER1, TLR},
};

use crate::{
    common::emulator,
    departure::{Departure, Foreseen, Tally, assert_documented},
    qmp::{Invitation, Qmp},
    replay::{Pair, Random, replay},
    timer_table::*,
};

const MDT: u32 = 1 << 0;
const UDT: u32 = 1 << 1;
const GENT: u32 = 1 << 2;
const CAPT: u32 = 1 << 3;
const ARHT: u32 = 1 << 4;
const LOAD: u32 = 1 << 5;
const ENIT: u32 = 1 << 6;
const ENT: u32 = 1 << 7;
const TINT: u32 = 1 << 8;
const ENALL: u32 = 1 << 10;
const CASC: u32 = 1 << 11;

const RESERVED_OFFSET: u32 = 0xC;

/// What is read after every step.
const REGISTERS: [u32; 8] =
    [TCSR, TLR, TCR, RESERVED_OFFSET, TIMER1 + TCSR, TIMER1 + TLR, TIMER1 + TCR, TIMER1 + RESERVED_OFFSET];
const NAMES: [&str; 8] = ["TCSR0", "TLR0", "TCR0", "0x0C", "TCSR1", "TLR1", "TCR1", "0x1C"];

/// The longest sequence.
const LENGTH: u32 = 24;

/// Clocks to the end of a counter: of one that must not end however much time passes, and the least of one that may.
const FAR: u32 = 1 << 30;
const NEAR: u32 = 1 << 9;

/// Clocks that are let pass at the least.
const CLOCKS: u32 = 100_000;

/// So near to its end QEMU may have noticed it or not.
const MARGIN: u32 = 4;

/// What is left of a counter after a reset.
const LEFT: u32 = 5;

/// What can be seen of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct View {
    registers: [u32; REGISTERS.len()],
    interrupt: bool,
}

impl View {
    fn at(&mut self, timer: usize, register: u32) -> &mut u32 {
        &mut self.registers[4 * timer + register as usize / 4]
    }

    fn get(mut self, timer: usize, register: u32) -> u32 {
        *self.at(timer, register)
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(u32, u32),
    /// As programs start a timer: stop it, load it, let it go.
    Start {
        timer: usize,
        load: u32,
        mode: u32,
    },
    /// A timer that was started so is stopped again.
    Stop {
        timer: usize,
    },
    /// Lets time pass, if both timers were started by such steps and are left alone since.
    Pass,
}

/// What the sequence so far leads to, for one timer.
#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    /// The last value written to TCSR, and to the reserved register.
    control: u32,
    reserved: u32,
    /// It had CASC.
    cascade: bool,
    /// A write to either TCSR had ENALL, since this one was written or in that write.
    started_by_enall: bool,
    /// TCSR was written without TINT while that was set.
    cleared_by_zero: bool,
    /// ENT was written last when there was nothing to count.
    nothing_to_count: bool,
    /// QEMU's counter, which counts down.
    count: u32,
    /// Started as programs do, and left alone since but for being stopped.
    tidy: bool,
    stopped: bool,
    /// TLR was written since.
    other_load: bool,
    /// QEMU has had the event of a timer that has none by the data sheet.
    undue: bool,
}

impl Channel {
    /// TCSR is written while time stands still.
    fn write(&mut self, value: u32, load: u32, tint_before: bool) {
        self.cleared_by_zero = tint_before && value & TINT == 0;
        self.started_by_enall = value & ENALL != 0;
        self.cascade = value & CASC != 0;
        (self.control, self.nothing_to_count, self.undue) = (value & (CASC - 1) & !TINT, false, false);
        if value & ENT != 0 {
            self.count = down(value, load);
            self.nothing_to_count = self.count == 0;
        }
    }

    /// The value, as one that counts down, that a properly started counter has by the data sheet, and QEMU's departure
    /// from it.
    fn by_the_sheet(&self, clocks: u32) -> (u32, Option<&'static Departure>) {
        if self.stopped {
            return (self.count, Some(&NO_STOP));
        }
        let counted = self.count.wrapping_sub(clocks);
        if clocks <= self.count {
            return (counted, None);
        }
        // The rollover is a clock after 0, and the reload another one later.
        match (clocks - self.count - 1) % (self.count + 2) {
            _ if self.control & MDT != 0 => (counted, Some(&NO_CAPTURE)),
            _ if self.control & ARHT == 0 => (u32::MAX, Some(&LAST_COUNT)),
            0 => (u32::MAX, Some(&PERIODS)),
            since => (self.count - (since - 1), Some(&PERIODS)),
        }
    }

    /// What becomes of QEMU's.
    fn pass(&mut self, clocks: u32, counter: u32) {
        let over = clocks > self.count;
        self.undue = over && (self.stopped || self.control & MDT != 0);
        self.tidy = false;
        self.count = match (over, self.control & ARHT != 0) {
            (false, _) => self.count - clocks,
            (true, false) => 0,
            // Anywhere on its way.
            (true, true) => down(self.control, counter).min(self.count),
        };
    }

    /// TCR as QEMU makes it.
    const fn counter(&self) -> u32 {
        down(self.control, self.count)
    }
}

/// A counter's value as QEMU keeps it: counting down.
const fn down(control: u32, value: u32) -> u32 {
    if control & UDT != 0 { value } else { !value }
}

struct Timers {
    board: MicroBlazeV,
    qmp: Qmp,
    ours: AxiTimerModel,
    channels: [Channel; 2],
    last_written: usize,
    passes: u64,
}

/// The other timer's registers.
const WATCH: u64 = MicroBlazeV::TIMERS[1];

impl Timers {
    fn new(emulator: &str) -> Self {
        let invitation = Invitation::new();
        let board = MicroBlazeV::start(emulator, Time::Stands, &["-qmp", &invitation.address()]).unwrap();
        let qmp = invitation.accept();
        for (register, value) in [(IER, 1), (MER, 3)] {
            board.qtest().write32(MicroBlazeV::INTC + u64::from(register), value).unwrap();
        }
        let ours = AxiTimerModel::new(TimerParams::default());
        Self { board, qmp, ours, channels: [Channel::default(); 2], last_written: 0, passes: 0 }
    }

    fn ours(&mut self) -> View {
        View { registers: REGISTERS.map(|register| self.ours.read(register)), interrupt: self.ours.irq() }
    }

    fn theirs(&mut self) -> View {
        let mut commands: Vec<_> = REGISTERS.map(|register| Command::Read32 { address: address(register) }).into();
        // The line of a level input is what its latch shows after an acknowledge.
        commands.push(Command::Write32 { address: MicroBlazeV::INTC + u64::from(IAR), value: 1 });
        commands.push(Command::Read32 { address: MicroBlazeV::INTC + u64::from(ISR) });
        let values = self.board.qtest().run(&commands).unwrap();
        let (status, registers) = values.split_last().unwrap();
        View { registers: registers.try_into().unwrap(), interrupt: status & 1 != 0 }
    }

    /// Writes a register of both.
    fn write(&mut self, register: u32, value: u32) {
        let (timer, offset) = ((register / TIMER1) as usize, register % TIMER1);
        let before = self.ours();
        self.ours.write(register, value);
        self.board.qtest().write32(address(register), value).unwrap();
        match offset {
            TCSR => {
                let tint = before.get(timer, TCSR) & TINT != 0;
                self.channels[timer].write(value, before.get(timer, TLR), tint);
                self.channels[1 - timer].started_by_enall |= value & ENALL != 0;
                self.last_written = timer;
            }
            RESERVED_OFFSET => self.channels[timer].reserved = value,
            _ => {}
        }
    }

    /// What QEMU is to show, where the data sheet has it as `ours`.
    fn foresee(&self, ours: &View, tally: &mut Tally) -> Foreseen<View> {
        let mut foreseen = Foreseen::new(*ours);
        let shared = self.channels[self.last_written].control & ENALL;
        for (timer, channel) in self.channels.iter().enumerate() {
            let (control, due) = (ours.get(timer, TCSR), ours.get(timer, TCSR) & TINT != 0);
            let cascades = (control & CASC != 0) == (timer == 0 && channel.cascade);
            foreseen.departs(&NO_CASCADE, cascades, tally, |view| *view.at(timer, TCSR) &= !CASC);

            let missing = if channel.started_by_enall { !channel.control & ENT } else { 0 };
            let right = control & (ENALL | ENT) == shared | channel.control & ENT | missing;
            let bits = channel.control & (ENALL | ENT);
            foreseen.departs(&ENALL_ALONE, right, tally, |view| {
                *view.at(timer, TCSR) = view.get(timer, TCSR) & !(ENALL | ENT) | bits;
            });
            if channel.cleared_by_zero {
                foreseen.departs(&WRITE_CLEARS, due, tally, |view| *view.at(timer, TCSR) &= !TINT);
            }
            if channel.nothing_to_count {
                let right = due == channel.cleared_by_zero;
                foreseen.departs(&NOTHING_TO_COUNT, right, tally, |view| *view.at(timer, TCSR) |= TINT);
            }
            if channel.undue {
                let departure = if channel.stopped { &NO_STOP } else { &NO_CAPTURE };
                foreseen.departs(departure, !due, tally, |view| *view.at(timer, TCSR) |= TINT);
            }
            if !channel.tidy {
                // What ours does then is compared where a program starts it as it should.
                foreseen.departs(&ENT_LOADS, true, tally, |view| *view.at(timer, TCR) = channel.counter());
            }
            let none = ours.get(timer, RESERVED_OFFSET) == 0;
            foreseen.departs(&RESERVED, none, tally, |view| *view.at(timer, RESERVED_OFFSET) = channel.reserved);
        }
        let raised = |view: &View| (0..2).any(|timer| view.get(timer, TCSR) & (TINT | ENIT) == TINT | ENIT);
        if ours.interrupt != raised(ours) {
            foreseen.faults.push(format!("our interrupt is {}, against our registers", ours.interrupt));
        }
        foreseen.view.interrupt = raised(&foreseen.view);
        foreseen
    }

    /// Lets time pass for QEMU, and returns how many clocks it was.
    fn let_pass(&mut self) -> u32 {
        let qtest = self.board.qtest().clone();
        // From 0 upwards, from this very moment on, which is that of all starts.
        for (register, value) in [(TCSR, 0), (TLR, 0), (TCSR, ENT)] {
            qtest.write32(WATCH + u64::from(register), value).unwrap();
        }
        let begin = Instant::now();
        let mut target = CLOCKS;
        loop {
            self.qmp.go_on();
            while qtest.read32(WATCH + u64::from(TCR)).unwrap() < target {
                assert!(begin.elapsed() < Duration::from_secs(60), "no time passes in QEMU");
            }
            self.qmp.stop();
            let clocks = qtest.read32(WATCH + u64::from(TCR)).unwrap();
            // QEMU may stop between the end of a counter and its noticing that.
            let theirs = self.theirs();
            let noticed = |timer: usize| theirs.get(timer, TCSR) & TINT != 0;
            let clear = (0..2).all(|timer| {
                let end = self.channels[timer].count;
                clocks + MARGIN < end || clocks > end + MARGIN && noticed(timer)
            });
            if clear {
                return clocks;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "QEMU's counter ended without its event");
            target = clocks + CLOCKS;
        }
    }

    /// Lets time pass for both, and compares what came of it.
    fn pass(&mut self, tally: &mut Tally) -> Result<(), String> {
        let clocks = self.let_pass();
        self.ours.pass(clocks.into());
        self.passes += 1;
        let (ours, theirs) = (self.ours(), self.theirs());
        let mut faults = Vec::new();
        for (timer, channel) in self.channels.iter_mut().enumerate() {
            let (sheet, departure) = channel.by_the_sheet(clocks);
            let sheet = down(channel.control, sheet);
            let found = ours.get(timer, TCR);
            if found != sheet {
                faults.push(format!("timer {timer}: TCR is {found:#x}, not {sheet:#x}, after {clocks} clocks"));
            }
            channel.pass(clocks, theirs.get(timer, TCR));
            match departure {
                Some(departure) if sheet != channel.counter() => tally.hit(departure),
                None if sheet != channel.counter() => faults.push(format!("timer {timer}: no departure foreseen")),
                _ => {}
            }
        }
        // What QEMU's counters have come to is no news.
        let foreseen = self.foresee(&ours, &mut Tally::default());
        faults.extend(foreseen.faults);
        self.count(&ours, &theirs, tally);
        if theirs == foreseen.view && faults.is_empty() {
            return Ok(());
        }
        Err(format!("{clocks} clocks passed\n{}\n{}", faults.join("\n"), describe(&ours, &foreseen.view, &theirs)))
    }

    fn count(&self, ours: &View, theirs: &View, tally: &mut Tally) {
        tally.reads += REGISTERS.len() as u64 + 1;
        let pairs = ours.registers.iter().zip(theirs.registers);
        tally.differing += pairs.filter(|(ours, theirs)| *ours != theirs).count() as u64;
    }
}

fn address(register: u32) -> u64 {
    MicroBlazeV::TIMERS[0] + u64::from(register)
}

fn any_step(random: &mut Random) -> Step {
    let timer = TIMER1 * random.below(2);
    match random.below(8) {
        0..=3 => Step::Write(timer + TCSR, random.word() & if random.one_in(4) { u32::MAX } else { 0x3FF }),
        4..=5 => Step::Write(timer + TLR, random.bits()),
        6 => Step::Write(timer + random.pick(&[TCR, RESERVED_OFFSET]), random.bits()),
        _ => start(random, (timer / TIMER1) as usize),
    }
}

/// Up or down, over soon or not for long.
fn start(random: &mut Random, timer: usize) -> Step {
    let bits = [UDT, ARHT, ENIT, GENT | CAPT, if random.one_in(3) { MDT } else { 0 }];
    let mode = bits.into_iter().filter(|_| random.one_in(2)).fold(0, |mode, bit| mode | bit);
    let clocks = if random.one_in(3) { FAR } else { (NEAR + random.below(NEAR)) << random.below(14) };
    Step::Start { timer, load: down(mode, clocks), mode }
}

impl Pair for Timers {
    type Step = Step;

    fn sequence(random: &mut Random) -> Vec<Step> {
        let mut steps = Vec::new();
        // One in four lets time pass.
        if random.one_in(4) {
            for timer in [0, 1] {
                steps.push(start(random, timer));
                if random.one_in(8) {
                    steps.push(Step::Stop { timer });
                }
            }
            steps.push(Step::Pass);
        }
        steps.extend((0..1 + random.below(LENGTH)).map(|_| any_step(random)));
        steps
    }

    fn reset(&mut self) {
        // QEMU's counters can't be stopped, but be given something to start from.
        for register in [0, TIMER1] {
            for (offset, value) in [(TLR, LEFT), (TCSR, UDT | ENT), (TCSR, 0), (TLR, 0), (RESERVED_OFFSET, 0)] {
                self.board.qtest().write32(address(register + offset), value).unwrap();
            }
        }
        self.ours = AxiTimerModel::new(TimerParams::default());
        self.channels = [Channel { count: LEFT, ..Channel::default() }; 2];
        self.last_written = 0;
    }

    fn step(&mut self, step: Step, tally: &mut Tally) -> Result<(), String> {
        match step {
            Step::Write(register, value) => {
                let timer = (register / TIMER1) as usize;
                let load = self.ours().get(timer, TLR);
                // QEMU would reload such a timer for ever, within the write.
                if register % TIMER1 == TCSR && value & (ENT | ARHT) == ENT | ARHT && down(value, load) == 0 {
                    return Ok(());
                }
                self.write(register, value);
                match register % TIMER1 {
                    TCSR => self.channels[timer].tidy = false,
                    TLR => self.channels[timer].other_load = true,
                    _ => {}
                }
                // With ENALL it is the other one's start as well.
                if register % TIMER1 == TCSR && value & ENALL != 0 {
                    self.channels[1 - timer].tidy = false;
                }
            }
            Step::Start { timer, load, mode } => {
                let register = TIMER1 * u32::try_from(timer).unwrap();
                self.write(register + TCSR, 0);
                self.write(register + TLR, load);
                self.write(register + TCSR, mode | LOAD | TINT);
                self.write(register + TCSR, mode | ENT);
                self.channels[timer] =
                    Channel { tidy: true, stopped: false, other_load: false, ..self.channels[timer] };
            }
            Step::Stop { timer } if self.channels[timer].tidy => {
                let mode = self.channels[timer].control & !ENT;
                self.write(TIMER1 * u32::try_from(timer).unwrap() + TCSR, mode);
                self.channels[timer].stopped = true;
            }
            Step::Pass if self.channels.iter().all(|channel| channel.tidy && !channel.other_load) => {
                return self.pass(tally);
            }
            Step::Stop { .. } | Step::Pass => return Ok(()),
        }
        let (ours, theirs) = (self.ours(), self.theirs());
        let foreseen = self.foresee(&ours, tally);
        self.count(&ours, &theirs, tally);
        if theirs == foreseen.view && foreseen.faults.is_empty() {
            return Ok(());
        }
        Err(foreseen.faults.join("\n") + "\n" + &describe(&ours, &foreseen.view, &theirs))
    }
}

fn describe(ours: &View, foreseen: &View, theirs: &View) -> String {
    let mut text = format!("{:>9} {:>10} {:>10} {:>10}\n", "", "ours", "foreseen", "QEMU");
    for (index, name) in NAMES.iter().enumerate() {
        let [a, b, c] = [ours, foreseen, theirs].map(|view| view.registers[index]);
        if b != c {
            text += &format!("{name:>9} {a:#10x} {b:#10x} {c:#10x}\n");
        }
    }
    if foreseen.interrupt != theirs.interrupt {
        let [a, b, c] = [ours, foreseen, theirs].map(|view| view.interrupt);
        text += &format!("interrupt {a:>10} {b:>10} {c:>10}\n");
    }
    text
}

#[test]
fn the_timer_is_qemus_but_for_the_table() {
    let mut timers = Timers::new(&emulator!());
    let tally = replay(&mut timers, 3_000);
    println!("{}  time passed in {} sequences", tally.table("AXI timer", &DEPARTURES), timers.passes);
    tally.assert_all_seen(&DEPARTURES);
}

#[test]
fn the_book_tells_of_the_timer() {
    assert_documented("AXI timer", &DEPARTURES);
}
