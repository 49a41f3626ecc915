//! One of the two channels of a block.

use core::{fmt, time::Duration};

use embedded_hal::delay::DelayNs;
use pynq_core::{
    BlockError,
    dma::{Direction, DmaBuffer, DmaRequest, Packet, Pod},
    interrupt::{NodeHandle, Waiting},
};

use super::{AxiDmaError, AxiDmaHardware, Cyclic, DmaDirection, DmaLimits, Transfer, TransferError, Transferred};

/// A channel of an AXI DMA: `dma.send()?`, `dma.receive()?`. Clones are handles on the same channel.
///
/// In direct mode a channel has one transfer at a time, and refuses another one while that has not ended. With
/// scatter-gather, up to 16 transfers are queued, and the block goes from one to the next by itself; giving up one that has not
/// ended ends those of the channel that have not either. A packet that is received into several buffers and ends before the
/// last of them stops the channel: the block would go on to fill the rest with the next packet.
#[derive(Clone)]
pub struct DmaChannel {
    pub(super) node: NodeHandle<AxiDmaHardware>,
    pub(super) direction: DmaDirection,
    pub(super) limits: DmaLimits,
    /// Its transfers wait for no interrupt.
    pub(super) polled: bool,
}

impl DmaChannel {
    /// Transfers `packet`: sends all of it, or receives up to the end that the stream marks. Nothing happens before the first
    /// poll.
    ///
    /// The packet is gone until the transfer has ended, and comes back with the number of bytes, or in the error. A receiving
    /// transfer has to be under way before what it receives is sent: poll that one first, or [`start`](Self::start) it.
    ///
    /// A stream that stalls raises no interrupt, and with scatter-gather, neither does a packet that is longer than its buffers:
    /// give a deadline. The error of the latter is then [`DmaFault::Internal`](super::DmaFault::Internal).
    ///
    /// # Errors
    ///
    /// A [`TransferError`], with the packet. Before any register is touched: [`AxiDmaError::Empty`],
    /// [`TooLong`](AxiDmaError::TooLong), [`Misaligned`](AxiDmaError::Misaligned), [`Unreachable`](AxiDmaError::Unreachable),
    /// [`CrossesPage`](AxiDmaError::CrossesPage), [`SeveralBuffers`](AxiDmaError::SeveralBuffers),
    /// [`NoInterrupt`](AxiDmaError::NoInterrupt), [`Busy`](AxiDmaError::Busy). Then [`Fault`](AxiDmaError::Fault), of this
    /// channel or of the other one, [`Reset`](AxiDmaError::Reset), and what else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it stops the channel, and if that does not stop, resets the block, which ends a transfer of the other channel
    /// with [`AxiDmaError::Reset`]. Then the packet is freed; if the reset does not end either, it is leaked. Where it is
    /// wanted back, give a deadline by `until(..)`, whose error has it, or [`cancel`](Transfer::cancel).
    pub fn transfer_async<P: Packet>(&self, packet: P) -> Waiting<Transfer<P>> {
        Waiting::new(Transfer::new(self.clone(), packet))
    }

    /// The blocking form of [`transfer_async`](Self::transfer_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn transfer<P: Packet>(&self, packet: P) -> Result<Transferred<P>, TransferError<P>> {
        self.transfer_async(packet).block()
    }

    /// Starts a transfer now, to be awaited or blocked on later: PYNQ's `transfer`, whose `wait` that is.
    ///
    /// # Errors
    ///
    /// As [`transfer_async`](Self::transfer_async), as far as the start goes.
    pub fn start<P: Packet>(&self, packet: P) -> Result<Waiting<Transfer<P>>, TransferError<P>> {
        let transfer = Transfer::new(self.clone(), packet);
        transfer.start()?;
        Ok(Waiting::new(transfer))
    }

    /// Transfers `packet` without an interrupt: looks at the status, and then every `pause`, for `longest` at most. For a channel
    /// whose interrupt isn't wired, and for short transfers, which end before a task is put to sleep.
    ///
    /// # Blocking
    ///
    /// Keeps the calling thread, as `delay` does.
    ///
    /// # Errors
    ///
    /// As [`transfer_async`](Self::transfer_async); `TimedOut` as a [`Node`](AxiDmaError::Node) error.
    pub fn transfer_polled<P: Packet>(
        &self,
        packet: P,
        delay: &mut impl DelayNs,
        pause: Duration,
        longest: Duration,
    ) -> Result<Transferred<P>, TransferError<P>> {
        let nanos = u32::try_from(pause.as_nanos()).unwrap_or(u32::MAX);
        let looks = longest.as_nanos() / pause.as_nanos().max(1) + 1;
        let looks = u32::try_from(looks).unwrap_or(u32::MAX);
        Transfer::new(Self { polled: true, ..self.clone() }, packet).poll_hardware(looks, || delay.delay_ns(nanos))
    }

    /// Plays `buffer`, or fills it, again and again in so many equal periods, until what this returns is dropped or stopped. With
    /// scatter-gather only, and a descriptor for each period. The producer of what is received has to mark the end of each
    /// period (TLAST).
    ///
    /// # Errors
    ///
    /// With the buffer: [`AxiDmaError::NotCyclic`], [`AxiDmaError::Periods`], [`AxiDmaError::TooManyBuffers`], and as
    /// [`transfer_async`](Self::transfer_async).
    pub fn cyclic<T: Pod>(
        &self,
        buffer: DmaBuffer<T>,
        periods: usize,
    ) -> Result<Cyclic<T>, TransferError<DmaBuffer<T>>> {
        Cyclic::start(self.clone(), buffer, periods)
    }

    /// Gives the channel memory for descriptors, 64 bytes each: as many as there are buffers in all the transfers that are to be
    /// queued at a time. For scatter-gather only; the facade has done so.
    ///
    /// # Errors
    ///
    /// With the memory: [`AxiDmaError::Misaligned`] if its address is no multiple of 64, [`AxiDmaError::Unreachable`],
    /// [`AxiDmaError::TooManyBuffers`] if there is no room for one, [`AxiDmaError::Busy`].
    pub fn use_descriptors(&self, memory: DmaBuffer) -> Result<(), TransferError<DmaBuffer>> {
        let mut memory = Some(memory);
        let set = self.node.access(|hardware| match memory.take() {
            Some(given) => hardware.set_ring(self.direction, given, &self.limits).map_err(|(back, error)| {
                memory = Some(back);
                error
            }),
            None => Ok(()),
        });
        set.map_err(|error| TransferError { packet: memory, error })
    }

    /// How many descriptors the channel has; 0 in direct mode, and before it was given some.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn descriptors(&self) -> Result<usize, BlockError<AxiDmaError>> {
        self.node.access(|hardware| Ok(hardware.descriptors(self.direction)))
    }

    /// Whether a transfer is under way.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn is_busy(&self) -> Result<bool, BlockError<AxiDmaError>> {
        self.node.access(|hardware| Ok(hardware.is_busy(self.direction)))
    }

    /// A request for memory of `size` bytes that this channel can transfer as one buffer: `overlay.allocate_for(&request)`.
    #[must_use]
    pub const fn request(&self, size: usize) -> DmaRequest {
        self.limits.request(size)
    }

    /// What the channel can transfer.
    #[must_use]
    pub const fn limits(&self) -> &DmaLimits {
        &self.limits
    }

    /// Which way the data goes.
    #[must_use]
    pub const fn direction(&self) -> DmaDirection {
        self.direction
    }

    /// The node of the block.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<AxiDmaHardware> {
        &self.node
    }

    /// As memory calls it.
    pub(super) const fn memory_direction(&self) -> Direction {
        match self.direction {
            DmaDirection::Send => Direction::ToDevice,
            DmaDirection::Receive => Direction::FromDevice,
        }
    }

    /// Wakes the waits whose transfers have ended without an interrupt.
    pub(super) fn announce(&self) {
        if self.node.with_hardware(|hardware| hardware.has_news()) == Ok(true) {
            for direction in [DmaDirection::Send, DmaDirection::Receive] {
                // A look at a line counts what is new on it, for all that wait there.
                let _ = self.node.line(direction.line());
            }
        }
    }
}

impl fmt::Debug for DmaChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DmaChannel").field("direction", &self.direction).finish_non_exhaustive()
    }
}
