//! The functions of the table that every node has, whatever owns it: from a pointer back to the node's own type.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    super::{
        header::{Functions, Header, NodeRef},
        lines::{Cursor, Fired, LineStats, Request},
    },
    Error, InterruptHardware, InterruptSource, Live, Node, NodeLock, Waiter,
};

impl<H, L, S> Node<H, L, S>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    pub(super) const FUNCTIONS: Functions = Functions {
        wake: Self::wake,
        poll: Self::poll,
        cancel: Self::cancel,
        look: Self::look,
        restart: Self::restart,
        stats: Self::stats,
        invalidate: Self::invalidate,
        is_idle: Self::is_idle,
        with_hardware: Self::with_hardware,
        source: Self::source,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        wake_weak: Self::wake_weak,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        clone_weak: Self::clone_weak,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        upgrade: Self::upgrade,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        drop_weak: Self::drop_weak,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        clone_strong: Self::clone_strong,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        drop_strong: Self::drop_strong,
    };

    /// # Safety
    ///
    /// `me` is of a node of this type, which is alive for `'a`. So it is in each function below.
    #[inline(always)]
    unsafe fn live<'a>(me: NodeRef) -> Live<'a, H, L, S> {
        // SAFETY: the header is the node's first field, and the rest is the caller's promise.
        Live { node: unsafe { &*me.header.cast::<Self>() }, me }
    }

    unsafe fn wake(me: NodeRef) {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.wake();
    }

    unsafe fn poll(
        me: NodeRef,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        // SAFETY: passed on.
        let live = unsafe { Self::live(me) };
        if waiter.is_registered() {
            live.poll_again(waiter, request, cursor, cx)
        } else {
            live.poll_first(waiter, request, cursor, cx)
        }
    }

    unsafe fn cancel(me: NodeRef, waiter: Pin<&Waiter>) {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.cancel(waiter);
    }

    unsafe fn look(me: NodeRef, line: u8) -> Result<Cursor, Error> {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.look(line)
    }

    unsafe fn restart(
        me: NodeRef,
        line: u8,
        step: &mut dyn FnMut(*mut (), bool) -> bool,
    ) -> Result<Option<Cursor>, Error> {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.restart(line, step)
    }

    unsafe fn stats(me: NodeRef, line: u8) -> LineStats {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.stats(line)
    }

    unsafe fn invalidate(me: NodeRef, error: Error) {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.invalidate(error);
    }

    unsafe fn is_idle(me: NodeRef) -> bool {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.is_idle()
    }

    unsafe fn with_hardware(me: NodeRef, f: &mut dyn FnMut(Result<*mut (), Error>)) {
        // SAFETY: passed on.
        unsafe { Self::live(me) }.with_hardware(f);
    }

    unsafe fn source(header: *const Header) -> *const (dyn InterruptSource + Send + Sync) {
        // SAFETY: as for `live`.
        let node = unsafe { &*header.cast::<Self>() };
        &raw const node.source
    }
}
