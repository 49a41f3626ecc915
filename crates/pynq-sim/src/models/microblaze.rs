//! A MicroBlaze, which executes its program instruction by instruction.
//!
//! The instructions are those of [`pynq_iss`], one a clock. It fetches from memory in its address space and accesses the rest
//! of that as its board has it, each register at its time. An access of a register takes [`ACCESS`] clocks more: on the
//! hardware the interconnect and the block's interface are in between, and PYNQ's programs count on that. They deselect an
//! SPI chip a fixed time after the transmit FIFO is empty, which is too early for a processor that accesses
//! registers in no time. Where its program waits in a loop for memory or a register to
//! change, or runs through memory that is empty, it rests until that can be over, so that a processor which waits costs
//! nothing: the loop's instructions are counted all the same.

use alloc::{format, vec::Vec};

use pynq_core::Instant;
use pynq_iss::{BusError, Config, Cpu, Limits, Size, Stop, Stored};

use crate::{
    device::{Bus, Device, Execution, InterfaceKind, Port, PortKind, Unmade, View},
    fabric::Width,
};

/// How far ahead of the clock it runs in memory, in instructions.
const AHEAD: u64 = 1_000;

/// Clocks that the processor waits for a register to be read or written. The number is chosen and not measured: it is what
/// a MicroBlaze behind an AXI interconnect takes, roughly.
pub const ACCESS: u64 = 20;

/// Words of zero in a row that are worth a look: `add r0, r0, r0`, which an empty memory is full of.
const EMPTY: u64 = 64;

const NANOS: u128 = 1_000_000_000;

/// What the processor is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    Executing,
    /// It is in a loop of so many instructions and clocks, until what that reads changes.
    Polling {
        instructions: u64,
        clocks: u64,
    },
    /// It runs through so many words of nothing, or for ever.
    Empty(Option<u64>),
    Asleep,
}

/// The model of a processor. Its instructions and data are in the address space behind its port `M_AXI_DP`.
#[derive(Debug)]
pub struct MicroBlazeModel {
    cpu: Cpu,
    clock_hz: u64,
    /// The time that clocks are counted from, and how many have passed: up to the instruction to come.
    since: Instant,
    clocks: u64,
    activity: Activity,
    due: Option<Instant>,
}

const MASTER: usize = 0;
const INTERRUPT: usize = 1;

static PORTS: [Port; 2] =
    [Port::interface("M_AXI_DP", InterfaceKind::Master), Port::new("Interrupt", PortKind::Input, 1)];

impl MicroBlazeModel {
    /// A processor with these options at this clock, whose program begins at time zero.
    #[must_use]
    pub fn new(config: Config, clock_hz: u64) -> Self {
        Self {
            cpu: Cpu::new(config),
            clock_hz: clock_hz.max(1),
            since: Instant::START,
            clocks: 0,
            activity: Activity::Executing,
            due: Some(Instant::START),
        }
    }

    /// The processor's registers.
    #[must_use]
    pub const fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    fn time_of(&self, clocks: u64) -> Instant {
        time_of(self.since, clocks, self.clock_hz)
    }

    /// Clocks from the instruction to come up to the first clock edge at or after a time.
    fn clocks_until(&self, time: Instant) -> u64 {
        let elapsed = time.as_nanos().saturating_sub(self.since.as_nanos());
        let clocks = (u128::from(elapsed) * u128::from(self.clock_hz)).div_ceil(NANOS);
        u64::try_from(clocks).unwrap_or(u64::MAX).saturating_sub(self.clocks)
    }

    /// Its next instruction is at this time.
    fn start(&mut self, now: Instant) {
        (self.since, self.clocks, self.activity, self.due) = (now, 0, Activity::Executing, Some(now));
    }

    /// Catches up with the time that it spent in one state, counting the instructions of it.
    fn stop_resting(&mut self, now: Instant) {
        let behind = self.clocks_until(now);
        match self.activity {
            Activity::Executing => return,
            Activity::Polling { instructions, clocks } => {
                let rounds = behind.div_ceil(clocks.max(1));
                self.cpu.skip(rounds.saturating_mul(instructions));
                self.clocks = self.clocks.saturating_add(rounds.saturating_mul(clocks));
            }
            Activity::Empty(words) => {
                let done = words.map_or(behind, |words| behind.min(words));
                self.cpu.skip(done);
                self.clocks = self.clocks.saturating_add(done);
                // Addresses wrap at the end of 32 bits.
                #[allow(clippy::cast_possible_truncation)]
                self.cpu.set_pc(self.cpu.pc().wrapping_add((done as u32).wrapping_mul(4)));
            }
            Activity::Asleep => self.clocks = self.clocks.saturating_add(behind),
        }
        self.activity = Activity::Executing;
    }

    /// Whether it is in front of empty memory, of so many words.
    fn empty_ahead(&mut self, execution: &mut Execution<'_>) -> Option<Option<u64>> {
        let pc = self.cpu.pc();
        let is_plain = self.cpu.prefix().is_none() && !self.cpu.in_delay_slot() && !self.cpu.config().opcode_0_illegal;
        if !is_plain || execution.fetch(pc.into()).unwrap_or(0) != 0 {
            return None;
        }
        let words = execution.zeros(pc);
        words.is_none_or(|words| words > EMPTY).then_some(words)
    }

    fn execute(&mut self, execution: &mut Execution<'_>, limit: u64) {
        let mut bus = Ways {
            execution,
            since: self.since,
            clocks: self.clocks,
            clock_hz: self.clock_hz,
            fetched: 0,
            accesses: Vec::new(),
            late: false,
        };
        let run = self.cpu.run(&mut bus, &Limits::instructions(limit).stop_when_polling());
        // An instruction that was too early is fetched again.
        self.clocks += bus.fetched - u64::from(bus.late) + bus.waited();
        let first = bus.fetched.saturating_sub(run_period(run.stop));
        let in_a_round = bus.accesses.iter().rev().take_while(|&&at| at > first).count() as u64;
        self.activity = match run.stop {
            Stop::Polling { period } if execution.rest() => {
                Activity::Polling { instructions: period, clocks: period + ACCESS * in_a_round }
            }
            Stop::Asleep => Activity::Asleep,
            _ => Activity::Executing,
        };
    }
}

/// The instructions of the loop that a run stopped in.
const fn run_period(stop: Stop) -> u64 {
    if let Stop::Polling { period } = stop { period } else { 0 }
}

fn time_of(since: Instant, clocks: u64, clock_hz: u64) -> Instant {
    let nanos = (u128::from(clocks) * NANOS).div_ceil(u128::from(clock_hz));
    since + core::time::Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Device for MicroBlazeModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, bus: &mut Bus<'_>) {
        self.cpu.reset();
        self.start(bus.now());
        if bus.is_held() {
            self.due = None;
        }
    }

    fn set_input(&mut self, port: usize, bits: u32, bus: &mut Bus<'_>) {
        if port == INTERRUPT {
            self.cpu.set_interrupt(bits & 1 != 0);
            if self.activity != Activity::Executing && !bus.is_held() {
                self.due = Some(bus.now());
            }
        }
    }

    fn run(&mut self, bus: &mut Bus<'_>) {
        let now = bus.now();
        let Ok(mut execution) = bus.execution(MASTER) else {
            self.due = None;
            return;
        };
        if execution.is_held() {
            self.due = None;
            return;
        }
        self.stop_resting(now);
        // It is ahead of the clock already, where something called it early.
        let ahead = self.clocks_until(now).saturating_add(AHEAD);
        let limit = self.clocks_until(execution.horizon()).min(ahead).max(1);
        self.execute(&mut execution, limit);
        if self.activity == Activity::Executing && !execution.must_stop() {
            if let Some(words) = self.empty_ahead(&mut execution) {
                // The first of them has the effect of all, on the carry.
                self.execute(&mut execution, 1);
                let words = words.map(|words| words - 1);
                execution.rest_until_written();
                self.activity = Activity::Empty(words);
            }
        }
        self.due = match self.activity {
            Activity::Executing => Some(self.time_of(self.clocks)),
            Activity::Empty(words) => words.map(|words| self.time_of(self.clocks.saturating_add(words))),
            Activity::Polling { .. } | Activity::Asleep => None,
        };
        // Time goes on in any case.
        self.due = self.due.map(|due| due.max(execution.now()));
    }

    /// Where its program is, and how many instructions it has executed, with those of loops it rested in.
    fn view(&self) -> View {
        View::Text(format!("pc {:#010x}, {} instructions", self.cpu.pc(), self.cpu.instructions()))
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(self.due);
    }
}

/// The processor's ways to memory and registers, during one run.
struct Ways<'a, 'b> {
    execution: &'a mut Execution<'b>,
    since: Instant,
    clocks: u64,
    clock_hz: u64,
    /// Instructions that were fetched: the last one is the present one.
    fetched: u64,
    /// Which of them accessed a register.
    accesses: Vec<u64>,
    late: bool,
}

impl Ways<'_, '_> {
    /// Clocks spent on accesses of registers.
    fn waited(&self) -> u64 {
        ACCESS * self.accesses.len() as u64
    }

    #[inline(never)]
    #[track_caller]
    fn access(&mut self, address: u32, width: Width, write: Option<u32>) -> Result<u32, BusError> {
        let at = time_of(self.since, self.clocks + self.fetched - 1 + self.waited(), self.clock_hz);
        let done = self.execution.access(address.into(), width, write, at);
        if matches!(done, Err(Unmade::TooEarly)) {
            self.late = true;
            return Err(BusError::Wait);
        }
        self.accesses.push(self.fetched);
        done.map_err(|_| BusError::NoResponse)
    }
}

const fn width(size: Size) -> Width {
    match size {
        Size::Byte => Width::Byte,
        Size::Half => Width::Half,
        Size::Word => Width::Word,
    }
}

impl pynq_iss::Bus for Ways<'_, '_> {
    #[inline]
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        if self.execution.must_stop() {
            return Err(BusError::Wait);
        }
        self.fetched += 1;
        self.execution.fetch(address.into()).ok_or(BusError::NoResponse)
    }

    #[inline]
    fn load(&mut self, address: u32, size: Size) -> Result<u32, BusError> {
        match self.execution.load(address.into(), width(size)) {
            Some(value) => Ok(value),
            None => self.access(address, width(size), None),
        }
    }

    #[inline]
    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<Stored, BusError> {
        match self.execution.store(address.into(), width(size), value) {
            Some(false) => Ok(Stored::Same),
            Some(true) => Ok(Stored::Changed),
            None => self.access(address, width(size), Some(value)).map(|_| Stored::Changed),
        }
    }
}
