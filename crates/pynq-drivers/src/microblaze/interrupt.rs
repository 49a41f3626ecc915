//! Its interrupt, which acts like an event.

use core::fmt;

use pynq_core::{
    BlockError,
    interrupt::{Deadline, Line, NodeHandle, Wait, Waiting},
};

use super::{MicroblazeError, MicroblazeHardware, Result};

/// The interrupt of an I/O processor's program: PYNQ's `MBInterruptEvent`. Clones look from the same point on and go their own ways from
/// there.
///
/// It says that the program has something for the host, and no more: look at all of it after each wait. A wait has
/// acknowledged when it returns, so that a request from then on ends the next one. Two requests before that are one.
#[derive(Clone)]
pub struct MicroblazeInterrupt {
    node: NodeHandle<MicroblazeHardware>,
    line: Line,
}

impl MicroblazeInterrupt {
    pub(super) fn new(node: NodeHandle<MicroblazeHardware>, lines: &NodeHandle, number: u8) -> Result<Self> {
        let line = lines.line(number).map_err(|error| node.error(error))?;
        let this = Self { node, line };
        // An event may have been counted for a wait that was dropped before it could acknowledge.
        this.acknowledge()?;
        Ok(this)
    }

    fn acknowledge(&self) -> Result<()> {
        self.node.access(|hardware| hardware.acknowledge().map_err(MicroblazeError::Node))
    }

    /// Waits for a request since this handle last looked, and acknowledges it.
    ///
    /// # Errors
    ///
    /// What a wait can meet, and what the line returns.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point loses nothing: a request that came meanwhile is found, and acknowledged, by the next
    /// wait.
    pub fn wait_async(&mut self) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>>> {
        let node = self.node.clone();
        node.operation(async move {
            self.line.wait_async().await.map_err(|error| self.node.error(error))?;
            self.acknowledge()
        })
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
    pub fn wait(&mut self) -> Result<()> {
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
    /// `TimedOut` as a [`Node`](MicroblazeError::Node) error; else as without a deadline.
    pub fn wait_until(&mut self, deadline: impl Into<Deadline>) -> Result<()> {
        self.wait_async().block_until(deadline)
    }

    /// Forgets what happened up to now: the next wait is for a request from here on. Takes nothing from other handles.
    ///
    /// # Errors
    ///
    /// `Invalidated` once the design was replaced, and what the line returns.
    pub fn clear(&mut self) -> Result<()> {
        // The latch first, for a request in between is then a hint too many and not one too few.
        self.line.clear().map_err(|error| self.node.error(error))?;
        self.acknowledge()
    }

    /// The line of the engine.
    #[must_use]
    pub const fn line(&self) -> &Line {
        &self.line
    }
}

impl fmt::Debug for MicroblazeInterrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroblazeInterrupt").field("name", &self.node.name()).finish_non_exhaustive()
    }
}
