//! What every operation that can wait returns: one value to be awaited or blocked on, with or without a deadline.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use pin_project_lite::pin_project;

use super::{Fired, NodeHandle};
use crate::{BlockError, ErasedSleep, Error, Instant};

/// What can be in a [`Waiting`]: a future, and the node whose interrupts it ends with.
///
/// A driver makes one of the engine's own ([`EventWait`](super::EventWait), [`ConditionWait`](super::ConditionWait),
/// [`Operation`]); its methods return `Waiting<impl Wait<Value = .., Error = ..>>`.
pub trait Wait: Future<Output = Result<<Self as Wait>::Value, <Self as Wait>::Error>> {
    /// What a completed wait returns.
    type Value;
    /// What one that failed returns.
    type Error;

    /// The node that a blocked thread sleeps on; `None` for a wait that was refused and is ready at once.
    fn node(&self) -> Option<&NodeHandle>;

    /// `error` of the engine, a deadline that passed for one, as this wait returns it.
    fn error(&self, error: Error) -> Self::Error;
}

/// An error that can be made of the engine's and of the node on which it happened.
pub trait FromNode {
    /// `error`, as it happened on `node`.
    fn from_node(error: Error, node: &NodeHandle) -> Self;
}

impl FromNode for Error {
    fn from_node(error: Error, _: &NodeHandle) -> Self {
        error
    }
}

impl<E: From<Error>> FromNode for BlockError<E> {
    fn from_node(error: Error, node: &NodeHandle) -> Self {
        node.error(error)
    }
}

/// When to give up, by the board's clock: a moment, or a time from the call on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// At this moment.
    At(Instant),
    /// After this time.
    In(Duration),
}

impl From<Instant> for Deadline {
    fn from(at: Instant) -> Self {
        Self::At(at)
    }
}

impl From<Duration> for Deadline {
    fn from(after: Duration) -> Self {
        Self::In(after)
    }
}

impl Deadline {
    /// The moment, for a wait on `node`.
    fn moment(self, node: Option<&NodeHandle>) -> Result<Instant, Error> {
        match (self, node) {
            (Self::At(at), _) => Ok(at),
            (Self::In(after), Some(node)) => Ok(node.source().clock().ok_or(Error::NoClock)?.time() + after),
            // It was refused, and ends before any deadline.
            (Self::In(_), None) => Ok(Instant::MAX),
        }
    }
}

pin_project! {
    /// An operation that waits: await it, or [block](Self::block) on it, or give it a [deadline](Self::until) first.
    ///
    /// Nothing happens before it is polled or blocked on.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use pynq_core::{Error, interrupt::{DirectNode, Direct, NodeHandle, ParentLine, StdLock}};
    /// # let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, ParentLine::UNWIRED));
    /// let mut line = NodeHandle::from(node).line(0)?;
    /// // In a task: line.wait_async().await, or line.wait_async().until(Duration::from_millis(5)).await.
    /// assert_eq!(line.wait_async().block(), Err(Error::InterruptsUnavailable));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Cancellation safety
    ///
    /// Dropping it at any point leaves hardware and queues as if it never was: a line that no other task waits on is
    /// masked again, and an event that came meanwhile is found by the next wait. What an operation of a driver adds to
    /// that, its method says.
    #[derive(Debug)]
    #[must_use = "nothing happens before it is awaited or blocked on"]
    pub struct Waiting<W> {
        #[pin]
        wait: W,
    }
}

impl<W: Wait> Waiting<W> {
    /// The operation `wait`.
    pub const fn new(wait: W) -> Self {
        Self { wait }
    }

    /// What waits, for an operation that can do more than be awaited.
    pub fn as_wait(self: Pin<&Self>) -> Pin<&W> {
        self.project_ref().wait
    }

    /// What waits, for an operation that can do more than be awaited, such as to give back what it was given.
    pub fn as_wait_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().wait
    }

    /// The same, given up at `deadline`: an [`Instant`] of the board's clock, or a [`Duration`] from now on. If the event and
    /// the deadline are both there, the event wins.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] at the deadline, [`Error::NoClock`] on a board without a clock; else as without a deadline.
    ///
    /// # Cancellation safety
    ///
    /// As without a deadline.
    pub fn until(self, deadline: impl Into<Deadline>) -> Waiting<Until<W>> {
        let deadline = deadline.into().moment(self.wait.node());
        Waiting::new(Until { wait: self.wait, deadline, sleep: ErasedSleep::default() })
    }

    /// Waits on the calling thread.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// Those of the operation, and [`Error::NeverWoken`] on a simulated board on which nothing more can happen.
    pub fn block(self) -> Result<W::Value, W::Error> {
        self.block_on(None)
    }

    /// Waits on the calling thread, until `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] at the deadline, [`Error::NoClock`] on a board without a clock; else as [`block`](Self::block).
    pub fn block_until(self, deadline: impl Into<Deadline>) -> Result<W::Value, W::Error> {
        match deadline.into().moment(self.wait.node()) {
            Err(error) => {
                let wait = core::pin::pin!(self.wait);
                unless_ready(wait, error)
            }
            Ok(deadline) => self.block_on(Some(deadline)),
        }
    }

    fn block_on(self, deadline: Option<Instant>) -> Result<W::Value, W::Error> {
        // A wait without a node was refused, hence is ready.
        let Some(node) = self.wait.node().cloned() else { return crate::block_on(self.wait, |_| ()) };
        let mut wait = core::pin::pin!(self.wait);
        block(&node, wait.as_mut(), deadline).unwrap_or_else(|error| Err(wait.error(error)))
    }
}

impl<W: Wait> Future for Waiting<W> {
    type Output = W::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<W::Output> {
        self.project().wait.poll(cx)
    }
}

impl<W: Wait> Wait for Waiting<W> {
    type Value = W::Value;
    type Error = W::Error;

    fn node(&self) -> Option<&NodeHandle> {
        self.wait.node()
    }

    fn error(&self, error: Error) -> W::Error {
        self.wait.error(error)
    }
}

impl<Hw> NodeHandle<Hw> {
    /// An operation of a driver: `future` ends by interrupts of this node, or of one that it is the parent of.
    pub fn operation<T, E: FromNode, F: Future<Output = Result<T, E>>>(&self, future: F) -> Waiting<Operation<F>> {
        Waiting::new(Operation { node: self.clone().erase(), future })
    }

    /// What most operations are: start the device, and wait for what it raises on `line`.
    ///
    /// `stop` refuses what can't be done, before anything is touched, and brings an earlier start to rest, so that nothing of
    /// it is taken for the event of this one; what it has raised by then is counted, and reaches the tasks that wait for it.
    /// `start` begins anew. All of it is one round of the node's lock, at the first poll, so that no start of another thread
    /// comes between.
    ///
    /// ```
    /// use pynq_core::{BlockError, Error, interrupt::{Direct, DirectNode, NodeHandle, ParentLine, StdLock}};
    ///
    /// let node = std::sync::Arc::pin(DirectNode::new(StdLock::new(), Direct, ParentLine::UNWIRED));
    /// let node = NodeHandle::from(node);
    /// let wait = node.start_and_wait(0, |_: &mut Direct| Ok::<(), Error>(()), |_| ());
    /// assert_eq!(wait.block(), Err(BlockError::new("".into(), Error::InterruptsUnavailable)), "nothing was started");
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `stop`, and where nothing would end the wait those of [`check_wait`](Self::check_wait), with nothing stopped or
    /// started; else as [`Line::wait_async`](super::Line::wait_async).
    ///
    /// # Cancellation safety
    ///
    /// Dropping it before the first poll starts nothing. Later, the device goes on, and its line is masked again if no other
    /// task waits on it.
    pub fn start_and_wait<E: From<Error>>(
        &self,
        line: u8,
        stop: impl FnOnce(&mut Hw) -> Result<(), E>,
        start: impl FnOnce(&mut Hw),
    ) -> Waiting<impl Wait<Value = Fired, Error = BlockError<E>>> {
        self.operation(async move {
            self.check_wait().map_err(|error| self.error(error))?;
            let mut line = self.restart(line, stop, start).map_err(|error| self.error(error))?;
            line.wait_as().await
        })
    }

    /// Runs `future` on the calling thread, sleeping on the backend behind this node, until `deadline` if there is one. If
    /// the future is ready and the deadline has passed, the future wins.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// The future's own, [`Error::TimedOut`] at `deadline`, or [`Error::NeverWoken`].
    pub fn block_on<T, E: FromNode>(
        &self,
        future: impl Future<Output = Result<T, E>>,
        deadline: Option<Instant>,
    ) -> Result<T, E> {
        let future = core::pin::pin!(future);
        block(self.erased(), future, deadline).unwrap_or_else(|error| Err(E::from_node(error, self.erased())))
    }
}

/// What a wait that can't be waited for has at hand, or `error`: its first poll registers it, and the second one collects an
/// error of its source.
fn unless_ready<W: Wait>(mut wait: Pin<&mut W>, error: Error) -> W::Output {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        if let Poll::Ready(result) = wait.as_mut().poll(&mut cx) {
            return result;
        }
    }
    Err(wait.error(error))
}

/// Runs `future` on the calling thread until it is ready, or to `deadline`, or to where the backend gives up.
fn block<F: Future>(node: &NodeHandle, mut future: Pin<&mut F>, deadline: Option<Instant>) -> Result<F::Output, Error> {
    let mut result = None;
    let source = node.source();
    let blocked = source.block(&mut |cx| future.as_mut().poll(cx).map(|ready| result = Some(ready)), deadline);
    if let Some(result) = result {
        return Ok(result);
    }
    // Once more, for an event that came with the deadline. Still as a blocked thread: another wait would need a reactor.
    let _ = source.block(
        &mut |cx| {
            if let Poll::Ready(ready) = future.as_mut().poll(cx) {
                result = Some(ready);
            }
            Poll::Ready(())
        },
        None,
    );
    result.ok_or(blocked.err().unwrap_or(Error::NeverWoken))
}

pin_project! {
    /// An operation that waits on a node, written as a future; see [`NodeHandle::operation`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Operation<F> {
        node: NodeHandle,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Operation<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl<T, E: FromNode, F: Future<Output = Result<T, E>>> Wait for Operation<F> {
    type Value = T;
    type Error = E;

    fn node(&self) -> Option<&NodeHandle> {
        Some(&self.node)
    }

    fn error(&self, error: Error) -> E {
        E::from_node(error, &self.node)
    }
}

impl<F> fmt::Debug for Operation<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("node", &self.node).finish_non_exhaustive()
    }
}

pin_project! {
    /// A wait with a deadline; see [`Waiting::until`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Until<W> {
        #[pin]
        wait: W,
        deadline: Result<Instant, Error>,
        #[pin]
        sleep: ErasedSleep,
    }
}

impl<W: Wait> Future for Until<W> {
    type Output = W::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<W::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.wait.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        let slept = match (*this.deadline, this.wait.node().and_then(|node| node.source().clock())) {
            (Err(error), _) => return Poll::Ready(unless_ready(this.wait, error)),
            (_, None) => return Poll::Ready(unless_ready(this.wait, Error::NoClock)),
            (Ok(deadline), Some(clock)) => clock.poll_sleep(deadline, this.sleep, cx),
        };
        if slept.is_pending() {
            return Poll::Pending;
        }
        // Polled once more: a latched event fires while the first poll unmasks its line, after that poll has looked.
        match this.wait.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => Poll::Ready(Err(this.wait.error(Error::TimedOut))),
        }
    }
}

impl<W: Wait> Wait for Until<W> {
    type Value = W::Value;
    type Error = W::Error;

    fn node(&self) -> Option<&NodeHandle> {
        self.wait.node()
    }

    fn error(&self, error: Error) -> W::Error {
        self.wait.error(error)
    }
}
