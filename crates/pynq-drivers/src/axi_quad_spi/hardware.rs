//! The registers of an AXI Quad SPI: its interrupt node, and all that moves words.
//!
//! Three facts shape this file. The transmit FIFO is filled while the block is held back and let go in one write, since it
//! reports that it is empty as often as it runs empty. That report comes a whole word before the last one has come in, so
//! a chunk is over when as many words were taken as were given; a chunk that fills the FIFO has an interrupt for exactly
//! that, and a shorter one has none. And the status is toggled, so what is written to it is what was read.

use core::fmt;

use pynq_core::{
    Window,
    interrupt::{InterruptHardware, Lines},
};

use super::{
    AxiQuadSpiConfig, AxiQuadSpiConfigError, AxiQuadSpiError,
    registers::{AxiQuadSpiRegisters, SRR_KEY, SpiControl, SpiGlobalEnable, SpiInterrupts, SpiStatus},
};

/// The line of the block's interrupt: a chunk is over, or something went wrong.
pub(super) const INTERRUPT: u8 = 0;

/// The line without a wire: the bus has become free. Its sample is 1 while it is.
pub(super) const FREE: u8 = 1;

const FAULTS: SpiInterrupts = SpiInterrupts::MODE_FAULT.union(SpiInterrupts::DRR_OVERRUN);

/// Enabled as the master, which holds its words back.
const HELD_BACK: SpiControl =
    SpiControl::ENABLE.union(SpiControl::MASTER).union(SpiControl::MANUAL_SELECT).union(SpiControl::INHIBIT);

/// How far a chunk is.
pub(super) enum Progress {
    /// Words are still in the transmit FIFO: the interrupt was for something else.
    Running,
    /// The last word is in the shifter.
    LastWord,
    /// All of it was taken.
    Over,
}

/// The register functions of an AXI Quad SPI. Its node has a line for the interrupt, and one for the bus as a lock.
pub struct AxiQuadSpiHardware {
    registers: AxiQuadSpiRegisters<Window>,
    config: AxiQuadSpiConfig,
    /// The control register between chunks.
    control: SpiControl,
    /// The interrupts that end the chunk under way.
    wanted: SpiInterrupts,
    unmasked: bool,
    /// Faults since the transaction began.
    faults: SpiInterrupts,
    /// Words given and not taken back yet.
    outstanding: usize,
    /// A task has the bus; or it has given it back, and no waiter has been told yet.
    taken: bool,
    released: bool,
}

impl AxiQuadSpiHardware {
    /// Brings the block into a known state, whatever a previous user left: masked, deselected, with empty FIFOs.
    ///
    /// # Errors
    ///
    /// See [`AxiQuadSpiConfigError`].
    pub fn new(window: impl Into<Window>, config: AxiQuadSpiConfig) -> Result<Self, AxiQuadSpiConfigError> {
        config.validate()?;
        let mut this = Self {
            registers: AxiQuadSpiRegisters::new(window.into())?,
            config,
            control: HELD_BACK,
            wanted: SpiInterrupts::empty(),
            unmasked: false,
            faults: SpiInterrupts::empty(),
            outstanding: 0,
            taken: false,
            released: false,
        };
        this.reset();
        Ok(this)
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiQuadSpiConfig {
        &self.config
    }

    /// The reset deselects and empties all, in the middle of a word as well.
    fn reset(&mut self) {
        self.registers.srr().write(SRR_KEY);
        self.registers.spicr().write(HELD_BACK | SpiControl::TX_RESET | SpiControl::RX_RESET);
        self.registers.dgier().write(SpiGlobalEnable::ENABLE);
        (self.wanted, self.faults) = (SpiInterrupts::empty(), SpiInterrupts::empty());
        self.outstanding = 0;
        self.put_enable();
    }

    fn put_enable(&self) {
        self.registers.ipier().write(if self.unmasked { self.wanted } else { SpiInterrupts::empty() });
    }

    /// Takes the bus, unless another task has it.
    pub(super) const fn try_take(&mut self) -> bool {
        !core::mem::replace(&mut self.taken, true)
    }

    /// Gives the bus back. What was under way is broken off.
    pub(super) fn give_back(&mut self, finished: bool) {
        if finished {
            self.registers.spissr().write(u32::MAX);
        } else {
            self.reset();
        }
        (self.taken, self.released) = (false, true);
    }

    /// Sets the mode, and then selects.
    pub(super) fn begin(&mut self, mode: SpiControl, select: Option<u8>) {
        self.control = HELD_BACK | mode;
        self.registers.spicr().write(self.control);
        if let Some(select) = select {
            self.registers.spissr().write(!(1 << select));
        }
    }

    /// Gives as many words as fit, and lets them go. Returns how many.
    pub(super) fn give(&mut self, next: &mut dyn FnMut() -> Option<u32>) -> usize {
        while self.outstanding < self.config.depth() {
            let Some(word) = next() else { break };
            self.registers.spidtr().write(word);
            self.outstanding += 1;
        }
        if self.outstanding > 0 {
            // What the chunk before has left, while no word moves.
            let stale = self.registers.ipisr().read();
            if !stale.is_empty() {
                self.registers.ipisr().toggle(stale);
            }
            let full = self.outstanding == self.config.depth();
            self.wanted = FAULTS | if full { SpiInterrupts::DRR_FULL } else { SpiInterrupts::DTR_EMPTY };
            if self.unmasked {
                self.put_enable();
            }
            self.registers.spicr().write(self.control - SpiControl::INHIBIT);
        }
        self.outstanding
    }

    /// Takes the words that have come in, after an interrupt.
    pub(super) fn take(&mut self, put: &mut dyn FnMut(u32)) -> Result<Progress, AxiQuadSpiError> {
        self.check()?;
        if !self.status()?.contains(SpiStatus::TX_EMPTY) {
            return Ok(Progress::Running);
        }
        // All but the word in the shifter are there.
        while self.outstanding > 1 {
            put(self.registers.spidrr().take());
            self.outstanding -= 1;
        }
        if self.status()?.contains(SpiStatus::RX_EMPTY) {
            return Ok(Progress::LastWord);
        }
        put(self.registers.spidrr().take());
        self.outstanding = 0;
        self.registers.spicr().write(self.control);
        Ok(Progress::Over)
    }

    /// The faults since the transaction began.
    pub(super) const fn check(&self) -> Result<(), AxiQuadSpiError> {
        if self.faults.contains(SpiInterrupts::MODE_FAULT) {
            return Err(AxiQuadSpiError::ModeFault);
        }
        if self.faults.contains(SpiInterrupts::DRR_OVERRUN) {
            return Err(AxiQuadSpiError::Overrun);
        }
        Ok(())
    }

    /// The status, whose read clears the mode fault that it shows.
    fn status(&self) -> Result<SpiStatus, AxiQuadSpiError> {
        let status = self.registers.spisr().take();
        if status.contains(SpiStatus::MODE_FAULT) { Err(AxiQuadSpiError::ModeFault) } else { Ok(status) }
    }
}

impl InterruptHardware for AxiQuadSpiHardware {
    type Lines = Lines<2>;

    fn unmask(&mut self, lines: u32) {
        if lines & 1 << INTERRUPT != 0 {
            self.unmasked = true;
            self.put_enable();
        }
    }

    fn mask(&mut self, lines: u32) {
        if lines & 1 << INTERRUPT != 0 {
            self.unmasked = false;
            self.put_enable();
        }
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let mut taken = 0;
        if lines & 1 << INTERRUPT != 0 {
            let pending = self.registers.ipisr().read() & self.wanted;
            if !pending.is_empty() {
                self.registers.ipisr().toggle(pending);
                taken |= 1 << INTERRUPT;
                let faults = pending & FAULTS;
                if !faults.is_empty() {
                    // The transaction ends with it; until then an overrun sets its bit again and again.
                    self.faults |= faults;
                    self.wanted -= FAULTS;
                    self.put_enable();
                }
            }
        }
        if lines & 1 << FREE != 0 && core::mem::take(&mut self.released) {
            taken |= 1 << FREE;
        }
        taken
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn read_level(&mut self, line: u8) -> u32 {
        u32::from(line == FREE && !self.taken)
    }

    fn clears_on_ack(&self) -> u32 {
        1 << INTERRUPT | 1 << FREE
    }

    fn read_back(&mut self) {
        self.registers.spicr().read();
    }
}

impl fmt::Debug for AxiQuadSpiHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiQuadSpiHardware").field("config", &self.config).finish_non_exhaustive()
    }
}
