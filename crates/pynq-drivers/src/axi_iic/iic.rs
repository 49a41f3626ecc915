//! What can be done with an I2C bus.

use core::{fmt, future::poll_fn, task::Poll, time::Duration};

use embedded_hal::i2c::Operation;
use pynq_core::{
    BlockError, Driver, Error,
    interrupt::{Condition, NodeHandle, Wait, Waiting},
};

use super::{
    AxiIicConfig, AxiIicError, AxiIicHardware, IicAddress, Nack, Result,
    hardware::{Leaving, TURN},
    transfer::{Step, Transfer},
};

/// No task's transfer is under way.
const MY_TURN: Condition = Condition::Level { mask: 1, value: 0 };

/// What a transfer is given beyond twice its time on the bus: targets hold the clock, and tasks are late.
const PATIENCE: Duration = Duration::from_millis(200);

/// An AXI IIC, the controller of an I2C bus. Clones are handles on the same one.
///
/// Each transaction has the bus for itself: that of another task waits for its end. Dropping one at any point gives the bus
/// back, see [`transaction_async`](Self::transaction_async).
#[derive(Clone)]
pub struct AxiIic {
    pub(super) node: NodeHandle<AxiIicHardware>,
    pub(super) config: AxiIicConfig,
    pub(super) patience: Duration,
}

impl AxiIic {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<AxiIicHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    pub(super) const fn of(node: NodeHandle<AxiIicHardware>, config: AxiIicConfig) -> Self {
        Self { node, config, patience: PATIENCE }
    }

    /// The same with another patience: what a transaction by this handle is given beyond twice its time on the bus before
    /// the bus counts as [stuck](AxiIicError::BusStuck). 200 ms unless set. Includes the time for which another controller has
    /// the bus, and is kept only where the board has a clock.
    #[must_use]
    pub fn with_timeout(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A transaction: operations in their order, with a START before the first, a STOP after the last, and a repeated START
    /// between two of different directions. Those of the same direction are one on the bus.
    ///
    /// A write of no bytes asks for an acknowledge of the address. Reads and writes are of any length.
    ///
    /// # Errors
    ///
    /// [`AxiIicError::Nack`], [`AxiIicError::ArbitrationLost`], [`AxiIicError::BusStuck`]; before anything is on the bus
    /// [`AxiIicError::EmptyRead`], [`AxiIicError::EmptyWriteAtEnd`] or [`AxiIicError::NoSuchAddress`]; as a
    /// [`Node`](AxiIicError::Node) error `InterruptsUnavailable` if the block's interrupt isn't wired, and what else a wait
    /// can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future ends the transfer in the middle: the byte under way is finished, one from the target is not
    /// acknowledged, and a STOP is sent. The next transaction waits for that, or resets the block where it doesn't come. How
    /// many bytes the target has taken isn't known. Forgetting the future keeps the bus.
    pub fn transaction_async(
        &self,
        address: impl Into<IicAddress>,
        operations: &mut [Operation<'_>],
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<AxiIicError>>> {
        let address = address.into();
        self.node.operation(async move { self.run(address, operations).await })
    }

    /// The blocking form of [`transaction_async`](Self::transaction_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn transaction(&self, address: impl Into<IicAddress>, operations: &mut [Operation<'_>]) -> Result<()> {
        self.transaction_async(address, operations).block()
    }

    /// Whether a target acknowledges `address`, by a write of no bytes.
    ///
    /// # Errors
    ///
    /// As [`transaction_async`](Self::transaction_async), but for the missing acknowledge.
    ///
    /// # Cancellation safety
    ///
    /// As [`transaction_async`](Self::transaction_async).
    pub fn probe_async(
        &self,
        address: impl Into<IicAddress>,
    ) -> Waiting<impl Wait<Value = bool, Error = BlockError<AxiIicError>>> {
        let address = address.into();
        self.node.operation(async move {
            match self.run(address, &mut [Operation::Write(&[])]).await {
                Ok(()) => Ok(true),
                Err(error) if *error.cause() == AxiIicError::Nack(Nack::Address) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// The blocking form of [`probe_async`](Self::probe_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn probe(&self, address: impl Into<IicAddress>) -> Result<bool> {
        self.probe_async(address).block()
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiIicConfig {
        &self.config
    }

    /// The node.
    pub const fn node(&self) -> &NodeHandle<AxiIicHardware> {
        &self.node
    }

    fn access<R>(&self, f: impl FnOnce(&mut AxiIicHardware) -> R) -> Result<R> {
        self.node.access(|hardware| Ok(f(hardware)))
    }

    async fn run(&self, address: IicAddress, operations: &mut [Operation<'_>]) -> Result<()> {
        let mut turn = self.turn().await?;
        let transfer = Transfer::new(address, operations).map_err(|error| self.node.error(error))?;
        let after = self.patience + self.config.bit_time(2 * transfer.bits());
        let run = self.node.operation(self.drive(&mut turn, transfer));
        let outcome = if self.node.has_clock() { run.until(after).await } else { run.await };
        match outcome {
            Err(error) if self.is_time_out(&error) => {
                // A STOP would not get through.
                turn.is_transferring = false;
                self.access(AxiIicHardware::reset)?;
                Err(self.node.error(AxiIicError::BusStuck { after }))
            }
            outcome => outcome,
        }
    }

    /// Steps the transfer, and sleeps in between.
    async fn drive(&self, turn: &mut Turn<'_>, mut transfer: Transfer<'_, '_>) -> Result<()> {
        self.take_leave().await?;
        loop {
            let step = self.node.access(|hardware| {
                let step = transfer.step(hardware);
                turn.is_transferring = transfer.has_begun() && !matches!(step, Ok(Step::Done) | Err(_));
                step
            })?;
            match step {
                Step::Done => return Ok(()),
                Step::Waits => self.node.wait_for(0, Condition::Event).await.map(drop)?,
                Step::Starts if self.node.has_clock() => self.interrupt_within(self.config.bit_time(40)).await?,
                Step::Starts => yields().await,
            }
        }
    }

    /// Waits for an interrupt, and not for long where there is a clock.
    async fn interrupt_within(&self, time: Duration) -> Result<()> {
        let wait = self.node.wait_for(0, Condition::Event);
        let waited = if self.node.has_clock() { wait.until(time).await } else { wait.await };
        match waited {
            Err(error) if !self.is_time_out(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// After a transfer that was given up or lost: waits for the STOP, if it is this block's not for longer than it takes, and
    /// resets the block.
    async fn take_leave(&self) -> Result<()> {
        loop {
            match self.access(AxiIicHardware::leaves)? {
                Leaving::No => return Ok(()),
                Leaving::Lost => self.node.wait_for(0, Condition::Event).await.map(drop)?,
                Leaving::Stops => {
                    self.interrupt_within(self.config.bit_time(40)).await?;
                    return self.access(AxiIicHardware::reset);
                }
            }
        }
    }

    fn is_time_out(&self, error: &BlockError<AxiIicError>) -> bool {
        *error.cause() == AxiIicError::Node(Error::TimedOut)
    }

    /// Waits until no other transfer is under way.
    async fn turn(&self) -> Result<Turn<'_>> {
        while self.access(|hardware| core::mem::replace(&mut hardware.taken, true))? {
            self.node.wait_for(TURN, MY_TURN).await?;
        }
        Ok(Turn { iic: self, is_transferring: false })
    }
}

/// Gives other tasks a turn.
async fn yields() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The turn of a transfer. What is left of the transfer when it is dropped is aborted.
struct Turn<'a> {
    iic: &'a AxiIic,
    is_transferring: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // An error of the node has ended all waits on it already.
        let _ = self.iic.access(|hardware| {
            if self.is_transferring {
                hardware.abort();
            }
            hardware.release();
        });
        // Wakes those who wait for their turn.
        let _ = self.iic.node.line(TURN);
    }
}

impl fmt::Debug for AxiIic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiIic").field("config", &self.config).finish_non_exhaustive()
    }
}
