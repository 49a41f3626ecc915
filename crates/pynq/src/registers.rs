//! Registers by name, at run time: what PYNQ's `register_map` is.
//!
//! Names, offsets and fields come from the handoff file; what a read or a write does besides, the files mostly don't say, so that
//! comes from the register maps of the drivers and from data sheets. A read that would take a byte from a FIFO, or clear
//! a status, is refused: a look must not change what is looked at.

mod known;

use std::{fmt, sync::Arc};

use pynq_hwh::IpBlock;

pub use known::{Field, Known, known, names};

use crate::{Error, MmioWindow, Result};

/// The registers of a block, by name: [`Overlay::registers`](crate::Overlay::registers). Clones are the same block's.
///
/// It goes past the block's driver, if there is one, and can upset it.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let buttons = overlay.registers("btns_gpio")?;
/// # overlay.simulation().unwrap().press("btns_gpio", 2)?;
/// let data = buttons.read("GPIO_DATA")?;
/// assert_eq!((data.name.as_str(), data.value), ("GPIO_DATA", 4)); // and the fields that the handoff file has
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct Registers {
    block: Arc<IpBlock>,
    window: MmioWindow,
}

/// Why a register is not accessed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedAccess {
    /// A read changes something.
    ReadChanges {
        /// What it does.
        why: String,
    },
    /// There is nothing to be read.
    WriteOnly,
    /// A write does nothing, or is an error.
    ReadOnly,
    /// Bits that are written back as they were read would do something.
    NoModify {
        /// What written ones do.
        why: &'static str,
    },
    /// The value does not fit into the field.
    TooLarge {
        /// The field.
        field: String,
        /// The largest value that does.
        most: u32,
    },
}

impl fmt::Display for RefusedAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadChanges { why } => {
                write!(f, "it is not read, for {why}; `read_anyway` does it")
            }
            Self::WriteOnly => f.write_str("it is write-only, there is nothing to be read"),
            Self::ReadOnly => f.write_str("it is read-only, a write does nothing"),
            Self::NoModify { why } => {
                write!(f, "a field can't be changed by itself, since {why}; write the whole register")
            }
            Self::TooLarge { field, most } => {
                write!(f, "the value does not fit into `{field}`, whose largest is {most:#x}")
            }
        }
    }
}

/// What a register read as.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let value = overlay.registers("btns_gpio")?.read("GPIO_DATA")?;
/// println!("{value}"); // its name, its value, and its fields
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegisterValue {
    /// The register.
    pub name: String,
    /// Its byte offset.
    pub offset: u64,
    /// Its bits.
    pub value: u32,
    /// Its fields, from the lowest bit on; none where it is one number.
    pub fields: Vec<Field>,
}

impl RegisterValue {
    /// The value of a field; `None` if it has no field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<u32> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.of(self.value))
    }
}

/// `NAME = 0x00000003 (FIELD=0x1 OTHER=0x1)`.
impl fmt::Display for RegisterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:#010x}", self.name, self.value)?;
        for (index, field) in self.fields.iter().enumerate() {
            let before = if index == 0 { " (" } else { " " };
            write!(f, "{before}{}={:#x}", field.name, field.of(self.value))?;
        }
        if self.fields.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

impl Registers {
    pub(crate) fn new(block: IpBlock, window: MmioWindow) -> Self {
        Self { block: Arc::new(block), window }
    }

    /// The block.
    #[must_use]
    pub fn path(&self) -> &str {
        self.window.path()
    }

    /// The names of the registers, in the order of their offsets.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names(&self.block).into_iter().map(|(name, _)| name).collect()
    }

    /// Reads a register, whose read must have no side effect.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchRegister`] with the names there are; [`Error::RegisterAccess`] if the read does more than read;
    /// [`Error::Invalidated`] once the design was replaced.
    pub fn read(&self, name: &str) -> Result<RegisterValue> {
        let offset = self.offset(name)?;
        let known = known(&self.block, offset);
        if let Some(why) = known.read_changes() {
            return Err(self.refused(name, RefusedAccess::ReadChanges { why }));
        }
        if known.is_write_only() {
            return Err(self.refused(name, RefusedAccess::WriteOnly));
        }
        self.read_at(name, offset)
    }

    /// Reads a register, with all that its read does: takes a byte from a FIFO, clears a status.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), but for side effects.
    pub fn read_anyway(&self, name: &str) -> Result<RegisterValue> {
        self.read_at(name, self.offset(name)?)
    }

    /// Reads all registers whose read changes nothing, in the order of their offsets.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidated`] once the design was replaced.
    pub fn read_all(&self) -> Result<Vec<RegisterValue>> {
        let names = names(&self.block).into_iter().filter(|(_, offset)| {
            let known = known(&self.block, *offset);
            known.read_changes().is_none() && !known.is_write_only()
        });
        names.map(|(name, offset)| self.read_at(&name, offset)).collect()
    }

    /// Writes a register.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchRegister`] with the names there are; [`Error::RegisterAccess`] if it is read-only;
    /// [`Error::Invalidated`] once the design was replaced.
    pub fn write(&self, name: &str, value: u32) -> Result<()> {
        let offset = self.offset(name)?;
        if known(&self.block, offset).is_read_only() {
            return Err(self.refused(name, RefusedAccess::ReadOnly));
        }
        self.window.write(usize::try_from(offset).unwrap_or(usize::MAX), value)
    }

    /// Reads a register and writes it with one field changed. What else changes the register in between is lost.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchRegister`] for a register or field that does not exist; [`Error::RegisterAccess`] where a register can't be
    /// read without a side effect or does more with written bits than store them, or if the value does not fit;
    /// [`Error::Invalidated`] once the design was replaced.
    pub fn write_field(&self, register: &str, field: &str, value: u32) -> Result<()> {
        let offset = self.offset(register)?;
        let known = known(&self.block, offset);
        let fields = known.fields();
        let Some(found) = fields.iter().find(|found| found.name == field) else {
            let has = fields.iter().map(|field| field.name.clone().into_owned()).collect();
            return Err(Error::NoSuchRegister { path: self.path().into(), name: format!("{register}.{field}"), has });
        };
        if let Some(why) = known.write_does() {
            return Err(self.refused(register, RefusedAccess::NoModify { why }));
        }
        let before = self.read(register)?;
        let new = found.put(before.value, value).ok_or_else(|| {
            let most = found.of(u32::MAX);
            self.refused(register, RefusedAccess::TooLarge { field: field.to_owned(), most })
        })?;
        self.write(register, new)
    }

    fn refused(&self, register: &str, refused: RefusedAccess) -> Error {
        Error::RegisterAccess { path: self.path().into(), register: register.to_owned(), refused }
    }

    fn offset(&self, name: &str) -> Result<u64> {
        let names = names(&self.block);
        if let Some((_, offset)) = names.iter().find(|(known, _)| known == name) {
            return Ok(*offset);
        }
        let has = names.into_iter().map(|(name, _)| name).collect();
        Err(Error::NoSuchRegister { path: self.path().into(), name: name.to_owned(), has })
    }

    fn read_at(&self, name: &str, offset: u64) -> Result<RegisterValue> {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        // Four bytes are read.
        let value = u32::try_from(self.window.read(at, 4)?).unwrap_or(u32::MAX);
        Ok(RegisterValue { name: name.to_owned(), offset, value, fields: known(&self.block, offset).fields() })
    }
}

impl fmt::Debug for Registers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registers").field("path", &self.path()).field("names", &self.names()).finish()
    }
}
