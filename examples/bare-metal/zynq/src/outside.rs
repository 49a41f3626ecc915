//! The outside world of the virtual board, as far as programs move it themselves: the emulator's back door to the pins.

use pynq_core::{Checked, Volatile};

use crate::board::registers;

/// The input pins of a GPIO. A real one has no such registers.
pub struct Pins(Volatile);

impl Pins {
    /// Those of the buttons.
    #[must_use]
    pub fn of_buttons() -> Self {
        Self(registers(0x4121_8000, 0x10))
    }

    /// Drives them.
    ///
    /// # Panics
    ///
    /// Never: the register is there.
    pub fn set(&self, pins: u32) {
        if let Err(error) = Checked::new(&self.0).write(0, pins) {
            panic!("{error}");
        }
    }
}

/// An interrupt line that a device holds for as long as it is told to: a timer that has run out.
pub struct HeldLine(Volatile);

const CONTROL: usize = 0x00;
const LOAD: usize = 0x04;
/// Counts down, raises its interrupt, runs.
const START: u32 = 1 << 1 | 1 << 6 | 1 << 7;
const RAN_OUT: u64 = 1 << 8;

impl HeldLine {
    /// That of the timer straight on the processor's interrupt input 2.
    #[must_use]
    pub fn of_direct_timer() -> Self {
        Self(registers(0x4284_0000, 0x10))
    }

    /// Makes it active, or inactive.
    ///
    /// # Panics
    ///
    /// Never: the registers are there.
    pub fn hold(&self, active: bool) {
        let registers = Checked::new(&self.0);
        let put = |offset, value| {
            if let Err(error) = registers.write(offset, value) {
                panic!("{error}");
            }
        };
        put(CONTROL, 0);
        if active {
            put(LOAD, 1);
            put(CONTROL, START);
            while registers.read(CONTROL, 4).is_ok_and(|control| control & RAN_OUT == 0) {}
        }
    }
}

/// The registers of that timer.
#[must_use]
pub fn direct_timer() -> Volatile {
    registers(0x4284_0000, 0x1000)
}
