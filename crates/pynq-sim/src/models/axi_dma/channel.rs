//! What the two channels have in common: registers, status, and the interrupt.

use core::time::Duration;

use pynq_core::Instant;

use super::{
    ADDRESS, ADDRESS_MSB, CURDESC, CURDESC_MSB, DMACR, DMASR, DmaParams, LENGTH, TAILDESC, TAILDESC_MSB, clocks_at,
};

const RUN: u32 = 1 << 0;
const TAIL_POINTER_MODE: u32 = 1 << 1;
const KEYHOLE: u32 = 1 << 3;
const CYCLIC: u32 = 1 << 4;
const IOC: u32 = 1 << 12;
const DELAY: u32 = 1 << 13;
const ERROR: u32 = 1 << 14;
const INTERRUPTS: u32 = IOC | DELAY | ERROR;
const COUNTS: u32 = 0xFFFF_0000;

const HALTED: u32 = 1 << 0;
const IDLE: u32 = 1 << 1;
const SG_INCLUDED: u32 = 1 << 3;

/// DMAIntErr: a descriptor of no length, a packet longer than its buffer.
pub(super) const INTERNAL: u32 = 1 << 4;
/// DMASlvErr.
pub(super) const SLAVE: u32 = 1 << 5;
/// DMADecErr.
pub(super) const DECODE: u32 = 1 << 6;
/// From an error of the data to the same one of the descriptors: SGIntErr, SGSlvErr, SGDecErr.
pub(super) const OF_DESCRIPTOR: u32 = 4;
const ERRORS: u32 = (INTERNAL | SLAVE | DECODE) | (INTERNAL | SLAVE | DECODE) << OF_DESCRIPTOR;

/// What a register write asks the channel to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// One transfer, in direct mode.
    Transfer,
    /// What there is up to the tail.
    Ring,
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a flip-flop
pub(super) struct Channel {
    pub(super) present: bool,
    scatter_gather: bool,
    control: u32,
    /// Errors and interrupts.
    status: u32,
    pub(super) halted: bool,
    pub(super) idle: bool,
    /// Halted and Idle as the next read of the status has them.
    shown: (bool, bool),
    pub(super) current: u64,
    pub(super) tail: u64,
    pub(super) address: u64,
    pub(super) length: u32,
    /// Packets up to the next interrupt.
    left: u32,
    /// When the delay is over, and how long it is.
    pub(super) delay: Option<Instant>,
    /// Something is in progress, so the channel does not halt at once.
    pub(super) busy: bool,
    failed: bool,
    /// Race: the next completion waits for a clear of the status.
    holds_completion: bool,
    held_completion: bool,
}

impl Channel {
    pub(super) fn new(present: bool, params: &DmaParams) -> Self {
        Self {
            present,
            scatter_gather: params.scatter_gather,
            control: 1 << 16 | TAIL_POINTER_MODE,
            status: 0,
            halted: true,
            idle: false,
            shown: (true, false),
            current: 0,
            tail: 0,
            address: 0,
            length: 0,
            left: 1,
            delay: None,
            busy: false,
            failed: false,
            holds_completion: false,
            held_completion: false,
        }
    }

    // ---- registers

    pub(super) fn read(&mut self, offset: u32, wide: bool, now: Instant, params: &DmaParams) -> u32 {
        let (scatter_gather, direct) = (self.scatter_gather, !self.scatter_gather);
        match offset {
            DMACR => self.control,
            DMASR => {
                let status = self.status_register(now, params);
                self.show();
                status
            }
            CURDESC if scatter_gather => low(self.current),
            CURDESC_MSB if scatter_gather && wide => high(self.current),
            TAILDESC if scatter_gather => low(self.tail),
            TAILDESC_MSB if scatter_gather && wide => high(self.tail),
            ADDRESS if direct => low(self.address),
            ADDRESS_MSB if direct && wide => high(self.address),
            LENGTH if direct => self.length,
            _ => 0,
        }
    }

    fn status_register(&self, now: Instant, params: &DmaParams) -> u32 {
        let (halted, idle) = self.shown;
        let bits = [(halted, HALTED), (idle, IDLE), (self.scatter_gather, SG_INCLUDED)];
        let mut status = bits.into_iter().filter(|(set, _)| *set).fold(self.status, |status, (_, bit)| status | bit);
        if self.scatter_gather {
            status |= self.left << 16;
            if let Some(over) = self.delay {
                let unit = self.delay_time(1, params).as_nanos().max(1);
                let to_go = u32::try_from((over - now).as_nanos().div_ceil(unit)).unwrap_or(u32::MAX);
                status |= (self.control >> 24).saturating_sub(to_go) << 24;
            }
        }
        status
    }

    /// Writes a register other than the control register.
    pub(super) fn write(&mut self, offset: u32, value: u32, params: &DmaParams) -> Option<Begin> {
        let (direct, wide) = (!self.scatter_gather, params.wide());
        let keep = params.address_mask();
        match offset {
            DMASR => self.clear(value),
            CURDESC if !direct && self.halted => set_low(&mut self.current, value & !0x3F),
            CURDESC_MSB if !direct && wide && self.halted => set_high(&mut self.current, value, keep),
            TAILDESC if !direct => {
                set_low(&mut self.tail, value & !0x3F);
                return (!wide && self.runs()).then_some(Begin::Ring);
            }
            // Where addresses have more than 32 bits, the upper half is the one that starts.
            TAILDESC_MSB if !direct && wide => {
                set_high(&mut self.tail, value, keep);
                return self.runs().then_some(Begin::Ring);
            }
            ADDRESS if direct => set_low(&mut self.address, value),
            ADDRESS_MSB if direct && wide => set_high(&mut self.address, value, keep),
            LENGTH if direct => {
                self.length = value & params.length_mask();
                return (self.runs() && !self.busy && self.length != 0).then_some(Begin::Transfer);
            }
            _ => {}
        }
        None
    }

    /// Writes the control register. Whether the channel was started, or told to stop.
    pub(super) fn write_control(&mut self, value: u32, has_error: bool) -> Option<bool> {
        let mut bits = RUN | IOC | ERROR | COUNTS;
        if self.scatter_gather {
            bits |= KEYHOLE | CYCLIC | DELAY;
        }
        let before = self.control;
        let mut new = value & bits | TAIL_POINTER_MODE;
        if new >> 16 & 0xFF == 0 {
            new |= 1 << 16;
        }
        // What has failed does not run before it was reset.
        if has_error {
            new &= !RUN;
        }
        self.control = new;
        if (before ^ new) >> 16 & 0xFF != 0 {
            self.reload();
        }
        match (before & RUN != 0, new & RUN != 0) {
            (false, true) => {
                // Stopped and started again while something is in progress, it was never halted.
                if self.halted {
                    self.halted = false;
                    self.idle = false;
                }
                Some(true)
            }
            (true, false) => Some(false),
            _ => None,
        }
    }

    /// Writing a one clears an interrupt. A completion in this very clock leaves it set.
    fn clear(&mut self, value: u32) {
        self.status &= !(value & INTERRUPTS);
        if core::mem::take(&mut self.held_completion) {
            self.holds_completion = false;
            self.status |= IOC;
        }
    }

    pub(super) const fn runs(&self) -> bool {
        self.control & RUN != 0
    }

    pub(super) const fn is_cyclic(&self) -> bool {
        self.control & CYCLIC != 0
    }

    pub(super) const fn is_keyhole(&self) -> bool {
        self.control & KEYHOLE != 0
    }

    /// Time has passed since the last change.
    pub(super) fn show(&mut self) {
        self.shown = (self.halted, self.idle);
    }

    // ---- what the engine reports

    pub(super) const fn has_error(&self) -> bool {
        self.status & ERRORS != 0
    }

    /// An error. Its interrupt is raised by the first one.
    pub(super) fn fail(&mut self, error: u32) {
        if !self.has_error() {
            self.status |= ERROR;
        }
        self.status |= error;
        self.failed = true;
    }

    pub(super) const fn take_failed(&mut self) -> bool {
        core::mem::replace(&mut self.failed, false)
    }

    /// The channel has halted: RS is clear, and everything has drained.
    pub(super) fn halt(&mut self) {
        self.control &= !RUN;
        (self.halted, self.idle, self.busy) = (true, false, false);
        self.delay = None;
    }

    /// What was to do is done.
    pub(super) fn rest(&mut self) {
        self.busy = false;
        if self.runs() {
            self.idle = true;
        } else {
            self.halt();
        }
    }

    /// A transfer of direct mode is complete.
    pub(super) fn complete(&mut self) {
        if self.holds_completion {
            self.held_completion = true;
        } else {
            self.status |= IOC;
        }
    }

    /// A packet begins.
    pub(super) fn packet_begins(&mut self) {
        self.delay = None;
    }

    /// A packet of a ring is complete.
    pub(super) fn packet_ends(&mut self, at: Instant, params: &DmaParams) {
        self.left -= 1;
        if self.left == 0 {
            self.reload();
            self.complete();
        }
        let units = self.control >> 24;
        self.delay = (units != 0).then(|| at + self.delay_time(units, params));
    }

    fn delay_time(&self, units: u32, params: &DmaParams) -> Duration {
        clocks_at(u64::from(units) * u64::from(params.delay_resolution), params.sg_clock_hz)
    }

    pub(super) fn delay_is_over(&mut self) {
        self.delay = None;
        self.status |= DELAY;
        self.reload();
    }

    fn reload(&mut self) {
        self.left = (self.control >> 16 & 0xFF).max(1);
    }

    pub(super) const fn interrupts(&self) -> bool {
        self.status & self.control & INTERRUPTS != 0
    }

    pub(super) fn hold_completions(&mut self, hold: bool) {
        self.holds_completion = hold;
        if !hold && core::mem::take(&mut self.held_completion) {
            self.status |= IOC;
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // the lower half
const fn low(address: u64) -> u32 {
    address as u32
}

const fn high(address: u64) -> u32 {
    low(address >> 32)
}

fn set_low(address: &mut u64, value: u32) {
    *address = *address & !0xFFFF_FFFF | u64::from(value);
}

fn set_high(address: &mut u64, value: u32, keep: u64) {
    *address = (*address & 0xFFFF_FFFF | u64::from(value) << 32) & keep;
}
