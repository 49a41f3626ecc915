//! The flag by which a wake reaches whoever is in its way.

use super::sync::{AtomicBool, Ordering};

/// Whether a node is to be dispatched.
///
/// Whoever wants that sets it and then tries the lock; whoever had the lock releases it and then looks. One of the two sees
/// the other: both accesses read and write, so one comes first, and the second knows all that was before the first. If that
/// is the look, the lock's release is part of it, and the lock can be had.
///
/// In the same way whoever takes the flag down knows what was done before each wake that it answers.
pub(super) struct Pending(AtomicBool);

impl Pending {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Sets it.
    pub(super) fn tell(&self) {
        #[cfg(target_has_atomic = "8")]
        self.0.swap(true, Ordering::AcqRel);
        #[cfg(not(target_has_atomic = "8"))]
        one_core::tell(&self.0);
    }

    /// The look of whoever released the lock.
    pub(super) fn look(&self) -> bool {
        #[cfg(target_has_atomic = "8")]
        let is_set = self.0.compare_exchange(false, false, Ordering::AcqRel, Ordering::Acquire).is_err();
        #[cfg(not(target_has_atomic = "8"))]
        let is_set = one_core::look(&self.0);
        is_set
    }

    /// Takes it down, under the lock, and tells whether it was set. One that comes at the same time is seen by the look that
    /// follows.
    pub(super) fn take(&self) -> bool {
        #[cfg(target_has_atomic = "8")]
        let taken = self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::AcqRel);
        #[cfg(not(target_has_atomic = "8"))]
        let taken = one_core::take(&self.0);
        taken
    }
}

/// Without read-modify-write operations there is one core, and what comes in between is an interrupt handler, which is
/// through before it ends: only the compiler must keep the order.
#[cfg(not(target_has_atomic = "8"))]
mod one_core {
    use core::sync::atomic::{AtomicBool, Ordering, fence};

    pub(super) fn tell(flag: &AtomicBool) {
        fence(Ordering::SeqCst);
        flag.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    pub(super) fn look(flag: &AtomicBool) -> bool {
        fence(Ordering::SeqCst);
        flag.load(Ordering::Relaxed)
    }

    pub(super) fn take(flag: &AtomicBool) -> bool {
        let taken = flag.load(Ordering::Relaxed);
        if taken {
            flag.store(false, Ordering::Relaxed);
            fence(Ordering::SeqCst);
        }
        taken
    }
}
