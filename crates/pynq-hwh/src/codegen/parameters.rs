//! Parameters as constants: what an IP block was built with, read from the handoff file once and for all.

use std::collections::BTreeMap;

use super::tree::hex;
use crate::error::{Error, Result};
use crate::memory_map::IpBlock;

/// The parameters of a block that are numbers or truth values, by name. The same value may stand there several times in
/// other spellings; the one the hardware was built with is taken.
pub(super) fn numeric(block: &IpBlock) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for (name, _) in block.parameters.iter() {
        // Where a block lies, the memory map tells and the parameters sometimes don't.
        let name = name.to_ascii_uppercase();
        let built = name.starts_with("C_") && !name.ends_with("BASEADDR") && !name.ends_with("HIGHADDR");
        let value = || {
            let truth = || block.parameters.boolean(&name).map(u64::from);
            block.parameters.integer(&name).or_else(|_| truth()).ok()
        };
        if let (true, Some(value)) = (built, value()) {
            found.insert(name, value);
        }
    }
    found
}

/// Reads the parameters of the block at `path` that a driver is configured by. One that is missing has the default of
/// the data sheet; one that makes no sense is an error, not a default.
pub(super) struct Built<'a> {
    pub(super) path: &'a str,
    pub(super) block: &'a IpBlock,
}

impl Built<'_> {
    fn read<T>(&self, name: &str, default: T, read: impl Fn(&str) -> Result<T>) -> Result<T> {
        if self.block.parameters.get(name).is_none() {
            return Ok(default);
        }
        read(name)
    }

    /// A number up to `max`.
    pub(super) fn number(&self, name: &str, default: u32, max: u32, expected: &'static str) -> Result<u32> {
        let value = self.read(name, u64::from(default), |name| self.block.parameters.integer(name))?;
        u32::try_from(value).ok().filter(|value| *value <= max).ok_or_else(|| self.unfit(name, value, expected))
    }

    /// A register's contents.
    pub(super) fn word(&self, name: &str, default: u32) -> Result<String> {
        Ok(hex(self.number(name, default, u32::MAX, "a number of 32 bits")?.into()))
    }

    /// The number of pins of a channel.
    pub(super) fn width(&self, name: &str) -> Result<u32> {
        let expected = "1 to 32";
        match self.number(name, 32, 32, expected)? {
            0 => Err(self.unfit(name, 0, expected)),
            width => Ok(width),
        }
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool> {
        self.read(name, default, |name| self.block.parameters.boolean(name))
    }

    pub(super) fn unfit(&self, name: &str, found: u64, expected: &'static str) -> Error {
        Error::Unfit { path: self.path.to_owned(), what: name.to_owned(), found: found.to_string(), expected }
    }
}
