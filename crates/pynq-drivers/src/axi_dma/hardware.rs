//! The registers of an AXI DMA: its interrupt node, and all that starts, ends and stops transfers.
//!
//! Both channels are here, under one lock, because they share what matters most: an error of one stops both, and a reset
//! is of the whole block. Each service looks at every channel that is at work, whichever output has risen, so that
//! nothing an edge stands for is left behind.
//!
//! Whether a transfer has ended is decided here and nowhere else, and remembered until the transfer asks: a wait samples that
//! ([`read_level`](InterruptHardware::read_level)) and touches no register.

use core::fmt;

use pynq_core::{
    Window,
    dma::{Lent, Packet},
    interrupt::{InterruptHardware, Lines},
};

use super::{
    AxiDmaConfig, AxiDmaConfigError, AxiDmaError, DmaControl, DmaDirection, DmaFault, DmaStatus,
    channel_state::{ChannelState, SLOTS},
    registers::AxiDmaRegisters,
};

/// How often a status that follows within a few clocks is looked at: by far longer than it takes, and no time to speak of.
const SPINS: u32 = 100;
/// The same for a transfer that is to stop: a burst that is under way goes to its end.
const STOP_SPINS: u32 = 1_000;
/// The same for a reset, which waits for bursts that are under way on both channels: milliseconds.
const RESET_SPINS: u32 = 10_000;

const BOTH: [DmaDirection; 2] = [DmaDirection::Send, DmaDirection::Receive];

/// What raises the interrupt of a channel.
const ENABLES: DmaControl = DmaControl::IOC_ENABLE.union(DmaControl::ERROR_ENABLE);

/// The register functions of an AXI DMA. The lines of its node are its channels.
pub struct AxiDmaHardware {
    pub(super) registers: AxiDmaRegisters<Window>,
    config: AxiDmaConfig,
    pub(super) channels: [ChannelState; 2],
    /// There are errors that only a reset takes away.
    broken: bool,
    /// The reset did not end. No register is written any more.
    dead: bool,
}

/// What became of a transfer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// How many bytes were transferred, or why not all of it was.
    pub(super) result: Result<usize, AxiDmaError>,
    /// The hardware accesses the memory no more.
    pub(super) let_go: bool,
}

impl AxiDmaHardware {
    /// Brings the block into a known state, whatever a previous user left: reset, with nothing under way.
    ///
    /// # Errors
    ///
    /// See [`AxiDmaConfigError`].
    pub fn new(window: impl Into<Window>, config: AxiDmaConfig) -> Result<Self, AxiDmaConfigError> {
        config.validate()?;
        let registers = AxiDmaRegisters::new(window.into())?;
        let channels = BOTH.map(|direction| ChannelState::new(config.channel(direction).is_some()));
        let mut this = Self { registers, config, channels, broken: false, dead: false };
        this.reset().map_err(|_| AxiDmaConfigError::ResetStuck)?;
        let found = this.status(this.any()).contains(DmaStatus::SG_INCLUDED);
        if found != config.scatter_gather {
            return Err(AxiDmaConfigError::Mode { scatter_gather: found });
        }
        Ok(this)
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiDmaConfig {
        &self.config
    }

    /// Says which of the interrupt outputs, of MM2S and of S2MM, reach the processor. Without a word, both do.
    pub fn set_wired(&mut self, wired: [bool; 2]) {
        for (channel, wired) in self.channels.iter_mut().zip(wired) {
            channel.wired = wired;
        }
    }

    /// A channel that is there.
    const fn any(&self) -> DmaDirection {
        if self.channels[0].present { DmaDirection::Send } else { DmaDirection::Receive }
    }

    // ---- the life of a transfer

    /// Starts a transfer. Returns the slot that its end is remembered in.
    pub(super) fn begin<P: Packet>(
        &mut self,
        direction: DmaDirection,
        lent: &Lent<P>,
        polled: bool,
    ) -> Result<u8, AxiDmaError> {
        self.prepare(direction, polled)?;
        if self.config.scatter_gather {
            return self.queue(direction, lent);
        }
        if self.channel(direction).used != 0 {
            return Err(AxiDmaError::Busy { channel: direction });
        }
        let piece = lent.piece(0).ok_or(AxiDmaError::Empty)?;
        self.run(direction)?;
        self.put_transfer(direction, piece.address, piece.length);
        self.channel_mut(direction).occupy(0, piece.length);
        Ok(0)
    }

    /// Whether anything can be started on a channel.
    pub(super) fn prepare(&mut self, direction: DmaDirection, polled: bool) -> Result<(), AxiDmaError> {
        if self.dead {
            return Err(AxiDmaError::ResetStuck);
        }
        if !polled && !self.channel(direction).wired {
            return Err(AxiDmaError::NoInterrupt { channel: direction });
        }
        if self.channel(direction).round.is_some() {
            return Err(AxiDmaError::Busy { channel: direction });
        }
        // Nothing is under way then: the error has ended all there was.
        if self.broken { self.reset() } else { Ok(()) }
    }

    /// What became of the transfer in `slot`, which is free again.
    pub(super) fn take(&mut self, direction: DmaDirection, slot: u8) -> Outcome {
        let result = self.channel_mut(direction).release(slot);
        let let_go = match result {
            Ok(_) => true,
            Err(_) if self.broken => self.reset().is_ok(),
            Err(_) => !self.dead,
        };
        Outcome { result, let_go }
    }

    /// Ends the transfer in `slot`, wherever it is. Returns what had gone wrong with it, if the hardware knows. If this is an
    /// error, the hardware has not let go of the memory.
    pub(super) fn abandon(&mut self, direction: DmaDirection, slot: u8) -> Result<Option<AxiDmaError>, AxiDmaError> {
        if self.dead {
            let _ = self.channel_mut(direction).release(slot);
            return Err(AxiDmaError::ResetStuck);
        }
        if self.config.scatter_gather && self.channel(direction).round.is_none() {
            // A packet that has filled its buffers and goes on raises no interrupt.
            self.reap(direction);
        }
        let was_done = self.channel(direction).is_done(slot);
        let found = self.channel_mut(direction).release(slot).err();
        if !was_done {
            self.stop(direction)?;
        } else if self.broken {
            self.reset()?;
        } else if self.dead {
            return Err(AxiDmaError::ResetStuck);
        }
        Ok(found)
    }

    /// Whether the transfer in `slot` has ended.
    pub(super) const fn has_ended(&self, direction: DmaDirection, slot: u8) -> bool {
        self.channel(direction).is_done(slot)
    }

    /// Whether a reset did not end, so that the block may access any memory that it was given.
    pub(super) const fn is_dead(&self) -> bool {
        self.dead
    }

    /// Whether a transfer is under way.
    pub(super) const fn is_busy(&self, direction: DmaDirection) -> bool {
        self.channel(direction).is_busy()
    }

    /// Whether transfers have ended for which no interrupt comes: to be announced by a look at both lines.
    pub(super) const fn has_news(&self) -> bool {
        self.channels[0].changed || self.channels[1].changed
    }

    /// Looks at the status of all channels that are at work, as an interrupt does.
    pub(super) fn look(&mut self) {
        let fired = self.service_all();
        for direction in BOTH {
            self.channel_mut(direction).changed |= fired >> direction.line() & 1 != 0;
        }
    }

    // ---- stopping

    /// Stops a channel, or the whole block if it does not stop.
    pub(super) fn stop(&mut self, direction: DmaDirection) -> Result<(), AxiDmaError> {
        let control = self.channel(direction).control - DmaControl::RUN;
        self.put_control(direction, control);
        for _ in 0..STOP_SPINS {
            let status = self.status(direction);
            if status.contains(DmaStatus::HALTED) {
                self.clear_status(direction, status & DmaStatus::EVENTS);
                let channel = self.channel_mut(direction);
                channel.halt();
                // Those that were queued behind it.
                channel.fail(AxiDmaError::Reset);
                return Ok(());
            }
        }
        self.reset()
    }

    /// Resets the block. What was under way on either channel has ended, in vain.
    pub(super) fn reset(&mut self) -> Result<(), AxiDmaError> {
        if self.dead {
            return Err(AxiDmaError::ResetStuck);
        }
        let one = self.any();
        self.write_control(one, DmaControl::RESET);
        let over = (0..RESET_SPINS).any(|_| !self.control(one).contains(DmaControl::RESET));
        self.dead = !over;
        let error = if over { AxiDmaError::Reset } else { AxiDmaError::ResetStuck };
        for channel in &mut self.channels {
            channel.halt();
            channel.control = DmaControl::empty();
            channel.fail(error);
        }
        if !over {
            return Err(error);
        }
        self.broken = false;
        Ok(())
    }

    /// Has a channel run that does not, up to where a transfer can be started.
    fn run(&mut self, direction: DmaDirection) -> Result<(), AxiDmaError> {
        let channel = self.channel(direction);
        if channel.runs {
            let mut idle = channel.idle;
            // It follows the completion within a few clocks.
            idle = idle || (0..SPINS).any(|_| self.status(direction).contains(DmaStatus::IDLE));
            return if idle { Ok(()) } else { Err(AxiDmaError::DoesNotRun { channel: direction }) };
        }
        self.set_running(direction, DmaControl::empty())
    }

    /// Has a halted channel run, with these bits besides.
    pub(super) fn set_running(&mut self, direction: DmaDirection, control: DmaControl) -> Result<(), AxiDmaError> {
        self.put_control(direction, DmaControl::RUN | ENABLES | control);
        let runs = (0..SPINS).any(|_| !self.status(direction).contains(DmaStatus::HALTED));
        self.channel_mut(direction).runs = runs;
        if runs { Ok(()) } else { Err(AxiDmaError::DoesNotRun { channel: direction }) }
    }

    // ---- the interrupt

    /// Takes what has happened on the channels that are at work. Returns their lines.
    fn service_all(&mut self) -> u32 {
        let mut fired = 0;
        for direction in BOTH {
            if self.channel(direction).is_busy() && !self.dead {
                fired |= self.service(direction);
            }
        }
        fired
    }

    /// Takes back interrupts that nobody is left for: of a packet that was found in its descriptor with the one before it. A
    /// level would be raised for ever while there are waits on the other channel.
    fn quieten(&self) {
        for direction in BOTH {
            let channel = self.channel(direction);
            if channel.runs && !channel.is_busy() && !self.dead {
                let events = self.status(direction) & DmaStatus::EVENTS;
                if !events.is_empty() {
                    self.clear_status(direction, events);
                }
            }
        }
    }

    /// Those of `lines` on which transfers have ended without an interrupt. They are told once.
    fn take_changed(&mut self, lines: u32) -> u32 {
        let mut news = 0;
        for direction in BOTH {
            let line = 1 << direction.line();
            if lines & line != 0 && core::mem::take(&mut self.channel_mut(direction).changed) {
                news |= line;
            }
        }
        news
    }

    fn service(&mut self, direction: DmaDirection) -> u32 {
        let status = self.status(direction);
        let events = status & DmaStatus::EVENTS;
        if events.is_empty() {
            return 0;
        }
        // Before any result is looked at, so that what comes from here on raises it anew.
        self.clear_status(direction, events);
        if events.contains(DmaStatus::ERROR) || status.intersects(DmaStatus::ERRORS) {
            return self.fail(direction, status);
        }
        if self.channel(direction).round.is_some() {
            self.count_periods(direction);
        } else if self.config.scatter_gather {
            self.reap(direction);
        } else {
            let received = match direction {
                DmaDirection::Send => None,
                DmaDirection::Receive => Some(self.registers.s2mm_length().read() as usize),
            };
            self.channel_mut(direction).complete(0, received);
        }
        self.channel_mut(direction).idle = status.contains(DmaStatus::IDLE);
        1 << direction.line()
    }

    /// An error stops both channels, and ends what is under way on either.
    fn fail(&mut self, direction: DmaDirection, status: DmaStatus) -> u32 {
        self.broken = true;
        let descriptor = self.failing_descriptor(direction);
        let error = AxiDmaError::Fault { channel: direction, fault: DmaFault::of(status), descriptor };
        let mut lines = 0;
        for (channel, line) in self.channels.iter_mut().zip([1, 2]) {
            lines |= if channel.is_busy() { line } else { 0 };
            channel.runs = false;
            channel.fail(error);
            channel.changed = false;
        }
        lines
    }

    // ---- registers of a channel

    pub(super) const fn channel(&self, direction: DmaDirection) -> &ChannelState {
        &self.channels[direction as usize]
    }

    pub(super) const fn channel_mut(&mut self, direction: DmaDirection) -> &mut ChannelState {
        &mut self.channels[direction as usize]
    }

    pub(super) fn status(&self, direction: DmaDirection) -> DmaStatus {
        match direction {
            DmaDirection::Send => self.registers.mm2s_dmasr().read(),
            DmaDirection::Receive => self.registers.s2mm_dmasr().read(),
        }
    }

    fn clear_status(&self, direction: DmaDirection, events: DmaStatus) {
        match direction {
            DmaDirection::Send => self.registers.mm2s_dmasr().clear(events),
            DmaDirection::Receive => self.registers.s2mm_dmasr().clear(events),
        }
    }

    fn control(&self, direction: DmaDirection) -> DmaControl {
        match direction {
            DmaDirection::Send => self.registers.mm2s_dmacr().read(),
            DmaDirection::Receive => self.registers.s2mm_dmacr().read(),
        }
    }

    fn write_control(&self, direction: DmaDirection, control: DmaControl) {
        match direction {
            DmaDirection::Send => self.registers.mm2s_dmacr().write(control),
            DmaDirection::Receive => self.registers.s2mm_dmacr().write(control),
        }
    }

    /// Writes the control register, and remembers what is in it.
    pub(super) fn put_control(&mut self, direction: DmaDirection, control: DmaControl) {
        self.channel_mut(direction).control = control;
        self.write_control(direction, control);
    }

    /// The registers of a transfer in direct mode. The length is the last: its write starts.
    #[allow(clippy::cast_possible_truncation)] // both halves are written, and a length was checked
    fn put_transfer(&self, direction: DmaDirection, address: u64, length: usize) {
        let (low, high, registers) = (address as u32, (address >> 32) as u32, &self.registers);
        let wide = self.config.address_width > 32;
        match direction {
            DmaDirection::Send => {
                registers.mm2s_sa().write(low);
                if wide {
                    registers.mm2s_sa_msb().write(high);
                }
                registers.mm2s_length().write(length as u32);
            }
            DmaDirection::Receive => {
                registers.s2mm_da().write(low);
                if wide {
                    registers.s2mm_da_msb().write(high);
                }
                registers.s2mm_length().write(length as u32);
            }
        }
    }
}

impl InterruptHardware for AxiDmaHardware {
    type Lines = Lines<2>;

    /// The status keeps what has come before.
    fn unmask(&mut self, lines: u32) {
        self.enable(lines, true);
    }

    fn mask(&mut self, lines: u32) {
        self.enable(lines, false);
    }

    fn ack_pending(&mut self, _: u32) -> u32 {
        let fired = self.service_all();
        if fired == 0 && self.config.scatter_gather {
            self.quieten();
        }
        // A service that had to reset the block has ended the other channel's transfers as well.
        fired | self.take_changed(0b11)
    }

    /// What has ended without an interrupt counts as well.
    fn take_latched(&mut self, lines: u32) -> u32 {
        self.look();
        self.take_changed(lines)
    }

    /// The transfers that have ended, by slot, and whether there is a new period.
    fn read_level(&mut self, line: u8) -> u32 {
        let channel = &self.channels[usize::from(line & 1)];
        let has_period = channel.round.as_ref().is_none_or(|round| round.has_news() || channel.done != 0);
        u32::from(channel.done) | if has_period { PERIOD_BIT } else { 0 }
    }

    fn clears_on_ack(&self) -> u32 {
        0b11
    }

    fn read_back(&mut self) {
        if !self.dead {
            self.status(self.any());
        }
    }
}

impl AxiDmaHardware {
    /// A channel with nothing under way raises no interrupt, and stays as it is.
    fn enable(&mut self, lines: u32, on: bool) {
        for direction in BOTH {
            let channel = self.channel(direction);
            if lines >> direction.line() & 1 == 0 || !channel.present || self.dead || !channel.is_busy() {
                continue;
            }
            let control = if on { channel.control | ENABLES } else { channel.control - DmaControl::IOC_ENABLE };
            if control != channel.control {
                self.put_control(direction, control);
            }
        }
    }
}

/// A design that goes does not go on writing to memory.
impl Drop for AxiDmaHardware {
    fn drop(&mut self) {
        // There is no more to be done about one that does not end, now or before, but to leave it its descriptors.
        let is_at_work = self.broken || self.channels.iter().any(ChannelState::is_busy);
        if self.dead || is_at_work && self.reset().is_err() {
            for ring in self.channels.iter_mut().filter_map(|channel| channel.ring.take()) {
                ring.leak();
            }
        }
    }
}

impl fmt::Debug for AxiDmaHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiDmaHardware").field("config", &self.config).finish_non_exhaustive()
    }
}

/// In what a wait samples: there is something to be taken from the channel's cyclic mode.
pub(super) const PERIOD_BIT: u32 = 1 << 16;

// A slot is a bit of what a wait samples, below that one.
const _: () = assert!(SLOTS <= 16);
