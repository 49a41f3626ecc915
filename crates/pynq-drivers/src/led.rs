//! LEDs of one colour.

use core::fmt;

use embedded_hal::digital::{ErrorType, OutputPin, PinState, StatefulOutputPin};
use pynq_core::BlockError;

use crate::{
    Level,
    axi_gpio::{AxiGpioError, Direction, Pin, Result},
};

/// An LED that is lit by a high level.
///
/// Clones are handles on the same one. Also an [`OutputPin`](embedded_hal::digital::OutputPin).
///
/// ```
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// let led = base.led(0)?;
/// led.on()?;
/// led.toggle()?;
/// assert!(!led.is_on()?);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct Led {
    pin: Pin,
}

impl Led {
    /// The LED on `pin`, which is made an output if it can be either, driving what was last written to it.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], or the error the block has failed with.
    pub fn new(pin: Pin) -> Result<Self> {
        pin.set_direction(Direction::Output)?;
        Ok(Self { pin })
    }

    /// Turns it on.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn on(&self) -> Result<()> {
        self.pin.set_high()
    }

    /// Turns it off.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn off(&self) -> Result<()> {
        self.pin.set_low()
    }

    /// Turns it on or off.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn set(&self, on: bool) -> Result<()> {
        self.pin.write(Level::from(on))
    }

    /// Turns it off if it is on, and on if it is off.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn toggle(&self) -> Result<()> {
        self.pin.toggle()
    }

    /// Whether it was turned on last; no register is read.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_on(&self) -> Result<bool> {
        Ok(self.pin.output()?.is_high())
    }

    /// Its pin.
    pub const fn pin(&self) -> &Pin {
        &self.pin
    }
}

impl ErrorType for Led {
    type Error = BlockError<AxiGpioError>;
}

/// High is on.
impl OutputPin for Led {
    fn set_low(&mut self) -> Result<()> {
        self.off()
    }

    fn set_high(&mut self) -> Result<()> {
        self.on()
    }

    fn set_state(&mut self, state: PinState) -> Result<()> {
        self.pin.write(state.into())
    }
}

impl StatefulOutputPin for Led {
    fn is_set_high(&mut self) -> Result<bool> {
        self.is_on()
    }

    fn is_set_low(&mut self) -> Result<bool> {
        Ok(!self.is_on()?)
    }

    fn toggle(&mut self) -> Result<()> {
        self.pin.toggle()
    }
}

impl fmt::Debug for Led {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Led").field(&self.pin).finish()
    }
}
