//! Register tables, with the side effects that the file knows of.

use crate::error::Result;
use crate::number;
use crate::raw::{RawProperties, RawRegister};
use crate::warning::{WarningKind, Warnings, clip};
use crate::xml::Text;

/// How a register or field can be accessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Reads and writes.
    ReadWrite,
    /// Reads only.
    ReadOnly,
    /// Writes only. HLS calls its scalar inputs so although they read back.
    WriteOnly,
    /// The first write counts.
    WriteOnce,
    /// Reads, and the first write counts.
    ReadWriteOnce,
    /// The file does not say, or says something else.
    Unknown,
}

impl Access {
    fn parse(text: &str) -> Self {
        match text {
            "read-write" => Self::ReadWrite,
            "read-only" => Self::ReadOnly,
            "write-only" => Self::WriteOnly,
            "writeOnce" => Self::WriteOnce,
            "read-writeOnce" => Self::ReadWriteOnce,
            _ => Self::Unknown,
        }
    }

    /// The name the file uses: `read-write`, `read-only`, ...
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::WriteOnly => "write-only",
            Self::WriteOnce => "writeOnce",
            Self::ReadWriteOnce => "read-writeOnce",
            Self::Unknown => "unknown",
        }
    }
}

/// What a write does, where it does not simply store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModifiedWrite {
    /// Ones clear.
    OneToClear,
    /// Ones set.
    OneToSet,
    /// Ones toggle.
    OneToToggle,
    /// Zeros clear.
    ZeroToClear,
    /// Zeros set.
    ZeroToSet,
    /// Zeros toggle.
    ZeroToToggle,
    /// Any write clears.
    Clear,
    /// Any write sets.
    Set,
    /// Something else.
    Modify,
}

/// What a read does besides reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadAction {
    /// It clears.
    Clear,
    /// It sets.
    Set,
    /// Something else.
    Modify,
}

/// A field of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its name, which can contain blanks.
    pub name: String,
    /// Its lowest bit.
    pub bit_offset: u32,
    /// Its width.
    pub bit_width: u32,
    /// How it can be accessed.
    pub access: Access,
    /// What a write does; `None` if it stores, or the file does not say.
    pub modified_write: Option<ModifiedWrite>,
    /// What a read does besides reading; `None` if nothing, or the file does not say.
    pub read_action: Option<ReadAction>,
}

/// A register of an IP block.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Register {
    /// Its name.
    pub name: String,
    /// Its offset from the block's base address.
    pub offset: u64,
    /// How many bits of it exist.
    pub bits: u32,
    /// How it can be accessed.
    pub access: Access,
    /// False if this configuration of the IP does not have it.
    pub enabled: bool,
    /// Its value after reset. A hint only: the files are often wrong here.
    pub reset: Option<u64>,
    /// Its fields.
    pub fields: Vec<Field>,
}

impl Register {
    /// Whether the file says that reading this register changes something.
    #[must_use]
    pub fn read_has_side_effect(&self) -> bool {
        self.fields.iter().any(|field| field.read_action.is_some())
    }

    /// Whether the file says that a written value is not simply stored.
    #[must_use]
    pub fn write_has_side_effect(&self) -> bool {
        self.fields.iter().any(|field| field.modified_write.is_some())
    }
}

/// The registers of one address block of the cell at `path`.
pub(crate) fn table(
    text: Text<'_>,
    path: &str,
    raw: &[RawRegister<'_>],
    warnings: &mut Warnings,
) -> Result<Vec<Register>> {
    let mut registers = Vec::with_capacity(raw.len());
    for register in raw {
        let properties = &register.properties;
        let Some(offset) = number::offset(properties.address_offset) else {
            let message = format!("ADDRESS_OFFSET of {} is `{}`", clip(register.name), clip(properties.address_offset));
            warnings.add(WarningKind::SkippedRegister, path, message);
            continue;
        };
        let mut fields = Vec::with_capacity(register.fields.len());
        for field in &register.fields {
            fields.push(self::field(text.unescape(field.name)?, &field.properties));
        }
        registers.push(Register {
            name: text.unescape(register.name)?,
            offset,
            bits: bits(properties.size).unwrap_or(32),
            access: Access::parse(properties.access),
            // A condition on a parameter is not evaluated; only a plain no counts.
            enabled: number::boolean(properties.is_enabled) != Some(false),
            reset: number::integer(properties.reset_value),
            fields,
        });
    }
    Ok(registers)
}

fn bits(text: &str) -> Option<u32> {
    u32::try_from(number::integer(text)?).ok()
}

fn field(name: String, properties: &RawProperties<'_>) -> Field {
    let modified_write = match properties.modified_write {
        "oneToClear" => Some(ModifiedWrite::OneToClear),
        "oneToSet" => Some(ModifiedWrite::OneToSet),
        "oneToToggle" => Some(ModifiedWrite::OneToToggle),
        "zeroToClear" => Some(ModifiedWrite::ZeroToClear),
        "zeroToSet" => Some(ModifiedWrite::ZeroToSet),
        "zeroToToggle" => Some(ModifiedWrite::ZeroToToggle),
        "clear" => Some(ModifiedWrite::Clear),
        "set" => Some(ModifiedWrite::Set),
        "" => None,
        _ => Some(ModifiedWrite::Modify),
    };
    let read_action = match properties.read_action {
        "clear" => Some(ReadAction::Clear),
        "set" => Some(ReadAction::Set),
        "" => None,
        _ => Some(ReadAction::Modify),
    };
    Field {
        name,
        bit_offset: bits(properties.bit_offset).unwrap_or(0),
        bit_width: bits(properties.bit_width).unwrap_or(1),
        access: Access::parse(properties.access),
        modified_write,
        read_action,
    }
}
