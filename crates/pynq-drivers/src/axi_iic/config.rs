//! How an AXI IIC was built.

use core::{fmt, time::Duration};

use pynq_core::{ParameterError, Parameters, regs::WindowTooSmall};

/// How an AXI IIC was built; the handoff file's `C_*` parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxiIicConfig {
    /// Frequency of the bus's clock, in hertz.
    pub bus_hz: u32,
}

impl AxiIicConfig {
    /// A block whose bus has this frequency, in hertz.
    #[must_use]
    pub const fn new(bus_hz: u32) -> Self {
        Self { bus_hz }
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// A block on another clock than the one it was built for (`C_S_AXI_ACLK_FREQ_HZ`) has a bus of another frequency than
    /// `C_IIC_FREQ`.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with.
    pub const fn from_parameters(built: &Parameters<'_>) -> Result<Self, ParameterError> {
        let bus_hz = match built.number("C_IIC_FREQ", 100_000, 1, 1_000_000) {
            Ok(hz) => hz as u64,
            Err(error) => return Err(error),
        };
        let built_for = match built.number("C_S_AXI_ACLK_FREQ_HZ", 100_000_000, 1, u32::MAX) {
            Ok(hz) => hz as u64,
            Err(error) => return Err(error),
        };
        let actual = match built.clock_hz() {
            // Both factors have 32 bits.
            Some(hz) if hz > 0 && hz <= u32::MAX as u64 => bus_hz * hz / built_for,
            _ => bus_hz,
        };
        let bus_hz = if actual == 0 {
            1
        } else if actual > u32::MAX as u64 {
            u32::MAX
        } else {
            actual as u32
        };
        Ok(Self { bus_hz })
    }

    /// How long so many bits are on the bus, rounded up.
    #[must_use]
    pub fn bit_time(&self, bits: u64) -> Duration {
        Duration::from_nanos(bits.saturating_mul(1_000_000_000).div_ceil(u64::from(self.bus_hz.max(1))))
    }

    /// Checks that a block can have been built like this.
    ///
    /// # Errors
    ///
    /// [`AxiIicConfigError::NoFrequency`].
    pub const fn validate(&self) -> Result<(), AxiIicConfigError> {
        if self.bus_hz == 0 { Err(AxiIicConfigError::NoFrequency) } else { Ok(()) }
    }
}

/// Why an AXI IIC could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiIicConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// A bus of 0 Hz.
    NoFrequency,
}

impl fmt::Display for AxiIicConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::NoFrequency => f.write_str("no I2C bus has 0 Hz; give the block's C_IIC_FREQ"),
        }
    }
}

impl core::error::Error for AxiIicConfigError {}

impl From<WindowTooSmall> for AxiIicConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
