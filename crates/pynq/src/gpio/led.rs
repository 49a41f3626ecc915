//! LEDs of one colour, and of three.

use pynq_drivers::Color;

use super::{
    GpioNode, Pin, Place, Slice,
    macros::{forward, handle},
};
use crate::Result;

/// An LED that is lit by a high level.
///
/// Clones are handles on the same one. Also an [`OutputPin`](embedded_hal::digital::OutputPin).
#[derive(Clone)]
pub struct Led {
    inner: pynq_drivers::Led<GpioNode>,
    place: Place,
}

handle!(Led);

impl Led {
    /// The LED on `pin`, which is made an output if it can be either, driving what was last written to it.
    ///
    /// # Errors
    ///
    /// [`Error::Gpio`](crate::Error::Gpio) with `InputsOnly`, or if the block can't be used any more.
    pub fn new(pin: Pin) -> Result<Self> {
        let inner = pin.place.named(pynq_drivers::Led::new(pin.inner))?;
        Ok(Self { inner, place: pin.place })
    }

    forward! {
        /// Turns it on.
        fn on() -> ();
        /// Turns it off.
        fn off() -> ();
        /// Turns it on or off.
        fn set(on: bool) -> ();
        /// Turns it off if it is on, and on if it is off.
        fn toggle() -> ();
        /// Whether it was turned on last; no register is read.
        fn is_on() -> bool;
    }

    /// Its pin.
    #[must_use]
    pub fn pin(&self) -> Pin {
        Pin { inner: self.inner.pin().clone(), place: self.place.clone() }
    }
}

/// High is on.
impl embedded_hal::digital::OutputPin for Led {
    fn set_low(&mut self) -> Result<()> {
        self.off()
    }

    fn set_high(&mut self) -> Result<()> {
        self.on()
    }
}

impl embedded_hal::digital::StatefulOutputPin for Led {
    fn is_set_high(&mut self) -> Result<bool> {
        self.is_on()
    }

    fn is_set_low(&mut self) -> Result<bool> {
        Ok(!self.is_on()?)
    }

    fn toggle(&mut self) -> Result<()> {
        Led::toggle(self)
    }
}

/// An LED of three colours, on three pins: blue, green and red, lit by a high level.
///
/// Clones are handles on the same one.
#[derive(Clone)]
pub struct RgbLed {
    inner: pynq_drivers::RgbLed<GpioNode>,
    place: Place,
}

handle!(RgbLed);

impl RgbLed {
    /// The LED on `pins`, which are made outputs if they can be either, driving what was last written to them.
    ///
    /// # Errors
    ///
    /// [`Error::Gpio`](crate::Error::Gpio) with `NotThreePins` or `InputsOnly`, or if the block can't be used any more.
    pub fn new(pins: Slice) -> Result<Self> {
        let inner = pins.place.named(pynq_drivers::RgbLed::new(pins.inner))?;
        Ok(Self { inner, place: pins.place })
    }

    forward! {
        /// Shows `color`.
        fn on(color: Color) -> ();
        /// Turns it off.
        fn off() -> ();
        /// Shows `color`, or nothing for [`Color::Clear`].
        fn set(color: Color) -> ();
        /// What it was last told to show; no register is read.
        fn color() -> Color;
        /// Whether it shows a colour; no register is read.
        fn is_on() -> bool;
    }

    /// Its pins.
    #[must_use]
    pub fn pins(&self) -> Slice {
        Slice { inner: self.inner.pins().clone(), place: self.place.clone() }
    }
}
