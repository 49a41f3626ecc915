//! The registers of an AXI UART Lite: its interrupt node, and all that touches its FIFOs.
//!
//! Three facts shape this file. A read of the status clears the errors in it, so it is read in one place, which remembers
//! them. An access that a FIFO can't serve is a bus error, so a status goes before each. And the interrupt is a pulse
//! for a change, of which nothing stays to be read: that the receiver became readable, or the transmitter empty, is
//! derived from the status by the same edge detectors as the block has, which its FIFO accesses rearm.

use core::fmt;

use pynq_core::{
    Window,
    interrupt::{InterruptHardware, Lines},
};

use super::registers::{AxiUartLiteRegisters, UartControl, UartStatus};
use super::{
    config::{AxiUartLiteConfig, AxiUartLiteConfigError},
    error::ReceiveErrors,
};

/// Entries of a FIFO. No lock round moves more characters.
pub(super) const DEPTH: usize = 16;

/// What the block's interrupt pulses for when it becomes set.
const EDGES: UartStatus = UartStatus::RX_VALID.union(UartStatus::TX_EMPTY);

/// The register functions of an AXI UART Lite. Its node has one line.
pub struct AxiUartLiteHardware {
    registers: AxiUartLiteRegisters<Window>,
    config: AxiUartLiteConfig,
    /// `ENABLE_INTR`, or nothing: every write of the control register sets it.
    enable: UartControl,
    /// The edge detectors: which of `EDGES` are set and have been taken for an event. Only `ack_pending` adds
    /// to them, so that waiters see every event, whichever call reads the status first.
    seen: UartStatus,
    errors: ReceiveErrors,
}

impl AxiUartLiteHardware {
    /// Brings the block into a known state, whatever a previous user left: masked, with empty FIFOs, without errors.
    ///
    /// # Errors
    ///
    /// See [`AxiUartLiteConfigError`].
    pub fn new(window: impl Into<Window>, config: AxiUartLiteConfig) -> Result<Self, AxiUartLiteConfigError> {
        config.validate()?;
        let registers = AxiUartLiteRegisters::new(window.into())?;
        let mut this = Self {
            registers,
            config,
            enable: UartControl::empty(),
            seen: UartStatus::TX_EMPTY,
            errors: ReceiveErrors::default(),
        };
        this.reset();
        this.status();
        this.errors = ReceiveErrors::default();
        Ok(this)
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiUartLiteConfig {
        &self.config
    }

    /// Empties both FIFOs.
    pub(super) fn reset(&self) {
        self.registers.ctrl_reg().write(self.enable | UartControl::RESET_RX | UartControl::RESET_TX);
    }

    /// Reads the status, and remembers the errors that this clears.
    pub(super) fn status(&mut self) -> UartStatus {
        let status = self.registers.stat_reg().take();
        self.errors.add(status);
        self.seen &= status;
        status
    }

    /// The errors since this was last called.
    pub(super) fn take_errors(&mut self) -> ReceiveErrors {
        self.status();
        core::mem::take(&mut self.errors)
    }

    /// Whether there are errors that have not been reported.
    pub(super) const fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Takes characters until `buffer` is full or the FIFO is empty. Errors that are there when there is a first one
    /// to be taken go before it.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ReceiveErrors> {
        let mut status = self.status();
        if self.has_errors() {
            return Err(core::mem::take(&mut self.errors));
        }
        let mut count = 0;
        for place in buffer.iter_mut().take(DEPTH) {
            if count > 0 {
                status = self.status();
            }
            if !status.contains(UartStatus::RX_VALID) {
                break;
            }
            let [data, ..] = self.registers.rx_fifo().take().to_le_bytes();
            self.seen -= UartStatus::RX_VALID;
            *place = data;
            count += 1;
        }
        Ok(count)
    }

    /// Gives characters until `bytes` are gone or the FIFO is full.
    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        let mut status = self.status();
        // An empty FIFO takes as many as it has entries.
        let was_empty = status.contains(UartStatus::TX_EMPTY);
        let mut count = 0;
        for &byte in bytes.iter().take(DEPTH) {
            if !was_empty && count > 0 {
                status = self.status();
            }
            if status.contains(UartStatus::TX_FULL) {
                break;
            }
            self.registers.tx_fifo().write(byte.into());
            self.seen -= UartStatus::TX_EMPTY;
            count += 1;
        }
        count
    }

    fn set_enable(&mut self, enable: UartControl) {
        self.enable = enable;
        self.registers.ctrl_reg().write(enable);
    }
}

impl InterruptHardware for AxiUartLiteHardware {
    type Lines = Lines<1>;

    /// Gives no pulse for what is there already: a wait samples after this.
    fn unmask(&mut self, _: u32) {
        self.set_enable(UartControl::ENABLE_INTR);
    }

    fn mask(&mut self, _: u32) {
        self.set_enable(UartControl::empty());
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let edges = (self.status() & EDGES) - self.seen;
        self.seen |= edges;
        if edges.is_empty() { 0 } else { lines & 1 }
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn read_level(&mut self, _: u8) -> u32 {
        self.status().bits()
    }

    fn clears_on_ack(&self) -> u32 {
        1
    }

    fn read_back(&mut self) {
        self.status();
    }
}

impl fmt::Debug for AxiUartLiteHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiUartLiteHardware").field("config", &self.config).finish_non_exhaustive()
    }
}
