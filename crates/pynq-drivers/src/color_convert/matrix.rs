//! Colour matrices, as the core has them: factors of 1/256 with ten bits.

use core::fmt;

/// A matrix, and a bias for each channel, in units of 1/256: -512 to 511, which is -2 to 1.996.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ColorMatrix {
    /// Row `i` has the factors with which the three channels come in go into channel `i`.
    rows: [[i16; 3]; 3],
    /// What is added, in units of the full scale.
    bias: [i16; 3],
}

/// A factor that ten bits have no room for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutOfRange {
    /// The factor.
    pub factor: f32,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a factor of {}; it can be -2 to 1.996, in steps of 1/256", self.factor)
    }
}

impl core::error::Error for OutOfRange {}

/// To the nearest step, which keeps white white where factors add up to one.
const fn fixed(factor: f32) -> i16 {
    (factor * 256.0 + if factor < 0.0 { -0.5 } else { 0.5 }) as i16
}

const fn preset(rows: [[f32; 3]; 3], bias: [f32; 3]) -> ColorMatrix {
    let [[a, b, c], [d, e, f], [g, h, i]] = rows;
    let rows = [[fixed(a), fixed(b), fixed(c)], [fixed(d), fixed(e), fixed(f)], [fixed(g), fixed(h), fixed(i)]];
    ColorMatrix { rows, bias: [fixed(bias[0]), fixed(bias[1]), fixed(bias[2])] }
}

impl ColorMatrix {
    /// Each channel as it is.
    pub const IDENTITY: Self = preset([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0.0; 3]);
    /// The first and the last channel change places: BGR to RGB, and back.
    pub const SWAP: Self = preset([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], [0.0; 3]);
    /// Blue, green, red to luma and the colour differences Cb and Cr by ITU-R BT.601, over the full range.
    pub const BGR_TO_YCBCR_601: Self =
        preset([[0.114, 0.587, 0.299], [0.5, -0.331_264, -0.168_736], [-0.081_312, -0.418_688, 0.5]], [0.0, 0.5, 0.5]);
    /// Back from [`BGR_TO_YCBCR_601`](Self::BGR_TO_YCBCR_601).
    pub const YCBCR_601_TO_BGR: Self =
        preset([[1.0, 1.772, 0.0], [1.0, -0.344_136, -0.714_136], [1.0, 0.0, 1.402]], [-0.886, 0.529_136, -0.701]);
    /// Blue, green, red to luma and the colour differences Cb and Cr by ITU-R BT.709, over the full range.
    pub const BGR_TO_YCBCR_709: Self = preset(
        [[0.0722, 0.7152, 0.2126], [0.5, -0.385_428, -0.114_572], [-0.045_847, -0.454_153, 0.5]],
        [0.0, 0.5, 0.5],
    );
    /// Back from [`BGR_TO_YCBCR_709`](Self::BGR_TO_YCBCR_709).
    pub const YCBCR_709_TO_BGR: Self =
        preset([[1.0, 1.8556, 0.0], [1.0, -0.187_324, -0.468_124], [1.0, 0.0, 1.5748]], [-0.9278, 0.327_724, -0.7874]);

    /// A matrix of these factors, and a bias in units of the full scale, each to the nearest 1/256. PYNQ truncates instead.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`], for the first that is.
    pub fn new(rows: [[f32; 3]; 3], bias: [f32; 3]) -> Result<Self, OutOfRange> {
        let all = rows.iter().flatten().chain(&bias);
        match all.copied().find(|factor| !(-512.5..511.5).contains(&(factor * 256.0))) {
            Some(factor) => Err(OutOfRange { factor }),
            None => Ok(preset(rows, bias)),
        }
    }

    /// From values as the registers have them, row by row, and the bias. What is beyond ten bits is limited.
    #[must_use]
    pub fn of(values: [i16; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, i, x, y, z] = values.map(|value| value.clamp(-512, 511));
        Self { rows: [[a, b, c], [d, e, f], [g, h, i]], bias: [x, y, z] }
    }

    /// The values for the registers, row by row, and the bias.
    #[must_use]
    pub const fn values(&self) -> [i16; 12] {
        let [[a, b, c], [d, e, f], [g, h, i]] = self.rows;
        let [x, y, z] = self.bias;
        [a, b, c, d, e, f, g, h, i, x, y, z]
    }

    /// What the core makes of a pixel.
    #[must_use]
    pub fn apply(&self, pixel: [u8; 3]) -> [u8; 3] {
        let mut out = [0; 3];
        for ((out, row), bias) in out.iter_mut().zip(&self.rows).zip(&self.bias) {
            let sum: i32 =
                row.iter().zip(&pixel).map(|(factor, &channel)| i32::from(*factor) * i32::from(channel)).sum();
            let value = (sum + 256 * i32::from(*bias) + 128) >> 8;
            *out = value.clamp(0, 255) as u8;
        }
        out
    }
}

impl Default for ColorMatrix {
    fn default() -> Self {
        Self::IDENTITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_nearly_the_same() {
        for (there, back) in [
            (ColorMatrix::BGR_TO_YCBCR_601, ColorMatrix::YCBCR_601_TO_BGR),
            (ColorMatrix::BGR_TO_YCBCR_709, ColorMatrix::YCBCR_709_TO_BGR),
        ] {
            for pixel in [[0; 3], [255; 3], [128; 3], [200, 100, 50], [10, 240, 130]] {
                let again = back.apply(there.apply(pixel));
                let far = pixel.iter().zip(again).map(|(one, other)| one.abs_diff(other)).max();
                assert!(far <= Some(2), "{pixel:?} {again:?}");
            }
        }
        assert_eq!(ColorMatrix::SWAP.apply([1, 2, 3]), [3, 2, 1]);
    }

    #[test]
    fn factors_have_limits() {
        let of = |factor| ColorMatrix::new([[factor, 0.0, 0.0], [0.0; 3], [0.0; 3]], [0.0; 3]);
        assert_eq!(of(-2.0).map(|matrix| matrix.values()[0]), Ok(-512));
        assert_eq!(of(1.996).map(|matrix| matrix.values()[0]), Ok(511));
        assert_eq!(of(2.0), Err(OutOfRange { factor: 2.0 }));
        assert!(of(f32::NAN).is_err());
        assert_eq!(ColorMatrix::of([600; 12]).values(), [511; 12]);
    }
}
