//! What can be done with a UART.

use core::{fmt, future::Future};

use pynq_core::{
    Instant,
    interrupt::{Condition, InterruptEvent, Line, WaitFor, block_on_node, with_deadline},
    maps::UartStatus,
};

use super::{AxiUartLiteConfig, AxiUartLiteError, AxiUartLiteHandle, ReceiveErrors};

/// The receive FIFO is not empty.
const READABLE: Condition = Condition::Level { mask: UartStatus::RX_VALID.bits(), value: UartStatus::RX_VALID.bits() };

/// The transmit FIFO is not full.
const WRITABLE: Condition = Condition::Level { mask: UartStatus::TX_FULL.bits(), value: 0 };

/// The transmit FIFO is empty.
const DRAINED: Condition = Condition::Level { mask: UartStatus::TX_EMPTY.bits(), value: UartStatus::TX_EMPTY.bits() };

/// An AXI UART Lite. Clones are handles on the same one.
#[derive(Clone)]
pub struct AxiUartLite<H> {
    node: H,
    config: AxiUartLiteConfig,
}

impl<H: AxiUartLiteHandle> AxiUartLite<H> {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: H) -> Result<Self, AxiUartLiteError> {
        let config = node.with_uart(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }

    /// Reads what is there, at most as much as the FIFO holds; 0 if there is nothing.
    ///
    /// # Errors
    ///
    /// [`AxiUartLiteError::Receive`] if something went wrong on the line since that was last told, before any more is
    /// read; or the error the block has failed with.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<usize, AxiUartLiteError> {
        self.node.with_uart(|hardware| hardware.read(buffer))?.map_err(AxiUartLiteError::Receive)
    }

    /// Hands over as much as the FIFO takes; 0 if it is full.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn try_write(&self, bytes: &[u8]) -> Result<usize, AxiUartLiteError> {
        Ok(self.node.with_uart(|hardware| hardware.write(bytes))?)
    }

    /// Waits until there is something to be read, and reads it. Returns 0 for an empty buffer only.
    ///
    /// Of several readers each byte goes to one.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read); as a [`Node`](AxiUartLiteError::Node) error `InterruptsUnavailable` if the block's
    /// interrupt isn't wired and there is nothing to be read, and what else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point loses no byte: none is taken before it completes.
    pub async fn read_bytes_async(&self, buffer: &mut [u8]) -> Result<usize, AxiUartLiteError> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.try_read(buffer)? {
                0 => self.until(READABLE).await?,
                count => return Ok(count),
            }
        }
    }

    /// As [`read_bytes_async`](Self::read_bytes_async), but gives up when `deadline` completes, a sleep of the board's
    /// clock. If both are there, the byte wins.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](AxiUartLiteError::Node) error; else as without a deadline.
    ///
    /// # Cancellation safety
    ///
    /// As without a deadline.
    pub async fn read_bytes_until_async<D: Future>(
        &self,
        buffer: &mut [u8],
        deadline: D,
    ) -> Result<usize, AxiUartLiteError> {
        with_deadline(async { Ok(self.read_bytes_async(buffer).await) }, deadline).await?
    }

    /// The blocking twin of [`read_bytes_async`](Self::read_bytes_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn read_bytes(&self, buffer: &mut [u8]) -> Result<usize, AxiUartLiteError> {
        self.block(self.read_bytes_async(buffer), None)
    }

    /// As [`read_bytes`](Self::read_bytes), but gives up at `deadline`, a time of the board's clock.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](AxiUartLiteError::Node) error; else as without a deadline.
    pub fn read_bytes_until(&self, buffer: &mut [u8], deadline: Instant) -> Result<usize, AxiUartLiteError> {
        self.block(self.read_bytes_async(buffer), Some(deadline))
    }

    /// Waits until the FIFO takes something, and hands over as much as it takes. Returns 0 for no bytes only.
    ///
    /// The block tells of an empty FIFO and not of one that has room again, so a writer that found it full waits until
    /// all of it went out. Of several writers each byte comes out once, and those of one in order.
    ///
    /// # Errors
    ///
    /// As a [`Node`](AxiUartLiteError::Node) error `InterruptsUnavailable` if the block's interrupt isn't wired and the FIFO
    /// is full, and what else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point sends nothing twice: no byte is handed over before it completes.
    pub async fn write_bytes_async(&self, bytes: &[u8]) -> Result<usize, AxiUartLiteError> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            match self.try_write(bytes)? {
                0 => self.until(WRITABLE).await?,
                count => return Ok(count),
            }
        }
    }

    /// The blocking twin of [`write_bytes_async`](Self::write_bytes_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn write_bytes(&self, bytes: &[u8]) -> Result<usize, AxiUartLiteError> {
        self.block(self.write_bytes_async(bytes), None)
    }

    /// Waits until the transmit FIFO is empty. The last character is then still on its way, for at most
    /// [`character_time`](AxiUartLiteConfig::character_time); the block doesn't tell when it is out.
    ///
    /// # Errors
    ///
    /// As [`write_bytes_async`](Self::write_bytes_async).
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was.
    pub async fn drain_async(&self) -> Result<(), AxiUartLiteError> {
        match self.node.with_uart(|hardware| hardware.status())?.contains(UartStatus::TX_EMPTY) {
            true => Ok(()),
            false => self.until(DRAINED).await,
        }
    }

    /// The blocking twin of [`drain_async`](Self::drain_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn drain(&self) -> Result<(), AxiUartLiteError> {
        self.block(self.drain_async(), None)
    }

    /// Whether a read would return at once, with bytes or with an error.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_readable(&self) -> Result<bool, AxiUartLiteError> {
        Ok(self.node.with_uart(|hardware| hardware.status().contains(UartStatus::RX_VALID) || hardware.has_errors())?)
    }

    /// Whether a write would hand over something at once.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_writable(&self) -> Result<bool, AxiUartLiteError> {
        Ok(!self.node.with_uart(|hardware| hardware.status())?.contains(UartStatus::TX_FULL))
    }

    /// What went wrong on the line since that was last told. The next read does not tell of it again.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn take_errors(&self) -> Result<ReceiveErrors, AxiUartLiteError> {
        Ok(self.node.with_uart(|hardware| hardware.take_errors())?)
    }

    /// Throws away what is in both FIFOs. The character that is being sent goes out.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn reset(&self) -> Result<(), AxiUartLiteError> {
        self.node.with_uart(|hardware| hardware.reset())?;
        // Who waited for room has it now.
        Line::new(self.node.clone(), 0)?.clear()?;
        Ok(())
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiUartLiteConfig {
        &self.config
    }

    /// The node.
    pub const fn node(&self) -> &H {
        &self.node
    }

    /// A wait that looks at the status after the interrupt was enabled, since enabling it gives none for what is there.
    async fn until(&self, condition: Condition) -> Result<(), AxiUartLiteError> {
        WaitFor::new(&self.node, 0, condition).await?;
        Ok(())
    }

    fn block<T>(
        &self,
        future: impl Future<Output = Result<T, AxiUartLiteError>>,
        deadline: Option<Instant>,
    ) -> Result<T, AxiUartLiteError> {
        block_on_node(&self.node, async { Ok(future.await) }, deadline)?
    }
}

impl<H> fmt::Debug for AxiUartLite<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiUartLite").field("config", &self.config).finish_non_exhaustive()
    }
}
