//! How an AXI VDMA was built, and what follows from it for frames.

use core::fmt;

use pynq_core::{
    ParameterError, Parameters,
    dma::{AddressWidth, DmaRequest, Packet as _, Piece},
    regs::WindowTooSmall,
};

use super::AxiVdmaError;
use crate::axi_dma::{DmaDirection, data_bytes};

/// How a channel was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VdmaChannelConfig {
    /// `C_M_AXI_*_DATA_WIDTH` / 8: bytes that its memory port moves at a time, 4 to 128.
    pub data_bytes: u8,
    /// `C_INCLUDE_*_DRE`: frames and lines may begin at any address, not at multiples of `data_bytes` alone.
    pub realigns: bool,
}

impl VdmaChannelConfig {
    /// 64 bits, without realignment.
    pub const DEFAULT: Self = Self { data_bytes: 8, realigns: false };
}

/// How an AXI VDMA was built; the handoff file's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxiVdmaConfig {
    /// `C_INCLUDE_MM2S`: the channel from memory to the stream.
    pub output: Option<VdmaChannelConfig>,
    /// `C_INCLUDE_S2MM`: the channel from the stream to memory.
    pub input: Option<VdmaChannelConfig>,
    /// `C_NUM_FSTORES`: frame stores of each channel, 1 to 32.
    pub stores: u8,
    /// `c_addr_width`: bits of an address, 32 to 64.
    pub address_width: u8,
    /// `C_FLUSH_ON_FSYNC`: a frame of another size does not stop the channel.
    pub flushes: bool,
}

impl AxiVdmaConfig {
    /// Both channels with three frame stores, and addresses of 32 bits.
    #[must_use]
    pub const fn new() -> Self {
        let channel = Some(VdmaChannelConfig::DEFAULT);
        Self { output: channel, input: channel, stores: 3, address_width: 32, flushes: true }
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with.
    pub fn from_parameters(built: &Parameters<'_>) -> Result<Self, ParameterError> {
        let channel = |include, width, realigns| {
            if !built.flag(include, true)? {
                return Ok(None);
            }
            let data_bytes = data_bytes(built, width, 64)?;
            Ok(Some(VdmaChannelConfig { data_bytes, realigns: built.flag(realigns, false)? }))
        };
        Ok(Self {
            output: channel("C_INCLUDE_MM2S", "C_M_AXI_MM2S_DATA_WIDTH", "C_INCLUDE_MM2S_DRE")?,
            input: channel("C_INCLUDE_S2MM", "C_M_AXI_S2MM_DATA_WIDTH", "C_INCLUDE_S2MM_DRE")?,
            stores: built.byte("C_NUM_FSTORES", 3, 1, 32)?,
            address_width: built.byte("c_addr_width", 32, 32, 64)?,
            flushes: built.flag("C_FLUSH_ON_FSYNC", true)?,
        })
    }

    /// How a channel was built; `None` if it was not.
    #[must_use]
    pub const fn channel(&self, direction: DmaDirection) -> Option<VdmaChannelConfig> {
        match direction {
            DmaDirection::Send => self.output,
            DmaDirection::Receive => self.input,
        }
    }

    pub(super) const fn wide(&self) -> bool {
        self.address_width > 32
    }

    pub(super) fn validate(&self) -> Result<(), AxiVdmaConfigError> {
        if self.output.is_none() && self.input.is_none() {
            return Err(AxiVdmaConfigError::NoChannel);
        }
        // Addresses of two words each leave room for eight in the window of sixteen.
        let most = if self.wide() { 8 } else { 32 };
        if self.stores < 2 || self.stores > most {
            return Err(AxiVdmaConfigError::Stores { found: self.stores, most });
        }
        Ok(())
    }

    /// What frames of this format have to be allocated with, on this channel.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn request(&self, direction: DmaDirection, format: FrameFormat) -> Result<DmaRequest, AxiVdmaError> {
        self.check(direction, format)?;
        let alignment = self.alignment(direction).max(64);
        let width = AddressWidth::new(self.address_width).unwrap_or(AddressWidth::BITS_32);
        Ok(DmaRequest::new(format.byte_len()).alignment(alignment).address_width(width))
    }

    const fn alignment(&self, direction: DmaDirection) -> usize {
        match self.channel(direction) {
            Some(VdmaChannelConfig { data_bytes, realigns: false }) => data_bytes as usize,
            _ => 1,
        }
    }

    /// Frames of so many lines, whose beginnings are far enough apart for both channels: what comes in can be shown as it is.
    #[must_use]
    pub const fn format(&self, lines: u32, line_bytes: u32) -> FrameFormat {
        let (one, other) = (self.alignment(DmaDirection::Send), self.alignment(DmaDirection::Receive));
        let alignment = if one > other { one } else { other };
        FrameFormat { lines, line_bytes, stride: line_bytes.next_multiple_of(alignment as u32) }
    }

    /// Whether a channel can move frames of this format.
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::NoChannel`], [`AxiVdmaError::Size`], or [`AxiVdmaError::Stride`].
    pub fn check(&self, direction: DmaDirection, format: FrameFormat) -> Result<(), AxiVdmaError> {
        if self.channel(direction).is_none() {
            return Err(AxiVdmaError::NoChannel { channel: direction });
        }
        let FrameFormat { lines, line_bytes, stride } = format;
        if lines == 0 || lines > FrameFormat::MOST_LINES || line_bytes == 0 || line_bytes > FrameFormat::LONGEST_LINE {
            return Err(AxiVdmaError::Size { lines, line_bytes });
        }
        let alignment = self.alignment(direction);
        if stride < line_bytes || stride > FrameFormat::LONGEST_LINE || stride as usize % alignment != 0 {
            return Err(AxiVdmaError::Stride { stride, line_bytes, alignment });
        }
        Ok(())
    }

    pub(super) fn check_piece(
        &self,
        direction: DmaDirection,
        format: FrameFormat,
        Piece { address, length }: Piece,
    ) -> Result<(), AxiVdmaError> {
        let needed = format.byte_len();
        if length < needed {
            return Err(AxiVdmaError::SmallBuffer { length, needed });
        }
        let alignment = self.alignment(direction);
        if address % alignment as u64 != 0 {
            return Err(AxiVdmaError::Misaligned { address, alignment });
        }
        let width = AddressWidth::new(self.address_width).unwrap_or(AddressWidth::BITS_32);
        if !width.reaches(address, needed) {
            return Err(AxiVdmaError::Unreachable { address, length: needed, bits: self.address_width });
        }
        Ok(())
    }

    pub(super) fn check_buffer(
        &self,
        direction: DmaDirection,
        format: FrameFormat,
        buffer: &pynq_core::dma::DmaBuffer,
    ) -> Result<(), AxiVdmaError> {
        buffer.piece(0).map_or(Ok(()), |piece| self.check_piece(direction, format, piece))
    }
}

impl Default for AxiVdmaConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// The size of frames, and how they lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameFormat {
    /// Lines of a frame, 1 to 8191.
    pub lines: u32,
    /// Bytes of a line, 1 to 65535.
    pub line_bytes: u32,
    /// Bytes from the beginning of a line to that of the next, `line_bytes` at least.
    pub stride: u32,
}

impl FrameFormat {
    /// What VSIZE has bits for.
    pub const MOST_LINES: u32 = 0x1FFF;
    /// What HSIZE has bits for.
    pub const LONGEST_LINE: u32 = 0xFFFF;

    /// Lines that lie one behind the other.
    #[must_use]
    pub const fn new(lines: u32, line_bytes: u32) -> Self {
        Self { lines, line_bytes, stride: line_bytes }
    }

    /// The same frames with so many bytes from line to line.
    #[must_use]
    pub const fn with_stride(mut self, stride: u32) -> Self {
        self.stride = stride;
        self
    }

    /// How many bytes a frame takes in memory: whole lines but for the last, which ends with its bytes.
    #[must_use]
    pub const fn byte_len(&self) -> usize {
        (self.lines.saturating_sub(1) as usize) * self.stride as usize + self.line_bytes as usize
    }
}

impl fmt::Display for FrameFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines of {} bytes", self.lines, self.line_bytes)
    }
}

/// Why an AXI VDMA could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiVdmaConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// It has neither channel.
    NoChannel,
    /// Too few frame stores, or more than this driver can reach.
    Stores {
        /// How many it is said to have.
        found: u8,
        /// How many it can have.
        most: u8,
    },
    /// The reset of a channel did not end.
    ResetStuck {
        /// Which one.
        channel: DmaDirection,
    },
}

impl fmt::Display for AxiVdmaConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::NoChannel => f.write_str("an AXI VDMA has one channel at least, this one is said to have none"),
            Self::Stores { found, most } => write!(
                f,
                "this AXI VDMA is said to have {found} frame stores (C_NUM_FSTORES); frames are handed over without a copy with 2 to {most}, so build it with 3 or more"
            ),
            Self::ResetStuck { channel } => {
                write!(f, "the reset of {channel} of this AXI VDMA does not end; is the clock of its stream running?")
            }
        }
    }
}

impl core::error::Error for AxiVdmaConfigError {}

impl From<WindowTooSmall> for AxiVdmaConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
