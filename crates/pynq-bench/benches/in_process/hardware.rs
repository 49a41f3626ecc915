//! AXI INTCs one behind the other, a GPIO behind the last, and the pin that they raise.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{
            AtomicBool,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
    task::{Context, Poll, Waker},
};

use pynq_core::{Error, Instant, interrupt::InterruptSource};

use crate::blocks::{Access, Gpio, Intc, Tape, Window};

/// Records nothing: this is what is measured.
#[derive(Clone, Copy)]
pub(crate) struct Silent;

impl Tape for Silent {
    #[inline]
    fn note(&self, _: usize, _: Access) {}
}

/// Written down, with the number of the block, to be compared.
#[derive(Clone, Default)]
pub(crate) struct Recording(Arc<Mutex<Vec<(usize, Access)>>>);

impl Tape for Recording {
    fn note(&self, block: usize, access: Access) {
        self.0.lock().expect("nobody panics").push((block, access));
    }
}

impl Recording {
    /// What was accessed since the last time, sorted: the order is free.
    pub(crate) fn take(&self) -> Vec<(usize, Access)> {
        let mut accesses = std::mem::take(&mut *self.0.lock().expect("nobody panics"));
        accesses.sort_unstable();
        accesses
    }
}

/// The interrupt pin of the processor: one-shot, as every root is.
#[derive(Default)]
pub(crate) struct CpuPin {
    armed: AtomicBool,
    fired: AtomicBool,
    /// A node presents the same waker for as long as it lives.
    waker: OnceLock<Waker>,
    /// What a demultiplexer by hand has instead of it.
    handler: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl CpuPin {
    #[inline]
    fn fire(&self) {
        if !self.armed.swap(false, AcqRel) {
            return;
        }
        if let Some(handler) = self.handler.get() {
            handler();
        } else if let Some(waker) = self.waker.get() {
            self.fired.store(true, Release);
            waker.wake_by_ref();
        }
    }

    /// A handler in place of a waker.
    pub(crate) fn handle(&self, handler: impl Fn() + Send + Sync + 'static) {
        assert!(self.handler.set(Box::new(handler)).is_ok(), "one handler");
    }

    #[inline]
    pub(crate) fn arm(&self) {
        self.armed.store(true, Release);
    }
}

impl InterruptSource for CpuPin {
    #[inline]
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.fired.load(Acquire) {
            self.fired.store(false, Relaxed);
            return Poll::Ready(Ok(()));
        }
        self.waker.get_or_init(|| cx.waker().clone());
        self.arm();
        Poll::Pending
    }

    #[inline]
    fn disarm(self: Pin<&Self>) {
        self.armed.store(false, Release);
    }

    /// Everything here happens in one thread, which has nothing to sleep for.
    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }
}

/// The line of each controller that the next block is on.
pub(crate) const CASCADE: u8 = 3;

/// The blocks, from the processor's pin on.
#[derive(Clone)]
pub(crate) struct Board<T> {
    pub(crate) pin: Arc<CpuPin>,
    intcs: Vec<Arc<Intc>>,
    gpio: Arc<Gpio>,
    tape: T,
}

impl<T: Tape> Board<T> {
    pub(crate) fn new(tape: T, depth: usize) -> Self {
        let intcs = (0..depth).map(|_| Arc::default()).collect();
        Self { pin: Arc::default(), intcs, gpio: Arc::default(), tape }
    }

    pub(crate) fn intc(&self, number: usize) -> Window<Intc, T> {
        Window::new(&self.intcs[number], number, &self.tape)
    }

    pub(crate) fn gpio(&self) -> Window<Gpio, T> {
        Window::new(&self.gpio, self.intcs.len(), &self.tape)
    }

    /// These lines of the last controller fire.
    #[inline]
    pub(crate) fn fire(&self, lines: u32) {
        if let [above @ .., last] = &*self.intcs {
            last.status.fetch_or(lines, Release);
            for intc in above {
                intc.status.fetch_or(1 << CASCADE, Release);
            }
        }
        self.pin.fire();
    }

    /// Pin 0 of the GPIO changes.
    #[inline]
    pub(crate) fn press(&self) {
        self.gpio.data.fetch_xor(1, Relaxed);
        self.gpio.status.fetch_or(1, Release);
        self.fire(1 << CASCADE);
    }
}
