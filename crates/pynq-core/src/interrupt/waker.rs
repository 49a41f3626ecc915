//! The waker a node hands to its parent: waking it *is* the node's dispatch.
//!
//! A node presents one identity for life, so that a parent or a reactor that compares wakers never replaces it: the
//! `RawWakerVTable`s below are statics, and the pointer is the node's address. The functions that know the
//! node's type are reached through its [`Header`], which is its first field.
//!
//! The waker of a node that is owned by an `Arc` holds a `Weak`. Reactors keep a waker until it is replaced and drop
//! it under their own locks; a strong reference would close the cycle waker, node, root, reactor, waker, and its
//! drop could run the node's. Cloning and dropping a `Weak` runs no code of ours. What a parent keeps in its queue is a strong
//! reference: it goes when no task waits on the child any more, and is dropped with no lock held.

use core::{
    mem::ManuallyDrop,
    ptr,
    task::{RawWaker, RawWakerVTable, Waker},
};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use super::header::Header;
use super::header::NodeRef;

impl NodeRef {
    /// The waker of this node. Borrowed from whatever keeps the node alive, hence not to be dropped.
    ///
    /// # Safety
    ///
    /// The node outlives the returned waker; its clones may live longer.
    #[inline]
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
        // pointer is to a static node or to one in an `Arc`, which has a `Weak` of its own that this one borrows.
        ManuallyDrop::new(unsafe { Waker::from_raw(raw) })
    }
}

static STATIC: RawWakerVTable =
    RawWakerVTable::new(|pointer| RawWaker::new(pointer, &STATIC), wake_static, wake_static, |_| ());

unsafe fn wake_static(pointer: *const ()) {
    let node = NodeRef { header: pointer.cast(), is_static: true };
    // SAFETY: a static node's header is valid for ever.
    let functions = unsafe { node.functions() };
    // SAFETY: the node is static, hence alive.
    unsafe { (functions.wake)(node) }
}

/// A node in an `Arc`, as a waker has it.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[inline]
const fn counted(header: *const Header) -> NodeRef {
    NodeRef { header, is_static: false }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
static WEAK: RawWakerVTable = RawWakerVTable::new(clone_weak, wake_weak, wake_weak_by_ref, drop_weak);

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn clone_weak(pointer: *const ()) -> RawWaker {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's `Weak` keeps the memory.
    let functions = unsafe { counted(header).functions() };
    // SAFETY: `pointer` is a `Weak` of the node these functions belong to, borrowed from the waker being cloned.
    unsafe { (functions.clone_weak)(header) };
    RawWaker::new(pointer, &WEAK)
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_weak(pointer: *const ()) {
    // The node's dispatch resumes a panic of some task's waker, and the count is to be given back even so.
    let _count = Count { pointer, give_back: drop_weak };
    // SAFETY: passed on; the count lives until the end of this call.
    unsafe { wake_weak_by_ref(pointer) };
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_weak_by_ref(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's `Weak` keeps the memory.
    let functions = unsafe { counted(header).functions() };
    // SAFETY: `pointer` is a `Weak` of the node these functions belong to, borrowed from the waker being woken.
    unsafe { (functions.wake_weak)(header) }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn drop_weak(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's `Weak` keeps the memory until the next call gives it back.
    let functions = unsafe { counted(header).functions() };
    // SAFETY: the waker is being dropped, so its `Weak` is ours to drop.
    unsafe { (functions.drop_weak)(header) }
}

/// The count of a waker that is consumed: given back when this is dropped, also by a panic.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
struct Count {
    pointer: *const (),
    give_back: unsafe fn(*const ()),
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl Drop for Count {
    fn drop(&mut self) {
        // SAFETY: made by the functions that consume a waker alone, with the function that drops a waker of its kind.
        unsafe { (self.give_back)(self.pointer) }
    }
}

/// A clone of `waker` for a parent's queue. That of a node in an `Arc` has a strong count there, which spares each
/// interrupt the way from a weak one. It closes a cycle for as long as the node is in the queue, hence while it is waited on.
#[inline]
pub(super) fn clone_for_parent(waker: &Waker) -> Waker {
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    if core::ptr::eq(waker.vtable(), &WEAK) {
        let header: *const Header = waker.data().cast();
        // SAFETY: the waker's `Weak` keeps the memory.
        let functions = unsafe { counted(header).functions() };
        // SAFETY: the pointer is a `Weak` of the node these functions belong to, borrowed from `waker`.
        if unsafe { (functions.upgrade)(header) } {
            // SAFETY: the table keeps the contract, and the strong count that was taken is the new waker's.
            return unsafe { Waker::from_raw(RawWaker::new(header.cast(), &STRONG)) };
        }
    }
    waker.clone()
}

/// Whether `mine`, a clone of a waker or one [for a parent](clone_for_parent), wakes what `other` wakes.
#[inline]
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
    let functions = unsafe { counted(header).functions() };
    // SAFETY: `pointer` is of the node these functions belong to, and the waker has a strong count of it.
    unsafe { (functions.clone_strong)(header) };
    RawWaker::new(pointer, &STRONG)
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_strong(pointer: *const ()) {
    // As for `wake_weak`: a strong count that is lost keeps the node and all that it sits on for ever.
    let _count = Count { pointer, give_back: drop_strong };
    // SAFETY: passed on; the count lives until the end of this call.
    unsafe { wake_strong_by_ref(pointer) };
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn wake_strong_by_ref(pointer: *const ()) {
    let node = counted(pointer.cast());
    // SAFETY: the waker's strong count keeps the node.
    let functions = unsafe { node.functions() };
    // SAFETY: `pointer` is of the node these functions belong to, and the waker has a strong count of it.
    unsafe { (functions.wake)(node) }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
unsafe fn drop_strong(pointer: *const ()) {
    let header: *const Header = pointer.cast();
    // SAFETY: the waker's strong count keeps the node until the next call gives it back.
    let functions = unsafe { counted(header).functions() };
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
