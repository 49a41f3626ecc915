//! The registers of an AXI VDMA: its interrupt node, and what starts and stops its channels.
//!
//! A channel is stopped by its reset alone: a stop at the end of the frame (RS = 0) never comes where the stream stands
//! still, and nothing else says that the memory is let go of.

use core::fmt;

use pynq_core::{
    Window,
    dma::{Direction, DmaBuffer},
    interrupt::{InterruptHardware, Lines},
};

use super::{
    AxiVdmaConfig, AxiVdmaConfigError, AxiVdmaError, FrameBuffers, FrameFormat, VdmaControl, VdmaFault, VdmaStatus,
    capture::Capture,
    count::MANY,
    registers::{AxiVdmaRegisters, ParkPointer},
    screen::Screen,
    stores::Stores,
};
use crate::axi_dma::DmaDirection;

/// How often a status that follows within a few clocks is looked at.
const SPINS: u32 = 100;
/// The same for a reset, which waits for bursts that are under way: milliseconds.
const RESET_SPINS: u32 = 10_000;
/// How often a status is cleared that comes again at once. More often than that it is another interrupt.
const CLEARS: u32 = 8;

pub(super) const BOTH: [DmaDirection; 2] = [DmaDirection::Send, DmaDirection::Receive];

/// What raises the interrupt of a channel.
const ENABLES: VdmaControl = VdmaControl::FRAME_ENABLE.union(VdmaControl::ERROR_ENABLE);
/// What is left as the block was built: where frames begin, and whom genlock follows.
const BUILT: VdmaControl = VdmaControl::SYNC_SOURCE.union(VdmaControl::INTERNAL_GENLOCK).union(VdmaControl::MASTER);

/// What is known of a channel.
pub(super) struct Channel {
    present: bool,
    wired: bool,
    /// What the control register was last set to.
    control: VdmaControl,
    /// Whether the addresses of stores 16 to 31 are shown.
    index: bool,
    /// Why it has stopped by itself.
    pub(super) fault: Option<VdmaFault>,
    /// The reset did not end. No register of it is written any more.
    dead: bool,
}

impl Channel {
    const fn new(present: bool) -> Self {
        Self { present, wired: true, control: VdmaControl::empty(), index: false, fault: None, dead: false }
    }
}

/// The register functions of an AXI VDMA. The lines of its node are its channels.
pub struct AxiVdmaHardware {
    registers: AxiVdmaRegisters<Window>,
    config: AxiVdmaConfig,
    channels: [Channel; 2],
    /// What was written to PARK_PTR, which both channels share.
    park: ParkPointer,
    sessions: u32,
    /// Channels that were stopped, which those who wait for them are to hear of, by line.
    stopped: u32,
    pub(super) capture: Option<Capture>,
    pub(super) screen: Option<Screen>,
}

impl AxiVdmaHardware {
    /// Brings the block into a known state, whatever a previous user left: both channels reset.
    ///
    /// # Errors
    ///
    /// See [`AxiVdmaConfigError`].
    pub fn new(window: impl Into<Window>, config: AxiVdmaConfig) -> Result<Self, AxiVdmaConfigError> {
        config.validate()?;
        let registers = AxiVdmaRegisters::new(window.into())?;
        let channels = BOTH.map(|direction| Channel::new(config.channel(direction).is_some()));
        let park = ParkPointer::empty();
        let mut this = Self { registers, config, channels, park, sessions: 0, stopped: 0, capture: None, screen: None };
        for direction in BOTH {
            if this.channel(direction).present {
                this.reset(direction).map_err(|_| AxiVdmaConfigError::ResetStuck { channel: direction })?;
            }
        }
        Ok(this)
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiVdmaConfig {
        &self.config
    }

    /// Says which of the interrupt outputs, of MM2S and of S2MM, reach the processor. Without a word, both do.
    pub fn set_wired(&mut self, wired: [bool; 2]) {
        for (channel, wired) in self.channels.iter_mut().zip(wired) {
            channel.wired = wired;
        }
    }

    const fn channel(&self, direction: DmaDirection) -> &Channel {
        &self.channels[direction as usize]
    }

    const fn channel_mut(&mut self, direction: DmaDirection) -> &mut Channel {
        &mut self.channels[direction as usize]
    }

    /// The format of the frames that a channel moves, if it was started.
    pub(super) fn format(&self, direction: DmaDirection) -> Option<FrameFormat> {
        self.stores(direction).map(|stores| stores.format)
    }

    fn stores(&self, direction: DmaDirection) -> Option<&Stores> {
        match direction {
            DmaDirection::Send => self.screen.as_ref().map(|screen| &screen.stores),
            DmaDirection::Receive => self.capture.as_ref().map(|capture| &capture.stores),
        }
    }

    fn stores_mut(&mut self, direction: DmaDirection) -> Option<&mut Stores> {
        match direction {
            DmaDirection::Send => self.screen.as_mut().map(|screen| &mut screen.stores),
            DmaDirection::Receive => self.capture.as_mut().map(|capture| &mut capture.stores),
        }
    }

    /// Which start of a channel this is.
    pub(super) fn session(&self, direction: DmaDirection) -> Option<u32> {
        self.stores(direction).map(|stores| stores.session)
    }

    /// A frame's buffer that the program is through with.
    pub(super) fn give_back(&mut self, direction: DmaDirection, session: u32, buffer: DmaBuffer) {
        match self.stores_mut(direction) {
            Some(stores) if stores.session == session => stores.put(buffer),
            // Of a channel that was stopped: it goes with this.
            _ => {}
        }
    }

    // ---- starting and stopping

    /// Starts a channel on frames of this format. It takes the buffers, unless this is an error.
    pub(super) fn start(
        &mut self,
        direction: DmaDirection,
        format: FrameFormat,
        buffers: &mut FrameBuffers,
    ) -> Result<(), AxiVdmaError> {
        self.check_start(direction, format, buffers)?;
        // Whatever was left of an error goes with it.
        self.reset(direction)?;
        self.sessions = self.sessions.wrapping_add(1);
        let (way, filled) = match direction {
            // All stores show the same frame at first.
            DmaDirection::Send => (Direction::ToDevice, 1),
            DmaDirection::Receive => (Direction::FromDevice, self.config.stores),
        };
        let mut stores = Stores::new(self.sessions, format, way, core::mem::take(buffers));
        let mut addresses = [0; 32];
        for store in 0..filled {
            let Some(buffer) = stores.free.pop() else { break };
            match stores.lend(store, buffer) {
                Ok((address, _)) => addresses[usize::from(store)] = address,
                Err((buffer, error)) => {
                    stores.put(buffer);
                    *buffers = stores.into_buffers();
                    return Err(error);
                }
            }
        }
        if filled == 1 {
            addresses = [addresses[0]; 32];
        }
        if let Err(error) = self.run(direction, format, &addresses) {
            // Before it runs, it accesses nothing.
            *buffers = stores.into_buffers();
            return Err(error);
        }
        match direction {
            DmaDirection::Send => self.screen = Some(Screen::new(stores)),
            DmaDirection::Receive => self.capture = Some(Capture::new(stores, self.config.stores)),
        }
        Ok(())
    }

    fn check_start(
        &self,
        direction: DmaDirection,
        format: FrameFormat,
        buffers: &FrameBuffers,
    ) -> Result<(), AxiVdmaError> {
        self.config.check(direction, format)?;
        let channel = self.channel(direction);
        if channel.dead {
            return Err(AxiVdmaError::ResetStuck { channel: direction });
        }
        if !channel.wired {
            return Err(AxiVdmaError::NoInterrupt { channel: direction });
        }
        if self.stores(direction).is_some() {
            return Err(AxiVdmaError::Started { channel: direction });
        }
        let needed = match direction {
            DmaDirection::Send => 2,
            DmaDirection::Receive => usize::from(self.config.stores) + 1,
        };
        if buffers.len() < needed {
            return Err(AxiVdmaError::TooFewBuffers { given: buffers.len(), needed });
        }
        buffers.iter().try_for_each(|buffer| self.config.check_buffer(direction, format, buffer))
    }

    /// In the data sheet's order: it runs, then the addresses and sizes, and the number of lines last, which starts it.
    fn run(&mut self, direction: DmaDirection, format: FrameFormat, addresses: &[u64; 32]) -> Result<(), AxiVdmaError> {
        let built = self.control(direction) & BUILT;
        let (mode, count) = match direction {
            DmaDirection::Send => (VdmaControl::empty(), 1),
            DmaDirection::Receive => (VdmaControl::CIRCULAR, MANY),
        };
        let control = (built | mode | VdmaControl::RUN).with_field(VdmaControl::FRAME_COUNT, count.into());
        self.put_control(direction, control);
        if !(0..SPINS).any(|_| !self.status(direction).contains(VdmaStatus::HALTED)) {
            self.reset(direction)?;
            return Err(AxiVdmaError::DoesNotRun { channel: direction });
        }
        for (store, address) in (0..self.config.stores).zip(addresses) {
            self.put_address(direction, store, *address);
        }
        match direction {
            DmaDirection::Send => {
                self.registers.mm2s_stride().write(format.stride);
                self.registers.mm2s_hsize().write(format.line_bytes);
            }
            DmaDirection::Receive => {
                self.registers.s2mm_stride().write(format.stride);
                self.registers.s2mm_hsize().write(format.line_bytes);
            }
        }
        self.commit(direction, format);
        Ok(())
    }

    /// Stops a channel. Returns the buffers that are not in frames of the program's.
    pub(super) fn stop(&mut self, direction: DmaDirection) -> Result<FrameBuffers, AxiVdmaError> {
        if self.stores(direction).is_none() {
            return Err(AxiVdmaError::NotStarted { channel: direction });
        }
        self.stopped |= 1 << direction.line();
        // If it does not let go of the memory, that is leaked with what is dropped here.
        let reset = self.reset(direction);
        let (screen, capture) = match direction {
            DmaDirection::Send => (self.screen.take(), None),
            DmaDirection::Receive => (None, self.capture.take()),
        };
        reset?;
        if let Some(screen) = screen {
            let (buffers, others) = screen.into_buffers();
            for ((direction, session), buffer) in others.into_iter().flatten() {
                self.give_back(direction, session, buffer);
            }
            return Ok(buffers);
        }
        Ok(capture.map_or_else(FrameBuffers::new, Capture::into_buffers))
    }

    /// Resets a channel, and nothing of the other.
    fn reset(&mut self, direction: DmaDirection) -> Result<(), AxiVdmaError> {
        let stuck = AxiVdmaError::ResetStuck { channel: direction };
        if self.channel(direction).dead {
            return Err(stuck);
        }
        self.write_control(direction, VdmaControl::RESET);
        let over = (0..RESET_SPINS).any(|_| !self.control(direction).contains(VdmaControl::RESET));
        let (present, wired) = (self.channel(direction).present, self.channel(direction).wired);
        *self.channel_mut(direction) = Channel { wired, dead: !over, ..Channel::new(present) };
        if over { Ok(()) } else { Err(stuck) }
    }

    // ---- the interrupt

    /// Takes what has happened on a channel. Returns whether anything has.
    ///
    /// The status is read until it stays clear: where an edge of the output is what is seen of it, one that never fell would
    /// be the last.
    pub(super) fn service(&mut self, direction: DmaDirection) -> bool {
        if self.stores(direction).is_none() || self.channel(direction).dead {
            return false;
        }
        let clearable = VdmaStatus::EVENTS | VdmaStatus::SIZE_ERRORS | VdmaStatus::INTERNAL_ERROR;
        let mut seen = VdmaStatus::empty();
        for _ in 0..CLEARS {
            let status = self.status(direction);
            seen |= status;
            if !status.intersects(clearable) {
                break;
            }
            self.clear_status(direction, status & clearable);
        }
        let fatal = self.fatal();
        if seen.intersects(fatal) && self.channel(direction).fault.is_none() {
            self.channel_mut(direction).fault = Some(VdmaFault::of(seen));
        }
        match direction {
            DmaDirection::Send => self.look_at_screen(),
            DmaDirection::Receive => _ = self.look_at_capture(seen),
        }
        seen.intersects(clearable | fatal)
    }

    /// What a channel has stopped on.
    pub(super) const fn fatal(&self) -> VdmaStatus {
        let always = VdmaStatus::MEMORY_ERRORS.union(VdmaStatus::HALTED);
        if self.config.flushes { always } else { always.union(VdmaStatus::INTERNAL_ERROR) }
    }

    /// The error a channel has stopped with, or that it was not started.
    pub(super) fn check_runs(&self, direction: DmaDirection) -> Result<(), AxiVdmaError> {
        match (self.stores(direction), self.channel(direction).fault) {
            (None, _) => Err(AxiVdmaError::NotStarted { channel: direction }),
            (_, Some(fault)) => Err(AxiVdmaError::Fault { channel: direction, fault }),
            _ => Ok(()),
        }
    }

    /// The interrupts of a channel that runs are turned on or off.
    fn enable(&mut self, direction: DmaDirection, on: bool) {
        if self.stores(direction).is_none() || self.channel(direction).dead {
            return;
        }
        let before = self.channel(direction).control;
        let control = if on { before | ENABLES } else { before - ENABLES };
        if control == before {
            return;
        }
        match direction {
            DmaDirection::Send => self.put_control(direction, control),
            DmaDirection::Receive => self.count_by(control, on),
        }
    }

    // ---- registers of a channel

    /// The frame store that a channel is on.
    pub(super) fn store(&self, direction: DmaDirection) -> u8 {
        let park = self.registers.park_ptr().read();
        let field = match direction {
            DmaDirection::Send => ParkPointer::MM2S_STORE,
            DmaDirection::Receive => ParkPointer::S2MM_STORE,
        };
        park.field(field) as u8
    }

    /// Parks MM2S on a store, from its next frame on.
    pub(super) fn park_on(&mut self, store: u8) {
        self.park = self.park.with_field(ParkPointer::MM2S_PARK, store.into());
        self.registers.park_ptr().write(self.park);
    }

    pub(super) fn status(&self, direction: DmaDirection) -> VdmaStatus {
        match direction {
            DmaDirection::Send => self.registers.mm2s_vdmasr().read(),
            DmaDirection::Receive => self.registers.s2mm_vdmasr().read(),
        }
    }

    /// Only what was read: another bit may be of the next frame.
    pub(super) fn clear_status(&self, direction: DmaDirection, status: VdmaStatus) {
        match direction {
            DmaDirection::Send => self.registers.mm2s_vdmasr().clear(status),
            DmaDirection::Receive => self.registers.s2mm_vdmasr().clear(status),
        }
    }

    fn control(&self, direction: DmaDirection) -> VdmaControl {
        match direction {
            DmaDirection::Send => self.registers.mm2s_vdmacr().read(),
            DmaDirection::Receive => self.registers.s2mm_vdmacr().read(),
        }
    }

    fn write_control(&self, direction: DmaDirection, control: VdmaControl) {
        match direction {
            DmaDirection::Send => self.registers.mm2s_vdmacr().write(control),
            DmaDirection::Receive => self.registers.s2mm_vdmacr().write(control),
        }
    }

    /// Writes the control register, and remembers what is in it.
    pub(super) fn put_control(&mut self, direction: DmaDirection, control: VdmaControl) {
        self.channel_mut(direction).control = control;
        self.write_control(direction, control);
    }

    /// Where the frames of a store are, once the sizes are committed.
    pub(super) fn put_address(&mut self, direction: DmaDirection, store: u8, address: u64) {
        let (low, high) = (address as u32, (address >> 32) as u32);
        let mut index = usize::from(store);
        let behind = index >= 16;
        if behind != self.channel(direction).index {
            self.channel_mut(direction).index = behind;
            match direction {
                DmaDirection::Send => self.registers.mm2s_reg_index().write(behind.into()),
                DmaDirection::Receive => self.registers.s2mm_reg_index().write(behind.into()),
            }
        }
        let addresses = match direction {
            DmaDirection::Send => self.registers.mm2s_address(),
            DmaDirection::Receive => self.registers.s2mm_address(),
        };
        index = if self.config.wide() { 2 * index } else { index % 16 };
        if let Some(register) = addresses.get(index) {
            register.write(low);
        }
        if let Some(register) = addresses.get(index + 1).filter(|_| self.config.wide()) {
            register.write(high);
        }
    }

    /// Has the block take over addresses and sizes: from its next frame on, if one is under way.
    pub(super) fn commit(&self, direction: DmaDirection, format: FrameFormat) {
        match direction {
            DmaDirection::Send => self.registers.mm2s_vsize().write(format.lines),
            DmaDirection::Receive => self.registers.s2mm_vsize().write(format.lines),
        }
    }

    pub(super) fn is_broken(&self, direction: DmaDirection) -> bool {
        self.channel(direction).fault.is_some()
    }
}

impl InterruptHardware for AxiVdmaHardware {
    type Lines = Lines<2>;

    /// The status keeps what has come before.
    fn unmask(&mut self, lines: u32) {
        for direction in BOTH {
            if lines >> direction.line() & 1 != 0 {
                self.enable(direction, true);
            }
        }
    }

    fn mask(&mut self, lines: u32) {
        for direction in BOTH {
            if lines >> direction.line() & 1 != 0 {
                self.enable(direction, false);
            }
        }
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let mut fired = self.stopped & lines;
        self.stopped &= !lines;
        for direction in BOTH {
            let line = 1 << direction.line();
            if lines & line != 0 && self.service(direction) {
                fired |= line;
            }
        }
        fired
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    /// 1 where there is something for a program that waits.
    fn read_level(&mut self, line: u8) -> u32 {
        let direction = BOTH[usize::from(line & 1)];
        let has_news = match direction {
            DmaDirection::Send => true,
            DmaDirection::Receive => self.capture.as_ref().is_none_or(Capture::has_news),
        };
        u32::from(has_news || self.is_broken(direction))
    }

    fn clears_on_ack(&self) -> u32 {
        0b11
    }

    fn read_back(&mut self) {
        self.registers.version().read();
    }
}

/// A design that goes does not go on writing to memory.
impl Drop for AxiVdmaHardware {
    fn drop(&mut self) {
        for direction in BOTH {
            // Of one that does not stop, the memory stays lent for good.
            let _ = self.stop(direction);
        }
    }
}

impl fmt::Debug for AxiVdmaHardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiVdmaHardware").field("config", &self.config).finish_non_exhaustive()
    }
}
