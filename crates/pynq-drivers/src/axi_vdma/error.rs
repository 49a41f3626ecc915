//! What can go wrong with frames.

use pynq_core::{dma::DmaError, driver_error};

use super::VdmaStatus;
use crate::axi_dma::DmaDirection;

/// An error of the block that stops a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VdmaFault {
    /// The memory answered with an error.
    Slave,
    /// There is no memory at the address.
    Decode,
    /// Frames of another size than the format, in a build that does not bear them; or an error inside the block.
    Internal,
    /// The channel has stopped, and does not say why.
    Stopped,
}

impl VdmaFault {
    pub(super) const fn of(status: VdmaStatus) -> Self {
        match status {
            _ if status.contains(VdmaStatus::DECODE_ERROR) => Self::Decode,
            _ if status.contains(VdmaStatus::SLAVE_ERROR) => Self::Slave,
            _ if status.contains(VdmaStatus::INTERNAL_ERROR) => Self::Internal,
            _ => Self::Stopped,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Slave => "the memory answered with an error (VDMASlvErr); check what the address belongs to",
            Self::Decode => {
                "the block reaches no memory at the address (VDMADecErr); check its address space in the design"
            }
            Self::Internal => {
                "frames were not of the size that it was started with (VDMAIntErr); start it anew with theirs"
            }
            Self::Stopped => "it has stopped by itself, without an error; was it reset by another program?",
        }
    }
}

/// How a frame differs from the format: what the stream brought was not of the size that the channel was started with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SizeFaults {
    /// There were fewer lines.
    pub fewer_lines: bool,
    /// There were more lines.
    pub more_lines: bool,
    /// A line was shorter.
    pub shorter_line: bool,
    /// A line was longer.
    pub longer_line: bool,
}

impl SizeFaults {
    pub(super) const fn of(status: VdmaStatus) -> Self {
        Self {
            fewer_lines: status.contains(VdmaStatus::SOF_EARLY),
            more_lines: status.contains(VdmaStatus::SOF_LATE),
            shorter_line: status.contains(VdmaStatus::EOL_EARLY),
            longer_line: status.contains(VdmaStatus::EOL_LATE),
        }
    }

    /// Whether there is any.
    #[must_use]
    pub const fn any(self) -> bool {
        self.fewer_lines || self.more_lines || self.shorter_line || self.longer_line
    }
}

driver_error! {
    /// Why an operation on an AXI VDMA failed.
    pub enum AxiVdmaError {
        /// A channel that is not there.
        NoChannel {
            /// Which one.
            channel: DmaDirection,
        } => "this AXI VDMA was built without {channel}; use the other channel, or rebuild the design",
        /// The channel's interrupt output reaches the processor by no way.
        NoInterrupt {
            /// Which channel.
            channel: DmaDirection,
        } => ("the interrupt of {channel} (`{}`) is not wired in the design; connect it", channel.interrupt()),
        /// A size that the registers have no bits for.
        Size {
            /// Lines of a frame.
            lines: u32,
            /// Bytes of a line.
            line_bytes: u32,
        } => "{lines} lines of {line_bytes} bytes; a frame has 1 to 8191 lines of 1 to 65535 bytes",
        /// A stride that the channel can't do.
        Stride {
            /// Bytes from line to line.
            stride: u32,
            /// Bytes of a line.
            line_bytes: u32,
            /// What a stride has to be a multiple of.
            alignment: usize,
        } => "lines {stride} bytes apart; it takes a multiple of {alignment} between the line's {line_bytes} and 65535",
        /// A buffer that a frame does not fit into.
        SmallBuffer {
            /// How many bytes it has.
            length: usize,
            /// How many a frame takes.
            needed: usize,
        } => "a buffer of {length} bytes for a frame of {needed}; allocate it by `request`",
        /// An address that a channel without a realignment engine can't begin at.
        Misaligned {
            /// The address.
            address: u64,
            /// What it has to be a multiple of.
            alignment: usize,
        } => "{address:#x} is no multiple of {alignment}, at which this channel has to begin; allocate the buffer by `request`",
        /// An address that the block was not built for.
        Unreachable {
            /// The address.
            address: u64,
            /// How many bytes are there.
            length: usize,
            /// How many address bits the block has.
            bits: u8,
        } => "the {length} bytes at {address:#x} are beyond the {bits} address bits of this AXI VDMA; allocate the buffer by `request`",
        /// Fewer buffers than it takes.
        TooFewBuffers {
            /// How many were given.
            given: usize,
            /// How many it takes at least.
            needed: usize,
        } => "{given} buffers; this channel takes {needed} at least, one for each frame store and one for the program",
        /// The channel was not started.
        NotStarted {
            /// Which one.
            channel: DmaDirection,
        } => "{channel} does not run; start it first",
        /// The channel was started before.
        Started {
            /// Which one.
            channel: DmaDirection,
        } => "{channel} runs; stop it first",
        /// The program holds every frame there is.
        AllHeld {
            /// How many it holds.
            held: usize,
        } => "the program holds all {held} frames that are not in the block's hands; drop one, or start with more buffers",
        /// A frame of another channel, or of the time before the channel was started anew.
        ForeignFrame => "this frame is not one of this block as it was last started, or of another size than is shown; take one by `new_frame`",
        /// The channel has stopped on an error.
        Fault {
            /// The channel.
            channel: DmaDirection,
            /// What it reports.
            fault: VdmaFault,
        } => ("{channel} has stopped: {}", fault.text()),
        /// The channel does not begin to run.
        DoesNotRun {
            /// Which one.
            channel: DmaDirection,
        } => "{channel} does not begin to run; are the clocks of its stream and of its memory port running?",
        /// A reset that does not end. The channel may still access the memory it was given, which is leaked.
        ResetStuck {
            /// Which one.
            channel: DmaDirection,
        } => "the reset of {channel} of this AXI VDMA does not end; is the clock of its stream running? Program the logic anew",
        /// The processor and the device could not be made to see the same.
        Memory {
            /// Why.
            error: DmaError,
        } => "{error}",
    }
}
