//! Locks beside the standard one, to show what that costs.

use std::{
    cell::Cell,
    hint::spin_loop,
    sync::atomic::{
        AtomicBool,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use pynq_core::interrupt::{NodeLock, ScopedRawMutex};

/// Spins while another thread has it.
#[derive(Default)]
pub(crate) struct SpinLock(AtomicBool);

// SAFETY: `f` runs between a successful exchange of false for true and the store of false, so one at a time.
unsafe impl ScopedRawMutex for SpinLock {
    #[inline]
    fn try_with_lock<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        self.0.compare_exchange(false, true, Acquire, Relaxed).ok()?;
        let result = f();
        self.0.store(false, Release);
        Some(result)
    }

    #[inline]
    fn with_lock<R>(&self, f: impl FnOnce() -> R) -> R {
        while self.0.compare_exchange_weak(false, true, Acquire, Relaxed).is_err() {
            spin_loop();
        }
        let result = f();
        self.0.store(false, Release);
        result
    }

    fn is_locked(&self) -> bool {
        self.0.load(Relaxed)
    }
}

impl NodeLock for SpinLock {
    const IN_HANDLER: bool = false;
}

/// Excludes only re-entry by its own thread: what the engine costs with a lock that costs nothing.
#[derive(Default)]
pub(crate) struct NoLock(Cell<bool>);

// SAFETY: this program starts no second thread.
unsafe impl Sync for NoLock {}

// SAFETY: in the one thread that there is, `f` runs while the cell is true, and no second call is let in then.
unsafe impl ScopedRawMutex for NoLock {
    #[inline]
    fn try_with_lock<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        if self.0.replace(true) {
            return None;
        }
        let result = f();
        self.0.set(false);
        Some(result)
    }

    #[inline]
    fn with_lock<R>(&self, f: impl FnOnce() -> R) -> R {
        self.try_with_lock(f).expect("a lock that its own thread has")
    }

    fn is_locked(&self) -> bool {
        self.0.get()
    }
}

impl NodeLock for NoLock {
    const IN_HANDLER: bool = false;
}
