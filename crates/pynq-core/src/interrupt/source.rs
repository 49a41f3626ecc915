//! Where a node's interrupts come from.

use core::{
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{ErasedClock, Error, Instant};

/// The parent of a node: a root (a UIO file descriptor, a GIC line, the simulator's CPU pin) or a line of another node.
///
/// A source is **one-shot**, as uio is: firing disarms it, *before* it wakes anyone, and the next poll arms it again.
/// Without that an interrupt handler that lands on a node that is being run would be entered again for ever, since the line
/// it leaves behind is still active.
///
/// [`poll_fired`](Self::poll_fired) and [`disarm`](Self::disarm) are called by the owner of the node only, so never
/// twice at once, and with no lock held. The waker a node passes is the same one for the life of the node; waking
/// it *is* the node's dispatch, which may poll the source before it returns. A source may wake it from anywhere: inside
/// `poll_fired`, with its locks held, or inside a register write; elsewhere with no lock held that `poll_fired` or
/// `disarm` takes. It is pinned, since a source may be a waiter in its parent's queue.
pub trait InterruptSource {
    /// Arms the source if it is not armed, and returns whether it has fired.
    ///
    /// `Pending`: armed, and `cx`'s waker will be woken when it fires. `Ready(Ok)`: it fired and is disarmed; this may
    /// be spurious. `Ready(Err)`: it can't be waited on, see [`Error::is_fatal`].
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>>;

    /// Disarms the source: it does not fire until polled again. An interrupt that has fired but wasn't polled for is
    /// forgotten; what caused it stays latched in the controller below.
    fn disarm(self: Pin<&Self>);

    /// Polls `poll` on the calling thread until it is `Ready` or `deadline` has passed, sleeping in between.
    ///
    /// It sleeps on the backend *and* on a parker of its own, which is the waker it polls with: the thread or reactor that
    /// takes the event from the backend first thereby wakes it.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when the deadline passes first; [`Error::NeverWoken`] where the backend knows that
    /// nothing will ever end the wait.
    fn block(&self, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, deadline: Option<Instant>)
    -> Result<(), Error>;

    /// Called with no lock held for every task that is about to wait behind this source, from within the poll of its wait:
    /// returns what will deliver its events. A backend with reactors binds one here if the wait needs it.
    ///
    /// # Errors
    ///
    /// [`Error::NoReactor`] where nothing would deliver the event. It ends that wait, and no other.
    fn prepare_wait(&self) -> Result<Driven, Error> {
        Ok(Driven::ByCaller)
    }

    /// Called with what waiters do, so that a simulated board knows when the program has caught up with it. Called without
    /// locks. Hardware has no use for it.
    fn trace(&self, activity: Activity) {
        let _ = activity;
    }

    /// Whether interrupts can come from here at all: false for a [`ParentLine`](super::ParentLine) without a parent.
    fn is_wired(&self) -> bool {
        true
    }

    /// The board's clock, by which the deadlines of waits behind this source are kept; `None` where the board has none.
    fn clock(&self) -> Option<&dyn ErasedClock> {
        None
    }
}

/// Behind a pinned pointer, so that a source that must not move can be erased: `Box::pin(source)`.
impl<P> InterruptSource for Pin<P>
where
    P: Deref<Target: InterruptSource>,
{
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_ref().as_ref().poll_fired(cx)
    }

    fn disarm(self: Pin<&Self>) {
        self.get_ref().as_ref().disarm();
    }

    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        self.as_ref().get_ref().block(poll, deadline)
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        self.as_ref().get_ref().prepare_wait()
    }

    fn trace(&self, activity: Activity) {
        self.as_ref().get_ref().trace(activity);
    }

    fn is_wired(&self) -> bool {
        self.as_ref().get_ref().is_wired()
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        self.as_ref().get_ref().clock()
    }
}

macro_rules! by_pointer {
    ($($pointer:ty),*) => {$(
        /// For sources that don't mind being moved.
        impl<T: InterruptSource + Unpin + ?Sized> InterruptSource for $pointer {
            fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
                Pin::new(&**self.get_ref()).poll_fired(cx)
            }

            fn disarm(self: Pin<&Self>) {
                Pin::new(&**self.get_ref()).disarm();
            }

            fn block(
                &self,
                poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
                deadline: Option<Instant>,
            ) -> Result<(), Error> {
                (**self).block(poll, deadline)
            }

            fn prepare_wait(&self) -> Result<Driven, Error> {
                (**self).prepare_wait()
            }

            fn trace(&self, activity: Activity) {
                (**self).trace(activity);
            }

            fn is_wired(&self) -> bool {
                (**self).is_wired()
            }

            fn clock(&self) -> Option<&dyn ErasedClock> {
                (**self).clock()
            }
        }
    )*};
}

by_pointer!(&T);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
by_pointer!(alloc::sync::Arc<T>);

/// What delivers the events of a wait, as returned by [`InterruptSource::prepare_wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driven {
    /// The source itself, or the thread that waits: a blocked thread, an interrupt handler, a simulated board.
    ByCaller,
    /// A reactor. If that goes, the wait ends with [`Error::ReactorGone`], and others go on.
    ByReactor,
}

/// What a waiter did, for [`InterruptSource::trace`].
///
/// A task is identified by its [`TaskId`]. Between `Woken` and the matching `Polled`, `Completed` or `Dropped` the
/// program has not yet seen an event; between `Completed` and the next `Registered` of that task it is still at work on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// A waiter is about to be woken.
    Woken,
    /// A woken waiter was polled and waits on.
    Polled,
    /// A woken waiter was dropped before it was polled.
    Dropped,
    /// A wait returned its event to its task. `woken` is true if a `Woken` went before.
    Completed {
        /// The task it was returned to.
        task: TaskId,
        /// Whether this waiter had been woken.
        woken: bool,
    },
    /// A task has come to wait for an event that is not there yet.
    Registered {
        /// The task that waits.
        task: TaskId,
    },
}

/// Identifies a task by its waker, for comparison only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(usize);

impl TaskId {
    /// The task that is being polled with `cx`.
    #[must_use]
    pub fn of(cx: &Context<'_>) -> Self {
        Self(cx.waker().data().addr())
    }
}
