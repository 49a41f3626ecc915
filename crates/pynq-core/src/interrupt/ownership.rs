//! Who owns a node, and what the owner has to look at before it leaves: one word.

use super::sync::{AtomicU8, Ordering};

/// Somebody is in the owner's loop.
const OWNED: u8 = 1;
/// The owner is to look once more. Where there is none, whoever had the lock is.
const TOLD: u8 = 2;
/// Nobody owns the node, and its source has been polled and has not fired since.
const ARMED: u8 = 4;

/// The word, which is changed by single read-modify-write operations throughout: of any two, the second knows all that was
/// before the first.
pub(super) struct Ownership(AtomicU8);

/// What the owner does next.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Poll,
    Disarm,
    Leave { armed: bool },
}

impl Step {
    /// Of an owner who was told, or who found something out of order: whether somebody waits, and whether the source is
    /// armed.
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
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Whether nobody owns the node, nothing is left to do, and the source is not armed.
    pub(super) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// Makes the caller the owner of a node that is armed and at rest: what its source's waking begins with.
    #[inline]
    pub(super) fn enter_armed(&self) -> bool {
        self.0.compare_exchange(ARMED, OWNED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Tells the owner. If there is none, the caller tries the lock, and whoever has it looks afterwards; then this is false.
    pub(super) fn tell(&self) -> bool {
        if cfg!(pynq_mutant = "ignore-wake-while-busy") && self.0.load(Ordering::Acquire) & OWNED != 0 {
            return true;
        }
        self.0.fetch_or(TOLD, Ordering::AcqRel) & OWNED != 0
    }

    /// Under the lock, after what was done there: makes the caller the owner if there is none and something is to be done.
    /// If there is one, tells it of a change: whether somebody waits is what it goes by.
    #[inline]
    pub(super) fn enter(&self, changed: bool, wanted: bool) -> Option<Step> {
        // An old value is never mistaken for the present one. What leads from one resting state to the other is a lock
        // round of an owner that entered before it: it is known here, as is all that was done under the lock.
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let (owned, armed) = (seen & OWNED != 0, seen & ARMED != 0);
            if if owned { !changed } else { wanted == armed && seen & TOLD == 0 } {
                return None;
            }
            if owned && cfg!(pynq_mutant = "change-not-told") {
                return None;
            }
            let next = if owned { seen | TOLD } else { OWNED };
            match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return (!owned).then(|| Step::next(wanted, armed)),
                Err(now) => seen = now,
            }
        }
    }

    /// Ends the ownership, unless the owner was told something: then it is to look under the lock, and stays.
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
        self.0.fetch_and(!TOLD, Ordering::AcqRel);
        false
    }

    /// Ends the ownership of one that panicked. Whoever comes next arms the source anew.
    pub(super) fn abandon(&self) {
        self.0.fetch_and(!OWNED, Ordering::AcqRel);
    }

    /// The look of whoever had the lock and is not the owner, after its release: whether somebody who was not let in wants
    /// something done.
    #[inline]
    pub(super) fn look(&self) -> bool {
        if cfg!(pynq_mutant = "nobody-looks") {
            return false;
        }
        let mut seen = self.0.load(Ordering::Relaxed);
        // Written even if nothing is changed: who tells after that finds the lock released.
        while let Err(now) = self.0.compare_exchange_weak(seen, seen, Ordering::AcqRel, Ordering::Relaxed) {
            seen = now;
        }
        seen & (OWNED | TOLD) == TOLD
    }
}
