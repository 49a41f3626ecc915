//! The AXI DMA, from its data sheet (PG021): direct register mode and scatter-gather.
//!
//! Two channels, memory to stream (MM2S) and stream to memory (S2MM), share a reset and a domain of errors, and nothing
//! else. What makes the block hard to use is what a write does *not* do: a LENGTH that is written while a transfer
//! runs, or before the channel runs, is stored and starts nothing; one that is too long loses its upper bits; an error
//! stops both channels, and only a reset of both takes it away.
//!
//! A transfer takes the time that its bytes take at the channel's clock and width, the narrower of memory and stream, and
//! moves in pieces of up to [`PIECE`] bytes: that is how far the model's memory can lag behind the hardware's, and how many
//! events a transfer costs. Where the sheet gives no number of clocks, the model has a small one of its own.
//!
//! What follows from a write shows in the status register a moment later, as on hardware: the first read of it at the time of
//! the write has Halted and Idle as they were.
//!
//! Not modelled: several channels on one engine (`C_ENABLE_MULTI_CHANNEL`), and the status and control streams.

use core::time::Duration;

use pynq_core::Instant;

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Stream};

mod channel;
mod mm2s;
mod ring;
mod s2mm;
#[cfg(test)]
mod tests;

use channel::Channel;
use mm2s::Mm2s;
use s2mm::S2mm;

/// Control of MM2S. The registers of S2MM are [`S2MM`] further on.
pub const DMACR: u32 = 0x00;
/// Status.
pub const DMASR: u32 = 0x04;
/// The descriptor being worked on, in a build with scatter-gather.
pub const CURDESC: u32 = 0x08;
/// Its address from bit 32 on.
pub const CURDESC_MSB: u32 = 0x0C;
/// The last descriptor to work on.
pub const TAILDESC: u32 = 0x10;
/// Its address from bit 32 on.
pub const TAILDESC_MSB: u32 = 0x14;
/// Where the data is, in a build without scatter-gather.
pub const ADDRESS: u32 = 0x18;
/// The address from bit 32 on.
pub const ADDRESS_MSB: u32 = 0x1C;
/// How many bytes: the write that starts a transfer.
pub const LENGTH: u32 = 0x28;
/// The bus attributes of accesses to descriptors. It has no second copy.
pub const SG_CTL: u32 = 0x2C;
/// From a register of MM2S to that of S2MM.
pub const S2MM: u32 = 0x30;

const RESET: u32 = 1 << 2;
const SG_CTL_MASK: u32 = 0x0F0F;
const SG_CTL_RESET: u32 = 0x3;

/// Bytes that move at once.
pub const PIECE: usize = 64 << 10;

/// Clocks of a soft reset.
const RESET_CLOCKS: u64 = 16;

/// How a channel was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaChannelParams {
    /// Frequency of its clock, `m_axi_mm2s_aclk` or `m_axi_s2mm_aclk`.
    pub clock_hz: u64,
    /// Bytes that its memory port moves in a clock (`C_M_AXI_*_DATA_WIDTH` / 8).
    pub memory_bytes: u16,
    /// Bytes that its stream moves in a clock (`C_M_AXIS_*_TDATA_WIDTH` / 8).
    pub stream_bytes: u16,
    /// There is a realignment engine: a transfer can begin at any address (`C_INCLUDE_*_DRE`).
    pub realigns: bool,
    /// Beats of a burst (`C_*_BURST_SIZE`).
    pub burst: u16,
}

impl Default for DmaChannelParams {
    /// 32 bits at 100 MHz, without realignment.
    fn default() -> Self {
        Self { clock_hz: 100_000_000, memory_bytes: 4, stream_bytes: 4, realigns: false, burst: 16 }
    }
}

impl DmaChannelParams {
    /// How long so many bytes take.
    fn time(&self, bytes: usize) -> Duration {
        let width = self.memory_bytes.min(self.stream_bytes).max(1);
        self.clocks(bytes.div_ceil(width.into()) as u64)
    }

    fn clocks(&self, clocks: u64) -> Duration {
        clocks_at(clocks, self.clock_hz)
    }
}

fn clocks_at(clocks: u64, hz: u64) -> Duration {
    let nanos = (u128::from(clocks) * 1_000_000_000).div_ceil(u128::from(hz.max(1)));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaParams {
    /// The channel from memory to stream (`C_INCLUDE_MM2S`).
    pub mm2s: Option<DmaChannelParams>,
    /// The channel from stream to memory (`C_INCLUDE_S2MM`).
    pub s2mm: Option<DmaChannelParams>,
    /// Scatter-gather, instead of direct register mode (`C_INCLUDE_SG`).
    pub scatter_gather: bool,
    /// Bits of a length (`C_SG_LENGTH_WIDTH`), 8 to 26.
    pub length_width: u8,
    /// Bits of an address (`C_ADDR_WIDTH`), 32 to 64.
    pub address_width: u8,
    /// The reduced core (`C_MICRO_DMA`): a transfer is one burst, and does not cross a border of 4 KiB.
    pub micro: bool,
    /// Frequency of the clock for descriptors, `m_axi_sg_aclk`.
    pub sg_clock_hz: u64,
    /// Its clocks in a unit of the interrupt delay (`C_DLYTMR_RESOLUTION`).
    pub delay_resolution: u32,
}

impl Default for DmaParams {
    /// Both channels in direct register mode, with the defaults of the block: lengths of 14 bits, addresses of 32.
    fn default() -> Self {
        Self {
            mm2s: Some(DmaChannelParams::default()),
            s2mm: Some(DmaChannelParams::default()),
            scatter_gather: false,
            length_width: 14,
            address_width: 32,
            micro: false,
            sg_clock_hz: 100_000_000,
            delay_resolution: 125,
        }
    }
}

impl DmaParams {
    const fn length_mask(&self) -> u32 {
        u32::MAX >> (32 - if self.length_width >= 1 && self.length_width <= 32 { self.length_width } else { 14 })
    }

    const fn wide(&self) -> bool {
        self.address_width > 32
    }

    const fn address_mask(&self) -> u64 {
        if self.address_width >= 64 { u64::MAX } else { (1 << self.address_width) - 1 }
    }
}

/// Faults and races of the block, as bits of its input [`PORT`](fault::PORT):
/// `Stimulus::Port { port: "dma/fault".into(), bits }`.
pub mod fault {
    /// The name of the port.
    pub const PORT: &str = "fault";
    /// A soft reset never ends, as when the memory port or the stream never answers. One that hangs ends when the fault does.
    pub const STUCK_RESET: u32 = 1 << 0;
    /// The next completion interrupt of MM2S comes in the clock in which its status is next cleared.
    pub const COMPLETE_AT_CLEAR_MM2S: u32 = 1 << 1;
    /// The same for S2MM.
    pub const COMPLETE_AT_CLEAR_S2MM: u32 = 1 << 2;
}

const MM2S_IRQ: usize = 0;
const S2MM_IRQ: usize = 1;
const MM2S_STREAM: usize = 2;
const S2MM_STREAM: usize = 3;
const MM2S_MEMORY: usize = 4;
const S2MM_MEMORY: usize = 5;
const SG_MEMORY: usize = 6;
const FAULT: usize = 7;

static PORTS: [Port; 8] = [
    Port::new("mm2s_introut", PortKind::Signal, 1),
    Port::new("s2mm_introut", PortKind::Signal, 1),
    Port::interface("M_AXIS_MM2S", InterfaceKind::Stream),
    Port::interface("S_AXIS_S2MM", InterfaceKind::Stream),
    Port::interface("M_AXI_MM2S", InterfaceKind::Master),
    Port::interface("M_AXI_S2MM", InterfaceKind::Master),
    Port::interface("M_AXI_SG", InterfaceKind::Master),
    Port::new(fault::PORT, PortKind::Input, 3),
];

/// A soft reset in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resetting {
    /// When it is over; `None` for never.
    over: Option<Instant>,
}

/// What the block does next by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Reset,
    Mm2s,
    S2mm,
    /// Of the channel of this index.
    Delay(usize),
}

/// The register-level model. It moves data, so it needs a [`Bus`], and is a [`Device`] only.
///
/// A master port without an address space of its own has the processor's.
///
/// ```
/// use pynq_sim::{Board, models::{AxiDmaModel, AxisFifoModel, AxisFifoParams, DmaParams}};
///
/// let board = Board::builder()
///     .device("dma", 0x4040_0000, 0x1_0000, AxiDmaModel::new(DmaParams::default()))
///     .part("fifo", AxisFifoModel::new(AxisFifoParams::default()))
///     .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
///     .join("fifo/M_AXIS", "dma/S_AXIS_S2MM")
///     .memory("ddr", 0x1000_0000, 0x10_0000)
///     .build()?;
/// board.write_memory(0x1000_0000, b"there and back")?;
/// let dma = board.window("dma")?;
/// for (offset, value) in [(0x30, 1), (0x48, 0x1000_1000), (0x58, 14), (0x00, 1), (0x18, 0x1000_0000), (0x28, 14)] {
///     dma.write(offset, value);
/// }
/// board.advance(std::time::Duration::from_micros(10));
/// let mut received = [0; 14];
/// board.read_memory(0x1000_1000, &mut received)?;
/// assert_eq!(&received, b"there and back");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AxiDmaModel {
    params: DmaParams,
    mm2s: Mm2s,
    s2mm: S2mm,
    sg_ctl: u32,
    resetting: Option<Resetting>,
    fault: u32,
    /// The time of the last access or event.
    seen: Instant,
}

impl AxiDmaModel {
    /// A block that has just been reset.
    #[must_use]
    pub fn new(params: DmaParams) -> Self {
        Self {
            params,
            mm2s: Mm2s::new(&params),
            s2mm: S2mm::new(&params),
            sg_ctl: SG_CTL_RESET,
            resetting: None,
            fault: 0,
            seen: Instant::START,
        }
    }

    /// How the block was built.
    #[must_use]
    pub const fn params(&self) -> &DmaParams {
        &self.params
    }

    /// All registers at their values of reset, and nothing in progress.
    fn clear(&mut self, bus: &mut Bus<'_>) {
        self.mm2s = Mm2s::new(&self.params);
        self.s2mm = S2mm::new(&self.params);
        self.sg_ctl = SG_CTL_RESET;
        self.hold_completions();
        bus.hold(S2MM_STREAM);
    }

    fn hold_completions(&mut self) {
        self.mm2s.channel.hold_completions(self.fault & fault::COMPLETE_AT_CLEAR_MM2S != 0);
        self.s2mm.channel.hold_completions(self.fault & fault::COMPLETE_AT_CLEAR_S2MM != 0);
    }

    /// The channel that has a register, and the register.
    fn channel(&mut self, offset: u32) -> Option<(&mut Channel, u32)> {
        let (channel, offset) =
            if offset < S2MM { (&mut self.mm2s.channel, offset) } else { (&mut self.s2mm.channel, offset - S2MM) };
        channel.present.then_some((channel, offset))
    }

    /// The status register shows what is.
    fn show(&mut self) {
        self.mm2s.channel.show();
        self.s2mm.channel.show();
    }

    fn has_error(&self) -> bool {
        self.mm2s.channel.has_error() || self.s2mm.channel.has_error()
    }

    fn soft_reset(&mut self, bus: &mut Bus<'_>) {
        self.clear(bus);
        let over = (self.fault & fault::STUCK_RESET == 0).then(|| bus.now() + self.reset_time());
        self.resetting = Some(Resetting { over });
    }

    fn reset_time(&self) -> Duration {
        let slowest = [self.params.mm2s, self.params.s2mm].into_iter().flatten().map(|channel| channel.clock_hz).min();
        clocks_at(RESET_CLOCKS, slowest.unwrap_or(self.params.sg_clock_hz))
    }

    /// An error of one channel stops both.
    fn settle_errors(&mut self, bus: &mut Bus<'_>) {
        if self.mm2s.channel.take_failed() | self.s2mm.channel.take_failed() {
            self.mm2s.stop();
            self.s2mm.stop(bus);
            self.show();
        }
    }

    fn next(&self) -> Option<(Instant, Step)> {
        let reset = self.resetting.and_then(|resetting| resetting.over);
        [
            (reset, Step::Reset),
            (self.mm2s.due(), Step::Mm2s),
            (self.s2mm.due(), Step::S2mm),
            (self.mm2s.channel.delay, Step::Delay(0)),
            (self.s2mm.channel.delay, Step::Delay(1)),
        ]
        .into_iter()
        .filter_map(|(at, step)| Some((at?, step)))
        .min_by_key(|(at, _)| *at)
    }

    fn step(&mut self, at: Instant, step: Step, bus: &mut Bus<'_>) {
        match step {
            Step::Reset => self.resetting = None,
            Step::Mm2s => self.mm2s.step(at, &self.params, bus),
            Step::S2mm => self.s2mm.step(at, &self.params, bus),
            Step::Delay(0) => self.mm2s.channel.delay_is_over(),
            Step::Delay(_) => self.s2mm.channel.delay_is_over(),
        }
        self.settle_errors(bus);
    }
}

impl Device for AxiDmaModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, bus: &mut Bus<'_>) {
        self.resetting = None;
        self.clear(bus);
    }

    fn read(&mut self, offset: u32, bus: &mut Bus<'_>) -> u32 {
        if offset == SG_CTL && self.params.scatter_gather {
            return self.sg_ctl;
        }
        let (resetting, wide, now) = (self.resetting.is_some(), self.params.wide(), bus.now());
        let params = self.params;
        let Some((channel, offset)) = self.channel(offset) else { return 0 };
        let value = channel.read(offset, wide, now, &params);
        if offset != DMACR || !resetting {
            return value;
        }
        // A program that polls takes no virtual time. By its second read the hardware has finished.
        self.resetting = self.resetting.filter(|resetting| resetting.over.is_none());
        value | RESET
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        // The registers are those of a reset while it is in progress.
        if self.resetting.is_some() {
            return;
        }
        if offset == SG_CTL && self.params.scatter_gather {
            self.sg_ctl = value & SG_CTL_MASK;
            return;
        }
        let (params, has_error) = (self.params, self.has_error());
        let Some((channel, register)) = self.channel(offset) else { return };
        if register == DMACR {
            if value & RESET != 0 {
                return self.soft_reset(bus);
            }
            let started = channel.write_control(value, has_error);
            match (started, offset >= S2MM) {
                (Some(false), false) => self.mm2s.stop_when_idle(),
                (Some(false), true) => self.s2mm.stop_when_idle(),
                _ => {}
            }
            return;
        }
        let begin = channel.write(register, value, &params);
        let now = bus.now();
        match (begin, offset >= S2MM) {
            (None, _) => {}
            (Some(begin), false) => self.mm2s.begin(begin, now, &params, bus),
            (Some(begin), true) => self.s2mm.begin(begin, now, &params, bus),
        }
        self.settle_errors(bus);
    }

    fn set_input(&mut self, port: usize, bits: u32, bus: &mut Bus<'_>) {
        if port != FAULT {
            return;
        }
        self.fault = bits;
        self.hold_completions();
        if bits & fault::STUCK_RESET == 0 {
            let over = bus.now() + self.reset_time();
            if let Some(resetting) = self.resetting.as_mut().filter(|resetting| resetting.over.is_none()) {
                resetting.over = Some(over);
            }
        }
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        if let (S2MM_STREAM, Message::Stream(Stream::Burst(burst))) = (port, message) {
            self.s2mm.receive(burst);
            self.s2mm.consume(bus.now(), bus);
            self.settle_errors(bus);
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        let now = bus.now();
        if now > self.seen {
            self.seen = now;
            self.show();
        }
        while let Some((at, step)) = self.next().filter(|(at, _)| *at <= now) {
            self.step(at, step, bus);
            self.show();
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        self.mm2s.go_on(bus);
        self.s2mm.grant(bus);
        let quiet = self.resetting.is_some();
        bus.set(MM2S_IRQ, (!quiet && self.mm2s.channel.interrupts()).into());
        bus.set(S2MM_IRQ, (!quiet && self.s2mm.channel.interrupts()).into());
        bus.wake_at(self.next().map(|(at, _)| at));
    }
}
