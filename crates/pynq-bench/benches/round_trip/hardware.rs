//! What raises an interrupt, and what can write down the accesses that one costs.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crate::{
    blocks::{Access, Gpio, Intc, Registers, Tape},
    dma::Dma,
    stamps::Stamps,
};

/// Accesses to all blocks, in order, with the number of the block, while it is on: to be played back.
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

impl Tape for Arc<Recording> {
    #[inline]
    fn note(&self, block: usize, access: Access) {
        if self.on.load(Relaxed) {
            self.push(block, access);
        }
    }
}

/// What raises an interrupt, and where it goes.
#[derive(Clone)]
pub(crate) struct Board {
    pub(crate) intc: Arc<Intc>,
    pub(crate) gpio: Option<Arc<Gpio>>,
    pub(crate) dma: Option<Arc<Dma>>,
    pub(crate) recording: Arc<Recording>,
    /// The lines that fire together.
    pub(crate) lines: u32,
    pub(crate) stamps: Arc<Stamps>,
    /// Nobody waits any more.
    pub(crate) is_closed: Arc<AtomicBool>,
}

impl Board {
    pub(crate) fn new(lines: u32, with_gpio: bool) -> Self {
        Self {
            intc: Arc::default(),
            gpio: with_gpio.then(Arc::default),
            dma: None,
            recording: Arc::default(),
            lines,
            stamps: Arc::default(),
            is_closed: Arc::default(),
        }
    }

    /// A DMA on the first two lines, whose transfer has ended when the first one fires.
    pub(crate) fn with_dma() -> Self {
        Self { dma: Some(Arc::default()), ..Self::new(1, false) }
    }

    /// All lines fire, once they are all waited for.
    pub(crate) fn fire(&self) {
        while self.intc.enabled.load(Relaxed) & self.lines != self.lines {
            if self.is_closed.load(Relaxed) {
                return;
            }
            std::thread::yield_now();
        }
        if let Some(gpio) = &self.gpio {
            gpio.data.fetch_xor(1, Relaxed);
            gpio.status.fetch_or(1, Relaxed);
        }
        if let Some(dma) = &self.dma {
            dma.complete();
        }
        self.intc.status.fetch_or(self.lines, Relaxed);
        self.stamps.fired();
    }

    /// What one interrupt costs in accesses, once more.
    #[inline]
    pub(crate) fn play(&self, accesses: &[(usize, Access)]) {
        for (block, access) in accesses {
            let registers: &dyn Registers = match (block, &self.gpio, &self.dma) {
                (1, Some(gpio), _) => &**gpio,
                (1, None, Some(dma)) => &**dma,
                _ => &*self.intc,
            };
            match *access {
                Access::Read(offset) => drop(std::hint::black_box(registers.read(offset))),
                Access::Write(offset, value) => registers.write(offset, value),
            }
        }
    }
}
