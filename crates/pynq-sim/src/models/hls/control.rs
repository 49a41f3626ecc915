//! The control block, clock by clock: one call is one edge of the clock, with the access of the bus and the signals of the
//! function that it samples. Where a set and a clear meet in one clock, the set wins.

use super::{HlsClearing, HlsGenerator};

/// Control.
pub const CTRL: u32 = 0x00;
/// Global interrupt enable.
pub const GIER: u32 = 0x04;
/// Interrupt enables.
pub const IP_IER: u32 = 0x08;
/// Latched causes.
pub const IP_ISR: u32 = 0x0C;

const AP_START: u32 = 1 << 0;
const AP_DONE: u32 = 1 << 1;
const AP_IDLE: u32 = 1 << 2;
const AP_READY: u32 = 1 << 3;
const AP_CONTINUE: u32 = 1 << 4;
const AUTO_RESTART: u32 = 1 << 7;
const INTERRUPT: u32 = 1 << 9;

/// What the bus does in a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BusCycle {
    None,
    Read(u32),
    Write { offset: u32, value: u32, strobes: u8 },
}

/// What the function says in a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signals {
    /// ap_ready: it has taken its arguments.
    pub(super) ready: bool,
    /// ap_done: it has ended; a level until it is let go, in a chain.
    pub(super) done: bool,
    /// ap_idle: it does nothing.
    pub(super) idle: bool,
    /// Nothing follows the run that ends.
    pub(super) last: bool,
}

/// The registers of the control block.
#[derive(Clone, Debug)]
pub(super) struct ControlBlock {
    generator: HlsGenerator,
    clearing: HlsClearing,
    chain: bool,
    start: bool,
    done: bool,
    idle: bool,
    ready: bool,
    auto_restart: bool,
    gier: bool,
    ier: u32,
    isr: u32,
    interrupt: bool,
    /// CONTINUE was written: for the function, which sees it in the next clock.
    let_go: bool,
    /// Runs follow by themselves, or did until the one under way.
    repeats: bool,
}

impl ControlBlock {
    pub(super) const fn new(generator: HlsGenerator, clearing: HlsClearing, chain: bool) -> Self {
        Self {
            generator,
            clearing,
            chain,
            start: false,
            done: false,
            idle: false,
            ready: false,
            auto_restart: false,
            gier: false,
            ier: 0,
            isr: 0,
            interrupt: false,
            let_go: false,
            repeats: false,
        }
    }

    /// ap_start, as the function sees it.
    pub(super) const fn start(&self) -> bool {
        self.start
    }

    pub(super) const fn auto_restart(&self) -> bool {
        self.auto_restart
    }

    /// Whether runs follow by themselves, or did until the one under way.
    pub(super) const fn repeats(&self) -> bool {
        self.repeats
    }

    /// The interrupt output.
    pub(super) const fn interrupt(&self) -> bool {
        self.interrupt
    }

    /// Whether the function was let go since that was last asked.
    pub(super) const fn take_let_go(&mut self) -> bool {
        core::mem::replace(&mut self.let_go, false)
    }

    /// One clock. Returns what is read.
    pub(super) fn clock(&mut self, bus: BusCycle, core: Signals) -> u32 {
        let read = match bus {
            BusCycle::Read(offset) => self.read(offset),
            _ => 0,
        };
        let (written, byte0) = match bus {
            BusCycle::Write { offset, value, strobes } => (Some((offset, value)), strobes & 1 != 0),
            _ => (None, false),
        };
        let ctrl = written.filter(|(offset, _)| *offset == CTRL && byte0).map(|(_, value)| value);
        let reads_ctrl = bus == BusCycle::Read(CTRL);
        self.interrupt = self.gier && self.isr != 0;

        // Events first, as they are with the enables before this clock.
        let event = u32::from(core.done) | u32::from(core.ready) << 1;
        let set = event & self.ier;
        let toggled = match written {
            Some((IP_ISR, value)) if byte0 && self.clearing == HlsClearing::Toggle => value & 3,
            _ => 0,
        };
        let cleared = if self.clearing == HlsClearing::Read && bus == BusCycle::Read(IP_ISR) { 3 } else { 0 };
        self.isr = (self.isr ^ toggled) & !cleared | set;

        let shows_done = match self.generator {
            HlsGenerator::New if self.repeats => core.done && core.last,
            _ => core.done,
        };
        let clears_done = if self.chain { ctrl.is_some_and(|value| value & AP_CONTINUE != 0) } else { reads_ctrl };
        self.done = shows_done && !(self.chain && clears_done) || self.done && !clears_done;
        self.ready = match self.generator {
            HlsGenerator::Old => core.ready,
            HlsGenerator::New => core.ready || self.ready && !reads_ctrl,
        };
        self.idle = core.idle;
        if core.idle && !self.auto_restart {
            self.repeats = false;
        }

        if ctrl.is_some_and(|value| value & AP_START != 0) {
            self.start = true;
        } else if core.ready {
            self.start = self.auto_restart;
        }
        if let Some(value) = ctrl {
            self.auto_restart = value & AUTO_RESTART != 0;
            self.let_go |= self.chain && value & AP_CONTINUE != 0;
        }
        self.repeats |= self.auto_restart && self.start;
        match written {
            Some((GIER, value)) if byte0 => self.gier = value & 1 != 0,
            Some((IP_IER, value)) if byte0 => self.ier = value & 3,
            _ => {}
        }
        read
    }

    fn read(&self, offset: u32) -> u32 {
        match offset {
            CTRL => {
                let newer = self.generator == HlsGenerator::New;
                let bits = [
                    (self.start, AP_START),
                    (self.done, AP_DONE),
                    (self.idle, AP_IDLE),
                    (self.ready, AP_READY),
                    (self.auto_restart, AUTO_RESTART),
                    (newer && self.interrupt, INTERRUPT),
                ];
                bits.into_iter().filter(|(set, _)| *set).fold(0, |value, (_, bit)| value | bit)
            }
            GIER => self.gier.into(),
            IP_IER => self.ier,
            IP_ISR => self.isr,
            _ => 0,
        }
    }
}
