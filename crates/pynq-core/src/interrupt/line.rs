//! Handles on a line, and the waits on one: for an event that a handle has not seen, and for a condition on what a node
//! samples.

use core::{
    borrow::Borrow,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    Condition, Deadline, FromNode, Listener, NodeHandle, Wait, Waiter, Waiting,
    lines::{Cursor, Fired, LineStats, Request},
};
use crate::Error;

/// A handle on a line, with a cursor of its own: what it has seen of the line's events.
///
/// Clones look from the same point on and go their own ways from there.
#[derive(Clone)]
pub struct Line {
    pub(super) node: NodeHandle,
    pub(super) line: u8,
    condition: Condition,
    cursor: Cursor,
}

impl Line {
    /// A handle on line `line` of `node`. What is latched from before is not for it.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], or the error the node has failed with.
    pub fn new<Hw>(node: impl Into<NodeHandle<Hw>>, line: u8) -> Result<Self, Error> {
        let node = node.into().erase();
        let cursor = node.look(line)?;
        Ok(Self { node, line, condition: Condition::Event, cursor })
    }

    /// A handle on line `line`, which has seen what `cursor` has.
    pub(super) const fn at(node: NodeHandle, line: u8, cursor: Cursor) -> Self {
        Self { node, line, condition: Condition::Event, cursor }
    }

    /// A handle on those bits of a sampled line that are set in `mask`: its event is a net change of them since it
    /// last looked. A change there and back between two looks is nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], or the error the node has failed with.
    pub fn of_bits<Hw>(node: impl Into<NodeHandle<Hw>>, line: u8, mask: u32) -> Result<Self, Error> {
        let mut this = Self::new(node, line)?;
        this.condition = Condition::Change { mask, since: None };
        Ok(this)
    }

    /// Which line of its node this is.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.line
    }

    /// The node this is a line of.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle {
        &self.node
    }

    /// What the engine counted on this line.
    #[must_use]
    pub fn stats(&self) -> LineStats {
        self.node.line_stats(self.line)
    }

    /// Waits for an event since this handle last looked. The line is unmasked only while a task waits.
    ///
    /// After it completed the future may be polled again, for the next event.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidated`], [`Error::DeviceGone`] or [`Error::Os`] once the hardware is lost; [`Error::LineStuck`] if
    /// the line does not go quiet; [`Error::NoReactor`] or [`Error::ReactorGone`] if nothing would wake the task;
    /// [`Error::InterruptsUnavailable`] if the line isn't wired.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was: the line is masked again if
    /// nothing else waits on it, and an event that came meanwhile is found by the next wait.
    pub const fn wait_async(&mut self) -> Waiting<EventWait<'_>> {
        self.wait_as()
    }

    /// As [`wait_async`](Self::wait_async), with a driver's error.
    ///
    /// # Cancellation safety
    ///
    /// As [`wait_async`](Self::wait_async).
    pub const fn wait_as<E: FromNode>(&mut self) -> Waiting<EventWait<'_, E>> {
        Waiting::new(EventWait { line: self, waiter: Waiter::new(), error: PhantomData })
    }

    /// The blocking form of [`wait_async`](Self::wait_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// Those of the async form, and [`Error::NeverWoken`] on a simulated board on which nothing more can happen.
    pub fn wait(&mut self) -> Result<Fired, Error> {
        self.wait_async().block()
    }

    /// As [`wait`](Self::wait), but gives up at `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] at the deadline, unless the event is there as well; else as [`wait`](Self::wait).
    pub fn wait_until(&mut self, deadline: impl Into<Deadline>) -> Result<Fired, Error> {
        self.wait_async().block_until(deadline)
    }

    /// Forgets what happened up to now: the next wait is for an event from here on.
    ///
    /// What is latched is counted first, so that other waiters still see it. A **level** line can be cleared only
    /// at its device: if that still requests service, the next wait returns at once.
    ///
    /// # Errors
    ///
    /// [`Error::Invalidated`] or [`Error::DeviceGone`] once the hardware is lost.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.cursor = self.node.look(self.line)?;
        Ok(())
    }

    /// Arms the line for as long as the listener lives, so that events between two waits are counted too, as far as
    /// the hardware can distinguish them. Also a [`Stream`](futures_core::Stream).
    ///
    /// A **level** line is masked while its event has not been answered, listener or not.
    pub fn listen(self) -> Listener {
        Listener::new(self)
    }

    /// # Safety
    ///
    /// `waiter` is used with this line alone, by one party at a time, and cancelled before it is dropped.
    #[allow(unsafe_code)]
    #[inline]
    pub(super) unsafe fn poll_wait(
        &mut self,
        waiter: Pin<&Waiter>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        let condition = match self.condition {
            Condition::Change { mask, .. } => Condition::Change { mask, since: Some(self.cursor.sample) },
            other => other,
        };
        let request = Request { line: self.line, condition: Some(condition), is_node: false };
        // SAFETY: passed on.
        unsafe { self.node.poll_line(waiter, &request, &mut self.cursor, cx) }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("node", &self.node)
            .field("line", &self.line)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

/// The wait of [`Line::wait_async`].
#[must_use = "futures do nothing unless polled"]
pub struct EventWait<'a, E = Error> {
    line: &'a mut Line,
    waiter: Waiter,
    error: PhantomData<fn() -> E>,
}

impl<E: FromNode> Future for EventWait<'_, E> {
    type Output = Result<Fired, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out; `waiter` is pinned again below and `line` is not structurally pinned.
        #[allow(unsafe_code)]
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: `this` was pinned and `waiter` is a field of it.
        #[allow(unsafe_code)]
        let waiter = unsafe { Pin::new_unchecked(&this.waiter) };
        // SAFETY: the waiter is used with this line alone, and `drop` cancels it.
        #[allow(unsafe_code)]
        let polled = unsafe { this.line.poll_wait(waiter, cx) };
        polled.map_err(|error| E::from_node(error, &this.line.node))
    }
}

impl<E: FromNode> Wait for EventWait<'_, E> {
    type Value = Fired;
    type Error = E;

    fn node(&self) -> Option<&NodeHandle> {
        Some(&self.line.node)
    }

    fn error(&self, error: Error) -> E {
        E::from_node(error, &self.line.node)
    }
}

impl<E> Drop for EventWait<'_, E> {
    fn drop(&mut self) {
        // SAFETY: a value being dropped doesn't move any more; the waiter was linked only if it had been pinned.
        #[allow(unsafe_code)]
        let waiter = unsafe { Pin::new_unchecked(&self.waiter) };
        // SAFETY: the waiter has been used with this node alone.
        #[allow(unsafe_code)]
        unsafe {
            self.line.node.cancel(waiter);
        }
    }
}

impl<E> fmt::Debug for EventWait<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWait").field("line", self.line).finish_non_exhaustive()
    }
}

impl<Hw> NodeHandle<Hw> {
    /// Waits until `condition` comes true on line `line`, whose node samples. It needs no handle on the line, since it looks
    /// at nothing that happened before it was polled.
    ///
    /// # Errors
    ///
    /// As [`Line::wait_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Line::wait_async`].
    pub const fn wait_for<E: FromNode>(&self, line: u8, condition: Condition) -> Waiting<ConditionWait<'_, E>> {
        Waiting::new(HeldWait {
            node: self.erased(),
            waiter: Waiter::with_condition(line, condition),
            error: PhantomData,
        })
    }

    /// As [`wait_for`](Self::wait_for), with a handle of its own: for a future that holds both.
    ///
    /// # Cancellation safety
    ///
    /// As [`Line::wait_async`].
    pub fn own_wait_for<E: FromNode>(&self, line: u8, condition: Condition) -> NodeWait<E> {
        HeldWait { node: self.clone().erase(), waiter: Waiter::with_condition(line, condition), error: PhantomData }
    }
}

/// The wait of [`NodeHandle::wait_for`].
pub type ConditionWait<'a, E = Error> = HeldWait<&'a NodeHandle, E>;

/// The wait of [`NodeHandle::own_wait_for`].
pub type NodeWait<E = Error> = HeldWait<NodeHandle, E>;

/// A wait for a condition, with a handle on the node, borrowed or its own.
///
/// After it completed it may be polled again, for the same condition from then on.
#[must_use = "futures do nothing unless polled"]
pub struct HeldWait<N: Borrow<NodeHandle>, E = Error> {
    node: N,
    /// Carries line and condition, so that the future stays small.
    waiter: Waiter,
    error: PhantomData<fn() -> E>,
}

impl<N: Borrow<NodeHandle>, E: FromNode> Future for HeldWait<N, E> {
    type Output = Result<Fired, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.into_ref();
        // SAFETY: `this` is pinned and `waiter` is a field of it.
        #[allow(unsafe_code)]
        let waiter = unsafe { this.map_unchecked(|this| &this.waiter) };
        let request = Request { line: this.waiter.line.get(), condition: None, is_node: false };
        let node = this.node.borrow();
        // SAFETY: only `NodeHandle`'s functions make this, with a handle or a reference to one, so that it borrows as the
        // same node every time. The waiter is used with that node and this request alone, and `drop` cancels it.
        #[allow(unsafe_code)]
        let polled = unsafe { node.poll_line(waiter, &request, &mut Cursor::default(), cx) };
        polled.map_err(|error| E::from_node(error, node))
    }
}

impl<N: Borrow<NodeHandle>, E: FromNode> Wait for HeldWait<N, E> {
    type Value = Fired;
    type Error = E;

    fn node(&self) -> Option<&NodeHandle> {
        Some(self.node.borrow())
    }

    fn error(&self, error: Error) -> E {
        E::from_node(error, self.node.borrow())
    }
}

impl<N: Borrow<NodeHandle>, E> Drop for HeldWait<N, E> {
    fn drop(&mut self) {
        // SAFETY: a value being dropped doesn't move any more; the waiter was linked only if it had been pinned.
        #[allow(unsafe_code)]
        let waiter = unsafe { Pin::new_unchecked(&self.waiter) };
        // SAFETY: the waiter has been used with this node alone, whose handle is dropped, or was borrowed for, later.
        #[allow(unsafe_code)]
        unsafe {
            self.node.borrow().cancel(waiter);
        }
    }
}

impl<N: Borrow<NodeHandle>, E> fmt::Debug for HeldWait<N, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldWait").field("node", self.node.borrow()).finish_non_exhaustive()
    }
}
