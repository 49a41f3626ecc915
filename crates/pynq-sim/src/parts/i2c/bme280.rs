//! A sensor of temperature, pressure and humidity.

use core::time::Duration;

use pynq_core::Instant;

use super::{I2cAddress, I2cTarget};

/// Where the calibration is, in two parts.
const CALIBRATION: [u8; 26] = {
    let mut bytes = [0; 26];
    // The example of the data sheets: temperature T1 to T3, pressure P1 to P9, then one byte of humidity.
    let words: [u16; 12] = [
        27_504, 26_435, 0xFC18, // -1000
        36_477, 0xD643, // -10685
        3_024, 2_855, 140, 0xFFF9, // -7
        15_500, 0xC6F8, // -14600
        6_000,
    ];
    let mut index = 0;
    while index < words.len() {
        [bytes[2 * index], bytes[2 * index + 1]] = words[index].to_le_bytes();
        index += 1;
    }
    bytes[25] = 75;
    bytes
};

/// H2 = 366, H3 = 0, H4 = 325, H5 = 50, H6 = 30. H4 and H5 have twelve bits and share a byte.
const HUMIDITY: [u8; 7] = [0x6E, 0x01, 0x00, 0x14, 0x25, 0x03, 0x1E];

const CHIP_ID: u8 = 0x60;
const RESET_KEY: u8 = 0xB6;

/// How long a measurement takes, about, with every oversampling at one.
const MEASURING: Duration = Duration::from_micros(8_000);

/// A BME280, at 0x76, with the calibration that the data sheets calculate with, and the readings of their example until
/// another one comes from outside: 25.08 degrees and 100,653 Pa.
///
/// The number that it can be [set](I2cTarget::set) to is the raw temperature, of 20 bits. It measures when it is told to, by
/// the mode "forced", or all the time, by "normal"; and has the readings of the last measurement.
#[derive(Clone, Debug)]
pub struct Bme280 {
    at: u8,
    has_register: bool,
    humidity_control: u8,
    control: u8,
    config: u8,
    raw: u32,
    shown: Option<u32>,
    /// A measurement is over then.
    ready: Option<Instant>,
}

impl Default for Bme280 {
    fn default() -> Self {
        Self::new()
    }
}

impl Bme280 {
    /// A sensor that has just been switched on.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            at: 0,
            has_register: false,
            humidity_control: 0,
            control: 0,
            config: 0,
            raw: 519_888,
            shown: None,
            ready: None,
        }
    }

    fn catch_up(&mut self, now: Instant) {
        if self.ready.is_some_and(|ready| ready <= now) {
            self.shown = Some(self.raw);
            self.ready = None;
            if self.control & 3 != 3 {
                // A forced measurement is one, and then it sleeps.
                self.control &= !3;
            } else {
                self.ready = Some(now + MEASURING);
            }
        }
    }

    fn set_register(&mut self, register: u8, byte: u8, now: Instant) {
        match register {
            0xE0 if byte == RESET_KEY => *self = Self { raw: self.raw, at: self.at, ..Self::new() },
            0xF2 => self.humidity_control = byte & 7,
            0xF4 => {
                self.control = byte;
                self.ready = (byte & 3 != 0).then(|| now + MEASURING);
            }
            0xF5 => self.config = byte,
            _ => {}
        }
    }

    fn register(&self, register: u8) -> u8 {
        let measured = |on: bool, value: u32| if on && self.shown.is_some() { value } else { 0x8_0000 };
        let temperature = measured(self.control >> 5 != 0, self.shown.unwrap_or_default());
        let pressure = measured(self.control >> 2 & 7 != 0, 415_148);
        let humidity: u32 = if self.humidity_control != 0 && self.shown.is_some() { 30_281 } else { 0x8000 };
        let byte = |value: u32, shift: u32| value.to_be_bytes()[3 - (shift / 8) as usize];
        match register {
            0x88..=0xA1 => CALIBRATION[usize::from(register - 0x88)],
            0xE1..=0xE7 => HUMIDITY[usize::from(register - 0xE1)],
            0xD0 => CHIP_ID,
            0xF2 => self.humidity_control,
            0xF3 => u8::from(self.ready.is_some()) << 3,
            0xF4 => self.control,
            0xF5 => self.config,
            0xF7..=0xF9 => byte(pressure << 4, 8 * (2 - u32::from(register - 0xF7))),
            0xFA..=0xFC => byte(temperature << 4, 8 * (2 - u32::from(register - 0xFA))),
            0xFD..=0xFE => byte(humidity, 8 * (1 - u32::from(register - 0xFD))),
            _ => 0,
        }
    }
}

impl I2cTarget for Bme280 {
    fn answers(&self, address: I2cAddress) -> bool {
        address == I2cAddress::Seven(0x76)
    }

    fn start(&mut self, _: I2cAddress, read: bool, now: Instant) -> bool {
        self.catch_up(now);
        self.has_register = read;
        true
    }

    /// Pairs of a register and what goes there.
    fn write(&mut self, byte: u8, now: Instant) -> bool {
        if self.has_register {
            self.set_register(self.at, byte, now);
        } else {
            self.at = byte;
        }
        self.has_register = !self.has_register;
        true
    }

    fn read(&mut self, _: Instant) -> u8 {
        let byte = self.register(self.at);
        self.at = self.at.wrapping_add(1);
        byte
    }

    fn set(&mut self, value: u32) {
        self.raw = value & 0xF_FFFF;
    }
}
