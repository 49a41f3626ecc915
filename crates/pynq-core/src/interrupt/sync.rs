//! The engine's lock and atomics; under `cfg(loom)` those of the model checker, and nothing else changes.

#[cfg(not(loom))]
pub(super) use core::sync::atomic::{AtomicBool, Ordering};
#[cfg(loom)]
pub(super) use loom::sync::atomic::{AtomicBool, AtomicU8, Ordering};

#[cfg(all(not(loom), target_has_atomic = "8"))]
pub(super) use core::sync::atomic::AtomicU8;
#[cfg(all(not(loom), not(target_has_atomic = "8")))]
pub(super) use portable_atomic::AtomicU8;

use mutex_traits::ScopedRawMutex;

/// A lock that can guard a node.
///
/// Supplied by the backend: a standard mutex on hosts, a critical section where the interrupt handler itself
/// dispatches. It is held for a bounded number of register accesses and never while code of the user's runs, with
/// the one exception that [`IN_HANDLER`](Self::IN_HANDLER) describes.
pub trait NodeLock: ScopedRawMutex {
    /// Whether the lock is taken in interrupt handlers.
    ///
    /// On a host (`false`) wakers are taken out of their waiters and woken with the lock released: their wake and
    /// their drop are user code and may come back to this very node. In a handler (`true`) the last reference to a
    /// waker must not be dropped, since that may free memory; tasks are then woken by reference inside the critical
    /// section, and their wakers stay behind to be dropped by their futures.
    const IN_HANDLER: bool;
}

#[cfg(feature = "std")]
pub use host::StdLock;

#[cfg(feature = "std")]
#[allow(unsafe_code)] // promises mutual exclusion, which the standard mutex keeps
mod host {
    #[cfg(loom)]
    use loom::sync::Mutex;
    #[cfg(not(loom))]
    use std::sync::Mutex;

    use std::sync::PoisonError;
    #[cfg(not(loom))]
    use std::sync::TryLockError;

    use mutex_traits::ScopedRawMutex;

    /// The lock of hosts: a standard mutex that ignores poisoning.
    ///
    /// What it guards stays whole when a register access panics in between, as a simulated one may.
    #[derive(Debug)]
    pub struct StdLock(Mutex<()>);

    impl StdLock {
        /// An unlocked lock.
        #[must_use]
        #[cfg(not(loom))]
        pub const fn new() -> Self {
            Self(Mutex::new(()))
        }

        /// An unlocked lock.
        #[must_use]
        #[cfg(loom)]
        pub fn new() -> Self {
            Self(Mutex::new(()))
        }
    }

    impl Default for StdLock {
        fn default() -> Self {
            Self::new()
        }
    }

    #[cfg(not(loom))]
    impl mutex_traits::ConstInit for StdLock {
        // A constant with interior mutability is the point of the trait: each use is a lock of its own.
        #[allow(clippy::declare_interior_mutable_const)]
        const INIT: Self = Self::new();
    }

    // SAFETY: `f` runs with the guard of one and the same mutex alive, and a mutex has one guard at a time.
    unsafe impl ScopedRawMutex for StdLock {
        fn try_with_lock<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
            #[cfg(not(loom))]
            let guard = match self.0.try_lock() {
                Ok(guard) => guard,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            };
            #[cfg(loom)]
            let guard = self.0.try_lock().ok()?;
            let result = f();
            drop(guard);
            Some(result)
        }

        fn with_lock<R>(&self, f: impl FnOnce() -> R) -> R {
            let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let result = f();
            drop(guard);
            result
        }

        fn is_locked(&self) -> bool {
            self.try_with_lock(|| ()).is_none()
        }
    }

    impl super::NodeLock for StdLock {
        const IN_HANDLER: bool = false;
    }
}

#[cfg(feature = "critical-section")]
impl NodeLock for mutex::raw_impls::cs::CriticalSectionRawMutex {
    const IN_HANDLER: bool = true;
}
