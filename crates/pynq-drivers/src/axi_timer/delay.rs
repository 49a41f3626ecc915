//! Delays by the hardware's own counter.

use core::{
    future::Future,
    hint::spin_loop,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use embedded_hal::delay::DelayNs;
use pynq_core::{
    Error,
    interrupt::{Wait, Waiting},
};

use super::{AxiTimerError, Result, TimerChannel, channel::one_shot_load, hardware::mode};

/// A delay is as many one-shots as it takes; each is the longest there is, or the rest.
fn next_chunk(channel: &TimerChannel, left: &mut u64) -> Option<u32> {
    let ticks = (*left).min(u64::from(channel.config().max_count()) + 1);
    *left -= ticks;
    one_shot_load(channel.config(), ticks)
}

/// Delays over a channel of an AXI timer, during which the task or the thread sleeps.
///
/// A delay is never shorter than requested, also if another handle on the channel starts it meanwhile: it then begins
/// anew, as often as that happens.
///
/// The traits of embedded-hal, blocking and async, have no errors: theirs return at once if the block fails.
/// [`delay`](Self::delay) and [`delay_async`](Self::delay_async) return the error.
#[derive(Debug)]
pub struct Delay {
    pub(super) channel: TimerChannel,
}

impl Delay {
    /// Finds out whether the channel's interrupt is wired, by a wait that is dropped at once.
    pub(super) fn check(channel: &mut TimerChannel) -> Result<()> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut wait = pin!(channel.wait_async());
        // If the interrupt isn't wired, the source's error ends the wait at its first poll or at its second.
        for _ in 0..2 {
            match wait.as_mut().poll(&mut cx) {
                Poll::Pending => {}
                Poll::Ready(Err(error)) if *error.cause() == AxiTimerError::Node(Error::InterruptsUnavailable) => {
                    return Err(error);
                }
                Poll::Ready(_) => break,
            }
        }
        Ok(())
    }

    /// Waits for `duration`.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::PwmRuns`], and what [a wait](TimerChannel::wait_async) can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future masks the channel; its counter runs to its end, and the next delay starts it anew.
    pub fn delay_async(
        &mut self,
        duration: Duration,
    ) -> Waiting<impl Wait<Value = (), Error = pynq_core::BlockError<AxiTimerError>>> {
        let node = self.channel.node().clone();
        node.operation(async move {
            let mut left = self.channel.config().covering_ticks(duration);
            while let Some(load) = next_chunk(&self.channel, &mut left) {
                self.one_shot(load).await?;
            }
            Ok(())
        })
    }

    async fn one_shot(&mut self, load: u32) -> Result<()> {
        loop {
            let start = self.channel.start(mode::ONE_SHOT, load)?;
            self.channel.wait_async().await?;
            let (node, channel) = (self.channel.node(), self.channel.number());
            if node.access(|hardware| Ok::<_, AxiTimerError>(hardware.starts(channel)))? == start {
                return Ok(());
            }
        }
    }

    /// The blocking form of [`delay_async`](Self::delay_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn delay(&mut self, duration: Duration) -> Result<()> {
        self.delay_async(duration).block()
    }

    /// The channel, for other uses.
    pub fn into_channel(self) -> TimerChannel {
        self.channel
    }
}

impl DelayNs for Delay {
    fn delay_ns(&mut self, ns: u32) {
        let _ = self.delay(Duration::from_nanos(ns.into()));
    }

    fn delay_us(&mut self, us: u32) {
        let _ = self.delay(Duration::from_micros(us.into()));
    }

    fn delay_ms(&mut self, ms: u32) {
        let _ = self.delay(Duration::from_millis(ms.into()));
    }
}

impl embedded_hal_async::delay::DelayNs for Delay {
    async fn delay_ns(&mut self, ns: u32) {
        let _ = self.delay_async(Duration::from_nanos(ns.into())).await;
    }

    async fn delay_us(&mut self, us: u32) {
        let _ = self.delay_async(Duration::from_micros(us.into())).await;
    }

    async fn delay_ms(&mut self, ms: u32) {
        let _ = self.delay_async(Duration::from_millis(ms.into())).await;
    }
}

/// Delays over a channel of an AXI timer, during which the processor watches its status register.
///
/// For a block whose interrupt isn't wired, and for delays that are shorter than an interrupt takes. On the simulated
/// board time stands still for a program that is busy, so there another thread has to move it.
///
/// [`DelayNs`] has no errors and returns at once if the block fails. [`delay`](Self::delay) returns the error.
#[derive(Debug)]
pub struct PollingDelay {
    pub(super) channel: TimerChannel,
}

impl PollingDelay {
    /// Waits for `duration`.
    ///
    /// # Blocking
    ///
    /// Keeps the processor busy.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::PwmRuns`], or the error the block has failed with.
    pub fn delay(&mut self, duration: Duration) -> Result<()> {
        let mut left = self.channel.config().covering_ticks(duration);
        while let Some(load) = next_chunk(&self.channel, &mut left) {
            self.one_shot(load)?;
        }
        Ok(())
    }

    fn one_shot(&mut self, load: u32) -> Result<()> {
        let channel = self.channel.number();
        let mut start = self.channel.start(mode::ONE_SHOT, load)?;
        loop {
            let node = self.channel.node();
            let (ended, last) =
                node.access(|hardware| Ok::<_, AxiTimerError>((!hardware.runs(channel), hardware.starts(channel))))?;
            match ended {
                true if last == start => return Ok(()),
                true => start = self.channel.start(mode::ONE_SHOT, load)?,
                false => spin_loop(),
            }
        }
    }

    /// The channel, for other uses.
    pub fn into_channel(self) -> TimerChannel {
        self.channel
    }
}

impl DelayNs for PollingDelay {
    fn delay_ns(&mut self, ns: u32) {
        let _ = self.delay(Duration::from_nanos(ns.into()));
    }

    fn delay_us(&mut self, us: u32) {
        let _ = self.delay(Duration::from_micros(us.into()));
    }

    fn delay_ms(&mut self, ms: u32) {
        let _ = self.delay(Duration::from_millis(ms.into()));
    }
}
