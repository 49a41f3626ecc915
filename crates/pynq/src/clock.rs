//! The board's clock, whatever keeps it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use pynq_core::{Clock, ErasedClock, ErasedSleep, Instant};

/// The clock of the board an overlay is on: virtual on a simulated one. Clones are the same clock.
///
/// Also a [`DelayNs`](embedded_hal_async::delay::DelayNs).
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use std::time::Duration;
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let clock = overlay.clock();
/// overlay.block_on(clock.sleep(Duration::from_secs(3600)))?; // takes no time at all
/// assert_eq!(clock.now(), Instant::from_millis(3_600_000));
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct BoardClock(Arc<dyn ErasedClock>);

impl BoardClock {
    #[cfg_attr(not(feature = "sim"), allow(dead_code))] // no backend, no clock
    pub(crate) fn new(clock: impl ErasedClock + 'static) -> Self {
        Self(Arc::new(clock))
    }

    pub(crate) fn erased(&self) -> &dyn ErasedClock {
        &*self.0
    }
}

impl Clock for BoardClock {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.0.time()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { clock: Arc::clone(&self.0), deadline, sleep: ErasedSleep::default() }
    }
}

impl fmt::Debug for BoardClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoardClock").field(&self.now()).finish()
    }
}

impl embedded_hal_async::delay::DelayNs for BoardClock {
    async fn delay_ns(&mut self, ns: u32) {
        self.sleep(Duration::from_nanos(ns.into())).await;
    }

    async fn delay_us(&mut self, us: u32) {
        self.sleep(Duration::from_micros(us.into())).await;
    }

    async fn delay_ms(&mut self, ms: u32) {
        self.sleep(Duration::from_millis(ms.into())).await;
    }
}

pin_project! {
    /// The future of [`BoardClock`]'s sleeps.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use std::time::Duration;
    /// use pynq::prelude::*;
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// overlay.block_on(overlay.clock().sleep(Duration::from_secs(3)))?; // no time at all on a simulated board
    /// assert_eq!(overlay.clock().now(), Instant::from_secs(3));
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep {
        clock: Arc<dyn ErasedClock>,
        deadline: Instant,
        #[pin]
        sleep: ErasedSleep,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.clock.poll_sleep(*this.deadline, this.sleep, cx)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
