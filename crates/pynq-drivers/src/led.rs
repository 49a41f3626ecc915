//! LEDs of one colour.

use core::fmt;

use embedded_hal::digital::{ErrorType, OutputPin, PinState, StatefulOutputPin};

use crate::{
    Level,
    axi_gpio::{AxiGpioError, AxiGpioHandle, Direction, Pin},
};

/// An LED that is lit by a high level.
///
/// Clones are handles on the same one. Also an [`OutputPin`](embedded_hal::digital::OutputPin).
#[derive(Clone)]
pub struct Led<H> {
    pin: Pin<H>,
}

impl<H: AxiGpioHandle> Led<H> {
    /// The LED on `pin`, which is made an output if it can be either, driving what was last written to it.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], or the error the block has failed with.
    pub fn new(pin: Pin<H>) -> Result<Self, AxiGpioError> {
        pin.set_direction(Direction::Output)?;
        Ok(Self { pin })
    }

    /// Turns it on.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn on(&self) -> Result<(), AxiGpioError> {
        self.pin.set_high()
    }

    /// Turns it off.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn off(&self) -> Result<(), AxiGpioError> {
        self.pin.set_low()
    }

    /// Turns it on or off.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn set(&self, on: bool) -> Result<(), AxiGpioError> {
        self.pin.write(Level::from(on))
    }

    /// Turns it off if it is on, and on if it is off.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn toggle(&self) -> Result<(), AxiGpioError> {
        self.pin.toggle()
    }

    /// Whether it was turned on last; no register is read.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_on(&self) -> Result<bool, AxiGpioError> {
        Ok(self.pin.output()?.is_high())
    }

    /// Its pin.
    pub const fn pin(&self) -> &Pin<H> {
        &self.pin
    }
}

impl<H: AxiGpioHandle> ErrorType for Led<H> {
    type Error = AxiGpioError;
}

/// High is on.
impl<H: AxiGpioHandle> OutputPin for Led<H> {
    fn set_low(&mut self) -> Result<(), AxiGpioError> {
        self.off()
    }

    fn set_high(&mut self) -> Result<(), AxiGpioError> {
        self.on()
    }

    fn set_state(&mut self, state: PinState) -> Result<(), AxiGpioError> {
        self.pin.write(state.into())
    }
}

impl<H: AxiGpioHandle> StatefulOutputPin for Led<H> {
    fn is_set_high(&mut self) -> Result<bool, AxiGpioError> {
        self.is_on()
    }

    fn is_set_low(&mut self) -> Result<bool, AxiGpioError> {
        Ok(!self.is_on()?)
    }

    fn toggle(&mut self) -> Result<(), AxiGpioError> {
        self.pin.toggle()
    }
}

impl<H> fmt::Debug for Led<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Led").field(&self.pin).finish()
    }
}
