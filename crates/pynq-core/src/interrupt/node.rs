//! The engine: one interrupt node, its waiters, and who dispatches it.
//!
//! # A node is a task that is polled in place by its own waker
//!
//! A node asks its source ([`InterruptSource`]) the way a task polls a future, and the waker it hands in dispatches
//! the node there and then. A child is one more waiter of its parent, so cascades, errors and cancellation need no
//! second mechanism, and an event reaches its task in one hop however deep the tree.
//!
//! # A line
//!
//! ```text
//! MASKED ──first waiter: (level: acknowledge) enable──▶ WAITED ──fires: take, (edge: acknowledge) count──▶ MASKED or WAITED
//!    ▲                                                    │
//!    └──────── last waiter gone: disable ◀────────────────┘
//! ```
//!
//! It stays WAITED after firing only if its cause is cleared by `take` and somebody still waits on it: a listener,
//! or a waiter whose condition did not come true.
//!
//! # A waiter
//!
//! ```text
//! Idle ──registers──▶ Waiting ──condition comes true at a service──▶ Ready ──its waker taken──▶ Woken
//! ```
//!
//! Any poll in `Ready` or `Woken` completes it; dropping it in any state takes it out. A service moves those it
//! completes to `Ready` in the lock round in which it counts the event, and wakes only `Ready` ones: who registers
//! during the service is not woken by it. One that is `Woken` carries what it is told and is its owner's again, who takes
//! the event without the lock. Events are in the line's counter, which a wait holds against the cursor of its handle, so
//! that one can be neither lost with a dropped future nor taken from another one.
//!
//! # Who owns the node
//!
//! The node's lock guards its state and its registers and is never held together with another node's. Calls to the
//! source are made with no lock, by the **owner** alone: whoever set `busy` under the lock. Whoever wants a dispatch
//! tries the lock, to become the owner or to set `pending` for the one there is. Who finds the lock taken sets `pending`
//! and tries once more. Three can stand in the way, and each looks at `pending` afterwards:
//!
//! * the owner, under the lock, before it gives up `busy`;
//! * whoever holds the lock, after releasing it — so `wake` never blocks, and a source may wake from inside the
//!   register write by which this very thread enables a line;
//! * the owner once more after its last lock round, for a wake that found that round's lock taken.
//!
//! There `pending` is set, then the lock is tried; the lock is released, then `pending` is read. That both miss is impossible; see
//! [`Pending`]. `pending` is cleared only under the lock, by the owner, only when it was seen set, and the source is polled
//! after that unless nobody waits any more: a wake that it swallows published its event before, and the poll finds it.
//!
//! # What runs under a lock
//!
//! Register functions, and through them whatever a register access sets off. On the simulator that can be an interrupt,
//! and with it the dispatch of *another* node and the wakers of its tasks: a waker must not touch the engine, as those
//! of executors don't.
//!
//! # Why a node does not move
//!
//! Its source may be a waiter in its parent's queue. Nodes are reached through handles only, a `&'static` or an `Arc`;
//! while it is armed a node in an `Arc` also holds a count on itself, so that the `Arc` cannot be unwrapped.

use core::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use mutex::BlockingMutex;

use super::{
    Activity, Delivery, InterruptHardware, InterruptSource, NodeHandle, NodeLock,
    lines::{Cursor, Fired, InterruptLines, LineStats, Request},
    panics::Panics,
    pending::Pending,
    state::{NodeState, Step},
    waiter::{State, Waiter},
    waker::{Functions, Header, NodeRef},
};
use crate::{Error, Instant};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[allow(unsafe_code)]
mod weak;

mod batch;
#[allow(unsafe_code)]
mod poll;

use batch::Batch;

/// An interrupt node: the hardware `H` with `N` lines, guarded by the lock `L`, fed by the source `S`.
///
/// Owned by an `Arc` or a `static`; used through [`Line`](super::Line)s and drivers.
#[repr(C)] // `header` comes first: a pointer to the node is one to its header
pub struct Node<H, L, S, const N: usize> {
    header: Header,
    line_count: u8,
    pending: Pending,
    state: BlockingMutex<L, NodeState<H, N>>,
    source: S,
}

impl<H, L, S, const N: usize> Node<H, L, S, N>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    const FUNCTIONS: Functions = Functions {
        wake_static: Self::wake_static,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        wake_weak: Self::wake_weak,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        clone_weak: Self::clone_weak,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        drop_weak: Self::drop_weak,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        retain: Self::retain,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        release: Self::release,
    };

    /// Panics at compile time if a line number would not fit the bit masks.
    const LINES: u8 = {
        assert!(N > 0 && N <= 32, "a node has 1 to 32 lines");
        N as u8
    };

    /// A node over `hardware`, all of whose lines are masked.
    #[cfg(not(loom))]
    pub const fn new(lock: L, hardware: H, source: S) -> Self {
        Self::assemble(lock, hardware, source, Self::LINES, Pending::new())
    }

    /// A node over `hardware`, all of whose lines are masked.
    #[cfg(loom)]
    pub fn new(lock: L, hardware: H, source: S) -> Self {
        Self::assemble(lock, hardware, source, Self::LINES, Pending::new())
    }

    /// As [`new`](Self::new), for hardware that was built with fewer than `N` lines.
    #[cfg(not(loom))]
    pub const fn with_lines(lock: L, hardware: H, source: S, lines: u8) -> Self {
        let lines = if lines < Self::LINES { lines } else { Self::LINES };
        Self::assemble(lock, hardware, source, lines, Pending::new())
    }

    const fn assemble(lock: L, hardware: H, source: S, line_count: u8, pending: Pending) -> Self {
        Self {
            header: Header { functions: &Self::FUNCTIONS },
            line_count,
            pending,
            state: BlockingMutex::const_new(lock, NodeState::new(hardware)),
            source,
        }
    }

    /// Runs `f` on the hardware of the node `this` under its lock: for accesses that must not interleave with a service.
    ///
    /// # Errors
    ///
    /// The error the node failed with, if it did: its registers may be gone.
    pub fn with_hardware<P, R>(this: &P, f: impl FnOnce(&mut H) -> R) -> Result<R, Error>
    where
        P: NodeHandle + Deref<Target = Self>,
    {
        this.locked(this.node_ref(), |state| match &mut state.hardware {
            Some(hardware) => Ok(f(hardware)),
            None => Err(state.failed.unwrap_or(Error::Invalidated)),
        })
    }

    /// One lock round of somebody who is not the owner: whoever leaves work behind, or was in the way of a wake,
    /// sees to it afterwards. If nobody owns the node, it becomes the owner in the same round.
    ///
    /// Here and below `me` is of a handle to this very node, which lives for the call: every way in is `unsafe` and
    /// says so, or takes the handle itself.
    fn locked<R>(&self, me: NodeRef, f: impl FnOnce(&mut NodeState<H, N>) -> R) -> R {
        let (result, step) = self.state.with_lock(|state| {
            let result = f(state);
            (result, if (state.enabled != 0) != state.armed { state.enter_or_tell(&self.pending) } else { None })
        });
        if step.is_some() || self.has_pending() {
            self.work(me, step);
        }
        result
    }

    /// The look of whoever may have been in the way of a wake.
    fn has_pending(&self) -> bool {
        self.pending.look()
    }

    fn wake(&self, me: NodeRef) {
        match self.state.try_with_lock(|state| state.enter_woken(&self.pending)) {
            Some(Some(step)) => self.work(me, Some(step)),
            // The owner has been told, under the lock that it takes before it leaves.
            Some(None) => {}
            None => {
                self.pending.tell();
                self.work(me, None);
            }
        }
    }

    /// Takes the owner's `step`, or becomes the owner unless somebody is there already who will see to it, and works
    /// until nothing is pending.
    fn work(&self, me: NodeRef, mut step: Option<Step>) {
        // Resumed only when all is done: a wake that found the last lock round taken counts on the look below.
        let mut panics = Panics::default();
        loop {
            let entered =
                step.take().or_else(|| self.state.try_with_lock(|state| state.enter(&self.pending)).flatten());
            let Some(entered) = entered else { break };
            self.own(me, entered, &mut panics);
            if !self.has_pending() {
                break;
            }
        }
        panics.resume();
    }

    fn pinned_source(&self) -> Pin<&S> {
        // SAFETY: the source is a field of the node, and never moved out of it; the node doesn't move while it is armed,
        // since it is static or, in an `Arc`, holds a count on itself for that time, by which nobody can unwrap it.
        #[allow(unsafe_code)]
        unsafe {
            Pin::new_unchecked(&self.source)
        }
    }

    /// The owner's loop.
    fn own(&self, me: NodeRef, mut step: Step, panics: &mut Panics) {
        let guard = Owner(self);
        // SAFETY: `me` is of a handle that whoever called in holds, so the node outlives this waker; see `locked`.
        #[allow(unsafe_code)]
        let waker = unsafe { me.waker() };
        let mut cx = Context::from_waker(&waker);
        let source = self.pinned_source();
        loop {
            step = match step {
                Step::Leave => break,
                Step::Disarm => {
                    source.disarm();
                    let next = self.state.with_lock(|state| {
                        state.armed = false;
                        state.next(&self.pending)
                    });
                    me.release();
                    next
                }
                Step::Poll { armed } => match source.poll_fired(&mut cx) {
                    Poll::Pending => {
                        if !armed {
                            me.retain();
                        }
                        self.state.with_lock(|state| {
                            state.armed = true;
                            state.next(&self.pending)
                        })
                    }
                    Poll::Ready(outcome) => {
                        let mut batch = Batch::new();
                        let mut hardware = None;
                        let leaves = self.state.with_lock(|state| {
                            state.armed = false;
                            match outcome {
                                Ok(()) => state.serve(),
                                Err(error) => hardware = state.fail(error),
                            }
                            if !cfg!(pynq_mutant = "newcomers-served") {
                                batch.fill(state, L::IN_HANDLER);
                            }
                            batch.is_last(state) && matches!(state.next(&self.pending), Step::Leave)
                        });
                        if armed {
                            me.release();
                        }
                        if leaves {
                            // Nothing is left to do and nobody left to wake but these tasks: they are woken by who
                            // is the owner no more.
                            core::mem::forget(guard);
                            self.wake_batch(&mut batch, panics);
                            batch.leave();
                            return;
                        }
                        self.wake_ready(batch, panics);
                        drop(hardware);
                        self.state.with_lock(|state| {
                            #[cfg(pynq_mutant = "wake-before-publish")]
                            state.publish();
                            if cfg!(pynq_mutant = "acknowledge-after-wake") {
                                state.hardware.as_mut().map(|hardware| hardware.harvest(!0));
                            }
                            state.next(&self.pending)
                        })
                    }
                },
            };
        }
        core::mem::forget(guard);
    }

    fn wake_batch(&self, batch: &mut Batch, panics: &mut Panics) {
        for _ in 0..batch.woken {
            self.source.observe(Activity::Woken);
        }
        batch.wake(panics);
    }

    /// Wakes those of `batch` and all who are ready, with the lock released; see [`NodeLock::IN_HANDLER`] for the
    /// exception.
    fn wake_ready(&self, mut batch: Batch, panics: &mut Panics) {
        while !batch.is_done {
            self.wake_batch(&mut batch, panics);
            self.state.with_lock(|state| batch.fill(state, L::IN_HANDLER));
        }
        self.wake_batch(&mut batch, panics);
        batch.leave();
    }

    /// The same for who is not the owner, and may have been in the way of a wake.
    fn wake_ready_and_look(&self, me: NodeRef) {
        let mut panics = Panics::default();
        self.wake_ready(Batch::new(), &mut panics);
        self.locked(me, |_| ());
        panics.resume();
    }

    /// # Safety
    ///
    /// `header` is that of a static node of this type.
    #[allow(unsafe_code)]
    unsafe fn wake_static(header: *const Header) {
        let node: *const Self = header.cast();
        // SAFETY: `NodeRef`s that say static come from a `&'static Node`, whose first field the header is.
        #[allow(unsafe_code)]
        let node = unsafe { &*node };
        node.wake(NodeRef { header, is_static: true });
    }
}

/// Gives the node back when the owner's loop is left by a panic of the source.
struct Owner<'a, H, L, S, const N: usize>(&'a Node<H, L, S, N>)
where
    L: NodeLock;

impl<H, L: NodeLock, S, const N: usize> Drop for Owner<'_, H, L, S, N> {
    fn drop(&mut self) {
        self.0.state.with_lock(|state| state.busy = false);
    }
}

// SAFETY: `poll_line` and `cancel` keep the waiter's contract: it is linked only between a `poll_line` that returned
// `Pending` and the `poll_line` or `cancel` that takes it out under the lock.
#[allow(unsafe_code)]
unsafe impl<H, L, S, const N: usize> InterruptLines for Node<H, L, S, N>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    unsafe fn poll_line(
        &self,
        me: NodeRef,
        waiter: Pin<&Waiter>,
        request: &Request,
        cursor: &mut Cursor,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fired, Error>> {
        if waiter.is_registered() {
            // SAFETY: passed on.
            unsafe { self.poll_again(me, waiter, request, cursor, cx) }
        } else {
            // SAFETY: passed on.
            unsafe { self.poll_first(me, waiter, request, cursor, cx) }
        }
    }

    unsafe fn cancel(&self, me: NodeRef, waiter: Pin<&Waiter>) {
        if !waiter.registered.replace(false) {
            return;
        }
        if cfg!(pynq_mutant = "disarm-without-owning") {
            let last = self.state.with_lock(|state| {
                state.take_out(waiter);
                core::mem::take(&mut state.armed) && state.enabled == 0
            });
            if last {
                self.pinned_source().disarm();
            }
        }
        let (waker, woken) = self.locked(me, |state| {
            let woken = waiter.state() == State::Woken;
            state.take_out(waiter);
            (waiter.waker.take(), woken)
        });
        drop(waker);
        if woken {
            self.source.observe(Activity::Dropped);
        }
    }

    unsafe fn look(&self, me: NodeRef, line: u8) -> Result<Cursor, Error> {
        if line >= self.line_count {
            return Err(Error::NoSuchLine { line, lines: self.line_count });
        }
        let cursor = self.locked(me, |state| state.look(line));
        self.wake_ready_and_look(me);
        cursor
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.source.block(poll, deadline)
    }

    fn admit(&self) -> Result<Delivery, Error> {
        self.source.admit()
    }

    fn observe(&self, activity: Activity) {
        self.source.observe(activity);
    }

    fn line_count(&self) -> u8 {
        self.line_count
    }

    unsafe fn stats(&self, me: NodeRef, line: u8) -> LineStats {
        self.locked(me, |state| state.lines.get(usize::from(line)).map_or(LineStats::NONE, |line| line.stats))
    }

    unsafe fn invalidate(&self, me: NodeRef, error: Error) {
        let hardware = self.locked(me, |state| {
            state.quiesce();
            state.fail_for_good(error)
        });
        self.wake_ready_and_look(me);
        drop(hardware);
    }

    unsafe fn is_quiet(&self, me: NodeRef) -> bool {
        self.locked(me, |state| state.is_quiet())
    }
}

impl<H, L, S: fmt::Debug, const N: usize> fmt::Debug for Node<H, L, S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("lines", &N).field("source", &self.source).finish_non_exhaustive()
    }
}
