//! The console: the transmitter of a UART of the processing system (a Cadence UART).

use core::{convert::Infallible, fmt};

use pynq_core::{
    Mmio, Volatile, register_bits, register_map,
    regs::{Ro, Rw, Wo},
};

use super::Error;

register_bits! {
    /// Control of the UART.
    pub struct UartControl {
        /// Resets the receiver. Clears itself.
        const RX_RESET = 1 << 0;
        /// Resets the transmitter. Clears itself.
        const TX_RESET = 1 << 1;
        /// Turns the receiver on.
        const RX_ENABLE = 1 << 2;
        /// Turns the receiver off.
        const RX_DISABLE = 1 << 3;
        /// Turns the transmitter on.
        const TX_ENABLE = 1 << 4;
        /// Turns the transmitter off.
        const TX_DISABLE = 1 << 5;
    }
}

register_bits! {
    /// Status of the UART, as it is now.
    pub struct UartStatus {
        /// Nothing was received.
        const RX_EMPTY = 1 << 1;
        /// All was handed to the line.
        const TX_EMPTY = 1 << 3;
        /// No room for a byte.
        const TX_FULL = 1 << 4;
        /// A byte is on the line.
        const TX_ACTIVE = 1 << 11;
    }
}

register_map! {
    /// A UART of the processing system, at 0xE000_0000 and 0xE000_1000. See UG585, UART controller.
    pub struct UartRegisters, size 0x48 {
        /// Control.
        0x00 => control: Rw<UartControl>,
        /// Mode: 0x20 is eight bits, one stop bit, no parity.
        0x04 => mode: Rw<u32>,
        /// Masks interrupts.
        0x0C => interrupt_disable: Wo<u32>,
        /// Divides the reference clock to a baud's parts.
        0x18 => generator: Rw<u32>,
        /// Status.
        0x2C => status: Ro<UartStatus>,
        /// The transmitter's FIFO, of 64 bytes. A read would take from the receiver's.
        0x30 => fifo: Wo<u32>,
        /// Parts of a baud, less one.
        0x34 => divider: Rw<u32>,
    }
}

const EIGHT_BITS_NO_PARITY: u32 = 0x20;
const ALL_INTERRUPTS: u32 = 0x1FFF;

/// The console.
///
/// A [`core::fmt::Write`] and an [`embedded_io::Write`]. It writes bytes as they are, without adding a carriage return.
pub struct Uart<M = Volatile> {
    registers: UartRegisters<M>,
}

impl<M: Mmio> Uart<M> {
    /// A UART that is set up already, by a boot loader. Turns its transmitter on, and leaves baud rate and mode alone.
    ///
    /// # Errors
    ///
    /// [`Error::WindowTooSmall`].
    pub fn adopt(window: M) -> Result<Self, Error> {
        let registers = UartRegisters::new(window)?;
        registers.control().write(UartControl::TX_ENABLE | UartControl::RX_ENABLE);
        Ok(Self { registers })
    }

    /// Sets a UART up: eight bits, no parity, one stop bit, its interrupts masked. `reference` is its clock in hertz.
    ///
    /// # Errors
    ///
    /// [`Error::WindowTooSmall`], or [`Error::NoSuchBaudRate`] if no divider comes within three per cent of it.
    pub fn new(window: M, reference: u32, baud: u32) -> Result<Self, Error> {
        let registers = UartRegisters::new(window)?;
        let (generator, divider) = dividers(reference, baud).ok_or(Error::NoSuchBaudRate { reference, baud })?;
        registers.control().write(UartControl::TX_DISABLE | UartControl::RX_DISABLE);
        registers.interrupt_disable().write(ALL_INTERRUPTS);
        registers.generator().write(generator);
        registers.divider().write(divider);
        registers.mode().write(EIGHT_BITS_NO_PARITY);
        registers.control().write(UartControl::TX_RESET | UartControl::RX_RESET);
        registers.control().write(UartControl::TX_ENABLE | UartControl::RX_ENABLE);
        Ok(Self { registers })
    }

    /// Writes a byte.
    ///
    /// # Blocking
    ///
    /// Spins while the FIFO is full.
    pub fn write_byte(&mut self, byte: u8) {
        while self.registers.status().read().contains(UartStatus::TX_FULL) {
            core::hint::spin_loop();
        }
        self.registers.fifo().write(byte.into());
    }

    /// Waits until all that was written is out.
    ///
    /// # Blocking
    ///
    /// Spins until the FIFO and the shifter are empty.
    pub fn drain(&mut self) {
        loop {
            let status = self.registers.status().read();
            if status.contains(UartStatus::TX_EMPTY) && !status.contains(UartStatus::TX_ACTIVE) {
                return;
            }
            core::hint::spin_loop();
        }
    }
}

/// CD and BDIV for a baud rate: baud = reference / (CD * (BDIV + 1)), BDIV from 4 to 255. The closest pair.
fn dividers(reference: u32, baud: u32) -> Option<(u32, u32)> {
    if baud == 0 {
        return None;
    }
    let error_of =
        |&(generator, divider): &(u32, u32)| u64::from(reference / (generator * (divider + 1))).abs_diff(baud.into());
    let pairs = (4..=255u32).map(|divider| (reference / baud / (divider + 1), divider));
    let best = pairs.filter(|&(generator, _)| (1..=0xFFFF).contains(&generator)).min_by_key(error_of)?;
    (error_of(&best) * 100 <= u64::from(baud) * 3).then_some(best)
}

impl<M: Mmio> fmt::Write for Uart<M> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.write_byte(byte));
        Ok(())
    }
}

impl<M> embedded_io::ErrorType for Uart<M> {
    type Error = Infallible;
}

impl<M: Mmio> embedded_io::Write for Uart<M> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        bytes.iter().for_each(|&byte| self.write_byte(byte));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.drain();
        Ok(())
    }
}

impl<M> fmt::Debug for Uart<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uart").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baud_rates_are_met() {
        for baud in [9600, 115_200, 230_400, 921_600] {
            for reference in [50_000_000, 100_000_000] {
                let (generator, divider) = dividers(reference, baud).unwrap();
                let got = reference / (generator * (divider + 1));
                assert!(got.abs_diff(baud) * 100 <= baud * 3, "{reference} {baud}: {got}");
            }
        }
        assert_eq!(dividers(1_000_000, 1_000_000), None);
        assert_eq!(dividers(50_000_000, 0), None);
    }
}
