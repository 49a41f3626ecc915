//! Values of arguments: the types of C++ that a register can hold.

mod sealed {
    pub trait Sealed {}
}

/// A type that an argument can have: an integer of 8 to 64 bits, a float, `bool`.
///
/// A narrower argument, an `ap_int<12>` for one, is any of them that has as many bits.
pub trait Scalar: Copy + Send + sealed::Sealed + 'static {
    /// How it is stored.
    const KIND: Kind;

    /// The value, as it is passed.
    fn into_value(self) -> Value;

    /// The value of a register of at least as many bits, extended as [`KIND`](Self::KIND) says.
    fn from_bits(bits: u64) -> Self;
}

/// How a [`Scalar`] is stored in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An unsigned integer of so many bits.
    Unsigned(u16),
    /// A two's complement of so many bits.
    Signed(u16),
    /// A float of so many bits.
    Float(u16),
}

impl Kind {
    /// How many bits it has.
    #[must_use]
    pub const fn bits(self) -> u16 {
        match self {
            Self::Unsigned(bits) | Self::Signed(bits) | Self::Float(bits) => bits,
        }
    }

    /// Whether this is the narrowest that an argument of `bits` can be passed as, or narrower.
    #[must_use]
    pub const fn is_at_most(self, bits: u16) -> bool {
        match self {
            Self::Float(own) => own == bits,
            Self::Unsigned(own) | Self::Signed(own) => own <= bits || own > 8 && own / 2 < bits || own == 8,
        }
    }

    /// Whether the value of an argument of `bits` can be had as this.
    #[must_use]
    pub const fn holds(self, bits: u16) -> bool {
        match self {
            // A float of another width would be another number.
            Self::Float(own) => own == bits,
            Self::Unsigned(own) | Self::Signed(own) => own >= bits,
        }
    }

    /// The bits of an argument of `bits` in 64 of them. Registers do not extend a sign.
    pub(super) const fn extend(self, value: u64, bits: u16) -> u64 {
        match self {
            Self::Signed(_) if bits > 0 && bits < 64 => {
                let unused = 64 - bits as u32;
                ((value << unused) as i64 >> unused) as u64
            }
            _ => value,
        }
    }
}

/// The value of an argument, with its type left behind: made by `into()` of any [`Scalar`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value(pub(super) Repr);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Repr {
    Unsigned(u64),
    Signed(i64),
    Float { bits: u64, width: u16 },
}

impl Value {
    /// What goes into a register of `bits`; `None` if it does not fit.
    pub(super) const fn fit(self, bits: u16) -> Option<u64> {
        let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
        match self.0 {
            Repr::Unsigned(value) if value <= mask => Some(value),
            Repr::Signed(value) if value >= 0 && value as u64 <= mask => Some(value as u64),
            Repr::Signed(value) if value < 0 && (bits >= 64 || value >> (bits.saturating_sub(1)) == -1) => {
                Some(value as u64 & mask)
            }
            Repr::Float { bits: value, width } if width == bits => Some(value),
            _ => None,
        }
    }
}

macro_rules! scalars {
    ($($type:ty: $kind:ident($bits:literal), |$value:ident| $repr:expr, |$raw:ident| $from:expr;)*) => {$(
        impl sealed::Sealed for $type {}

        impl Scalar for $type {
            const KIND: Kind = Kind::$kind($bits);

            fn into_value(self) -> Value {
                let $value = self;
                Value($repr)
            }

            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // the bits above are copies or zero
            fn from_bits($raw: u64) -> Self {
                $from
            }
        }

        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                value.into_value()
            }
        }
    )*};
}

scalars! {
    bool: Unsigned(1), |value| Repr::Unsigned(value as u64), |raw| raw & 1 != 0;
    u8: Unsigned(8), |value| Repr::Unsigned(value as u64), |raw| raw as Self;
    u16: Unsigned(16), |value| Repr::Unsigned(value as u64), |raw| raw as Self;
    u32: Unsigned(32), |value| Repr::Unsigned(value as u64), |raw| raw as Self;
    u64: Unsigned(64), |value| Repr::Unsigned(value), |raw| raw;
    i8: Signed(8), |value| Repr::Signed(value as i64), |raw| raw as Self;
    i16: Signed(16), |value| Repr::Signed(value as i64), |raw| raw as Self;
    i32: Signed(32), |value| Repr::Signed(value as i64), |raw| raw as Self;
    i64: Signed(64), |value| Repr::Signed(value), |raw| raw as Self;
    f32: Float(32), |value| Repr::Float { bits: value.to_bits() as u64, width: 32 }, |raw| Self::from_bits(raw as u32);
    f64: Float(64), |value| Repr::Float { bits: value.to_bits(), width: 64 }, |raw| Self::from_bits(raw);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_what_can_hold_its_number() {
        for (value, bits, fits) in [
            (Value::from(255_u8), 8, Some(255)),
            (Value::from(256_u16), 8, None),
            (Value::from(3), 2, Some(3)),
            (Value::from(4), 2, None),
            (Value::from(-1), 12, Some(0xFFF)),
            (Value::from(-2048), 12, Some(0x800)),
            (Value::from(-2049), 12, None),
            (Value::from(-1), 1, Some(1)),
            (Value::from(-2), 1, None),
            (Value::from(-1_i64), 64, Some(u64::MAX)),
            (Value::from(i64::MIN), 64, Some(1 << 63)),
            (Value::from(u64::MAX), 64, Some(u64::MAX)),
            (Value::from(true), 1, Some(1)),
            (Value::from(1.0_f32), 32, Some(0x3F80_0000)),
            (Value::from(1.0_f32), 64, None),
            (Value::from(1.0_f64), 32, None),
        ] {
            assert_eq!(value.fit(bits), fits, "{value:?} in {bits} bits");
        }
    }

    #[test]
    fn signs_are_extended_for_who_asks_for_a_signed_type() {
        assert_eq!(i32::from_bits(i32::KIND.extend(0xFFF, 12)), -1);
        assert_eq!(u32::from_bits(u32::KIND.extend(0xFFF, 12)), 0xFFF);
        assert_eq!(i64::from_bits(i64::KIND.extend(u64::MAX, 64)), -1);
        assert_eq!(i8::from_bits(i8::KIND.extend(0x80, 8)), -128);
        assert!(
            u16::KIND.is_at_most(12)
                && !u32::KIND.is_at_most(12)
                && i8::KIND.is_at_most(12)
                && bool::KIND.is_at_most(1)
        );
        assert!(u8::KIND.is_at_most(5) && f32::KIND.is_at_most(32) && !f64::KIND.is_at_most(32));
        assert!(i8::KIND.holds(8) && !i8::KIND.holds(9) && f32::KIND.holds(32) && !f64::KIND.holds(32));
    }
}
