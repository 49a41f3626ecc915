//! How an AXI timer was built, and what its ticks are worth.

use core::{fmt, time::Duration};

use pynq_core::{Allowed, Found, ParameterError, Parameters, regs::WindowTooSmall};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// How an AXI timer was built; the handoff file's parameters, and the frequency of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxiTimerConfig {
    /// Frequency of `s_axi_aclk` in Hz: the `CLKFREQUENCY` of that port. What the timer's ticks are.
    pub clock_hz: u32,
    /// `C_COUNT_WIDTH`: bits of a counter, 8, 16 or 32.
    pub count_width: u8,
    /// `C_ONE_TIMER_ONLY`: there is no channel 1, and no PWM.
    pub one_timer_only: bool,
    /// `C_GEN0_ASSERT` and `C_GEN1_ASSERT` are both one, without which there is no PWM.
    pub generate_active_high: bool,
}

impl AxiTimerConfig {
    /// A block of two timers of 32 bits, as Vivado builds it by default.
    #[must_use]
    pub const fn new(clock_hz: u32) -> Self {
        Self { clock_hz, count_width: 32, one_timer_only: false, generate_active_high: true }
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with, or a clock whose frequency is not known.
    pub const fn from_parameters(built: &Parameters<'_>) -> Result<Self, ParameterError> {
        let clock_hz = match built.required_clock_hz() {
            Ok(hz) => hz,
            Err(error) => return Err(error),
        };
        let count_width = match built.get("C_COUNT_WIDTH") {
            Some(16) => 16,
            Some(8) => 8,
            None | Some(32) => match built.byte("C_COUNT_WIDTH", 32, 8, 32) {
                Ok(width) => width,
                Err(error) => return Err(error),
            },
            Some(found) => {
                let allowed = Allowed::OneOf(&[8, 16, 32]);
                return Err(ParameterError { parameter: "C_COUNT_WIDTH", found: Found::Number(found), allowed });
            }
        };
        let one_timer_only = match built.flag("C_ONE_TIMER_ONLY", false) {
            Ok(flag) => flag,
            Err(error) => return Err(error),
        };
        match (built.flag("C_GEN0_ASSERT", true), built.flag("C_GEN1_ASSERT", true)) {
            (Ok(first), Ok(second)) => {
                Ok(Self { clock_hz, count_width, one_timer_only, generate_active_high: first && second })
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// How many channels there are.
    #[must_use]
    pub const fn channels(&self) -> u8 {
        if self.one_timer_only { 1 } else { 2 }
    }

    /// The highest value of a counter.
    #[must_use]
    pub const fn max_count(&self) -> u32 {
        if self.count_width >= 32 { u32::MAX } else { (1 << self.count_width) - 1 }
    }

    /// How long `ticks` take, to the nearest nanosecond.
    #[must_use]
    pub fn duration(&self, ticks: u64) -> Duration {
        let clock = u128::from(self.clock_hz.max(1));
        let nanos = (u128::from(ticks) * NANOS_PER_SECOND + clock / 2) / clock;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many ticks come closest to `duration`.
    #[must_use]
    pub fn nearest_ticks(&self, duration: Duration) -> u64 {
        self.ticks(duration, NANOS_PER_SECOND / 2)
    }

    /// How many ticks last at least as long as `duration`.
    #[must_use]
    pub fn covering_ticks(&self, duration: Duration) -> u64 {
        self.ticks(duration, NANOS_PER_SECOND - 1)
    }

    fn ticks(&self, duration: Duration, round: u128) -> u64 {
        // At most 2^64 seconds of 10^9 nanoseconds at 2^32 Hz: it fits.
        let ticks = (duration.as_nanos() * u128::from(self.clock_hz) + round) / NANOS_PER_SECOND;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// Checks that a block can have been built like this.
    ///
    /// # Errors
    ///
    /// [`AxiTimerConfigError::NoClock`] or [`AxiTimerConfigError::Width`].
    pub const fn validate(&self) -> Result<(), AxiTimerConfigError> {
        if self.clock_hz == 0 {
            return Err(AxiTimerConfigError::NoClock);
        }
        match self.count_width {
            8 | 16 | 32 => Ok(()),
            found => Err(AxiTimerConfigError::Width { found }),
        }
    }
}

/// Why an AXI timer could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiTimerConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// A clock of 0 Hz.
    NoClock,
    /// No counter has that many bits.
    Width {
        /// How many it is said to have.
        found: u8,
    },
}

impl fmt::Display for AxiTimerConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::NoClock => f.write_str(
                "an AXI timer needs a clock, this one is said to have 0 Hz; give the CLKFREQUENCY of its s_axi_aclk",
            ),
            Self::Width { found } => write!(
                f,
                "a counter of an AXI timer has 8, 16 or 32 bits, this one is said to have {found}; check its C_COUNT_WIDTH",
            ),
        }
    }
}

impl core::error::Error for AxiTimerConfigError {}

impl From<WindowTooSmall> for AxiTimerConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
