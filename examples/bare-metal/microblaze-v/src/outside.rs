//! What makes the inputs of the controller move, and the controller's output: real devices, driven by hand.

use pynq_baremetal::microblaze_v::ExternalInterrupt;
use pynq_core::{Checked, Volatile};

use crate::{
    board::registers,
    microblaze_v::{AxiIntc0, AxiTimer0, AxiTimer1, AxiUartlite0},
};

/// A device whose interrupt can be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A timer: a level, active from when it has run out until it is told that this was seen.
    Timer0,
    /// The same.
    Timer1,
    /// The UART Lite: a pulse when it has sent a character.
    Uart,
    /// The controller itself, as a device of the processor: before its hardware inputs are let in, software sets its latches.
    /// A real one allows that after a reset only; the emulator's at any time.
    Controller,
}

const TCSR: usize = 0x00;
const TLR: usize = 0x04;
const DOWN: u32 = 1 << 1;
const INTERRUPT: u32 = 1 << 6;
const RUN: u32 = 1 << 7;
const RAN_OUT: u32 = 1 << 8;

const TX_FIFO: usize = 0x4;
const CTRL: usize = 0xC;
const ENABLE: u32 = 1 << 4;

const ISR: usize = 0x00;
const IER: usize = 0x08;
const IAR: usize = 0x0C;
const MER: usize = 0x1C;
const MASTER: u32 = 1 << 0;
const HARDWARE: u32 = 1 << 1;

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
        Raw(match self {
            Self::Timer0 => registers(AxiTimer0),
            Self::Timer1 => registers(AxiTimer1),
            Self::Uart => registers(AxiUartlite0),
            Self::Controller => registers(AxiIntc0),
        })
    }

    /// Makes it ask for service, or not. The processor takes its interrupt afterwards, as if this were somebody else. A
    /// UART, whose interrupt is a pulse, raises it, and that is all.
    pub fn hold(self, active: bool) {
        critical_section::with(|_| self.put(active));
    }

    fn put(self, active: bool) {
        let raw = self.raw();
        match (self, active) {
            (Self::Timer0 | Self::Timer1, true) => {
                if raw.read(TCSR) & RAN_OUT == 0 {
                    raw.write(TLR, 1);
                    raw.write(TCSR, DOWN | INTERRUPT | RUN);
                    while raw.read(TCSR) & RAN_OUT == 0 {}
                }
            }
            (Self::Timer0 | Self::Timer1, false) => raw.write(TCSR, RAN_OUT),
            (Self::Uart, true) => {
                raw.write(CTRL, ENABLE);
                raw.write(TX_FIFO, u32::from(b'.'));
                raw.write(CTRL, 0);
            }
            (Self::Uart, false) => raw.write(CTRL, 0),
            (Self::Controller, true) => {
                raw.write(MER, MASTER);
                raw.write(IER, 1);
                raw.write(ISR, 1);
            }
            (Self::Controller, false) => raw.write(IAR, 1),
        }
    }

    /// Raises an edge, and leaves the line inactive.
    pub fn pulse(self) {
        critical_section::with(|_| {
            self.put(true);
            self.put(false);
        });
    }
}

/// Leaves the controller as a careless program would: everything enabled, and an event in each latch. The processor takes
/// none of it, since its own enable is not set.
pub fn disorder() {
    let raw = Device::Controller.raw();
    raw.write(MER, 0);
    raw.write(ISR, u32::MAX);
    raw.write(IER, u32::MAX);
    raw.write(MER, MASTER | HARDWARE);
}

/// Whether the controller asks the processor for service.
#[must_use]
pub fn asks() -> bool {
    ExternalInterrupt::is_pending()
}

/// What the controller has enabled and latched.
#[must_use]
pub fn enabled_and_latched() -> (u32, u32) {
    let raw = Device::Controller.raw();
    (raw.read(IER), raw.read(ISR))
}
