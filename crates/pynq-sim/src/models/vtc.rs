//! The video timing controller (PG016): a detector, a generator, or both.
//!
//! The detector knows a timing a few frames after it has come, and says when it has lost it. The generator takes its registers over
//! at the border of two frames, while register update is on. Interrupts of blanking and of active video come with each
//! frame, in this model at its border.
//!
//! Not modelled: frame syncs, interlaced video, and the delay between generator and detector.

use pynq_core::Instant;

use crate::device::{Bus, Device, InterfaceKind, Message, Port, PortKind, Timing, Video};

/// Control.
pub const CTL: u32 = 0x00;
/// Interrupts that have come. Written ones clear them.
pub const ISR: u32 = 0x04;
/// Errors. Written ones clear them.
pub const ERROR: u32 = 0x08;
/// Interrupts that are let out.
pub const IER: u32 = 0x0C;
/// The version, 6.1.
pub const VERSION: u32 = 0x10;
/// The detector's registers, and those of the generator 0x40 further on.
pub const DETECTOR: u32 = 0x20;
/// From a register of the detector to that of the generator.
pub const GENERATOR: u32 = 0x40;

const ENABLE: u32 = 1 << 0;
const UPDATE: u32 = 1 << 1;
const GENERATE: u32 = 1 << 2;
const DETECT: u32 = 1 << 3;
const RESETS: u32 = 0b11 << 30;

const LOCK: u32 = 1 << 8;
const LOCK_LOST: u32 = 1 << 9;
const DETECTOR_FRAME: u32 = 0b11 << 10;
const GENERATOR_FRAME: u32 = 0b11 << 12;
const INTERRUPTS: u32 = 0xFFFF_3F00;

/// Frames that the detector looks at before it is sure.
const FRAMES_TO_LOCK: u32 = 3;

/// How the block was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VtcParams {
    /// There is a detector (`C_DETECT_EN`).
    pub detects: bool,
    /// There is a generator (`C_GENERATE_EN`).
    pub generates: bool,
}

impl Default for VtcParams {
    fn default() -> Self {
        Self { detects: true, generates: true }
    }
}

const IRQ: usize = 0;
const TIMING_IN: usize = 1;
const TIMING_OUT: usize = 2;
const CLOCK: usize = 3;

static PORTS: [Port; 4] = [
    Port::new("irq", PortKind::Signal, 1),
    Port::interface("vtiming_in", InterfaceKind::Video),
    Port::interface("vtiming_out", InterfaceKind::Video),
    Port::interface("clk", InterfaceKind::Video),
];

/// What the generator has before it is set: 720 lines.
const DEFAULT: Timing = Timing {
    active: (1280, 720),
    total: (1650, 750),
    hsync: (1390, 1430),
    vsync: (725, 730),
    polarity: 0x7F,
    pixel_hz: 0,
};
const DEFAULT_HZ: u64 = 74_250_000;

/// The register-level model.
///
/// ```
/// use pynq_sim::{Board, models::{VtcModel, VtcParams}};
///
/// let board = Board::builder().device("vtc", 0x43C2_0000, 0x1_0000, VtcModel::new(VtcParams::default())).build()?;
/// let vtc = board.window("vtc")?;
/// assert_eq!(vtc.read(0x60), 720 << 16 | 1280, "the generator's size");
/// assert_eq!(vtc.read(0x24) & 1, 0, "the detector has no lock");
/// # Ok::<(), pynq_sim::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct VtcModel {
    params: VtcParams,
    control: u32,
    status: u32,
    enables: u32,
    /// What comes in.
    seen: Option<Timing>,
    locks_at: Option<Instant>,
    locked: Option<Timing>,
    /// The generator as its registers are, and as it works.
    set: Timing,
    works_by: Option<Timing>,
    told: Option<Timing>,
    pixel_hz: u64,
    /// The borders of frames that are next.
    borders: [Option<Instant>; 2],
}

impl VtcModel {
    /// A block that has just been reset.
    #[must_use]
    pub const fn new(params: VtcParams) -> Self {
        Self {
            params,
            control: 0,
            status: 0,
            enables: 0,
            seen: None,
            locks_at: None,
            locked: None,
            set: DEFAULT,
            works_by: None,
            told: None,
            pixel_hz: DEFAULT_HZ,
            borders: [None; 2],
        }
    }

    /// The registers after a reset; what comes in stays.
    fn clear(&mut self) {
        *self = Self { seen: self.seen, told: self.told, pixel_hz: self.pixel_hz, ..Self::new(self.params) };
    }

    fn has(&self, bits: u32) -> bool {
        self.control & (ENABLE | bits) == ENABLE | bits
    }

    /// The detector begins to look, if there is something.
    fn look(&mut self, now: Instant) {
        if self.locked.take().is_some() {
            self.status |= LOCK_LOST;
        }
        (self.locks_at, self.borders[0]) = (None, None);
        if !self.params.detects || !self.has(DETECT) {
            return;
        }
        let time = self.seen.and_then(|timing| timing.frame_time(timing.pixel_hz));
        self.locks_at = time.map(|time| now + time * FRAMES_TO_LOCK);
    }

    /// The generator begins, stops, or takes its registers over.
    fn generate(&mut self, now: Instant) {
        if !self.params.generates || !self.has(GENERATE) {
            (self.works_by, self.borders[1]) = (None, None);
        } else if self.works_by.is_none() {
            self.works_by = Some(self.set);
            self.borders[1] = self.set.frame_time(self.pixel_hz).map(|time| now + time);
        }
    }

    fn size((width, height): (u32, u32)) -> u32 {
        width & 0x3FFF | (height & 0x3FFF) << 16
    }

    fn pair((low, high): (u32, u32)) -> u32 {
        low & 0x1FFF | (high & 0x1FFF) << 16
    }

    /// A register of the detector or of the generator, by its offset from 0x20.
    fn timing(timing: &Timing, offset: u32) -> u32 {
        match offset {
            0x00 => Self::size(timing.active),
            // RGB, progressive.
            0x08 => 2,
            0x0C => timing.polarity,
            0x10 => timing.total.0 & 0x1FFF,
            0x14 => timing.total.1 & 0x1FFF,
            0x18 => Self::pair(timing.hsync),
            0x1C => Self::pair((timing.active.0, timing.active.0)),
            0x20 => Self::pair(timing.vsync),
            0x24 => Self::pair((timing.hsync.0, timing.hsync.0)),
            _ => 0,
        }
    }

    fn set_timing(&mut self, offset: u32, value: u32) {
        let pair = (value & 0x1FFF, value >> 16 & 0x1FFF);
        let set = &mut self.set;
        match offset {
            0x00 => set.active = (value & 0x3FFF, value >> 16 & 0x3FFF),
            0x0C => set.polarity = value & 0x7F,
            0x10 => set.total.0 = value & 0x1FFF,
            0x14 => set.total.1 = value & 0x1FFF,
            0x18 => set.hsync = pair,
            0x20 => set.vsync = pair,
            _ => {}
        }
    }
}

impl Device for VtcModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.clear();
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        match offset {
            CTL => self.control,
            ISR => self.status,
            IER => self.enables,
            VERSION => 0x0601_0000,
            0x24 => u32::from(self.locked.is_some()),
            0x20..0x60 => self.locked.map_or(0, |timing| Self::timing(&timing, offset - DETECTOR)),
            0x60..0x88 => Self::timing(&self.set, offset - DETECTOR - GENERATOR),
            _ => 0,
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus<'_>) {
        match offset {
            CTL if value & RESETS != 0 => self.clear(),
            CTL => {
                let detected = self.has(DETECT);
                self.control = value;
                if detected != self.has(DETECT) {
                    self.look(bus.now());
                }
                self.generate(bus.now());
            }
            ISR => self.status &= !value,
            IER => self.enables = value & INTERRUPTS,
            0x60..0x88 => self.set_timing(offset - DETECTOR - GENERATOR, value),
            _ => {}
        }
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match (port, message) {
            (TIMING_IN, Message::Video(Video::Timing(timing))) => {
                self.seen = Some(timing);
                self.look(bus.now());
            }
            (TIMING_IN, Message::Video(Video::NoSignal)) => {
                self.seen = None;
                self.look(bus.now());
            }
            (CLOCK, Message::Video(Video::Clock(hertz))) => {
                self.pixel_hz = hertz;
                let time = self.works_by.and_then(|timing| timing.frame_time(hertz));
                self.borders[1] = time.map(|time| bus.now() + time);
            }
            _ => {}
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        let now = bus.now();
        if let Some(at) = self.locks_at.take_if(|at| *at <= now) {
            self.locked = self.seen;
            self.status |= LOCK;
            self.borders[0] = Some(at);
        }
        if let (Some(border), Some(timing)) = (self.borders[0], self.locked) {
            if border <= now {
                self.status |= DETECTOR_FRAME;
                self.borders[0] = timing.frame_time(timing.pixel_hz).map(|time| after(border, time, now));
            }
        }
        if let (Some(border), Some(timing)) = (self.borders[1], self.works_by) {
            if border <= now {
                self.status |= GENERATOR_FRAME;
                if self.control & UPDATE != 0 {
                    self.works_by = Some(self.set);
                }
                self.borders[1] = timing.frame_time(self.pixel_hz).map(|time| after(border, time, now));
            }
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        if self.told != self.works_by {
            self.told = self.works_by;
            let message = self.works_by.map_or(Video::NoSignal, Video::Timing);
            bus.send(TIMING_OUT, Message::Video(message));
        }
        bus.set(IRQ, (self.status & self.enables != 0).into());
        // A border that nothing follows from is not waited for: the status is looked at where it is read.
        let wanted = |border: usize, bits: u32| {
            let waits = self.enables & bits & !self.status != 0;
            let changes = border == 1 && self.works_by.is_some_and(|timing| timing != self.set);
            self.borders[border].filter(|_| waits || changes)
        };
        let next = [self.locks_at, wanted(0, DETECTOR_FRAME), wanted(1, GENERATOR_FRAME)];
        bus.wake_at(next.into_iter().flatten().min());
    }
}

/// The first border after `now`.
fn after(border: Instant, time: core::time::Duration, now: Instant) -> Instant {
    let passed = now.duration_since(border).as_nanos() / time.as_nanos().max(1);
    border + time * u32::try_from(passed + 1).unwrap_or(u32::MAX)
}
