//! How an AXI UART Lite was built.

use core::{fmt, time::Duration};

use pynq_core::{ParameterError, Parameters, regs::WindowTooSmall};

/// The parity bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Parity {
    /// There is none.
    #[default]
    None,
    /// Even.
    Even,
    /// Odd.
    Odd,
}

/// How an AXI UART Lite was built; the handoff file's `C_*` parameters. None of it can be changed by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxiUartLiteConfig {
    /// `C_BAUDRATE`: bits per second, if the block's clock has the frequency it was built for.
    pub baud_rate: u32,
    /// `C_DATA_BITS`: bits of a character, 5 to 8. Bits above read 0 and are not sent.
    pub data_bits: u8,
    /// `C_USE_PARITY` and `C_ODD_PARITY`.
    pub parity: Parity,
}

impl AxiUartLiteConfig {
    /// A block of 8 data bits without parity.
    #[must_use]
    pub const fn new(baud_rate: u32) -> Self {
        Self { baud_rate, data_bits: 8, parity: Parity::None }
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with.
    pub const fn from_parameters(built: &Parameters<'_>) -> Result<Self, ParameterError> {
        let parity = match (built.flag("C_USE_PARITY", false), built.flag("C_ODD_PARITY", false)) {
            (Ok(false), Ok(_)) => Parity::None,
            (Ok(true), Ok(false)) => Parity::Even,
            (Ok(true), Ok(true)) => Parity::Odd,
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        match (built.number("C_BAUDRATE", 9600, 1, u32::MAX), built.byte("C_DATA_BITS", 8, 5, 8)) {
            (Ok(baud_rate), Ok(data_bits)) => Ok(Self { baud_rate, data_bits, parity }),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// How long a character is on the line, with its start, parity and stop bits; rounded up.
    #[must_use]
    pub fn character_time(&self) -> Duration {
        let bits = 2 + u64::from(self.data_bits) + u64::from(self.parity != Parity::None);
        Duration::from_nanos((bits * 1_000_000_000).div_ceil(u64::from(self.baud_rate.max(1))))
    }

    /// Checks that a block can have been built like this.
    ///
    /// # Errors
    ///
    /// [`AxiUartLiteConfigError::NoBaudRate`] or [`AxiUartLiteConfigError::DataBits`].
    pub const fn validate(&self) -> Result<(), AxiUartLiteConfigError> {
        if self.baud_rate == 0 {
            return Err(AxiUartLiteConfigError::NoBaudRate);
        }
        match self.data_bits {
            5..=8 => Ok(()),
            found => Err(AxiUartLiteConfigError::DataBits { found }),
        }
    }
}

/// Why an AXI UART Lite could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiUartLiteConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// A baud rate of 0.
    NoBaudRate,
    /// No character has that many bits.
    DataBits {
        /// How many it is said to have.
        found: u8,
    },
}

impl fmt::Display for AxiUartLiteConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::NoBaudRate => {
                f.write_str("an AXI UART Lite has a baud rate, this one is said to have 0; check its C_BAUDRATE")
            }
            Self::DataBits { found } => write!(
                f,
                "a character of an AXI UART Lite has 5 to 8 bits, this one is said to have {found}; check its C_DATA_BITS",
            ),
        }
    }
}

impl core::error::Error for AxiUartLiteConfigError {}

impl From<WindowTooSmall> for AxiUartLiteConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
