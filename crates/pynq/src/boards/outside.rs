//! The outside of a simulated board, by role: who presses its buttons, and looks at its LEDs.

use std::time::Duration;

use pynq_core::Instant;
use pynq_drivers::Color;
use pynq_sim::{
    Board, OutputChange, Stimulus,
    script::{Pins, Roles, Script, Step},
};

use super::BaseOverlay;
use crate::{Error, Result};

/// The outside of a simulated board. On a real one all of these return [`Error::NotSimulated`].
impl BaseOverlay {
    fn outside(&self) -> Result<(&Board, Roles)> {
        let board = self.simulation().ok_or_else(|| Error::NotSimulated { design: self.name().to_owned() })?;
        Ok((board, self.board().roles(board)))
    }

    fn no_such(&self, kind: &'static str, number: u8, has: std::ops::Range<u8>) -> Error {
        Error::NoSuchDevice { kind, number, board: self.board().name.clone().into_owned(), has }
    }

    /// The finger on push button `number` of a simulated board.
    ///
    /// ```
    /// use pynq::prelude::*;
    /// use std::time::Duration;
    ///
    /// let base = BaseOverlay::simulated_board(boards::pynq_z2())?; // or BaseOverlay::simulated("base.hwh")
    /// let (button, led) = (base.button(0)?, base.led(0)?);
    ///
    /// base.sim_button(0)?.after(Duration::from_millis(10)).press_for(Duration::from_millis(20))?;
    /// button.wait_for_level(Level::High)?;
    /// led.on()?;
    /// button.wait_for_level(Level::Low)?;
    /// led.off()?;
    ///
    /// let at = |millis| Instant::from_millis(millis);
    /// assert_eq!(base.sim_led(0)?.history(), [(at(10), true), (at(30), false)]);
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`] or [`Error::NotSimulated`].
    pub fn sim_button(&self, number: u8) -> Result<SimButton> {
        let (board, roles) = self.outside()?;
        let pin = roles.button(number).ok_or_else(|| self.no_such("button", number, roles.buttons()))?;
        Ok(SimButton(Input::new(board, pin)))
    }

    /// The hand on switch `number` of a simulated board.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`] or [`Error::NotSimulated`].
    pub fn sim_switch(&self, number: u8) -> Result<SimSwitch> {
        let (board, roles) = self.outside()?;
        let pin = roles.switch(number).ok_or_else(|| self.no_such("switch", number, roles.switches()))?;
        Ok(SimSwitch(Input::new(board, pin)))
    }

    /// The eye on LED `number` of a simulated board.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`] or [`Error::NotSimulated`].
    pub fn sim_led(&self, number: u8) -> Result<SimLed> {
        let (board, roles) = self.outside()?;
        let pin = roles.led(number).ok_or_else(|| self.no_such("LED", number, roles.leds()))?;
        Ok(SimLed(Output::new(board, pin)))
    }

    /// The eye on RGB LED `number` of a simulated board.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDevice`] or [`Error::NotSimulated`].
    pub fn sim_rgb_led(&self, number: u8) -> Result<SimRgbLed> {
        let (board, roles) = self.outside()?;
        let pins = roles.rgb_led(number).ok_or_else(|| self.no_such("RGB LED", number, roles.rgb_leds()))?;
        Ok(SimRgbLed(Output::new(board, pins)))
    }

    /// Plays a [script](pynq_sim::script) on a simulated board, from now on.
    ///
    /// ```
    /// use pynq::prelude::*;
    ///
    /// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
    /// base.play(&"10ms press 2 for 5ms\n1s switch 0 on".parse()?)?;
    /// base.switch(0)?.wait_for_level(Level::High)?;
    /// assert_eq!(base.clock().now(), Instant::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Script`] with the line if the board does not have what it is for; then nothing happens.
    /// [`Error::NotSimulated`].
    pub fn play(&self, script: &Script) -> Result<()> {
        self.play_with(script, |_, _, _| ())
    }

    /// As [`play`](Self::play), and calls `before` before each step: see [`Script::play_with`].
    ///
    /// # Errors
    ///
    /// As [`play`](Self::play).
    pub fn play_with(
        &self,
        script: &Script,
        before: impl Fn(&Board, &Step, Result<(), pynq_sim::Error>) + Send + Sync + 'static,
    ) -> Result<()> {
        let (board, roles) = self.outside()?;
        script.play_with(board, &roles, before).map_err(|error| Error::Script(Box::new(error)))
    }
}

/// A pin that is driven from outside, at once or at a time.
#[derive(Clone, Debug)]
struct Input {
    board: Board,
    low: Stimulus,
    high: Stimulus,
    port: (String, u8, u8),
    at: Option<Instant>,
}

impl Input {
    fn new(board: &Board, pin: Pins<'_>) -> Self {
        let port = (pin.path.to_owned(), pin.channel, pin.first);
        Self { board: board.clone(), low: pin.stimulus(false), high: pin.stimulus(true), port, at: None }
    }

    fn at(&self, time: Instant) -> Self {
        Self { at: Some(time), ..self.clone() }
    }

    fn drive(&self, level: bool, delay: Duration) -> Result<()> {
        let stimulus = if level { &self.high } else { &self.low };
        let at = match self.at {
            Some(at) => at + delay,
            None if delay.is_zero() => return Ok(self.board.stimulate(stimulus)?),
            None => self.board.now() + delay,
        };
        self.board.check(stimulus)?;
        let stimulus = stimulus.clone();
        // By then the design may have been replaced by one without that pin.
        self.board.at(at, move |board| drop(board.stimulate(&stimulus)));
        Ok(())
    }

    fn level(&self) -> Result<bool> {
        let (path, channel, bit) = &self.port;
        Ok(self.board.driven(path, *channel)? >> bit & 1 != 0)
    }
}

/// Who presses a button of a simulated board: [`BaseOverlay::sim_button`].
///
/// What it does happens at once, or at the time of a handle that [`at`](Self::at) or [`after`](Self::after) gives.
///
/// ```
/// use std::time::Duration;
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// let finger = base.sim_button(1)?;
/// finger.after(Duration::from_millis(5)).press_for(Duration::from_millis(20))?;
/// base.button(1)?.wait_for_level(Level::High)?;
/// assert!(finger.is_pressed()?);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SimButton(Input);

impl SimButton {
    /// The same button, for what is to be done at `time`. If that has passed, it is done at the next step of the clock.
    #[must_use]
    pub fn at(&self, time: Instant) -> Self {
        Self(self.0.at(time))
    }

    /// The same button, for what is to be done `delay` from now.
    #[must_use]
    pub fn after(&self, delay: Duration) -> Self {
        self.at(self.0.board.now() + delay)
    }

    /// Presses it.
    ///
    /// # Errors
    ///
    /// [`Error::Simulation`] if the design was replaced by one without that pin.
    pub fn press(&self) -> Result<()> {
        self.0.drive(true, Duration::ZERO)
    }

    /// Lets go of it.
    ///
    /// # Errors
    ///
    /// As [`press`](Self::press).
    pub fn release(&self) -> Result<()> {
        self.0.drive(false, Duration::ZERO)
    }

    /// Presses it, and lets go of it `duration` later on the board's clock.
    ///
    /// # Errors
    ///
    /// As [`press`](Self::press).
    pub fn press_for(&self, duration: Duration) -> Result<()> {
        self.press()?;
        self.0.drive(false, duration)
    }

    /// Whether it is down.
    ///
    /// # Errors
    ///
    /// As [`press`](Self::press).
    pub fn is_pressed(&self) -> Result<bool> {
        self.0.level()
    }
}

/// Who moves a switch of a simulated board: [`BaseOverlay::sim_switch`].
///
/// What it does happens at once, or at the time of a handle that [`at`](Self::at) or [`after`](Self::after) gives.
///
/// ```
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// base.sim_switch(0)?.on()?;
/// assert!(base.switch(0)?.is_on()?);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SimSwitch(Input);

impl SimSwitch {
    /// The same switch, for what is to be done at `time`.
    #[must_use]
    pub fn at(&self, time: Instant) -> Self {
        Self(self.0.at(time))
    }

    /// The same switch, for what is to be done `delay` from now.
    #[must_use]
    pub fn after(&self, delay: Duration) -> Self {
        self.at(self.0.board.now() + delay)
    }

    /// Moves it on or off.
    ///
    /// # Errors
    ///
    /// [`Error::Simulation`] if the design was replaced by one without that pin.
    pub fn set(&self, on: bool) -> Result<()> {
        self.0.drive(on, Duration::ZERO)
    }

    /// Moves it on.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn on(&self) -> Result<()> {
        self.set(true)
    }

    /// Moves it off.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn off(&self) -> Result<()> {
        self.set(false)
    }

    /// Whether it is on.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn is_on(&self) -> Result<bool> {
        self.0.level()
    }
}

/// Pins that are seen from outside.
#[derive(Clone, Debug)]
struct Output {
    board: Board,
    path: String,
    channel: u8,
    first: u8,
    mask: u32,
}

impl Output {
    fn new(board: &Board, pins: Pins<'_>) -> Self {
        let (path, channel, first, mask) = (pins.path.to_owned(), pins.channel, pins.first, (1 << pins.count) - 1);
        Self { board: board.clone(), path, channel, first, mask }
    }

    fn of(&self, value: u32) -> u32 {
        value >> self.first & self.mask
    }

    fn now(&self) -> Result<u32> {
        Ok(self.of(self.board.output(&self.path, self.channel)?))
    }

    /// The changes of these pins among those of the channel, from what they were at reset.
    fn history(&self) -> Vec<(Instant, u32)> {
        let mut history: Vec<(Instant, u32)> = Vec::new();
        for OutputChange { time, path, channel, value, .. } in self.board.output_log() {
            let value = self.of(value);
            let is_new = history.last().map_or(0, |last| last.1) != value;
            if path == self.path && channel == self.channel && is_new {
                history.push((time, value));
            }
        }
        history
    }
}

/// Who looks at an LED of a simulated board: [`BaseOverlay::sim_led`].
///
/// ```
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// base.led(2)?.on()?;
/// assert!(base.sim_led(2)?.is_on()?);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SimLed(Output);

impl SimLed {
    /// Whether it is lit.
    ///
    /// # Errors
    ///
    /// [`Error::Simulation`] if the design was replaced by one without that pin.
    pub fn is_on(&self) -> Result<bool> {
        Ok(self.0.now()? != 0)
    }

    /// When it was lit and put out, as far as the board's [log](Board::output_log) goes back. It is taken to be dark before that.
    #[must_use]
    pub fn history(&self) -> Vec<(Instant, bool)> {
        self.0.history().into_iter().map(|(time, value)| (time, value != 0)).collect()
    }
}

/// Who looks at an RGB LED of a simulated board: [`BaseOverlay::sim_rgb_led`].
///
/// ```
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// base.rgb_led(4)?.on(Color::Magenta)?;
/// assert_eq!(base.sim_rgb_led(4)?.color()?, Color::Magenta);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SimRgbLed(Output);

impl SimRgbLed {
    /// Its colour.
    ///
    /// # Errors
    ///
    /// As [`SimLed::is_on`].
    pub fn color(&self) -> Result<Color> {
        self.0.now().map(color)
    }

    /// When it changed its colour, and to which. It is taken to be dark before that.
    #[must_use]
    pub fn history(&self) -> Vec<(Instant, Color)> {
        self.0.history().into_iter().map(|(time, value)| (time, color(value))).collect()
    }
}

/// Three pins are eight colours.
fn color(pins: u32) -> Color {
    u8::try_from(pins).ok().and_then(Color::from_number).unwrap_or_default()
}
