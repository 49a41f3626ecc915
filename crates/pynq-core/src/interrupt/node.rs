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
//! MASKED ──first waiter: (level: acknowledge) unmask──▶ WAITED ──fires: ack_pending, count──▶ MASKED or WAITED
//!    ▲                                                    │
//!    └──────── last waiter gone: mask ◀───────────────────┘
//! ```
//!
//! It stays WAITED after firing only if its cause is cleared by `ack_pending` and somebody still waits on it: a listener,
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
//! source are made with no lock, by the **owner** alone. Who that is, one atomic word says ([`Ownership`]):
//!
//! ```text
//! at rest ──woken, or something to be done after a lock round──▶ owned ──told──▶ owned, told ─┐
//!    ▲                                                             │  ▲                       │
//!    └──────────────── leaves, if nobody told it ──────────────────┘  └─────── looks ─────────┘
//! ```
//!
//! A wake takes a node that is armed and at rest, or tells its owner. Whoever changed, under the lock, whether somebody
//! waits does the same before it releases the lock: so a node that is at rest is armed if, and only if, somebody waits.
//! The owner leaves by a compare-and-swap, which fails if it was told.
//!
//! A source may wake from inside the register write by which this very thread enables a line, under the node's lock. Such
//! a wake finds the node *visited*, does not become the owner, who would need that lock, and sets *told* for nobody in
//! particular; then it tries the lock. Whoever had the lock looks after its release. That both miss is impossible: both
//! change the word, so one comes first, and the other knows all that was before. From a wake inside another node's register
//! access `visited` is seen as well, since accesses that dispatch are made one after another: they hold the lock of
//! their board.
//!
//! # What runs under a lock
//!
//! Register functions, and through them whatever a register access sets off. On the simulator that can be an interrupt,
//! and with it the dispatch of *another* node and the wakers of its tasks: a waker must not touch the engine, as those
//! of executors don't.
//!
//! # Why a node does not move
//!
//! Its source may be a waiter in its parent's queue. Nodes are reached through handles only, a `&'static` or a
//! `Pin<Arc<_>>`.

use core::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use mutex::BlockingMutex;

use super::{
    Activity, Driven, InterruptHardware, InterruptSource, NodeHandle, NodeLock,
    lines::{Cursor, Fired, InterruptLines, LineStats, Request},
    ownership::{Ownership, Step},
    panics::Panics,
    state::NodeState,
    sync::{AtomicBool, Ordering},
    waiter::{State, Waiter},
    waker::{Functions, Header, NodeRef},
};
use crate::{Error, Instant};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[allow(unsafe_code)]
mod counted;

mod batch;
#[allow(unsafe_code)]
mod poll;

use batch::Batch;

/// An interrupt node: the hardware `H` with `N` lines, guarded by the lock `L`, fed by the source `S`.
///
/// Owned by a `Pin<Arc<_>>` or a `static`; used through [`Line`](super::Line)s and drivers.
#[repr(C)] // `header` comes first: a pointer to the node is one to its header
pub struct Node<H, L, S, const N: usize> {
    header: Header,
    line_count: u8,
    ownership: Ownership,
    /// Somebody who need not be the owner is in a lock round, and may have set off what wakes the node from inside it.
    visited: AtomicBool,
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
        upgrade: Self::upgrade,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        wake_strong: Self::wake_strong,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        clone_strong: Self::clone_strong,
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        drop_strong: Self::drop_strong,
    };

    /// Panics at compile time if a line number would not fit the bit masks.
    const LINES: u8 = {
        assert!(N > 0 && N <= 32, "a node has 1 to 32 lines");
        N as u8
    };

    /// A node over `hardware`, all of whose lines are masked.
    #[cfg(not(loom))]
    pub const fn new(lock: L, hardware: H, source: S) -> Self {
        Self::assemble(lock, hardware, source, Self::LINES, Ownership::new(), AtomicBool::new(false))
    }

    /// A node over `hardware`, all of whose lines are masked.
    #[cfg(loom)]
    pub fn new(lock: L, hardware: H, source: S) -> Self {
        Self::assemble(lock, hardware, source, Self::LINES, Ownership::new(), AtomicBool::new(false))
    }

    /// As [`new`](Self::new), for hardware that was built with fewer than `N` lines.
    #[cfg(not(loom))]
    pub const fn with_lines(lock: L, hardware: H, source: S, lines: u8) -> Self {
        let lines = if lines < Self::LINES { lines } else { Self::LINES };
        Self::assemble(lock, hardware, source, lines, Ownership::new(), AtomicBool::new(false))
    }

    const fn assemble(
        lock: L,
        hardware: H,
        source: S,
        line_count: u8,
        ownership: Ownership,
        visited: AtomicBool,
    ) -> Self {
        Self {
            header: Header { functions: &Self::FUNCTIONS },
            line_count,
            ownership,
            visited,
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
            let before = state.is_wanted();
            let result = {
                let _visit = Visit::new(&self.visited);
                f(state)
            };
            let wanted = state.is_wanted();
            (result, self.ownership.enter(before != wanted, wanted))
        });
        // Whoever owns the node needs no look: it is told.
        if step.is_some() || self.ownership.look() {
            self.work(me, step);
        }
        result
    }

    fn wake(&self, me: NodeRef) {
        if !self.visited.load(Ordering::Relaxed) && self.ownership.enter_armed() {
            self.work(me, Some(Step::Poll));
        } else if !self.ownership.tell() {
            self.work(me, None);
        }
    }

    /// Takes the owner's `step`, or becomes the owner, unless whoever has the lock, or owns the node, will see to it.
    fn work(&self, me: NodeRef, step: Option<Step>) {
        let enter = || self.state.try_with_lock(|state| self.ownership.enter(false, state.is_wanted())).flatten();
        if let Some(step) = step.or_else(enter) {
            // Resumed only when all is done.
            let mut panics = Panics::default();
            self.own(me, step, &mut panics);
            panics.resume();
        }
    }

    fn pinned_source(&self) -> Pin<&S> {
        // SAFETY: the source is a field of the node and never moved out of it, and whoever polls a node has a handle on it:
        // a `&'static` or a `Pin<Arc<_>>`, in which it stays where it is for good, unless it may be moved, and the source may.
        #[allow(unsafe_code)]
        unsafe {
            Pin::new_unchecked(&self.source)
        }
    }

    /// The owner's loop.
    fn own(&self, me: NodeRef, mut step: Step, panics: &mut Panics) {
        let guard = Owner(&self.ownership);
        // SAFETY: `me` is of a handle that whoever called in holds, so the node outlives this waker; see `locked`.
        #[allow(unsafe_code)]
        let waker = unsafe { me.waker() };
        let mut cx = Context::from_waker(&waker);
        let source = self.pinned_source();
        loop {
            let armed = match step {
                Step::Leave { armed } => armed,
                Step::Disarm => {
                    source.disarm();
                    false
                }
                Step::Poll => match source.poll_fired(&mut cx) {
                    Poll::Pending => true,
                    Poll::Ready(outcome) => {
                        let mut batch = Batch::new();
                        let mut hardware = None;
                        let wanted = self.state.with_lock(|state| {
                            match outcome {
                                Ok(()) => state.serve(),
                                Err(error) => hardware = state.fail(error),
                            }
                            if !cfg!(pynq_mutant = "newcomers-served") {
                                batch.fill(state, L::IN_HANDLER);
                            }
                            state.is_wanted()
                        });
                        let is_late =
                            cfg!(any(pynq_mutant = "wake-before-publish", pynq_mutant = "acknowledge-after-wake"));
                        if !is_late && batch.is_done && !wanted && self.ownership.leave(false) {
                            // Nothing is left to do and nobody left to wake but these tasks: they are woken by who
                            // is the owner no more.
                            core::mem::forget(guard);
                            self.wake_batch(&mut batch, panics);
                            batch.leave();
                            return;
                        }
                        self.wake_ready(batch, panics);
                        drop(hardware);
                        step = if wanted && !is_late { Step::Poll } else { self.next_step(false) };
                        continue;
                    }
                },
            };
            if self.ownership.leave(armed) {
                break;
            }
            step = self.next_step(armed);
        }
        core::mem::forget(guard);
    }

    fn next_step(&self, armed: bool) -> Step {
        self.state.with_lock(|state| {
            #[cfg(pynq_mutant = "wake-before-publish")]
            state.publish();
            if cfg!(pynq_mutant = "acknowledge-after-wake") {
                state.hardware.as_mut().map(|hardware| hardware.take_latched(!0));
            }
            Step::next(state.is_wanted(), armed)
        })
    }

    fn wake_batch(&self, batch: &mut Batch, panics: &mut Panics) {
        for _ in 0..batch.woken {
            self.source.trace(Activity::Woken);
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
struct Owner<'a>(&'a Ownership);

impl Drop for Owner<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// The part of a lock round from inside which the node may be woken. Ends by a panic of a register access as well.
struct Visit<'a>(&'a AtomicBool);

impl<'a> Visit<'a> {
    fn new(visited: &'a AtomicBool) -> Self {
        visited.store(true, Ordering::Relaxed);
        Self(visited)
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
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
                state.unmasked == 0
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
            self.source.trace(Activity::Dropped);
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

    fn prepare_wait(&self) -> Result<Driven, Error> {
        self.source.prepare_wait()
    }

    fn trace(&self, activity: Activity) {
        self.source.trace(activity);
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
        self.locked(me, |state| state.is_quiet()) && self.ownership.is_idle()
    }
}

impl<H, L, S: fmt::Debug, const N: usize> fmt::Debug for Node<H, L, S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("lines", &N).field("source", &self.source).finish_non_exhaustive()
    }
}
