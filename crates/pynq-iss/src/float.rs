//! The floating-point unit: single precision, rounded to nearest. Denormal operands are refused with a NaN, denormal results
//! become zero, and every NaN that it makes is the same one.

use crate::{
    instruction::{Float, FloatCondition, FloatUnary},
    status::Fsr,
};

/// The NaN that every operation returns.
const NAN: u32 = 0xFFC0_0000;

const SIGN: u32 = 1 << 31;

const fn is_denormal(bits: u32) -> bool {
    bits & 0x7F80_0000 == 0 && bits & 0x007F_FFFF != 0
}

const fn is_nan(bits: u32) -> bool {
    bits & !SIGN > 0x7F80_0000
}

const fn is_signaling(bits: u32) -> bool {
    is_nan(bits) && bits & 0x0040_0000 == 0
}

const fn is_infinite(bits: u32) -> bool {
    bits & !SIGN == 0x7F80_0000
}

/// What the operands alone decide.
fn refused(operands: &[u32]) -> Option<(u32, Fsr)> {
    let any = |test: fn(u32) -> bool| operands.iter().any(|bits| test(*bits));
    if any(is_denormal) {
        Some((NAN, Fsr::DO))
    } else if any(is_signaling) {
        Some((NAN, Fsr::IO))
    } else if any(is_nan) {
        Some((NAN, Fsr::empty()))
    } else {
        None
    }
}

pub(crate) fn arithmetic(op: Float, a: u32, b: u32) -> (u32, Fsr) {
    if let Some(result) = refused(&[a, b]) {
        return result;
    }
    let (x, y) = (f32::from_bits(a), f32::from_bits(b));
    let result = match op {
        Float::Add => x + y,
        Float::ReverseSubtract => y - x,
        Float::Multiply => x * y,
        Float::Divide => y / x,
    };
    let bits = result.to_bits();
    let finite = !is_infinite(a) && !is_infinite(b);
    if is_nan(bits) {
        (NAN, Fsr::IO)
    } else if op == Float::Divide && x == 0.0 && finite {
        (bits, Fsr::DZ)
    } else if is_infinite(bits) && finite {
        (bits, Fsr::OF)
    } else if is_denormal(bits) || result == 0.0 && vanished(op, x, y) {
        (bits & SIGN, Fsr::UF)
    } else {
        (bits, Fsr::empty())
    }
}

/// Whether a result of zero is the rest of something that was too small. Sums that are zero are exact.
fn vanished(op: Float, x: f32, y: f32) -> bool {
    match op {
        Float::Add | Float::ReverseSubtract => false,
        Float::Multiply => x != 0.0 && y != 0.0,
        Float::Divide => y != 0.0 && x.is_finite(),
    }
}

pub(crate) fn compare(condition: FloatCondition, a: u32, b: u32) -> (u32, Fsr) {
    if is_denormal(a) || is_denormal(b) {
        return (0, Fsr::DO);
    }
    let unordered = is_nan(a) || is_nan(b);
    let (x, y) = (f32::from_bits(a), f32::from_bits(b));
    let (holds, ordering) = match condition {
        FloatCondition::Unordered => (unordered, false),
        FloatCondition::Less => (y < x, true),
        FloatCondition::Equal => (y == x, false),
        FloatCondition::LessEqual => (y <= x, true),
        FloatCondition::Greater => (y > x, true),
        FloatCondition::NotEqual => (y != x, false),
        FloatCondition::GreaterEqual => (y >= x, true),
    };
    let invalid = is_signaling(a) || is_signaling(b) || unordered && ordering;
    (u32::from(holds), if invalid { Fsr::IO } else { Fsr::empty() })
}

pub(crate) fn unary(op: FloatUnary, a: u32) -> (u32, Fsr) {
    if op == FloatUnary::FromInteger {
        return ((a as i32 as f32).to_bits(), Fsr::empty());
    }
    if let Some(result) = refused(&[a]) {
        // A number that is none has no integer.
        return if op == FloatUnary::ToInteger && is_nan(a) { (NAN, Fsr::IO) } else { result };
    }
    let x = f32::from_bits(a);
    match op {
        FloatUnary::ToInteger if (-2_147_483_648.0..2_147_483_648.0).contains(&x) => (x as i32 as u32, Fsr::empty()),
        FloatUnary::ToInteger => (NAN, Fsr::IO),
        _ if x == 0.0 || a == f32::INFINITY.to_bits() => (a, Fsr::empty()),
        _ if a & SIGN != 0 => (NAN, Fsr::IO),
        _ => (root(a), Fsr::empty()),
    }
}

/// The square root of a positive number that is neither denormal nor infinite.
fn root(bits: u32) -> u32 {
    // The number is mantissa x 2^exponent.
    let mut mantissa = u64::from(bits & 0x007F_FFFF | 0x0080_0000);
    let mut exponent = (bits >> 23) as i32 - 150;
    if exponent % 2 != 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    // Twenty-six more bits make the root longer than a mantissa, and a last bit says whether it was exact: then the
    // conversion rounds as it should.
    let square = mantissa << 26;
    let root = square.isqrt();
    let rounded = (root << 1 | u64::from(root * root != square)) as f32;
    let scale = (exponent - 26) / 2 - 1;
    (rounded * f32::from_bits(((scale + 127) as u32) << 23)).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(value: f32) -> u32 {
        value.to_bits()
    }

    #[test]
    fn roots_are_rounded_to_the_nearest() {
        let mut value = 0x0080_0000;
        while value < 0x7F80_0000 {
            // Correctly rounded: the square of the neighbours' midpoints lies on either side.
            let root = f64::from(f32::from_bits(root(value)));
            let half = f64::from(f32::from_bits(bits(root as f32) + 1)) - root;
            let wanted = f64::from(f32::from_bits(value));
            let (low, high) = (root - half / 2.0, root + half / 2.0);
            assert!(low * low <= wanted && wanted <= high * high, "{value:#010x}");
            value += 0x1357;
        }
        assert_eq!(unary(FloatUnary::SquareRoot, bits(2.25)), (bits(1.5), Fsr::empty()));
        assert_eq!(unary(FloatUnary::SquareRoot, bits(-1.0)), (NAN, Fsr::IO));
        assert_eq!(unary(FloatUnary::SquareRoot, bits(-0.0)), (bits(-0.0), Fsr::empty()));
    }

    #[test]
    fn flags_tell_what_happened() {
        let tiny = bits(f32::MIN_POSITIVE);
        assert_eq!(arithmetic(Float::Divide, bits(0.0), bits(-1.0)), (bits(f32::NEG_INFINITY), Fsr::DZ));
        assert_eq!(arithmetic(Float::Divide, bits(0.0), bits(0.0)), (NAN, Fsr::IO));
        assert_eq!(arithmetic(Float::Multiply, bits(f32::MAX), bits(2.0)), (bits(f32::INFINITY), Fsr::OF));
        assert_eq!(arithmetic(Float::Multiply, tiny, bits(-0.5)), (bits(-0.0), Fsr::UF));
        assert_eq!(arithmetic(Float::Multiply, tiny, tiny), (0, Fsr::UF));
        assert_eq!(arithmetic(Float::Add, 1, bits(1.0)), (NAN, Fsr::DO));
        assert_eq!(arithmetic(Float::ReverseSubtract, bits(1.0), bits(3.0)), (bits(2.0), Fsr::empty()));
        assert_eq!(arithmetic(Float::Add, 0x7F80_0001, bits(1.0)), (NAN, Fsr::IO));
        assert_eq!(arithmetic(Float::Add, 0x7FC0_0000, bits(1.0)), (NAN, Fsr::empty()));
    }

    #[test]
    fn comparisons_are_of_b_with_a() {
        let (one, two) = (bits(1.0), bits(2.0));
        assert_eq!(compare(FloatCondition::Less, two, one), (1, Fsr::empty()));
        assert_eq!(compare(FloatCondition::Greater, two, one), (0, Fsr::empty()));
        assert_eq!(compare(FloatCondition::Unordered, NAN, one), (1, Fsr::empty()));
        assert_eq!(compare(FloatCondition::NotEqual, NAN, one), (1, Fsr::empty()));
        assert_eq!(compare(FloatCondition::LessEqual, NAN, one), (0, Fsr::IO));
        assert_eq!(compare(FloatCondition::Equal, 0, bits(-0.0)), (1, Fsr::empty()));
    }

    #[test]
    fn conversions_truncate() {
        assert_eq!(unary(FloatUnary::ToInteger, bits(-1.9)), ((-1_i32) as u32, Fsr::empty()));
        assert_eq!(unary(FloatUnary::ToInteger, bits(2_147_483_648.0)), (NAN, Fsr::IO));
        assert_eq!(unary(FloatUnary::ToInteger, bits(-2_147_483_648.0)), (1 << 31, Fsr::empty()));
        assert_eq!(unary(FloatUnary::FromInteger, u32::MAX), (bits(-1.0), Fsr::empty()));
    }
}
