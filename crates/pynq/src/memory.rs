//! Memory in the logic.

use std::fmt;

use pynq_core::mmio::AccessError;

use crate::{Error, MmioWindow, Result};

/// A number of a fixed size, as it lies in memory: least significant byte first.
pub trait Plain: Copy + sealed::Sealed {
    /// Its bytes.
    #[doc(hidden)]
    type Bytes: AsRef<[u8]> + AsMut<[u8]> + Default;
    #[doc(hidden)]
    fn to_bytes(self) -> Self::Bytes;
    #[doc(hidden)]
    fn from_bytes(bytes: Self::Bytes) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! plain {
    ($($number:ty: $bytes:literal),*) => {$(
        impl sealed::Sealed for $number {}

        impl Plain for $number {
            type Bytes = [u8; $bytes];

            fn to_bytes(self) -> [u8; $bytes] {
                self.to_le_bytes()
            }

            fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self::from_le_bytes(bytes)
            }
        }
    )*};
}

plain! { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, u64: 8, i64: 8, f64: 8 }

/// Memory in the logic that the processor can address, such as the block RAM behind an AXI BRAM controller: shared with
/// whatever else is on it, a soft processor or a circuit. Clones are the same memory.
///
/// The bus is accessed by words of 32 bits. One is read or written at once; what is longer is not, and of what is shorter or
/// not aligned the rest of the word is read and written back, so it must not be what the other side writes.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/memory.hwh"));
/// let overlay = Overlay::simulated_from_str(text)?;
/// let memory = overlay.memory("axi_bram_ctrl_0")?;
/// memory.write_all(0x10, &[1.5_f32, -2.0])?;
/// memory.write(0x18, 7_u8)?;
/// assert_eq!(memory.read::<f32>(0x14)?, -2.0);
/// assert_eq!(memory.read::<u32>(0x18)?, 7);
/// assert!(memory.read::<u64>(memory.size() - 4).is_err());
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    window: MmioWindow,
}

impl SharedMemory {
    pub(crate) const fn new(window: MmioWindow) -> Self {
        Self { window }
    }

    /// The block.
    #[must_use]
    pub fn path(&self) -> &str {
        self.window.path()
    }

    /// Its bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.window.size()
    }

    /// Reads the value at byte `offset`.
    ///
    /// # Errors
    ///
    /// [`Error::Access`] if it is not within the memory; [`Error::Invalidated`] once the design was replaced.
    pub fn read<T: Plain>(&self, offset: usize) -> Result<T> {
        let mut bytes = T::Bytes::default();
        self.read_bytes(offset, bytes.as_mut())?;
        Ok(T::from_bytes(bytes))
    }

    /// Reads values from byte `offset` on, one after the other.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), with nothing read.
    pub fn read_all<T: Plain>(&self, offset: usize, values: &mut [T]) -> Result<()> {
        self.check(offset, size_of_val(values))?;
        let size = size_of::<T>();
        values.iter_mut().enumerate().try_for_each(|(at, value)| {
            *value = self.read(offset + at * size)?;
            Ok(())
        })
    }

    /// Writes the value at byte `offset`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), with nothing written.
    pub fn write<T: Plain>(&self, offset: usize, value: T) -> Result<()> {
        self.write_bytes(offset, value.to_bytes().as_ref())
    }

    /// Writes values from byte `offset` on, one after the other.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), with nothing written.
    pub fn write_all<T: Plain>(&self, offset: usize, values: &[T]) -> Result<()> {
        self.check(offset, size_of_val(values))?;
        let size = size_of::<T>();
        values.iter().enumerate().try_for_each(|(at, value)| self.write(offset + at * size, *value))
    }

    /// Reads bytes from byte `offset` on.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), with nothing read.
    pub fn read_bytes(&self, offset: usize, bytes: &mut [u8]) -> Result<()> {
        self.check(offset, bytes.len())?;
        words(offset, bytes.len()).try_for_each(|(word, first, count, at)| {
            let read = self.window.read(word, 4)?.to_le_bytes();
            bytes[at..at + count].copy_from_slice(&read[first..first + count]);
            Ok(())
        })
    }

    /// Writes bytes from byte `offset` on.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), with nothing written.
    pub fn write_bytes(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.check(offset, bytes.len())?;
        words(offset, bytes.len()).try_for_each(|(word, first, count, at)| {
            let before = if count == 4 { 0 } else { self.window.read(word, 4)? };
            let mut written = [0; 4];
            written.copy_from_slice(&before.to_le_bytes()[..4]);
            written[first..first + count].copy_from_slice(&bytes[at..at + count]);
            self.window.write(word, u32::from_le_bytes(written))
        })
    }

    fn check(&self, offset: usize, length: usize) -> Result<()> {
        let size = self.size();
        if offset.checked_add(length).is_some_and(|end| end <= size) {
            return Ok(());
        }
        let error = AccessError::OutOfRange { offset, length, size };
        Err(Error::Access { path: self.path().into(), error })
    }
}

/// The words that a range of bytes is in: offset of the word, first byte in it, how many, and where these are in the range.
fn words(offset: usize, length: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let end = offset + length;
    let first = offset & !3;
    (first..end).step_by(4).map(move |word| {
        let (from, to) = (word.max(offset), (word + 4).min(end));
        (word, from - word, to - from, from - offset)
    })
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").field("path", &self.path()).field("size", &self.size()).finish()
    }
}
