//! Which pins a board's buttons, switches and LEDs are on.

use alloc::string::{String, ToString};
use core::ops::Range;

use crate::fabric::Stimulus;

/// Which pins a board's buttons, switches and LEDs are on: what a script calls `press 0`.
///
/// The devices of a kind are on one channel of one block, from its first pin on, each on one pin, and an LED of three colours
/// on three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    buttons: Option<Group>,
    switches: Option<Group>,
    leds: Option<Group>,
    rgb_leds: Option<Group>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    path: String,
    channel: u8,
    numbers: Range<u8>,
    /// Pins of each.
    pins: u8,
}

/// The pins of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pins<'a> {
    /// The block's path.
    pub path: &'a str,
    /// Its channel, counted from 1.
    pub channel: u8,
    /// The first of the pins.
    pub first: u8,
    /// How many there are.
    pub count: u8,
}

impl Group {
    fn new(path: &str, channel: u8, numbers: Range<u8>, pins: u8) -> Option<Self> {
        Some(Self { path: path.to_string(), channel, numbers, pins })
    }

    fn pins(&self, number: u8) -> Option<Pins<'_>> {
        let first = number.checked_sub(self.numbers.start)?.checked_mul(self.pins)?;
        let pins = Pins { path: &self.path, channel: self.channel, first, count: self.pins };
        self.numbers.contains(&number).then_some(pins)
    }

    /// The device on a pin, for devices of one pin.
    fn number(&self, path: &str, channel: u8, bit: u8) -> Option<u8> {
        let number = self.numbers.start.checked_add(bit)?;
        (self.path == path && self.channel == channel && self.numbers.contains(&number)).then_some(number)
    }
}

/// The numbers of a kind, or that there are none.
fn numbers(group: Option<&Group>) -> Range<u8> {
    group.map_or(0..0, |group| group.numbers.clone())
}

impl Roles {
    /// A board without buttons, switches and LEDs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with buttons of these numbers.
    #[must_use]
    pub fn with_buttons(mut self, path: &str, channel: u8, numbers: Range<u8>) -> Self {
        self.buttons = Group::new(path, channel, numbers, 1);
        self
    }

    /// The same with switches of these numbers.
    #[must_use]
    pub fn with_switches(mut self, path: &str, channel: u8, numbers: Range<u8>) -> Self {
        self.switches = Group::new(path, channel, numbers, 1);
        self
    }

    /// The same with LEDs of these numbers.
    #[must_use]
    pub fn with_leds(mut self, path: &str, channel: u8, numbers: Range<u8>) -> Self {
        self.leds = Group::new(path, channel, numbers, 1);
        self
    }

    /// The same with LEDs of three colours, blue on the first pin of each, then green, then red.
    #[must_use]
    pub fn with_rgb_leds(mut self, path: &str, channel: u8, numbers: Range<u8>) -> Self {
        self.rgb_leds = Group::new(path, channel, numbers, 3);
        self
    }

    /// The numbers of the buttons.
    #[must_use]
    pub fn buttons(&self) -> Range<u8> {
        numbers(self.buttons.as_ref())
    }

    /// The numbers of the switches.
    #[must_use]
    pub fn switches(&self) -> Range<u8> {
        numbers(self.switches.as_ref())
    }

    /// The numbers of the LEDs.
    #[must_use]
    pub fn leds(&self) -> Range<u8> {
        numbers(self.leds.as_ref())
    }

    /// The numbers of the LEDs of three colours.
    #[must_use]
    pub fn rgb_leds(&self) -> Range<u8> {
        numbers(self.rgb_leds.as_ref())
    }

    /// The pin of a button; `None` if there is no such button.
    #[must_use]
    pub fn button(&self, number: u8) -> Option<Pins<'_>> {
        self.buttons.as_ref()?.pins(number)
    }

    /// The pin of a switch.
    #[must_use]
    pub fn switch(&self, number: u8) -> Option<Pins<'_>> {
        self.switches.as_ref()?.pins(number)
    }

    /// The pin of an LED.
    #[must_use]
    pub fn led(&self, number: u8) -> Option<Pins<'_>> {
        self.leds.as_ref()?.pins(number)
    }

    /// The pins of an LED of three colours.
    #[must_use]
    pub fn rgb_led(&self, number: u8) -> Option<Pins<'_>> {
        self.rgb_leds.as_ref()?.pins(number)
    }

    /// The button that a stimulus moves.
    pub(super) fn button_at(&self, path: &str, channel: u8, bit: u8) -> Option<u8> {
        self.buttons.as_ref()?.number(path, channel, bit)
    }

    /// The switch that a stimulus moves.
    pub(super) fn switch_at(&self, path: &str, channel: u8, bit: u8) -> Option<u8> {
        self.switches.as_ref()?.number(path, channel, bit)
    }
}

impl Pins<'_> {
    /// The first of the pins is driven from outside.
    #[must_use]
    pub fn stimulus(&self, level: bool) -> Stimulus {
        Stimulus::pin(self.path, self.channel, self.first, level)
    }
}
