//! The board's clock, whatever keeps it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use pynq_core::{Clock, Instant};

/// A clock behind a pointer.
trait ErasedClock: Send + Sync {
    fn time(&self) -> Instant;
    fn boxed_sleep(&self, deadline: Instant) -> Sleep;
}

impl<C> ErasedClock for C
where
    C: Clock<Sleep: Send + 'static> + Send + Sync,
{
    fn time(&self) -> Instant {
        self.now()
    }

    fn boxed_sleep(&self, deadline: Instant) -> Sleep {
        Sleep(Box::pin(self.sleep_until(deadline)))
    }
}

/// The clock of the board an overlay is on: virtual on a simulated one. Clones are the same clock.
///
/// Also a [`DelayNs`](embedded_hal_async::delay::DelayNs).
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use std::time::Duration;
/// use pynq::prelude::*;
///
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh"));
/// let overlay = Overlay::simulated_from_str(text)?;
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
    pub(crate) fn new<C>(clock: C) -> Self
    where
        C: Clock<Sleep: Send + 'static> + Send + Sync + 'static,
    {
        Self(Arc::new(clock))
    }
}

impl Clock for BoardClock {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.0.time()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        self.0.boxed_sleep(deadline)
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

/// The future of [`BoardClock`]'s sleeps.
#[must_use = "futures do nothing unless polled"]
pub struct Sleep(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep")
    }
}
