//! Tasks whose progress the suite can see, whatever runs them.
//!
//! A case must know when every woken task has been polled, or it could only wait and hope. So a [`Task`] puts a waker
//! of its own between the engine and its executor, which remembers that it was woken. Its future is kept where the
//! suite can reach it, so that the suite can drop a wait from outside of a runtime.

use alloc::{boxed::Box, vec::Vec};
use core::{
    cell::RefCell,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::sync::{Arc, Lock, impl_wake};

pub(crate) type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

struct State {
    /// `None` while it is being polled, and once it is over.
    future: Option<Boxed>,
    /// The executor's waker.
    outer: Option<Waker>,
    woken: bool,
    polling: bool,
    over: bool,
    wakes: u32,
    polls: u32,
}

struct Shared(Lock<State>);

impl_wake!(() Shared, |this| {
    let outer = this.0.with(|state| {
        state.woken = true;
        state.wakes += 1;
        // A clone: waking by reference would hold the lock, and waking by value would leave none for the next wake.
        state.outer.clone()
    });
    if let Some(outer) = outer {
        outer.wake();
    }
});

/// A task of the suite, for the backend's executor to run: a future that has to be polled to its end.
#[must_use = "a task has to be run"]
pub struct Task(Arc<Shared>);

/// The suite's end of a [`Task`].
#[derive(Clone)]
pub(crate) struct Probe(Arc<Shared>);

pub(crate) fn task(future: impl Future<Output = ()> + Send + 'static) -> (Task, Probe) {
    let shared = Arc::new(Shared(Lock::new(State {
        future: Some(Box::pin(future)),
        outer: None,
        woken: true,
        polling: false,
        over: false,
        wakes: 0,
        polls: 0,
    })));
    (Task(Arc::clone(&shared)), Probe(shared))
}

impl Task {
    /// Whether it was woken and has not been polled since. It begins woken.
    #[must_use]
    pub fn is_woken(&self) -> bool {
        self.0.0.with(|state| state.woken)
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut outer = Some(cx.waker().clone());
        let (future, old) = self.0.0.with(|state| {
            let old = core::mem::replace(&mut state.outer, outer.take());
            state.woken = false;
            if !state.over {
                (state.polling, state.polls) = (true, state.polls + 1);
            }
            (state.future.take(), old)
        });
        drop(old);
        let Some(mut future) = future else { return Poll::Ready(()) };
        let waker = Waker::from(Arc::clone(&self.0));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut future = Some(future);
        if polled.is_ready() {
            // Dropped before the task is seen to be over: the effects of the drop are part of the task.
            future = None;
        }
        self.0.0.with(|state| {
            (state.polling, state.over) = (false, polled.is_ready());
            state.future = future;
        });
        polled
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("woken", &self.is_woken()).finish_non_exhaustive()
    }
}

impl Probe {
    /// The task is over, or it neither has to be polled nor is being polled.
    pub(crate) fn is_quiet(&self) -> bool {
        self.0.0.with(|state| state.over || !state.woken && !state.polling)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.0.with(|state| state.over)
    }

    pub(crate) fn wakes(&self) -> u32 {
        self.0.0.with(|state| state.wakes)
    }

    pub(crate) fn polls(&self) -> u32 {
        self.0.0.with(|state| state.polls)
    }

    /// Drops the future, here and now. Returns whether that was possible: not while it is being polled.
    pub(crate) fn cancel(&self) -> bool {
        let Some((future, outer)) = self.0.0.with(|state| {
            if state.polling {
                return None;
            }
            state.over = true;
            Some((state.future.take(), state.outer.take()))
        }) else {
            return false;
        };
        drop(future);
        if let Some(outer) = outer {
            // Woken so that its executor removes the task.
            outer.wake();
        }
        true
    }
}

/// The simplest of executors: polls the tasks that were woken, in place and in order.
#[derive(Debug, Default)]
pub struct Manual(RefCell<Vec<Task>>);

impl Manual {
    /// An executor without tasks.
    #[must_use]
    pub const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Adds a task. It has its first turn with the next [`turn`](Self::turn).
    pub fn spawn(&self, task: Task) {
        self.0.borrow_mut().push(task);
    }

    /// Polls each task that was woken, once.
    pub fn turn(&self) {
        let tasks = core::mem::take(&mut *self.0.borrow_mut());
        for mut task in tasks {
            let ready = task.is_woken() && Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop())).is_ready();
            if !ready {
                self.0.borrow_mut().push(task);
            }
        }
    }
}
