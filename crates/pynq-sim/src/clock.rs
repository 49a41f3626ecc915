//! The board's clock, for programs.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use pynq_core::{Clock, ErasedClock, ErasedSleep, Instant, interrupt::TaskId};

use crate::{
    board::{Scheduled, Shared},
    timeline::{Event, Key},
};

/// The virtual clock of a board.
///
/// It stands still while the program has something to do. A blocked call that idles moves it, or
/// [`Board::run`](crate::Board::run).
#[derive(Clone)]
pub struct SimClock {
    shared: Shared,
}

impl fmt::Debug for SimClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimClock").field(&self.now()).finish()
    }
}

impl SimClock {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }
}

impl Clock for SimClock {
    type Sleep = SimSleep;

    fn now(&self) -> Instant {
        self.shared.now()
    }

    fn sleep_until(&self, deadline: Instant) -> SimSleep {
        SimSleep { shared: self.shared.clone(), deadline, key: None }
    }
}

impl ErasedClock for SimClock {
    fn time(&self) -> Instant {
        self.now()
    }

    fn poll_sleep(&self, deadline: Instant, sleep: Pin<&mut ErasedSleep>, cx: &mut Context<'_>) -> Poll<()> {
        sleep.poll_boxed(|| self.sleep_until(deadline), cx)
    }
}

/// The future of [`SimClock`]'s sleeps.
#[must_use = "futures do nothing unless polled"]
pub struct SimSleep {
    shared: Shared,
    deadline: Instant,
    /// Its place on the timeline, from the first poll on. If the timeline doesn't hold it any more, it has happened.
    key: Option<Key>,
}

impl fmt::Debug for SimSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimSleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl SimSleep {
    /// Leaves the timeline. Returns the event if it was still there, to be dropped without the lock.
    fn leave(&mut self, task: Option<TaskId>) -> Option<Event<Scheduled>> {
        let key = self.key.take()?;
        self.shared.act(|state| {
            let event = state.timeline.remove(key);
            if event.is_none() {
                state.settling.unwoken();
            }
            if let Some(task) = task {
                state.settling.works(task);
            }
            event
        })
    }
}

impl Future for SimSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let task = TaskId::of(cx);
        if this.shared.now() >= this.deadline {
            drop(this.leave(Some(task)));
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let (old, entered) = this.shared.with(|state| {
            if let Some(Event::Sleep(old)) = this.key.and_then(|key| state.timeline.get_mut(key)) {
                return (Some(core::mem::replace(old, waker)), false);
            }
            this.key = Some(state.timeline.insert(this.deadline, Event::Sleep(waker)));
            (None, true)
        });
        drop(old);
        // A future that is polled again without having been woken is not something that happens on the board.
        if entered {
            let starts = this.shared.act(|state| {
                state.settling.waits(task);
                state.task_waits()
            });
            if starts {
                this.shared.start_mover();
            }
        }
        Poll::Pending
    }
}

impl Drop for SimSleep {
    fn drop(&mut self) {
        drop(self.leave(None));
    }
}
