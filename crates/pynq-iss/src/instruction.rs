//! The instructions, as what they do rather than as bits. [`decode`](crate::decode) makes them of words,
//! [`Instruction::encode`] makes words of them, and their `Display` is the disassembler.

/// A general register, `r0` to `r31`. `r0` reads as zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reg(u8);

impl Reg {
    /// `r0`, which reads as zero and drops what is written.
    pub const ZERO: Self = Self(0);

    /// The register of that number, if there is one.
    pub const fn new(number: u8) -> Option<Self> {
        if number < 32 { Some(Self(number)) } else { None }
    }

    /// The register that a five-bit field of a word names.
    #[inline]
    pub(crate) const fn field(word: u32, lowest_bit: u32) -> Self {
        Self((word >> lowest_bit & 31) as u8)
    }

    /// Its number, 0 to 31.
    #[inline]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its number as an index; the mask spares the executor the check of a bound.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        (self.0 & 31) as usize
    }
}

impl core::fmt::Debug for Reg {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl core::fmt::Display for Reg {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self, f)
    }
}

/// The second operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operand {
    /// A register: type A of the instruction.
    Register(Reg),
    /// A constant, extended by its sign or by an `imm` instruction before this one: type B.
    Immediate(i16),
}

/// How far a barrel shift goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Amount {
    /// As the low five bits of a register say.
    Register(Reg),
    /// By a constant, 0 to 31.
    Immediate(u8),
}

/// Bitwise operations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Logic {
    /// A or B.
    Or,
    /// A and B.
    And,
    /// A exclusive-or B.
    Xor,
    /// A and not B.
    AndNot,
}

/// Pattern compares.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pattern {
    /// The position of the first equal byte, 1 for the most significant one; 0 if there is none.
    ByteFind,
    /// 1 if the words are equal, else 0.
    Equal,
    /// 1 if the words differ, else 0.
    NotEqual,
}

/// Products of registers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Product {
    /// The low word.
    Low,
    /// The high word of the signed product.
    High,
    /// The high word of a signed A by an unsigned B.
    HighSignedUnsigned,
    /// The high word of the unsigned product.
    HighUnsigned,
}

/// Directions of a barrel shift.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shift {
    /// To the right, filled with zeros.
    RightLogical,
    /// To the right, filled with the sign.
    RightArithmetic,
    /// To the left.
    Left,
}

/// Operations on one register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unary {
    /// `sra`: right by one, keeping the sign; the bit that falls out becomes the carry.
    ShiftArithmetic,
    /// `src`: right by one through the carry.
    ShiftCarry,
    /// `srl`: right by one, filled with zero; the bit that falls out becomes the carry.
    ShiftLogical,
    /// `sext8`: extends the sign of the low byte.
    ExtendByte,
    /// `sext16`: extends the sign of the low half.
    ExtendHalf,
    /// `clz`: counts leading zeros.
    CountLeadingZeros,
    /// `swapb`: reverses the four bytes.
    SwapBytes,
    /// `swaph`: exchanges the two halves.
    SwapHalves,
}

/// Cache operations. This processor has no caches, so they do nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cache {
    /// `wdc`
    Data,
    /// `wdc.clear`
    DataClear,
    /// `wdc.flush`
    DataFlush,
    /// `wdc.ext.clear`
    ExternalClear,
    /// `wdc.ext.flush`
    ExternalFlush,
    /// `wic`
    Instruction,
}

/// Conditions of a branch: what a register is, compared with zero as a signed number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Condition {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterEqual,
}

/// What a program returns from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReturnFrom {
    /// A subroutine: `rtsd`.
    Subroutine,
    /// An interrupt: `rtid` allows interrupts again.
    Interrupt,
    /// A break: `rtbd` ends the break in progress.
    Break,
    /// An exception: `rted` ends the exception in progress and allows exceptions again.
    Exception,
}

/// The size of a memory access.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Size {
    /// Eight bits.
    Byte,
    /// Sixteen bits.
    Half,
    /// Thirty-two bits.
    Word,
}

impl Size {
    /// How many bytes it is.
    #[inline]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
        }
    }
}

/// Kinds of a memory access.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// In the byte order of the processor.
    Plain,
    /// In the other byte order: `lwr`, `shr`, ...
    Reversed,
    /// With a reservation: `lwx` and `swx`.
    Exclusive,
    /// With an address of more than 32 bits: `lwea`, ... Illegal here, where C_ADDR_SIZE is 32.
    Extended,
}

/// Options of `get` and `put`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StreamMode {
    /// `n`: sets the carry where it would wait.
    pub non_blocking: bool,
    /// `c`: expects or sends a control word.
    pub control: bool,
    /// `t`: tests only; no word is moved.
    pub test: bool,
    /// `a`: no interrupt while it waits.
    pub atomic: bool,
    /// `e`: a wrong control bit is an exception. Only `get` has it.
    pub exception: bool,
}

/// Which stream link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Link {
    /// This one, 0 to 15.
    Fixed(u8),
    /// As the low four bits of a register say.
    Register(Reg),
}

/// Arithmetic of the floating-point unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Float {
    /// A + B.
    Add,
    /// B - A.
    ReverseSubtract,
    /// A x B.
    Multiply,
    /// B / A.
    Divide,
}

/// Comparisons of the floating-point unit: B with A.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatCondition {
    /// One of them is not a number.
    Unordered,
    /// B < A.
    Less,
    /// B = A.
    Equal,
    /// B <= A.
    LessEqual,
    /// B > A.
    Greater,
    /// B <> A.
    NotEqual,
    /// B >= A.
    GreaterEqual,
}

/// Conversions and the root.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatUnary {
    /// `flt`: of a signed number.
    FromInteger,
    /// `fint`: to a signed number, truncated.
    ToInteger,
    /// `fsqrt`
    SquareRoot,
}

/// An instruction.
///
/// Every one of a group that is optional in the hardware is here;
/// [`Config::has`](crate::Config::has) says whether a processor has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "rd is the destination, ra and b or rb are the operands, in all of them")]
pub enum Instruction {
    /// `add`, `rsub` and their forms: A + B, or B - A, with the carry in and out where the form says so.
    Add { rd: Reg, ra: Reg, b: Operand, subtract: bool, carry: bool, keep: bool },
    /// `cmp`, `cmpu`: B - A, with the order of the two in the sign.
    Compare { rd: Reg, ra: Reg, rb: Reg, unsigned: bool },
    /// `or`, `and`, `xor`, `andn`
    Logic { op: Logic, rd: Reg, ra: Reg, b: Operand },
    /// `pcmpbf`, `pcmpeq`, `pcmpne`
    PatternCompare { op: Pattern, rd: Reg, ra: Reg, rb: Reg },
    /// `mul`, `mulh`, `mulhsu`, `mulhu`
    Multiply { op: Product, rd: Reg, ra: Reg, rb: Reg },
    /// `muli`
    MultiplyImmediate { rd: Reg, ra: Reg, immediate: i16 },
    /// `idiv`, `idivu`: B / A.
    Divide { rd: Reg, ra: Reg, rb: Reg, unsigned: bool },
    /// `bsrl`, `bsra`, `bsll`
    Shift { op: Shift, rd: Reg, ra: Reg, by: Amount },
    /// `bsefi`: `width` bits of A from bit `shift` on.
    ExtractField { rd: Reg, ra: Reg, width: u8, shift: u8 },
    /// `bsifi`: the low bits of A are put into rd, from bit `shift` up to bit `last`.
    InsertField { rd: Reg, ra: Reg, last: u8, shift: u8 },
    /// `sra`, `src`, `srl`, `sext8`, `sext16`, `clz`, `swapb`, `swaph`
    Unary { op: Unary, rd: Reg, ra: Reg },
    /// `wdc`, `wic`
    Cache { op: Cache, ra: Reg, rb: Reg },
    /// `mfs`, `mfse`: reads a special register, by its number of 14 bits.
    MoveFrom { rd: Reg, special: u16, extended: bool },
    /// `mts`, `mtse`: writes a special register.
    MoveTo { special: u16, ra: Reg, extended: bool },
    /// `msrset`, `msrclr`: sets or clears bits of the MSR, by a mask of 15 bits, and returns what it was.
    ModifyStatus { rd: Reg, mask: u16, set: bool },
    /// `br` and its forms. Forms that do not link have an `rd` too, which does nothing.
    Branch { rd: Reg, b: Operand, delay: bool, absolute: bool, link: bool },
    /// `brk`, `brki`: an absolute branch with link, into the state of a break.
    Break { rd: Reg, b: Operand },
    /// `beq` and so on.
    BranchIf { condition: Condition, ra: Reg, b: Operand, delay: bool },
    /// `mbar`, a barrier for memory accesses; with bit 4 the processor sleeps.
    Barrier { kind: u8 },
    /// `imm`: the high half of the next instruction's constant.
    Prefix { high: u16 },
    /// `rtsd`, `rtid`, `rtbd`, `rted`
    Return { from: ReturnFrom, ra: Reg, offset: i16 },
    /// `lbu`, `lhu`, `lw` and their forms.
    Load { size: Size, access: Access, rd: Reg, ra: Reg, b: Operand },
    /// `sb`, `sh`, `sw` and their forms.
    Store { size: Size, access: Access, rd: Reg, ra: Reg, b: Operand },
    /// `get`: takes a word from a stream link.
    Get { rd: Reg, link: Link, mode: StreamMode },
    /// `put`: gives a word to a stream link.
    Put { ra: Reg, link: Link, mode: StreamMode },
    /// `fadd`, `frsub`, `fmul`, `fdiv`
    Float { op: Float, rd: Reg, ra: Reg, rb: Reg },
    /// `fcmp`
    FloatCompare { condition: FloatCondition, rd: Reg, ra: Reg, rb: Reg },
    /// `flt`, `fint`, `fsqrt`
    FloatUnary { op: FloatUnary, rd: Reg, ra: Reg },
}
