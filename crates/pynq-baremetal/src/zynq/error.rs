//! Errors of the peripherals of the processing system.

use core::fmt;

use pynq_core::regs::WindowTooSmall;

use super::Irq;

/// Why a peripheral of the processing system refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The window doesn't hold the peripheral's registers.
    WindowTooSmall(WindowTooSmall),
    /// The interrupt controller has no interrupt with this ID.
    NoSuchInterrupt {
        /// The ID asked for.
        id: u16,
    },
    /// The programmable logic has no interrupt input with this number.
    NoSuchLogicInput {
        /// The input asked for.
        input: u8,
    },
    /// There is no such priority.
    NoSuchPriority {
        /// The level asked for.
        level: u8,
    },
    /// The interrupt has an owner already.
    Claimed {
        /// The interrupt asked for.
        irq: Irq,
    },
    /// The system-level control registers stay locked.
    Locked,
    /// A clock of no frequency.
    ClockStopped,
    /// The UART's clock can't be divided to this baud rate.
    NoSuchBaudRate {
        /// The clock, in hertz.
        reference: u32,
        /// The rate asked for.
        baud: u32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::NoSuchInterrupt { id } => {
                write!(f, "no interrupt {id}: the controller has 0 to 95, those of the logic are 61 to 68 and 84 to 91")
            }
            Self::NoSuchLogicInput { input } => {
                write!(f, "no interrupt input {input} from the logic: IRQ_F2P has 0 to 15")
            }
            Self::NoSuchPriority { level } => write!(f, "no interrupt priority {level}: there are 0 (highest) to 31"),
            Self::Claimed { irq } => {
                write!(f, "interrupt {irq} has an owner already; use clones of the handles on its node")
            }
            Self::Locked => f.write_str(
                "the system-level control registers stay locked; run in secure state, and check their address",
            ),
            Self::ClockStopped => f.write_str("a clock of 0 Hz never moves; give the frequency of its counts"),
            Self::NoSuchBaudRate { reference, baud } => write!(
                f,
                "{baud} baud can't be made of a clock of {reference} Hz to within 3 %; choose another rate, or check the clock"
            ),
        }
    }
}

impl core::error::Error for Error {}

impl From<WindowTooSmall> for Error {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
