//! The AXI VDMA, from its data sheet (PG020), in register mode.
//!
//! Two channels, memory to stream (MM2S) and stream to memory (S2MM), each with its own reset, its own frame stores, and
//! an interrupt. What is easily got wrong is *when* a register counts: sizes and addresses are taken over by a write to
//! VSIZE and by nothing else, while the channel runs, and at the border of the next frame if there is one under way.
//!
//! Frames move whole, at their ends: that of S2MM when its last beat comes, that of MM2S when whoever takes it begins
//! with the next one. So a program that writes to a frame which is on its way to the screen is seen to do so.
//!
//! The builds whose frames are marked in the stream are modelled, which realign at the next frame
//! (`C_FLUSH_ON_FSYNC`). Not modelled: the interrupt of the delay, the vertical flip, dynamic genlock modes, and the
//! obsolete scatter-gather.

use alloc::vec::Vec;

use crate::{
    device::{Bus, Device, Frame, InterfaceKind, Message, Port, PortKind, Stream},
    fabric::BusErrorKind,
};

mod channel;
#[cfg(test)]
mod tests;

use channel::{Channel, DECODE, EOL_EARLY, EOL_LATE, Job, RESET, SLAVE, SOF_EARLY, SOF_LATE};

/// Where the channels park, and which stores they are on.
pub const PARK_PTR: u32 = 0x28;
/// The version, 6.3.
pub const VERSION: u32 = 0x2C;
/// From a register of MM2S below 0x28 to that of S2MM.
pub const S2MM: u32 = 0x30;
/// Errors of S2MM that are not reported.
pub const IRQ_MASK: u32 = 0x3C;
/// From a register of MM2S at 0x50 or above to that of S2MM.
pub const S2MM_FRAME: u32 = 0x50;

const VERSION_6_3: u32 = 0x6300_0000;

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VdmaParams {
    /// There is the channel from memory to stream (`C_INCLUDE_MM2S`).
    pub mm2s: bool,
    /// There is the channel from stream to memory (`C_INCLUDE_S2MM`).
    pub s2mm: bool,
    /// Frame stores of each (`C_NUM_FSTORES`), 1 to 32.
    pub stores: u8,
    /// Bits of an address (`C_ADDR_WIDTH`), 32 to 64.
    pub address_width: u8,
    /// MM2S follows the stores of S2MM where genlock is on (`C_MM2S_GENLOCK_MODE` 1).
    pub mm2s_follows: bool,
}

impl Default for VdmaParams {
    /// Both channels, with three frame stores.
    fn default() -> Self {
        Self { mm2s: true, s2mm: true, stores: 3, address_width: 32, mm2s_follows: false }
    }
}

/// Faults and races of the block, as bits of its input [`PORT`](fault::PORT):
/// `Stimulus::Port { port: "vdma/fault".into(), bits }`.
pub mod fault {
    /// The name of the port.
    pub const PORT: &str = "fault";
    /// The next interrupt of a frame of MM2S comes in the clock in which its status is next cleared.
    pub const FRAME_AT_CLEAR_MM2S: u32 = 1 << 0;
    /// The same for S2MM.
    pub const FRAME_AT_CLEAR_S2MM: u32 = 1 << 1;
    /// A soft reset of MM2S does not end, as where its clocks do not run.
    pub const STUCK_RESET_MM2S: u32 = 1 << 2;
    /// The same for S2MM.
    pub const STUCK_RESET_S2MM: u32 = 1 << 3;
}

const MM2S_IRQ: usize = 0;
const S2MM_IRQ: usize = 1;
const MM2S_STREAM: usize = 2;
const S2MM_STREAM: usize = 3;
const MM2S_MEMORY: usize = 4;
const S2MM_MEMORY: usize = 5;
const FAULT: usize = 6;

static PORTS: [Port; 7] = [
    Port::new("mm2s_introut", PortKind::Signal, 1),
    Port::new("s2mm_introut", PortKind::Signal, 1),
    Port::interface("M_AXIS_MM2S", InterfaceKind::Stream),
    Port::interface("S_AXIS_S2MM", InterfaceKind::Stream),
    Port::interface("M_AXI_MM2S", InterfaceKind::Master),
    Port::interface("M_AXI_S2MM", InterfaceKind::Master),
    Port::new(fault::PORT, PortKind::Input, 4),
];

/// The register-level model. It moves data, so it needs a [`Bus`], and is a [`Device`] only.
///
/// A master port without an address space of its own has the processor's.
///
/// ```
/// use pynq_sim::{Board, Stimulus, device::{Frame, Message, Stream}, models::{AxiVdmaModel, VdmaParams}};
///
/// let board = Board::builder()
///     .device("vdma", 0x4300_0000, 0x1_0000, AxiVdmaModel::new(VdmaParams::default()))
///     .memory("ddr", 0x1000_0000, 0x10_0000)
///     .build()?;
/// let vdma = board.window("vdma")?;
/// // Run, then three stores, the stride, a line of 4 bytes; the number of lines starts it.
/// for (offset, value) in [(0x30, 3), (0xAC, 0x1000_0000), (0xB0, 0x1000_1000), (0xB4, 0x1000_2000)] {
///     vdma.write(offset, value);
/// }
/// for (offset, value) in [(0xA8, 16), (0xA4, 4), (0xA0, 2)] {
///     vdma.write(offset, value);
/// }
/// let frame = Frame::new(2, 4, (*b"one line").into());
/// let message = Message::Stream(Stream::Frame(frame.begun_at(board.now())));
/// board.stimulate(&Stimulus::Message { port: "vdma/S_AXIS_S2MM".into(), message })?;
/// let mut second = [0; 4];
/// board.read_memory(0x1000_0010, &mut second)?;
/// assert_eq!(&second, b"line");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AxiVdmaModel {
    params: VdmaParams,
    mm2s: Channel,
    s2mm: Channel,
    /// What the frame that MM2S sends is made with.
    sending: Option<(Job, u8)>,
    irq_mask: u32,
    fault: u32,
}

impl AxiVdmaModel {
    /// A block that has just been reset.
    #[must_use]
    pub fn new(params: VdmaParams) -> Self {
        let wide = params.address_width > 32;
        Self {
            mm2s: Channel::new(params.stores, wide, params.mm2s_follows),
            s2mm: Channel::new(params.stores, wide, false),
            params,
            sending: None,
            irq_mask: 0,
            fault: 0,
        }
    }

    /// How the block was built.
    #[must_use]
    pub const fn params(&self) -> &VdmaParams {
        &self.params
    }

    /// The channel that has a register, the register, and whether it is S2MM.
    fn channel(&mut self, offset: u32) -> Option<(&mut Channel, u32, bool)> {
        let (register, s2mm) = match offset {
            0x00..0x28 | 0x50..0xA0 => (offset, false),
            0x30..0x50 => (offset - S2MM, true),
            0xA0..0xF0 => (offset - S2MM_FRAME, true),
            _ => return None,
        };
        let (channel, present) =
            if s2mm { (&mut self.s2mm, self.params.s2mm) } else { (&mut self.mm2s, self.params.mm2s) };
        present.then_some((channel, register, s2mm))
    }

    fn park(&self) -> u32 {
        let fields = [self.mm2s.parked, self.s2mm.parked, self.mm2s.shown_store(), self.s2mm.shown_store()];
        fields.iter().rev().fold(0, |word, field| word << 8 | u32::from(*field))
    }

    /// A frame has come in.
    fn receive_frame(&mut self, frame: &Frame, bus: &mut Bus<'_>) {
        let Some(job) = self.s2mm.job() else { return };
        // A frame that was under way is waited for the end of.
        if frame.began() < self.s2mm.since() {
            return;
        }
        let sizes = [
            (frame.line_bytes() < job.line_bytes, EOL_EARLY, 1 << 1),
            (frame.line_bytes() > job.line_bytes, EOL_LATE, 1 << 3),
            (frame.lines() < job.lines, SOF_EARLY, 1 << 0),
            (frame.lines() > job.lines, SOF_LATE, 1 << 2),
        ];
        let reported = sizes.iter().filter(|(is, _, masked)| *is && self.irq_mask & masked == 0);
        let errors = reported.fold(0, |errors, (_, bit, _)| errors | bit);
        if let Err(kind) = write_frame(frame, &job, self.s2mm.store, bus) {
            self.s2mm.fail(memory_error(&kind));
            return self.s2mm.halt();
        }
        self.s2mm.end_of_frame(errors, self.mm2s.store, bus.now());
    }

    /// The next frame is wanted.
    fn next_frame(&mut self, bus: &mut Bus<'_>) {
        let Some((job, store)) = self.sending.take() else {
            self.sending = self.mm2s.job().map(|job| (job, self.mm2s.store));
            return;
        };
        match read_frame(&job, store, bus) {
            Ok(bytes) => {
                let frame = Frame::new(job.lines, job.line_bytes, bytes.into()).begun_at(self.mm2s.since());
                bus.send(MM2S_STREAM, Message::Stream(Stream::Frame(frame)));
            }
            Err(kind) => {
                self.mm2s.fail(memory_error(&kind));
                return self.mm2s.halt();
            }
        }
        self.mm2s.end_of_frame(0, self.s2mm.store, bus.now());
        self.sending = self.mm2s.job().map(|job| (job, self.mm2s.store));
    }
}

fn write_frame(frame: &Frame, job: &Job, store: u8, bus: &mut Bus<'_>) -> Result<(), BusErrorKind> {
    let bytes = frame.bytes();
    let width = frame.line_bytes().min(job.line_bytes) as usize;
    let mut memory = bus.master_or_processor(S2MM_MEMORY);
    let lines = bytes.chunks_exact((frame.line_bytes() as usize).max(1)).take(job.lines as usize);
    if job.stride == frame.line_bytes() && width == job.stride as usize {
        let whole = width * (frame.lines().min(job.lines) as usize);
        return memory.write_bytes(job.address(store, 0), &bytes[..whole.min(bytes.len())]);
    }
    for (number, line) in (0..).zip(lines) {
        memory.write_bytes(job.address(store, number), &line[..width])?;
    }
    Ok(())
}

fn read_frame(job: &Job, store: u8, bus: &mut Bus<'_>) -> Result<Vec<u8>, BusErrorKind> {
    let width = job.line_bytes as usize;
    let mut memory = bus.master_or_processor(MM2S_MEMORY);
    let mut bytes = Vec::with_capacity(width * job.lines as usize);
    if job.stride == job.line_bytes {
        memory.append_bytes(job.address(store, 0), width * job.lines as usize, &mut bytes)?;
        return Ok(bytes);
    }
    for line in 0..job.lines {
        memory.append_bytes(job.address(store, line), width, &mut bytes)?;
    }
    Ok(bytes)
}

const fn memory_error(kind: &BusErrorKind) -> u32 {
    match kind {
        BusErrorKind::Injected => SLAVE,
        _ => DECODE,
    }
}

impl Device for AxiVdmaModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        *self = Self { fault: self.fault, ..Self::new(self.params) };
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        let fault = self.fault;
        match offset {
            PARK_PTR => self.park(),
            VERSION => VERSION_6_3,
            IRQ_MASK if self.params.s2mm => self.irq_mask,
            _ => self.channel(offset).map_or(0, |(channel, register, s2mm)| {
                let stuck = if s2mm { fault::STUCK_RESET_S2MM } else { fault::STUCK_RESET_MM2S };
                channel.read(register, fault & stuck != 0)
            }),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        let now = bus.now();
        match offset {
            PARK_PTR => {
                self.mm2s.parked = (value & 0x1F) as u8 % self.params.stores.max(1);
                self.s2mm.parked = (value >> 8 & 0x1F) as u8 % self.params.stores.max(1);
            }
            IRQ_MASK if self.params.s2mm => self.irq_mask = value & 0xF,
            _ => {
                let Some((channel, register, s2mm)) = self.channel(offset) else { return };
                if register == 0 && value & RESET != 0 {
                    channel.reset();
                    if s2mm {
                        self.irq_mask = 0;
                    } else {
                        self.sending = None;
                    }
                } else {
                    channel.write(register, value, now);
                }
            }
        }
    }

    fn set_input(&mut self, port: usize, bits: u32, _: &mut Bus<'_>) {
        if port == FAULT {
            self.fault = bits;
            self.mm2s.comes_at_clear(bits & fault::FRAME_AT_CLEAR_MM2S != 0);
            self.s2mm.comes_at_clear(bits & fault::FRAME_AT_CLEAR_S2MM != 0);
        }
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match (port, message) {
            (S2MM_STREAM, Message::Stream(Stream::Frame(frame))) => self.receive_frame(&frame, bus),
            (MM2S_STREAM, Message::Stream(Stream::NextFrame)) => self.next_frame(bus),
            _ => {}
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.set(MM2S_IRQ, self.mm2s.interrupts().into());
        bus.set(S2MM_IRQ, self.s2mm.interrupts().into());
    }
}
