//! Chips on the bus, and the bus by itself, as embedded-hal sees them, async and blocking.

use core::fmt;

use embedded_hal::spi::{ErrorType, Mode, Operation, Phase, Polarity};
use pynq_core::{
    BlockError,
    interrupt::{NodeHandle, Wait, Waiting},
};

use super::{
    AxiQuadSpi, AxiQuadSpiError, AxiQuadSpiHardware, Result, SpiControl,
    transfer::{Word, run},
};

/// The bits of the control register for a mode.
fn bits(mode: Mode) -> SpiControl {
    let polarity = if mode.polarity == Polarity::IdleHigh { SpiControl::CPOL } else { SpiControl::empty() };
    let phase = if mode.phase == Phase::CaptureOnSecondTransition { SpiControl::CPHA } else { SpiControl::empty() };
    polarity | phase
}

/// A chip on a slave select: an `SpiDevice`, async and blocking. Clones are handles on the same one.
///
/// Any number of tasks and threads may use the chips of a bus; each transaction waits until the bus is free.
#[derive(Clone)]
pub struct Chip {
    node: NodeHandle<AxiQuadSpiHardware>,
    select: u8,
    mode: SpiControl,
}

/// The lines without a slave select: an `SpiBus`, async and blocking, for chips that are selected by other means.
///
/// Each of its operations is complete when it returns, so there is nothing to flush.
#[derive(Clone)]
pub struct Lines {
    node: NodeHandle<AxiQuadSpiHardware>,
    mode: SpiControl,
}

impl AxiQuadSpi {
    /// The chip on slave select `select`, with the clock that it works with.
    ///
    /// # Errors
    ///
    /// [`AxiQuadSpiError::NoSuchSelect`].
    pub fn chip(&self, select: u8, mode: Mode) -> Result<Chip> {
        let selects = self.config().slave_selects;
        if select >= selects {
            return Err(self.node().error(AxiQuadSpiError::NoSuchSelect { select, selects }));
        }
        Ok(Chip { node: self.node().clone(), select, mode: bits(mode) })
    }

    /// The lines without a slave select.
    #[must_use]
    pub fn lines(&self, mode: Mode) -> Lines {
        Lines { node: self.node().clone(), mode: bits(mode) }
    }

    /// The lines with what is sent led back inside of the block, so that it is received and reaches no chip: a test of the
    /// block and of its interrupt.
    #[must_use]
    pub fn loop_back(&self) -> Lines {
        Lines { node: self.node().clone(), mode: SpiControl::LOOP }
    }
}

impl Chip {
    /// The same chip, of which the least bit of a word is sent and received first.
    #[must_use]
    pub fn lsb_first(mut self) -> Self {
        self.mode |= SpiControl::LSB_FIRST;
        self
    }

    /// Selects the chip, does all of `operations`, and deselects it. What is sent while it only reads is all ones.
    ///
    /// Words are those that the block was built for: `u8`, `u16` or `u32`. A task sleeps while a chunk as long as the FIFO
    /// is on its way.
    ///
    /// # Errors
    ///
    /// [`AxiQuadSpiError::WordSize`]; as a [`Node`](AxiQuadSpiError::Node) error `InterruptsUnavailable` if the block's
    /// interrupt isn't wired, `NoClock` for a delay on a board without a clock; before the chip is selected, but for the
    /// last. [`AxiQuadSpiError::ModeFault`], [`Overrun`](AxiQuadSpiError::Overrun), [`Stalled`](AxiQuadSpiError::Stalled),
    /// or the error the block has failed with; the chip is deselected then.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point resets the block, in the middle of a word if need be: the chip is deselected, the
    /// FIFOs are empty, and the next transaction is as if this one never was. What the chip received it has received.
    pub fn transaction_async<'a, W: Word>(
        &'a self,
        operations: &'a mut [Operation<'_, W>],
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<AxiQuadSpiError>>> {
        self.node.operation(run(&self.node, operations, self.mode, Some(self.select)))
    }

    /// The blocking form of [`transaction_async`](Self::transaction_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn transaction<W: Word>(&self, operations: &mut [Operation<'_, W>]) -> Result<()> {
        self.transaction_async(operations).block()
    }
}

impl Lines {
    /// Sends and receives without selecting a chip; else as [`Chip::transaction_async`].
    ///
    /// # Errors
    ///
    /// As [`Chip::transaction_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Chip::transaction_async`].
    pub fn transaction_async<'a, W: Word>(
        &'a self,
        operations: &'a mut [Operation<'_, W>],
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<AxiQuadSpiError>>> {
        self.node.operation(run(&self.node, operations, self.mode, None))
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
    pub fn transaction<W: Word>(&self, operations: &mut [Operation<'_, W>]) -> Result<()> {
        self.transaction_async(operations).block()
    }
}

impl ErrorType for Chip {
    type Error = BlockError<AxiQuadSpiError>;
}

impl ErrorType for Lines {
    type Error = BlockError<AxiQuadSpiError>;
}

impl<W: Word> embedded_hal::spi::SpiDevice<W> for Chip {
    fn transaction(&mut self, operations: &mut [Operation<'_, W>]) -> Result<()> {
        Chip::transaction(self, operations)
    }
}

/// Cancel-safe, as [`Chip::transaction_async`] is.
impl<W: Word> embedded_hal_async::spi::SpiDevice<W> for Chip {
    async fn transaction(&mut self, operations: &mut [Operation<'_, W>]) -> Result<()> {
        self.transaction_async(operations).await
    }
}

macro_rules! bus {
    ($($name:ident($($argument:ident: $type:ty),*) => $operation:ident;)*) => {
        impl<W: Word> embedded_hal::spi::SpiBus<W> for Lines {
            $(fn $name(&mut self, $($argument: $type),*) -> Result<()> {
                self.transaction(&mut [Operation::$operation($($argument),*)])
            })*

            fn flush(&mut self) -> Result<()> {
                Ok(())
            }
        }

        /// Cancel-safe, as [`Lines::transaction_async`] is.
        impl<W: Word> embedded_hal_async::spi::SpiBus<W> for Lines {
            $(async fn $name(&mut self, $($argument: $type),*) -> Result<()> {
                self.transaction_async(&mut [Operation::$operation($($argument),*)]).await
            })*

            async fn flush(&mut self) -> Result<()> {
                Ok(())
            }
        }
    };
}

bus! {
    read(words: &mut [W]) => Read;
    write(words: &[W]) => Write;
    transfer(read: &mut [W], write: &[W]) => Transfer;
    transfer_in_place(words: &mut [W]) => TransferInPlace;
}

impl fmt::Debug for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chip").field("node", &self.node).field("select", &self.select).finish_non_exhaustive()
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("node", &self.node).finish_non_exhaustive()
    }
}
