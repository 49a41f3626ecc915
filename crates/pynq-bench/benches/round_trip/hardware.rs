//! An AXI INTC and an AXI GPIO behind it, as far as one interrupt goes, in the process's own memory.
//!
//! An access costs what an atomic operation costs, so that what is measured is the software.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
};

use pynq_core::Mmio;

use crate::stamps::Stamps;

/// One access to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read(usize),
    Write(usize, u32),
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

/// A block's registers.
pub(crate) trait Registers: Send + Sync + 'static {
    fn read(&self, offset: usize) -> u32;
    fn write(&self, offset: usize, value: u32);
}

impl Registers for Intc {
    #[inline]
    fn read(&self, offset: usize) -> u32 {
        match offset {
            0x00 => self.status.load(Relaxed),
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
            0x120 => self.status.load(Relaxed),
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

/// A window that can write down what is accessed, to be played back.
pub(crate) struct Window<R> {
    pub(crate) block: Arc<R>,
    number: usize,
    recording: Arc<Recording>,
}

/// Accesses to all blocks, in order, with the number of the block.
#[derive(Default)]
pub(crate) struct Recording {
    on: AtomicBool,
    accesses: Mutex<Vec<(usize, Access)>>,
}

impl Recording {
    pub(crate) fn start(&self) {
        self.on.store(true, Relaxed);
    }

    pub(crate) fn stop(&self) -> Vec<(usize, Access)> {
        self.on.store(false, Relaxed);
        std::mem::take(&mut *self.accesses.lock().expect("nobody panics"))
    }

    #[cold]
    fn push(&self, number: usize, access: Access) {
        self.accesses.lock().expect("nobody panics").push((number, access));
    }
}

impl<R> Window<R> {
    pub(crate) fn new(block: &Arc<R>, number: usize, recording: &Arc<Recording>) -> Self {
        Self { block: Arc::clone(block), number, recording: Arc::clone(recording) }
    }
}

// SAFETY: no access reaches memory by its offset; each is a match over a block's own fields.
unsafe impl<R: Registers> Mmio for Window<R> {
    fn size(&self) -> usize {
        0x1000
    }

    #[inline]
    unsafe fn read32(&self, offset: usize) -> u32 {
        if self.recording.on.load(Relaxed) {
            self.recording.push(self.number, Access::Read(offset));
        }
        self.block.read(offset)
    }

    #[inline]
    unsafe fn write32(&self, offset: usize, value: u32) {
        if self.recording.on.load(Relaxed) {
            self.recording.push(self.number, Access::Write(offset, value));
        }
        self.block.write(offset, value);
    }
}

/// What raises an interrupt, and where it goes.
#[derive(Clone)]
pub(crate) struct Board {
    pub(crate) intc: Arc<Intc>,
    pub(crate) gpio: Option<Arc<Gpio>>,
    pub(crate) recording: Arc<Recording>,
    /// The lines that fire together.
    pub(crate) lines: u32,
    pub(crate) stamps: Arc<Stamps>,
}

impl Board {
    pub(crate) fn new(lines: u32, with_gpio: bool) -> Self {
        Self {
            intc: Arc::default(),
            gpio: with_gpio.then(Arc::default),
            recording: Arc::default(),
            lines,
            stamps: Arc::default(),
        }
    }

    /// All lines fire, once they are all waited for.
    pub(crate) fn fire(&self) {
        while self.intc.enabled.load(Relaxed) & self.lines != self.lines {
            std::thread::yield_now();
        }
        if let Some(gpio) = &self.gpio {
            gpio.data.fetch_xor(1, Relaxed);
            gpio.status.fetch_or(1, Relaxed);
        }
        self.intc.status.fetch_or(self.lines, Relaxed);
        self.stamps.fired();
    }

    /// What one interrupt costs in accesses, once more.
    #[inline]
    pub(crate) fn play(&self, accesses: &[(usize, Access)]) {
        for (block, access) in accesses {
            let registers: &dyn Registers = match (block, &self.gpio) {
                (1, Some(gpio)) => &**gpio,
                _ => &*self.intc,
            };
            match *access {
                Access::Read(offset) => drop(std::hint::black_box(registers.read(offset))),
                Access::Write(offset, value) => registers.write(offset, value),
            }
        }
    }
}
