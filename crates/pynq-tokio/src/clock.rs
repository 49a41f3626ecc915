//! The board's clock on tokio's timers.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use pynq_core::{Clock, Instant};
use tokio::{
    runtime::Handle,
    time::{self, Instant as Moment},
};

use crate::Error;

/// Stands for a deadline that tokio's time can't represent: nothing runs that long.
const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Real time since the clock was made, on the timers of one runtime. Clones are the same clock.
///
/// Its sleeps may be made and polled anywhere; the runtime must be running for them to end. Where tokio's time is paused
/// for a test, so is this clock.
#[derive(Clone)]
pub struct TokioClock {
    start: Moment,
    runtime: Handle,
}

impl TokioClock {
    /// A clock that starts now, on the timers of the runtime this is called in.
    ///
    /// # Errors
    ///
    /// [`Error::NoRuntime`] outside of one, [`Error::TimersDisabled`] in one without timers.
    pub fn new() -> Result<Self, Error> {
        Self::on(Handle::try_current().map_err(|_| Error::NoRuntime)?)
    }

    /// A clock that starts now, on the timers of `runtime`.
    ///
    /// # Errors
    ///
    /// [`Error::TimersDisabled`].
    pub fn on(runtime: Handle) -> Result<Self, Error> {
        let start = {
            let _context = runtime.enter();
            // The only sign of a runtime without timers is a panic.
            let probe = catch_unwind(AssertUnwindSafe(|| drop(time::sleep(Duration::ZERO))));
            probe.map_err(|_| Error::TimersDisabled)?;
            Moment::now()
        };
        Ok(Self { start, runtime })
    }
}

impl fmt::Debug for TokioClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokioClock").field(&self.now()).finish()
    }
}

impl Clock for TokioClock {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        // Enters the runtime, as paused time belongs to one.
        let _context = self.runtime.enter();
        Instant::START + self.start.elapsed()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        let after = Duration::from_nanos(deadline.as_nanos());
        let moment = self.start.checked_add(after).unwrap_or_else(|| self.start + AGES);
        let _context = self.runtime.enter();
        Sleep { inner: time::sleep_until(moment) }
    }
}

pin_project! {
    /// The future of [`TokioClock`]'s sleeps.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        #[pin]
        inner: time::Sleep,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().inner.poll(cx)
    }
}
