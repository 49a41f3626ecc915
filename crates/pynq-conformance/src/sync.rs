//! The lock around the suite's own cells, and reference counts for targets with and without compare-and-swap.

#[cfg(target_has_atomic = "ptr")]
mod counts {
    pub(crate) use alloc::sync::Arc;
    pub(crate) use alloc::task::Wake;

    /// Makes a type the inside of a waker, by what waking it does.
    macro_rules! impl_wake {
        (($($generics:tt)*) $type:ty, |$this:ident| $wake:expr) => {
            impl<$($generics)*> $crate::sync::Wake for $type {
                fn wake(self: $crate::sync::Arc<Self>) {
                    let $this = &self;
                    $wake;
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
    pub(crate) use portable_atomic_util::Arc;
    pub(crate) use portable_atomic_util::task::Wake;

    /// Makes a type the inside of a waker, by what waking it does.
    macro_rules! impl_wake {
        (($($generics:tt)*) $type:ty, |$this:ident| $wake:expr) => {
            impl<$($generics)*> $crate::sync::Wake for $type {
                fn wake($this: $crate::sync::Arc<Self>) {
                    $wake;
                }

                fn wake_by_ref($this: &$crate::sync::Arc<Self>) {
                    $wake;
                }
            }
        };
    }
    pub(crate) use impl_wake;
}

pub(crate) use counts::{Arc, Wake, impl_wake};

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

    /// `f` must be short and call no foreign code: wakers use this, and a waker may be woken in an interrupt handler.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(feature = "std")]
        return f(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        #[cfg(not(feature = "std"))]
        return self.0.with_lock(f);
    }
}
