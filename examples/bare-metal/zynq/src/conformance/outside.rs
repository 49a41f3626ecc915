//! The outside world: what makes the lines of the emulated logic move.
//!
//! All are real devices. A GPIO raises its interrupt when its status is toggled on, and drops it when that is toggled
//! off; a timer raises its own when it has run out, and drops it when it is stopped. Pins are moved by the emulator's
//! back door, beside the registers that a driver knows.

use pynq_core::{Checked, Volatile};

use crate::board::registers;

/// A device that can hold a line, or pulse it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Device {
    Gpio(usize),
    Timer(usize),
}

/// What drives an input of a controller, or of the processor.
#[derive(Clone, Copy)]
pub(super) struct Wire {
    pub(super) line: u8,
    pub(super) device: Device,
}

const GIER: usize = 0x11C;
const IP_ISR: usize = 0x120;
const IP_IER: usize = 0x128;
const PINS: [usize; 2] = [0x8000, 0x8008];

const TCSR: usize = 0x00;
const TLR: usize = 0x04;
const DOWN: u32 = 1 << 1;
const INTERRUPT: u32 = 1 << 6;
const RUN: u32 = 1 << 7;
const RAN_OUT: u32 = 1 << 8;

/// Reads and writes of a device that no driver has. Its registers are there, so no access fails.
struct Raw(Volatile);

impl Raw {
    fn read(&self, offset: usize) -> u32 {
        Checked::new(&self.0).read(offset, 4).unwrap_or_default() as u32
    }

    fn write(&self, offset: usize, value: u32) {
        if let Err(error) = Checked::new(&self.0).write(offset, value) {
            panic!("{error}");
        }
    }
}

impl Device {
    fn raw(self) -> Raw {
        match self {
            Self::Gpio(base) | Self::Timer(base) => Raw(registers(base, 0x1_0000)),
        }
    }

    /// Makes it ask for service, or not. The processor takes its interrupt afterwards, as if this were somebody else.
    pub(super) fn hold(self, active: bool) {
        critical_section::with(|_| self.put(active));
    }

    fn put(self, active: bool) {
        let raw = self.raw();
        match self {
            Self::Gpio(_) => {
                // Not when it is done already: the emulator takes any write to an active block for another edge.
                if (raw.read(IP_IER), raw.read(GIER)) != (1, 1 << 31) {
                    raw.write(IP_IER, 1);
                    raw.write(GIER, 1 << 31);
                }
                if (raw.read(IP_ISR) & 1 != 0) != active {
                    raw.write(IP_ISR, 1);
                }
            }
            Self::Timer(_) => {
                let asks = raw.read(TCSR) & RAN_OUT != 0;
                if !active {
                    raw.write(TCSR, 0);
                } else if !asks {
                    raw.write(TLR, 1);
                    raw.write(TCSR, DOWN | INTERRUPT | RUN);
                    while raw.read(TCSR) & RAN_OUT == 0 {}
                }
            }
        }
    }

    /// Raises an edge, and leaves the line inactive.
    pub(super) fn pulse(self) {
        critical_section::with(|_| {
            self.put(true);
            self.put(false);
        });
    }

    /// Moves a pin of a GPIO.
    pub(super) fn pin(self, channel: u8, pin: u8, high: bool) {
        let (raw, offset) = (self.raw(), PINS[usize::from(channel & 1)]);
        let pins = raw.read(offset);
        raw.write(offset, pins & !(1 << pin) | u32::from(high) << pin);
    }

    /// Lets all pins of a GPIO fall.
    pub(super) fn release_pins(self) {
        if let Self::Gpio(_) = self {
            PINS.iter().for_each(|&offset| self.raw().write(offset, 0));
        }
    }

    /// Leaves a GPIO as a careless program would: enabled, and with its status set.
    pub(super) fn disorder(self) {
        if let Self::Gpio(_) = self {
            let raw = self.raw();
            raw.write(IP_IER, 0b11);
            raw.write(GIER, 1 << 31);
            raw.write(IP_ISR, !raw.read(IP_ISR) & 0b11);
        }
    }
}
