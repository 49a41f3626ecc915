//! A display with an SSD1306.

use alloc::vec;
use alloc::vec::Vec;

use pynq_core::Instant;

use super::{I2cAddress, I2cTarget};
use crate::{
    device::{Picture, View},
    sync::Arc,
};

/// Columns of the controller's memory.
const WIDTH: usize = 128;
/// Its pages, of eight lines each.
const PAGES: usize = 8;

/// How the address goes on after a byte of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Addressing {
    Horizontal,
    Vertical,
    Page,
}

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
    height: usize,
    /// By page and segment.
    memory: Vec<u8>,
    expects: Expects,
    /// A command and its arguments so far.
    command: Vec<u8>,
    addressing: Addressing,
    columns: (usize, usize),
    pages: (usize, usize),
    at: (usize, usize),
    start_line: usize,
    offset: usize,
    multiplex: usize,
    columns_reversed: bool,
    lines_reversed: bool,
    is_on: bool,
    all_lit: bool,
    inverted: bool,
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
        Self {
            height,
            memory: vec![0; WIDTH * PAGES],
            expects: Expects::Control,
            command: Vec::new(),
            addressing: Addressing::Page,
            columns: (0, WIDTH - 1),
            pages: (0, PAGES - 1),
            at: (0, 0),
            start_line: 0,
            offset: 0,
            multiplex: 64,
            columns_reversed: false,
            lines_reversed: false,
            is_on: false,
            all_lit: false,
            inverted: false,
        }
    }

    /// How many bytes follow this command.
    const fn arguments(command: u8) -> usize {
        match command {
            0x20 | 0x81 | 0x8D | 0xA8 | 0xD3 | 0xD5 | 0xD9 | 0xDA | 0xDB => 1,
            0x21 | 0x22 | 0xA3 => 2,
            0x29 | 0x2A => 5,
            0x26 | 0x27 => 6,
            _ => 0,
        }
    }

    fn command(&mut self, byte: u8) {
        self.command.push(byte);
        let &[command, ref arguments @ ..] = &self.command[..] else { return };
        if arguments.len() < Self::arguments(command) {
            return;
        }
        let argument = |index: usize| arguments.get(index).map_or(0, |&byte| usize::from(byte));
        let (first, second) = (argument(0), argument(1));
        match command {
            0x00..=0x0F => self.at.0 = self.at.0 & 0x70 | usize::from(command & 0xF),
            0x10..=0x1F => self.at.0 = self.at.0 & 0x0F | usize::from(command & 7) << 4,
            0x20 => {
                self.addressing = match first & 3 {
                    0 => Addressing::Horizontal,
                    1 => Addressing::Vertical,
                    _ => Addressing::Page,
                };
            }
            0x21 => {
                self.columns = (first & 0x7F, second & 0x7F);
                self.at.0 = self.columns.0;
            }
            0x22 => {
                self.pages = (first & 7, second & 7);
                self.at.1 = self.pages.0;
            }
            0x40..=0x7F => self.start_line = usize::from(command & 0x3F),
            0xA0 | 0xA1 => self.columns_reversed = command & 1 != 0,
            0xA4 | 0xA5 => self.all_lit = command & 1 != 0,
            0xA6 | 0xA7 => self.inverted = command & 1 != 0,
            0xA8 => self.multiplex = (first & 0x3F) + 1,
            0xAE | 0xAF => self.is_on = command & 1 != 0,
            0xB0..=0xB7 => self.at.1 = usize::from(command & 7),
            0xC0 | 0xC8 => self.lines_reversed = command & 8 != 0,
            0xD3 => self.offset = first & 0x3F,
            _ => {}
        }
        self.command.clear();
    }

    fn data(&mut self, byte: u8) {
        let (column, page) = self.at;
        // Where a column lies is decided when it is written.
        let segment = if self.columns_reversed { WIDTH - 1 - column } else { column };
        self.memory[page * WIDTH + segment] = byte;
        let (next_column, column_ends) = next(column, self.columns);
        let (next_page, page_ends) = next(page, self.pages);
        self.at = match self.addressing {
            Addressing::Page => ((column + 1) % WIDTH, page),
            Addressing::Horizontal => (next_column, if column_ends { next_page } else { page }),
            Addressing::Vertical => (if page_ends { next_column } else { column }, next_page),
        };
    }

    fn is_lit(&self, x: usize, y: usize) -> bool {
        if !self.is_on || self.all_lit {
            return self.is_on;
        }
        // The first segment is on the right, and the first common line at the bottom.
        let (segment, common) = (WIDTH - 1 - x, self.height - 1 - y);
        let row = if self.lines_reversed { self.multiplex.saturating_sub(1 + common) } else { common };
        let line = (row + self.start_line + self.offset) % (PAGES * 8);
        (self.memory[line / 8 * WIDTH + segment] >> (line % 8) & 1 != 0) != self.inverted
    }
}

/// The place after `at` in a range that is gone through again and again, and whether it begins anew.
const fn next(at: usize, (first, last): (usize, usize)) -> (usize, bool) {
    if at == last { (first, true) } else { (at + 1, false) }
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
            Expects::Command { .. } => self.command(byte),
            Expects::Data { .. } => self.data(byte),
        }
        if matches!(self.expects, Expects::Command { one: true } | Expects::Data { one: true }) {
            self.expects = Expects::Control;
        }
        true
    }

    /// Its status: whether the display is off.
    fn read(&mut self, _: Instant) -> u8 {
        u8::from(!self.is_on) << 6
    }

    fn view(&self) -> View {
        let lit = |y: usize| (0..WIDTH).map(move |x| if self.is_lit(x, y) { u8::MAX } else { 0 });
        let data: Vec<u8> = (0..self.height).flat_map(lit).collect();
        let height = u32::try_from(self.height).unwrap_or(0);
        View::Picture(Picture { width: 128, height, pixel: 1, data: Arc::from(data) })
    }
}
