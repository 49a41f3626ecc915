//! What the engine sees of a schedule: windows, CPU pins and a lock whose boundaries are preemption points.
//!
//! All of them reach the schedule of the thread they run on, so that they are `Send` and `'static` as the engine asks.

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use mutex_traits::ScopedRawMutex;
use pynq_core::{
    Error, Instant, Mmio,
    interrupt::{Activity, InterruptSource, NodeLock},
};

use crate::{hardware::Device, schedule};

/// Registers of a device; every access is a point where the hardware moves on.
pub(crate) struct Window(pub(crate) Device);

// SAFETY: an access goes to a model, which takes any offset.
unsafe impl Mmio for Window {
    fn size(&self) -> usize {
        0x1_0000
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        schedule::current(|schedule| schedule.access(|hardware| hardware.read(self.0, offset as u32)))
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        schedule::current(|schedule| schedule.access(|hardware| hardware.write(self.0, offset as u32, value)));
    }
}

/// A CPU pin, by number.
#[derive(Debug)]
pub(crate) struct CpuPin(pub(crate) usize);

impl InterruptSource for CpuPin {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        schedule::current(|schedule| schedule.poll_fired(self.0, cx.waker()))
    }

    fn disarm(self: Pin<&Self>) {
        schedule::current(|schedule| schedule.disarm(self.0));
    }

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }

    fn trace(&self, activity: Activity) {
        schedule::current(|schedule| schedule.trace(activity));
    }
}

/// Not a lock but the check that one would do: a schedule runs on one thread, whose "other threads" run nested, at the
/// boundaries of this lock. Taking it twice is the deadlock that a real one would be.
pub(crate) struct PreemptedLock(AtomicBool);

impl PreemptedLock {
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        // While a lock is held, a thread that wanted it would wait, so only the interrupt gets a turn.
        let result = schedule::undisturbed(f);
        self.0.store(false, Ordering::Relaxed);
        result
    }
}

// SAFETY: `f` runs between the flag's setting and clearing, and only if it was clear.
unsafe impl ScopedRawMutex for PreemptedLock {
    fn try_with_lock<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        schedule::preempt();
        if self.0.swap(true, Ordering::Relaxed) {
            return None;
        }
        let result = self.run(f);
        schedule::preempt();
        Some(result)
    }

    fn with_lock<R>(&self, f: impl FnOnce() -> R) -> R {
        schedule::preempt();
        assert!(!self.0.swap(true, Ordering::Relaxed), "a lock was taken by who holds it");
        let result = self.run(f);
        schedule::preempt();
        result
    }

    fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl NodeLock for PreemptedLock {
    const IN_HANDLER: bool = false;
}
