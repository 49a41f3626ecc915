//! Which counters of the MMCM make a frequency, and the registers for them.

use super::DynclkError;

/// The reference, and the limits of the MMCM's oscillator, in hertz.
const REFERENCE: u64 = 100_000_000;
const VCO_LEAST: u64 = 600_000_000;
const VCO_MOST: u64 = 1_200_000_000;
/// The output is so many times the pixel clock.
const TIMES: u64 = 5;

const MOST_DIVIDE: u32 = 10;
const MOST_MULTIPLY: u32 = 64;
/// What the two fields of six bits have room for; the two numbers above are left out.
const MOST_OUTPUT: u32 = 126;

/// Lock settings by the feedback counter, from 1 on: 40 bits.
#[rustfmt::skip]
const LOCK: [u64; 64] = [
    0x31_BE8F_A401, 0x31_BE8F_A401, 0x42_3E8F_A401, 0x5A_FE8F_A401, 0x73_BE8F_A401, 0x8C_7E8F_A401, 0x9C_FE8F_A401, 0xB5_BE8F_A401,
    0xCE_7E8F_A401, 0xE7_3E8F_A401, 0xFF_F84F_A401, 0xFF_F39F_A401, 0xFF_EEEF_A401, 0xFF_EBCF_A401, 0xFF_E8AF_A401, 0xFF_E71F_A401,
    0xFF_E3FF_A401, 0xFF_E26F_A401, 0xFF_E0DF_A401, 0xFF_DF4F_A401, 0xFF_DDBF_A401, 0xFF_DC2F_A401, 0xFF_DA9F_A401, 0xFF_D90F_A401,
    0xFF_D90F_A401, 0xFF_D77F_A401, 0xFF_D5EF_A401, 0xFF_D5EF_A401, 0xFF_D45F_A401, 0xFF_D45F_A401, 0xFF_D2CF_A401, 0xFF_D2CF_A401,
    0xFF_D2CF_A401, 0xFF_D13F_A401, 0xFF_D13F_A401, 0xFF_D13F_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401,
    0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401,
    0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401,
    0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401, 0xFF_CFAF_A401,
];

/// Filter settings by the feedback counter, for a low bandwidth: 10 bits.
const fn filter(multiply: u32) -> u32 {
    match multiply {
        ..=1 => 0x05F,
        2 => 0x057,
        3 => 0x07B,
        4 => 0x05B,
        5 => 0x06B,
        6..=9 => 0x073,
        10..=12 => 0x04B,
        13 => 0x0B3,
        14..=23 => 0x053,
        24..=37 => 0x063,
        38..=47 => 0x093,
        48.. => 0x0A3,
    }
}

/// The word of a divider: how long it is high and low, and whether that is odd.
const fn divider(count: u32) -> u32 {
    if count == 1 {
        return 0x1041;
    }
    let high = count / 2;
    let low = count - high;
    low | high << 6 | (count % 2) << 13
}

/// The word of a counter.
const fn counter(count: u32) -> u32 {
    let word = divider(count);
    word & 0xFFF | (word << 10) & 0x00C0_0000
}

/// A pixel clock that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelClock {
    divide: u32,
    multiply: u32,
    output: u32,
}

impl PixelClock {
    /// The one that comes nearest to so many hertz.
    ///
    /// # Errors
    ///
    /// [`DynclkError::Frequency`] if that is beyond what the MMCM can do.
    pub fn near(hertz: u32) -> Result<Self, DynclkError> {
        // 600 MHz by the most, and 1200 MHz by 1, of which the fifth part is the pixel clock.
        let (least, most) = ((VCO_LEAST / MOST_OUTPUT as u64 / TIMES) as u32 + 1, (VCO_MOST / TIMES) as u32);
        if hertz < least || hertz > most {
            return Err(DynclkError::Frequency { hertz, least, most });
        }
        let mut best: Option<(u64, Self)> = None;
        for divide in 1..=MOST_DIVIDE {
            for multiply in 2..=MOST_MULTIPLY {
                let vco = REFERENCE * u64::from(multiply) / u64::from(divide);
                if !(VCO_LEAST..=VCO_MOST).contains(&vco) {
                    continue;
                }
                let nearest = (vco + u64::from(hertz) * TIMES / 2) / (u64::from(hertz) * TIMES);
                let output = nearest.clamp(1, MOST_OUTPUT.into()) as u32;
                let clock = Self { divide, multiply, output };
                // In millihertz, so that roundings do not decide.
                let far = clock.millihertz().abs_diff(u64::from(hertz) * 1000);
                if best.is_none_or(|(least, _)| far < least) {
                    best = Some((far, clock));
                }
            }
        }
        best.map(|(_, clock)| clock).ok_or(DynclkError::Frequency { hertz, least, most })
    }

    const fn millihertz(&self) -> u64 {
        let by = TIMES * self.divide as u64 * self.output as u64;
        (REFERENCE * 1000 * self.multiply as u64 + by / 2) / by
    }

    /// The frequency that it has.
    #[must_use]
    pub const fn hertz(&self) -> u32 {
        ((self.millihertz() + 500) / 1000) as u32
    }

    /// What the registers from 0x08 on are set to.
    #[must_use]
    pub fn settings(&self) -> [u32; 6] {
        let lock = LOCK.get(self.multiply as usize - 1).copied().unwrap_or(LOCK[63]);
        let filter = (filter(self.multiply) << 16) & 0x03FF_0000;
        [
            counter(self.output),
            counter(self.multiply),
            0,
            divider(self.divide),
            lock as u32,
            (lock >> 32) as u32 | filter,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_modes_have_their_clocks() {
        for (hertz, made) in [
            (25_175_000, 25_185_185),
            (40_000_000, 40_000_000),
            (74_250_000, 74_285_714),
            (108_000_000, 108_000_000),
            (148_500_000, 148_571_429),
        ] {
            assert_eq!(PixelClock::near(hertz).unwrap().hertz(), made);
        }
    }

    #[test]
    fn no_other_counters_come_nearer() {
        let mut hertz = 960_000;
        while hertz < 240_000_000 {
            let found = PixelClock::near(hertz).unwrap();
            let far = found.hertz().abs_diff(hertz);
            for divide in 1..=10_u32 {
                for multiply in 2..=64_u32 {
                    let vco = 100.0 * f64::from(multiply) / f64::from(divide);
                    if !(600.0..=1200.0).contains(&vco) {
                        continue;
                    }
                    for output in 1..=126_u32 {
                        let made = vco * 1e6 / f64::from(output) / 5.0;
                        assert!((made - f64::from(hertz)).abs() + 1.0 >= f64::from(far), "{hertz}");
                    }
                }
            }
            hertz += 7_654_321;
        }
    }

    #[test]
    fn words_are_the_data_sheets() {
        assert_eq!([1, 2, 3, 4, 126].map(divider), [0x1041, 0x41, 0x2042, 0x82, 0xFFF]);
        assert_eq!([1, 3].map(counter), [0x0040_0041, 0x0080_0042]);
        let clock = PixelClock { divide: 1, multiply: 10, output: 2 };
        assert_eq!(clock.hertz(), 100_000_000);
        assert_eq!(clock.settings(), [0x41, 0x145, 0, 0x1041, 0x3E8F_A401, 0x004B_00E7]);
        assert!(matches!(PixelClock::near(900_000), Err(DynclkError::Frequency { .. })));
    }
}
