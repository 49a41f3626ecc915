//! The disassembler: the mnemonics and operands of the GNU tools.

use core::fmt::{self, Display, Formatter};

use crate::{
    instruction::{
        Access, Amount, Cache, Condition, Float, FloatCondition, FloatUnary, Instruction, Link, Logic, Operand,
        Pattern, Product, Reg, ReturnFrom, Shift, Size, StreamMode, Unary,
    },
    status::Special,
};

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(register) => register.fmt(f),
            Self::Immediate(value) => value.fmt(f),
        }
    }
}

impl Display for Link {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(link) => write!(f, "rfsl{link}"),
            Self::Register(register) => register.fmt(f),
        }
    }
}

/// `i` where the second operand is a constant.
fn i(b: Operand) -> &'static str {
    if matches!(b, Operand::Immediate(_)) { "i" } else { "" }
}

/// A letter of a mnemonic, if the option is there.
fn letter(there: bool, letter: &'static str) -> &'static str {
    if there { letter } else { "" }
}

fn three(f: &mut Formatter<'_>, rd: Reg, ra: Reg, b: impl Display) -> fmt::Result {
    write!(f, " {rd}, {ra}, {b}")
}

impl Display for Instruction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Add { rd, ra, b, subtract, carry, keep } => {
                let name = if subtract { "rsub" } else { "add" };
                write!(f, "{name}{}{}{}", i(b), letter(keep, "k"), letter(carry, "c"))?;
                three(f, rd, ra, b)
            }
            Self::Compare { rd, ra, rb, unsigned } => {
                write!(f, "cmp{}", letter(unsigned, "u"))?;
                three(f, rd, ra, rb)
            }
            Self::Logic { op, rd, ra, b } => {
                let name = match op {
                    Logic::Or => "or",
                    Logic::And => "and",
                    Logic::Xor => "xor",
                    Logic::AndNot => "andn",
                };
                write!(f, "{name}{}", i(b))?;
                three(f, rd, ra, b)
            }
            Self::PatternCompare { op, rd, ra, rb } => {
                f.write_str(match op {
                    Pattern::ByteFind => "pcmpbf",
                    Pattern::Equal => "pcmpeq",
                    Pattern::NotEqual => "pcmpne",
                })?;
                three(f, rd, ra, rb)
            }
            Self::Multiply { op, rd, ra, rb } => {
                f.write_str(match op {
                    Product::Low => "mul",
                    Product::High => "mulh",
                    Product::HighSignedUnsigned => "mulhsu",
                    Product::HighUnsigned => "mulhu",
                })?;
                three(f, rd, ra, rb)
            }
            Self::MultiplyImmediate { rd, ra, immediate } => write!(f, "muli {rd}, {ra}, {immediate}"),
            Self::Divide { rd, ra, rb, unsigned } => {
                write!(f, "idiv{}", letter(unsigned, "u"))?;
                three(f, rd, ra, rb)
            }
            Self::Shift { op, rd, ra, by } => {
                let name = match op {
                    Shift::RightLogical => "bsrl",
                    Shift::RightArithmetic => "bsra",
                    Shift::Left => "bsll",
                };
                match by {
                    Amount::Register(rb) => write!(f, "{name} {rd}, {ra}, {rb}"),
                    Amount::Immediate(by) => write!(f, "{name}i {rd}, {ra}, {by}"),
                }
            }
            Self::ExtractField { rd, ra, width, shift } => write!(f, "bsefi {rd}, {ra}, {width}, {shift}"),
            Self::InsertField { rd, ra, last, shift } => {
                // The tools write the width, which the word does not have. It is negative where the word makes no sense.
                write!(f, "bsifi {rd}, {ra}, {}, {shift}", i32::from(last) - i32::from(shift) + 1)
            }
            Self::Unary { op, rd, ra } => {
                let name = match op {
                    Unary::ShiftArithmetic => "sra",
                    Unary::ShiftCarry => "src",
                    Unary::ShiftLogical => "srl",
                    Unary::ExtendByte => "sext8",
                    Unary::ExtendHalf => "sext16",
                    Unary::CountLeadingZeros => "clz",
                    Unary::SwapBytes => "swapb",
                    Unary::SwapHalves => "swaph",
                };
                write!(f, "{name} {rd}, {ra}")
            }
            Self::Cache { op, ra, rb } => {
                let name = match op {
                    Cache::Data => "wdc",
                    Cache::DataClear => "wdc.clear",
                    Cache::DataFlush => "wdc.flush",
                    Cache::ExternalClear => "wdc.ext.clear",
                    Cache::ExternalFlush => "wdc.ext.flush",
                    Cache::Instruction => "wic",
                };
                write!(f, "{name} {ra}, {rb}")
            }
            Self::MoveFrom { rd, special, extended } => {
                write!(f, "mfs{} {rd}, {}", letter(extended, "e"), Special(special))
            }
            Self::MoveTo { special, ra, extended } => {
                write!(f, "mts{} {}, {ra}", letter(extended, "e"), Special(special))
            }
            Self::ModifyStatus { rd, mask, set } => {
                write!(f, "{} {rd}, {mask}", if set { "msrset" } else { "msrclr" })
            }
            Self::Branch { rd, b, delay, absolute, link } => {
                let options = (letter(absolute, "a"), letter(link, "l"), letter(delay, "d"));
                write!(f, "br{}{}{}{} ", options.0, options.1, i(b), options.2)?;
                if link { write!(f, "{rd}, {b}") } else { b.fmt(f) }
            }
            Self::Break { rd, b } => write!(f, "brk{} {rd}, {b}", i(b)),
            Self::BranchIf { condition, ra, b, delay } => {
                let condition = match condition {
                    Condition::Equal => "eq",
                    Condition::NotEqual => "ne",
                    Condition::Less => "lt",
                    Condition::LessEqual => "le",
                    Condition::Greater => "gt",
                    Condition::GreaterEqual => "ge",
                };
                write!(f, "b{condition}{}{} {ra}, {b}", i(b), letter(delay, "d"))
            }
            Self::Barrier { kind: 24 } => f.write_str("sleep"),
            Self::Barrier { kind } => write!(f, "mbar {kind}"),
            Self::Prefix { high } => write!(f, "imm {}", high as i16),
            Self::Return { from, ra, offset } => {
                let name = match from {
                    ReturnFrom::Subroutine => "rtsd",
                    ReturnFrom::Interrupt => "rtid",
                    ReturnFrom::Break => "rtbd",
                    ReturnFrom::Exception => "rted",
                };
                write!(f, "{name} {ra}, {offset}")
            }
            Self::Load { size, access, rd, ra, b } => {
                let name = match size {
                    Size::Byte => "lbu",
                    Size::Half => "lhu",
                    Size::Word => "lw",
                };
                memory(f, name, access, rd, ra, b)
            }
            Self::Store { size, access, rd, ra, b } => {
                let name = match size {
                    Size::Byte => "sb",
                    Size::Half => "sh",
                    Size::Word => "sw",
                };
                memory(f, name, access, rd, ra, b)
            }
            Self::Get { rd, link, mode } => {
                stream(f, mode, "get", link)?;
                write!(f, " {rd}, {link}")
            }
            Self::Put { ra, link, mode } => {
                stream(f, mode, "put", link)?;
                if mode.test { write!(f, " {link}") } else { write!(f, " {ra}, {link}") }
            }
            Self::Float { op, rd, ra, rb } => {
                f.write_str(match op {
                    Float::Add => "fadd",
                    Float::ReverseSubtract => "frsub",
                    Float::Multiply => "fmul",
                    Float::Divide => "fdiv",
                })?;
                three(f, rd, ra, rb)
            }
            Self::FloatCompare { condition, rd, ra, rb } => {
                let condition = match condition {
                    FloatCondition::Unordered => "un",
                    FloatCondition::Less => "lt",
                    FloatCondition::Equal => "eq",
                    FloatCondition::LessEqual => "le",
                    FloatCondition::Greater => "gt",
                    FloatCondition::NotEqual => "ne",
                    FloatCondition::GreaterEqual => "ge",
                };
                write!(f, "fcmp.{condition} {rd}, {ra}, {rb}")
            }
            Self::FloatUnary { op, rd, ra } => {
                let name = match op {
                    FloatUnary::FromInteger => "flt",
                    FloatUnary::ToInteger => "fint",
                    FloatUnary::SquareRoot => "fsqrt",
                };
                write!(f, "{name} {rd}, {ra}")
            }
        }
    }
}

fn memory(f: &mut Formatter<'_>, name: &str, access: Access, rd: Reg, ra: Reg, b: Operand) -> fmt::Result {
    let access = match access {
        Access::Plain => "",
        Access::Reversed => "r",
        Access::Exclusive => "x",
        Access::Extended => "ea",
    };
    write!(f, "{name}{}{access} {rd}, {ra}, {b}", i(b))
}

fn stream(f: &mut Formatter<'_>, mode: StreamMode, name: &str, link: Link) -> fmt::Result {
    let options = [
        letter(mode.test, "t"),
        letter(mode.non_blocking, "n"),
        letter(mode.exception, "e"),
        letter(mode.control, "c"),
        letter(mode.atomic, "a"),
    ];
    options.iter().try_for_each(|option| f.write_str(option))?;
    write!(f, "{name}{}", letter(matches!(link, Link::Register(_)), "d"))
}
