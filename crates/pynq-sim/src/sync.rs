//! The lock around the board's state, and reference counts for targets with and without compare-and-swap.

#[cfg(target_has_atomic = "ptr")]
mod counts {
    pub(crate) use alloc::sync::Arc;
    #[cfg(feature = "std")]
    pub(crate) use alloc::sync::Weak;
    pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};

    /// Makes a type the inside of a waker, by what waking it does.
    macro_rules! impl_wake {
        ($type:ty, |$this:ident| $wake:expr) => {
            impl alloc::task::Wake for $type {
                fn wake(self: $crate::sync::Arc<Self>) {
                    alloc::task::Wake::wake_by_ref(&self);
                }

                fn wake_by_ref(self: &$crate::sync::Arc<Self>) {
                    let $this = self;
                    $wake;
                }
            }
        };
    }
    pub(crate) use impl_wake;
}

#[cfg(not(target_has_atomic = "ptr"))]
mod counts {
    pub(crate) use portable_atomic::{AtomicUsize, Ordering};
    pub(crate) use portable_atomic_util::Arc;
    #[cfg(feature = "std")]
    pub(crate) use portable_atomic_util::Weak;

    /// Makes a type the inside of a waker, by what waking it does.
    macro_rules! impl_wake {
        ($type:ty, |$this:ident| $wake:expr) => {
            impl portable_atomic_util::task::Wake for $type {
                fn wake(this: $crate::sync::Arc<Self>) {
                    portable_atomic_util::task::Wake::wake_by_ref(&this);
                }

                fn wake_by_ref($this: &$crate::sync::Arc<Self>) {
                    $wake;
                }
            }
        };
    }
    pub(crate) use impl_wake;
}

#[cfg(feature = "std")]
pub(crate) use counts::Weak;
pub(crate) use counts::{Arc, AtomicUsize, Ordering, impl_wake};

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
