//! The clocks that the processor feeds to programmable logic: FCLK_CLK0 to 3 of a Zynq-7000, PL0 to PL3 of a Zynq
//! UltraScale+.
//!
//! Each is one of the processor's PLLs behind two dividers of 1 to 63. The bitstream does not set them. A design has
//! the frequencies it was made for only if software wrote the dividers, and PLLs differ with the boot loader, so that
//! what counts is what the registers give here, and not the dividers of the handoff file.
//!
//! The arithmetic is [`Divisors`], which knows no registers; [`PlClocks`] is the registers of either family.

mod registers;

use core::fmt;

use crate::{Mmio, regs::WindowTooSmall};
use registers::{Zynq7000, ZynqMp};

/// Clocks there are, numbered from 0.
pub const PL_CLOCKS: u8 = 4;

/// The two dividers of a clock, of 1 to 63 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Divisors {
    first: u8,
    second: u8,
}

impl Divisors {
    /// The largest divider.
    pub const MAX: u8 = 63;

    /// These two, if a register can hold them.
    #[must_use]
    pub const fn new(first: u32, second: u32) -> Option<Self> {
        if first == 0 || first > Self::MAX as u32 || second == 0 || second > Self::MAX as u32 {
            return None;
        }
        Some(Self { first: first as u8, second: second as u8 })
    }

    /// The divider next to the PLL.
    #[must_use]
    pub const fn first(self) -> u8 {
        self.first
    }

    /// The one behind it.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }

    /// What both divide by.
    #[must_use]
    pub const fn product(self) -> u32 {
        self.first as u32 * self.second as u32
    }

    /// What becomes of a frequency, in hertz, rounded.
    #[must_use]
    pub const fn divide(self, hz: u64) -> u64 {
        let by = self.product() as u64;
        hz.saturating_add(by / 2) / by
    }

    /// The dividers that make of `source` the frequency nearest to `wanted`, both in hertz. With several the one whose
    /// first divider is the smallest.
    #[must_use]
    pub const fn nearest(source: u64, wanted: u64) -> Self {
        let mut best = Self { first: 1, second: 1 };
        let mut best_off = off(source, wanted, 1);
        let mut first = 1;
        while first <= Self::MAX {
            // The dividers to both sides of the exact one, and the ends of the range.
            let step = wanted.saturating_mul(first as u64);
            let exact = match source.checked_div(step) {
                Some(exact) => exact,
                None => u64::MAX,
            };
            let low = if exact < 1 {
                1
            } else if exact > 63 {
                63
            } else {
                exact as u8
            };
            let high = if low < Self::MAX { low + 1 } else { low };
            let mut second = low;
            while second <= high {
                let candidate = Self { first, second };
                let candidate_off = off(source, wanted, candidate.product());
                // Each is `off / product`, compared without a division.
                if candidate_off * (best.product() as u128) < best_off * (candidate.product() as u128) {
                    best = candidate;
                    best_off = candidate_off;
                }
                second += 1;
            }
            first += 1;
        }
        best
    }
}

/// How far `source / product` is from `wanted`, times `product`.
const fn off(source: u64, wanted: u64, product: u32) -> u128 {
    (source as u128).abs_diff(wanted as u128 * product as u128)
}

impl fmt::Display for Divisors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.first, self.second)
    }
}

/// The PLL that a clock comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlClockSource {
    /// That of the peripherals.
    Io,
    /// That of the CPUs, on a Zynq-7000.
    Arm,
    /// That of the memory.
    Ddr,
    /// The second one of the peripherals, on a Zynq UltraScale+.
    Rpll,
}

impl fmt::Display for PlClockSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Io => "IO PLL",
            Self::Arm => "ARM PLL",
            Self::Ddr => "DDR PLL",
            Self::Rpll => "RPLL",
        })
    }
}

/// A clock, as its registers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PlClock {
    /// Its number, 0 to 3.
    pub number: u8,
    /// Where it comes from.
    pub source: PlClockSource,
    /// The frequency of that, in hertz.
    pub source_hz: u64,
    /// What that is divided by.
    pub divisors: Divisors,
    /// Whether it runs.
    pub running: bool,
}

impl PlClock {
    /// Its frequency while it runs, in hertz.
    #[must_use]
    pub const fn hz(&self) -> u64 {
        self.divisors.divide(self.source_hz)
    }

    /// Whether its frequency is `hz` to within so many parts in a million.
    #[must_use]
    pub const fn is_at(&self, hz: u64, ppm: u32) -> bool {
        is_near(self.hz(), hz, ppm)
    }
}

/// What handoff files and crystals are rounded by, in parts in a million.
pub const ROUNDING_PPM: u32 = 100;
/// How far a clock may be from the frequency requested: one per cent.
pub const TOLERANCE_PPM: u32 = 10_000;

/// Whether two frequencies differ by no more than so many parts in a million.
const fn is_near(found: u64, wanted: u64, ppm: u32) -> bool {
    found.abs_diff(wanted) as u128 * 1_000_000 <= wanted as u128 * ppm as u128
}

impl fmt::Display for PlClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = if self.running { "" } else { ", stopped" };
        write!(f, "{} ({} of {} / {}{stopped})", Hz(self.hz()), self.source, Hz(self.source_hz), self.divisors)
    }
}

/// A frequency in megahertz, as people write it.
struct Hz(u64);

impl fmt::Display for Hz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut rest, mut digits) = (self.0 / 1_000_000, self.0 % 1_000_000, 6);
        if rest == 0 {
            return write!(f, "{whole} MHz");
        }
        while rest % 10 == 0 {
            rest /= 10;
            digits -= 1;
        }
        write!(f, "{whole}.{rest:0digits$} MHz")
    }
}

/// Why a clock can't be read or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlClockError {
    /// A window doesn't hold the registers.
    WindowTooSmall(WindowTooSmall),
    /// There is no clock of this number.
    NoSuchClock {
        /// The number.
        number: u8,
    },
    /// The PLL of a clock gives no frequency that is known: it is off, or fed by something else than the processor's
    /// reference clock.
    UnknownSource {
        /// The clock.
        number: u8,
        /// Its control register.
        control: u32,
        /// The control register of the PLL.
        pll: u32,
    },
    /// The dividers make no frequency that is within one per cent of the one requested.
    Impossible {
        /// The clock.
        number: u8,
        /// What was requested, in hertz.
        wanted: u64,
        /// The nearest there is, in hertz.
        nearest: u64,
        /// What is divided, in hertz.
        source_hz: u64,
    },
    /// The register did not take what was written: it is locked, or another owner controls it.
    NotTaken {
        /// The clock.
        number: u8,
        /// What was written.
        wrote: u32,
        /// What is read back.
        read: u32,
    },
}

impl fmt::Display for PlClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WindowTooSmall(ref error) => error.fmt(f),
            Self::NoSuchClock { number } => write!(f, "no clock {number} to the logic: there are 0 to 3"),
            Self::UnknownSource { number, control, pll } => write!(
                f,
                "the frequency of clock {number} to the logic is not known: its register reads {control:#x} and that of its \
                 PLL {pll:#x}; let the boot loader set the PLL up, from the processor's reference clock"
            ),
            Self::Impossible { number, wanted, nearest, source_hz } => write!(
                f,
                "clock {number} to the logic can't have {}: of {}, two dividers of 1 to 63 make {} at the nearest; ask for \
                 that, or build the design for a frequency that this board has",
                Hz(wanted),
                Hz(source_hz),
                Hz(nearest)
            ),
            Self::NotTaken { number, wrote, read } => write!(
                f,
                "clock {number} to the logic was not set: its register reads {read:#x} after {wrote:#x} was written; run in \
                 secure state, or let the system's firmware set it"
            ),
        }
    }
}

impl core::error::Error for PlClockError {}

impl From<WindowTooSmall> for PlClockError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}

/// The registers behind the clocks, of either family.
///
/// ```
/// # use pynq_core::{Mmio, pl_clocks::{Divisors, PlClockError, PlClocks}};
/// fn to_75_mhz<M: Mmio>(slcr: M) -> Result<u64, PlClockError> {
///     // A board whose crystal has 50 MHz, as the PYNQ-Z2's.
///     let mut clocks = PlClocks::zynq_7000(slcr, 50_000_000)?;
///     clocks.set_hz(0, 75_000_000)?;
///     Ok(clocks.read(0)?.hz())
/// }
///
/// // 1000 MHz has no 75 MHz in it: 76.92 is the nearest.
/// assert_eq!(Divisors::nearest(1_000_000_000, 75_000_000).product(), 13);
/// ```
pub struct PlClocks<M> {
    registers: Registers<M>,
    reference_hz: u64,
}

enum Registers<M> {
    Zynq7000(Zynq7000<M>),
    ZynqMp(ZynqMp<M>),
}

impl<M: Mmio> PlClocks<M> {
    /// Those of a Zynq-7000: the system-level control registers, at 0xF800_0000, and the frequency of the crystal at
    /// PS_CLK.
    ///
    /// # Errors
    ///
    /// [`PlClockError::WindowTooSmall`].
    pub fn zynq_7000(slcr: M, reference_hz: u64) -> Result<Self, PlClockError> {
        Ok(Self { registers: Registers::Zynq7000(Zynq7000::new(slcr)?), reference_hz })
    }

    /// Those of a Zynq UltraScale+: the registers CRL_APB at 0xFF5E_0000 and CRF_APB at 0xFD1A_0000, and the frequency of
    /// PSS_REF_CLK.
    ///
    /// # Errors
    ///
    /// [`PlClockError::WindowTooSmall`].
    pub fn zynq_mp(crl: M, crf: M, reference_hz: u64) -> Result<Self, PlClockError> {
        Ok(Self { registers: Registers::ZynqMp(ZynqMp::new(crl, crf)?), reference_hz })
    }

    /// A clock as it is now.
    ///
    /// # Errors
    ///
    /// [`PlClockError::NoSuchClock`], [`PlClockError::UnknownSource`].
    pub fn read(&self, number: u8) -> Result<PlClock, PlClockError> {
        match &self.registers {
            Registers::Zynq7000(registers) => registers.read(number, self.reference_hz),
            Registers::ZynqMp(registers) => registers.read(number, self.reference_hz),
        }
    }

    /// The dividers that bring a clock to `hz`, or nothing if it is there already, to within `ppm` parts in a million:
    /// [`ROUNDING_PPM`] of a frequency that is known, [`TOLERANCE_PPM`] of one that was only requested. Nothing is
    /// written.
    ///
    /// `preferred` are taken if they give it: those of the handoff file.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and [`PlClockError::Impossible`] if nothing gives it within [`TOLERANCE_PPM`].
    pub fn plan(
        &self,
        number: u8,
        hz: u64,
        ppm: u32,
        preferred: Option<Divisors>,
    ) -> Result<Option<Divisors>, PlClockError> {
        let now = self.read(number)?;
        if now.running && now.is_at(hz, ppm) {
            return Ok(None);
        }
        let gives = |divisors: &Divisors, ppm| is_near(divisors.divide(now.source_hz), hz, ppm);
        if let Some(preferred) = preferred.filter(|divisors| gives(divisors, ppm)) {
            return Ok(Some(preferred));
        }
        let nearest = Divisors::nearest(now.source_hz, hz);
        if hz == 0 || !gives(&nearest, TOLERANCE_PPM) {
            let nearest = nearest.divide(now.source_hz);
            return Err(PlClockError::Impossible { number, wanted: hz, nearest, source_hz: now.source_hz });
        }
        // A stopped clock is written even if it has these dividers: that starts it.
        Ok(Some(nearest).filter(|&nearest| !now.running || nearest.product() != now.divisors.product()))
    }

    /// Sets the dividers of a clock, in one store, and starts it. Its source stays.
    ///
    /// # Errors
    ///
    /// [`PlClockError::NoSuchClock`], and [`PlClockError::NotTaken`] if the register reads back something else.
    pub fn set_divisors(&mut self, number: u8, divisors: Divisors) -> Result<(), PlClockError> {
        match &mut self.registers {
            Registers::Zynq7000(registers) => registers.set(number, divisors),
            Registers::ZynqMp(registers) => registers.set(number, divisors),
        }
    }

    /// Brings a clock to the frequency nearest to `hz`, and starts it. One that is right already is left alone.
    ///
    /// # Errors
    ///
    /// As of [`plan`](Self::plan) and [`set_divisors`](Self::set_divisors).
    pub fn set_hz(&mut self, number: u8, hz: u64) -> Result<PlClock, PlClockError> {
        if let Some(divisors) = self.plan(number, hz, ROUNDING_PPM, None)? {
            self.set_divisors(number, divisors)?;
        }
        self.read(number)
    }
}

impl<M> fmt::Debug for PlClocks<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlClocks").field("reference_hz", &self.reference_hz).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_all_pairs_is_found() {
        let sources = [33_333_333, 999_999_990, 1_000_000_000, 1_300_000_000, 1_499_985_000, 1_600_000_000];
        let wanted = [1, 100_000, 251_953, 10_000_000, 33_333_333, 74_250_000, 100_000_000, 142_857_142, 300_000_000];
        for source in sources {
            for wanted in wanted.into_iter().chain([source, source / 63, source / 3969, source * 2]) {
                let off = |hz: f64| (hz - wanted as f64).abs();
                let best = (1..=63_u32)
                    .flat_map(|first| (1..=63_u32).map(move |second| source as f64 / f64::from(first * second)))
                    .fold(f64::INFINITY, |best, hz| best.min(off(hz)));
                let found = Divisors::nearest(source, wanted);
                let found_off = off(source as f64 / f64::from(found.product()));
                assert!(
                    found_off <= best * (1.0 + 1e-12),
                    "{wanted} of {source}: {found} is off by {found_off}, not {best}"
                );
            }
        }
    }

    #[test]
    fn dividers_are_what_a_register_holds() {
        assert_eq!([Divisors::new(0, 1), Divisors::new(1, 0), Divisors::new(64, 1), Divisors::new(1, 64)], [None; 4]);
        let divisors = Divisors::new(63, 63).unwrap();
        assert_eq!((divisors.product(), divisors.divide(3_969_000_000)), (3969, 1_000_000));
        assert_eq!(Divisors::nearest(1_000_000_000, 0), divisors, "the slowest there is");
        assert_eq!(Divisors::nearest(0, 100), Divisors::new(1, 1).unwrap());
        assert_eq!(Divisors::nearest(u64::MAX, u64::MAX), Divisors::new(1, 1).unwrap());
    }
}
