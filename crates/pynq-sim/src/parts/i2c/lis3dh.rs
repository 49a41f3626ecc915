//! An accelerometer.

use core::time::Duration;

use pynq_core::Instant;

use super::{I2cAddress, I2cTarget};

const CTRL1: u8 = 0x20;
const CTRL4: u8 = 0x23;
const STATUS: u8 = 0x27;
const OUT: u8 = 0x28;

/// A LIS3DH, at 0x18. The number that it can be [set](I2cTarget::set) to is what it feels: three bytes with a sign, X lowest,
/// in units of 1/64 g. It lies flat until then, and feels 1 g along Z.
///
/// It samples at the rate that is chosen, and has ready flags; registers beside those of mode, rate, range and output are kept
/// and do nothing. Neither FIFO nor interrupts.
#[derive(Clone, Debug)]
pub struct Lis3dh {
    kept: [u8; 64],
    at: u8,
    repeats: bool,
    is_addressed: bool,
    felt: [i8; 3],
    sampled: [i8; 3],
    status: u8,
    due: Option<Instant>,
}

impl Default for Lis3dh {
    fn default() -> Self {
        Self::new()
    }
}

impl Lis3dh {
    /// A sensor that has just been switched on, and does not sample.
    #[must_use]
    pub const fn new() -> Self {
        let mut kept = [0; 64];
        kept[0x0F] = 0x33;
        kept[CTRL1 as usize] = 0x07;
        kept[0x1E] = 0x10;
        Self {
            kept,
            at: 0,
            repeats: true,
            is_addressed: false,
            felt: [0, 0, 64],
            sampled: [0; 3],
            status: 0,
            due: None,
        }
    }

    /// The time from sample to sample, if it samples.
    fn period(&self) -> Option<Duration> {
        let hz = match self.kept[usize::from(CTRL1)] >> 4 {
            0 => return None,
            1 => 1,
            2 => 10,
            3 => 25,
            4 => 50,
            5 => 100,
            6 => 200,
            7 => 400,
            8 => 1_600,
            _ => 1_344,
        };
        Some(Duration::from_secs(1) / hz)
    }

    fn catch_up(&mut self, now: Instant) {
        let Some(period) = self.period() else { return };
        while let Some(due) = self.due.filter(|&due| due <= now) {
            // The enables of the axes are the lowest bits.
            let axes = self.kept[usize::from(CTRL1)] & 7;
            for (axis, place) in self.sampled.iter_mut().enumerate() {
                *place = if axes >> axis & 1 != 0 { self.felt[axis] } else { 0 };
            }
            // Ready, and overrun where it was so already.
            self.status |= (self.status & 0x0F) << 4 | axes | u8::from(axes == 7) << 3;
            let missed = now.duration_since(due).as_nanos() / period.as_nanos();
            self.due = Some(due + period * u32::try_from(missed + 1).unwrap_or(u32::MAX));
        }
    }

    fn register(&mut self, register: u8) -> u8 {
        match register {
            STATUS => self.status,
            OUT..=0x2D => {
                let (axis, is_upper) = (usize::from(register - OUT) / 2, register & 1 != 0);
                if is_upper {
                    self.status &= !(0x88 | 0x11 << axis);
                }
                // Left-justified; a full scale of 2 g is 16 bits.
                let shift = 8 - (self.kept[usize::from(CTRL4)] >> 4 & 3);
                let word = (i16::from(self.sampled[axis]) << shift).to_le_bytes();
                word[usize::from(is_upper)]
            }
            _ => self.kept[usize::from(register & 0x3F)],
        }
    }
}

impl I2cTarget for Lis3dh {
    fn answers(&self, address: I2cAddress) -> bool {
        address == I2cAddress::Seven(0x18)
    }

    fn start(&mut self, _: I2cAddress, _: bool, now: Instant) -> bool {
        self.catch_up(now);
        self.is_addressed = false;
        true
    }

    fn write(&mut self, byte: u8, now: Instant) -> bool {
        if !core::mem::replace(&mut self.is_addressed, true) {
            // The upper bit has the address go on after each byte.
            (self.at, self.repeats) = (byte & 0x7F, byte & 0x80 == 0);
            return true;
        }
        // Identification, status and output can't be written.
        if !matches!(self.at, 0x0F | STATUS..=0x2D) {
            self.kept[usize::from(self.at & 0x3F)] = byte;
            if self.at == CTRL1 {
                self.due = self.period().map(|period| now + period);
            }
        }
        self.at += u8::from(!self.repeats);
        true
    }

    fn read(&mut self, _: Instant) -> u8 {
        let byte = self.register(self.at);
        self.at = (self.at + u8::from(!self.repeats)) & 0x7F;
        byte
    }

    fn set(&mut self, value: u32) {
        let [x, y, z, _] = value.to_le_bytes().map(|byte| i8::from_le_bytes([byte]));
        self.felt = [x, y, z];
    }
}
