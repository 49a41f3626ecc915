//! A UIO root that can be asked whether all that has happened has been dispatched.
//!
//! The suite raises an event and then looks, so it has to know when the event has arrived. On hardware that is: the
//! kernel has nothing to report that the root has not read, and what it has read has been served. Both can be seen
//! without a guess at time. What the kernel has shows in poll(2), since an interrupt is taken before the system call
//! that follows it returns. What the engine is doing shows in its calls of the root, one by one.

use std::{
    os::fd::OwnedFd,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use pynq_core::{
    Error, Instant,
    interrupt::{Activity, Delivery, InterruptSource},
};
use pynq_uio::UioRoot;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The root, and a record of how it is used.
pub(crate) struct Watched {
    root: UioRoot,
    record: Arc<Record>,
}

/// What the engine and the kernel are at.
pub(crate) struct Record {
    /// A copy, which shares what was read already.
    fd: OwnedFd,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// Calls so far.
    calls: u64,
    /// The engine is inside a call.
    inside: bool,
    /// The root was armed by the last one.
    armed: bool,
    /// It fired in the last one, and what that means is being found out until the next call, if there is any.
    serving: bool,
}

impl Watched {
    pub(crate) fn new(root: UioRoot, fd: OwnedFd) -> (Self, Arc<Record>) {
        let record = Arc::new(Record { fd, state: Mutex::default() });
        (Self { root, record: Arc::clone(&record) }, record)
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

    fn leave(&self, armed: bool, serving: bool) {
        self.with(|state| (state.inside, state.armed, state.serving) = (false, armed, serving));
    }

    /// Whether there is nothing left to be dispatched. `is_idle` tells it of the root's node: one that nobody waits on
    /// any more does not call its root again.
    pub(crate) fn is_settled(&self, is_idle: impl Fn() -> bool) -> bool {
        let before = self.with(|state| *state);
        if before.inside || before.serving && !is_idle() {
            return false;
        }
        if before.armed && self.is_readable() {
            return false;
        }
        // Nobody has come in since, so that what was seen was seen at one moment.
        before == self.with(|state| *state)
    }

    fn is_readable(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // If it can't be told, the device is gone, which is an event.
        poll(&mut fds, Some(&now)).map_or(true, |ready| ready > 0)
    }
}

impl InterruptSource for Watched {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_ref();
        this.record.enter();
        let fired = Pin::new(&this.root).poll_fired(cx);
        this.record.leave(fired.is_pending(), fired.is_ready());
        fired
    }

    fn disarm(self: Pin<&Self>) {
        let this = self.get_ref();
        this.record.enter();
        Pin::new(&this.root).disarm();
        this.record.leave(false, false);
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.root.block(poll, deadline)
    }

    fn admit(&self) -> Result<Delivery, Error> {
        self.root.admit()
    }

    fn observe(&self, activity: Activity) {
        self.root.observe(activity);
    }
}
