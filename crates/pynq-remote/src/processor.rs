//! Registers of the processor that PYNQ reads and writes: clocks, and the widths of the ports to the logic.
//!
//! They hold what is written to them. The clock registers begin with the values of the design, so that PYNQ computes
//! the design's frequencies from them; nothing on the simulated board runs faster or slower by them. Programming the
//! logic leaves them alone.

use std::collections::BTreeMap;

use pynq::hwh::{Design, Family};

/// Bytes of a page of registers.
pub(crate) const PAGE: u64 = 0x1000;

/// Zynq-7000: system-level control registers.
const SLCR: u64 = 0xF800_0000;
const ZYNQ: &[u64] = &[SLCR];

/// Zynq UltraScale+: clocks of the two power domains, port widths, and the seven slave ports.
const CRL_APB: u64 = 0xFF5E_0000;
const CRF_APB: u64 = 0xFD1A_0000;
const ULTRASCALE: &[u64] = &[
    CRL_APB,
    CRF_APB,
    0xFD61_5000,
    0xFF41_9000,
    0xFD36_0000,
    0xFD37_0000,
    0xFD38_0000,
    0xFD39_0000,
    0xFD3A_0000,
    0xFD3B_0000,
    0xFF9B_0000,
];

/// What the reference clock of the boards is taken for, as PYNQ does.
const REFERENCE_MHZ: f64 = 50.0;
const REFERENCE_MHZ_ULTRASCALE: f64 = 33.333;

/// Where a family's registers are.
pub(crate) fn pages(family: Option<Family>) -> &'static [u64] {
    match family {
        Some(Family::Zynq7000) => ZYNQ,
        Some(Family::ZynqMp) => ULTRASCALE,
        _ => &[],
    }
}

/// The registers.
pub(crate) struct Processor {
    family: Option<Family>,
    /// What was written, and what is not zero from the start.
    values: BTreeMap<u64, u32>,
}

impl Processor {
    pub(crate) fn new(design: &Design) -> Self {
        let family = design.processor.as_ref().map(|processor| processor.family);
        let mut this = Self { family, values: BTreeMap::new() };
        let word = |name: &str, default: u32| {
            let value = design.processor_parameters.integer(name).ok().and_then(|value| u32::try_from(value).ok());
            value.filter(|&value| value != 0).unwrap_or(default)
        };
        match family {
            Some(Family::Zynq7000) => {
                let plls = [("ARM", 0x100, 26), ("DDR", 0x104, 21), ("IO", 0x108, 20)];
                for (name, offset, default) in plls {
                    let multiplier = word(&format!("PCW_{name}PLL_CTRL_FBDIV"), default);
                    this.values.insert(SLCR + offset, (multiplier & 0x7F) << 12);
                }
                // The processor's clock is half of its PLL's.
                this.values.insert(SLCR + 0x120, 2 << 8);
            }
            Some(Family::ZynqMp) => {
                let plls = [
                    ("CRL_APB__IOPLL", CRL_APB + 0x20),
                    ("CRL_APB__RPLL", CRL_APB + 0x30),
                    ("CRF_APB__APLL", CRF_APB + 0x20),
                    ("CRF_APB__DPLL", CRF_APB + 0x2C),
                    ("CRF_APB__VPLL", CRF_APB + 0x38),
                ];
                for (name, address) in plls {
                    let multiplier = word(&format!("PSU__{name}_CTRL__FBDIV"), 90);
                    let halved = word(&format!("PSU__{name}_CTRL__DIV2"), 1);
                    this.values.insert(address, (multiplier & 0x7F) << 8 | (halved & 1) << 16);
                }
                this.values.insert(CRF_APB + 0x60, 1 << 8);
            }
            _ => {}
        }
        for number in 0..4 {
            let clock = design.clocks.get(&number);
            this.divide(number, clock.map_or([10, 1], |clock| clock.divisors));
        }
        this
    }

    /// The value at an address, if it is one of the processor's.
    pub(crate) fn read(&self, address: u64) -> Option<u32> {
        self.has(address).then(|| self.values.get(&address).copied().unwrap_or(0))
    }

    /// Writes a word. Returns whether the address is one of the processor's.
    pub(crate) fn write(&mut self, address: u64, value: u32) -> bool {
        let ours = self.has(address);
        if ours {
            self.values.insert(address, value);
        }
        ours
    }

    fn has(&self, address: u64) -> bool {
        pages(self.family).iter().any(|&base| address >= base && address - base < PAGE)
    }

    /// Where the dividers of clock `number` are: the address, and the bits at which they begin.
    fn dividers(&self, number: u32) -> Option<(u64, [u32; 2])> {
        let number = (number < 4).then_some(u64::from(number))?;
        match self.family {
            Some(Family::Zynq7000) => Some((SLCR + 0x170 + 0x10 * number, [8, 20])),
            Some(Family::ZynqMp) => Some((CRL_APB + 0xC0 + 4 * number, [8, 16])),
            _ => None,
        }
    }

    fn divide(&mut self, number: u32, divisors: [u32; 2]) {
        let Some((address, bits)) = self.dividers(number) else { return };
        // Zero divides by nothing: it is out of the hardware's range.
        let field = |index: usize| (divisors[index] & 0x3F).max(1) << bits[index];
        let others = self.values.get(&address).copied().unwrap_or(0) & !(0x3F << bits[0] | 0x3F << bits[1]);
        let active = if self.family == Some(Family::ZynqMp) { 1 << 24 } else { 0 };
        self.values.insert(address, others | active | field(0) | field(1));
    }

    /// The frequency of the PLL that feeds the logic by default.
    fn pll_mhz(&self) -> f64 {
        let at = |address| self.values.get(&address).copied().unwrap_or(0);
        match self.family {
            Some(Family::ZynqMp) => {
                let control = at(CRL_APB + 0x20);
                let halved = if control >> 16 & 1 == 1 { 2.0 } else { 1.0 };
                REFERENCE_MHZ_ULTRASCALE * f64::from(control >> 8 & 0x7F) / halved
            }
            _ => REFERENCE_MHZ * f64::from(at(SLCR + 0x108) >> 12 & 0x7F),
        }
    }

    /// Sets a clock by its dividers; where both are 0, by the frequency, as near as dividers come.
    pub(crate) fn set_clock(&mut self, number: u32, divisors: [u32; 2], mhz: u32) -> Result<(), String> {
        if self.dividers(number).is_none() {
            return Err(format!("the processor has no clock {number} for the logic; use 0 to 3"));
        }
        let divisors = match (divisors, mhz) {
            ([0, 0], 0) => return Err("neither dividers nor a frequency; give two dividers from 1 to 63".to_owned()),
            ([0, 0], mhz) => self.nearest(f64::from(mhz)),
            (divisors, _) => divisors,
        };
        if divisors.iter().any(|divisor| !(1..=63).contains(divisor)) {
            return Err(format!("dividers {divisors:?} are out of range; give two from 1 to 63"));
        }
        self.divide(number, divisors);
        Ok(())
    }

    fn nearest(&self, mhz: f64) -> [u32; 2] {
        let pll = self.pll_mhz();
        let pairs = (1..=63_u32).flat_map(|first| (1..=63_u32).map(move |second| [first, second]));
        let off = |[first, second]: [u32; 2]| (pll / f64::from(first * second) - mhz).abs();
        pairs.min_by(|one, other| off(*one).total_cmp(&off(*other))).unwrap_or([1, 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zynq() -> Processor {
        let text = include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");
        Processor::new(&Design::parse(text).unwrap())
    }

    #[test]
    fn plls_and_clocks_have_values_that_divide() {
        let processor = zynq();
        assert_ne!(processor.read(SLCR + 0x108).unwrap() >> 12 & 0x7F, 0);
        for clock in 0..4 {
            let control = processor.read(SLCR + 0x170 + 0x10 * clock).unwrap();
            assert!(control >> 8 & 0x3F != 0 && control >> 20 & 0x3F != 0, "clock {clock}: {control:#x}");
        }
        assert_eq!(processor.read(0x4120_0000), None);
        assert_eq!(processor.read(SLCR + PAGE), None);
    }

    #[test]
    fn clocks_are_set_by_dividers_or_frequency() {
        let mut processor = zynq();
        processor.set_clock(1, [4, 5], 0).unwrap();
        assert_eq!(processor.read(SLCR + 0x180).unwrap() & (0x3F << 8 | 0x3F << 20), 4 << 8 | 5 << 20);
        processor.set_clock(1, [0, 0], 50).unwrap();
        let control = processor.read(SLCR + 0x180).unwrap();
        let divided = processor.pll_mhz() / f64::from((control >> 8 & 0x3F) * (control >> 20 & 0x3F));
        assert!((divided - 50.0).abs() < 1.0, "{divided} MHz");
        for (clock, divisors, mhz) in [(4, [1, 1], 0), (0, [0, 0], 0), (0, [64, 1], 0), (0, [0, 5], 0)] {
            assert!(processor.set_clock(clock, divisors, mhz).is_err());
        }
    }
}
