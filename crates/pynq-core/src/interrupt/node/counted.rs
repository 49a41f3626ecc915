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

    /// Takes a strong count beside the `Weak`, if the node is alive.
    pub(in crate::interrupt) unsafe fn upgrade(header: *const Header) -> bool {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        weak.upgrade().map(ManuallyDrop::new).is_some()
    }

    pub(in crate::interrupt) unsafe fn wake_strong(header: *const Header) {
        // SAFETY: the waker has a strong count, so the node is alive.
        let node = unsafe { &*header.cast::<Self>() };
        node.wake(NodeRef { header, is_static: false });
    }

    pub(in crate::interrupt) unsafe fn clone_strong(header: *const Header) {
        // SAFETY: the pointer came from `Arc::as_ptr`, and the waker has a strong count.
        unsafe { Arc::increment_strong_count(header.cast::<Self>()) };
    }

    pub(in crate::interrupt) unsafe fn drop_strong(header: *const Header) {
        // SAFETY: the pointer came from `Arc::as_ptr`, and the count given back is the waker's own.
        unsafe { Arc::decrement_strong_count(header.cast::<Self>()) };
    }

    pub(in crate::interrupt) unsafe fn drop_weak(header: *const Header) {
        // SAFETY: passed on.
        let weak = unsafe { Self::borrow(header) };
        drop(ManuallyDrop::into_inner(weak));
    }
}
