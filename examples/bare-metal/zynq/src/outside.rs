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
