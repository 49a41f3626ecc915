//! The board's clock on async-io's timers.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant as Moment},
};

use async_io::Timer;
use pin_project_lite::pin_project;
use pynq_core::{Clock, Instant};

/// Real time since the clock was made, on async-io's timers, which work on every thread. Clones are the same clock.
#[derive(Clone)]
pub struct SmolClock {
    start: Moment,
}

impl SmolClock {
    /// A clock that starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Moment::now() }
    }
}

impl Default for SmolClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SmolClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmolClock").field(&self.now()).finish()
    }
}

impl Clock for SmolClock {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Instant::START + self.start.elapsed()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        let moment = self.start.checked_add(Duration::from_nanos(deadline.as_nanos()));
        // A deadline that the system's time can't represent: nothing runs that long.
        Sleep { timer: moment.map_or_else(Timer::never, Timer::at) }
    }
}

pin_project! {
    /// The future of [`SmolClock`]'s sleeps.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        #[pin]
        timer: Timer,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().timer.poll(cx).map(drop)
    }
}
