//! Memory in the hands of processor and device at once: descriptors.

use core::{fmt, ops::Range};

use super::{Direction, DmaBuffer, DmaError, buffer::Region};

/// Words that processor and device both read and write, each in one access: a ring of descriptors, or a mailbox.
///
/// Neither side owns them, so that there is no slice of them. The processor [publishes](Self::publish) what it wrote and
/// [refreshes](Self::refresh) what it is about to read. Both work on lines of the cache, so that words which the two sides
/// write at the same time must not share one of [`line_size`](Self::line_size) bytes.
pub struct SharedWords {
    region: Region,
    address: u64,
}

impl SharedWords {
    pub(super) fn of(region: Region) -> Self {
        let address = region.get().physical_address();
        Self { region, address }
    }

    /// Where they begin, as the bus master sees it.
    #[must_use]
    pub const fn physical_address(&self) -> u64 {
        self.address
    }

    /// How many bytes there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.region.get().size()
    }

    /// How many bytes a line of the cache may have.
    #[must_use]
    pub fn line_size(&self) -> usize {
        self.region.get().line_size()
    }

    /// Reads the word at byte `offset`, as it was when it was last refreshed, or later.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], [`DmaError::Unaligned`].
    pub fn read(&self, offset: usize) -> Result<u32, DmaError> {
        self.region.get().read_word(offset)
    }

    /// Writes the word at byte `offset`. The device sees it when it was published, or before.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], [`DmaError::Unaligned`].
    pub fn write(&mut self, offset: usize, value: u32) -> Result<(), DmaError> {
        self.region.get_mut().write_word(offset, value)
    }

    /// Copies `bytes` to byte `offset`. The device sees them when they were published, or before.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], with nothing copied.
    pub fn copy_in(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DmaError> {
        self.region.get_mut().copy_in(offset, bytes)
    }

    /// Fills `bytes` from byte `offset` on, as it was when it was last refreshed, or later.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], with nothing copied.
    pub fn copy_out(&self, offset: usize, bytes: &mut [u8]) -> Result<(), DmaError> {
        self.region.get().copy_out(offset, bytes)
    }

    /// Makes the device see what was written to these bytes, before any register write from here on.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], and what the system has to say.
    pub fn publish(&mut self, bytes: Range<usize>) -> Result<(), DmaError> {
        self.region.get_mut().sync_for_device(bytes, Direction::ToDevice)
    }

    /// Makes the processor see what the device wrote to these bytes up to now.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], and what the system has to say.
    pub fn refresh(&mut self, bytes: Range<usize>) -> Result<(), DmaError> {
        self.region.get_mut().sync_for_cpu(bytes, Direction::FromDevice)
    }
}

/// The memory in the processor's hands alone. The device has to have let go of it.
impl From<SharedWords> for DmaBuffer {
    fn from(words: SharedWords) -> Self {
        Self::of(words.region)
    }
}

impl fmt::Debug for SharedWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedWords({} bytes at {:#x})", self.size(), self.address)
    }
}
