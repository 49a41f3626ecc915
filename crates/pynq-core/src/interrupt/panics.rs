//! Panics of wakers, which are user code.

/// Panics of wakers, held back until the service is over.
#[derive(Default)]
pub(super) struct Panics {
    #[cfg(feature = "std")]
    first: Option<std::boxed::Box<dyn core::any::Any + Send>>,
}

impl Panics {
    #[cfg(feature = "std")]
    pub(super) fn catch(&mut self, wake: impl FnOnce()) {
        if let Err(panic) = std::panic::catch_unwind(core::panic::AssertUnwindSafe(wake)) {
            self.first.get_or_insert(panic);
        }
    }

    #[cfg(feature = "std")]
    pub(super) fn resume(self) {
        if let Some(panic) = self.first {
            std::panic::resume_unwind(panic);
        }
    }

    /// Without the standard library a panic doesn't unwind.
    #[cfg(not(feature = "std"))]
    pub(super) fn catch(&mut self, wake: impl FnOnce()) {
        wake();
    }

    #[cfg(not(feature = "std"))]
    pub(super) fn resume(self) {}
}
