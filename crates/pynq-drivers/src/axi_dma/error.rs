//! What can go wrong with a transfer.

use core::fmt;

use pynq_core::{BlockError, dma::DmaError, driver_error};

use super::{DmaDirection, DmaStatus};

/// An error that the block reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DmaFault {
    /// A packet longer than what was to receive it, or an error inside the block.
    Internal,
    /// The memory answered with an error.
    Slave,
    /// There is no memory at the address.
    Decode,
    /// A descriptor was fetched that is complete already.
    StaleDescriptor,
    /// The memory answered with an error when a descriptor was accessed.
    DescriptorSlave,
    /// There is no memory at the address of a descriptor.
    DescriptorDecode,
    /// The channel has stopped, and does not say why.
    Unknown,
}

impl DmaFault {
    /// The first of the errors in a status; those of descriptors come last, since they follow from nothing else.
    pub(super) const fn of(status: DmaStatus) -> Self {
        match status {
            _ if status.contains(DmaStatus::DECODE_ERROR) => Self::Decode,
            _ if status.contains(DmaStatus::SLAVE_ERROR) => Self::Slave,
            _ if status.contains(DmaStatus::INTERNAL_ERROR) => Self::Internal,
            _ if status.contains(DmaStatus::SG_DECODE_ERROR) => Self::DescriptorDecode,
            _ if status.contains(DmaStatus::SG_SLAVE_ERROR) => Self::DescriptorSlave,
            _ if status.contains(DmaStatus::SG_INTERNAL_ERROR) => Self::StaleDescriptor,
            _ => Self::Unknown,
        }
    }

    const fn text(self, channel: DmaDirection) -> &'static str {
        match (self, channel) {
            (Self::Internal, DmaDirection::Receive) => {
                "the packet is longer than its buffer, or the stream never marks its end (TLAST); give more room, or make the producer mark it"
            }
            (Self::Internal, DmaDirection::Send) => "an error inside the block (DMAIntErr); reset the design",
            (Self::Slave, _) => "the memory answered with an error (DMASlvErr); check what the address belongs to",
            (Self::Decode, _) => {
                "the block reaches no memory at the address (DMADecErr); check its address space in the design"
            }
            (Self::StaleDescriptor, _) => "a descriptor was fetched that is complete already (SGIntErr)",
            (Self::DescriptorSlave, _) => "the memory of its descriptors answered with an error (SGSlvErr)",
            (Self::DescriptorDecode, _) => {
                "the block reaches no memory at the address of its descriptors (SGDecErr); check M_AXI_SG's address space"
            }
            (Self::Unknown, _) => "it has stopped by itself, without an error; was it reset by another program?",
        }
    }
}

/// A descriptor's number in its packet, for messages: nothing where there is none.
struct Of(Option<u16>);

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(f, " at descriptor {number}"),
            None => Ok(()),
        }
    }
}

driver_error! {
    /// Why an operation on an AXI DMA failed.
    pub enum AxiDmaError {
        /// A channel that is not there.
        NoChannel {
            /// Which one.
            channel: DmaDirection,
        } => "this AXI DMA was built without {channel}; use the other channel, or rebuild the design",
        /// The channel's interrupt output reaches the processor by no way.
        NoInterrupt {
            /// Which channel.
            channel: DmaDirection,
        } => ("the interrupt of {channel} (`{}`) is not wired in the design; connect it, or use `transfer_polled`", channel.interrupt()),
        /// A transfer of no bytes.
        Empty => "a transfer of no bytes never starts; give one at least",
        /// More bytes than a length has bits for.
        TooLong {
            /// How many bytes a buffer has.
            length: usize,
            /// How many it can have.
            longest: usize,
        } => "{length} bytes are more than the {longest} that this AXI DMA transfers at once; split them, or build it with a longer C_SG_LENGTH_WIDTH",
        /// An address that a channel without a realignment engine can't begin at.
        Misaligned {
            /// The address.
            address: u64,
            /// What it has to be a multiple of.
            alignment: usize,
        } => "{address:#x} is no multiple of {alignment}, at which this channel has to begin; align the buffer, or build it with its realignment engine (DRE)",
        /// An address that the block was not built for.
        Unreachable {
            /// The address.
            address: u64,
            /// How many bytes are there.
            length: usize,
            /// How many address bits the block has.
            bits: u8,
        } => "the {length} bytes at {address:#x} are beyond the {bits} address bits of this AXI DMA; allocate the buffer by `request`",
        /// A transfer of the reduced block over a boundary of 4 KiB.
        CrossesPage {
            /// The address.
            address: u64,
            /// How many bytes are there.
            length: usize,
        } => "the {length} bytes at {address:#x} cross a boundary of 4 KiB, which this reduced AXI DMA (C_MICRO_DMA) can't; align the buffer",
        /// A packet in several buffers, without scatter-gather.
        SeveralBuffers {
            /// How many.
            count: usize,
        } => "a packet in {count} buffers takes scatter-gather, which this AXI DMA was built without; put it into one",
        /// More buffers than there is room for descriptors.
        TooManyBuffers {
            /// How many are wanted.
            count: usize,
            /// How many are free.
            free: usize,
        } => "{count} buffers take as many descriptors, and {free} are free; wait for earlier transfers, or make the ring longer",
        /// A ring of descriptors that is not there.
        NoDescriptors => "this AXI DMA works by scatter-gather and has no memory for descriptors yet; give it some by `use_descriptors`",
        /// Cyclic mode without scatter-gather.
        NotCyclic => "cyclic mode takes scatter-gather, which this AXI DMA was built without",
        /// A buffer that can't be divided like this.
        Periods {
            /// How many periods are wanted.
            periods: usize,
            /// How many items the buffer has.
            items: usize,
        } => "{items} items are no {periods} equal periods; two periods at least are needed, and a multiple of their number of items",
        /// The block has come round to a period before the program was through with it.
        Overrun {
            /// The period.
            number: u64,
            /// How many periods it is too late.
            lost: u64,
        } => "period {number} was overwritten, or sent anew, {lost} periods ago; be quicker, or use more or longer periods",
        /// Another transfer runs on the channel.
        Busy {
            /// Which one.
            channel: DmaDirection,
        } => "a transfer on {channel} has not ended; wait for it, or cancel it",
        /// The block has stopped on an error.
        Fault {
            /// The channel that has stopped. An error stops both, and ends the transfers of both with that of the one.
            channel: DmaDirection,
            /// What it reports.
            fault: DmaFault,
            /// Which of the packet's buffers it was at, where that is known.
            descriptor: Option<u16>,
        } => ("{channel} has stopped{}: {}", Of(descriptor), fault.text(channel)),
        /// The block was reset, because a transfer of the other channel was given up and did not stop.
        Reset => "the AXI DMA was reset while this transfer ran: one of its other channel was given up and could not be stopped alone",
        /// The channel does not begin to run.
        DoesNotRun {
            /// Which one.
            channel: DmaDirection,
        } => "{channel} does not begin to run; is its memory port's clock running?",
        /// A reset that does not end. Nothing can be done with the block any more, and it may still write.
        ResetStuck => "the reset of this AXI DMA does not end: its memory port or its stream never answers; program the logic anew",
        /// The processor and the device could not be made to see the same.
        Memory {
            /// Why.
            error: DmaError,
        } => "{error}",
        /// The transfer was polled after it had ended.
        Over => "this transfer has ended before, and gave its buffer back",
    }
}

/// Why a transfer failed, with what was to be transferred.
#[derive(Debug)]
pub struct TransferError<P> {
    /// What was to be transferred, in the processor's hands again. `None` if the hardware could not be made to let go of
    /// it: then its memory is leaked, since it may still be written to.
    pub packet: Option<P>,
    /// Why, with the name of the block.
    pub error: BlockError<AxiDmaError>,
}

impl<P> TransferError<P> {
    /// What went wrong.
    pub const fn cause(&self) -> &AxiDmaError {
        self.error.cause()
    }

    /// Whether a deadline passed first.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.error.is_timed_out()
    }

    /// Whether the memory is leaked.
    #[must_use]
    pub const fn is_leaked(&self) -> bool {
        self.packet.is_none()
    }
}

impl<P> fmt::Display for TransferError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        if self.is_leaked() {
            f.write_str(" (the memory of the transfer is leaked: the hardware may still access it)")?;
        }
        Ok(())
    }
}

impl<P: fmt::Debug> core::error::Error for TransferError<P> {}

impl<P> From<TransferError<P>> for BlockError<AxiDmaError> {
    /// The packet is dropped.
    fn from(failed: TransferError<P>) -> Self {
        failed.error
    }
}
