//! The engine: one interrupt node, its waiters, and the thread that dispatches it.
//!
//! # A node is a task that is polled in place by its own waker
//!
//! A node polls its source ([`InterruptSource`]) the way a task polls a future, and the waker it passes dispatches the
//! node at once, on the thread that calls it. A child is one more waiter of its parent, so cascades, errors and
//! cancellation need no second mechanism, and an event reaches its task in one hop however deep the tree.
//!
//! # A line
//!
//! ```text
//! MASKED ──first waiter: (level: acknowledge) unmask──▶ WAITED ──fires: ack_pending, count──▶ MASKED or WAITED
//!    ▲                                                    │
//!    └──────── last waiter gone: mask ◀───────────────────┘
//! ```
//!
//! It stays WAITED after firing only if its cause is cleared by `ack_pending` and a waiter stays on it: a listener, or
//! a waiter whose condition did not come true.
//!
//! # A waiter
//!
//! ```text
//! Idle ──registers──▶ Waiting ──condition comes true at a service──▶ Ready ──its waker taken──▶ Woken
//! ```
//!
//! Any poll in `Ready` or `Woken` completes it; dropping it in any state takes it out. A service moves those it
//! completes to `Ready` in the lock round in which it counts the event, and wakes only `Ready` ones: a waiter that
//! registers during the service is not woken by it. A waiter that is the node's only one goes straight to `Woken`. A `Woken`
//! waiter carries its result and belongs to its future again, which takes the event without the lock. Events are in the
//! line's counter, which a wait compares with the cursor of its handle, so that one can be neither lost with a dropped
//! future nor taken from another one.
//!
//! # Who owns the node
//!
//! The node's lock guards its state and its registers and is never held together with another node's. Calls to the
//! source are made with no lock, by the **owner** alone: the thread that runs the node. Which thread that is, one atomic
//! word decides ([`Ownership`]):
//!
//! ```text
//! at rest ──woken, or work left by a lock round──▶ owned ──notified──▶ owned, notified ─┐
//!    ▲                                              │  ▲                                │
//!    └──────────── leaves, if not notified ─────────┘  └──────────── re-checks ─────────┘
//! ```
//!
//! A wake takes a node that is armed and at rest, or notifies its owner. A thread that changed, under the lock, whether any
//! task waits does the same before it releases the lock: so a node at rest is armed if, and only if, a task waits. The owner
//! leaves by a compare-and-swap, which fails if it was notified.
//!
//! A source may wake from inside the register write by which this very thread unmasks a line, under the node's lock. Such
//! a wake finds the node *in access*, does not become the owner, which would need that lock, and sets *notified*; then it
//! tries the lock. The thread that had the lock re-checks after its release. That both miss is impossible: both change the
//! word, so one comes first, and the other sees all that was before. From a wake inside another node's register access
//! `in_access` is seen as well, since accesses that dispatch are made one after another: they hold the lock of their board.
//!
//! # What runs under a lock
//!
//! Register functions, and through them whatever a register access sets off. On the simulator that can be an interrupt,
//! and with it the dispatch of *another* node and the wakers of its tasks. A waker that drops another wait of the node whose
//! lock is held can't be served: where its lock panics instead of blocking, the process is aborted, since the waiter may not
//! be freed while it is linked.
//!
//! # Why a node does not move
//!
//! Its source may be a waiter in its parent's queue. Nodes are reached through [handles](super::NodeHandle) only, made of a
//! `&'static` or a `Pin<Arc<_>>`.

use core::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use mutex::BlockingMutex;

use super::{
    Activity, InterruptHardware, InterruptSource, NodeLock,
    header::{Header, NodeRef},
    line_array::LineArray,
    lines::{Cursor, LineStats},
    ownership::{Ownership, Step},
    panics::{AbortUnlessForgotten, Panics},
    state::NodeState,
    sync::{AtomicBool, Ordering},
    waiter::{State, Waiter},
};
use crate::{BlockName, Error};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[allow(unsafe_code)]
mod counted;

mod batch;
mod poll;
#[allow(unsafe_code)]
mod table;

pub(super) use batch::Batch;

/// An interrupt node: the hardware `H`, guarded by the lock `L`, fed by the source `S`.
///
/// Owned by a `Pin<Arc<_>>` or a `static`; used through a [`NodeHandle`](super::NodeHandle), which has none of these
/// parameters but `H`.
#[repr(C)] // `header` comes first: a pointer to the node is one to its header
pub struct Node<H: InterruptHardware, L, S> {
    pub(super) header: Header,
    ownership: Ownership,
    /// True while a register access runs under the lock, so that a wake it triggers on this thread does not try to
    /// re-enter.
    in_access: AtomicBool,
    state: BlockingMutex<L, NodeState<H>>,
    source: S,
}

impl<H, L, S> Node<H, L, S>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    /// A node over `hardware`, all of whose lines are masked.
    #[cfg(not(loom))]
    pub const fn new(lock: L, hardware: H, source: S) -> Self {
        Self::with_lines(lock, hardware, source, H::Lines::COUNT)
    }

    /// A node over `hardware`, all of whose lines are masked.
    #[cfg(loom)]
    pub fn new(lock: L, hardware: H, source: S) -> Self {
        Self::assemble(
            lock,
            hardware,
            source,
            H::Lines::COUNT,
            BlockName::NONE,
            Ownership::new(),
            AtomicBool::new(false),
        )
    }

    /// As [`new`](Self::new), for hardware that was built with fewer lines than it can have.
    #[cfg(not(loom))]
    pub const fn with_lines(lock: L, hardware: H, source: S, lines: u8) -> Self {
        Self::named(lock, hardware, source, lines, BlockName::NONE)
    }

    /// As [`with_lines`](Self::with_lines), for the block that is called `name` in the design; its errors say so.
    #[cfg(not(loom))]
    pub const fn named(lock: L, hardware: H, source: S, lines: u8, name: BlockName) -> Self {
        let lines = if lines < H::Lines::COUNT { lines } else { H::Lines::COUNT };
        Self::assemble(lock, hardware, source, lines, name, Ownership::new(), AtomicBool::new(false))
    }

    const fn assemble(
        lock: L,
        hardware: H,
        source: S,
        line_count: u8,
        name: BlockName,
        ownership: Ownership,
        in_access: AtomicBool,
    ) -> Self {
        Self {
            header: Header::new(&Self::FUNCTIONS, line_count, name),
            ownership,
            in_access,
            state: BlockingMutex::const_new(lock, NodeState::new(hardware)),
            source,
        }
    }
}

/// A node that a handle, or a count of a waker's, keeps alive for the call.
struct Live<'a, H: InterruptHardware, L, S> {
    node: &'a Node<H, L, S>,
    /// The same node, with the provenance of its whole allocation: for its waker.
    me: NodeRef,
}

impl<H: InterruptHardware, L, S> Deref for Live<'_, H, L, S> {
    type Target = Node<H, L, S>;

    fn deref(&self) -> &Self::Target {
        self.node
    }
}

impl<H, L, S> Live<'_, H, L, S>
where
    H: InterruptHardware + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    /// Runs `f` under the lock, then runs the node if `f` changed whether any task waits or if a wake arrived meanwhile.
    /// If no thread runs the node, this one becomes its owner in the same round.
    fn locked<R>(&self, f: impl FnOnce(&mut NodeState<H>) -> R) -> R {
        let (result, step) = self.state.with_lock(|state| {
            let before = state.is_wanted();
            let result = {
                let _access = Access::new(&self.in_access);
                f(state)
            };
            let wanted = state.is_wanted();
            (result, self.ownership.try_run(before != wanted, wanted))
        });
        if step.is_some() || self.ownership.recheck() {
            self.dispatch(step);
        }
        result
    }

    /// What the node's waker does.
    fn wake(&self) {
        if !self.in_access.load(Ordering::Relaxed) && self.ownership.try_run_armed() {
            self.dispatch(Some(Step::Poll));
        } else if !self.ownership.notify() {
            self.dispatch(None);
        }
    }

    /// Takes the owner's `step`, or becomes the owner, unless the thread that has the lock, or runs the node, will see to
    /// it.
    fn dispatch(&self, step: Option<Step>) {
        let enter = || self.state.try_with_lock(|state| self.ownership.try_run(false, state.is_wanted())).flatten();
        if let Some(step) = step.or_else(enter) {
            // Resumed only when all is done.
            let mut panics = Panics::default();
            self.run(step, &mut panics);
            panics.resume();
        }
    }

    fn pinned_source(&self) -> Pin<&S> {
        // SAFETY: the source is a field of the node and never moved out of it, and a node that is polled has a handle on it,
        // made of a `&'static` or a `Pin<Arc<_>>`, in which it stays where it is for good, unless it may be moved, and the
        // source may.
        #[allow(unsafe_code)]
        unsafe {
            Pin::new_unchecked(&self.source)
        }
    }

    /// The owner's loop.
    fn run(&self, mut step: Step, panics: &mut Panics) {
        let guard = Owner(&self.ownership);
        // SAFETY: the node is alive for this call, and so outlives this waker.
        #[allow(unsafe_code)]
        let waker = unsafe { self.me.waker() };
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
                        let mut batch = Batch::new(L::IN_HANDLER, panics);
                        let mut hardware = None;
                        let wanted = self.state.with_lock(|state| {
                            match outcome {
                                Ok(()) => state.serve(&mut batch),
                                Err(error) => hardware = state.fail(error),
                            }
                            if !cfg!(pynq_mutant = "newcomers-served") {
                                batch.fill(state);
                            }
                            state.is_wanted()
                        });
                        let is_late =
                            cfg!(any(pynq_mutant = "wake-before-publish", pynq_mutant = "acknowledge-after-wake"));
                        if !is_late && batch.is_done && !wanted && self.ownership.leave(false) {
                            // Nothing is left to do but to wake these tasks, for which it takes no owner.
                            core::mem::forget(guard);
                            self.wake_batch(&mut batch);
                            batch.leave();
                            return;
                        }
                        self.wake_ready(batch);
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

    fn wake_batch(&self, batch: &mut Batch<'_>) {
        for _ in 0..batch.woken {
            self.source.trace(Activity::Woken);
        }
        batch.wake();
    }

    /// Wakes the waiters of `batch` and all that are ready, with the lock released; see [`NodeLock::IN_HANDLER`] for the
    /// exception.
    fn wake_ready(&self, mut batch: Batch<'_>) {
        while !batch.is_done {
            self.wake_batch(&mut batch);
            self.state.with_lock(|state| batch.fill(state));
        }
        self.wake_batch(&mut batch);
        batch.leave();
    }

    /// The same for a thread that does not run the node, and may have been in the way of a wake.
    fn wake_ready_and_recheck(&self) {
        let mut panics = Panics::default();
        self.wake_ready(Batch::new(L::IN_HANDLER, &mut panics));
        self.locked(|_| ());
        panics.resume();
    }

    fn cancel(&self, waiter: Pin<&Waiter>) {
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
        // The caller frees the waiter next. If a panic ended this while the waiter is linked, the list would lead to
        // freed memory.
        let linked = AbortUnlessForgotten;
        let (waker, woken) = self.locked(|state| {
            let woken = waiter.state() == State::Woken;
            let leaves_line = state.unlink(waiter);
            core::mem::forget(linked);
            if leaves_line {
                state.mask_unwaited(waiter.line.get());
            }
            (waiter.waker.take(), woken)
        });
        drop(waker);
        if woken {
            self.source.trace(Activity::Dropped);
        }
    }

    fn check_line(&self, line: u8) -> Result<(), Error> {
        let lines = self.header.line_count;
        if line < lines { Ok(()) } else { Err(Error::NoSuchLine { line, lines }) }
    }

    fn look(&self, line: u8) -> Result<Cursor, Error> {
        self.check_line(line)?;
        let cursor = self.locked(|state| state.look(line));
        self.wake_ready_and_recheck();
        cursor
    }

    fn restart(&self, line: u8, step: &mut dyn FnMut(*mut (), bool) -> bool) -> Result<Option<Cursor>, Error> {
        self.check_line(line)?;
        let cursor = self.locked(|state| state.restart(line, step));
        self.wake_ready_and_recheck();
        cursor
    }

    fn stats(&self, line: u8) -> LineStats {
        self.locked(|state| state.lines.states().get(usize::from(line)).map_or(LineStats::NONE, |line| line.stats))
    }

    fn invalidate(&self, error: Error) {
        let hardware = self.locked(|state| {
            state.quiesce();
            state.fail_for_good(error)
        });
        self.wake_ready_and_recheck();
        drop(hardware);
    }

    fn is_idle(&self) -> bool {
        self.locked(|state| state.is_idle()) && self.ownership.is_idle()
    }

    fn with_hardware(&self, f: &mut dyn FnMut(Result<*mut (), Error>)) {
        self.locked(|state| match &mut state.hardware {
            Some(hardware) => f(Ok((&raw mut *hardware).cast())),
            None => f(Err(state.failed.unwrap_or(Error::Invalidated))),
        });
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
struct Access<'a>(&'a AtomicBool);

impl<'a> Access<'a> {
    fn new(in_access: &'a AtomicBool) -> Self {
        in_access.store(true, Ordering::Relaxed);
        Self(in_access)
    }
}

impl Drop for Access<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl<H: InterruptHardware, L, S: fmt::Debug> fmt::Debug for Node<H, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("lines", &self.header.line_count)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
