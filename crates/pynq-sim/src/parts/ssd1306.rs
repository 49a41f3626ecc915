//! The controller of a display, SSD1306: its memory, its commands, and what of the memory is lit. How bytes come to it is
//! another matter.

use alloc::vec;
use alloc::vec::Vec;

use crate::{
    device::{Picture, View},
    sync::Arc,
};

/// Columns of the controller's memory.
const WIDTH: usize = 128;
/// Its pages, of eight lines each.
const PAGES: usize = 8;

/// Common outputs on each side of the chip.
const SIDE: usize = 32;

/// How the address goes on after a byte of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Addressing {
    Horizontal,
    Vertical,
    Page,
}

/// A controller, and the glass in front of it: 128 columns, and 64 or 32 lines.
#[derive(Clone, Debug)]
pub(super) struct Controller {
    height: usize,
    /// By page and segment.
    memory: Vec<u8>,
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
    /// Neighbouring lines are on the two sides of the chip, instead of one half of them on each.
    alternating: bool,
    sides_swapped: bool,
    is_on: bool,
    all_lit: bool,
    inverted: bool,
}

impl Controller {
    /// One with this glass, after its reset.
    pub(super) fn new(height: usize) -> Self {
        Self {
            height,
            memory: vec![0; WIDTH * PAGES],
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
            alternating: true,
            sides_swapped: false,
            is_on: false,
            all_lit: false,
            inverted: false,
        }
    }

    /// Its reset, which leaves the memory alone.
    pub(super) fn reset(&mut self) {
        let memory = core::mem::take(&mut self.memory);
        *self = Self { memory, ..Self::new(self.height) };
    }

    /// What is in its memory once it has power, which is anything.
    pub(super) fn power_up(&mut self) {
        let noise = (1_u32..).map(|at| (at.wrapping_mul(0x9E37_79B1) >> 24).to_le_bytes()[0]);
        self.memory = noise.take(WIDTH * PAGES).collect();
        self.reset();
    }

    pub(super) const fn is_on(&self) -> bool {
        self.is_on
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

    pub(super) fn command(&mut self, byte: u8) {
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
            0xDA => (self.alternating, self.sides_swapped) = (first & 0x10 != 0, first & 0x20 != 0),
            _ => {}
        }
        self.command.clear();
    }

    pub(super) fn data(&mut self, byte: u8) {
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

    /// The common output at a line of the glass, counted from the bottom. Glasses of 64 lines are wired for neighbours on both
    /// sides of the chip, those of 32 lines to the 32 outputs of its first side, one after the other.
    const fn common(&self, line: usize) -> usize {
        let (side, place) = if self.height > SIDE { (line % 2, line / 2) } else { (0, line) };
        let side = if self.sides_swapped { 1 - side } else { side };
        if self.alternating { 2 * place + side } else { SIDE * side + place }
    }

    fn is_lit(&self, x: usize, y: usize) -> bool {
        if !self.is_on || self.all_lit {
            return self.is_on;
        }
        // The first segment is on the right, and the first common line at the bottom.
        let (segment, common) = (WIDTH - 1 - x, self.common(self.height - 1 - y));
        if common >= self.multiplex {
            return false;
        }
        let row = if self.lines_reversed { self.multiplex - 1 - common } else { common };
        let line = (row + self.start_line + self.offset) % (PAGES * 8);
        (self.memory[line / 8 * WIDTH + segment] >> (line % 8) & 1 != 0) != self.inverted
    }

    /// What is lit, one byte a pixel: 255 or 0. Nothing is without power for the glass.
    pub(super) fn view(&self, has_power: bool) -> View {
        let pixel = |x, y| if has_power && self.is_lit(x, y) { u8::MAX } else { 0 };
        let data: Vec<u8> = (0..self.height).flat_map(|y| (0..WIDTH).map(move |x| pixel(x, y))).collect();
        let height = u32::try_from(self.height).unwrap_or(0);
        View::Picture(Picture { width: 128, height, pixel: 1, data: Arc::from(data) })
    }
}

/// The place after `at` in a range that is gone through again and again, and whether it begins anew.
const fn next(at: usize, (first, last): (usize, usize)) -> (usize, bool) {
    if at == last { (first, true) } else { (at + 1, false) }
}
