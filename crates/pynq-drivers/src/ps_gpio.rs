//! The GPIO of the processing system: pins of the chip (MIO), and wires into the logic (EMIO), such as the resets of I/O
//! processors. From the reference manuals of the Zynq-7000 (UG585) and the Zynq UltraScale+ (UG1085).
//!
//! A pin is written through the masked data registers, which change it and no other. So any number of programs may drive pins
//! of one bank. Its direction is in a register of the whole bank, which has to be read first: whoever sets up two pins at once
//! does so one after the other.
//!
//! ```
//! use pynq_drivers::{PsGpioKind, PsGpioPin};
//! use embedded_hal::digital::OutputPin;
//! # use pynq_sim::{Board, models::PsGpioModel};
//! # let board = Board::builder().device("gpio", 0xE000_A000, 0x1000, PsGpioModel::new()).build()?;
//! let mut reset = PsGpioPin::emio(board.window("gpio")?, PsGpioKind::Zynq7000, 4)?;
//! reset.make_output(false);
//! reset.set_high()?;
//! assert_eq!(board.port("gpio/emio0_o")?, 1 << 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use embedded_hal::digital;
use pynq_core::{Checked, DriveLine, Error, Window};

/// Of a bank of 32, the masked data registers: the lower 16 pins, then the upper ones.
const MASK_DATA: usize = 0x000;
/// What outputs hold.
const DATA: usize = 0x040;
/// What pins are.
const DATA_RO: usize = 0x060;
/// Directions: a set bit is an output.
const DIRM: usize = 0x204;
/// Output enables.
const OEN: usize = 0x208;
/// From the directions of one bank to those of the next.
const BANK: usize = 0x40;

/// Which processing system it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PsGpioKind {
    /// Zynq-7000: 54 pins in banks 0 and 1, 64 wires in 2 and 3.
    Zynq7000,
    /// Zynq UltraScale+: 78 pins in banks 0 to 2, 96 wires in 3 to 5.
    ZynqMp,
}

impl PsGpioKind {
    /// The address of its registers.
    #[must_use]
    pub const fn address(self) -> u64 {
        match self {
            Self::Zynq7000 => 0xE000_A000,
            Self::ZynqMp => 0xFF0A_0000,
        }
    }

    /// The number of the first wire into the logic, as Linux counts.
    #[must_use]
    pub const fn first_emio(self) -> u8 {
        match self {
            Self::Zynq7000 => 54,
            Self::ZynqMp => 78,
        }
    }

    /// How many wires into the logic there are.
    #[must_use]
    pub const fn emio_count(self) -> u8 {
        match self {
            Self::Zynq7000 => 64,
            Self::ZynqMp => 96,
        }
    }

    const fn pins_of_bank(self) -> u8 {
        match self {
            Self::Zynq7000 => 32,
            Self::ZynqMp => 26,
        }
    }

    const fn first_emio_bank(self) -> usize {
        match self {
            Self::Zynq7000 => 2,
            Self::ZynqMp => 3,
        }
    }
}

/// Why a pin can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PsGpioError {
    /// There is none of this number.
    NoSuchPin {
        /// The number requested.
        number: u8,
        /// How many there are.
        count: u8,
    },
    /// The window is not that of a GPIO.
    Window {
        /// Bytes in the window.
        size: usize,
    },
}

impl fmt::Display for PsGpioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPin { number, count } => {
                write!(f, "the processing system's GPIO has no line {number}; it has 0 to {}", count - 1)
            }
            Self::Window { size } => write!(
                f,
                "a window of {size:#x} bytes is too small for the registers of the processing system's GPIO; map {SIZE:#x}"
            ),
        }
    }
}

impl core::error::Error for PsGpioError {}

/// Bytes of registers that are used.
const SIZE: usize = 0x380;

/// A pin of the chip, or a wire into the logic.
///
/// ```compile_fail
/// // One value drives a pin.
/// fn two(pin: pynq_drivers::PsGpioPin) { let _ = (pin.clone(), pin); }
/// ```
pub struct PsGpioPin {
    window: Checked<Window>,
    bank: usize,
    bit: u8,
}

impl PsGpioPin {
    /// A wire into the logic, of those numbered from 0.
    ///
    /// # Errors
    ///
    /// See [`PsGpioError`].
    pub fn emio(window: impl Into<Window>, kind: PsGpioKind, number: u8) -> Result<Self, PsGpioError> {
        let count = kind.emio_count();
        if number >= count {
            return Err(PsGpioError::NoSuchPin { number, count });
        }
        Self::new(window.into(), kind.first_emio_bank() + usize::from(number / 32), number % 32)
    }

    /// A pin of the chip, of those numbered from 0.
    ///
    /// # Errors
    ///
    /// See [`PsGpioError`].
    pub fn mio(window: impl Into<Window>, kind: PsGpioKind, number: u8) -> Result<Self, PsGpioError> {
        let count = kind.first_emio();
        if number >= count {
            return Err(PsGpioError::NoSuchPin { number, count });
        }
        Self::new(window.into(), usize::from(number / kind.pins_of_bank()), number % kind.pins_of_bank())
    }

    fn new(window: Window, bank: usize, bit: u8) -> Result<Self, PsGpioError> {
        let window = Checked::new(window);
        if window.size() < SIZE {
            return Err(PsGpioError::Window { size: window.size() });
        }
        Ok(Self { window, bank, bit })
    }

    // Offsets are within the window, whose size was checked, so accesses don't fail.
    fn register(&self, offset: usize) -> u32 {
        #[allow(clippy::cast_possible_truncation)] // four bytes
        self.window.read(offset, 4).map_or(0, |value| value as u32)
    }

    fn set_bit(&self, offset: usize, set: bool) {
        let (mask, old) = (1 << self.bit, self.register(offset));
        let _ = self.window.write(offset, if set { old | mask } else { old & !mask });
    }

    /// Makes it an output that drives this level from the first moment on.
    ///
    /// The directions of a bank are one register, which this reads and writes.
    pub fn make_output(&self, high: bool) {
        self.write(high);
        self.set_bit(DIRM + BANK * self.bank, true);
        self.set_bit(OEN + BANK * self.bank, true);
    }

    /// Makes it an input.
    ///
    /// The directions of a bank are one register, which this reads and writes.
    pub fn make_input(&self) {
        self.set_bit(OEN + BANK * self.bank, false);
        self.set_bit(DIRM + BANK * self.bank, false);
    }

    /// Whether it is an output.
    #[must_use]
    pub fn is_output(&self) -> bool {
        let bits = self.register(DIRM + BANK * self.bank) & self.register(OEN + BANK * self.bank);
        bits >> self.bit & 1 != 0
    }

    /// What it drives as an output.
    pub fn write(&self, high: bool) {
        let half = usize::from(self.bit / 16);
        let bit = u32::from(self.bit % 16);
        // A mask bit that is set leaves its pin alone.
        let others = !(1_u32 << bit) << 16;
        let _ = self.window.write(MASK_DATA + 8 * self.bank + 4 * half, others | u32::from(high) << bit);
    }

    /// The level that it has: of a wire into the logic, what the logic drives back.
    #[must_use]
    pub fn read(&self) -> bool {
        self.register(DATA_RO + 4 * self.bank) >> self.bit & 1 != 0
    }

    /// What was written to it last.
    #[must_use]
    pub fn written(&self) -> bool {
        self.register(DATA + 4 * self.bank) >> self.bit & 1 != 0
    }
}

impl DriveLine for PsGpioPin {
    fn drive(&self, high: bool) -> Result<(), Error> {
        self.write(high);
        Ok(())
    }
}

impl digital::ErrorType for PsGpioPin {
    type Error = core::convert::Infallible;
}

impl digital::OutputPin for PsGpioPin {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        self.write(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Self::Error> {
        self.write(true);
        Ok(())
    }
}

impl digital::StatefulOutputPin for PsGpioPin {
    fn is_set_high(&mut self) -> Result<bool, Self::Error> {
        Ok(self.written())
    }

    fn is_set_low(&mut self) -> Result<bool, Self::Error> {
        Ok(!self.written())
    }
}

impl digital::InputPin for PsGpioPin {
    fn is_high(&mut self) -> Result<bool, Self::Error> {
        Ok(self.read())
    }

    fn is_low(&mut self) -> Result<bool, Self::Error> {
        Ok(!self.read())
    }
}

impl fmt::Debug for PsGpioPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PsGpioPin").field("bank", &self.bank).field("bit", &self.bit).finish_non_exhaustive()
    }
}
