//! Handles on a line: one-shot waits, listeners, and conditions on what a node samples.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

use super::{
    Condition, NodeHandle, Waiter,
    lines::{Cursor, Fired, InterruptLines, LineStats, Request},
};
use crate::{Error, Instant};

/// Something that raises an interrupt and can be waited for: what drivers are written against.
///
/// Object-safe. The waits themselves are in [`InterruptEventExt`], which every implementor has, `dyn` included.
///
/// # Safety
///
/// Between a `poll_wait` that returned `Pending` and the `poll_wait` that returns `Ready`, or `cancel`, the waiter
/// may be linked to; outside of it it is not.
#[allow(unsafe_code)]
pub unsafe trait InterruptEvent {
    /// Polls the wait that `waiter` stands for, registering it if it is not.
    ///
    /// The cursor moves only when this returns `Ready`.
    ///
    /// # Safety
    ///
    /// `waiter` is used with this event alone, by one party at a time, and cancelled before it is dropped.
    unsafe fn poll_wait(&mut self, waiter: Pin<&Waiter>, cx: &mut Context<'_>) -> Poll<Result<Fired, Error>>;

    /// Takes `waiter` out, if it is in. Takes no event from another waiter.
    ///
    /// # Safety
    ///
    /// `waiter` has been used with this event alone.
    unsafe fn cancel(&mut self, waiter: Pin<&Waiter>);

    /// Forgets what happened up to now: the next wait is for an event from here on.
    ///
    /// What is latched is counted first, so that others who wait still see it. A **level** line can be cleared only
    /// at its device: if that still asks for service, the next wait returns at once.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidated`] or [`Error::DeviceGone`] once the hardware is lost.
    fn clear(&mut self) -> Result<(), Error>;

    /// The blocking twin of the wait, until `deadline` if there is one; see [`InterruptEventExt::wait`].
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// As [`InterruptEventExt::wait_until`].
    fn wait_blocking(&mut self, deadline: Option<Instant>) -> Result<Fired, Error>;
}

/// The waits of an [`InterruptEvent`].
pub trait InterruptEventExt: InterruptEvent {
    /// Waits for an event since this handle last looked. The line is unmasked only while somebody waits.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidated`], [`Error::DeviceGone`] or [`Error::Os`] once the hardware is lost; [`Error::LineStuck`] if
    /// the line does not go quiet; [`Error::NoReactor`] or [`Error::ReactorGone`] for want of somebody who wakes it;
    /// [`Error::InterruptsUnavailable`] if it isn't wired.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was: the line is masked again if
    /// nobody else waits on it, and an event that came meanwhile is found by the next wait.
    fn wait_async(&mut self) -> Wait<'_, Self> {
        Wait { event: self, waiter: Waiter::new() }
    }

    /// The blocking twin of [`wait_async`](Self::wait_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// Those of the wait, and [`Error::NeverWoken`] on a simulated board on which nothing more can happen.
    fn wait(&mut self) -> Result<Fired, Error> {
        self.wait_blocking(None)
    }

    /// As [`wait`](Self::wait), but gives up at `deadline`, a time of the board's clock.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] at the deadline, unless the event is there as well; else as [`wait`](Self::wait).
    fn wait_until(&mut self, deadline: Instant) -> Result<Fired, Error> {
        self.wait_blocking(Some(deadline))
    }
}

impl<E: InterruptEvent + ?Sized> InterruptEventExt for E {}

/// The future of [`InterruptEventExt::wait_async`].
///
/// After it completed it may be polled again, for the next event.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a, E: InterruptEvent + ?Sized> {
    event: &'a mut E,
    waiter: Waiter,
}

impl<E: InterruptEvent + ?Sized> Future for Wait<'_, E> {
    type Output = Result<Fired, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out; `waiter` is pinned again below and `event` is not structurally pinned.
        #[allow(unsafe_code)]
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: `this` was pinned and `waiter` is a field of it.
        #[allow(unsafe_code)]
        let waiter = unsafe { Pin::new_unchecked(&this.waiter) };
        // SAFETY: the waiter is used with this event alone, and `drop` cancels it.
        #[allow(unsafe_code)]
        unsafe {
            this.event.poll_wait(waiter, cx)
        }
    }
}

impl<E: InterruptEvent + ?Sized> Drop for Wait<'_, E> {
    fn drop(&mut self) {
        // SAFETY: a value being dropped doesn't move any more; the waiter was linked only if it had been pinned.
        #[allow(unsafe_code)]
        let waiter = unsafe { Pin::new_unchecked(&self.waiter) };
        // SAFETY: the waiter has been used with this event alone.
        #[allow(unsafe_code)]
        unsafe {
            self.event.cancel(waiter);
        }
    }
}

impl<E: InterruptEvent + ?Sized> fmt::Debug for Wait<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("waiter", &self.waiter).finish_non_exhaustive()
    }
}

/// A handle on a line, with a cursor of its own.
///
/// Clones look from the same point on and go their own ways from there.
#[derive(Clone)]
pub struct Line<P: NodeHandle> {
    node: P,
    line: u8,
    condition: Condition,
    cursor: Cursor,
}

impl<P: NodeHandle> Line<P> {
    /// A handle on line `line` of `node`. What is latched from before is not for it.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], or the error the node has failed with.
    pub fn new(node: P, line: u8) -> Result<Self, Error> {
        let cursor = node.look_at(line)?;
        Ok(Self { node, line, condition: Condition::Event, cursor })
    }

    /// A handle on those bits of a sampled line that are set in `mask`: its event is a net change of them since it
    /// last looked. A change there and back between two looks is nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], or the error the node has failed with.
    pub fn of_bits(node: P, line: u8, mask: u32) -> Result<Self, Error> {
        let mut this = Self::new(node, line)?;
        this.condition = Condition::Change { mask, since: None };
        Ok(this)
    }

    /// Which line of its node this is.
    pub const fn number(&self) -> u8 {
        self.line
    }

    /// The node this is a line of.
    pub const fn node(&self) -> &P {
        &self.node
    }

    /// What the engine counted on this line.
    pub fn stats(&self) -> LineStats {
        self.node.line_stats(self.line)
    }

    /// Arms the line for as long as the listener lives, so that events between two waits are counted too, as far as
    /// the hardware can tell them apart. Also a [`Stream`].
    ///
    /// A **level** line is masked while its event has not been answered, listener or not.
    pub fn listen(self) -> Listener<P> {
        Listener { line: self, hold: Waiter::new(), waiter: Waiter::new(), ended: false }
    }

    fn request(&self) -> Request {
        let condition = match self.condition {
            Condition::Change { mask, .. } => Condition::Change { mask, since: Some(self.cursor.sample) },
            other => other,
        };
        Request { line: self.line, condition: Some(condition), is_node: false }
    }

    /// # Safety
    ///
    /// As [`InterruptEvent::poll_wait`].
    #[allow(unsafe_code)]
    unsafe fn poll_as(
        &mut self,
        request: &Request,
        waiter: Pin<&Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        // SAFETY: the reference is of `node` itself; the rest is the caller's promise.
        unsafe { self.node.poll_line(self.node.node_ref(), waiter, request, &mut self.cursor, cx) }
    }
}

// SAFETY: passed on to the node, which keeps the same contract.
#[allow(unsafe_code)]
unsafe impl<P: NodeHandle> InterruptEvent for Line<P> {
    unsafe fn poll_wait(&mut self, waiter: Pin<&Waiter>, cx: &mut Context<'_>) -> Poll<Result<Fired, Error>> {
        let request = self.request();
        // SAFETY: passed on.
        unsafe { self.poll_as(&request, waiter, cx) }
    }

    unsafe fn cancel(&mut self, waiter: Pin<&Waiter>) {
        // SAFETY: the reference is of `node` itself; the rest is the caller's promise.
        unsafe { self.node.cancel(self.node.node_ref(), waiter) }
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.cursor = self.node.look_at(self.line)?;
        Ok(())
    }

    fn wait_blocking(&mut self, deadline: Option<Instant>) -> Result<Fired, Error> {
        let node = self.node.clone();
        block_on_node(&node, self.wait_async(), deadline)
    }
}

impl<P: NodeHandle> fmt::Debug for Line<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("line", &self.line).field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

/// Runs `future` on the calling thread, sleeping on the backend behind `node`. If the event and the deadline are
/// both there, the event wins.
///
/// # Blocking
///
/// Sleeps the calling thread, without a runtime.
///
/// # Errors
///
/// The future's own, [`Error::TimedOut`] at `deadline`, or [`Error::NeverWoken`].
pub fn block_on_node<T, P: NodeHandle>(
    node: &P,
    future: impl Future<Output = Result<T, Error>>,
    deadline: Option<Instant>,
) -> Result<T, Error> {
    let mut future = core::pin::pin!(future);
    let mut result = None;
    let blocked = node.block(&mut |cx| future.as_mut().poll(cx).map(|ready| result = Some(ready)), deadline);
    if let Some(result) = result {
        return result;
    }
    // Once more, for an event that came with the deadline. Still as a blocked thread: another wait would need a reactor.
    let _ = node.block(
        &mut |cx| {
            if let Poll::Ready(ready) = future.as_mut().poll(cx) {
                result = Some(ready);
            }
            Poll::Ready(())
        },
        None,
    );
    result.unwrap_or_else(|| Err(blocked.err().unwrap_or(Error::NeverWoken)))
}

/// Keeps a line armed between waits; see [`Line::listen`].
///
/// As a [`Stream`] it ends after an error from which there is no way back ([`Error::is_fatal`]).
///
/// It is armed by its first poll; [`arm`](Self::arm) does it at once.
#[must_use = "a listener listens for as long as it lives"]
pub struct Listener<P: NodeHandle> {
    line: Line<P>,
    hold: Waiter,
    waiter: Waiter,
    /// The stream has told that the hardware is lost.
    ended: bool,
}

impl<P: NodeHandle> Listener<P> {
    fn parts(self: Pin<&mut Self>) -> (&mut Line<P>, Pin<&Waiter>, Pin<&Waiter>, &mut bool) {
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
        let request = Request { line: line.line, condition: Some(Condition::Hold), is_node: true };
        let mut cursor = Cursor::default();
        let mut cx = Context::from_waker(Waker::noop());
        // SAFETY: the reference is of `node` itself; `hold` is used with it alone and cancelled by `drop`.
        #[allow(unsafe_code)]
        let armed = unsafe { line.node.poll_line(line.node.node_ref(), hold, &request, &mut cursor, &mut cx) };
        match armed {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits for the next event and tells how many were missed since the last one.
    ///
    /// # Errors
    ///
    /// As [`InterruptEventExt::wait`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future loses nothing: the line stays armed and counted.
    pub async fn next_async(mut self: Pin<&mut Self>) -> Result<Fired, Error> {
        core::future::poll_fn(|cx| self.as_mut().poll_fired(cx)).await
    }

    /// The blocking twin of [`next_async`](Self::next_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// As [`InterruptEventExt::wait`].
    pub fn next(self: Pin<&mut Self>) -> Result<Fired, Error> {
        let node = self.line.node.clone();
        block_on_node(&node, self.next_async(), None)
    }

    /// As [`next`](Self::next), but gives up at `deadline`, a time of the board's clock. The listener stays armed.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// As [`InterruptEventExt::wait_until`].
    pub fn next_until(self: Pin<&mut Self>, deadline: Instant) -> Result<Fired, Error> {
        let node = self.line.node.clone();
        block_on_node(&node, self.next_async(), Some(deadline))
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

impl<P: NodeHandle> Stream for Listener<P> {
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

impl<P: NodeHandle> Drop for Listener<P> {
    fn drop(&mut self) {
        for waiter in [&self.waiter, &self.hold] {
            // SAFETY: a value being dropped doesn't move any more; a waiter was linked only if it had been pinned.
            #[allow(unsafe_code)]
            let waiter = unsafe { Pin::new_unchecked(waiter) };
            // SAFETY: both have been used with `node` alone.
            #[allow(unsafe_code)]
            unsafe {
                self.line.node.cancel(self.line.node.node_ref(), waiter);
            }
        }
    }
}

impl<P: NodeHandle> fmt::Debug for Listener<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("line", &self.line).finish_non_exhaustive()
    }
}

/// Waits until a condition on what a line samples comes true; see [`WaitFor::new`].
#[must_use = "futures do nothing unless polled"]
pub struct WaitFor<'a, P: NodeHandle> {
    node: &'a P,
    /// Carries line and condition, so that the future stays small.
    waiter: Waiter,
}

impl<'a, P: NodeHandle> WaitFor<'a, P> {
    /// A wait for `condition` on line `line` of `node`. Needs no handle of its own, since it looks at nothing that
    /// happened before it was polled.
    ///
    /// # Cancellation safety
    ///
    /// As [`InterruptEventExt::wait_async`].
    pub const fn new(node: &'a P, line: u8, condition: Condition) -> Self {
        Self { node, waiter: Waiter::with_condition(line, condition) }
    }

    /// The blocking twin: waits for the condition, until `deadline` if there is one.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// As [`InterruptEventExt::wait_until`].
    pub fn wait(self, deadline: Option<Instant>) -> Result<Fired, Error> {
        block_on_node(self.node, self, deadline)
    }
}

impl<P: NodeHandle> Future for WaitFor<'_, P> {
    type Output = Result<Fired, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.into_ref();
        // SAFETY: `this` is pinned and `waiter` is a field of it.
        #[allow(unsafe_code)]
        let waiter = unsafe { this.map_unchecked(|this| &this.waiter) };
        let request = Request { line: this.waiter.line.get(), condition: None, is_node: false };
        // SAFETY: the reference is of `node` itself; the waiter is used with it and this request alone, and `drop`
        // cancels it.
        #[allow(unsafe_code)]
        unsafe {
            this.node.poll_line(this.node.node_ref(), waiter, &request, &mut Cursor::default(), cx)
        }
    }
}

impl<P: NodeHandle> Drop for WaitFor<'_, P> {
    fn drop(&mut self) {
        // SAFETY: a value being dropped doesn't move any more; the waiter was linked only if it had been pinned.
        #[allow(unsafe_code)]
        let waiter = unsafe { Pin::new_unchecked(&self.waiter) };
        // SAFETY: the waiter has been used with `node` alone.
        #[allow(unsafe_code)]
        unsafe {
            self.node.cancel(self.node.node_ref(), waiter);
        }
    }
}

impl<P: NodeHandle> fmt::Debug for WaitFor<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor").field("waiter", &self.waiter).finish_non_exhaustive()
    }
}
