//! A line that stays armed between waits.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

use super::{
    Condition, Deadline, Line, NodeHandle, Wait, Waiter, Waiting,
    lines::{Cursor, Fired, Request},
};
use crate::Error;

/// Keeps a line armed between waits; see [`Line::listen`].
///
/// As a [`Stream`] it ends after an error from which there is no way back ([`Error::is_fatal`]).
///
/// It is armed by its first poll; [`arm`](Self::arm) does it at once.
#[must_use = "a listener listens for as long as it lives"]
pub struct Listener {
    line: Line,
    hold: Waiter,
    waiter: Waiter,
    /// The stream has returned the error by which the hardware was lost.
    ended: bool,
}

impl Listener {
    pub(super) const fn new(line: Line) -> Self {
        Self { line, hold: Waiter::new(), waiter: Waiter::new(), ended: false }
    }

    /// The line it keeps armed.
    #[must_use]
    pub const fn line(&self) -> &Line {
        &self.line
    }

    fn parts(self: Pin<&mut Self>) -> (&mut Line, Pin<&Waiter>, Pin<&Waiter>, &mut bool) {
        // SAFETY: nothing is moved out; the waiters are pinned again, and `line` is not structurally pinned.
        #[allow(unsafe_code)]
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: `this` was pinned and `hold` is a field of it.
        #[allow(unsafe_code)]
        let hold = unsafe { Pin::new_unchecked(&this.hold) };
        // SAFETY: `this` was pinned and `waiter` is a field of it.
        #[allow(unsafe_code)]
        let waiter = unsafe { Pin::new_unchecked(&this.waiter) };
        (&mut this.line, hold, waiter, &mut this.ended)
    }

    /// Arms the line now, before what will raise the event is started.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn arm(self: Pin<&mut Self>) -> Result<(), Error> {
        let (line, hold, ..) = self.parts();
        let request = Request { line: line.line, condition: Some(Condition::KeepUnmasked), is_node: true };
        let mut cursor = Cursor::default();
        let mut cx = Context::from_waker(Waker::noop());
        // SAFETY: `hold` is used with this node alone and cancelled by `drop`.
        #[allow(unsafe_code)]
        let armed = unsafe { line.node.poll_line(hold, &request, &mut cursor, &mut cx) };
        match armed {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits for the next event and returns how many were missed since the last one.
    ///
    /// # Errors
    ///
    /// As [`Line::wait_async`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future loses nothing: the line stays armed and counted.
    pub const fn next_async(self: Pin<&mut Self>) -> Waiting<NextEvent<'_>> {
        Waiting::new(NextEvent { listener: self })
    }

    /// The blocking form of [`next_async`](Self::next_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Line::wait`].
    pub fn next(self: Pin<&mut Self>) -> Result<Fired, Error> {
        self.next_async().block()
    }

    /// As [`next`](Self::next), but gives up at `deadline`. The listener stays armed.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Line::wait_until`].
    pub fn next_until(self: Pin<&mut Self>, deadline: impl Into<Deadline>) -> Result<Fired, Error> {
        self.next_async().block_until(deadline)
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Fired, Error>> {
        if !self.hold.is_registered() {
            self.as_mut().arm()?;
        }
        let (line, _, waiter, _) = self.parts();
        // SAFETY: `waiter` is used with `line` alone and cancelled by `drop`.
        #[allow(unsafe_code)]
        unsafe {
            line.poll_wait(waiter, cx)
        }
    }
}

impl Stream for Listener {
    type Item = Result<Fired, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = self.as_mut().poll_fired(cx);
        if let Poll::Ready(Err(error)) = polled {
            *self.parts().3 = error.is_fatal();
        }
        polled.map(Some)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for waiter in [&self.waiter, &self.hold] {
            // SAFETY: a value being dropped doesn't move any more; a waiter was linked only if it had been pinned.
            #[allow(unsafe_code)]
            let waiter = unsafe { Pin::new_unchecked(waiter) };
            // SAFETY: both have been used with this node alone.
            #[allow(unsafe_code)]
            unsafe {
                self.line.node.cancel(waiter);
            }
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("line", &self.line).finish_non_exhaustive()
    }
}

/// The wait of [`Listener::next_async`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct NextEvent<'a> {
    listener: Pin<&'a mut Listener>,
}

impl Future for NextEvent<'_> {
    type Output = Result<Fired, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.listener.as_mut().poll_fired(cx)
    }
}

impl Wait for NextEvent<'_> {
    type Value = Fired;
    type Error = Error;

    fn node(&self) -> Option<&NodeHandle> {
        Some(&self.listener.line.node)
    }

    fn error(&self, error: Error) -> Error {
        error
    }
}
