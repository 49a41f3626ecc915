//! The processor: its state, and what drives it.

mod execute;
mod run;
mod special;

pub use run::{Limits, Run, Stop};

use crate::{
    bus::{Bus, BusError},
    config::Config,
    decode::decode,
    instruction::{Reg, ReturnFrom},
    status::{Exception, Fsr, Msr},
};

/// Where the processor goes by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Vector {
    /// The interrupt input, to 0x10.
    Interrupt,
    /// The break input, to 0x18.
    Break,
    /// A hardware exception, to 0x20.
    Exception(Exception),
}

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Step {
    /// An instruction was executed.
    Executed,
    /// The processor entered a vector. An instruction that raised an exception has changed nothing else, and is not
    /// counted.
    Entered(Vector),
    /// Nothing: an access or a stream link has to wait. The instruction begins again with the next step.
    Waiting,
    /// Nothing: the program put the processor to sleep.
    Asleep,
}

/// A branch whose delay slot comes next.
#[derive(Clone, Copy, Debug)]
struct Delay {
    target: u32,
    /// What the delay slot ends.
    from: ReturnFrom,
}

/// A MicroBlaze.
#[derive(Clone, Debug)]
pub struct Cpu {
    config: Config,
    registers: [u32; 32],
    pc: u32,
    /// Without the carry, which changes too often.
    msr: Msr,
    carry: bool,
    /// The `imm` before the instruction to come.
    prefix: Option<u16>,
    /// The branch before the instruction to come, which is in its delay slot.
    delay: Option<Delay>,
    asleep: bool,
    /// Whether an input needs a look before the next instruction.
    attention: bool,
    interrupt_line: bool,
    /// A rising edge that was not served, where C_INTERRUPT_IS_EDGE.
    interrupt_edge: bool,
    break_pending: bool,
    reservation: bool,
    esr: u32,
    ear: u32,
    edr: u32,
    btr: u32,
    fsr: Fsr,
    stack_low: u32,
    stack_high: u32,
    instructions: u64,
    /// Counts what changed memory or a device, to find loops that change nothing.
    changes: u64,
}

impl Cpu {
    /// A processor after its reset.
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            registers: [0; 32],
            pc: config.base_vectors,
            msr: Msr::empty(),
            carry: false,
            prefix: None,
            delay: None,
            asleep: false,
            attention: false,
            interrupt_line: false,
            interrupt_edge: false,
            break_pending: false,
            reservation: false,
            esr: 0,
            ear: 0,
            edr: 0,
            btr: 0,
            fsr: Fsr::empty(),
            stack_low: 0,
            stack_high: u32::MAX,
            instructions: 0,
            changes: 0,
        }
    }

    /// Resets it: everything but the levels of its inputs and the count of instructions. The general registers, whose
    /// values the hardware does not define, become zero.
    pub fn reset(&mut self) {
        let fresh = Self::new(self.config);
        *self = Self {
            interrupt_line: self.interrupt_line,
            attention: self.interrupt_line,
            instructions: self.instructions,
            changes: self.changes.wrapping_add(1),
            ..fresh
        };
    }

    /// What it has.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// A general register.
    pub const fn register(&self, register: Reg) -> u32 {
        self.registers[register.index()]
    }

    /// The general registers, `r0` to `r31`.
    pub const fn registers(&self) -> &[u32; 32] {
        &self.registers
    }

    /// Changes a general register. `r0` stays zero.
    pub fn set_register(&mut self, register: Reg, value: u32) {
        self.write(register, value);
        self.changed();
    }

    /// The address of the instruction to come.
    pub const fn pc(&self) -> u32 {
        self.pc
    }

    /// Goes on from this word's address, forgetting an `imm` and a delay slot.
    pub fn set_pc(&mut self, address: u32) {
        self.pc = address & !3;
        self.prefix = None;
        self.delay = None;
        self.changed();
    }

    /// The machine status register, with the carry and its copy.
    pub fn msr(&self) -> Msr {
        self.msr | if self.carry { Msr::C | Msr::CC } else { Msr::empty() }
    }

    /// Whether the instruction to come is in the delay slot of a branch.
    pub const fn in_delay_slot(&self) -> bool {
        self.delay.is_some()
    }

    /// The high half of a constant that an `imm` left for the instruction to come.
    pub const fn prefix(&self) -> Option<u16> {
        self.prefix
    }

    /// How many instructions were executed, and [skipped](Self::skip), since the processor was made.
    pub const fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Counts instructions that need no execution: rounds of a polling loop. See [`Stop::Polling`].
    pub const fn skip(&mut self, instructions: u64) {
        self.instructions = self.instructions.wrapping_add(instructions);
    }

    /// Whether a program put it to sleep.
    pub const fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// The wake-up input: ends a sleep.
    pub const fn wake(&mut self) {
        self.asleep = false;
    }

    /// The level of the interrupt input. It does nothing where C_USE_INTERRUPT is 0.
    pub const fn set_interrupt(&mut self, level: bool) {
        if level && !self.interrupt_line && self.config.interrupt_is_edge {
            self.interrupt_edge = true;
        }
        self.interrupt_line = level;
        self.attention |= level;
    }

    /// The break input: the processor goes to 0x18 as soon as no break is in progress.
    pub const fn raise_break(&mut self) {
        self.break_pending = true;
        self.attention = true;
    }

    /// Does the next thing: an instruction, or the entry into a vector.
    #[inline]
    pub fn step<B: Bus>(&mut self, bus: &mut B) -> Step {
        if self.attention || self.asleep {
            if let Some(step) = self.attend() {
                return step;
            }
        }
        match bus.fetch(self.pc) {
            Ok(word) => self.execute(bus, word),
            Err(BusError::Wait) => Step::Waiting,
            Err(BusError::NoResponse) if self.traps(self.config.instruction_bus_exception) => {
                self.ear = self.pc;
                self.trap(Exception::InstructionBus, 0)
            }
            Err(BusError::NoResponse) => self.execute(bus, 0),
        }
    }

    /// The word as an instruction; a word 0 is none where C_OPCODE_0x0_ILLEGAL.
    #[inline]
    fn execute<B: Bus>(&mut self, bus: &mut B, word: u32) -> Step {
        match decode(word) {
            Some(instruction) if word != 0 || !self.config.opcode_0_illegal => self.perform(bus, &instruction),
            _ => self.illegal(),
        }
    }

    /// Looks at the inputs. `None`: the next instruction may come.
    #[cold]
    fn attend(&mut self) -> Option<Step> {
        let pending = if self.config.interrupt_is_edge { self.interrupt_edge } else { self.interrupt_line };
        let interrupt = pending && self.config.interrupt;
        self.attention = interrupt || self.break_pending;
        let between = self.prefix.is_none() && self.delay.is_none();
        if between && self.break_pending && !self.msr.contains(Msr::BIP) {
            self.break_pending = false;
            self.write_number(16, self.pc);
            self.msr |= Msr::BIP;
            return Some(self.enter(Vector::Break, 0x18));
        }
        let allowed = self.msr.contains(Msr::IE) && !self.msr.intersects(Msr::BIP | Msr::EIP);
        if between && interrupt && allowed {
            self.interrupt_edge = false;
            self.write_number(14, self.pc);
            self.msr -= Msr::IE;
            return Some(self.enter(Vector::Interrupt, 0x10));
        }
        self.asleep.then_some(Step::Asleep)
    }

    fn enter(&mut self, vector: Vector, offset: u32) -> Step {
        self.prefix = None;
        self.delay = None;
        self.asleep = false;
        self.reservation = false;
        self.pc = self.config.base_vectors.wrapping_add(offset);
        Step::Entered(vector)
    }

    /// Whether an exception of a kind that the hardware has would be taken now.
    #[inline]
    const fn traps(&self, built: bool) -> bool {
        built && self.msr.contains(Msr::EE)
    }

    /// Takes an exception, whose `detail` goes into the ESR.
    #[cold]
    fn trap(&mut self, exception: Exception, detail: u32) -> Step {
        const DELAY_SLOT: u32 = 1 << 12;
        self.esr = exception.cause() | detail;
        if let Some(delay) = self.delay {
            self.esr |= DELAY_SLOT;
            self.btr = delay.target;
        }
        self.changed();
        self.write_number(17, self.pc.wrapping_add(4));
        self.msr |= Msr::EIP;
        self.msr -= Msr::EE;
        self.enter(Vector::Exception(exception), 0x20)
    }

    /// An instruction that this processor does not have: an exception, or nothing.
    #[cold]
    fn illegal(&mut self) -> Step {
        if self.traps(self.config.illegal_opcode_exception) {
            return self.trap(Exception::IllegalOpcode, 0);
        }
        self.next()
    }

    #[inline]
    const fn write(&mut self, register: Reg, value: u32) {
        if register.number() != 0 {
            self.registers[register.index()] = value;
        }
    }

    /// Something changed that the search for loops does not compare.
    #[inline]
    const fn changed(&mut self) {
        self.changes = self.changes.wrapping_add(1);
    }

    const fn write_number(&mut self, number: usize, value: u32) {
        self.registers[number] = value;
    }
}
