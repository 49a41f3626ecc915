//! What every node offers, whatever its hardware, lock and source: lines to wait on.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Activity, Condition, Driven, Waiter, waker::NodeRef};
use crate::{Error, Instant};

/// What a completed wait was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fired {
    /// How many times the line had been served in all, wrapping, when this wait was over. Two handles on one line see the
    /// same numbers.
    pub count: u32,
    /// How many earlier services this handle never looked at.
    pub missed: u32,
    /// For a wait on changes or edges, the bits that changed; 0 otherwise.
    pub changed: u32,
}

/// What a handle has seen of its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    pub(super) count: u32,
    pub(super) sample: u32,
}

/// What the engine counted on a line, all wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineStats {
    /// Services.
    pub fired: u32,
    /// Waiters woken.
    pub woken: u32,
    /// Waiters woken for nothing: they had to go back to wait.
    pub spurious: u32,
    /// Times the line was masked because it would not go quiet.
    pub stuck: u32,
}

impl LineStats {
    /// Nothing counted yet.
    pub const NONE: Self = Self { fired: 0, woken: 0, spurious: 0, stuck: 0 };
}

/// What [`InterruptLines::poll_line`] is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub(super) line: u8,
    /// What is waited for; `None` where the waiter itself carries it.
    pub(super) condition: Option<Condition>,
    pub(super) is_node: bool,
}

/// The lines of a node, object-safe. Implemented by [`Node`](super::Node) alone.
///
/// # Safety
///
/// Between a `poll_line` that returned `Pending` and the `poll_line` that returns `Ready`, or `cancel`, the waiter
/// may be linked to; outside of it it is not.
#[allow(unsafe_code)]
pub unsafe trait InterruptLines: Send + Sync {
    /// Polls the wait that `waiter` stands for, registering it if it is not.
    ///
    /// # Safety
    ///
    /// `me` is of a handle to this very node. `waiter` is used with no other node, with one `request`, and cancelled
    /// before it is dropped.
    #[doc(hidden)]
    unsafe fn poll_line(
        &self,
        me: NodeRef,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>>;

    /// Takes `waiter` out, if it is in.
    ///
    /// # Safety
    ///
    /// `me` is of a handle to this very node, and `waiter` has been used with no other.
    #[doc(hidden)]
    unsafe fn cancel(&self, me: NodeRef, waiter: Pin<&Waiter>);

    /// Harvests what is latched and tells where the line stands.
    ///
    /// # Safety
    ///
    /// `me` is of a handle to this very node.
    #[doc(hidden)]
    unsafe fn look(&self, me: NodeRef, line: u8) -> Result<Cursor, Error>;

    /// See [`InterruptSource::block`](super::InterruptSource::block).
    #[doc(hidden)]
    fn block(&self, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, deadline: Option<Instant>)
    -> Result<(), Error>;

    /// See [`InterruptSource::prepare_wait`](super::InterruptSource::prepare_wait).
    #[doc(hidden)]
    fn prepare_wait(&self) -> Result<Driven, Error>;

    #[doc(hidden)]
    fn trace(&self, activity: Activity);

    /// How many lines the node has.
    fn line_count(&self) -> u8;

    /// See [`NodeHandle::line_stats`].
    ///
    /// # Safety
    ///
    /// `me` is of a handle to this very node.
    #[doc(hidden)]
    unsafe fn stats(&self, me: NodeRef, line: u8) -> LineStats;

    /// See [`NodeHandle::invalidate_node`].
    ///
    /// # Safety
    ///
    /// `me` is of a handle to this very node.
    #[doc(hidden)]
    unsafe fn invalidate(&self, me: NodeRef, error: Error);

    /// See [`NodeHandle::is_idle`].
    ///
    /// # Safety
    ///
    /// `me` is of a handle to this very node.
    #[doc(hidden)]
    unsafe fn is_quiet(&self, me: NodeRef) -> bool;
}

/// How a node is owned: `&'static` or `Pin<Arc<_>>`, of a concrete node or of `dyn InterruptLines`, with one API over all.
///
/// # Safety
///
/// [`node_ref`](Self::node_ref) is of the node this handle derefs to, whose address the handle keeps valid.
#[allow(unsafe_code)]
pub unsafe trait NodeHandle: Deref<Target: InterruptLines> + Clone + Send + Sync + 'static {
    /// Which node this is, with the provenance of its whole allocation. For the engine.
    #[doc(hidden)]
    fn node_ref(&self) -> NodeRef;

    /// Harvests what is latched on a line and tells where it stands.
    #[doc(hidden)]
    fn look_at(&self, line: u8) -> Result<Cursor, Error> {
        // SAFETY: the reference is this handle's own.
        unsafe { self.look(self.node_ref(), line) }
    }

    /// The statistics of a line.
    fn line_stats(&self, line: u8) -> LineStats {
        // SAFETY: the reference is this handle's own.
        unsafe { self.stats(self.node_ref(), line) }
    }

    /// Ends the node: its lines are masked, every wait on it completes with `error` now and later, and its registers
    /// are accessed no more once this returns. What is behind the node must have been invalidated before it.
    fn invalidate_node(&self, error: Error) {
        // SAFETY: the reference is this handle's own.
        unsafe { self.invalidate(self.node_ref(), error) }
    }

    /// Whether nothing waits and nothing is unmasked, armed or under way.
    fn is_idle(&self) -> bool {
        // SAFETY: the reference is this handle's own.
        unsafe { self.is_quiet(self.node_ref()) }
    }
}

// SAFETY: the reference is to the node itself, and for ever.
#[allow(unsafe_code)]
unsafe impl<T: InterruptLines + ?Sized + 'static> NodeHandle for &'static T {
    fn node_ref(&self) -> NodeRef {
        NodeRef { header: core::ptr::from_ref::<T>(*self).cast(), is_static: true }
    }
}

// SAFETY: `Arc::as_ptr` is the node's address with the provenance of the allocation, which the `Arc` keeps.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[allow(unsafe_code)]
unsafe impl<T: InterruptLines + ?Sized + 'static> NodeHandle for Pin<Arc<T>> {
    fn node_ref(&self) -> NodeRef {
        let pointer: *const Self = self;
        // SAFETY: `Pin` is `repr(transparent)`, so this is the `Arc` in it. It is only looked at: nothing moves the node.
        let arc: &Arc<T> = unsafe { &*pointer.cast::<Arc<T>>() };
        NodeRef { header: Arc::as_ptr(arc).cast(), is_static: false }
    }
}

impl fmt::Debug for dyn InterruptLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptLines").field("lines", &self.line_count()).finish_non_exhaustive()
    }
}
