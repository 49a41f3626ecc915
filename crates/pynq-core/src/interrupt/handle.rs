//! A handle on a node, whatever its lock, its source, its owner and the number of its lines.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use core::sync::atomic::Ordering;
use core::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    InterruptHardware, InterruptSource, Line, Node, NodeLock, Waiter,
    header::{Header, NodeRef},
    lines::{Cursor, Fired, LineStats, Request},
};
use crate::{BlockError, BlockName, Error};

/// A handle on a [`Node`]: what lines, drivers and nodes behind it hold of it. Clones are handles on the same node.
///
/// Made from a `&'static Node<..>` or a `Pin<Arc<Node<..>>>` by `into()` or [`Node::handle`]. `Hw` is the hardware that
/// [`with_hardware`](Self::with_hardware) gives access to; [`erase`](Self::erase) forgets it, and what is left serves all
/// that has to do with interrupts.
///
/// ```
/// use std::sync::Arc;
/// use pynq_core::interrupt::{Direct, DirectNode, NodeHandle, ParentLine, StdLock};
///
/// let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, ParentLine::UNWIRED));
/// let handle: NodeHandle<Direct> = node.into();
/// assert_eq!(handle.line_count(), 1);
/// assert!(handle.is_idle());
/// ```
///
/// The hardware's type is checked: a handle on a node of one block is none on another's.
///
/// ```compile_fail,E0277
/// # use std::sync::Arc;
/// # use pynq_core::interrupt::{Direct, DirectNode, NodeHandle, ParentLine, StdLock};
/// let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, ParentLine::UNWIRED));
/// let handle: NodeHandle<u32> = node.into();
/// ```
#[repr(transparent)]
pub struct NodeHandle<Hw = ()> {
    node: NodeRef,
    hardware: PhantomData<fn(&mut Hw)>,
}

// SAFETY: a handle is made of a node only, whose parts may all be used from any thread: the bounds of `Node`'s
// constructors and of the `From`s below say so. Its hardware is reached under the node's lock and is `Send`.
unsafe impl<Hw> Send for NodeHandle<Hw> {}
// SAFETY: as above; a shared handle allows what a clone of it would.
unsafe impl<Hw> Sync for NodeHandle<Hw> {}

impl<H, L, S> Node<H, L, S>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    /// A handle on a node in a `static`.
    #[must_use]
    pub const fn handle(&'static self) -> NodeHandle<H> {
        let header: *const Header = core::ptr::from_ref(self).cast();
        NodeHandle { node: NodeRef { header, is_static: true }, hardware: PhantomData }
    }
}

impl<H, L, S> From<&'static Node<H, L, S>> for NodeHandle<H>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    fn from(node: &'static Node<H, L, S>) -> Self {
        node.handle()
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<H, L, S> From<Pin<Arc<Node<H, L, S>>>> for NodeHandle<H>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    fn from(node: Pin<Arc<Node<H, L, S>>>) -> Self {
        // SAFETY: the node stays in its `Arc`, whose count this handle takes over; nothing moves it.
        let node = unsafe { Pin::into_inner_unchecked(node) };
        node.take_own_weak();
        let header: *const Header = Arc::into_raw(node).cast();
        Self { node: NodeRef { header, is_static: false }, hardware: PhantomData }
    }
}

impl NodeHandle {
    /// An erased handle on a node in a `static`.
    pub(super) const fn of_static<H, L, S>(node: &'static Node<H, L, S>) -> Self
    where
        H: InterruptHardware + 'static,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        let header: *const Header = core::ptr::from_ref(node).cast();
        Self { node: NodeRef { header, is_static: true }, hardware: PhantomData }
    }
}

impl<Hw> NodeHandle<Hw> {
    fn header(&self) -> &Header {
        // SAFETY: the handle keeps the node alive.
        unsafe { &*self.node.header }
    }

    /// The same handle without its hardware.
    pub const fn erased(&self) -> &NodeHandle {
        let this: *const Self = self;
        // SAFETY: both are a `NodeRef` alone, and what is erased gives less access.
        unsafe { &*this.cast::<NodeHandle>() }
    }

    /// This handle without its hardware.
    #[must_use]
    pub fn erase(self) -> NodeHandle {
        let node = core::mem::ManuallyDrop::new(self).node;
        NodeHandle { node, hardware: PhantomData }
    }

    /// How many lines the node has.
    #[must_use]
    pub fn line_count(&self) -> u8 {
        self.header().line_count
    }

    /// The name of the block whose node this is; empty if it was given none.
    #[must_use]
    pub fn name(&self) -> &BlockName {
        &self.header().name
    }

    /// A handle on line `line`. What is latched from before is not for it.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], or the error the node has failed with.
    pub fn line(&self, line: u8) -> Result<Line, Error> {
        Line::new(self.clone(), line)
    }

    /// Runs `f` on the hardware under the node's lock: for accesses that must not interleave with a service.
    ///
    /// `f` must not use the node itself, whose lock is held.
    ///
    /// # Errors
    ///
    /// The error the node failed with, if it did: its registers may be gone.
    #[inline]
    pub fn with_hardware<R>(&self, f: impl FnOnce(&mut Hw) -> R) -> Result<R, Error> {
        let mut f = Some(f);
        let mut result = Err(Error::Invalidated);
        let mut call = |hardware: Result<*mut (), Error>| {
            result = match (hardware, f.take()) {
                // SAFETY: the pointer is to the hardware of this handle's node, whose type is `Hw`, and the caller
                // holds the lock that makes it ours alone.
                (Ok(hardware), Some(f)) => Ok(f(unsafe { &mut *hardware.cast::<Hw>() })),
                (Err(error), _) => Err(error),
                // The table's contract is to call it once.
                (Ok(_), None) => Err(Error::Invalidated),
            };
        };
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, and the table is of the node's own type.
        unsafe { (functions.with_hardware)(self.node, &mut call) };
        result
    }

    /// As [`with_hardware`](Self::with_hardware) for a driver's operation, whose error is given the block's name.
    ///
    /// # Errors
    ///
    /// Those of `f`, or the error the node has failed with.
    pub fn access<R, E: From<Error>>(&self, f: impl FnOnce(&mut Hw) -> Result<R, E>) -> Result<R, BlockError<E>> {
        match self.with_hardware(f) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.error(error)),
            Err(error) => Err(self.error(error)),
        }
    }

    /// `error`, as one of this node's block.
    pub fn error<E>(&self, error: impl Into<E>) -> BlockError<E> {
        BlockError::new(self.name().clone(), error.into())
    }

    /// What the engine counted on a line.
    #[must_use]
    pub fn line_stats(&self, line: u8) -> LineStats {
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, and the table is of the node's own type.
        unsafe { (functions.stats)(self.node, line) }
    }

    /// Ends the node: its lines are masked, every wait on it completes with `error` now and later, and its registers
    /// are accessed no more once this returns. What is behind the node must have been invalidated before it.
    pub fn invalidate(&self, error: Error) {
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, and the table is of the node's own type.
        unsafe { (functions.invalidate)(self.node, error) }
    }

    /// Whether nothing waits and nothing is unmasked, armed or under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, and the table is of the node's own type.
        unsafe { (functions.is_idle)(self.node) }
    }

    /// Whether the board has a clock, so that a wait on this node can have a deadline.
    #[must_use]
    pub fn has_clock(&self) -> bool {
        self.source().clock().is_some()
    }

    /// Checks that a wait on this node could be ended by an interrupt: for an operation that must not start what nothing
    /// would be woken by.
    ///
    /// # Errors
    ///
    /// [`Error::InterruptsUnavailable`] if the block's interrupt isn't wired; [`Error::NoReactor`] if nothing would wake the
    /// calling task.
    pub fn check_wait(&self) -> Result<(), Error> {
        let source = self.source();
        if source.is_wired() { source.prepare_wait().map(drop) } else { Err(Error::InterruptsUnavailable) }
    }

    /// Whether `other` is a handle on the same node.
    #[must_use]
    pub fn is_same_node<Other>(&self, other: &NodeHandle<Other>) -> bool {
        core::ptr::eq(self.node.header, other.node.header)
    }

    /// Where the node's interrupts come from.
    pub(super) fn source(&self) -> &(dyn InterruptSource + Send + Sync) {
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, and the table is of the node's own type.
        let source = unsafe { (functions.source)(self.node.header) };
        // SAFETY: the source is part of the node, which the handle keeps for as long as `self` is borrowed.
        unsafe { &*source }
    }

    /// Counts what is latched on a line and returns where the line stands.
    pub(super) fn look(&self, line: u8) -> Result<Cursor, Error> {
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, and the table is of the node's own type.
        unsafe { (functions.look)(self.node, line) }
    }

    /// Lets `stop` stop the device, counts what is latched on a line, and lets `start` start the device, in one lock round.
    /// Returns a handle on the line, for what comes from the start on.
    pub(super) fn restart<E: From<Error>>(
        &self,
        line: u8,
        stop: impl FnOnce(&mut Hw) -> Result<(), E>,
        start: impl FnOnce(&mut Hw),
    ) -> Result<Line, E> {
        let (mut stop, mut start, mut refused) = (Some(stop), Some(start), None);
        let mut step = |hardware: *mut (), is_start: bool| {
            // SAFETY: the pointer is to the hardware of this handle's node, whose type is `Hw`, and the caller holds the lock
            // that makes it ours alone for this call.
            let hardware = unsafe { &mut *hardware.cast::<Hw>() };
            if is_start {
                if let Some(start) = start.take() {
                    start(hardware);
                }
            } else if let Some(stop) = stop.take() {
                refused = stop(hardware).err();
            }
            refused.is_none()
        };
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, and the table is of the node's own type.
        let cursor = unsafe { (functions.restart)(self.node, line, &mut step) }?;
        match (cursor, refused) {
            (_, Some(error)) => Err(error),
            (Some(cursor), None) => Ok(Line::at(self.clone().erase(), line, cursor)),
            // The table's contract is a cursor unless the first call returned false.
            (None, None) => Err(Error::Invalidated.into()),
        }
    }

    /// Polls the wait that `waiter` stands for, registering it if it is not.
    ///
    /// # Safety
    ///
    /// `waiter` is used with no other node, with one `request`, by one party at a time, and cancelled before it is dropped.
    #[inline]
    pub(super) unsafe fn poll_line(
        &self,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, the table is of the node's own type, and the rest is the caller's promise.
        unsafe { (functions.poll)(self.node, waiter, request, cursor, cx) }
    }

    /// Takes `waiter` out, if it is in.
    ///
    /// # Safety
    ///
    /// `waiter` has been used with no other node.
    #[inline]
    pub(super) unsafe fn cancel(&self, waiter: Pin<&Waiter>) {
        if !waiter.is_registered() {
            return;
        }
        // SAFETY: the handle keeps the node alive.
        let functions = unsafe { self.node.functions() };
        // SAFETY: as above, the table is of the node's own type, and the rest is the caller's promise.
        unsafe { (functions.cancel)(self.node, waiter) }
    }
}

impl<Hw> Clone for NodeHandle<Hw> {
    fn clone(&self) -> Self {
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        if !self.node.is_static {
            // SAFETY: the handle keeps the node alive.
            let functions = unsafe { self.node.functions() };
            // SAFETY: as above, by a strong count; the new one is the clone's.
            unsafe { (functions.clone_strong)(self.node.header) };
        }
        Self { node: self.node, hardware: PhantomData }
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<Hw> Drop for NodeHandle<Hw> {
    fn drop(&mut self) {
        if !self.node.is_static {
            // SAFETY: the handle keeps the node alive.
            let functions = unsafe { self.node.functions() };
            // SAFETY: as above, by a strong count, which is given back here and not used afterwards.
            unsafe { (functions.drop_strong)(self.node.header) };
        }
    }
}

impl<Hw> fmt::Debug for NodeHandle<Hw> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NodeHandle");
        if !self.name().as_str().is_empty() {
            shown.field("name", self.name());
        }
        shown.field("lines", &self.line_count()).finish_non_exhaustive()
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<H: InterruptHardware, L, S> Node<H, L, S> {
    /// Has the node in `self` hold a `Weak` on itself.
    fn take_own_weak(self: &Arc<Self>) {
        let own = &self.header.own_weak;
        let before = own.load(Ordering::Acquire);
        // A node that may be moved can have come here from another `Arc`, whose memory its `Weak` keeps.
        if core::ptr::eq(before.cast_const().cast(), Arc::as_ptr(self)) {
            return;
        }
        let weak = Arc::downgrade(self).into_raw().cast_mut().cast();
        let given_back = match own.compare_exchange(before, weak, Ordering::AcqRel, Ordering::Acquire) {
            Ok(before) => before,
            // Another thread was faster.
            Err(_) => weak,
        };
        if !given_back.is_null() {
            // SAFETY: it came from `Weak::into_raw` here, and is in the header no more.
            drop(unsafe { alloc::sync::Weak::<Self>::from_raw(given_back.cast_const().cast()) });
        }
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<H: InterruptHardware, L, S> Drop for Node<H, L, S> {
    fn drop(&mut self) {
        let weak = *self.header.own_weak.get_mut();
        if !weak.is_null() {
            // SAFETY: the pointer came from `Weak::into_raw` in `take_own_weak`, and its count is given back once. The memory
            // stays for now: all strong references together hold a weak count, and the last one is being dropped.
            drop(unsafe { alloc::sync::Weak::<Self>::from_raw(weak.cast_const().cast()) });
        }
    }
}
