//! A line of one node as the source of another.

use core::{
    cell::Cell,
    fmt,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
};

use super::{
    Activity, Condition, Driven, InterruptHardware, InterruptSource, Node, NodeHandle, NodeLock, Waiter,
    lines::{Cursor, Request},
};
use crate::{ErasedClock, Error, Instant};

/// A line of another node for a node to sit on, or none: the child is one more waiter of its parent, in whose queue it is
/// linked. So it stays where it is, and a node on it doesn't come out of its `Pin<Arc<_>>`:
///
/// ```compile_fail,E0277
/// # use std::{pin::Pin, sync::Arc};
/// # use pynq_core::interrupt::{DirectNode, ParentLine, StdLock};
/// fn unpin(node: Pin<Arc<DirectNode<StdLock, ParentLine>>>) {
///     Pin::into_inner(node);
/// }
/// ```
pub struct ParentLine {
    /// `None` for a block whose interrupt is not wired.
    parent: Option<NodeHandle>,
    request: Request,
    waiter: Waiter,
    cursor: Cell<Cursor>,
    /// The waiter and the cursor are in use.
    in_use: AtomicBool,
}

/// The use of the waiter and the cursor. Ends when dropped, also by a panic of some waker.
struct InUse<'a>(&'a AtomicBool);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

// SAFETY: `cursor`, and the cells of the waiter that belong to its owner, are used only while an `InUse` lives,
// of which there is one at a time; its making and its drop are to each other as a mutex's lock and unlock.
#[allow(unsafe_code)]
unsafe impl Sync for ParentLine {}

impl ParentLine {
    /// No line: the block's interrupt is not wired, or left unused. Every wait ends with [`Error::InterruptsUnavailable`].
    #[allow(clippy::declare_interior_mutable_const)] // each use is a line of its own
    pub const UNWIRED: Self = Self::with(None, 0);

    /// The line `line` of `parent`. A line that does not exist is reported by the waits behind it.
    ///
    /// An event latched from before is delivered to the first wait.
    pub fn new<Hw>(parent: impl Into<NodeHandle<Hw>>, line: u8) -> Self {
        Self::with(Some(parent.into().erase()), line)
    }

    /// The line `line` of a `parent` in a `static`, for another `static`.
    pub const fn of_static<H, L, S>(parent: &'static Node<H, L, S>, line: u8) -> Self
    where
        H: InterruptHardware + 'static,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        Self::with(Some(NodeHandle::of_static(parent)), line)
    }

    const fn with(parent: Option<NodeHandle>, line: u8) -> Self {
        Self {
            parent,
            request: Request { line, condition: Some(Condition::Event), is_node: true },
            waiter: Waiter::new(),
            cursor: Cell::new(Cursor { count: 0, sample: 0 }),
            in_use: AtomicBool::new(false),
        }
    }

    /// Whether there is a line.
    #[must_use]
    pub const fn is_wired(&self) -> bool {
        self.parent.is_some()
    }

    /// Try-lock for waiter and cursor. Never contended by the engine; other callers get `None`.
    fn enter(&self) -> Option<InUse<'_>> {
        #[cfg(target_has_atomic = "8")]
        let taken = self.in_use.swap(true, Ordering::Acquire);
        // Without compare-and-swap there is one core, and a handler that interrupts this has finished before it goes
        // on.
        #[cfg(not(target_has_atomic = "8"))]
        let taken = {
            let taken = self.in_use.load(Ordering::Acquire);
            self.in_use.store(true, Ordering::Relaxed);
            taken
        };
        (!taken).then_some(InUse(&self.in_use))
    }

    fn waiter(self: Pin<&Self>) -> Pin<&Waiter> {
        // SAFETY: the waiter is a field of `self`, which is pinned, and is never moved out of it.
        #[allow(unsafe_code)]
        unsafe {
            self.map_unchecked(|this| &this.waiter)
        }
    }

    fn cancel(self: Pin<&Self>) {
        if let Some(parent) = &self.get_ref().parent {
            // SAFETY: `waiter` is used with no other node.
            #[allow(unsafe_code)]
            unsafe {
                parent.cancel(self.waiter());
            }
        }
    }
}

impl InterruptSource for ParentLine {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(parent) = &self.get_ref().parent else { return Poll::Ready(Err(Error::InterruptsUnavailable)) };
        let Some(_in_use) = self.get_ref().enter() else { return Poll::Pending };
        let mut cursor = self.cursor.get();
        // SAFETY: `waiter` is used with `parent` and `request` only, by the thread that has entered, and cancelled by
        // `drop`.
        #[allow(unsafe_code)]
        let polled = unsafe { parent.poll_line(self.waiter(), &self.request, &mut cursor, cx) };
        self.cursor.set(cursor);
        polled.map_ok(|_| ())
    }

    fn disarm(self: Pin<&Self>) {
        if let Some(_in_use) = self.get_ref().enter() {
            self.cancel();
        }
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        if let Some(parent) = &self.parent {
            return parent.source().block(poll, deadline);
        }
        // The first poll registers and thereby fails the wait, the second one collects the error.
        let mut cx = Context::from_waker(Waker::noop());
        match poll(&mut cx).is_ready() || poll(&mut cx).is_ready() {
            true => Ok(()),
            false => Err(Error::InterruptsUnavailable),
        }
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        self.parent.as_ref().map_or(Ok(Driven::ByCaller), |parent| parent.source().prepare_wait())
    }

    fn trace(&self, activity: Activity) {
        if let Some(parent) = &self.parent {
            parent.source().trace(activity);
        }
    }

    fn is_wired(&self) -> bool {
        self.parent.as_ref().is_some_and(|parent| parent.source().is_wired())
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        self.parent.as_ref()?.source().clock()
    }
}

impl Drop for ParentLine {
    fn drop(&mut self) {
        // SAFETY: a value being dropped doesn't move any more; the waiter was linked only if it had been pinned.
        #[allow(unsafe_code)]
        let this = unsafe { Pin::new_unchecked(&*self) };
        this.cancel();
    }
}

impl fmt::Debug for ParentLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentLine")
            .field("parent", &self.parent)
            .field("line", &self.request.line)
            .finish_non_exhaustive()
    }
}
