//! Memory that a block in the logic reads and writes by itself, and the hand-over of it.
//!
//! A bus master knows physical addresses, and on most ports of a Zynq it does not see the processor's caches. So a
//! buffer belongs to the processor or to the device at any time, and changes hands by two calls:
//!
//! * [`sync_for_device`](DmaBuffer::sync_for_device) before a transfer starts: what the processor wrote goes to memory;
//! * [`sync_for_cpu`](DmaBuffer::sync_for_cpu) after it ended: what the caches remember of that memory is forgotten.
//!
//! In between, the processor keeps its hands off the range. A transfer to memory needs both calls, since the cache may
//! write what it holds back at any moment, over what the device wrote. Where the two are coherent, the calls cost
//! nothing; a driver makes them all the same.
//!
//! Bytes are copied in and out. There are no slices of a buffer: the device changes it whenever it likes.
//!
//! ```
//! use pynq_core::dma::{Direction, DmaBuffer, DmaError};
//!
//! fn send(buffer: &mut dyn DmaBuffer, packet: &[u8]) -> Result<u64, DmaError> {
//!     buffer.copy_in(0, packet)?;
//!     buffer.sync_for_device(0..packet.len(), Direction::ToDevice)?;
//!     Ok(buffer.physical_address()) // for the register that starts the transfer
//! }
//! ```

use core::{fmt, ops::Range};

/// Which way the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The device reads.
    ToDevice,
    /// The device writes.
    FromDevice,
    /// The device does both.
    Bidirectional,
}

impl Direction {
    /// Whether the device reads.
    #[must_use]
    pub const fn device_reads(self) -> bool {
        matches!(self, Self::ToDevice | Self::Bidirectional)
    }

    /// Whether the device writes.
    #[must_use]
    pub const fn device_writes(self) -> bool {
        matches!(self, Self::FromDevice | Self::Bidirectional)
    }
}

/// How many address bits a bus master has, from 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressWidth(u8);

impl AddressWidth {
    /// 32 bits, which most blocks are built with.
    pub const BITS_32: Self = Self(32);
    /// 64 bits: any address.
    pub const BITS_64: Self = Self(64);

    /// A width in bits, as a block's `C_M_AXI_MM2S_ADDR_WIDTH`, `C_ADDR_WIDTH` and the like have it. `None` outside 1 to 64.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= 1 && bits <= 64 { Some(Self(bits)) } else { None }
    }

    /// The width in bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The highest address.
    #[must_use]
    pub const fn last_address(self) -> u64 {
        u64::MAX >> (64 - self.0)
    }

    /// Whether all `size` bytes at `address` can be addressed.
    #[must_use]
    pub const fn reaches(self, address: u64, size: usize) -> bool {
        let beyond_first = (size as u64).saturating_sub(1);
        address <= self.last_address() && beyond_first <= self.last_address() - address
    }
}

/// What a buffer is needed for: its size, and where it may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DmaRequest {
    size: usize,
    alignment: usize,
    width: AddressWidth,
}

impl DmaRequest {
    /// `size` bytes below 4 GiB, at any address that suits the cache.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self { size, alignment: 1, width: AddressWidth::BITS_32 }
    }

    /// Where the bus master can reach.
    #[must_use]
    pub const fn address_width(self, width: AddressWidth) -> Self {
        Self { width, ..self }
    }

    /// A physical address that is a multiple of this power of two: 64 for the descriptors of an AXI DMA.
    #[must_use]
    pub const fn alignment(self, alignment: usize) -> Self {
        Self { alignment, ..self }
    }

    /// How many bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// What the address is a multiple of.
    #[must_use]
    pub const fn required_alignment(&self) -> usize {
        self.alignment
    }

    /// What the bus master can address.
    #[must_use]
    pub const fn required_width(&self) -> AddressWidth {
        self.width
    }

    /// Checks that such a buffer can be requested at all.
    ///
    /// # Errors
    ///
    /// [`DmaError::Empty`], [`DmaError::NotAPowerOfTwo`].
    pub const fn validate(&self) -> Result<(), DmaError> {
        if self.size == 0 {
            return Err(DmaError::Empty);
        }
        if !self.alignment.is_power_of_two() {
            return Err(DmaError::NotAPowerOfTwo { alignment: self.alignment });
        }
        Ok(())
    }

    /// Whether memory at this address will do.
    ///
    /// # Errors
    ///
    /// [`DmaError::Unreachable`], [`DmaError::Misplaced`].
    pub const fn check_address(&self, address: u64) -> Result<(), DmaError> {
        if !self.width.reaches(address, self.size) {
            return Err(DmaError::Unreachable { address, size: self.size, bits: self.width.bits() });
        }
        if address % self.alignment as u64 != 0 {
            return Err(DmaError::Misplaced { address, alignment: self.alignment });
        }
        Ok(())
    }
}

/// What can go wrong with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DmaError {
    /// A buffer of no bytes was requested.
    Empty,
    /// An alignment that is no power of two.
    NotAPowerOfTwo {
        /// The alignment requested.
        alignment: usize,
    },
    /// There is no memory of this size left.
    NoMemory {
        /// How many bytes were requested.
        size: usize,
    },
    /// There is memory, and the bus master can't address it.
    Unreachable {
        /// Where the memory lies.
        address: u64,
        /// How many bytes were requested.
        size: usize,
        /// How many address bits the bus master has.
        bits: u8,
    },
    /// There is memory, and its address is no multiple of the alignment requested.
    Misplaced {
        /// Where the memory lies.
        address: u64,
        /// The alignment requested.
        alignment: usize,
    },
    /// The range is not inside the buffer.
    OutOfRange {
        /// The first byte of it.
        offset: usize,
        /// How many bytes.
        length: usize,
        /// How many bytes the buffer has.
        size: usize,
    },
    /// The offset of a word is no multiple of four.
    Unaligned {
        /// The offset.
        offset: usize,
    },
    /// The memory behind the buffer is gone.
    Gone,
    /// The operating system refused, with this error number.
    Os(i32),
}

impl DmaError {
    /// Checks that `length` bytes at `offset` lie inside a buffer of `size`.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`].
    pub const fn check_range(offset: usize, length: usize, size: usize) -> Result<(), Self> {
        match offset.checked_add(length) {
            Some(end) if end <= size => Ok(()),
            _ => Err(Self::OutOfRange { offset, length, size }),
        }
    }

    /// Checks that a range lies inside a buffer of `size`. One that ends before it starts does not.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`].
    pub const fn check_span(range: &Range<usize>, size: usize) -> Result<(), Self> {
        match range.end.checked_sub(range.start) {
            Some(length) => Self::check_range(range.start, length, size),
            None => Err(Self::OutOfRange { offset: range.start, length: 0, size }),
        }
    }
}

impl fmt::Display for DmaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("a DMA buffer of no bytes; ask for one at least"),
            Self::NotAPowerOfTwo { alignment } => {
                write!(f, "a DMA buffer can't be aligned to {alignment} bytes; ask for a power of two")
            }
            Self::NoMemory { size } => {
                write!(f, "no memory for a DMA buffer of {size} bytes; drop others, or reserve more")
            }
            Self::Unreachable { address, size, bits } => write!(
                f,
                "the {size} bytes of DMA memory at {address:#x} are beyond a bus master of {bits} address bits; reserve memory below {:#x}",
                u128::from(u64::MAX >> (64 - bits.clamp(1, 64))) + 1,
            ),
            Self::Misplaced { address, alignment } => {
                write!(f, "the DMA memory at {address:#x} is not aligned to {alignment} bytes; reserve some that is")
            }
            Self::OutOfRange { offset, length, size } => {
                write!(f, "{length} bytes at {offset} of a DMA buffer that has {size} bytes")
            }
            Self::Unaligned { offset } => {
                write!(f, "no word begins at byte {offset} of a DMA buffer; words are at multiples of 4")
            }
            Self::Gone => f.write_str("the memory behind this DMA buffer is gone; allocate a new one"),
            Self::Os(errno) => write!(f, "the operating system reported error {errno} on a DMA buffer"),
        }
    }
}

impl core::error::Error for DmaError {}

/// Memory that is contiguous for a bus master, for as long as the value lives.
///
/// A value that is forgotten leaks its memory and does no other harm. To drop it while a transfer runs would give the
/// memory to another user while the device still accesses it, so a driver stops its channel first.
pub trait DmaBuffer {
    /// Where the buffer begins, as the bus master sees it.
    fn physical_address(&self) -> u64;

    /// How many bytes it has.
    fn size(&self) -> usize;

    /// Whether the bus master sees the processor's caches, so that syncing moves nothing. It orders accesses all the same.
    fn is_coherent(&self) -> bool;

    /// How many bytes a line of the cache may have. Two parts of a buffer that are in different hands at a time must not
    /// share such a line, counted from multiples of it: forgetting one part would lose the other.
    fn line_size(&self) -> usize {
        64
    }

    /// Copies `bytes` to byte `offset`.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], with nothing copied.
    fn copy_in(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DmaError>;

    /// Fills `bytes` from byte `offset` on.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], with nothing copied.
    fn copy_out(&self, offset: usize, bytes: &mut [u8]) -> Result<(), DmaError>;

    /// Reads the little-endian word at byte `offset` in one access: the status of a descriptor is never seen half written.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], [`DmaError::Unaligned`].
    fn read_word(&self, offset: usize) -> Result<u32, DmaError>;

    /// Writes the little-endian word at byte `offset` in one access.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], [`DmaError::Unaligned`].
    fn write_word(&mut self, offset: usize, value: u32) -> Result<(), DmaError>;

    /// Puts a range into the device's hands, for a transfer in this direction.
    ///
    /// When this returns, what was written to the range before is where the device finds it, if a register write from
    /// then on starts the transfer. An empty range does nothing.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], and what the system has to say.
    fn sync_for_device(&self, range: Range<usize>, direction: Direction) -> Result<(), DmaError>;

    /// Takes a range back from the device, after a transfer in this direction.
    ///
    /// When this returns, reads of the range find what the device wrote before it said that it was done. An empty range
    /// does nothing.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], and what the system has to say.
    fn sync_for_cpu(&self, range: Range<usize>, direction: Direction) -> Result<(), DmaError>;
}

/// Where buffers come from.
pub trait DmaAllocator {
    /// What it gives.
    type Buffer: DmaBuffer;
    /// Why it gives nothing. Where it is not a [`DmaError`] itself, its [`source`](core::error::Error::source) is one, if
    /// the reason is among them.
    type Error: core::error::Error + 'static;

    /// A buffer for this request. What is in it is not defined.
    ///
    /// # Errors
    ///
    /// [`DmaError::Empty`], [`DmaError::NotAPowerOfTwo`], [`DmaError::NoMemory`], [`DmaError::Unreachable`],
    /// [`DmaError::Misplaced`], and what the system has to say.
    fn allocate(&self, request: &DmaRequest) -> Result<Self::Buffer, Self::Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        assert_eq!((AddressWidth::new(0), AddressWidth::new(65)), (None, None));
        let width = |bits| AddressWidth::new(bits).unwrap();
        assert_eq!(width(32), AddressWidth::BITS_32);
        assert_eq!((width(1).last_address(), width(32).last_address()), (1, 0xFFFF_FFFF));
        assert_eq!((width(64).last_address(), width(40).bits()), (u64::MAX, 40));
        assert!(width(32).reaches(0xFFFF_F000, 0x1000));
        assert!(!width(32).reaches(0xFFFF_F000, 0x1001));
        assert!(!width(32).reaches(0x1_0000_0000, 1));
        assert!(width(64).reaches(u64::MAX, 1) && !width(64).reaches(u64::MAX, 2));
        assert!(width(32).reaches(0xFFFF_FFFF, 0));
    }

    #[test]
    fn requests() {
        let request = DmaRequest::new(0x100);
        assert_eq!(request.validate(), Ok(()));
        assert_eq!(request.check_address(0xFFFF_FF00), Ok(()));
        let beyond = DmaError::Unreachable { address: 0xFFFF_FF01, size: 0x100, bits: 32 };
        assert_eq!(request.check_address(0xFFFF_FF01), Err(beyond));
        assert_eq!(request.address_width(AddressWidth::BITS_64).check_address(0xFFFF_FF01), Ok(()));
        let aligned = request.alignment(64);
        assert_eq!(aligned.check_address(0x1020), Err(DmaError::Misplaced { address: 0x1020, alignment: 64 }));
        assert_eq!(aligned.check_address(0x1040), Ok(()));
        assert_eq!(DmaRequest::new(0).validate(), Err(DmaError::Empty));
        for alignment in [0, 3] {
            assert_eq!(request.alignment(alignment).validate(), Err(DmaError::NotAPowerOfTwo { alignment }));
        }
    }

    #[test]
    fn ranges() {
        assert_eq!(DmaError::check_range(0, 8, 8), Ok(()));
        assert_eq!(DmaError::check_range(8, 0, 8), Ok(()));
        assert_eq!(DmaError::check_range(1, 8, 8), Err(DmaError::OutOfRange { offset: 1, length: 8, size: 8 }));
        assert!(DmaError::check_range(usize::MAX, 2, 8).is_err());
        assert_eq!(DmaError::check_span(&(2..8), 8), Ok(()));
        assert_eq!(DmaError::check_span(&(2..9), 8), Err(DmaError::OutOfRange { offset: 2, length: 7, size: 8 }));
        let backwards = Range { start: 5, end: 4 };
        assert_eq!(DmaError::check_span(&backwards, 8), Err(DmaError::OutOfRange { offset: 5, length: 0, size: 8 }));
    }
}
