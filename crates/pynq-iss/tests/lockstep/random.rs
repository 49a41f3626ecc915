//! Random instructions of all groups, made while the simulator executes them: each sequence is put where the processor
//! arrives, so that what an instruction will meet is known. Branches go forwards only; the firmware has the loops.

use std::collections::BTreeMap;

use super::rules::excluded;
use pynq_iss::{
    Access, Amount, Bus, BusError, Condition, Config, Cpu, Float, FloatCondition, FloatUnary, Instruction, Logic, Msr,
    Operand, Pattern, Product, Ram, Reg, ReturnFrom, Shift, Size, Special, Step, Stored, Unary, decode,
};

/// Where the random program is. QEMU's machine has its larger memory there.
pub(crate) const CODE: u32 = 0x9000_0000;

/// The memory at 0: the start, the handler, and from here on the data.
const DATA: u32 = 0x8000;

/// Holds [`DATA`]; no instruction writes it.
const BASE: Reg = reg(1);

pub(crate) const fn reg(number: u8) -> Reg {
    Reg::new(number).expect("a register")
}

/// A generator of test data (Marsaglia's xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }

    fn flag(&mut self) -> bool {
        self.next() & 1 != 0
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize]
    }

    fn any(&mut self) -> Reg {
        reg(self.below(32) as u8)
    }

    fn destination(&mut self) -> Reg {
        loop {
            let register = self.any();
            if register != BASE {
                return register;
            }
        }
    }

    fn operand(&mut self) -> Operand {
        if self.flag() { Operand::Register(self.any()) } else { Operand::Immediate(self.next() as i16) }
    }
}

/// The two memories.
pub(crate) struct Memory {
    pub(crate) low: Ram<Vec<u8>>,
    pub(crate) code: Ram<Vec<u8>>,
}

impl Bus for Memory {
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        if address >= CODE { self.code.fetch(address - CODE) } else { self.low.fetch(address) }
    }

    fn load(&mut self, address: u32, size: Size) -> Result<u32, BusError> {
        self.low.load(address, size)
    }

    fn store(&mut self, address: u32, size: Size, value: u32) -> Result<Stored, BusError> {
        self.low.store(address, size, value)
    }
}

/// A random program, together with the memory at 0 before its start.
pub(crate) struct Program {
    pub(crate) low: Vec<u8>,
    pub(crate) code: Vec<u8>,
    /// How many instructions of each mnemonic were executed.
    pub(crate) executed: BTreeMap<String, u64>,
    pub(crate) exceptions: u64,
    /// What was left out, by rule, and how often.
    pub(crate) excluded: BTreeMap<&'static str, u64>,
}

impl Program {
    /// Makes a program that executes as many instructions.
    pub(crate) fn new(config: Config, seed: u64, instructions: u64) -> Self {
        let mut random = Random::new(seed);
        let low = start(&mut random);
        let length = instructions as usize * 10 + 4096;
        let mut memory = Memory { low: Ram::new(low.clone()), code: Ram::new(vec![0; length]) };
        let mut made = vec![false; length / 4];
        let mut cpu = Cpu::new(config);
        let mut program =
            Self { low, code: Vec::new(), executed: BTreeMap::new(), exceptions: 0, excluded: BTreeMap::new() };
        let mut executed = 0;
        while executed < instructions {
            if let Some(place) = cpu.pc().checked_sub(CODE) {
                if !made[place as usize / 4] {
                    let sequence = program.sequence(&mut random, &cpu);
                    for (number, word) in sequence.into_iter().enumerate() {
                        let place = place + 4 * number as u32;
                        memory.code.store(place, Size::Word, word).expect("memory takes everything");
                        made[place as usize / 4] = true;
                    }
                }
            }
            let word = memory.fetch(cpu.pc()).expect("memory has everything");
            match cpu.step(&mut memory) {
                Step::Executed => executed += 1,
                Step::Entered(_) => program.exceptions += 1,
                other => panic!("{word:#010x}: {other:?}"),
            }
            let name = decode(word).map_or("illegal".to_owned(), |it| it.to_string());
            let name = name.split(' ').next().unwrap_or_default();
            match program.executed.get_mut(name) {
                Some(count) => *count += 1,
                None => drop(program.executed.insert(name.to_owned(), 1)),
            }
        }
        let mut code = memory.code.into_inner();
        code.truncate((cpu.pc() - CODE.min(cpu.pc())) as usize + 4096);
        program.code = code;
        program
    }

    /// The memories, for another run.
    pub(crate) fn memory(&self) -> Memory {
        Memory { low: Ram::new(self.low.clone()), code: Ram::new(self.code.clone()) }
    }

    /// What comes next, and whatever has to come with it.
    fn sequence(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        match random.below(24) {
            0..=9 => self.plain(random, cpu),
            10 => constant(random),
            11..=12 => self.access(random, cpu),
            13 => exclusive(random),
            14..=15 => self.branch(random, cpu),
            16 => self.far(random, cpu),
            17 => status(random),
            18 => vec![nothing(random)],
            19..=21 => self.numbers(random, cpu),
            _ => {
                // A constant of 32 bits, or one that an instruction without a constant drops.
                let mut words = vec![word(Instruction::Prefix { high: random.next() as u16 })];
                words.extend(self.plain(random, cpu));
                words
            }
        }
    }

    /// Floating point with two numbers that are not extreme, which random words seldom are.
    fn numbers(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        let (ra, rb) = (reg(2 + random.below(10) as u8), reg(12 + random.below(10) as u8));
        let mut after = cpu.clone();
        let mut words = Vec::new();
        for register in [ra, rb] {
            let exponent = 127 - 24 + random.below(48);
            let value = random.next() & 0x807F_FFFF | exponent << 23;
            after.set_register(register, value);
            words.push(word(Instruction::Prefix { high: (value >> 16) as u16 }));
            words.push(word(add(register, reg(0), value as u16 as i16)));
        }
        loop {
            let instruction = match float(random) {
                Instruction::Float { op, rd, .. } => Instruction::Float { op, rd, ra, rb },
                Instruction::FloatCompare { condition, rd, .. } => {
                    let rb = if random.below(4) == 0 { ra } else { rb };
                    Instruction::FloatCompare { condition, rd, ra, rb }
                }
                Instruction::FloatUnary { op, rd, .. } => Instruction::FloatUnary { op, rd, ra },
                other => other,
            };
            match excluded(&after, &instruction) {
                Some(why) => *self.excluded.entry(why).or_default() += 1,
                None => break words.push(word(instruction)),
            }
        }
        words
    }

    /// An instruction that may stand anywhere.
    fn plain(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        loop {
            let instruction = instruction(random);
            match excluded(cpu, &instruction) {
                Some(why) => *self.excluded.entry(why).or_default() += 1,
                None => return vec![word(instruction)],
            }
        }
    }

    /// A branch to a near place, with or without a delay slot.
    fn branch(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        let b = Operand::Immediate(8 + 4 * random.below(6) as i16);
        let delay = random.flag();
        let instruction = match random.flag() {
            true => {
                let condition = random.of(&[
                    Condition::Equal,
                    Condition::NotEqual,
                    Condition::Less,
                    Condition::LessEqual,
                    Condition::Greater,
                    Condition::GreaterEqual,
                ]);
                Instruction::BranchIf { condition, ra: random.any(), b, delay }
            }
            false => {
                let link = delay && random.flag();
                Instruction::Branch { rd: random.destination(), b, delay, absolute: false, link }
            }
        };
        let mut words = vec![word(instruction)];
        if delay {
            words.extend(self.slot(random, cpu));
        }
        words
    }

    /// What is in a delay slot: mostly an instruction, sometimes what must not be there.
    fn slot(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        match random.below(8) {
            0 => vec![word(Instruction::Prefix { high: random.next() as u16 })],
            1 => vec![nothing(random)],
            2 => {
                let b = Operand::Immediate(64);
                vec![word(Instruction::Branch { rd: reg(0), b, delay: false, absolute: false, link: false })]
            }
            _ => self.quiet_slot(random, cpu),
        }
    }

    /// An instruction that raises no exception, whatever the branch before it changes.
    fn quiet_slot(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        loop {
            let words = self.plain(random, cpu);
            let slot = decode(words[0]);
            if !matches!(
                slot,
                Some(
                    Instruction::Divide { .. }
                        | Instruction::Float { .. }
                        | Instruction::FloatCompare { .. }
                        | Instruction::FloatUnary { .. }
                )
            ) {
                return words;
            }
        }
    }

    /// A load or store near the base, sometimes with an address that is not aligned.
    fn access(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        let size = random.of(&[Size::Byte, Size::Half, Size::Word]);
        let mut odd = random.below(8) == 0 && size != Size::Byte;
        let trapped = cpu.config().unaligned_exception && cpu.msr().contains(Msr::EE);
        if odd && !trapped {
            odd = false;
            *self.excluded.entry("an access that is not aligned, with its exception off").or_default() += 1;
        }
        let mask = if odd { 0x3FFF } else { 0x4000 - size.bytes() };
        let load = random.flag();
        let rd = random.destination();
        let kind = |access, b| match load {
            true => Instruction::Load { size, access, rd, ra: BASE, b },
            false => Instruction::Store { size, access, rd, ra: BASE, b },
        };
        if random.flag() {
            let offset = random.next() & mask;
            return vec![word(kind(Access::Plain, Operand::Immediate(offset as i16)))];
        }
        let index = reg(20);
        let limit =
            Instruction::Logic { op: Logic::And, rd: index, ra: random.any(), b: Operand::Immediate(mask as i16) };
        // Where bytes are reversed, the emulator notes an address that the program never had.
        let access = if odd { Access::Plain } else { random.of(&[Access::Plain, Access::Reversed]) };
        vec![word(limit), word(kind(access, Operand::Register(index)))]
    }

    /// A branch to an absolute address, a break or a return.
    fn far(&mut self, random: &mut Random, cpu: &Cpu) -> Vec<u32> {
        let target = cpu.pc() + 16 + 4 * random.below(6);
        let prefix = word(Instruction::Prefix { high: (target >> 16) as u16 });
        let low = target as u16 as i16;
        let pointer = reg(22);
        let load = word(add(pointer, reg(0), low));
        let kind = random.below(8);
        // The emulator links before it reads the register that it branches to.
        let rd = match random.destination() {
            same if same == pointer => reg(0),
            other => other,
        };
        let (mut words, delay) = match kind {
            0 | 1 => {
                let (delay, link) = random.of(&[(false, false), (true, false), (true, true)]);
                let b = Operand::Immediate(low);
                (vec![prefix, word(Instruction::Branch { rd, b, delay, absolute: true, link })], delay)
            }
            2 => (vec![prefix, word(Instruction::Break { rd, b: Operand::Immediate(low) })], false),
            3 => {
                let b = Operand::Register(pointer);
                let (delay, link) = random.of(&[(false, false), (true, false), (true, true)]);
                (vec![prefix, load, word(Instruction::Branch { rd, b, delay, absolute: true, link })], delay)
            }
            _ => {
                let from = [ReturnFrom::Subroutine, ReturnFrom::Interrupt, ReturnFrom::Break, ReturnFrom::Exception];
                let from = from[kind as usize - 4];
                (vec![prefix, load, word(Instruction::Return { from, ra: pointer, offset: 4 })], true)
            }
        };
        if delay {
            // The emulator ends with a failed assertion at an exception in the slot of a return from something.
            words.extend(if kind > 4 { self.quiet_slot(random, cpu) } else { self.slot(random, cpu) });
        }
        words
    }
}

pub(crate) fn word(instruction: Instruction) -> u32 {
    instruction.encode().unwrap_or_else(|| panic!("{instruction:?}"))
}

fn add(rd: Reg, ra: Reg, value: i16) -> Instruction {
    Instruction::Add { rd, ra, b: Operand::Immediate(value), subtract: false, carry: false, keep: true }
}

/// The memory at 0: on to the program, a handler of exceptions that notes what happened, random data.
fn start(random: &mut Random) -> Vec<u8> {
    let mut memory: Vec<u8> = (0..super::MEMORY).map(|_| random.next() as u8).collect();
    let mut put = |address: usize, instructions: &[Instruction]| {
        for (number, instruction) in instructions.iter().enumerate() {
            let place = address + 4 * number;
            memory[place..place + 4].copy_from_slice(&word(*instruction).to_le_bytes());
        }
    };
    let from = |rd, special: Special| Instruction::MoveFrom { rd: reg(rd), special: special.0, extended: false };
    let jump = Operand::Immediate(0);
    put(
        0,
        &[
            Instruction::Prefix { high: 0 },
            add(BASE, reg(0), DATA as u16 as i16),
            Instruction::Prefix { high: (CODE >> 16) as u16 },
            Instruction::Branch { rd: reg(0), b: jump, delay: false, absolute: true, link: false },
        ],
    );
    put(
        0x20,
        &[
            from(23, Special::ESR),
            from(24, Special::EAR),
            Instruction::Return { from: ReturnFrom::Exception, ra: reg(17), offset: 0 },
            from(26, Special::PC),
        ],
    );
    memory
}

/// An instruction that leaves control and memory alone.
fn instruction(random: &mut Random) -> Instruction {
    let (rd, ra, rb) = (random.destination(), random.any(), random.any());
    match random.below(16) {
        0..=2 => Instruction::Add {
            rd,
            ra,
            b: random.operand(),
            subtract: random.flag(),
            carry: random.flag(),
            keep: random.flag(),
        },
        3 => Instruction::Compare { rd, ra, rb, unsigned: random.flag() },
        4 => {
            let op = random.of(&[Logic::Or, Logic::And, Logic::Xor, Logic::AndNot]);
            Instruction::Logic { op, rd, ra, b: random.operand() }
        }
        5 => {
            let op = random.of(&[Pattern::ByteFind, Pattern::Equal, Pattern::NotEqual]);
            Instruction::PatternCompare { op, rd, ra, rb }
        }
        6 => {
            let op = random.of(&[Product::Low, Product::High, Product::HighSignedUnsigned, Product::HighUnsigned]);
            Instruction::Multiply { op, rd, ra, rb }
        }
        7 => Instruction::MultiplyImmediate { rd, ra, immediate: random.next() as i16 },
        8 => Instruction::Divide { rd, ra, rb, unsigned: random.flag() },
        9 => {
            let op = random.of(&[Shift::RightLogical, Shift::RightArithmetic, Shift::Left]);
            let by = match random.flag() {
                true => Amount::Register(rb),
                false => Amount::Immediate(random.below(32) as u8),
            };
            Instruction::Shift { op, rd, ra, by }
        }
        10 => Instruction::ExtractField { rd, ra, width: random.below(32) as u8, shift: random.below(32) as u8 },
        11 => Instruction::InsertField { rd, ra, last: random.below(32) as u8, shift: random.below(32) as u8 },
        12 | 13 => {
            let op = random.of(&[
                Unary::ShiftArithmetic,
                Unary::ShiftCarry,
                Unary::ShiftLogical,
                Unary::ExtendByte,
                Unary::ExtendHalf,
                Unary::CountLeadingZeros,
                Unary::SwapBytes,
                Unary::SwapHalves,
            ]);
            Instruction::Unary { op, rd, ra }
        }
        14 => float(random),
        _ => {
            let special = random.of(&[
                Special::PC,
                Special::MSR,
                Special::ESR,
                Special::EAR,
                Special::FSR,
                Special::SLR,
                Special::SHR,
            ]);
            Instruction::MoveFrom { rd, special: special.0, extended: false }
        }
    }
}

fn float(random: &mut Random) -> Instruction {
    let (rd, ra, rb) = (random.destination(), random.any(), random.any());
    match random.below(3) {
        0 => {
            let op = random.of(&[Float::Add, Float::ReverseSubtract, Float::Multiply, Float::Divide]);
            Instruction::Float { op, rd, ra, rb }
        }
        1 => {
            let condition = random.of(&[
                FloatCondition::Unordered,
                FloatCondition::Less,
                FloatCondition::Equal,
                FloatCondition::LessEqual,
                FloatCondition::Greater,
                FloatCondition::NotEqual,
                FloatCondition::GreaterEqual,
            ]);
            Instruction::FloatCompare { condition, rd, ra, rb }
        }
        _ => {
            let op = random.of(&[FloatUnary::FromInteger, FloatUnary::ToInteger, FloatUnary::SquareRoot]);
            Instruction::FloatUnary { op, rd, ra }
        }
    }
}

/// A register gets a value at which something changes.
fn constant(random: &mut Random) -> Vec<u32> {
    let values = [
        0,
        1,
        u32::MAX,
        1 << 31,
        u32::MAX >> 1,
        2,
        31,
        32,
        0x3F80_0000,
        0xBF80_0000,
        0x7F80_0000,
        0xFF80_0000,
        0x7FC0_0000,
        0x7F80_0001,
        0x7F7F_FFFF,
        0x4F00_0000,
        0xCF00_0000,
        0x4B7F_FFFF,
        0x0101_0101,
    ];
    let value = if random.below(4) == 0 { random.next() } else { random.of(&values) };
    let prefix = Instruction::Prefix { high: (value >> 16) as u16 };
    vec![word(prefix), word(add(random.destination(), reg(0), value as u16 as i16))]
}

/// A load with a reservation, its store, and one that has lost it.
fn exclusive(random: &mut Random) -> Vec<u32> {
    let index = reg(20);
    let mask = Operand::Immediate(0x3FFC);
    let limit = Instruction::Logic { op: Logic::And, rd: index, ra: random.any(), b: mask };
    let mut load = Reg::ZERO;
    // The address has to be the same, as the guide wants it.
    while load == Reg::ZERO || load == index {
        load = random.destination();
    }
    let b = Operand::Register(index);
    let (size, access) = (Size::Word, Access::Exclusive);
    let load = Instruction::Load { size, access, rd: load, ra: BASE, b };
    // The emulator ends with an internal error at `swx r0`.
    let store = Instruction::Store { size, access, rd: reg(1 + random.below(31) as u8), ra: BASE, b };
    let carry = Instruction::MoveFrom { rd: random.destination(), special: Special::MSR.0, extended: false };
    let carry = if matches!(carry, Instruction::MoveFrom { rd, .. } if rd == index) { nop() } else { carry };
    [limit, load, store, carry, store, carry].map(word).to_vec()
}

fn nop() -> Instruction {
    add(reg(0), reg(0), 0)
}

/// The bits of the MSR that a program may write on both.
fn status_bits() -> Msr {
    Msr::IE | Msr::C | Msr::BIP | Msr::FSL | Msr::DZO | Msr::EE | Msr::EIP
}

/// Writes to the special registers.
fn status(random: &mut Random) -> Vec<u32> {
    let scratch = reg(21);
    let move_to = |special: Special, ra| Instruction::MoveTo { special: special.0, ra, extended: false };
    let limit = |random: &mut Random, mask: u32| Instruction::Logic {
        op: Logic::And,
        rd: scratch,
        ra: random.any(),
        b: Operand::Immediate(mask as i16),
    };
    match random.below(4) {
        0 => vec![word(limit(random, status_bits().bits())), word(move_to(Special::MSR, scratch))],
        1 => vec![word(limit(random, 0x1F)), word(move_to(Special::FSR, scratch))],
        _ => {
            let mask = random.next() & status_bits().bits() & 0x7FFF;
            vec![word(Instruction::ModifyStatus { rd: random.destination(), mask: mask as u16, set: random.flag() })]
        }
    }
}

/// A word that is no instruction.
fn nothing(random: &mut Random) -> u32 {
    loop {
        let word = random.next();
        if decode(word).is_none() {
            return word;
        }
    }
}
