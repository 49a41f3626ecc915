//! Addresses on an I2C bus.

use super::AxiIicError;

/// The address of a target, without the bit of the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IicAddress {
    /// One of 7 bits.
    Seven(u8),
    /// One of 10 bits.
    Ten(u16),
}

impl From<u8> for IicAddress {
    fn from(address: u8) -> Self {
        Self::Seven(address)
    }
}

impl From<u16> for IicAddress {
    fn from(address: u16) -> Self {
        Self::Ten(address)
    }
}

impl IicAddress {
    pub(super) const fn validate(self) -> Result<(), AxiIicError> {
        let (address, highest) = match self {
            Self::Seven(address) => (address as u16, 0x7F),
            Self::Ten(address) => (address, 0x3FF),
        };
        if address > highest { Err(AxiIicError::NoSuchAddress { address, highest }) } else { Ok(()) }
    }

    /// The byte after a START.
    pub(super) const fn first_byte(self, read: bool) -> u8 {
        match self {
            Self::Seven(address) => address << 1 | read as u8,
            Self::Ten(address) => 0xF0 | (address >> 7) as u8 & 6 | read as u8,
        }
    }

    /// The byte after that, in a write to an address of 10 bits.
    pub(super) const fn second_byte(self) -> Option<u8> {
        match self {
            Self::Seven(_) => None,
            Self::Ten(address) => Some((address & 0xFF) as u8),
        }
    }
}
