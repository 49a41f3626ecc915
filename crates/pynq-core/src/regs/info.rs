//! Register maps as data, for tools: tables, decoded values and live dumps.

use core::fmt;

use super::{AccessKind, RegisterBlock, RegisterValue};
use crate::{Mmio, mmio::read_word};

/// What a read does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadAccess {
    /// Nothing of use: the register is write-only.
    None,
    /// Returns the value and changes nothing.
    Pure,
    /// Changes the register, or takes from a FIFO. Tools keep off.
    Destructive,
}

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteAccess {
    /// Nothing: the register is read-only.
    None,
    /// Stores the value, or hands it to hardware.
    Store,
    /// Clears the bits that are one (the handoff file's `oneToClear`).
    OneToClear,
    /// Sets the bits that are one (`oneToSet`).
    OneToSet,
    /// Inverts the bits that are one (`oneToToggle`).
    OneToToggle,
    /// Stores the value, but clears those of the bits `one_to_clear` that are one.
    Mixed {
        /// The bits that are cleared by a one.
        one_to_clear: u32,
    },
}

/// What reads and writes of a register do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// What a read does.
    pub read: ReadAccess,
    /// What a write does.
    pub write: WriteAccess,
}

impl Access {
    /// The access of a register whose reads and writes do this.
    #[must_use]
    pub const fn new(read: ReadAccess, write: WriteAccess) -> Self {
        Self { read, write }
    }

    /// Whether a tool may read the register without changing anything.
    #[must_use]
    pub const fn is_pure_read(self) -> bool {
        matches!(self.read, ReadAccess::Pure)
    }

    /// Bits that a written one clears.
    #[must_use]
    pub const fn one_to_clear(self) -> u32 {
        match self.write {
            WriteAccess::OneToClear => u32::MAX,
            WriteAccess::Mixed { one_to_clear } => one_to_clear,
            _ => 0,
        }
    }
}

/// The data sheets' abbreviations: `RO`, `RW`, `WO`, `W1C`, `W1S`, `TOW`, `COR`, and their combinations.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match (self.read, self.write) {
            (ReadAccess::None, WriteAccess::None) => "-",
            (ReadAccess::None, WriteAccess::OneToClear) => "WO/W1C",
            (ReadAccess::None, WriteAccess::OneToSet) => "WO/W1S",
            (ReadAccess::None, WriteAccess::OneToToggle) => "WO/TOW",
            (ReadAccess::None, _) => "WO",
            (ReadAccess::Pure, WriteAccess::None) => "RO",
            (ReadAccess::Pure, WriteAccess::Store) => "RW",
            (ReadAccess::Pure, WriteAccess::OneToClear) => "W1C",
            (ReadAccess::Pure, WriteAccess::OneToSet) => "W1S",
            (ReadAccess::Pure, WriteAccess::OneToToggle) => "TOW",
            (ReadAccess::Pure, WriteAccess::Mixed { .. }) => "RW/W1C",
            (ReadAccess::Destructive, WriteAccess::None) => "COR",
            (ReadAccess::Destructive, WriteAccess::OneToClear) => "COR/W1C",
            (ReadAccess::Destructive, WriteAccess::OneToSet) => "COR/W1S",
            (ReadAccess::Destructive, WriteAccess::OneToToggle) => "COR/TOW",
            (ReadAccess::Destructive, _) => "RW/COR",
        })
    }
}

/// A flag, or a field of several bits, in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FieldInfo {
    /// Name, as in [`register_bits!`](crate::register_bits).
    pub name: &'static str,
    /// The field's bits, in place.
    pub mask: u32,
}

impl FieldInfo {
    /// The field that covers the bits of `mask`.
    #[must_use]
    pub const fn new(name: &'static str, mask: u32) -> Self {
        Self { name, mask }
    }

    /// Number of the field's lowest bit.
    #[must_use]
    pub const fn bit_offset(&self) -> u32 {
        if self.mask == 0 { 0 } else { self.mask.trailing_zeros() }
    }

    /// Bits from the field's lowest to its highest.
    #[must_use]
    pub const fn bit_width(&self) -> u32 {
        if self.mask == 0 { 0 } else { 32 - self.mask.leading_zeros() - self.mask.trailing_zeros() }
    }

    /// The field's value in a register that reads as `bits`.
    #[must_use]
    pub const fn extract(&self, bits: u32) -> u32 {
        (bits & self.mask) >> self.bit_offset()
    }
}

/// One register of a map, or an array of like registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RegisterInfo {
    /// Name of the accessor, which is the data sheet's in lower case.
    pub name: &'static str,
    /// Byte offset of the register, or of the array's first.
    pub offset: usize,
    /// What reads and writes do.
    pub access: Access,
    /// Flags and fields; empty where the register is one number.
    pub fields: &'static [FieldInfo],
    /// How many such registers there are: 1, or an array's length.
    pub count: usize,
    /// Bytes from one register of an array to the next.
    pub stride: usize,
}

impl RegisterInfo {
    /// A register of kind `K`.
    #[must_use]
    pub const fn of<K: AccessKind>(name: &'static str, offset: usize) -> Self {
        Self::array::<K>(name, offset, 1, 4)
    }

    /// An array of `count` registers of kind `K`, `stride` bytes apart.
    #[must_use]
    pub const fn array<K: AccessKind>(name: &'static str, offset: usize, count: usize, stride: usize) -> Self {
        Self { name, offset, access: K::ACCESS, fields: <K::Value as RegisterValue>::FIELDS, count, stride }
    }

    /// `bits` as a value of this register, to be displayed.
    #[must_use]
    pub const fn decode(&self, bits: u32) -> Decoded {
        Decoded { bits, fields: self.fields }
    }

    /// Byte offsets of the register, or of each register of the array.
    pub fn offsets(&self) -> impl Iterator<Item = usize> + use<> {
        let (offset, stride) = (self.offset, self.stride);
        (0..self.count).map(move |index| offset + index * stride)
    }

    /// Whether one of the registers stands at byte `offset`.
    #[must_use]
    pub const fn contains(&self, offset: usize) -> bool {
        offset >= self.offset
            && (offset - self.offset) % self.stride == 0
            && (offset - self.offset) / self.stride < self.count
    }
}

/// A register's bits with names: `0x00000003 (ME | HIE)`. Fields that are zero are left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    bits: u32,
    fields: &'static [FieldInfo],
}

impl fmt::Display for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.bits)?;
        let mut separator = " (";
        for field in self.fields.iter().filter(|field| field.extract(self.bits) != 0) {
            write!(f, "{separator}{}", field.name)?;
            if field.bit_width() > 1 {
                write!(f, "={}", field.extract(self.bits))?;
            }
            separator = " | ";
        }
        if separator == " | " { f.write_str(")") } else { Ok(()) }
    }
}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A register map as data, implemented by [`register_map!`](crate::register_map) for each map over any window.
pub trait RegisterMap {
    /// The map's name.
    const NAME: &'static str;
    /// Bytes a window must have, at least.
    const SIZE: usize;
    /// The registers, in the order of the map.
    const REGISTERS: &'static [RegisterInfo];
}

/// Asserts, at compile time, that registers are aligned, inside the map and apart.
#[doc(hidden)]
pub const fn check(size: usize, registers: &[RegisterInfo]) {
    assert!(size % 4 == 0, "the map's size is not a multiple of 4");
    let mut index = 0;
    while index < registers.len() {
        let register = &registers[index];
        assert!(register.offset % 4 == 0, "a register's offset is not a multiple of 4");
        assert!(register.count > 0, "an array of registers is empty");
        assert!(register.stride >= 4 && register.stride % 4 == 0, "an array's step is not a multiple of 4");
        let mut element = 0;
        while element < register.count {
            let offset = register.offset + element * register.stride;
            assert!(offset + 4 <= size, "a register lies beyond the map's size");
            let mut other = 0;
            while other < index {
                assert!(!registers[other].contains(offset), "two registers have the same offset");
                other += 1;
            }
            element += 1;
        }
        index += 1;
    }
}

/// Writes the registers whose read changes nothing, with their values now.
#[doc(hidden)]
pub fn dump<M: Mmio, const SIZE: usize>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    block: &RegisterBlock<M, SIZE>,
    registers: &'static [RegisterInfo],
) -> fmt::Result {
    let mut dump = f.debug_struct(name);
    let mut complete = true;
    for register in registers {
        if !register.access.is_pure_read() {
            complete = false;
        } else if register.count > 1 {
            dump.field(register.name, &Elements { window: block.window(), register });
        } else if let Some(bits) = read_word(block.window(), register.offset) {
            dump.field(register.name, &register.decode(bits));
        }
    }
    if complete { dump.finish() } else { dump.finish_non_exhaustive() }
}

/// An array of registers in a dump.
struct Elements<'a, M> {
    window: &'a M,
    register: &'static RegisterInfo,
}

impl<M: Mmio> fmt::Debug for Elements<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.register.offsets().filter_map(|offset| read_word(self.window, offset));
        f.debug_list().entries(values.map(|bits| self.register.decode(bits))).finish()
    }
}
