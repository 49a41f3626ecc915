//! Which thread runs a node, and what that thread has to re-check before it stops: one atomic word.

use super::sync::{AtomicU8, Ordering};

/// Some thread runs the node: it is the node's owner.
const OWNED: u8 = 1;
/// A wake arrived while the node was busy. The thread that runs it, or that releases its lock, must re-check before it
/// stops.
const NOTIFIED: u8 = 2;
/// No thread runs the node, and its source has been polled and has not fired since.
const ARMED: u8 = 4;

/// The word. All changes are `AcqRel` read-modify-writes, so they are totally ordered and each sees every write made before
/// the previous one.
pub(super) struct Ownership(AtomicU8);

/// What the owner does next.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Poll,
    Disarm,
    Leave { armed: bool },
}

impl Step {
    /// The next step after a re-check, from whether any task waits and whether the source is armed.
    #[inline]
    pub(super) fn next(wanted: bool, armed: bool) -> Self {
        match (wanted, armed) {
            (true, _) => Self::Poll,
            (false, true) if !cfg!(pynq_mutant = "parent-stays-armed") => Self::Disarm,
            (false, armed) => Self::Leave { armed },
        }
    }
}

impl Ownership {
    #[cfg(not(loom))]
    #[inline]
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    #[cfg(loom)]
    #[inline]
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Whether no thread runs the node, nothing is left to do, and the source is not armed.
    pub(super) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// Takes the ownership of a node that is armed and that no thread runs: how the wake of its source begins.
    #[inline]
    pub(super) fn try_run_armed(&self) -> bool {
        self.0.compare_exchange(ARMED, OWNED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Sets `NOTIFIED`. Returns true if some thread is running the node and will see it; false if the caller must try the
    /// lock itself.
    #[inline]
    pub(super) fn notify(&self) -> bool {
        if cfg!(pynq_mutant = "ignore-wake-while-busy") && self.0.load(Ordering::Acquire) & OWNED != 0 {
            return true;
        }
        self.0.fetch_or(NOTIFIED, Ordering::AcqRel) & OWNED != 0
    }

    /// Called under the lock. If idle and there is work, takes ownership and returns the step; if owned and the waiters
    /// `changed`, notifies the owner.
    #[inline]
    pub(super) fn try_run(&self, changed: bool, wanted: bool) -> Option<Step> {
        // An old value is never mistaken for the present one. What leads from one resting state to the other is a lock
        // round of an owner that entered before it: it is known here, as is all that was done under the lock.
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let (owned, armed) = (seen & OWNED != 0, seen & ARMED != 0);
            if if owned { !changed } else { wanted == armed && seen & NOTIFIED == 0 } {
                return None;
            }
            if owned && cfg!(pynq_mutant = "change-not-told") {
                return None;
            }
            let next = if owned { seen | NOTIFIED } else { OWNED };
            match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return (!owned).then(|| Step::next(wanted, armed)),
                Err(now) => seen = now,
            }
        }
    }

    /// Ends the ownership, unless the owner was notified: then it has to re-check under the lock, and stays.
    #[inline]
    pub(super) fn leave(&self, armed: bool) -> bool {
        let rest = if armed { ARMED } else { 0 };
        if cfg!(pynq_mutant = "leave-unasked") {
            self.0.store(rest, Ordering::Release);
            return true;
        }
        if self.0.compare_exchange(OWNED, rest, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return true;
        }
        self.0.fetch_and(!NOTIFIED, Ordering::AcqRel);
        false
    }

    /// Ends the ownership of a thread that panicked. The next wake or lock round arms the source anew.
    pub(super) fn abandon(&self) {
        self.0.fetch_and(!OWNED, Ordering::AcqRel);
    }

    /// Called after a non-owner released the lock: was a wake turned away meanwhile?
    #[inline]
    pub(super) fn recheck(&self) -> bool {
        if cfg!(pynq_mutant = "nobody-looks") {
            return false;
        }
        let mut seen = self.0.load(Ordering::Relaxed);
        // A no-op write on purpose: it orders this check against a later `notify`, which then finds the lock free.
        while let Err(now) = self.0.compare_exchange_weak(seen, seen, Ordering::AcqRel, Ordering::Relaxed) {
            seen = now;
        }
        seen & (OWNED | NOTIFIED) == NOTIFIED
    }
}
