//! What `peek` and `poke` are given: an address, or a place in a block of the design.

use pynq_hwh::{Design, IpBlock};

/// A place among the registers.
pub(super) struct Target<'d> {
    /// The physical address.
    pub(super) address: u64,
    /// The block that is there, if a design was given and has one.
    pub(super) block: Option<(&'d str, &'d IpBlock)>,
}

impl<'d> Target<'d> {
    /// Reads `ADDR`, `ADDR+OFFSET`, `BLOCK`, `BLOCK.REGISTER` or `BLOCK+OFFSET`.
    pub(super) fn parse(text: &str, design: Option<&'d Design>) -> Result<Self, String> {
        let (name, offset) = match text.rsplit_once('+') {
            Some((name, offset)) => {
                (name, number(offset).ok_or_else(|| format!("`{offset}` is no offset; give it as in 0x11c"))?)
            }
            None => (text, 0),
        };
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            let address = number(name).and_then(|address| address.checked_add(offset));
            let address = address.ok_or_else(|| format!("`{text}` is no address; give it as in 0x41200000"))?;
            return Self::at(address, design);
        }
        let Some(design) = design else {
            return Err(format!("`{text}` is a name, which needs the design; give its file by --hwh"));
        };
        let (name, block, register) = find(design, name)?;
        if offset >= block.size {
            return Err(format!("offset {offset:#x} is beyond {name}, which has {:#x} bytes", block.size));
        }
        Self::at(block.base.saturating_add(register).saturating_add(offset), Some(design))
    }

    fn at(address: u64, design: Option<&'d Design>) -> Result<Self, String> {
        if !address.is_multiple_of(4) {
            return Err(format!("{address:#x} is no multiple of 4; registers are words, give {:#x}", address & !3));
        }
        let inside = |block: &IpBlock| address >= block.base && address - block.base < block.size;
        let block = design.and_then(|design| design.ip.iter().find(|(_, block)| inside(block)));
        Ok(Self { address, block: block.map(|(name, block)| (name.as_str(), block)) })
    }
}

/// The block of this name, or the block and the offset of a register for `BLOCK.REGISTER`.
fn find<'d>(design: &'d Design, text: &str) -> Result<(&'d str, &'d IpBlock, u64), String> {
    if let Some((name, block)) = design.ip.get_key_value(text) {
        return Ok((name, block, 0));
    }
    // Names of blocks have no dots in Vivado, names of registers might.
    let parts = text.match_indices('.').filter_map(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)));
    let known = parts.filter_map(|(name, register)| Some((design.ip.get_key_value(name)?, register))).next();
    let Some(((name, block), register)) = known else {
        let requested = text.split('.').next().unwrap_or(text);
        return Err(design
            .ip_block(requested)
            .map_or_else(|error| error.to_string(), |_| format!("no block `{text}`")));
    };
    let registers = pynq::registers::names(block);
    match registers.iter().find(|(name, _)| name.eq_ignore_ascii_case(register)) {
        Some(&(_, offset)) => Ok((name, block, offset)),
        None if registers.is_empty() => {
            Err(format!("the file has no registers of {name}; give the offset, as in {name}+0x4"))
        }
        None => {
            let names = registers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
            Err(format!("{name} has no register `{register}`; it has {}", names.join(", ")))
        }
    }
}

/// A number as people write it: 0x for hexadecimal, 0b for binary, underscores.
pub(super) fn number(text: &str) -> Option<u64> {
    let text = text.replace('_', "").to_ascii_lowercase();
    let (digits, radix) = match text.get(..2) {
        Some("0x") => (text.get(2..)?, 16),
        Some("0b") => (text.get(2..)?, 2),
        _ => (text.as_str(), 10),
    };
    // A sign is none of the digits that the standard library would take.
    digits.chars().all(|digit| digit.is_ascii_alphanumeric()).then(|| u64::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = ["0x4120_0000", "16", "0b101", "0xFFFFFFFFF"].map(number);
        assert_eq!(read, [Some(0x4120_0000), Some(16), Some(5), Some(0xF_FFFF_FFFF)]);
        assert_eq!(["", "0x", "-1", "+1", "0xg", "12z", "0b2"].map(number), [None; 7]);
    }
}
