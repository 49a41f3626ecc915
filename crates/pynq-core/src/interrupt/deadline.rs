//! A wait that gives up.

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::Error;

pin_project! {
    /// The future of [`with_deadline`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct WithDeadline<W, D> {
        #[pin]
        wait: W,
        #[pin]
        deadline: D,
    }
}

/// `wait`, but given up with [`Error::TimedOut`] when `deadline` completes first. If both are ready, the event wins.
///
/// `deadline` is a future of the board's clock: `clock.sleep_until(at)`.
///
/// # Cancellation safety
///
/// That of `wait`. Giving up does not end `wait`, which is dropped with this future.
pub const fn with_deadline<W, D>(wait: W, deadline: D) -> WithDeadline<W, D> {
    WithDeadline { wait, deadline }
}

impl<T, W: Future<Output = Result<T, Error>>, D: Future> Future for WithDeadline<W, D> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.wait.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        if this.deadline.poll(cx).is_pending() {
            return Poll::Pending;
        }
        // Polled once more: a latched event fires while the first poll unmasks its line, after that poll has looked.
        match this.wait.poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => Poll::Ready(Err(Error::TimedOut)),
        }
    }
}
