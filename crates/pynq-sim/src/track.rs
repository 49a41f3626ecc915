//! Exact accounts of work that the board can't see by itself.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
};
use pin_project_lite::pin_project;
use pynq_core::interrupt::TaskId;

use crate::{
    board::{Board, Shared},
    sync::{Arc, Lock, impl_wake},
};

/// Keeps the board's clock from moving by itself until it is dropped; see [`Board::busy`].
#[must_use = "the board is busy only while the guard lives"]
pub struct Busy(Shared);

impl Busy {
    pub(crate) fn new(shared: Shared) -> Self {
        shared.act(|state| state.settling.busy());
        Self(shared)
    }
}

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Busy")
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.act(|state| state.settling.unbusy());
    }
}

/// What a tracked task and its wakers share.
struct Tracked {
    shared: Shared,
    /// The task has something to do: it was woken, or never polled.
    busy: Lock<Option<Busy>>,
    /// The task is over; wakes mean nothing any more.
    over: AtomicBool,
}

impl Tracked {
    fn take(&self) -> Option<Busy> {
        self.busy.with(Option::take)
    }

    fn over(&self) {
        // SeqCst, as it costs nothing here: a wake that doesn't see it yet is undone by the `take` after it.
        self.over.store(true, Ordering::SeqCst);
        drop(self.take());
    }

    fn woken(&self) {
        // Made before the lock: a guard takes the board's lock, which is never taken within another.
        let mut guard = Some(Busy::new(self.shared.clone()));
        self.busy.with(|busy| {
            if busy.is_none() && !self.over.load(Ordering::SeqCst) {
                *busy = guard.take();
            }
        });
    }
}

/// The waker a tracked task is polled with.
struct TrackedWaker {
    tracked: Arc<Tracked>,
    outer: Waker,
}

impl_wake!(TrackedWaker, |waker| {
    waker.tracked.woken();
    waker.outer.wake_by_ref();
});

pin_project! {
    /// The future of [`Board::track`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Track<F> {
        #[pin]
        future: F,
        end: End,
        // The outer waker it wraps, and itself. Kept, so that the task stays one task to the board.
        waker: Option<(Waker, Waker)>,
    }
}

/// Ends the accounting with the future.
struct End(Arc<Tracked>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.over();
    }
}

impl<F> Track<F> {
    pub(crate) fn new(shared: &Shared, future: F) -> Self {
        let tracked = Arc::new(Tracked {
            busy: Lock::new(Some(Busy::new(shared.clone()))),
            shared: shared.clone(),
            over: AtomicBool::new(false),
        });
        Self { future, end: End(tracked), waker: None }
    }
}

impl<F: fmt::Debug> fmt::Debug for Track<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Track").field("future", &self.future).finish_non_exhaustive()
    }
}

impl<F: Future> Track<F> {
    /// Whether a poll could make a difference: it was woken since the last poll, or never polled.
    pub(crate) fn is_woken(&self) -> bool {
        self.end.0.busy.with(|busy| busy.is_some())
    }

    /// Whether its stored waker wakes the task that polls it with `cx`.
    pub(crate) fn is_polled_by(&self, cx: &Context<'_>) -> bool {
        self.waker.as_ref().is_some_and(|(outer, _)| outer.will_wake(cx.waker()))
    }
}

impl<F: Future> Future for Track<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let tracked = &this.end.0;
        // A wake from here on is for the poll after this one.
        let busy = tracked.take();
        if !this.waker.as_ref().is_some_and(|(outer, _)| outer.will_wake(cx.waker())) {
            let outer = cx.waker().clone();
            let wrapped = Waker::from(Arc::new(TrackedWaker { tracked: Arc::clone(tracked), outer: outer.clone() }));
            *this.waker = Some((outer, wrapped));
        }
        let Some((_, waker)) = this.waker else { return Poll::Pending };
        let mut cx = Context::from_waker(waker);
        let result = this.future.poll(&mut cx);
        // Its accounts are kept here, so the board need not guess whether it is still at work.
        let task = TaskId::of(&cx);
        tracked.shared.waits(task);
        if result.is_ready() {
            tracked.over();
        }
        drop(busy);
        result
    }
}

impl Board {
    /// Keeps the clock from moving by itself until the guard is dropped: for work that the board can't see, such as a
    /// thread that is about to raise a stimulus.
    pub fn busy(&self) -> Busy {
        Busy::new(self.shared().clone())
    }

    /// Wraps a task so that the board knows exactly when it has something to do: from now to the end of its first poll,
    /// and from each wake to the end of the poll after it. Without it, a task that took an event and then ended, or went
    /// on to wait for something that isn't the board's, holds the clock for a tenth of a second of the machine's time.
    ///
    /// # Cancellation safety
    ///
    /// That of the future.
    pub fn track<F: Future>(&self, future: F) -> Track<F> {
        Track::new(self.shared(), future)
    }
}
