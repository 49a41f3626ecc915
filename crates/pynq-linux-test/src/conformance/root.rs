//! A UIO root that knows whether all that has happened has been dispatched.
//!
//! The suite raises an event and then looks, so it has to know when the event has arrived. On hardware that is: the
//! kernel has nothing to report that the root has not read, and what it has read has been served. Both can be seen
//! without a guess at time. What the kernel has shows in poll(2), since an interrupt is taken before the system call
//! that follows it returns. What the engine is doing shows in its calls of the root, and in the waker that it hands in,
//! which does not return before the dispatch is over. A dispatch that a task's own poll has come to do is over with that.

use std::{
    os::fd::OwnedFd,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use pynq_core::{
    ErasedClock, Error, Instant,
    interrupt::{Activity, Driven, InterruptSource},
};
use pynq_uio::UioRoot;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The root, and a record of how it is used.
pub(crate) struct Watched {
    root: UioRoot,
    record: Arc<Record>,
    /// The node's own waker, behind one that records when it is called.
    dispatch: Mutex<Option<Arc<Dispatch>>>,
}

/// Wakes the node to dispatch, and keeps the record of it meanwhile.
struct Dispatch {
    node: Waker,
    record: Arc<Record>,
}

impl Wake for Dispatch {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.record.with(|state| (state.calls, state.dispatches) = (state.calls + 1, state.dispatches + 1));
        self.node.wake_by_ref();
        self.record.with(|state| state.dispatches -= 1);
    }
}

/// What the engine and the kernel are at.
pub(crate) struct Record {
    /// A copy, which shares what was read already.
    fd: OwnedFd,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// Calls so far.
    calls: u64,
    /// The engine is inside a call.
    inside: bool,
    /// The root was armed by the last one.
    armed: bool,
    /// Wakers of the node that have not returned.
    dispatches: u32,
}

impl Watched {
    pub(crate) fn new(root: UioRoot, fd: OwnedFd) -> (Self, Arc<Record>) {
        let record = Arc::new(Record { fd, state: Mutex::default() });
        (Self { root, record: Arc::clone(&record), dispatch: Mutex::default() }, record)
    }

    /// The same waker for the same node.
    fn dispatch(&self, node: &Waker) -> Waker {
        let mut known = self.dispatch.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(Dispatch { node: node.clone(), record: Arc::clone(&self.record) });
        if !known.as_ref().is_some_and(|known| known.node.will_wake(node)) {
            *known = Some(fresh());
        }
        Waker::from(Arc::clone(known.get_or_insert_with(fresh)))
    }
}

impl Record {
    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn enter(&self) {
        self.with(|state| {
            state.calls += 1;
            state.inside = true;
        });
    }

    fn leave(&self, armed: bool) {
        self.with(|state| (state.inside, state.armed) = (false, armed));
    }

    /// Whether there is nothing left to be dispatched.
    pub(crate) fn is_settled(&self) -> bool {
        let before = self.with(|state| *state);
        if before.inside || before.dispatches > 0 {
            return false;
        }
        if before.armed && self.is_readable() {
            return false;
        }
        // No call has come in since, so that what was seen was seen at one moment.
        before == self.with(|state| *state)
    }

    /// For people.
    pub(crate) fn state(&self) -> String {
        let state = self.with(|state| *state);
        format!("{state:?}, {}", if self.is_readable() { "readable" } else { "not readable" })
    }

    fn is_readable(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // If the call fails, the device is gone, which is an event.
        poll(&mut fds, Some(&now)).map_or(true, |ready| ready > 0)
    }
}

impl InterruptSource for Watched {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_ref();
        this.record.enter();
        let waker = this.dispatch(cx.waker());
        let fired = Pin::new(&this.root).poll_fired(&mut Context::from_waker(&waker));
        this.record.leave(fired.is_pending());
        fired
    }

    fn disarm(self: Pin<&Self>) {
        let this = self.get_ref();
        this.record.enter();
        Pin::new(&this.root).disarm();
        this.record.leave(false);
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.root.block(poll, deadline)
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        self.root.prepare_wait()
    }

    fn trace(&self, activity: Activity) {
        self.root.trace(activity);
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        self.root.clock()
    }
}
