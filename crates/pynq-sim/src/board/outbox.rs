//! Calls of the program's code that the board makes once its lock is released.
//!
//! Wakers and observers are the program's code. They may come straight back to the board, so none of them runs, is
//! cloned or is dropped under its lock.

use alloc::vec::Vec;
use core::task::Waker;

use super::{Board, Shared};
use crate::fabric::OutputChange;

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

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.outputs.is_empty()
    }
}

/// Delivers what an outbox holds. A panic of one waker or observer waits until all others were called: a waker that isn't
/// called is a lost wake-up, and a second panic in the unwinding of a first would end the process.
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

    let mut panics = Panics::new();
    {
        let _done = Done(shared);
        if !outbox.outputs.is_empty() {
            let board = Board { shared: shared.clone(), counted: false };
            let observers = shared.observers();
            for change in &outbox.outputs {
                for observer in &observers {
                    panics.hold(|| observer(&board, change));
                }
            }
        }
        for waker in outbox.first.into_iter().chain(outbox.rest) {
            panics.hold(|| waker.wake());
        }
    }
    panics.resume();
}

/// The first panic of several calls.
#[cfg(feature = "std")]
struct Panics(Option<alloc::boxed::Box<dyn core::any::Any + Send>>);

#[cfg(feature = "std")]
impl Panics {
    const fn new() -> Self {
        Self(None)
    }

    fn hold(&mut self, f: impl FnOnce()) {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        self.0 = self.0.take().or(outcome.err());
    }

    fn resume(self) {
        if let Some(panic) = self.0.filter(|_| !std::thread::panicking()) {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Where panics can't be caught there is nothing to go on with.
#[cfg(not(feature = "std"))]
struct Panics;

#[cfg(not(feature = "std"))]
impl Panics {
    const fn new() -> Self {
        Self
    }

    #[allow(clippy::unused_self)] // as where they can be caught
    fn hold(&mut self, f: impl FnOnce()) {
        f();
    }

    fn resume(self) {}
}
