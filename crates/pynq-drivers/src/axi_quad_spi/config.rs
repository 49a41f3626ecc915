//! How an AXI Quad SPI was built.

use core::{fmt, time::Duration};

use pynq_core::{Allowed, Found, ParameterError, Parameters, regs::WindowTooSmall};

/// How an AXI Quad SPI was built; the handoff file's `C_*` parameters. None of it can be changed by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxiQuadSpiConfig {
    /// `C_FIFO_DEPTH`: words of a FIFO, 16 or 256; 0 for registers of one word.
    pub fifo_depth: u16,
    /// `C_NUM_SS_BITS`: slave selects, 1 to 32.
    pub slave_selects: u8,
    /// `C_NUM_TRANSFER_BITS`: bits of a word, 8, 16 or 32.
    pub word_bits: u8,
    /// `C_SCK_RATIO`: clocks of `ext_spi_clk` per bit.
    pub sck_ratio: u32,
    /// The frequency of `ext_spi_clk`, as far as it is known: that of the bus clock.
    pub clock_hz: u32,
    /// `C_SPI_MODE`: 0 for a line each way, 1 for dual, 2 for quad.
    pub lanes_mode: u8,
    /// `C_XIP_MODE`: reads of memory become reads of a flash.
    pub executes_in_place: bool,
    /// `C_TYPE_OF_AXI4_INTERFACE`: FIFOs behind AXI4, with other registers.
    pub axi4_interface: bool,
}

impl AxiQuadSpiConfig {
    /// A block in standard mode with `slave_selects` selects, FIFOs of 16 bytes and an SPI clock of a sixteenth of 100 MHz.
    #[must_use]
    pub const fn new(slave_selects: u8) -> Self {
        Self {
            fifo_depth: 16,
            slave_selects,
            word_bits: 8,
            sck_ratio: 16,
            clock_hz: 100_000_000,
            lanes_mode: 0,
            executes_in_place: false,
            axi4_interface: false,
        }
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with.
    pub fn from_parameters(built: &Parameters<'_>) -> Result<Self, ParameterError> {
        let one_of = |name: &'static str, default: u32, values: &'static [u64]| {
            let found = built.number(name, default, 0, u32::MAX)?;
            let fits = values.contains(&found.into());
            let refused =
                ParameterError { parameter: name, found: Found::Number(found.into()), allowed: Allowed::OneOf(values) };
            fits.then_some(found).ok_or(refused)
        };
        let narrow = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
        Ok(Self {
            fifo_depth: u16::try_from(one_of("C_FIFO_DEPTH", 16, &[0, 16, 256])?).unwrap_or(0),
            slave_selects: built.byte("C_NUM_SS_BITS", 1, 1, 32)?,
            word_bits: narrow(one_of("C_NUM_TRANSFER_BITS", 8, &[8, 16, 32])?),
            sck_ratio: built.number("C_SCK_RATIO", 16, 1, 0xFFFF)?,
            clock_hz: built.required_clock_hz().unwrap_or(100_000_000),
            lanes_mode: built.byte("C_SPI_MODE", 0, 0, 2)?,
            executes_in_place: built.flag("C_XIP_MODE", false)?,
            axi4_interface: built.flag("C_TYPE_OF_AXI4_INTERFACE", false)?,
        })
    }

    /// How long a word is on the line; rounded up.
    #[must_use]
    pub fn word_time(&self) -> Duration {
        let clocks = u64::from(self.word_bits) * u64::from(self.sck_ratio);
        Duration::from_nanos((clocks * 1_000_000_000).div_ceil(u64::from(self.clock_hz.max(1))))
    }

    /// Words that the FIFOs, or the registers in place of them, hold.
    #[must_use]
    pub const fn depth(&self) -> usize {
        if self.fifo_depth == 0 { 1 } else { self.fifo_depth as usize }
    }

    /// Checks that a block can have been built like this, and that this driver is for such a one.
    ///
    /// # Errors
    ///
    /// Any of [`AxiQuadSpiConfigError`] but the first.
    pub const fn validate(&self) -> Result<(), AxiQuadSpiConfigError> {
        if self.lanes_mode != 0 {
            return Err(AxiQuadSpiConfigError::SeveralLanes { lanes: if self.lanes_mode == 1 { 2 } else { 4 } });
        }
        if self.executes_in_place {
            return Err(AxiQuadSpiConfigError::ExecutesInPlace);
        }
        if self.axi4_interface {
            return Err(AxiQuadSpiConfigError::Axi4Interface);
        }
        match (self.slave_selects, self.word_bits, self.fifo_depth) {
            (1..=32, 8 | 16 | 32, 0 | 16 | 256) => Ok(()),
            _ => Err(AxiQuadSpiConfigError::NoSuchBuild),
        }
    }
}

/// Why an AXI Quad SPI could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiQuadSpiConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// It was built for dual or quad mode.
    SeveralLanes {
        /// How many lines carry the data.
        lanes: u8,
    },
    /// It was built to execute in place.
    ExecutesInPlace,
    /// It was built with an AXI4 interface.
    Axi4Interface,
    /// No block has such FIFOs, words or selects.
    NoSuchBuild,
}

impl fmt::Display for AxiQuadSpiConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::WindowTooSmall(error) => return error.fmt(f),
            Self::SeveralLanes { lanes: 2 } => "dual mode (C_SPI_MODE = 1); rebuild it with C_SPI_MODE = 0",
            Self::SeveralLanes { .. } => "quad mode (C_SPI_MODE = 2); rebuild it with C_SPI_MODE = 0",
            Self::ExecutesInPlace => "execution in place (C_XIP_MODE = 1); rebuild it without",
            Self::Axi4Interface => "an AXI4 interface (C_TYPE_OF_AXI4_INTERFACE = 1); rebuild it with AXI4-Lite",
            Self::NoSuchBuild => {
                return f.write_str(
                    "an AXI Quad SPI has 1 to 32 slave selects, words of 8, 16 or 32 bits and FIFOs of 0, 16 or 256 words; \
                     check its configuration",
                );
            }
        };
        write!(f, "this driver is for an AXI Quad SPI in standard mode, and this one was built for {what}")
    }
}

impl core::error::Error for AxiQuadSpiConfigError {}

impl From<WindowTooSmall> for AxiQuadSpiConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
