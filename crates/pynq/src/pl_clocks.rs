//! The clocks that the processor feeds to the logic, and those that a design was made for.
//!
//! A bitstream does not set them. Opening a design does, before it is programmed; attaching only compares.

use std::{fmt, sync::Mutex};

use pynq_core::{
    lock,
    pl_clocks::{Divisors, PL_CLOCKS, PlClock, PlClockError, PlClocks, ROUNDING_PPM, TOLERANCE_PPM},
};
use pynq_hwh::{Design, Family};

use crate::{Error, Overlay, Result, Window};

/// The clocks of the logic: PYNQ's `Clocks`.
impl Overlay {
    /// The clocks that the processor feeds to the logic, to read and to set in hertz.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// # use pynq::prelude::*;
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let clocks = overlay.clocks()?;
    /// assert_eq!(clocks.read(0)?.hz(), 100_000_000);
    /// assert_eq!(clocks.set_hz(0, 50_000_000)?.hz(), 50_000_000);
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoClocks`] for a design of another processor; on a board those of its registers, which only root can
    /// map.
    pub fn clocks(&self) -> Result<Clocks> {
        let registers = self.backend().pl_clocks()?;
        Ok(Clocks { registers: Mutex::new(registers), designed: designed(self.design()) })
    }

    /// What a user of this overlay should know of the board that it was opened on: a clock that is not as the design
    /// has it, found by attaching.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.backend().warnings()
    }
}

/// The clocks that the processor feeds to the logic; see [`Overlay::clocks`].
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// for clock in overlay.clocks()?.in_use()? {
///     println!("{clock}"); // 100 MHz (IO PLL of 1000 MHz / 5 x 2)
/// }
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Debug)]
pub struct Clocks {
    registers: Mutex<PlClocks<Window>>,
    designed: Vec<Designed>,
}

impl Clocks {
    /// Clock `number`, 0 to 3, as its registers have it now.
    ///
    /// # Errors
    ///
    /// [`Error::PlClock`].
    pub fn read(&self, number: u8) -> Result<PlClock> {
        Ok(lock(&self.registers).read(number)?)
    }

    /// All clocks that the design uses, by number.
    ///
    /// # Errors
    ///
    /// [`Error::PlClock`].
    pub fn in_use(&self) -> Result<Vec<PlClock>> {
        self.designed.iter().map(|clock| self.read(clock.number)).collect()
    }

    /// The frequency that the design was made for, in hertz; none for a clock that it does not use.
    #[must_use]
    pub fn designed_hz(&self, number: u8) -> Option<u64> {
        self.designed.iter().find(|clock| clock.number == number)?.hz
    }

    /// Brings clock `number` to the frequency nearest to `hz`, and starts it if it is stopped. What it then has is
    /// returned; a clock that is right already is left alone. Blocks in the logic that are clocked by it go on.
    ///
    /// # Errors
    ///
    /// [`Error::PlClock`]: with `Impossible` if nothing within one per cent of it can be had, and nothing was changed.
    pub fn set_hz(&self, number: u8, hz: u64) -> Result<PlClock> {
        Ok(lock(&self.registers).set_hz(number, hz)?)
    }

    /// Brings all clocks that the design uses to the frequencies that it was made for, as opening it does.
    ///
    /// # Errors
    ///
    /// As of [`set_hz`](Self::set_hz); none was changed if one is impossible.
    pub fn set_as_designed(&self) -> Result<()> {
        bring(&mut lock(&self.registers), &self.designed)
    }
}

/// Something about the board that a user of a design on it should know.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// assert!(overlay.warnings().is_empty()); // what there is, an attached board has
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A clock to the logic has another frequency than the design was made for.
    ClockDiffers {
        /// The clock.
        clock: PlClock,
        /// What it was made for, in hertz.
        designed_hz: u64,
    },
    /// A clock that the design uses is stopped: the next access to a block on it may hang the processor.
    ClockStopped {
        /// The clock.
        clock: PlClock,
    },
    /// The clocks to the logic could not be looked at.
    ClocksUnknown {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockDiffers { clock, designed_hz } => write!(
                f,
                "clock {} to the logic has {clock}, and the design was made for {} Hz: times and baud rates differ by that; \
                 `overlay.clocks()?.set_as_designed()` mends it",
                clock.number, designed_hz
            ),
            Self::ClockStopped { clock } => write!(
                f,
                "clock {} to the logic is stopped, and the design uses it: an access to a block on it may hang the processor; \
                 `overlay.clocks()?.set_as_designed()` starts it",
                clock.number
            ),
            Self::ClocksUnknown { why } => write!(f, "the clocks to the logic could not be looked at: {why}"),
        }
    }
}

/// A clock that a design uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Designed {
    number: u8,
    /// Where the file has it.
    hz: Option<u64>,
    /// How near to that is right: files of old versions have only the frequency requested.
    ppm: u32,
    divisors: Option<Divisors>,
}

/// The clocks that a design uses.
pub(crate) fn designed(design: &Design) -> Vec<Designed> {
    let numbers = (0..PL_CLOCKS).filter_map(|number| Some((number, design.clocks.get(&u32::from(number))?)));
    let used = numbers.filter(|(_, clock)| clock.enabled);
    let clocks = used.map(|(number, clock)| {
        let [first, second] = clock.divisors;
        let ppm = if clock.achieved_mhz.is_some() { ROUNDING_PPM } else { TOLERANCE_PPM };
        Designed { number, hz: clock.mhz().and_then(hertz), ppm, divisors: Divisors::new(first, second) }
    });
    clocks.collect()
}

/// The frequency of the crystal that the design was made for; the usual one where the file doesn't say.
#[cfg_attr(not(feature = "sim"), allow(dead_code))] // no backend, no clocks
pub(crate) fn reference_hz(design: &Design) -> u64 {
    let (name, usual) = match design.processor.as_ref().map(|processor| processor.family) {
        Some(Family::ZynqMp) => ("PSU__PSS_REF_CLK__FREQMHZ", 33_333_000),
        _ => ("PCW_CRYSTAL_PERIPHERAL_FREQMHZ", 33_333_333),
    };
    design.processor_parameters.float(name).ok().and_then(hertz).unwrap_or(usual)
}

/// A frequency of a file, in hertz. `None` if it makes no sense.
fn hertz(mhz: f64) -> Option<u64> {
    // In range, so that nothing is cut off.
    (mhz > 0.0 && mhz < 1e6).then(|| (mhz * 1e6).round() as u64)
}

/// Brings all clocks to what the design was made for. All of them are possible, or none is changed.
pub(crate) fn bring(clocks: &mut PlClocks<Window>, designed: &[Designed]) -> Result<()> {
    let mut changes = Vec::new();
    for clock in designed {
        let divisors = match clock.hz {
            Some(hz) => clocks.plan(clock.number, hz, clock.ppm, clock.divisors)?,
            None => {
                let now = clocks.read(clock.number)?;
                clock.divisors.filter(|divisors| !now.running || divisors.product() != now.divisors.product())
            }
        };
        changes.extend(divisors.map(|divisors| (clock.number, divisors)));
    }
    for (number, divisors) in changes {
        clocks.set_divisors(number, divisors)?;
    }
    Ok(())
}

/// How the clocks differ from what the design was made for.
#[cfg(all(feature = "uio", target_os = "linux"))]
pub(crate) fn compare(clocks: &PlClocks<Window>, designed: &[Designed]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for designed in designed {
        match clocks.read(designed.number) {
            Ok(clock) if !clock.running => warnings.push(Warning::ClockStopped { clock }),
            Ok(clock) => {
                let differs = designed.hz.filter(|&hz| !clock.is_at(hz, designed.ppm));
                warnings.extend(differs.map(|designed_hz| Warning::ClockDiffers { clock, designed_hz }));
            }
            Err(error) => warnings.push(Warning::ClocksUnknown { why: error.to_string() }),
        }
    }
    warnings
}

impl From<PlClockError> for Error {
    fn from(error: PlClockError) -> Self {
        Self::PlClock(error)
    }
}
