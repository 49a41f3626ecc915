//! LEDs of three colours.

use core::fmt;

use crate::axi_gpio::{AxiGpioError, Direction, Result, Slice};

/// What an [`RgbLed`] can show; the numbers are PYNQ's.
///
/// ```
/// use pynq_drivers::Color;
///
/// assert_eq!(Color::Yellow.number(), Color::Red.number() | Color::Green.number());
/// assert_eq!(Color::from_number(1), Some(Color::Blue));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// Nothing: it is off.
    #[default]
    Clear = 0,
    /// Blue, bit 0.
    Blue = 1,
    /// Green, bit 1.
    Green = 2,
    /// Green and blue.
    Cyan = 3,
    /// Red, bit 2.
    Red = 4,
    /// Red and blue.
    Magenta = 5,
    /// Red and green.
    Yellow = 6,
    /// All three.
    White = 7,
}

impl Color {
    /// All of them, by number.
    pub const ALL: [Self; 8] =
        [Self::Clear, Self::Blue, Self::Green, Self::Cyan, Self::Red, Self::Magenta, Self::Yellow, Self::White];

    /// The colour whose number is `number`, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its number: blue, green and red from bit 0.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// An LED of three colours, on three pins: blue, green and red, lit by a high level.
///
/// Clones are handles on the same one.
///
/// ```
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// let light = base.rgb_led(4)?; // the PYNQ boards number them 4 and 5
/// light.on(Color::Green)?;
/// assert_eq!(light.color()?, Color::Green);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct RgbLed {
    pins: Slice,
}

impl RgbLed {
    /// The LED on `pins`, which are made outputs if they can be either, driving what was last written to them.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NotThreePins`], [`AxiGpioError::InputsOnly`], or the error the block has failed with.
    pub fn new(pins: Slice) -> Result<Self> {
        if pins.width() != 3 {
            return Err(pins.node().error(AxiGpioError::NotThreePins { pins: pins.width() }));
        }
        pins.set_direction(Direction::Output)?;
        Ok(Self { pins })
    }

    /// Shows `color`.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn on(&self, color: Color) -> Result<()> {
        self.set(color)
    }

    /// Turns it off.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn off(&self) -> Result<()> {
        self.set(Color::Clear)
    }

    /// Shows `color`, or nothing for [`Color::Clear`].
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn set(&self, color: Color) -> Result<()> {
        self.pins.write(color.number().into())
    }

    /// The colour it was last set to; no register is read.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn color(&self) -> Result<Color> {
        let bits = self.pins.output()?;
        Ok(u8::try_from(bits).ok().and_then(Color::from_number).unwrap_or_default())
    }

    /// Whether it shows a colour; no register is read.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_on(&self) -> Result<bool> {
        Ok(self.color()? != Color::Clear)
    }

    /// Its pins.
    pub const fn pins(&self) -> &Slice {
        &self.pins
    }
}

impl fmt::Debug for RgbLed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RgbLed").field(&self.pins).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_their_numbers() {
        for (number, color) in (0..).zip(Color::ALL) {
            assert_eq!((color.number(), Color::from_number(number)), (number, Some(color)));
        }
        assert_eq!(Color::from_number(8), None);
    }
}
