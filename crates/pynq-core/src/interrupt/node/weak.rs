//! The functions of a node's waker that know the node's type, for nodes in an `Arc`.

use alloc::sync::{Arc, Weak};
use core::mem::ManuallyDrop;

use super::{Header, InterruptHardware, InterruptSource, Node, NodeLock, NodeRef};

impl<H, L, S, const N: usize> Node<H, L, S, N>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    /// The `Weak` a waker holds, borrowed.
    ///
    /// # Safety
    ///
    /// `header` is the pointer of a waker made for a node of this type in an `Arc`, and the waker is alive.
    unsafe fn borrow(header: *const Header) -> ManuallyDrop<Weak<Self>> {
        // SAFETY: the pointer came from `Arc::as_ptr`, which is what `Weak::into_raw` yields, and there is a
        // weak count for it: the waker's own, or the one that all strong references hold together.
        ManuallyDrop::new(unsafe { Weak::from_raw(header.cast::<Self>()) })
    }

    pub(in crate::interrupt) unsafe fn wake_weak(header: *const Header) {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        if let Some(node) = weak.upgrade() {
            node.wake(NodeRef { header, is_static: false });
        }
    }

    pub(in crate::interrupt) unsafe fn clone_weak(header: *const Header) {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        let _count = ManuallyDrop::new(Weak::clone(&weak));
    }

    pub(in crate::interrupt) unsafe fn retain(header: *const Header) {
        // SAFETY: the pointer came from `Arc::as_ptr`, and the caller has a strong reference.
        unsafe { Arc::increment_strong_count(header.cast::<Self>()) };
    }

    pub(in crate::interrupt) unsafe fn release(header: *const Header) {
        // SAFETY: as above; the count given back is the one that `retain` took.
        unsafe { Arc::decrement_strong_count(header.cast::<Self>()) };
    }

    pub(in crate::interrupt) unsafe fn drop_weak(header: *const Header) {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        drop(ManuallyDrop::into_inner(weak));
    }
}
