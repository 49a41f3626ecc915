//! Panics of wakers, which are user code, and of locks.

/// Panics of wakers, held back until the service is over.
#[derive(Default)]
pub(super) struct Panics {
    #[cfg(feature = "std")]
    first: Option<std::boxed::Box<dyn core::any::Any + Send>>,
}

impl Panics {
    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn catch(&mut self, wake: impl FnOnce()) {
        if let Err(panic) = std::panic::catch_unwind(core::panic::AssertUnwindSafe(wake)) {
            self.first.get_or_insert(panic);
        }
    }

    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn resume(self) {
        if let Some(panic) = self.first {
            std::panic::resume_unwind(panic);
        }
    }

    /// Without the standard library a panic doesn't unwind.
    #[cfg(not(feature = "std"))]
    #[inline]
    pub(super) fn catch(&mut self, wake: impl FnOnce()) {
        wake();
    }

    #[cfg(not(feature = "std"))]
    #[inline]
    pub(super) fn resume(self) {}
}

/// Aborts the process when it is dropped: to be forgotten once the danger is over.
pub(super) struct AbortUnlessForgotten;

impl Drop for AbortUnlessForgotten {
    fn drop(&mut self) {
        /// Panics while a panic unwinds, which aborts, with the standard library or without.
        struct Again;

        impl Drop for Again {
            fn drop(&mut self) {
                panic!("aborts, since the wait's memory is about to be freed");
            }
        }

        // A lock that is not to be had may drop what it was to run before it panics, so that nothing unwinds yet.
        let _again = Again;
        panic!("a wait can't be dropped: its node's lock was not to be had, and freeing it would leave it linked");
    }
}
