//! The functions of the table that have to do with counts, for nodes in an `Arc`.

use alloc::sync::{Arc, Weak};
use core::mem::ManuallyDrop;

use super::{
    super::header::{Header, NodeRef},
    InterruptHardware, InterruptSource, Live, Node, NodeLock,
};

impl<H, L, S> Node<H, L, S>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    /// The `Weak` that a waker holds, borrowed.
    ///
    /// # Safety
    ///
    /// `header` is the pointer of a waker made for a node of this type in an `Arc`, and the waker is alive.
    unsafe fn borrow(header: *const Header) -> ManuallyDrop<Weak<Self>> {
        // SAFETY: the pointer came from `Arc::into_raw`, which is what `Weak::into_raw` yields, and there is a weak count for
        // it: the waker's own, or the one of the node itself, which the waker borrows while the node is alive.
        ManuallyDrop::new(unsafe { Weak::from_raw(header.cast::<Self>()) })
    }

    pub(super) unsafe fn wake_weak(header: *const Header) {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        if let Some(node) = weak.upgrade() {
            Live { node: &node, me: NodeRef { header, is_static: false } }.wake();
        }
    }

    pub(super) unsafe fn clone_weak(header: *const Header) {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        let _count = ManuallyDrop::new(Weak::clone(&weak));
    }

    /// Takes a strong count beside the `Weak`, if the node is alive.
    pub(super) unsafe fn upgrade(header: *const Header) -> bool {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        weak.upgrade().map(ManuallyDrop::new).is_some()
    }

    pub(super) unsafe fn drop_weak(header: *const Header) {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        drop(ManuallyDrop::into_inner(weak));
    }

    pub(super) unsafe fn clone_strong(header: *const Header) {
        // SAFETY: the pointer came from `Arc::into_raw`, and the caller has a strong count.
        unsafe { Arc::increment_strong_count(header.cast::<Self>()) };
    }

    pub(super) unsafe fn drop_strong(header: *const Header) {
        // SAFETY: the pointer came from `Arc::into_raw`, and the count given back is the caller's own.
        unsafe { Arc::decrement_strong_count(header.cast::<Self>()) };
    }
}
