//! Scheduled events of the board, in order of time.

use alloc::collections::BTreeMap;
use core::task::Waker;
use pynq_core::{Instant, interrupt::TaskId};

use crate::{parker::Parker, sync::Arc};

/// A place on the timeline. Of two events at the same time, the one entered first comes first.
pub(crate) type Key = (Instant, u64);

/// What is scheduled; `S` is what the script does.
pub(crate) enum Event<S> {
    /// A task's sleep ends.
    Sleep(Waker),
    /// A blocked thread's deadline passes.
    Deadline(Arc<Parker>, TaskId),
    /// The script does something.
    Stimulus(S),
}

pub(crate) struct Timeline<S> {
    events: BTreeMap<Key, Event<S>>,
    next: u64,
}

impl<S> Default for Timeline<S> {
    fn default() -> Self {
        Self { events: BTreeMap::new(), next: 0 }
    }
}

impl<S> Timeline<S> {
    pub(crate) fn insert(&mut self, at: Instant, event: Event<S>) -> Key {
        self.next += 1;
        let key = (at, self.next);
        self.events.insert(key, event);
        key
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Event<S>> {
        self.events.get_mut(&key)
    }

    /// Takes an event back; `None` if it has happened.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Event<S>> {
        self.events.remove(&key)
    }

    pub(crate) fn first(&self) -> Option<Instant> {
        self.events.first_key_value().map(|(key, _)| key.0)
    }

    /// Takes the first event, if it is due at `now`.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Event<S>> {
        if self.first()? > now {
            return None;
        }
        self.events.pop_first().map(|(_, event)| event)
    }
}
