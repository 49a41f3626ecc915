//! What both channels of an AXI VDMA have: control, status, the counts of its interrupt, sizes and addresses.

use pynq_core::Instant;

/// Frame stores that a block can have, and start address registers that are seen at once.
const STORES: usize = 32;
const BANK: usize = 16;

pub(super) const RUN: u32 = 1 << 0;
const CIRCULAR: u32 = 1 << 1;
pub(super) const RESET: u32 = 1 << 2;
const GENLOCK: u32 = 1 << 3;
const FRAME_COUNT_ENABLE: u32 = 1 << 4;
const REPEAT: u32 = 1 << 15;
/// All bits that keep what is written to them.
const CONTROL: u32 = 0xFFFF_FFFB;
const CONTROL_RESET: u32 = 0x0001_0002;

const HALTED: u32 = 1 << 0;
pub(super) const INTERNAL: u32 = 1 << 4;
pub(super) const SLAVE: u32 = 1 << 5;
pub(super) const DECODE: u32 = 1 << 6;
pub(super) const SOF_EARLY: u32 = 1 << 7;
pub(super) const EOL_EARLY: u32 = 1 << 8;
pub(super) const SOF_LATE: u32 = 1 << 11;
const FRAME_COUNT: u32 = 1 << 12;
const ERROR: u32 = 1 << 14;
pub(super) const EOL_LATE: u32 = 1 << 15;
/// What a written one clears. The errors of the memory stay until a reset.
const CLEARABLE: u32 = INTERNAL | SOF_EARLY | EOL_EARLY | SOF_LATE | FRAME_COUNT | 1 << 13 | ERROR | EOL_LATE;
const ERRORS: u32 = INTERNAL | SLAVE | DECODE | SOF_EARLY | EOL_EARLY | SOF_LATE | EOL_LATE;
/// Status bits that raise the interrupt with the control bit of the same number.
const INTERRUPTS: u32 = FRAME_COUNT | 1 << 13 | ERROR;

const INDEX: u32 = 0x14;
const VSIZE: u32 = 0x50;
const HSIZE: u32 = 0x54;
const STRIDE: u32 = 0x58;
const ADDRESSES: u32 = 0x5C;

/// What a frame is moved with: the registers as they were when VSIZE was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) lines: u32,
    pub(super) line_bytes: u32,
    pub(super) stride: u32,
    delay: u8,
    addresses: [u64; STORES],
}

impl Job {
    pub(super) const fn address(&self, store: u8, line: u32) -> u64 {
        self.addresses[store as usize % STORES].wrapping_add(self.stride as u64 * line as u64)
    }
}

#[derive(Debug)]
pub(super) struct Channel {
    stores: u8,
    wide: bool,
    slave: bool,
    control: u32,
    status: u32,
    /// Interrupts that were cleared in the clock in which they came again.
    comes_at_clear: bool,
    /// Halted as the register shows it: it follows a moment later.
    shown_halted: bool,
    /// Frames to the next interrupt.
    left: u8,
    index: u32,
    vsize: u32,
    hsize: u32,
    stride: u32,
    addresses: [u64; STORES],
    /// What the channel works by.
    job: Option<Job>,
    /// What it works by from the next frame on.
    next: Option<Job>,
    /// Where PARK_PTR wants it.
    pub(super) parked: u8,
    /// The store that the frame which is under way, or the next one, is of.
    pub(super) store: u8,
    /// The store that PARK_PTR shows since an error.
    frozen: Option<u8>,
    since: Instant,
    /// The reset bit, for the first read after it.
    resetting: bool,
}

impl Channel {
    pub(super) fn new(stores: u8, wide: bool, slave: bool) -> Self {
        Self {
            stores: stores.clamp(1, STORES as u8),
            wide,
            slave,
            control: CONTROL_RESET,
            status: HALTED,
            comes_at_clear: false,
            shown_halted: true,
            left: 1,
            index: 0,
            vsize: 0,
            hsize: 0,
            stride: 0,
            addresses: [0; STORES],
            job: None,
            next: None,
            parked: 0,
            store: 0,
            frozen: None,
            since: Instant::START,
            resetting: false,
        }
    }

    /// All registers as after power-up. What stands outside of the channel stays.
    pub(super) fn reset(&mut self) {
        *self = Self { resetting: true, ..Self::new(self.stores, self.wide, self.slave) };
    }

    /// The next interrupt for a frame comes in the clock in which the status is next cleared.
    pub(super) fn comes_at_clear(&mut self, comes: bool) {
        self.comes_at_clear = comes;
    }

    pub(super) const fn interrupts(&self) -> bool {
        self.status & self.control & INTERRUPTS != 0
    }

    /// What a frame that begins now is moved with, if the channel is at work.
    pub(super) const fn job(&self) -> Option<Job> {
        self.job
    }

    /// Since when it waits for a frame.
    pub(super) const fn since(&self) -> Instant {
        self.since
    }

    /// The store that PARK_PTR shows.
    pub(super) fn shown_store(&self) -> u8 {
        self.frozen.unwrap_or(self.store)
    }

    pub(super) fn read(&mut self, offset: u32, stuck: bool) -> u32 {
        match offset {
            0x00 => {
                let resetting = stuck && self.resetting || core::mem::take(&mut self.resetting);
                self.control | if resetting { RESET } else { 0 }
            }
            0x04 => {
                let halted = core::mem::replace(&mut self.shown_halted, self.status & HALTED != 0);
                self.status & !HALTED | u32::from(halted) | u32::from(self.left) << 16
            }
            INDEX => self.index,
            VSIZE => self.vsize,
            HSIZE => self.hsize,
            STRIDE => self.stride,
            _ => self.address_at(offset).map_or(0, |(store, high)| {
                let address = self.addresses[store];
                (if high { address >> 32 } else { address }) as u32
            }),
        }
    }

    /// The store, and which half of its address, that a register is.
    fn address_at(&self, offset: u32) -> Option<(usize, bool)> {
        let word = offset.checked_sub(ADDRESSES)? as usize / 4;
        let (register, high) = if self.wide { (word / 2, word % 2 == 1) } else { (word, false) };
        let store = register + BANK * self.index as usize;
        (word < BANK && store < usize::from(self.stores)).then_some((store, high))
    }

    pub(super) fn write(&mut self, offset: u32, value: u32, now: Instant) {
        match offset {
            0x00 => self.write_control(value),
            0x04 => self.clear(value),
            INDEX => self.index = value & 1,
            HSIZE => self.hsize = value & 0xFFFF,
            STRIDE => self.stride = value & 0x1F00_FFFF,
            VSIZE => {
                self.vsize = value & 0x1FFF;
                self.commit(now);
            }
            _ => {
                if let Some((store, high)) = self.address_at(offset) {
                    let address = &mut self.addresses[store];
                    *address = if high {
                        *address & 0xFFFF_FFFF | u64::from(value) << 32
                    } else {
                        *address & !0xFFFF_FFFF | u64::from(value)
                    };
                }
            }
        }
    }

    fn write_control(&mut self, value: u32) {
        let (before, value) = (self.control, value & CONTROL);
        self.control = value;
        let count = (value >> 16) as u8;
        if count != (before >> 16) as u8 {
            self.left = count;
        }
        if value & RUN != 0 && self.status & HALTED != 0 {
            self.shown_halted = true;
            self.status &= !HALTED;
        }
        // With a frame under way it stops at its end.
        if value & RUN == 0 && self.job.is_none() {
            self.halt();
        }
    }

    fn clear(&mut self, value: u32) {
        self.status &= !(value & CLEARABLE);
        if self.comes_at_clear && value & FRAME_COUNT != 0 {
            self.comes_at_clear = false;
            self.status |= FRAME_COUNT;
        }
        if self.status & ERRORS == 0 {
            self.frozen = None;
        }
    }

    /// VSIZE was written: the registers are taken over, now or at the next frame.
    fn commit(&mut self, now: Instant) {
        if self.control & RUN == 0 {
            return;
        }
        if self.vsize == 0 || self.hsize == 0 {
            return self.fail(INTERNAL);
        }
        let job = Job {
            lines: self.vsize,
            line_bytes: self.hsize,
            stride: self.stride & 0xFFFF,
            delay: (self.stride >> 24) as u8,
            addresses: self.addresses,
        };
        if self.job.is_some() {
            self.next = Some(job);
            return;
        }
        (self.job, self.since) = (Some(job), now);
        self.store = if self.control & CIRCULAR != 0 { 0 } else { self.parked };
    }

    /// These errors have happened.
    pub(super) fn fail(&mut self, errors: u32) {
        if errors != 0 {
            self.frozen.get_or_insert(self.store);
            self.status |= errors | ERROR;
        }
    }

    /// The channel stops.
    pub(super) fn halt(&mut self) {
        (self.job, self.next) = (None, None);
        self.control &= !RUN;
        if self.status & HALTED == 0 {
            self.shown_halted = false;
            self.status |= HALTED;
        }
    }

    /// A frame has ended, with these errors: it is counted, and what is next is chosen. `master` is the store that the other
    /// channel works on.
    pub(super) fn end_of_frame(&mut self, errors: u32, master: u8, now: Instant) {
        self.fail(errors);
        let mut stops = self.control & RUN == 0;
        self.left = self.left.wrapping_sub(1);
        if self.left == 0 {
            self.left = (self.control >> 16) as u8;
            self.status |= FRAME_COUNT;
            stops |= self.control & FRAME_COUNT_ENABLE != 0;
        }
        if stops {
            return self.halt();
        }
        if let Some(next) = self.next.take() {
            self.job = Some(next);
        }
        self.since = now;
        let repeats = errors != 0 && self.control & REPEAT != 0;
        if self.control & CIRCULAR == 0 {
            self.store = self.parked;
        } else if self.slave && self.control & GENLOCK != 0 {
            let delay = self.job.map_or(0, |job| job.delay) % self.stores;
            self.store = (master + self.stores - delay) % self.stores;
        } else if !repeats {
            self.store = (self.store + 1) % self.stores;
        }
    }
}
