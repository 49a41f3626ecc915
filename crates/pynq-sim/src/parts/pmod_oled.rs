//! The Pmod OLED: a display of 128 by 32 pixels with an SSD1306 on SPI.

use alloc::format;

use pynq_core::Instant;

use super::{SpiChip, SpiTarget, ssd1306::Controller};
use crate::{board::BoardBuilder, device::View};

/// Digilent's Pmod OLED, whose reference manual is the document: a display of 128 by 32 pixels, on SPI, with lines for
/// data or command, reset and its two supplies.
///
/// Its view is what is lit, one byte a pixel: 255 or 0. It is dark unless both supplies are on, and switching the one of the
/// logic on leaves anything in its memory, as in the chip's.
///
/// On a [`SpiChip`] its pins have the numbers of the connector's lower row: 4 is data (high) or command, 5 the reset (low),
/// 6 the supply of the glass, 7 that of the logic (both low for on). Pins 0 to 3 say that nothing drives pins 4 to 7: they
/// are pulled up then. [`plugged_in`](Self::plugged_in) wires all of them.
///
/// ```
/// use pynq_sim::{
///     Board,
///     device::View,
///     models::{AxiQuadSpiModel, IoSwitchModel, SpiParams},
///     parts::PmodOled,
/// };
///
/// // What an I/O processor has of it; designs have all of this.
/// let builder = Board::builder()
///     .device("iop/spi", 0x44A1_0000, 0x1_0000, AxiQuadSpiModel::new(SpiParams::default()))
///     .device("iop/io_switch", 0x44A2_0000, 0x1_0000, IoSwitchModel::new(8));
/// let board = PmodOled::new().plugged_in(builder, "iop", "display").build()?;
/// let View::Picture(picture) = board.view("display")? else { panic!("it is a display") };
/// assert_eq!((picture.width, picture.height), (128, 32));
/// # Ok::<(), pynq_sim::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PmodOled {
    controller: Controller,
    /// As the connector has them.
    pins: u8,
}

/// Of the lower row, in the upper half.
const DATA: u8 = 4;
const RESET: u8 = 5;
const GLASS: u8 = 6;
const LOGIC: u8 = 7;

impl Default for PmodOled {
    fn default() -> Self {
        Self::new()
    }
}

impl PmodOled {
    /// One of which all lines are low, as a [`SpiChip`] has them until they are wired.
    #[must_use]
    pub fn new() -> Self {
        Self { controller: Controller::new(32), pins: 0 }
    }

    /// Puts it on the Pmod connector of one of PYNQ's I/O processors, the level `iop` of the design, as a part of this name.
    /// The chip is joined to the SPI controller as a bus, past the switch of pins, as all parts are.
    #[must_use]
    pub fn plugged_in(self, board: BoardBuilder, iop: &str, name: &str) -> BoardBuilder {
        let board = board.part(name, SpiChip::new(0, self)).join(&format!("{iop}/spi/SPI_0"), &format!("{name}/bus"));
        (4..8).fold(board, |board, pin| {
            let undriven = pin - 4;
            board
                .wire(&format!("{iop}/io_switch/io_data_o[{pin}]"), &format!("{name}/pins[{pin}]"))
                .wire(&format!("{iop}/io_switch/io_tri_o[{pin}]"), &format!("{name}/pins[{undriven}]"))
        })
    }

    /// The level of a line of the lower row.
    const fn is_high(&self, pin: u8) -> bool {
        self.pins >> pin & 1 != 0 || self.pins >> (pin - 4) & 1 != 0
    }

    const fn listens(&self) -> bool {
        !self.is_high(LOGIC) && self.is_high(RESET)
    }
}

impl SpiTarget for PmodOled {
    fn pin(&mut self, pin: u8, level: bool) {
        let had_power = !self.is_high(LOGIC);
        self.pins = self.pins & !(1 << pin) | u8::from(level) << pin;
        if had_power == self.is_high(LOGIC) {
            self.controller.power_up();
        }
        if !self.is_high(RESET) {
            self.controller.reset();
        }
    }

    /// It has no output: the line is pulled up.
    fn send(&mut self, _: Instant) -> u32 {
        0xFF
    }

    fn receive(&mut self, word: u32, _: Instant) {
        if !self.listens() {
            return;
        }
        let byte = word.to_le_bytes()[0];
        if self.is_high(DATA) { self.controller.data(byte) } else { self.controller.command(byte) }
    }

    fn view(&self) -> View {
        self.controller.view(self.listens() && !self.is_high(GLASS))
    }
}
