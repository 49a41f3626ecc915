//! The special registers.

use core::fmt::{self, Display, Formatter};

bitflags::bitflags! {
    /// The machine status register. The carry is kept apart from it.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Msr: u32 {
        /// Interrupts are allowed.
        const IE = 1 << 1;
        /// The carry.
        const C = 1 << 2;
        /// A break is in progress: interrupts and external breaks wait.
        const BIP = 1 << 3;
        /// A stream link had a word of the other kind.
        const FSL = 1 << 4;
        /// A division by zero, or one that overflowed.
        const DZO = 1 << 6;
        /// Exceptions are allowed.
        const EE = 1 << 8;
        /// An exception is in progress.
        const EIP = 1 << 9;
        /// A copy of the carry, read only.
        const CC = 1 << 31;
    }
}

/// Why an exception was taken: the low five bits of the ESR.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Exception {
    /// A stream link had a word of the other kind.
    Stream,
    /// An access was not aligned to its size.
    Unaligned,
    /// There is no such instruction.
    IllegalOpcode,
    /// A fetch failed.
    InstructionBus,
    /// A load or store failed.
    DataBus,
    /// A division by zero, or one that overflowed.
    Divide,
    /// The floating-point unit.
    FloatingPoint,
}

impl Exception {
    /// The exception cause of the ESR.
    pub const fn cause(self) -> u32 {
        match self {
            Self::Stream => 0,
            Self::Unaligned => 1,
            Self::IllegalOpcode => 2,
            Self::InstructionBus => 3,
            Self::DataBus => 4,
            Self::Divide => 5,
            Self::FloatingPoint => 6,
        }
    }
}

bitflags::bitflags! {
    /// The status register of the floating-point unit. Its bits stay set until they are written.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Fsr: u32 {
        /// An operand was denormal.
        const DO = 1 << 0;
        /// A result was too small.
        const UF = 1 << 1;
        /// A result was too large.
        const OF = 1 << 2;
        /// A division by zero.
        const DZ = 1 << 3;
        /// The operation was invalid.
        const IO = 1 << 4;
    }
}

/// The number of a special register, as `mfs` and `mts` have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Special(pub u16);

impl Special {
    /// The program counter.
    pub const PC: Self = Self(0x0);
    /// The machine status register.
    pub const MSR: Self = Self(0x1);
    /// The address of an exception.
    pub const EAR: Self = Self(0x3);
    /// The status of an exception.
    pub const ESR: Self = Self(0x5);
    /// The status of the floating-point unit.
    pub const FSR: Self = Self(0x7);
    /// The target of the branch that an exception's delay slot belongs to.
    pub const BTR: Self = Self(0xB);
    /// The word of a stream exception.
    pub const EDR: Self = Self(0xD);
    /// The lower limit of the stack.
    pub const SLR: Self = Self(0x800);
    /// The upper limit of the stack.
    pub const SHR: Self = Self(0x802);
}

impl Display for Special {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x0 => "rpc",
            0x1 => "rmsr",
            0x3 => "rear",
            0x5 => "resr",
            0x7 => "rfsr",
            0xB => "rbtr",
            0xD => "redr",
            0x800 => "rslr",
            0x802 => "rshr",
            0x1000 => "rpid",
            0x1001 => "rzpr",
            0x1002 => "rtlbx",
            0x1003 => "rtlblo",
            0x1004 => "rtlbhi",
            0x1005 => "rtlbsx",
            0x2000..=0x200C => return write!(f, "rpvr{}", self.0 - 0x2000),
            // The tools have no name for it; this one is unmistakable.
            other => return write!(f, "r0x{other:04x}"),
        })
    }
}
