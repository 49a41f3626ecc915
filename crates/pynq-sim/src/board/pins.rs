//! What waits on the processor's interrupt inputs.

use core::task::Waker;

use pynq_core::Error;

/// The node that waits on one of the processor's inputs. The input itself is the [fabric](crate::fabric)'s.
#[derive(Default)]
pub(crate) struct PinState {
    /// Fired, and not polled for yet.
    pub(crate) fired: bool,
    /// Fired, and neither re-armed nor has its dispatch reached a waiter.
    pub(crate) in_service: bool,
    pub(crate) waker: Option<Waker>,
    pub(crate) failed: Option<Error>,
    /// The next poll returns an error: no event can come any more.
    pub(crate) starved: bool,
}

impl PinState {
    /// It fired. Returns whether a service begins with it.
    pub(crate) fn fire(&mut self) -> bool {
        self.fired = true;
        !core::mem::replace(&mut self.in_service, true)
    }

    /// Polls return `error` from now on.
    pub(crate) const fn fail(&mut self, error: Error) {
        (self.failed, self.fired) = (Some(error), false);
    }
}
