//! The lock around the board's state, and reference counts for targets with and without compare-and-swap.

#[cfg(target_has_atomic = "ptr")]
pub(crate) use alloc::{sync::Arc, task::Wake};
#[cfg(target_has_atomic = "ptr")]
pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};
#[cfg(not(target_has_atomic = "ptr"))]
pub(crate) use portable_atomic::{AtomicUsize, Ordering};
#[cfg(not(target_has_atomic = "ptr"))]
pub(crate) use portable_atomic_util::{Arc, task::Wake};

/// A value behind a lock: a mutex where there are threads, a critical section elsewhere.
pub(crate) struct Lock<T>(#[cfg(feature = "std")] std::sync::Mutex<T>, #[cfg(not(feature = "std"))] Critical<T>);

#[cfg(not(feature = "std"))]
type Critical<T> = mutex::BlockingMutex<mutex::raw_impls::cs::CriticalSectionRawMutex, T>;

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        #[cfg(feature = "std")]
        return Self(std::sync::Mutex::new(value));
        #[cfg(not(feature = "std"))]
        return Self(Critical::new(value));
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // A panic under the lock is a bug of a device model. The board stays usable, so that the test which met it
        // reports that panic and not a poisoned lock.
        #[cfg(feature = "std")]
        return f(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        #[cfg(not(feature = "std"))]
        return self.0.with_lock(f);
    }
}
