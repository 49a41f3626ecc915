//! An overlay together with its board's buttons, LEDs and switches.

use std::{ops::Deref, ops::Range, sync::Arc};

use super::{BoardDefinition, PinGroup, detect};
use crate::{Button, Error, Led, Overlay, Result, RgbLed, Slice, Switch};

/// A board's base overlay: PYNQ's `BaseOverlay`. It is an [`Overlay`], and knows what is on the board.
///
/// Everything it gives out is made anew from the overlay, so that it goes on to work after
/// [`reload`](Overlay::reload); what it gave out before that doesn't.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?; // or BaseOverlay::simulated("base.hwh")
/// let (button, led) = (base.button(0)?, base.led(0)?);
///
/// # base.simulation().unwrap().press("btns_gpio", 0)?;
/// button.wait_for_level(Level::High)?;
/// led.on()?;
/// assert_eq!(base.button(4).unwrap_err().to_string(), "no button 4 on PYNQ-Z2; it has 0 to 3");
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BaseOverlay {
    overlay: Overlay,
    board: Arc<BoardDefinition>,
}

/// It is an overlay, as PYNQ's is by inheritance.
impl Deref for BaseOverlay {
    type Target = Overlay;

    fn deref(&self) -> &Overlay {
        &self.overlay
    }
}

impl BaseOverlay {
    /// The base overlay of the board that `overlay` is for.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownBoard`]; then describe it, and see [`with_board`](Self::with_board).
    pub fn new(overlay: Overlay) -> Result<Self> {
        let board = detect(overlay.design())?;
        Ok(Self::with_board(overlay, board))
    }

    /// `overlay` on a board of your own description. If it is wrong about a device, the call for that device returns
    /// the error.
    #[must_use]
    pub fn with_board(overlay: Overlay, board: BoardDefinition) -> Self {
        Self { overlay, board: Arc::new(board) }
    }

    /// The base overlay described by the handoff file at `path`, on a simulated board.
    ///
    /// # Errors
    ///
    /// As [`Overlay::simulated`] and [`new`](Self::new).
    #[cfg(feature = "sim")]
    pub fn simulated(path: impl AsRef<std::path::Path>) -> Result<Self> {
        Self::new(Overlay::simulated(path)?)
    }

    /// `board` as a simulated one, with the design that comes with it: no file is needed.
    ///
    /// ```
    /// use pynq::prelude::*;
    ///
    /// let base = BaseOverlay::simulated_board(boards::zcu104())?;
    /// base.led(3)?.on()?;
    /// assert!(base.led(3)?.is_on()?);
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Overlay::simulated_board`].
    #[cfg(feature = "sim")]
    pub fn simulated_board(board: BoardDefinition) -> Result<Self> {
        Ok(Self::with_board(Overlay::simulated_board(&board)?, board))
    }

    /// The overlay.
    #[must_use]
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// The board.
    #[must_use]
    pub fn board(&self) -> &BoardDefinition {
        &self.board
    }

    /// Push button `number`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`], and as [`Overlay::gpio`] and [`Button::new`].
    pub fn button(&self, number: u8) -> Result<Button> {
        Ok(Button::new(Kind::BUTTON.find(self, number)?.pin(0)?)?)
    }

    /// All push buttons, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// As [`button`](Self::button).
    pub fn buttons(&self) -> Result<Vec<Button>> {
        Kind::BUTTON.all(self, |number| self.button(number))
    }

    /// LED `number`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`], and as [`Overlay::gpio`] and [`Led::new`].
    pub fn led(&self, number: u8) -> Result<Led> {
        Ok(Led::new(Kind::LED.find(self, number)?.pin(0)?)?)
    }

    /// All LEDs, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// As [`led`](Self::led).
    pub fn leds(&self) -> Result<Vec<Led>> {
        Kind::LED.all(self, |number| self.led(number))
    }

    /// Switch `number`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`], and as [`Overlay::gpio`] and [`Switch::new`].
    pub fn switch(&self, number: u8) -> Result<Switch> {
        Ok(Switch::new(Kind::SWITCH.find(self, number)?.pin(0)?)?)
    }

    /// All switches, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// As [`switch`](Self::switch).
    pub fn switches(&self) -> Result<Vec<Switch>> {
        Kind::SWITCH.all(self, |number| self.switch(number))
    }

    /// RGB LED `number`; on the PYNQ boards they are 4 and 5.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`], and as [`Overlay::gpio`] and [`RgbLed::new`].
    pub fn rgb_led(&self, number: u8) -> Result<RgbLed> {
        Ok(RgbLed::new(Kind::RGB_LED.find(self, number)?)?)
    }

    /// All RGB LEDs, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// As [`rgb_led`](Self::rgb_led).
    pub fn rgb_leds(&self) -> Result<Vec<RgbLed>> {
        Kind::RGB_LED.all(self, |number| self.rgb_led(number))
    }

    /// [`rgb_led`](Self::rgb_led), as PYNQ spells it.
    ///
    /// # Errors
    ///
    /// As [`rgb_led`](Self::rgb_led).
    pub fn rgbled(&self, number: u8) -> Result<RgbLed> {
        self.rgb_led(number)
    }

    /// [`rgb_leds`](Self::rgb_leds), as PYNQ spells it.
    ///
    /// # Errors
    ///
    /// As [`rgb_led`](Self::rgb_led).
    pub fn rgbleds(&self) -> Result<Vec<RgbLed>> {
        self.rgb_leds()
    }
}

/// A kind of device on a board.
struct Kind {
    name: &'static str,
    /// Pins that one of them takes.
    pins: u8,
    group: fn(&BoardDefinition) -> Option<&PinGroup>,
}

impl Kind {
    const BUTTON: Self = Self { name: "button", pins: 1, group: |board| board.buttons.as_ref() };
    const LED: Self = Self { name: "LED", pins: 1, group: |board| board.leds.as_ref() };
    const SWITCH: Self = Self { name: "switch", pins: 1, group: |board| board.switches.as_ref() };
    const RGB_LED: Self = Self { name: "RGB LED", pins: 3, group: |board| board.rgbleds.as_ref() };

    /// The channel they are on, and their numbers. The design says how many pins there are.
    fn channel(&self, base: &BaseOverlay) -> Result<Option<(Slice, Range<u8>)>> {
        let Some(group) = (self.group)(&base.board) else { return Ok(None) };
        let channel = base.gpio(&group.path)?.channel(group.channel)?;
        let numbers = group.first..group.first.saturating_add(channel.width() / self.pins);
        Ok(Some((channel, numbers)))
    }

    /// The pins of device `number`.
    fn find(&self, base: &BaseOverlay, number: u8) -> Result<Slice> {
        let found = self.channel(base)?;
        let has = found.as_ref().map_or(0..0, |(_, numbers)| numbers.clone());
        match found {
            Some((channel, numbers)) if numbers.contains(&number) => {
                let start = (number - numbers.start) * self.pins;
                Ok(channel.slice(start..start + self.pins)?)
            }
            _ => Err(Error::NoSuchDevice { kind: self.name, number, board: base.board.name.clone().into_owned(), has }),
        }
    }

    fn all<T>(&self, base: &BaseOverlay, get: impl Fn(u8) -> Result<T>) -> Result<Vec<T>> {
        let numbers = self.channel(base)?.map_or(0..0, |(_, numbers)| numbers);
        numbers.map(get).collect()
    }
}
