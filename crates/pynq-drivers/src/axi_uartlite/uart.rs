//! What can be done with a UART.

use core::fmt;

use pynq_core::{
    BlockError, Driver,
    interrupt::{Condition, Deadline, NodeHandle, Wait, Waiting},
};

use super::{AxiUartLiteConfig, AxiUartLiteError, AxiUartLiteHardware, ReceiveErrors, Result, UartStatus};

/// The receive FIFO is not empty.
const READABLE: Condition = Condition::Level { mask: UartStatus::RX_VALID.bits(), value: UartStatus::RX_VALID.bits() };

/// The transmit FIFO is not full.
const WRITABLE: Condition = Condition::Level { mask: UartStatus::TX_FULL.bits(), value: 0 };

/// The transmit FIFO is empty.
const DRAINED: Condition = Condition::Level { mask: UartStatus::TX_EMPTY.bits(), value: UartStatus::TX_EMPTY.bits() };

/// An AXI UART Lite. Clones are handles on the same one.
///
/// ```
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let uart = overlay.uart("uart")?;
/// assert_eq!(uart.write_bytes(b"hello")?, 5);
/// uart.drain()?; // until the last bit has left
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct AxiUartLite {
    pub(super) node: NodeHandle<AxiUartLiteHardware>,
    pub(super) config: AxiUartLiteConfig,
}

impl AxiUartLite {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<AxiUartLiteHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    /// Reads what is there, at most as much as the FIFO holds; 0 if there is nothing.
    ///
    /// # Errors
    ///
    /// [`AxiUartLiteError::Receive`] if there were errors on the serial line since they were last reported, before any
    /// more is read; or the error the block has failed with.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<usize> {
        self.node.access(|hardware| hardware.read(buffer).map_err(AxiUartLiteError::Receive))
    }

    /// Hands over as much as the FIFO takes; 0 if it is full.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn try_write(&self, bytes: &[u8]) -> Result<usize> {
        self.node.access(|hardware| Ok(hardware.write(bytes)))
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
    pub fn read_bytes_async(
        &self,
        buffer: &mut [u8],
    ) -> Waiting<impl Wait<Value = usize, Error = BlockError<AxiUartLiteError>>> {
        self.node.operation(async move {
            loop {
                match self.try_read(buffer)? {
                    0 if !buffer.is_empty() => self.status_with(READABLE).await?,
                    count => return Ok(count),
                }
            }
        })
    }

    /// The blocking form of [`read_bytes_async`](Self::read_bytes_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn read_bytes(&self, buffer: &mut [u8]) -> Result<usize> {
        self.read_bytes_async(buffer).block()
    }

    /// As [`read_bytes`](Self::read_bytes), but gives up at `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](AxiUartLiteError::Node) error; else as without a deadline.
    pub fn read_bytes_until(&self, buffer: &mut [u8], deadline: impl Into<Deadline>) -> Result<usize> {
        self.read_bytes_async(buffer).block_until(deadline)
    }

    /// Waits until the FIFO takes something, and hands over as much as it takes. Returns 0 for no bytes only.
    ///
    /// The block signals an empty FIFO and not one that has room again, so a writer that found it full waits until
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
    pub fn write_bytes_async(
        &self,
        bytes: &[u8],
    ) -> Waiting<impl Wait<Value = usize, Error = BlockError<AxiUartLiteError>>> {
        self.node.operation(async move {
            loop {
                match self.try_write(bytes)? {
                    0 if !bytes.is_empty() => self.status_with(WRITABLE).await?,
                    count => return Ok(count),
                }
            }
        })
    }

    /// The blocking form of [`write_bytes_async`](Self::write_bytes_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn write_bytes(&self, bytes: &[u8]) -> Result<usize> {
        self.write_bytes_async(bytes).block()
    }

    /// Waits until the transmit FIFO is empty. The last character is then still on its way, for at most
    /// [`character_time`](AxiUartLiteConfig::character_time); the block doesn't show when it is out.
    ///
    /// # Errors
    ///
    /// As [`write_bytes_async`](Self::write_bytes_async).
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was.
    pub fn drain_async(&self) -> Waiting<impl Wait<Value = (), Error = BlockError<AxiUartLiteError>>> {
        self.node.operation(async move {
            if !self.status()?.contains(UartStatus::TX_EMPTY) {
                self.status_with(DRAINED).await?;
            }
            Ok(())
        })
    }

    /// The blocking form of [`drain_async`](Self::drain_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn drain(&self) -> Result<()> {
        self.drain_async().block()
    }

    /// Whether a read would return at once, with bytes or with an error.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_readable(&self) -> Result<bool> {
        self.node.access(|hardware| Ok(hardware.status().contains(UartStatus::RX_VALID) || hardware.has_errors()))
    }

    /// Whether a write would hand over something at once.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_writable(&self) -> Result<bool> {
        Ok(!self.status()?.contains(UartStatus::TX_FULL))
    }

    /// The errors on the serial line since they were last reported. The next read does not report them again.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn take_errors(&self) -> Result<ReceiveErrors> {
        self.node.access(|hardware| Ok(hardware.take_errors()))
    }

    /// Throws away what is in both FIFOs. The character that is being sent goes out.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn reset(&self) -> Result<()> {
        self.node.access(|hardware| {
            hardware.reset();
            Ok::<_, AxiUartLiteError>(())
        })?;
        // The FIFO is empty after a reset: wakes the writers.
        self.node.line(0).map(drop).map_err(|error| self.node.error(error))
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiUartLiteConfig {
        &self.config
    }

    /// The node.
    pub const fn node(&self) -> &NodeHandle<AxiUartLiteHardware> {
        &self.node
    }

    fn status(&self) -> Result<UartStatus> {
        self.node.access(|hardware| Ok(hardware.status()))
    }

    /// A wait that reads the status after the interrupt was unmasked, since unmasking it gives none for what is there.
    async fn status_with(&self, condition: Condition) -> Result<()> {
        self.node.wait_for(0, condition).await?;
        Ok(())
    }
}

impl fmt::Debug for AxiUartLite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiUartLite").field("config", &self.config).finish_non_exhaustive()
    }
}
