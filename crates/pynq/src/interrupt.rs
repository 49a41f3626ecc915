//! A bare interrupt pin.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use pynq_core::interrupt::{Deadline, EventWait, Fired, Line, LineStats, Listener, NodeHandle, Wait, Waiting};

use crate::{Error, Result};

/// A handle on an interrupt pin: PYNQ's `Interrupt`. Clones look from the same point on and go their own ways from there.
///
/// To wait for a condition that a register of the device shows, clear first, then look, then wait:
///
/// ```
/// # #[cfg(feature = "sim")] {
/// # use pynq::prelude::*;
/// # let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// async fn all_pressed(buttons: Channel, mut interrupt: Interrupt) -> pynq::Result<()> {
///     while buttons.read()? != 0b1111 {
///         interrupt.wait_async().await?;
///         // ... serve the device, so that its interrupt goes quiet
///         interrupt.clear()?;
///     }
///     Ok(())
/// }
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
///
/// A device that has a driver clears its own interrupt. One that has none keeps its line active until the program
/// clears it through its registers: see [`Overlay::mmio`](crate::Overlay::mmio).
#[derive(Clone)]
pub struct Interrupt {
    pin: Arc<str>,
    line: Line,
}

impl Interrupt {
    pub(crate) fn new(pin: Arc<str>, lines: NodeHandle, number: u8) -> Result<Self> {
        match lines.line(number) {
            Ok(line) => Ok(Self { pin, line }),
            Err(error) => Err(Error::Interrupt { pin, error }),
        }
    }

    /// The pin, as `path/PORT`.
    #[must_use]
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// Waits for an interrupt since this handle last looked. The line is unmasked only while a task waits.
    ///
    /// # Errors
    ///
    /// As an [`Interrupt`](Error::Interrupt) error, what a wait can meet: see [`pynq_core::Error`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves the hardware as if it never was; an interrupt that came meanwhile is found
    /// by the next wait.
    pub fn wait_async(&mut self) -> Waiting<InterruptWait<'_>> {
        Waiting::new(InterruptWait { wait: self.line.wait_async(), pin: &self.pin })
    }

    /// The blocking form of [`wait_async`](Self::wait_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait(&mut self) -> Result<Fired> {
        self.wait_async().block()
    }

    /// As [`wait`](Self::wait), but gives up at `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as an [`Interrupt`](Error::Interrupt) error; else as without a deadline.
    pub fn wait_until(&mut self, deadline: impl Into<Deadline>) -> Result<Fired> {
        self.wait_async().block_until(deadline)
    }

    /// Forgets what happened up to now: the next wait is for an interrupt from here on. Takes nothing from other handles.
    ///
    /// # Errors
    ///
    /// `Invalidated` once the design was replaced, as an [`Interrupt`](Error::Interrupt) error.
    pub fn clear(&mut self) -> Result<()> {
        self.line.clear().map_err(|error| Error::Interrupt { pin: Arc::clone(&self.pin), error })
    }

    /// What the engine counted on the line.
    #[must_use]
    pub fn stats(&self) -> LineStats {
        self.line.stats()
    }

    /// Keeps the line armed for as long as the listener lives, so that interrupts between two waits are counted too. Also
    /// a stream.
    pub fn listen(self) -> Listener {
        self.line.listen()
    }

    /// The line of the engine, for code that is generic over backends.
    #[must_use]
    pub fn into_line(self) -> Line {
        self.line
    }
}

pin_project! {
    /// The wait of [`Interrupt::wait_async`].
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use std::time::Duration;
    /// use pynq::prelude::*;
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let mut interrupt = overlay.interrupt("btns_gpio/ip2intc_irpt")?;
    /// // Awaited, or blocked on as here; with a deadline, or without.
    /// let late = interrupt.wait_async().until(Duration::from_millis(5)).block();
    /// assert!(late.unwrap_err().is_timed_out());
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InterruptWait<'a> {
        #[pin]
        wait: Waiting<EventWait<'a>>,
        pin: &'a Arc<str>,
    }
}

impl Future for InterruptWait<'_> {
    type Output = Result<Fired>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.wait.poll(cx);
        polled.map_err(|error| Error::Interrupt { pin: Arc::clone(this.pin), error })
    }
}

impl Wait for InterruptWait<'_> {
    type Value = Fired;
    type Error = Error;

    fn node(&self) -> Option<&NodeHandle> {
        self.wait.node()
    }

    fn error(&self, error: pynq_core::Error) -> Error {
        Error::Interrupt { pin: Arc::clone(self.pin), error }
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.pin).finish()
    }
}
