//! A window on an AXI timer that keeps the accounts of its control registers: what the timer itself says happened, whatever
//! its driver and the engine made of it.

use core::sync::atomic::{AtomicU32, Ordering};

use pynq_core::{Mmio, Volatile};

/// Where the control registers of the two channels are.
const CONTROL: [usize; 2] = [0x00, 0x10];
const RUNS: u32 = 1 << 7;
const EVENT: u32 = 1 << 8;

/// What was counted of one channel.
#[derive(Default)]
struct Account {
    started: AtomicU32,
    acknowledged: AtomicU32,
}

/// The window.
pub struct Tally {
    window: Volatile,
    accounts: [Account; 2],
}

impl Tally {
    /// A window whose accounts are empty.
    #[must_use]
    pub fn new(window: Volatile) -> Self {
        Self { window, accounts: Default::default() }
    }

    /// How often a channel that stood still was started.
    #[must_use]
    pub fn started(&self, channel: u8) -> u32 {
        self.accounts[usize::from(channel & 1)].started.load(Ordering::Relaxed)
    }

    /// How often a channel's event was acknowledged when there was one.
    #[must_use]
    pub fn acknowledged(&self, channel: u8) -> u32 {
        self.accounts[usize::from(channel & 1)].acknowledged.load(Ordering::Relaxed)
    }

    /// Whether a channel neither runs nor has an event that nobody acknowledged.
    #[must_use]
    pub fn is_settled(&self, channel: u8) -> bool {
        self.control(usize::from(channel & 1)) & (RUNS | EVENT) == 0
    }

    fn control(&self, channel: usize) -> u32 {
        // SAFETY: a control register of the timer, whose read has no side effect.
        unsafe { self.window.read32(CONTROL[channel]) }
    }
}

// SAFETY: size and accesses are the inner window's, whose contract is the same.
unsafe impl Mmio for Tally {
    fn size(&self) -> usize {
        self.window.size()
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        // SAFETY: the caller keeps this very contract.
        unsafe { self.window.read32(offset) }
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        if let Some(channel) = CONTROL.iter().position(|control| *control == offset) {
            let before = self.control(channel);
            let add = |counter: &AtomicU32, one| counter.fetch_add(u32::from(one), Ordering::Relaxed);
            add(&self.accounts[channel].started, !before & value & RUNS != 0);
            add(&self.accounts[channel].acknowledged, before & value & EVENT != 0);
        }
        // SAFETY: the caller keeps this very contract.
        unsafe { self.window.write32(offset, value) }
    }
}
