//! How an AXI DMA was built, and what follows from it for a transfer.

use core::fmt;

use pynq_core::{
    Allowed, Found, ParameterError, Parameters,
    dma::{AddressWidth, DmaRequest, Packet, Piece},
    regs::WindowTooSmall,
};

use super::AxiDmaError;

/// One of the two channels: which way the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DmaDirection {
    /// MM2S: from memory to the stream.
    Send,
    /// S2MM: from the stream to memory.
    Receive,
}

impl DmaDirection {
    /// The line of the channel in the block's node.
    #[must_use]
    pub const fn line(self) -> u8 {
        self as u8
    }

    /// The other channel.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Send => Self::Receive,
            Self::Receive => Self::Send,
        }
    }

    /// The name of the channel's interrupt output.
    #[must_use]
    pub const fn interrupt(self) -> &'static str {
        match self {
            Self::Send => "mm2s_introut",
            Self::Receive => "s2mm_introut",
        }
    }
}

impl fmt::Display for DmaDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send => "MM2S",
            Self::Receive => "S2MM",
        })
    }
}

/// How a channel was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DmaChannelConfig {
    /// `C_M_AXI_*_DATA_WIDTH` / 8: bytes that its memory port moves at a time, 4 to 128.
    pub data_bytes: u8,
    /// `C_INCLUDE_*_DRE`: data may begin at any address, not at multiples of `data_bytes` alone.
    pub realigns: bool,
    /// `C_*_BURST_SIZE`: beats of a burst.
    pub burst: u16,
}

impl DmaChannelConfig {
    /// 32 bits, without realignment.
    pub const DEFAULT: Self = Self { data_bytes: 4, realigns: false, burst: 16 };
}

/// How an AXI DMA was built; the handoff file's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxiDmaConfig {
    /// `C_INCLUDE_MM2S`: the channel from memory to the stream.
    pub send: Option<DmaChannelConfig>,
    /// `C_INCLUDE_S2MM`: the channel from the stream to memory.
    pub receive: Option<DmaChannelConfig>,
    /// `C_INCLUDE_SG`: scatter-gather instead of the direct mode.
    pub scatter_gather: bool,
    /// `C_SG_LENGTH_WIDTH`: bits of a length, 8 to 26.
    pub length_width: u8,
    /// `c_addr_width`: bits of an address, 32 to 64.
    pub address_width: u8,
    /// `C_MICRO_DMA`: the reduced block, of which a transfer is one burst.
    pub micro: bool,
    /// `C_ENABLE_MULTI_CHANNEL`, which this driver has no use for.
    pub multi_channel: bool,
}

impl AxiDmaConfig {
    /// Both channels in direct mode, with lengths of 14 bits and addresses of 32.
    #[must_use]
    pub const fn new() -> Self {
        let channel = Some(DmaChannelConfig::DEFAULT);
        Self {
            send: channel,
            receive: channel,
            scatter_gather: false,
            length_width: 14,
            address_width: 32,
            micro: false,
            multi_channel: false,
        }
    }

    /// What the parameters of the handoff file say. One that it doesn't have has the data sheet's default.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no block can have been built with.
    pub fn from_parameters(built: &Parameters<'_>) -> Result<Self, ParameterError> {
        let channel = |include, width, realigns, burst| {
            if !built.flag(include, true)? {
                return Ok(None);
            }
            let data_bytes = data_bytes(built, width, 32)?;
            let realigns = built.flag(realigns, false)?;
            #[allow(clippy::cast_possible_truncation)] // at most 256
            let burst = built.number(burst, 16, 2, 256)? as u16;
            Ok(Some(DmaChannelConfig { data_bytes, realigns, burst }))
        };
        Ok(Self {
            send: channel("C_INCLUDE_MM2S", "C_M_AXI_MM2S_DATA_WIDTH", "C_INCLUDE_MM2S_DRE", "C_MM2S_BURST_SIZE")?,
            receive: channel("C_INCLUDE_S2MM", "C_M_AXI_S2MM_DATA_WIDTH", "C_INCLUDE_S2MM_DRE", "C_S2MM_BURST_SIZE")?,
            scatter_gather: built.flag("C_INCLUDE_SG", true)?,
            length_width: built.byte("C_SG_LENGTH_WIDTH", 14, 8, 26)?,
            address_width: built.byte("c_addr_width", 32, 32, 64)?,
            micro: built.flag("C_MICRO_DMA", false)?,
            multi_channel: built.flag("C_ENABLE_MULTI_CHANNEL", false)?,
        })
    }

    /// How a channel was built; `None` if it was not.
    #[must_use]
    pub const fn channel(&self, direction: DmaDirection) -> Option<DmaChannelConfig> {
        match direction {
            DmaDirection::Send => self.send,
            DmaDirection::Receive => self.receive,
        }
    }

    /// The most bytes of a transfer in direct mode, and of each buffer of one with scatter-gather.
    #[must_use]
    pub const fn max_length(&self) -> usize {
        (1 << self.length_width) - 1
    }

    /// Checks that a block can have been built like this, and that this driver can use it.
    ///
    /// # Errors
    ///
    /// [`AxiDmaConfigError`].
    pub const fn validate(&self) -> Result<(), AxiDmaConfigError> {
        if self.length_width < 8 || self.length_width > 26 {
            return Err(AxiDmaConfigError::LengthWidth { found: self.length_width });
        }
        if self.address_width < 32 || self.address_width > 64 {
            return Err(AxiDmaConfigError::AddressWidth { found: self.address_width });
        }
        if self.send.is_none() && self.receive.is_none() {
            return Err(AxiDmaConfigError::NoChannel);
        }
        if self.multi_channel {
            return Err(AxiDmaConfigError::MultiChannel);
        }
        Ok(())
    }

    pub(super) fn limits(&self, direction: DmaDirection) -> Option<DmaLimits> {
        let channel = self.channel(direction)?;
        let burst = usize::from(channel.burst) * usize::from(channel.data_bytes);
        let longest = if self.micro { self.max_length().min(burst) } else { self.max_length() };
        Some(DmaLimits {
            longest,
            alignment: if channel.realigns { 1 } else { channel.data_bytes.into() },
            width: AddressWidth::new(self.address_width).unwrap_or(AddressWidth::BITS_32),
            within_page: self.micro,
            scatter_gather: self.scatter_gather,
        })
    }
}

impl Default for AxiDmaConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes that a memory port of a DMA moves at a time, from the parameter that has the bits.
pub(crate) fn data_bytes(built: &Parameters<'_>, name: &'static str, default: u32) -> Result<u8, ParameterError> {
    match built.number(name, default, 32, 1024)? {
        #[allow(clippy::cast_possible_truncation)] // at most 128
        bits @ (32 | 64 | 128 | 256 | 512 | 1024) => Ok((bits / 8) as u8),
        found => Err(ParameterError {
            parameter: name,
            found: Found::Number(found.into()),
            allowed: Allowed::OneOf(&[32, 64, 128, 256, 512, 1024]),
        }),
    }
}

/// What a channel can transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DmaLimits {
    /// The most bytes of a buffer.
    pub longest: usize,
    /// What the address of a buffer has to be a multiple of.
    pub alignment: usize,
    /// The addresses that the channel reaches.
    pub width: AddressWidth,
    /// A buffer must not cross a boundary of 4 KiB.
    pub within_page: bool,
    /// A packet may be in several buffers.
    pub scatter_gather: bool,
}

/// The boundary that a transfer of the reduced block must not cross.
const PAGE: u64 = 4096;

impl DmaLimits {
    /// A request for memory that the channel can transfer as one buffer.
    #[must_use]
    pub const fn request(&self, size: usize) -> DmaRequest {
        DmaRequest::new(size).alignment(self.alignment).address_width(self.width)
    }

    /// Checks that a packet can be transferred, without touching the hardware.
    pub(super) fn check(&self, packet: &impl Packet) -> Result<(), AxiDmaError> {
        let pieces = packet.piece_count();
        if pieces > 1 && !self.scatter_gather {
            return Err(AxiDmaError::SeveralBuffers { count: pieces });
        }
        if pieces == 0 {
            return Err(AxiDmaError::Empty);
        }
        (0..pieces).filter_map(|index| packet.piece(index)).try_for_each(|piece| self.check_piece(piece))
    }

    pub(super) fn check_piece(&self, piece: Piece) -> Result<(), AxiDmaError> {
        let Piece { address, length } = piece;
        if length == 0 {
            return Err(AxiDmaError::Empty);
        }
        if length > self.longest {
            return Err(AxiDmaError::TooLong { length, longest: self.longest });
        }
        if address % self.alignment as u64 != 0 {
            return Err(AxiDmaError::Misaligned { address, alignment: self.alignment });
        }
        if !self.width.reaches(address, length) {
            return Err(AxiDmaError::Unreachable { address, length, bits: self.width.bits() });
        }
        if self.within_page && address / PAGE != (address + (length as u64 - 1)) / PAGE {
            return Err(AxiDmaError::CrossesPage { address, length });
        }
        Ok(())
    }
}

/// Why an AXI DMA could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AxiDmaConfigError {
    /// The window doesn't hold the block's registers.
    WindowTooSmall(WindowTooSmall),
    /// No length has that many bits.
    LengthWidth {
        /// How many it is said to have.
        found: u8,
    },
    /// No address has that many bits.
    AddressWidth {
        /// How many it is said to have.
        found: u8,
    },
    /// It has neither channel.
    NoChannel,
    /// It was built for several streams on a channel.
    MultiChannel,
    /// The block and the handoff file don't agree on whether there is scatter-gather.
    Mode {
        /// What the block says.
        scatter_gather: bool,
    },
    /// The reset of the block did not end.
    ResetStuck,
}

impl fmt::Display for AxiDmaConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::LengthWidth { found } => write!(
                f,
                "a length of an AXI DMA has 8 to 26 bits, this one's is said to have {found}; check its C_SG_LENGTH_WIDTH"
            ),
            Self::AddressWidth { found } => write!(
                f,
                "an address of an AXI DMA has 32 to 64 bits, this one's is said to have {found}; check its c_addr_width"
            ),
            Self::NoChannel => f.write_str("an AXI DMA has one channel at least, this one is said to have none"),
            Self::MultiChannel => f.write_str(
                "this AXI DMA was built for several streams on a channel (C_ENABLE_MULTI_CHANNEL), which this driver can't use; build it for one",
            ),
            Self::Mode { scatter_gather } => write!(
                f,
                "this AXI DMA was built with{} scatter-gather, and the handoff file says otherwise; use the file of the design that is loaded",
                if *scatter_gather { "" } else { "out" },
            ),
            Self::ResetStuck => f.write_str(
                "the reset of this AXI DMA does not end: its memory port or its stream never answers; check their clocks, or program the logic anew",
            ),
        }
    }
}

impl core::error::Error for AxiDmaConfigError {}

impl From<WindowTooSmall> for AxiDmaConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
