//! Sleeps that wait for their time, on a blocked thread or on the dispatcher's.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Waker,
    time::Instant,
};

use pynq_core::lock;

/// A sleep's place in [`Timers`].
pub(crate) type Key = (Instant, u64);

/// A key of its own for each sleep.
pub(crate) fn key(deadline: Instant) -> Key {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    (deadline, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The wakers of pending sleeps, by deadline.
#[derive(Default)]
pub(crate) struct Timers {
    sleeps: Mutex<BTreeMap<Key, Waker>>,
    /// Whether there are any, to be read without the lock. Written under it.
    any: AtomicBool,
}

impl Timers {
    /// Adds a sleep, or replaces its waker; returns whether it is the first one due.
    pub(crate) fn insert(&self, key: Key, waker: Waker) -> bool {
        let mut timers = lock(&self.sleeps);
        let old = timers.insert(key, waker);
        self.any.store(true, Ordering::SeqCst);
        let first = timers.first_key_value().is_some_and(|(first, _)| *first == key);
        drop(timers);
        drop(old);
        first
    }

    pub(crate) fn remove(&self, key: Key) {
        let mut timers = lock(&self.sleeps);
        let old = timers.remove(&key);
        self.any.store(!timers.is_empty(), Ordering::SeqCst);
        drop(timers);
        drop(old);
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        if !self.any.load(Ordering::SeqCst) {
            return None;
        }
        lock(&self.sleeps).first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// Wakes the sleeps that are due.
    pub(crate) fn fire(&self, now: Instant) {
        loop {
            let due = {
                let mut timers = lock(&self.sleeps);
                let due = match timers.first_entry() {
                    Some(first) if first.key().0 <= now => first.remove(),
                    _ => return,
                };
                self.any.store(!timers.is_empty(), Ordering::SeqCst);
                due
            };
            due.wake();
        }
    }
}
