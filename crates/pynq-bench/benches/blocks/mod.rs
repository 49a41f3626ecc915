//! An AXI INTC and an AXI GPIO, as far as one interrupt goes, in the process's own memory.
//!
//! An access costs what an atomic operation costs, so that what is measured is the software.

use std::sync::{
    Arc,
    atomic::{
        AtomicU32,
        Ordering::{Acquire, Relaxed},
    },
};

use pynq_core::Mmio;

/// A block's registers.
pub(crate) trait Registers: Send + Sync + 'static {
    fn read(&self, offset: usize) -> u32;
    fn write(&self, offset: usize, value: u32);
}

#[derive(Default)]
pub(crate) struct Intc {
    pub(crate) status: AtomicU32,
    pub(crate) enabled: AtomicU32,
    master: AtomicU32,
}

#[derive(Default)]
pub(crate) struct Gpio {
    pub(crate) data: AtomicU32,
    pub(crate) status: AtomicU32,
    enabled: AtomicU32,
    global: AtomicU32,
}

impl Registers for Intc {
    #[inline]
    fn read(&self, offset: usize) -> u32 {
        match offset {
            0x00 => self.status.load(Acquire),
            0x08 => self.enabled.load(Relaxed),
            0x1C => self.master.load(Relaxed),
            _ => 0,
        }
    }

    #[inline]
    fn write(&self, offset: usize, value: u32) {
        match offset {
            0x08 => self.enabled.store(value, Relaxed),
            0x0C => drop(self.status.fetch_and(!value, Relaxed)),
            0x10 => drop(self.enabled.fetch_or(value, Relaxed)),
            0x14 => drop(self.enabled.fetch_and(!value, Relaxed)),
            0x1C => self.master.store(value, Relaxed),
            _ => {}
        }
    }
}

impl Registers for Gpio {
    #[inline]
    fn read(&self, offset: usize) -> u32 {
        match offset {
            0x000 => self.data.load(Relaxed),
            0x11C => self.global.load(Relaxed),
            0x120 => self.status.load(Acquire),
            0x128 => self.enabled.load(Relaxed),
            _ => 0,
        }
    }

    #[inline]
    fn write(&self, offset: usize, value: u32) {
        match offset {
            0x11C => self.global.store(value, Relaxed),
            0x120 => drop(self.status.fetch_xor(value, Relaxed)),
            0x128 => self.enabled.store(value, Relaxed),
            _ => {}
        }
    }
}

/// What each access goes past, with the number of the block.
pub(crate) trait Tape: Send + Sync + Clone + 'static {
    fn note(&self, block: usize, access: Access);
}

/// One access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Read(usize),
    Write(usize, u32),
}

/// A window onto a block's registers.
pub(crate) struct Window<R, T> {
    block: Arc<R>,
    number: usize,
    tape: T,
}

impl<R: Registers, T: Tape> Window<R, T> {
    pub(crate) fn new(block: &Arc<R>, number: usize, tape: &T) -> Self {
        Self { block: Arc::clone(block), number, tape: tape.clone() }
    }

    #[inline]
    pub(crate) fn read(&self, offset: usize) -> u32 {
        self.tape.note(self.number, Access::Read(offset));
        self.block.read(offset)
    }

    #[inline]
    pub(crate) fn write(&self, offset: usize, value: u32) {
        self.tape.note(self.number, Access::Write(offset, value));
        self.block.write(offset, value);
    }
}

// SAFETY: no access reaches memory by its offset; each is a match over a block's own fields.
unsafe impl<R: Registers, T: Tape> Mmio for Window<R, T> {
    fn size(&self) -> usize {
        0x1000
    }

    #[inline]
    unsafe fn read32(&self, offset: usize) -> u32 {
        self.read(offset)
    }

    #[inline]
    unsafe fn write32(&self, offset: usize, value: u32) {
        self.write(offset, value);
    }
}
