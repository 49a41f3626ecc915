//! A line of one node as the source of another.

use core::{
    cell::Cell,
    fmt,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use super::{
    Activity, Condition, Driven, InterruptSource, NodeHandle, Waiter,
    lines::{Cursor, InterruptLines, Request},
};
use crate::{Error, Instant};

/// Line `line` of `parent`, for a node to sit on: the child is one more waiter of its parent, in whose queue it is linked.
/// So it stays where it is, and a node on it doesn't come out of its `Pin<Arc<_>>`:
///
/// ```compile_fail,E0277
/// # use std::{pin::Pin, sync::Arc};
/// # use pynq_core::interrupt::{Direct, DirectNode, InterruptLines, ParentLine, StdLock};
/// fn unpin(node: Pin<Arc<DirectNode<StdLock, ParentLine<Pin<Arc<dyn InterruptLines>>>>>>) {
///     Pin::into_inner(node);
/// }
/// ```
pub struct ParentLine<P: NodeHandle> {
    parent: P,
    request: Request,
    waiter: Waiter,
    cursor: Cell<Cursor>,
    /// Somebody is using the waiter and the cursor.
    in_use: AtomicBool,
}

/// Leaves when dropped, also by a panic of somebody's waker.
struct Inside<'a>(&'a AtomicBool);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

// SAFETY: `cursor`, and the cells of the waiter that belong to its owner, are used only while an `Inside` lives,
// of which there is one at a time; its making and its drop are to each other as a mutex's lock and unlock.
#[allow(unsafe_code)]
unsafe impl<P: NodeHandle> Sync for ParentLine<P> {}

impl<P: NodeHandle> ParentLine<P> {
    /// The line `line` of `parent`. A line that does not exist is reported by the waits behind it.
    ///
    /// An event latched from before is delivered to the first wait.
    pub const fn new(parent: P, line: u8) -> Self {
        Self {
            parent,
            request: Request { line, condition: Some(Condition::Event), is_node: true },
            waiter: Waiter::new(),
            cursor: Cell::new(Cursor { count: 0, sample: 0 }),
            in_use: AtomicBool::new(false),
        }
    }

    /// A node's owner comes one at a time and is always let in. Whoever else calls the source beside it is not.
    fn enter(&self) -> Option<Inside<'_>> {
        #[cfg(target_has_atomic = "8")]
        let taken = self.in_use.swap(true, Ordering::Acquire);
        // Without compare-and-swap there is one core, and a handler that comes in between is through before it ends.
        #[cfg(not(target_has_atomic = "8"))]
        let taken = {
            let taken = self.in_use.load(Ordering::Acquire);
            self.in_use.store(true, Ordering::Relaxed);
            taken
        };
        (!taken).then_some(Inside(&self.in_use))
    }

    fn waiter(self: Pin<&Self>) -> Pin<&Waiter> {
        // SAFETY: the waiter is a field of `self`, which is pinned, and is never moved out of it.
        #[allow(unsafe_code)]
        unsafe {
            self.map_unchecked(|this| &this.waiter)
        }
    }

    fn cancel(self: Pin<&Self>) {
        // SAFETY: the reference is `parent`'s own, and `waiter` is used with no other node.
        #[allow(unsafe_code)]
        unsafe {
            self.parent.cancel(self.parent.node_ref(), self.waiter());
        }
    }
}

impl<P: NodeHandle> InterruptSource for ParentLine<P> {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(_inside) = self.enter() else { return Poll::Pending };
        let mut cursor = self.cursor.get();
        // SAFETY: the reference is `parent`'s own, and `waiter` is used with `parent` and `request` only, by whoever
        // has entered, and cancelled by `drop`.
        #[allow(unsafe_code)]
        let polled =
            unsafe { self.parent.poll_line(self.parent.node_ref(), self.waiter(), &self.request, &mut cursor, cx) };
        self.cursor.set(cursor);
        polled.map_ok(|_| ())
    }

    fn disarm(self: Pin<&Self>) {
        if let Some(_inside) = self.enter() {
            self.cancel();
        }
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.parent.block(poll, deadline)
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        self.parent.prepare_wait()
    }

    fn trace(&self, activity: Activity) {
        self.parent.trace(activity);
    }
}

impl<P: NodeHandle> Drop for ParentLine<P> {
    fn drop(&mut self) {
        // SAFETY: a value being dropped doesn't move any more; the waiter was linked only if it had been pinned.
        #[allow(unsafe_code)]
        let this = unsafe { Pin::new_unchecked(&*self) };
        this.cancel();
    }
}

impl<P: NodeHandle> fmt::Debug for ParentLine<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentLine").field("line", &self.request.line).finish_non_exhaustive()
    }
}
