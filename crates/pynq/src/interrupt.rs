//! A bare interrupt pin.

use std::{fmt, sync::Arc};

use pynq_core::{
    Clock, Instant,
    interrupt::{Fired, InterruptEvent, InterruptEventExt, Line, LineStats, Listener, with_deadline},
};

use crate::{BoardClock, Error, Result, loaded::Lines};

/// A handle on an interrupt pin: PYNQ's `Interrupt`. Clones look from the same point on and go their own ways from there.
///
/// Whoever waits for a condition that the device tells clears first, then looks, then waits:
///
/// ```
/// # #[cfg(feature = "sim")] {
/// # use pynq::prelude::*;
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh"));
/// # let overlay = Overlay::simulated_from_str(text)?;
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
/// A device that has a driver clears its own interrupt. One that has none keeps its line active until somebody clears it
/// through its registers: see [`Overlay::mmio`](crate::Overlay::mmio).
#[derive(Clone)]
pub struct Interrupt {
    pin: Arc<str>,
    line: Line<Lines>,
    clock: BoardClock,
}

impl Interrupt {
    pub(crate) fn new(pin: Arc<str>, lines: Lines, number: u8, clock: BoardClock) -> Result<Self> {
        match Line::new(lines, number) {
            Ok(line) => Ok(Self { pin, line, clock }),
            Err(error) => Err(Error::Interrupt { pin, error }),
        }
    }

    /// A line of a driver's node, named after the block.
    pub(crate) fn of(path: &str, line: Line<Lines>, clock: BoardClock) -> Self {
        Self { pin: path.into(), line, clock }
    }

    /// The pin, as `path/PORT`.
    #[must_use]
    pub fn pin(&self) -> &str {
        &self.pin
    }

    fn named<T>(&self, result: Result<T, pynq_core::Error>) -> Result<T> {
        result.map_err(|error| Error::Interrupt { pin: Arc::clone(&self.pin), error })
    }

    /// Waits for an interrupt since this handle last looked. The line is unmasked only while somebody waits.
    ///
    /// # Errors
    ///
    /// As an [`Interrupt`](Error::Interrupt) error, what a wait can meet: see [`pynq_core::Error`].
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves the hardware as if it never was; an interrupt that came meanwhile is found
    /// by the next wait.
    pub async fn wait_async(&mut self) -> Result<Fired> {
        let result = self.line.wait_async().await;
        self.named(result)
    }

    /// As [`wait_async`](Self::wait_async), but gives up at `deadline`, a time of the board's clock. If both are there, the
    /// interrupt wins.
    ///
    /// # Errors
    ///
    /// `TimedOut` as an [`Interrupt`](Error::Interrupt) error; else as without a deadline.
    ///
    /// # Cancellation safety
    ///
    /// As without a deadline.
    pub async fn wait_until_async(&mut self, deadline: Instant) -> Result<Fired> {
        let sleep = self.clock.sleep_until(deadline);
        let result = with_deadline(self.line.wait_async(), sleep).await;
        self.named(result)
    }

    /// The blocking twin of [`wait_async`](Self::wait_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait(&mut self) -> Result<Fired> {
        let result = InterruptEventExt::wait(&mut self.line);
        self.named(result)
    }

    /// As [`wait`](Self::wait), but gives up at `deadline`, a time of the board's clock.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as an [`Interrupt`](Error::Interrupt) error; else as without a deadline.
    pub fn wait_until(&mut self, deadline: Instant) -> Result<Fired> {
        let result = self.line.wait_until(deadline);
        self.named(result)
    }

    /// Forgets what happened up to now: the next wait is for an interrupt from here on. Takes nothing from other handles.
    ///
    /// # Errors
    ///
    /// `Invalidated` once the design was replaced, as an [`Interrupt`](Error::Interrupt) error.
    pub fn clear(&mut self) -> Result<()> {
        let result = self.line.clear();
        self.named(result)
    }

    /// What the engine counted on the line.
    #[must_use]
    pub fn stats(&self) -> LineStats {
        self.line.stats()
    }

    /// Keeps the line armed for as long as the listener lives, so that interrupts between two waits are counted too. Also
    /// a stream.
    pub fn listen(self) -> Listener<Lines> {
        self.line.listen()
    }

    /// The line of the engine, for code that is generic over backends.
    #[must_use]
    pub fn into_line(self) -> Line<Lines> {
        self.line
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.pin).finish()
    }
}
