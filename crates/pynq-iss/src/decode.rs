//! Words to instructions. Bits that an instruction does not use have to be zero, with one exception: `rd` of a branch
//! that does not link. Anything else is illegal.

use crate::instruction::{
    Access, Amount, Cache, Condition, Float, FloatCondition, FloatUnary, Instruction, Link, Logic, Operand, Pattern,
    Product, Reg, ReturnFrom, Shift, Size, StreamMode, Unary,
};

/// Decodes a word. `None` is an illegal instruction.
///
/// ```
/// use pynq_iss::decode;
///
/// assert_eq!(decode(0x3021_FFE4).unwrap().to_string(), "addik r1, r1, -28");
/// assert_eq!(decode(0xFFFF_FFFF), None);
/// ```
#[inline]
pub const fn decode(word: u32) -> Option<Instruction> {
    let rd = Reg::field(word, 21);
    let ra = Reg::field(word, 16);
    let rb = Reg::field(word, 11);
    let low = word & 0x7FF;
    let opcode = word >> 26;
    // Bit 3 of the opcode: the second operand is a constant. Its 16 bits include those of `rb` and `low`.
    let immediate = word as i16;
    let b = if opcode & 8 == 0 { Operand::Register(rb) } else { Operand::Immediate(immediate) };
    let plain = opcode & 8 != 0 || low == 0;
    Some(match opcode {
        0x05 if low == 1 || low == 3 => Instruction::Compare { rd, ra, rb, unsigned: low == 3 },
        0x00..=0x0F if plain => {
            Instruction::Add { rd, ra, b, subtract: opcode & 1 != 0, carry: opcode & 2 != 0, keep: opcode & 4 != 0 }
        }
        0x10 => {
            let op = match low {
                0 => Product::Low,
                1 => Product::High,
                2 => Product::HighSignedUnsigned,
                3 => Product::HighUnsigned,
                _ => return None,
            };
            Instruction::Multiply { op, rd, ra, rb }
        }
        0x18 => Instruction::MultiplyImmediate { rd, ra, immediate },
        0x11 => match shift(low) {
            Some(op) => Instruction::Shift { op, rd, ra, by: Amount::Register(rb) },
            None => return None,
        },
        0x19 => return constant_shift(word, rd, ra),
        0x12 if low == 0 || low == 2 => Instruction::Divide { rd, ra, rb, unsigned: low == 2 },
        0x13 => return dynamic_stream(word, rd, ra, rb),
        0x1B => return stream(word, rd, ra),
        0x16 => return float(low, rd, ra, rb),
        0x20..=0x23 if low == 0x400 => match opcode {
            0x20 => Instruction::PatternCompare { op: Pattern::ByteFind, rd, ra, rb },
            0x22 => Instruction::PatternCompare { op: Pattern::Equal, rd, ra, rb },
            0x23 => Instruction::PatternCompare { op: Pattern::NotEqual, rd, ra, rb },
            _ => return None,
        },
        0x20..=0x23 | 0x28..=0x2B if plain => {
            let op = match opcode & 3 {
                0 => Logic::Or,
                1 => Logic::And,
                2 => Logic::Xor,
                _ => Logic::AndNot,
            };
            Instruction::Logic { op, rd, ra, b }
        }
        0x24 => return unary(word, rd, ra, rb),
        0x25 => return special(word, rd, ra),
        0x26 | 0x2E if plain => return branch(word, rd, ra, b),
        0x27 | 0x2F if plain => return conditional_branch(rd, ra, b),
        0x2C if word >> 16 & 0x3FF == 0 => Instruction::Prefix { high: word as u16 },
        0x2D => {
            let from = match rd.number() {
                0x10 => ReturnFrom::Subroutine,
                0x11 => ReturnFrom::Interrupt,
                0x12 => ReturnFrom::Break,
                0x14 => ReturnFrom::Exception,
                _ => return None,
            };
            Instruction::Return { from, ra, offset: immediate }
        }
        0x30..=0x32 | 0x34..=0x36 | 0x38..=0x3A | 0x3C..=0x3E => return memory(opcode, low, rd, ra, b),
        _ => return None,
    })
}

#[inline]
const fn shift(low: u32) -> Option<Shift> {
    match low {
        0x000 => Some(Shift::RightLogical),
        0x200 => Some(Shift::RightArithmetic),
        0x400 => Some(Shift::Left),
        _ => None,
    }
}

#[inline]
const fn constant_shift(word: u32, rd: Reg, ra: Reg) -> Option<Instruction> {
    let amount = (word & 31) as u8;
    let upper = (word >> 6 & 31) as u8;
    match word & 0xF820 {
        0x0000 => match shift(word & 0x7C0) {
            Some(op) => Some(Instruction::Shift { op, rd, ra, by: Amount::Immediate(amount) }),
            None => None,
        },
        0x4000 => Some(Instruction::ExtractField { rd, ra, width: upper, shift: amount }),
        0x8000 => Some(Instruction::InsertField { rd, ra, last: upper, shift: amount }),
        _ => None,
    }
}

/// The five options, with `exception` in the lowest bit.
const fn stream_mode(bits: u32) -> StreamMode {
    StreamMode {
        non_blocking: bits & 16 != 0,
        control: bits & 8 != 0,
        test: bits & 4 != 0,
        atomic: bits & 2 != 0,
        exception: bits & 1 != 0,
    }
}

const fn stream(word: u32, rd: Reg, ra: Reg) -> Option<Instruction> {
    let mode = stream_mode(word >> 10);
    let link = Link::Fixed((word & 15) as u8);
    let put = word & 0x8000 != 0;
    if word & 0x3F0 != 0 { None } else { stream_instruction(put, rd, ra, link, mode) }
}

const fn dynamic_stream(word: u32, rd: Reg, ra: Reg, rb: Reg) -> Option<Instruction> {
    let mode = stream_mode(word >> 5);
    let put = word & 0x400 != 0;
    if word & 31 != 0 { None } else { stream_instruction(put, rd, ra, Link::Register(rb), mode) }
}

const fn stream_instruction(put: bool, rd: Reg, ra: Reg, link: Link, mode: StreamMode) -> Option<Instruction> {
    match (put, rd.number(), ra.number()) {
        (true, 0, _) if !mode.exception => Some(Instruction::Put { ra, link, mode }),
        (false, _, 0) => Some(Instruction::Get { rd, link, mode }),
        _ => None,
    }
}

const fn float(low: u32, rd: Reg, ra: Reg, rb: Reg) -> Option<Instruction> {
    let op = match low {
        0x000 => Float::Add,
        0x080 => Float::ReverseSubtract,
        0x100 => Float::Multiply,
        0x180 => Float::Divide,
        0x200..=0x260 if low & 15 == 0 => {
            let condition = match low >> 4 & 7 {
                0 => FloatCondition::Unordered,
                1 => FloatCondition::Less,
                2 => FloatCondition::Equal,
                3 => FloatCondition::LessEqual,
                4 => FloatCondition::Greater,
                5 => FloatCondition::NotEqual,
                _ => FloatCondition::GreaterEqual,
            };
            return Some(Instruction::FloatCompare { condition, rd, ra, rb });
        }
        0x280 | 0x300 | 0x380 if rb.number() == 0 => {
            let op = match low {
                0x280 => FloatUnary::FromInteger,
                0x300 => FloatUnary::ToInteger,
                _ => FloatUnary::SquareRoot,
            };
            return Some(Instruction::FloatUnary { op, rd, ra });
        }
        _ => return None,
    };
    Some(Instruction::Float { op, rd, ra, rb })
}

#[inline]
const fn unary(word: u32, rd: Reg, ra: Reg, rb: Reg) -> Option<Instruction> {
    let op = match word & 0xFFFF {
        0x0001 => Unary::ShiftArithmetic,
        0x0021 => Unary::ShiftCarry,
        0x0041 => Unary::ShiftLogical,
        0x0060 => Unary::ExtendByte,
        0x0061 => Unary::ExtendHalf,
        0x00E0 => Unary::CountLeadingZeros,
        0x01E0 => Unary::SwapBytes,
        0x01E2 => Unary::SwapHalves,
        _ => {
            let op = match word & 0x7FF {
                0x064 => Cache::Data,
                0x066 => Cache::DataClear,
                0x074 => Cache::DataFlush,
                0x466 => Cache::ExternalClear,
                0x476 => Cache::ExternalFlush,
                0x068 => Cache::Instruction,
                _ => return None,
            };
            return if rd.number() == 0 { Some(Instruction::Cache { op, ra, rb }) } else { None };
        }
    };
    Some(Instruction::Unary { op, rd, ra })
}

/// `mfs`, `mts`, `msrset`, `msrclr`: the two top bits of the low half, and where they are zero, `ra`.
const fn special(word: u32, rd: Reg, ra: Reg) -> Option<Instruction> {
    let special = (word & 0x3FFF) as u16;
    match (word >> 14 & 3, rd.number(), ra.number()) {
        (2, _, 0 | 8) => Some(Instruction::MoveFrom { rd, special, extended: ra.number() == 8 }),
        (3, 0 | 8, _) => Some(Instruction::MoveTo { special, ra, extended: rd.number() == 8 }),
        (0 | 1, _, 16 | 17) => {
            Some(Instruction::ModifyStatus { rd, mask: (word & 0x7FFF) as u16, set: ra.number() == 16 })
        }
        _ => None,
    }
}

/// Options of an unconditional branch are in the field of `ra`.
#[inline]
const fn branch(word: u32, rd: Reg, ra: Reg, b: Operand) -> Option<Instruction> {
    let (delay, absolute, link) = (ra.number() & 0x10 != 0, ra.number() & 8 != 0, ra.number() & 4 != 0);
    match ra.number() {
        0x0C => Some(Instruction::Break { rd, b }),
        0x00 | 0x08 | 0x10 | 0x18 | 0x14 | 0x1C => Some(Instruction::Branch { rd, b, delay, absolute, link }),
        0x02 if matches!(b, Operand::Immediate(4)) && word >> 26 == 0x2E => {
            Some(Instruction::Barrier { kind: rd.number() })
        }
        _ => None,
    }
}

#[inline]
const fn conditional_branch(rd: Reg, ra: Reg, b: Operand) -> Option<Instruction> {
    let condition = match rd.number() & 0xF {
        0 => Condition::Equal,
        1 => Condition::NotEqual,
        2 => Condition::Less,
        3 => Condition::LessEqual,
        4 => Condition::Greater,
        5 => Condition::GreaterEqual,
        _ => return None,
    };
    Some(Instruction::BranchIf { condition, ra, b, delay: rd.number() & 0x10 != 0 })
}

#[inline]
const fn memory(opcode: u32, low: u32, rd: Reg, ra: Reg, b: Operand) -> Option<Instruction> {
    let size = match opcode & 3 {
        0 => Size::Byte,
        1 => Size::Half,
        _ => Size::Word,
    };
    let access = match low {
        _ if opcode & 8 != 0 => Access::Plain,
        0x000 => Access::Plain,
        0x200 => Access::Reversed,
        0x400 if matches!(size, Size::Word) => Access::Exclusive,
        0x080 => Access::Extended,
        _ => return None,
    };
    let load = opcode & 4 == 0;
    Some(match load {
        true => Instruction::Load { size, access, rd, ra, b },
        false => Instruction::Store { size, access, rd, ra, b },
    })
}
