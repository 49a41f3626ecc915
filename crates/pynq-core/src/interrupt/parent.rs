//! A line of one node as the source of another.

use core::{
    cell::Cell,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    Activity, Condition, InterruptSource, NodeHandle, Waiter,
    lines::{Cursor, InterruptLines, Request},
};
use crate::{Error, Instant};

/// Line `line` of `parent`, for a node to sit on: the child is one more waiter of its parent.
///
/// It lives inside its node, which is in a `static` or an `Arc` and so does not move while its waiter is linked.
pub struct ParentLine<P: NodeHandle> {
    parent: P,
    request: Request,
    waiter: Waiter,
    cursor: Cell<Cursor>,
}

// SAFETY: `cursor` is used by `poll_fired` alone, which the node's owner calls, one at a time; the engine's lock
// orders one owner's calls before the next one's. The waiter is `Sync` by itself.
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
        }
    }

    /// The waiter, pinned by where its node is.
    fn waiter(&self) -> Pin<&Waiter> {
        // SAFETY: a node with a linked waiter does not move: it is polled through a `NodeRef` only, which comes from
        // a `&'static` or an `Arc` to it, and `Drop` below takes the waiter out before the memory goes.
        #[allow(unsafe_code)]
        unsafe {
            Pin::new_unchecked(&self.waiter)
        }
    }
}

impl<P: NodeHandle> InterruptSource for ParentLine<P> {
    fn poll_fired(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut cursor = self.cursor.get();
        // SAFETY: the reference is `parent`'s own, and `waiter` is used with `parent` and `request` only and
        // cancelled by `drop`.
        #[allow(unsafe_code)]
        let polled =
            unsafe { self.parent.poll_line(self.parent.node_ref(), self.waiter(), &self.request, &mut cursor, cx) };
        self.cursor.set(cursor);
        polled.map_ok(|_| ())
    }

    fn disarm(&self) {
        // SAFETY: the reference is `parent`'s own, and `waiter` is used with no other node.
        #[allow(unsafe_code)]
        unsafe {
            self.parent.cancel(self.parent.node_ref(), self.waiter());
        }
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.parent.block(poll, deadline)
    }

    fn observe(&self, activity: Activity) {
        self.parent.observe(activity);
    }
}

impl<P: NodeHandle> Drop for ParentLine<P> {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl<P: NodeHandle> fmt::Debug for ParentLine<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentLine").field("line", &self.request.line).finish_non_exhaustive()
    }
}
