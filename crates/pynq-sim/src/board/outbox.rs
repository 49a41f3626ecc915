//! What the board has to tell the program once its lock is released.
//!
//! Wakers and observers are the program's code. They may come straight back to the board, so none of them runs, is
//! cloned or is dropped under its lock.

use alloc::vec::Vec;
use core::task::Waker;

use super::{Shared, state::OutputChange};

/// Filled under the lock, emptied outside of it.
#[derive(Default)]
pub(crate) struct Outbox {
    /// The common case, one waker, needs no allocation.
    first: Option<Waker>,
    rest: Vec<Waker>,
    pub(crate) outputs: Vec<OutputChange>,
}

impl Outbox {
    pub(crate) fn wake(&mut self, waker: Waker) {
        match self.first {
            None => self.first = Some(waker),
            Some(_) => self.rest.push(waker),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.outputs.is_empty()
    }
}

/// Delivers what an outbox holds, even if one of those told panics: a waker that isn't called is a lost wake-up.
pub(crate) fn deliver(shared: &Shared, outbox: Outbox) {
    /// Ends the accounting whatever happens.
    struct Done<'a>(&'a Shared);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.with(|state| {
                state.settling.delivered();
                state.notify();
            });
        }
    }
    /// Wakes those who are left.
    struct Wakes(Option<Waker>, alloc::vec::IntoIter<Waker>);
    impl Wakes {
        fn run(&mut self) {
            if let Some(waker) = self.0.take() {
                waker.wake();
            }
            self.1.by_ref().for_each(Waker::wake);
        }
    }
    impl Drop for Wakes {
        fn drop(&mut self) {
            self.run();
        }
    }

    let _done = Done(shared);
    let mut wakes = Wakes(outbox.first, outbox.rest.into_iter());
    if !outbox.outputs.is_empty() {
        shared.tell_observers(&outbox.outputs);
    }
    wakes.run();
}
