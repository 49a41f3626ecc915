//! A clock behind a pointer, as an interrupt's root has it for the deadlines of waits.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use core::future::Future;
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{Instant, interrupt::Listener};

/// A [`Clock`](crate::Clock), whatever its sleeps are. The roots of a board return theirs from
/// [`InterruptSource::clock`](crate::interrupt::InterruptSource::clock).
pub trait ErasedClock: Send + Sync {
    /// The time now.
    fn time(&self) -> Instant;

    /// Polls a sleep until `deadline`, which is kept in `sleep` between the polls.
    fn poll_sleep(&self, deadline: Instant, sleep: Pin<&mut ErasedSleep>, cx: &mut Context<'_>) -> Poll<()>;
}

#[cfg(feature = "alloc")]
type BoxedSleep = Pin<Box<dyn Future<Output = ()> + Send>>;
#[cfg(not(feature = "alloc"))]
type BoxedSleep = core::convert::Infallible;

pin_project! {
    /// Room for a sleep of whatever clock; see [`ErasedClock`]. Empty until it is polled.
    ///
    /// A clock whose sleeps are waits on a timer's interrupt keeps them in the [listener](Self::listener) and allocates
    /// nothing. The sleep of another one is boxed when it is first polled, which is when its wait first has to sleep.
    #[derive(Default)]
    pub struct ErasedSleep {
        #[pin]
        listener: Option<Listener>,
        boxed: Option<BoxedSleep>,
    }
}

impl ErasedSleep {
    /// The place for a sleep that is a wait on a timer's interrupt.
    pub fn listener(self: Pin<&mut Self>) -> Pin<&mut Option<Listener>> {
        self.project().listener
    }

    /// Polls a sleep of another kind, made by `make` the first time.
    #[cfg(feature = "alloc")]
    pub fn poll_boxed<F>(self: Pin<&mut Self>, make: impl FnOnce() -> F, cx: &mut Context<'_>) -> Poll<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let boxed = self.project().boxed;
        let polled = boxed.get_or_insert_with(|| Box::pin(make())).as_mut().poll(cx);
        if polled.is_ready() {
            *boxed = None;
        }
        polled
    }
}

impl fmt::Debug for ErasedSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasedSleep").field("asleep", &(self.listener.is_some() || self.boxed.is_some())).finish()
    }
}
