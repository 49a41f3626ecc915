//! Runs of many instructions, and the search for loops that wait.

use super::{Cpu, Step};
use crate::{bus::Bus, status::Msr};

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    instructions: u64,
    breakpoints: &'a [u32],
    polling: bool,
}

impl<'a> Limits<'a> {
    /// After this many instructions.
    pub const fn instructions(count: u64) -> Self {
        Self { instructions: count, breakpoints: &[], polling: false }
    }

    /// Also in front of an instruction at one of these addresses, but for the first instruction of the run: a run that goes
    /// on from a breakpoint does not stop there again at once.
    #[must_use]
    pub const fn stop_at(self, breakpoints: &'a [u32]) -> Self {
        Self { breakpoints, ..self }
    }

    /// Also at a loop that only waits for something to change. See [`Stop::Polling`].
    #[must_use]
    pub const fn stop_when_polling(self) -> Self {
        Self { polling: true, ..self }
    }
}

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Stop {
    /// The instructions were executed.
    Count,
    /// The next instruction is at a breakpoint.
    Breakpoint,
    /// The program is in a loop of `period` instructions that brought the processor back to the state it was in before,
    /// and stored nothing new. It goes on like that until a load returns something else, or an interrupt comes: a board
    /// whose devices stand still until then may [skip](Cpu::skip) any number of whole periods.
    ///
    /// Loads that change a device, as from a FIFO, have to be looked after by the bus: it knows of them.
    Polling {
        /// The length of the loop.
        period: u64,
    },
    /// An access or a stream link has to wait.
    Waiting,
    /// The program put the processor to sleep.
    Asleep,
}

/// What a run did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    /// How many instructions were executed.
    pub instructions: u64,
    /// Why it ended.
    pub stop: Stop,
}

impl Cpu {
    /// Executes instructions up to a limit. Entries into vectors are not counted. A program that does nothing but raise
    /// exceptions is left, as if it had been counted, after as many of them as there were instructions to execute.
    pub fn run<B: Bus>(&mut self, bus: &mut B, limits: &Limits<'_>) -> Run {
        let begin = self.instructions;
        let stop = if limits.breakpoints.is_empty() && !limits.polling {
            self.run_watched::<B, false>(bus, limits)
        } else {
            self.run_watched::<B, true>(bus, limits)
        };
        Run { instructions: self.instructions.wrapping_sub(begin), stop }
    }

    fn run_watched<B: Bus, const WATCHED: bool>(&mut self, bus: &mut B, limits: &Limits<'_>) -> Stop {
        let mut detector = Detector::new(self);
        let mut to_execute = limits.instructions;
        let mut to_enter = limits.instructions;
        let mut begun = false;
        while to_execute > 0 && to_enter > 0 {
            if WATCHED && begun && limits.breakpoints.contains(&self.pc) {
                return Stop::Breakpoint;
            }
            begun = true;
            let before = self.pc;
            match self.step(bus) {
                Step::Executed => to_execute -= 1,
                Step::Entered(_) => to_enter -= 1,
                Step::Waiting => return Stop::Waiting,
                Step::Asleep => return Stop::Asleep,
            }
            // Every loop has a way back.
            if WATCHED && limits.polling && self.pc <= before {
                if let Some(period) = detector.visit(self) {
                    return Stop::Polling { period };
                }
            }
        }
        Stop::Count
    }
}

/// Compares the state at each way back with one that was kept, and keeps another one after 1, 2, 4, 8 .. of them
/// (Brent's algorithm), so that a loop is found whatever its length, within three rounds.
struct Detector {
    kept: Kept,
    visits: u32,
    next: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Kept {
    pc: u32,
    registers: [u32; 32],
    msr: Msr,
    carry: bool,
    reservation: bool,
    changes: u64,
    instructions: u64,
}

impl Detector {
    fn new(cpu: &Cpu) -> Self {
        Self { kept: Kept::of(cpu), visits: 0, next: 1 }
    }

    /// The length of the loop, if the processor is in one.
    #[inline]
    fn visit(&mut self, cpu: &Cpu) -> Option<u64> {
        let kept = &self.kept;
        if kept.pc == cpu.pc && kept.changes == cpu.changes && kept.is_state_of(cpu) {
            return Some(cpu.instructions.wrapping_sub(kept.instructions));
        }
        self.visits += 1;
        if self.visits >= self.next {
            // A loop that changes something begins anew; so does one that takes its time.
            let changed = kept.changes != cpu.changes;
            self.next = if changed { 4 } else { self.next.saturating_mul(2).min(1 << 20) };
            self.visits = 0;
            self.kept = Kept::of(cpu);
        }
        None
    }
}

impl Kept {
    fn of(cpu: &Cpu) -> Self {
        Self {
            pc: cpu.pc,
            registers: cpu.registers,
            msr: cpu.msr,
            carry: cpu.carry,
            reservation: cpu.reservation,
            changes: cpu.changes,
            instructions: cpu.instructions,
        }
    }

    fn is_state_of(&self, cpu: &Cpu) -> bool {
        // A loop's end is at neither an `imm` nor a delay slot, or there would be no way back.
        self.registers == cpu.registers
            && self.msr == cpu.msr
            && self.carry == cpu.carry
            && self.reservation == cpu.reservation
            && cpu.prefix.is_none()
            && cpu.delay.is_none()
    }
}
