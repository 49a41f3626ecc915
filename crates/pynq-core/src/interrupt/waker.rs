//! The waker a node hands to its parent: waking it *is* the node's dispatch.
//!
//! A node presents one identity for life, so that a parent or a reactor that compares wakers never replaces it: the
//! `RawWakerVTable`s below are statics, and the pointer is the node's address. The functions that know the
//! node's type are reached through its [`Header`], which is its first field.
//!
//! The waker of a node that is owned by an `Arc` holds a `Weak`. Reactors keep a waker until it is replaced and drop
//! it under their own locks; a strong reference would close the cycle waker, node, root, reactor, waker, and its
//! drop could run the node's. Cloning and dropping a `Weak` runs no code of ours. What a parent keeps in its queue is a strong
//! reference: it goes when nobody waits on the child any more, and is dropped with no lock held.

use core::{
    mem::ManuallyDrop,
    ptr,
    task::{RawWaker, RawWakerVTable, Waker},
};

/// First field of every node: what its waker needs without knowing its type.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Header {
    pub(super) functions: &'static Functions,
}

#[derive(Debug)]
pub(super) struct Functions {
    /// Dispatches the node; the pointer is to a node that is alive for the call.
    pub(super) wake_static: unsafe fn(*const Header),
    /// Dispatches the node if it is still alive; the pointer is a `Weak`'s, borrowed.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) wake_weak: unsafe fn(*const Header),
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) clone_weak: unsafe fn(*const Header),
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) drop_weak: unsafe fn(*const Header),
    /// Takes a strong count, if the node is still alive; the pointer is a `Weak`'s, borrowed.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) upgrade: unsafe fn(*const Header) -> bool,
    /// Dispatches the node; the pointer is a strong count's, borrowed, like that of the next.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) wake_strong: unsafe fn(*const Header),
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) clone_strong: unsafe fn(*const Header),
    /// Gives the strong count back.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    pub(super) drop_strong: unsafe fn(*const Header),
}

/// Which node, and how it is owned. Made from a handle, so that it carries the provenance of the whole allocation.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef {
    pub(super) header: *const Header,
    pub(super) is_static: bool,
}

impl NodeRef {
    /// The waker of this node. Borrowed from whatever keeps the node alive, hence not to be dropped.
    ///
    /// # Safety
    ///
    /// The node outlives the returned waker; its clones may live longer.
    pub(super) unsafe fn waker(self) -> ManuallyDrop<Waker> {
        let table = if self.is_static {
            &STATIC
        } else {
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            {
                &WEAK
            }
            #[cfg(not(all(feature = "alloc", target_has_atomic = "ptr")))]
            {
                &STATIC
            }
        };
        let raw = RawWaker::new(self.header.cast(), table);
        // SAFETY: the tables keep the contract of `RawWakerVTable`: they are thread-safe as nodes are `Sync`, and the
        // pointer is to a static node or, as a borrowed `Weak`, to the allocation of an `Arc` that the caller keeps.
        ManuallyDrop::new(unsafe { Waker::from_raw(raw) })
    }
}

static STATIC: RawWakerVTable =
    RawWakerVTable::new(|pointer| RawWaker::new(pointer, &STATIC), wake_static, wake_static, |_| ());

unsafe fn wake_static(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: a static node's header is valid for ever.
    let functions = unsafe { functions_of(header) };
    // SAFETY: the node is static, hence alive.
    unsafe { (functions.wake_static)(header) }
}

/// # Safety
///
/// `header` points to the header of a node whose memory is not yet freed.
unsafe fn functions_of(header: *const Header) -> &'static Functions {
    // SAFETY: the field is never written after construction, and dropping a node doesn't change it: it has no drop
    // glue, and the memory stays for as long as there is a `Weak`.
    unsafe { (*header).functions }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
static WEAK: RawWakerVTable = RawWakerVTable::new(clone_weak, wake_weak, wake_weak_by_ref, drop_weak);

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn clone_weak(pointer: *const ()) -> RawWaker {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's `Weak` keeps the memory.
    let functions = unsafe { functions_of(header) };
    // SAFETY: `pointer` is a `Weak` of the node these functions belong to, borrowed from the waker being cloned.
    unsafe { (functions.clone_weak)(header) };
    RawWaker::new(pointer, &WEAK)
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_weak(pointer: *const ()) {
    // SAFETY: passed on; the waker is consumed by the second call.
    unsafe { wake_weak_by_ref(pointer) };
    // SAFETY: the waker is being consumed, so its `Weak` is ours to drop.
    unsafe { drop_weak(pointer) };
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_weak_by_ref(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's `Weak` keeps the memory.
    let functions = unsafe { functions_of(header) };
    // SAFETY: `pointer` is a `Weak` of the node these functions belong to, borrowed from the waker being woken.
    unsafe { (functions.wake_weak)(header) }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn drop_weak(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's `Weak` keeps the memory until the next call gives it back.
    let functions = unsafe { functions_of(header) };
    // SAFETY: the waker is being dropped, so its `Weak` is ours to drop.
    unsafe { (functions.drop_weak)(header) }
}

/// A clone of `waker` for a parent's queue. That of a node in an `Arc` has a strong count there, which spares each
/// interrupt the way from a weak one. It closes a cycle for as long as the node is in the queue, hence while it is waited on.
pub(super) fn clone_for_parent(waker: &Waker) -> Waker {
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    if core::ptr::eq(waker.vtable(), &WEAK) {
        let header: *const Header = waker.data().cast();
        // SAFETY: the waker's `Weak` keeps the memory.
        let functions = unsafe { functions_of(header) };
        // SAFETY: the pointer is a `Weak` of the node these functions belong to, borrowed from `waker`.
        if unsafe { (functions.upgrade)(header) } {
            // SAFETY: the table keeps the contract, and the strong count that was taken is the new waker's.
            return unsafe { Waker::from_raw(RawWaker::new(header.cast(), &STRONG)) };
        }
    }
    waker.clone()
}

/// Whether `mine`, a clone of a waker or one [for a parent](clone_for_parent), wakes what `other` wakes.
pub(super) fn will_wake(mine: &Waker, other: &Waker) -> bool {
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    if core::ptr::eq(mine.vtable(), &STRONG) && core::ptr::eq(other.vtable(), &WEAK) {
        return core::ptr::eq(mine.data(), other.data());
    }
    mine.will_wake(other)
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
static STRONG: RawWakerVTable = RawWakerVTable::new(clone_strong, wake_strong, wake_strong_by_ref, drop_strong);

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn clone_strong(pointer: *const ()) -> RawWaker {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's strong count keeps the node.
    let functions = unsafe { functions_of(header) };
    // SAFETY: `pointer` is of the node these functions belong to, and the waker has a strong count of it.
    unsafe { (functions.clone_strong)(header) };
    RawWaker::new(pointer, &STRONG)
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_strong(pointer: *const ()) {
    // SAFETY: passed on; the waker is consumed by the second call.
    unsafe { wake_strong_by_ref(pointer) };
    // SAFETY: the waker is being consumed, so its count is ours to give back.
    unsafe { drop_strong(pointer) };
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_strong_by_ref(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's strong count keeps the node.
    let functions = unsafe { functions_of(header) };
    // SAFETY: `pointer` is of the node these functions belong to, and the waker has a strong count of it.
    unsafe { (functions.wake_strong)(header) }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn drop_strong(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's strong count keeps the node until the next call gives it back.
    let functions = unsafe { functions_of(header) };
    // SAFETY: the waker is being dropped, so its count is ours to give back.
    unsafe { (functions.drop_strong)(header) }
}

static EPOCH: RawWakerVTable = RawWakerVTable::new(
    |_| RawWaker::new(ptr::null(), &EPOCH),
    |_| crate::block_on::end_epoch(),
    |_| crate::block_on::end_epoch(),
    |_| (),
);

/// The waker of [`block_on`](crate::block_on()): it ends the present epoch.
pub(crate) fn epoch_waker() -> Waker {
    // SAFETY: the table's functions use no pointer, own nothing and may be called from any thread or handler.
    unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &EPOCH)) }
}
