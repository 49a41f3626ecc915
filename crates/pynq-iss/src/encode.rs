//! Instructions to words.

use crate::instruction::{
    Access, Amount, Cache, Condition, Float, FloatCondition, FloatUnary, Instruction, Link, Logic, Operand, Pattern,
    Product, Reg, ReturnFrom, Shift, Size, StreamMode, Unary,
};

impl Instruction {
    /// The word of this instruction, or `None` where a field does not fit: a shift by 32, a link 16, a mask of 16 bits.
    ///
    /// What [`decode`](crate::decode) returns always has a word, the one that it was made of.
    pub const fn encode(self) -> Option<u32> {
        let word = match self {
            Self::Add { rd, ra, b, subtract, carry, keep } => {
                typed(subtract as u32 | (carry as u32) << 1 | (keep as u32) << 2, rd, ra, b)
            }
            Self::Compare { rd, ra, rb, unsigned } => a(0x05, rd, ra, rb, if unsigned { 3 } else { 1 }),
            Self::Logic { op, rd, ra, b } => {
                let op = match op {
                    Logic::Or => 0,
                    Logic::And => 1,
                    Logic::Xor => 2,
                    Logic::AndNot => 3,
                };
                typed(0x20 + op, rd, ra, b)
            }
            Self::PatternCompare { op, rd, ra, rb } => {
                let opcode = match op {
                    Pattern::ByteFind => 0x20,
                    Pattern::Equal => 0x22,
                    Pattern::NotEqual => 0x23,
                };
                a(opcode, rd, ra, rb, 0x400)
            }
            Self::Multiply { op, rd, ra, rb } => {
                let low = match op {
                    Product::Low => 0,
                    Product::High => 1,
                    Product::HighSignedUnsigned => 2,
                    Product::HighUnsigned => 3,
                };
                a(0x10, rd, ra, rb, low)
            }
            Self::MultiplyImmediate { rd, ra, immediate } => low_half(0x18, rd, ra, immediate as u16),
            Self::Divide { rd, ra, rb, unsigned } => a(0x12, rd, ra, rb, if unsigned { 2 } else { 0 }),
            Self::Shift { op, rd, ra, by } => {
                let low = match op {
                    Shift::RightLogical => 0,
                    Shift::RightArithmetic => 0x200,
                    Shift::Left => 0x400,
                };
                match by {
                    Amount::Register(rb) => a(0x11, rd, ra, rb, low),
                    Amount::Immediate(by) if by < 32 => low_half(0x19, rd, ra, low as u16 | by as u16),
                    Amount::Immediate(_) => return None,
                }
            }
            Self::ExtractField { rd, ra, width: upper, shift } | Self::InsertField { rd, ra, last: upper, shift } => {
                if upper > 31 || shift > 31 {
                    return None;
                }
                let kind = if matches!(self, Self::ExtractField { .. }) { 0x4000 } else { 0x8000 };
                low_half(0x19, rd, ra, kind | (upper as u16) << 6 | shift as u16)
            }
            Self::Unary { op, rd, ra } => {
                let low = match op {
                    Unary::ShiftArithmetic => 0x01,
                    Unary::ShiftCarry => 0x21,
                    Unary::ShiftLogical => 0x41,
                    Unary::ExtendByte => 0x60,
                    Unary::ExtendHalf => 0x61,
                    Unary::CountLeadingZeros => 0xE0,
                    Unary::SwapBytes => 0x1E0,
                    Unary::SwapHalves => 0x1E2,
                };
                a(0x24, rd, ra, Reg::ZERO, low)
            }
            Self::Cache { op, ra, rb } => {
                let low = match op {
                    Cache::Data => 0x064,
                    Cache::DataClear => 0x066,
                    Cache::DataFlush => 0x074,
                    Cache::ExternalClear => 0x466,
                    Cache::ExternalFlush => 0x476,
                    Cache::Instruction => 0x068,
                };
                a(0x24, Reg::ZERO, ra, rb, low)
            }
            Self::MoveFrom { special, .. } | Self::MoveTo { special, .. } if special > 0x3FFF => return None,
            Self::MoveFrom { rd, special, extended } => {
                0x9400_0000 | at(rd, 21) | (extended as u32) << 19 | 0x8000 | special as u32
            }
            Self::MoveTo { special, ra, extended } => {
                0x9400_0000 | (extended as u32) << 24 | at(ra, 16) | 0xC000 | special as u32
            }
            Self::ModifyStatus { mask, .. } if mask > 0x7FFF => return None,
            Self::ModifyStatus { rd, mask, set } => {
                0x9400_0000 | at(rd, 21) | (if set { 16 } else { 17 }) << 16 | mask as u32
            }
            Self::Branch { delay: false, link: true, .. } => return None,
            Self::Branch { rd, b, delay, absolute, link } => {
                options(rd, (delay as u32) << 4 | (absolute as u32) << 3 | (link as u32) << 2, b)
            }
            Self::Break { rd, b } => options(rd, 0x0C, b),
            Self::BranchIf { condition, ra, b, delay } => {
                let condition = match condition {
                    Condition::Equal => 0,
                    Condition::NotEqual => 1,
                    Condition::Less => 2,
                    Condition::LessEqual => 3,
                    Condition::Greater => 4,
                    Condition::GreaterEqual => 5,
                };
                typed(0x27, Reg::ZERO, ra, b) | (condition | (delay as u32) << 4) << 21
            }
            Self::Barrier { kind } if kind < 32 => 0xB802_0004 | (kind as u32) << 21,
            Self::Barrier { .. } => return None,
            Self::Prefix { high } => 0xB000_0000 | high as u32,
            Self::Return { from, ra, offset } => {
                let from = match from {
                    ReturnFrom::Subroutine => 0x10,
                    ReturnFrom::Interrupt => 0x11,
                    ReturnFrom::Break => 0x12,
                    ReturnFrom::Exception => 0x14,
                };
                low_half(0x2D, Reg::ZERO, ra, offset as u16) | from << 21
            }
            Self::Load { size, access, rd, ra, b } => return memory(0x30, size, access, rd, ra, b),
            Self::Store { size, access, rd, ra, b } => return memory(0x34, size, access, rd, ra, b),
            Self::Get { rd, link, mode } => return stream(at(rd, 21), link, mode, false),
            Self::Put { mode: StreamMode { exception: true, .. }, .. } => return None,
            Self::Put { ra, link, mode } => return stream(at(ra, 16), link, mode, true),
            Self::Float { op, rd, ra, rb } => {
                let low = match op {
                    Float::Add => 0x000,
                    Float::ReverseSubtract => 0x080,
                    Float::Multiply => 0x100,
                    Float::Divide => 0x180,
                };
                a(0x16, rd, ra, rb, low)
            }
            Self::FloatCompare { condition, rd, ra, rb } => {
                let condition = match condition {
                    FloatCondition::Unordered => 0,
                    FloatCondition::Less => 1,
                    FloatCondition::Equal => 2,
                    FloatCondition::LessEqual => 3,
                    FloatCondition::Greater => 4,
                    FloatCondition::NotEqual => 5,
                    FloatCondition::GreaterEqual => 6,
                };
                a(0x16, rd, ra, rb, 0x200 | condition << 4)
            }
            Self::FloatUnary { op, rd, ra } => {
                let low = match op {
                    FloatUnary::FromInteger => 0x280,
                    FloatUnary::ToInteger => 0x300,
                    FloatUnary::SquareRoot => 0x380,
                };
                a(0x16, rd, ra, Reg::ZERO, low)
            }
        };
        Some(word)
    }
}

const fn at(register: Reg, lowest_bit: u32) -> u32 {
    (register.number() as u32) << lowest_bit
}

/// Type A: three registers.
const fn a(opcode: u32, rd: Reg, ra: Reg, rb: Reg, low: u32) -> u32 {
    opcode << 26 | at(rd, 21) | at(ra, 16) | at(rb, 11) | low
}

/// Type B: two registers and a constant.
const fn low_half(opcode: u32, rd: Reg, ra: Reg, low: u16) -> u32 {
    opcode << 26 | at(rd, 21) | at(ra, 16) | low as u32
}

/// Type A or B, as the operand says; the opcode is that of type A.
const fn typed(opcode: u32, rd: Reg, ra: Reg, b: Operand) -> u32 {
    match b {
        Operand::Register(rb) => a(opcode, rd, ra, rb, 0),
        Operand::Immediate(value) => low_half(opcode | 8, rd, ra, value as u16),
    }
}

/// An unconditional branch, with its options in the field of `ra`.
const fn options(rd: Reg, options: u32, b: Operand) -> u32 {
    typed(0x26, rd, Reg::ZERO, b) | options << 16
}

const fn memory(opcode: u32, size: Size, access: Access, rd: Reg, ra: Reg, b: Operand) -> Option<u32> {
    let size_bits = match size {
        Size::Byte => 0,
        Size::Half => 1,
        Size::Word => 2,
    };
    let low = match access {
        Access::Plain => 0,
        Access::Reversed => 0x200,
        Access::Exclusive if matches!(size, Size::Word) => 0x400,
        Access::Exclusive => return None,
        Access::Extended => 0x080,
    };
    match b {
        Operand::Immediate(_) if low != 0 => None,
        _ => Some(typed(opcode | size_bits, rd, ra, b) | low),
    }
}

const fn stream(register: u32, link: Link, mode: StreamMode, put: bool) -> Option<u32> {
    let mode = (mode.non_blocking as u32) << 4
        | (mode.control as u32) << 3
        | (mode.test as u32) << 2
        | (mode.atomic as u32) << 1
        | mode.exception as u32;
    match link {
        Link::Fixed(link) if link < 16 => Some(0x1B << 26 | register | (put as u32) << 15 | mode << 10 | link as u32),
        Link::Fixed(_) => None,
        Link::Register(rb) => Some(0x13 << 26 | register | at(rb, 11) | (put as u32) << 10 | mode << 5),
    }
}
