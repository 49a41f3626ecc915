//! What the engine knows of a node without its type: the header that every node begins with, and a pointer to one.
//!
//! How a node is owned, locked and fed concerns its constructor alone. Whatever is done with it afterwards (polling a
//! wait, dropping one, its hardware under the lock, the counts of its owner) goes through the table of functions in its
//! header, which the compiler makes once for each type of node.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use core::sync::atomic::AtomicPtr;
use core::{
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    InterruptSource, Waiter,
    lines::{Cursor, Fired, LineStats, Request},
};
use crate::{BlockName, Error};

/// First field of every node.
#[repr(C)]
pub(super) struct Header {
    pub(super) functions: &'static Functions,
    /// The `Weak` of a node in an `Arc` on itself, from its first handle on. Wakers of the node borrow it: with a weak
    /// count of the node's own they keep the contract of `Weak::from_raw` whatever others do with the `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) own_weak: AtomicPtr<()>,
    pub(super) line_count: u8,
    pub(super) name: BlockName,
}

impl Header {
    pub(super) const fn new(functions: &'static Functions, line_count: u8, name: BlockName) -> Self {
        Self {
            functions,
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            own_weak: AtomicPtr::new(core::ptr::null_mut()),
            line_count,
            name,
        }
    }
}

/// What a handle or a waker does with a node. Each is called with a pointer to the header of a node of the type that the
/// table was made for, which is alive for the call unless its comment says otherwise.
pub(super) struct Functions {
    /// Dispatches the node.
    pub(super) wake: unsafe fn(NodeRef),
    /// Polls a wait, registering it if it is not. The waiter is used with no other node, with one request, and cancelled
    /// before it is dropped.
    #[allow(clippy::type_complexity)] // the arguments of one poll
    pub(super) poll:
        unsafe fn(NodeRef, Pin<&Waiter>, &Request, &mut Cursor, &mut Context<'_>) -> Poll<Result<Fired, Error>>,
    /// Takes a waiter out, if it is in. It has been used with no other node.
    pub(super) cancel: unsafe fn(NodeRef, Pin<&Waiter>),
    /// Counts what is latched on a line and returns where the line stands.
    pub(super) look: unsafe fn(NodeRef, u8) -> Result<Cursor, Error>,
    /// Calls the function with the node's hardware, looks at a line as `look` does, and calls it again, in one lock round. It is
    /// told whether it is the second call; if the first one returns false, nothing more is done, and there is no cursor.
    #[allow(clippy::type_complexity)] // a function and its two arguments
    pub(super) restart: unsafe fn(NodeRef, u8, &mut dyn FnMut(*mut (), bool) -> bool) -> Result<Option<Cursor>, Error>,
    pub(super) stats: unsafe fn(NodeRef, u8) -> LineStats,
    pub(super) invalidate: unsafe fn(NodeRef, Error),
    pub(super) is_idle: unsafe fn(NodeRef) -> bool,
    /// Calls the function once, under the lock, with the node's hardware, or with the error that it failed with.
    #[allow(clippy::type_complexity)] // a function and its one argument
    pub(super) with_hardware: unsafe fn(NodeRef, &mut dyn FnMut(Result<*mut (), Error>)),
    /// Where the node's interrupts come from. Valid for as long as the node is.
    pub(super) source: unsafe fn(*const Header) -> *const (dyn InterruptSource + Send + Sync),
    /// Dispatches the node if it is still alive; the pointer is a `Weak`'s, borrowed, like those of the next three.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) wake_weak: unsafe fn(*const Header),
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) clone_weak: unsafe fn(*const Header),
    /// Takes a strong count, if the node is still alive.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) upgrade: unsafe fn(*const Header) -> bool,
    /// Gives the `Weak` back.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) drop_weak: unsafe fn(*const Header),
    /// Takes a strong count beside one that there is.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) clone_strong: unsafe fn(*const Header),
    /// Gives a strong count back.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) drop_strong: unsafe fn(*const Header),
}

/// Which node, and how it is owned. Made from a `&'static` node or an `Arc` of one, so that the pointer has the
/// provenance of the whole allocation, counts included.
#[derive(Clone, Copy)]
pub(super) struct NodeRef {
    pub(super) header: *const Header,
    pub(super) is_static: bool,
}

impl NodeRef {
    /// The functions of the node's type.
    ///
    /// # Safety
    ///
    /// The node's memory is not freed yet.
    #[inline(always)]
    pub(super) unsafe fn functions(self) -> &'static Functions {
        // SAFETY: the memory is there, and the field is never written after construction; dropping a node doesn't change
        // it, since a reference has nothing to drop.
        unsafe { (*self.header).functions }
    }
}
