//! A display with an SSD1306 on I2C.

use pynq_core::Instant;

use super::{I2cAddress, I2cTarget};
use crate::{device::View, parts::ssd1306::Controller};

/// What follows a control byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Control,
    /// A command, and if `one`, then another control byte.
    Command {
        one: bool,
    },
    Data {
        one: bool,
    },
}

/// A display of 128 columns and 64 or 32 lines with an SSD1306, at 0x3C, mounted as the usual modules are: they show a picture
/// upright once columns and lines are both reversed by commands 0xA1 and 0xC8.
///
/// Its view is what is lit, one byte a pixel: 255 or 0. It is dark until it is switched on. Commands that scroll are taken, and
/// do nothing.
#[derive(Clone, Debug)]
pub struct Ssd1306 {
    expects: Expects,
    controller: Controller,
}

impl Ssd1306 {
    /// A display of 64 lines.
    #[must_use]
    pub fn of_64_lines() -> Self {
        Self::new(64)
    }

    /// A display of 32 lines.
    #[must_use]
    pub fn of_32_lines() -> Self {
        Self::new(32)
    }

    fn new(height: usize) -> Self {
        Self { expects: Expects::Control, controller: Controller::new(height) }
    }
}

impl I2cTarget for Ssd1306 {
    fn answers(&self, address: I2cAddress) -> bool {
        address == I2cAddress::Seven(0x3C)
    }

    fn start(&mut self, _: I2cAddress, _: bool, _: Instant) -> bool {
        self.expects = Expects::Control;
        true
    }

    fn write(&mut self, byte: u8, _: Instant) -> bool {
        match self.expects {
            Expects::Control => {
                let one = byte & 0x80 != 0;
                self.expects = if byte & 0x40 == 0 { Expects::Command { one } } else { Expects::Data { one } };
                return true;
            }
            Expects::Command { .. } => self.controller.command(byte),
            Expects::Data { .. } => self.controller.data(byte),
        }
        if matches!(self.expects, Expects::Command { one: true } | Expects::Data { one: true }) {
            self.expects = Expects::Control;
        }
        true
    }

    /// Its status: whether the display is off.
    fn read(&mut self, _: Instant) -> u8 {
        u8::from(!self.controller.is_on()) << 6
    }

    fn view(&self) -> View {
        self.controller.view(true)
    }
}
