//! What a backend implements: a piece of memory that a bus master reaches, and where such pieces come from.

use core::ops::Range;

use super::{Direction, DmaError, DmaRequest};

/// Memory that is contiguous for a bus master, for as long as the value lives.
///
/// This is what a backend has to implement, and what [`DmaBuffer`](super::DmaBuffer) is made of; programs and drivers use
/// that one, which sees to the hand-over by its types. Here it is two calls, and it is up to the caller that the
/// processor keeps its hands off a range in between: a transfer to memory needs both of them, since a cache may write
/// what it holds back at any moment, over what the device wrote. Where the two are coherent, the calls only order
/// accesses.
///
/// A value that is forgotten leaks its memory and does no other harm.
pub trait DmaRegion: Send + Sync {
    /// Where the region begins, as the bus master sees it.
    fn physical_address(&self) -> u64;

    /// How many bytes it has.
    fn size(&self) -> usize;

    /// Whether the bus master sees the processor's caches, so that syncing moves nothing. It orders accesses all the same.
    fn is_coherent(&self) -> bool;

    /// How many bytes a line of the cache may have. Two parts of a region that are in different hands at a time must not
    /// share such a line, counted from multiples of it: forgetting one part would lose the other.
    fn line_size(&self) -> usize {
        64
    }

    /// What the processor sees of it: all [`size`](Self::size) bytes, at the same place each time, which is a multiple of 16
    /// at least.
    fn as_slice(&self) -> &[u8];

    /// The same, to be changed.
    fn as_mut_slice(&mut self) -> &mut [u8];

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
    fn sync_for_device(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError>;

    /// Takes a range back from the device, after a transfer in this direction.
    ///
    /// When this returns, reads of the range find what the device wrote before it said that it was done. An empty range
    /// does nothing.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], and what the system has to say.
    fn sync_for_cpu(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError>;
}

/// Where regions come from.
pub trait DmaAllocator {
    /// What it gives.
    type Region: DmaRegion + 'static;
    /// Why it gives nothing. Where it is not a [`DmaError`] itself, its [`source`](core::error::Error::source) is one, if
    /// the reason is among them.
    type Error: core::error::Error + 'static;

    /// A region for this request. What is in it is not defined.
    ///
    /// # Errors
    ///
    /// [`DmaError::Empty`], [`DmaError::NotAPowerOfTwo`], [`DmaError::NoMemory`], [`DmaError::Unreachable`],
    /// [`DmaError::Misplaced`], and what the system has to say.
    fn allocate(&self, request: &DmaRequest) -> Result<Self::Region, Self::Error>;
}
