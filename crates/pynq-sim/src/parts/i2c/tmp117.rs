//! A precise thermometer.

use core::time::Duration;

use pynq_core::Instant;

use super::{I2cAddress, I2cTarget};

const TEMPERATURE: usize = 0;
const CONFIGURATION: usize = 1;

const HIGH: u16 = 1 << 15;
const LOW: u16 = 1 << 14;
const READY: u16 = 1 << 13;
const RESET: u16 = 1 << 1;
/// What of the configuration can be written.
const WRITABLE: u16 = 0x0FFC;

/// One conversion.
const CONVERSION: Duration = Duration::from_micros(15_500);
/// How often it converts after a reset.
const CYCLE: Duration = Duration::from_secs(1);

/// A TMP117, at 0x48. The number that it can be [set](I2cTarget::set) to is its reading, of 16 bits with a sign in units of
/// 1/128 of a degree; 25 degrees before that.
///
/// It converts once a second whatever the configuration says of cycles, or once when it is told to; and takes as long as the
/// average that it is told to make. Limits raise their flags; pin and EEPROM are left out.
#[derive(Clone, Debug)]
pub struct Tmp117 {
    registers: [u16; 16],
    at: usize,
    /// Bytes of this transfer.
    bytes: usize,
    upper: u8,
    reading: u16,
    /// The next conversion is over then.
    due: Option<Instant>,
}

impl Default for Tmp117 {
    fn default() -> Self {
        Self::new()
    }
}

impl Tmp117 {
    /// A thermometer that has just been switched on.
    #[must_use]
    pub fn new() -> Self {
        let mut registers = [0; 16];
        registers[..4].copy_from_slice(&[0x8000, 0x0220, 0x6000, 0x8000]);
        registers[15] = 0x0117;
        Self { registers, at: 0, bytes: 0, upper: 0, reading: 25 * 128, due: Some(Instant::START + CONVERSION * 8) }
    }

    fn catch_up(&mut self, now: Instant) {
        while let Some(due) = self.due.filter(|&due| due <= now) {
            let signed = |word: u16| i16::from_be_bytes(word.to_be_bytes());
            self.registers[TEMPERATURE] = self.reading.wrapping_add(self.registers[7]);
            let (found, high, low) =
                (signed(self.registers[TEMPERATURE]), signed(self.registers[2]), signed(self.registers[3]));
            let flags = if found > high { HIGH } else { 0 } | if found < low { LOW } else { 0 };
            self.registers[CONFIGURATION] |= READY | flags;
            let is_one_shot = self.registers[CONFIGURATION] & 0xC00 == 0xC00;
            if is_one_shot {
                // It shuts down.
                self.registers[CONFIGURATION] = self.registers[CONFIGURATION] & !0xC00 | 0x400;
            }
            // What was missed meanwhile would show the same.
            self.due = (!is_one_shot).then(|| (due + CYCLE).max(now));
            if self.due == Some(now) {
                self.due = Some(now + CYCLE);
            }
        }
    }

    fn take(&mut self, word: u16, now: Instant) {
        match self.at {
            CONFIGURATION if word & RESET != 0 => {
                let reading = self.reading;
                *self =
                    Self { reading, at: self.at, bytes: self.bytes, due: Some(now + CONVERSION * 8), ..Self::new() };
            }
            CONFIGURATION => {
                self.registers[CONFIGURATION] = self.registers[CONFIGURATION] & !WRITABLE | word & WRITABLE;
                let averaged = [1, 8, 32, 64][usize::from(word >> 5 & 3)];
                self.due = (word & 0xC00 != 0x400).then(|| now + CONVERSION * averaged);
            }
            2..=8 => self.registers[self.at] = word,
            _ => {}
        }
    }
}

impl I2cTarget for Tmp117 {
    fn answers(&self, address: I2cAddress) -> bool {
        address == I2cAddress::Seven(0x48)
    }

    fn start(&mut self, _: I2cAddress, _: bool, now: Instant) -> bool {
        self.catch_up(now);
        self.bytes = 0;
        true
    }

    fn write(&mut self, byte: u8, now: Instant) -> bool {
        match self.bytes {
            0 => self.at = usize::from(byte & 0xF),
            1 => self.upper = byte,
            2 => self.take(u16::from_be_bytes([self.upper, byte]), now),
            _ => return false,
        }
        self.bytes += 1;
        true
    }

    fn read(&mut self, _: Instant) -> u8 {
        let word = self.registers[self.at];
        let byte = word.to_be_bytes()[self.bytes % 2];
        self.bytes += 1;
        if self.bytes == 2 && self.at <= CONFIGURATION {
            // Read once, each flag is gone.
            self.registers[CONFIGURATION] &= !(READY | HIGH | LOW);
        }
        byte
    }

    fn set(&mut self, value: u32) {
        let [.., high, low] = value.to_be_bytes();
        self.reading = u16::from_be_bytes([high, low]);
    }
}
