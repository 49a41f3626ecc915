//! The registers of an AXI IIC: its interrupt node, and the few things that a transfer does to them.
//!
//! Four of the status bits follow a condition, and can't be cleared while it lasts. So nothing is acknowledged where the
//! interrupt is taken: the line is masked, and the task that it wakes deals with the cause, clears what it has dealt with, and
//! says what to wait for next. Bits that it does not wait for are never enabled, which is what keeps an empty FIFO with
//! nothing to be sent from being a storm.

use core::fmt;

use pynq_core::{
    Window,
    interrupt::{InterruptHardware, Lines},
};

use super::{
    AxiIicConfig, AxiIicConfigError,
    registers::{AxiIicRegisters, IicControl, IicEvents, IicGlobalEnable, IicStatus},
};

/// Entries of a FIFO.
pub(super) const DEPTH: usize = 16;

/// The key of the reset register.
const RESET: u32 = 0xA;

/// The bits that are set again while their condition lasts.
const FOLLOWING: IicEvents =
    IicEvents::TRANSMIT_EMPTY.union(IicEvents::RECEIVE_FULL).union(IicEvents::NOT_BUSY).union(IicEvents::TRANSMIT_HALF);

/// The line of the node that stands for the turn: an event when a transfer has ended and another may begin.
pub(super) const TURN: u8 = 1;

/// The register functions of an AXI IIC. Line 0 of its node is the interrupt. Line 1 has no hardware: it is the turn of those
/// that wait for another task's transfer to end.
pub struct AxiIicHardware {
    registers: AxiIicRegisters<Window>,
    config: AxiIicConfig,
    /// What the transfer waits for.
    wanted: IicEvents,
    /// A transfer is under way.
    pub(super) taken: bool,
    /// A transfer has ended since the turn was last looked at.
    released: bool,
    leaving: Leaving,
}

/// Why the block is to be reset once the bus is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It is not.
    No,
    /// A transfer was given up, and its STOP is on its way.
    Stops,
    /// Another controller has won the bus.
    Lost,
}

impl AxiIicHardware {
    /// Resets the block, whatever a previous user left, and enables it.
    ///
    /// # Errors
    ///
    /// See [`AxiIicConfigError`].
    pub fn new(window: impl Into<Window>, config: AxiIicConfig) -> Result<Self, AxiIicConfigError> {
        config.validate()?;
        let registers = AxiIicRegisters::new(window.into())?;
        let mut this =
            Self { registers, config, wanted: IicEvents::empty(), taken: false, released: false, leaving: Leaving::No };
        this.reset();
        Ok(this)
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiIicConfig {
        &self.config
    }

    /// Resets the block: it is off the bus, with empty FIFOs, and takes the bus to be free.
    pub(super) fn reset(&mut self) {
        self.registers.softr().write(RESET);
        self.set_threshold(DEPTH);
        self.set_control(IicControl::TRANSMIT_RESET);
        self.set_control(IicControl::empty());
        self.drain();
        self.clear(IicEvents::all());
        self.registers.gie().write(IicGlobalEnable::ENABLE);
        self.leaving = Leaving::No;
    }

    /// The bus is another controller's, and the FIFO has what was to be sent.
    pub(super) const fn lose(&mut self) {
        self.leaving = Leaving::Lost;
    }

    /// What the next transfer has to wait for before the block is reset: then the wait is for a free bus.
    pub(super) fn leaves(&mut self) -> Leaving {
        if self.leaving == Leaving::No {
            return Leaving::No;
        }
        if self.is_busy() {
            self.want_free();
            return self.leaving;
        }
        self.reset();
        Leaving::No
    }

    /// Ends a transfer in the middle: a STOP after the byte under way, with a NACK if that comes from the target.
    pub(super) fn abort(&mut self) {
        if self.is_starved() {
            // It would hold the clock until there is something to be sent.
            return self.reset();
        }
        self.leaving = Leaving::Stops;
        let control = self.registers.cr().read();
        let direction = control & IicControl::TRANSMIT;
        if control.contains(IicControl::CONTROLLER) && direction.is_empty() {
            // The byte that it holds the clock after was acknowledged, so that the target drives the next one already: that
            // one is let in, and is not acknowledged.
            self.set_control(IicControl::CONTROLLER | IicControl::NO_ACKNOWLEDGE);
            self.set_threshold(DEPTH);
            self.drain();
        }
        self.set_control(direction | IicControl::NO_ACKNOWLEDGE | IicControl::TRANSMIT_RESET);
        self.set_control(direction | IicControl::NO_ACKNOWLEDGE);
    }

    /// Ends the turn.
    pub(super) const fn release(&mut self) {
        (self.taken, self.released) = (false, true);
    }

    /// Writes the control register, with the block enabled.
    pub(super) fn set_control(&self, control: IicControl) {
        self.registers.cr().write(control | IicControl::ENABLE);
    }

    /// Until the control register is next written, entries of the transmit FIFO are only collected.
    pub(super) fn collect(&self) {
        self.registers.cr().write(IicControl::empty());
    }

    pub(super) fn status(&self) -> IicStatus {
        self.registers.sr().read()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.status().contains(IicStatus::BUSY)
    }

    pub(super) fn events(&self) -> IicEvents {
        self.registers.isr().read()
    }

    /// Clears those of `events` that are set. The others must not be written: that would set them.
    pub(super) fn clear(&self, events: IicEvents) {
        let set = self.events() & events;
        if !set.is_empty() {
            self.registers.isr().toggle(set);
        }
    }

    /// Whether the clock is held low for lack of an entry *now*, whatever the status bit remembers.
    pub(super) fn is_starved(&self) -> bool {
        self.clear(IicEvents::TRANSMIT_EMPTY);
        self.events().contains(IicEvents::TRANSMIT_EMPTY)
    }

    /// The next wait is for one of these. What is remembered of conditions that are over is forgotten.
    pub(super) fn want(&mut self, events: IicEvents) {
        self.clear(events & FOLLOWING);
        self.wanted = events;
    }

    /// The next wait is for a free bus, whatever happens on it.
    pub(super) fn want_free(&mut self) {
        self.want(IicEvents::NOT_BUSY);
    }

    pub(super) fn push(&self, entry: u16) {
        self.registers.tx_fifo().write(entry.into());
    }

    /// Entries in the transmit FIFO.
    pub(super) fn queued(&self) -> usize {
        if self.status().contains(IicStatus::TRANSMIT_EMPTY) {
            0
        } else {
            (self.registers.tx_fifo_ocy().read() & 0xF) as usize + 1
        }
    }

    /// Bytes in the receive FIFO.
    pub(super) fn received(&self) -> usize {
        if self.status().contains(IicStatus::RECEIVE_EMPTY) {
            0
        } else {
            (self.registers.rx_fifo_ocy().read() & 0xF) as usize + 1
        }
    }

    pub(super) fn pop(&self) -> u8 {
        let [byte, ..] = self.registers.rx_fifo().take().to_le_bytes();
        byte
    }

    /// The clock is held after so many bytes in the receive FIFO, 1 to 16.
    pub(super) fn set_threshold(&self, bytes: usize) {
        self.registers.rx_fifo_pirq().write((bytes.clamp(1, DEPTH) - 1) as u32);
    }

    fn drain(&self) {
        for _ in 0..DEPTH {
            if self.status().contains(IicStatus::RECEIVE_EMPTY) {
                break;
            }
            self.pop();
        }
    }
}

impl InterruptHardware for AxiIicHardware {
    type Lines = Lines<2>;

    /// A cause that is there already interrupts at once.
    fn unmask(&mut self, lines: u32) {
        if lines & 1 != 0 {
            self.registers.ier().write(self.wanted);
        }
    }

    fn mask(&mut self, lines: u32) {
        if lines & 1 != 0 {
            self.registers.ier().write(IicEvents::empty());
        }
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let mut pending = self.take_latched(lines);
        if lines & 1 != 0 && self.events().intersects(self.wanted) {
            pending |= 1;
        }
        pending
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        let turn = lines & 1 << TURN;
        if turn != 0 && core::mem::take(&mut self.released) { turn } else { 0 }
    }

    fn read_level(&mut self, line: u8) -> u32 {
        if line == TURN { self.taken.into() } else { 0 }
    }

    /// The task that is woken clears the interrupt, so that is masked until the next wait.
    fn clears_on_ack(&self) -> u32 {
        1 << TURN
    }

    fn read_back(&mut self) {
        self.registers.ier().read();
    }
}

impl fmt::Debug for AxiIicHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiIicHardware").field("config", &self.config).finish_non_exhaustive()
    }
}
