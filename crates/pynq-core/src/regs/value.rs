//! What a register holds.

use super::FieldInfo;

/// A type that a register's 32 bits are read as and written from.
///
/// Implemented for integers, which stand for the register's low bits, and by [`register_bits!`](crate::register_bits)
/// for sets of flags and fields. A conversion must lose nothing that the hardware may have put there: `modify` writes
/// back what it read.
pub trait RegisterValue: Copy {
    /// The fields, for tools; empty where the value is one number.
    const FIELDS: &'static [FieldInfo];

    /// The value of a register that reads as `bits`.
    fn from_register(bits: u32) -> Self;

    /// The bits to write for this value.
    fn to_register(self) -> u32;
}

impl RegisterValue for u32 {
    const FIELDS: &'static [FieldInfo] = &[];

    #[inline(always)]
    fn from_register(bits: u32) -> Self {
        bits
    }

    #[inline(always)]
    fn to_register(self) -> u32 {
        self
    }
}

/// Integers narrower than the bus, for registers whose upper bits mean nothing (a UART's FIFO).
macro_rules! narrow {
    ($($integer:ty),*) => {
        $(impl RegisterValue for $integer {
            const FIELDS: &'static [FieldInfo] = &[];

            #[inline(always)]
            #[allow(clippy::cast_possible_truncation)] // the upper bits mean nothing
            fn from_register(bits: u32) -> Self {
                bits as $integer
            }

            #[inline(always)]
            fn to_register(self) -> u32 {
                u32::from(self)
            }
        })*
    };
}

narrow!(u8, u16);
