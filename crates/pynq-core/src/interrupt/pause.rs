//! Sleeps on the clock of the board behind a node, for operations that have to look again a little later.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::NodeHandle;
use crate::{ErasedSleep, Error, Instant};

impl<Hw> NodeHandle<Hw> {
    /// The time on the clock of the board that this node is on.
    ///
    /// # Errors
    ///
    /// [`Error::NoClock`] on a board without a clock.
    pub fn now(&self) -> Result<Instant, Error> {
        Ok(self.source().clock().ok_or(Error::NoClock)?.time())
    }

    /// Sleeps until a moment of that clock: within an [operation](Self::operation), for a device that raises no interrupt.
    ///
    /// # Errors
    ///
    /// [`Error::NoClock`] on a board without a clock.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future forgets the moment and nothing else.
    pub fn pause_until(&self, moment: Instant) -> Pause {
        Pause { node: self.clone().erase(), moment, sleep: ErasedSleep::default() }
    }
}

pin_project! {
    /// The sleep of [`NodeHandle::pause_until`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Pause {
        node: NodeHandle,
        moment: Instant,
        #[pin]
        sleep: ErasedSleep,
    }
}

impl Future for Pause {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.node.source().clock() {
            Some(clock) => clock.poll_sleep(*this.moment, this.sleep, cx).map(Ok),
            None => Poll::Ready(Err(Error::NoClock)),
        }
    }
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pause").field("moment", &self.moment).finish_non_exhaustive()
    }
}
