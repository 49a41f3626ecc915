//! How an AXI GPIO was built.

use core::fmt;

use pynq_core::{ParameterError, Parameters, regs::WindowTooSmall};

/// What the pins of a channel can be, as the design fixed it.
///
/// ```
/// use pynq::{ChannelDirection, prelude::*};
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let direction = |path| Ok::<_, pynq::Error>(overlay.gpio(path)?.channel1().channel_direction());
/// assert_eq!(direction("btns_gpio")?, ChannelDirection::Inputs);
/// assert_eq!(direction("leds_gpio")?, ChannelDirection::Outputs);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelDirection {
    /// `C_ALL_INPUTS`: the direction register has no effect.
    Inputs,
    /// `C_ALL_OUTPUTS`: the direction register has no effect, and nothing is sampled.
    Outputs,
    /// The direction register decides, pin by pin.
    Bidirectional,
}

/// How one channel was built; the handoff file's `C_*` parameters, those of channel 2 ending in `2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelConfig {
    /// `C_GPIO_WIDTH`: pins, 1 to 32.
    pub width: u8,
    /// `C_ALL_INPUTS` and `C_ALL_OUTPUTS`.
    pub direction: ChannelDirection,
    /// `C_DOUT_DEFAULT`: the output register after reset. Bits above the width mean nothing.
    pub dout_default: u32,
    /// `C_TRI_DEFAULT`: the direction register after reset, a one being an input. Bits above the width mean nothing.
    pub tri_default: u32,
}

impl ChannelConfig {
    const fn new(width: u8, direction: ChannelDirection) -> Self {
        Self { width, direction, dout_default: 0, tri_default: u32::MAX }
    }

    /// A channel of `width` inputs, with Vivado's defaults.
    #[must_use]
    pub const fn inputs(width: u8) -> Self {
        Self::new(width, ChannelDirection::Inputs)
    }

    /// A channel of `width` outputs, with Vivado's defaults: all low.
    #[must_use]
    pub const fn outputs(width: u8) -> Self {
        Self::new(width, ChannelDirection::Outputs)
    }

    /// A channel of `width` pins that can be either, with Vivado's defaults: all inputs.
    #[must_use]
    pub const fn bidirectional(width: u8) -> Self {
        Self::new(width, ChannelDirection::Bidirectional)
    }

    const fn from_parameters(built: &Parameters<'_>, names: [&'static str; 5]) -> Result<Self, ParameterError> {
        let [width, inputs, outputs, dout, tri] = names;
        let width = match built.byte(width, 32, 1, 32) {
            Ok(width) => width,
            Err(error) => return Err(error),
        };
        let direction = match (built.flag(inputs, false), built.flag(outputs, false)) {
            (Ok(true), Ok(_)) => ChannelDirection::Inputs,
            (Ok(false), Ok(true)) => ChannelDirection::Outputs,
            (Ok(false), Ok(false)) => ChannelDirection::Bidirectional,
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        match (built.number(dout, 0, 0, u32::MAX), built.number(tri, u32::MAX, 0, u32::MAX)) {
            (Ok(dout_default), Ok(tri_default)) => Ok(Self { width, direction, dout_default, tri_default }),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The bits that stand for pins.
    #[must_use]
    pub const fn mask(&self) -> u32 {
        ones(self.width)
    }
}

/// How an AXI GPIO was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxiGpioConfig {
    /// The first channel.
    pub channel1: ChannelConfig,
    /// The second channel, if `C_IS_DUAL`. A handoff file lists its parameters in any case.
    pub channel2: Option<ChannelConfig>,
    /// `C_INTERRUPT_PRESENT`: the block has interrupt registers. Whether its interrupt is wired is another matter.
    pub interrupt: bool,
}

impl AxiGpioConfig {
    /// A block of one channel, without an interrupt.
    #[must_use]
    pub const fn new(channel1: ChannelConfig) -> Self {
        Self { channel1, channel2: None, interrupt: false }
    }

    /// The same with a second channel.
    #[must_use]
    pub const fn dual(mut self, channel2: ChannelConfig) -> Self {
        self.channel2 = Some(channel2);
        self
    }

    /// The same with an interrupt.
    #[must_use]
    pub const fn with_interrupt(mut self) -> Self {
        self.interrupt = true;
        self
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with.
    pub const fn from_parameters(built: &Parameters<'_>) -> Result<Self, ParameterError> {
        let first = ["C_GPIO_WIDTH", "C_ALL_INPUTS", "C_ALL_OUTPUTS", "C_DOUT_DEFAULT", "C_TRI_DEFAULT"];
        let second = ["C_GPIO2_WIDTH", "C_ALL_INPUTS_2", "C_ALL_OUTPUTS_2", "C_DOUT_DEFAULT_2", "C_TRI_DEFAULT_2"];
        let mut this = match ChannelConfig::from_parameters(built, first) {
            Ok(channel) => Self::new(channel),
            Err(error) => return Err(error),
        };
        match built.flag("C_IS_DUAL", false) {
            // A file lists the parameters of the second channel in any case.
            Ok(false) => {}
            Ok(true) => match ChannelConfig::from_parameters(built, second) {
                Ok(channel) => this = this.dual(channel),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        }
        match built.flag("C_INTERRUPT_PRESENT", false) {
            Ok(interrupt) => this.interrupt = interrupt,
            Err(error) => return Err(error),
        }
        Ok(this)
    }

    /// How many channels there are.
    #[must_use]
    pub const fn channels(&self) -> u8 {
        1 + self.channel2.is_some() as u8
    }

    /// Checks that a block can have been built like this.
    ///
    /// # Errors
    ///
    /// [`AxiGpioConfigError::Width`].
    pub fn validate(&self) -> Result<(), AxiGpioConfigError> {
        for (channel, config) in (1..).zip([Some(self.channel1), self.channel2].into_iter().flatten()) {
            if !(1..=32).contains(&config.width) {
                return Err(AxiGpioConfigError::Width { channel, found: config.width });
            }
        }
        Ok(())
    }
}

/// Why an AXI GPIO could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiGpioConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// No channel has that many pins.
    Width {
        /// Which channel, 1 or 2.
        channel: u8,
        /// How many pins it is said to have.
        found: u8,
    },
}

impl fmt::Display for AxiGpioConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::Width { channel, found } => write!(
                f,
                "a channel of an AXI GPIO has 1 to 32 pins, channel {channel} is said to have {found}; check its C_GPIO{}_WIDTH",
                if *channel == 2 { "2" } else { "" },
            ),
        }
    }
}

impl core::error::Error for AxiGpioConfigError {}

impl From<WindowTooSmall> for AxiGpioConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}

/// The lowest `count` bits set.
pub(super) const fn ones(count: u8) -> u32 {
    if count >= 32 { u32::MAX } else { (1 << count) - 1 }
}
