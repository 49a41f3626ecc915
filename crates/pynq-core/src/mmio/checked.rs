//! Accesses at offsets known only at run time.
#![forbid(unsafe_code)]

use core::fmt;

use super::{Mmio, read_word, write_word};

/// A window with PYNQ's `MMIO` rules: any offset may be given, and a wrong one is an error.
///
/// The bus knows words only. An access of any length therefore starts at a multiple of four, a read of one or two
/// bytes reads the word and gives its low bytes, and a read of eight bytes reads two words, the low one first: it is
/// not atomic. Nothing is accessed when an access is refused, not even the part of it that would have been in range.
///
/// ```
/// use pynq_core::mmio::{AccessError, Checked, Mmio};
///
/// fn version(window: &dyn Mmio) -> Result<u64, AccessError> {
///     Checked::new(window).read(0x10, 4)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Checked<M> {
    window: M,
}

impl<M> Checked<M> {
    /// Checked access to `window`.
    pub const fn new(window: M) -> Self {
        Self { window }
    }

    /// The window itself.
    pub fn into_window(self) -> M {
        self.window
    }
}

impl<M: Mmio> Checked<M> {
    /// Bytes in the window.
    pub fn size(&self) -> usize {
        self.window.size()
    }

    /// Reads `length` bytes at byte `offset`, least significant first. `length` is 1, 2, 4 or 8.
    ///
    /// # Errors
    ///
    /// [`AccessError::Length`], [`AccessError::Unaligned`] or [`AccessError::OutOfRange`], with nothing read.
    pub fn read(&self, offset: usize, length: usize) -> Result<u64, AccessError> {
        let size = self.size();
        if !matches!(length, 1 | 2 | 4 | 8) {
            return Err(AccessError::Length { offset, length, size });
        }
        // A short read takes a whole word from the bus, but promises the caller's bytes only.
        self.check(offset, length)?;
        let word = |offset| {
            read_word(&self.window, offset).map(u64::from).ok_or(AccessError::OutOfRange { offset, length, size })
        };
        let low = word(offset)?;
        match length {
            1 => Ok(low & 0xFF),
            2 => Ok(low & 0xFFFF),
            8 => Ok(word(offset + 4)? << 32 | low),
            _ => Ok(low),
        }
    }

    /// Writes the word at byte `offset`.
    ///
    /// # Errors
    ///
    /// [`AccessError::Unaligned`] or [`AccessError::OutOfRange`], with nothing written.
    pub fn write(&self, offset: usize, value: u32) -> Result<(), AccessError> {
        self.check(offset, 4)?;
        write_word(&self.window, offset, value).ok_or(AccessError::OutOfRange { offset, length: 4, size: self.size() })
    }

    /// Writes `bytes` from byte `offset` on, as words of which the first byte is the least significant.
    ///
    /// # Errors
    ///
    /// [`AccessError::WriteLength`] unless `bytes` is a whole number of words, [`AccessError::Unaligned`] or
    /// [`AccessError::OutOfRange`], with nothing written.
    pub fn write_bytes(&self, offset: usize, bytes: &[u8]) -> Result<(), AccessError> {
        let words = bytes.chunks_exact(4);
        if !words.remainder().is_empty() {
            return Err(AccessError::WriteLength { offset, length: bytes.len(), size: self.size() });
        }
        self.check(offset, bytes.len())?;
        for (index, word) in words.enumerate() {
            let value = word.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
            self.write(offset + 4 * index, value)?;
        }
        Ok(())
    }

    /// `offset` is aligned, and the words that hold `length` bytes from there are in the window.
    fn check(&self, offset: usize, length: usize) -> Result<(), AccessError> {
        let size = self.size();
        if offset % 4 != 0 {
            return Err(AccessError::Unaligned { offset, length, size });
        }
        match length.checked_next_multiple_of(4).and_then(|length| offset.checked_add(length)) {
            Some(end) if end <= size => Ok(()),
            _ => Err(AccessError::OutOfRange { offset, length, size }),
        }
    }
}

/// Why a [`Checked`] access was refused. Offsets, lengths and sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessError {
    /// The offset is not a multiple of four.
    Unaligned {
        /// The offset requested.
        offset: usize,
        /// The length requested.
        length: usize,
        /// The window's size.
        size: usize,
    },
    /// The access would reach beyond the window.
    OutOfRange {
        /// The offset requested.
        offset: usize,
        /// The length requested.
        length: usize,
        /// The window's size.
        size: usize,
    },
    /// A read of a length that is not 1, 2, 4 or 8.
    Length {
        /// The offset requested.
        offset: usize,
        /// The length requested.
        length: usize,
        /// The window's size.
        size: usize,
    },
    /// A write of bytes that don't fill whole words.
    WriteLength {
        /// The offset requested.
        offset: usize,
        /// The length requested.
        length: usize,
        /// The window's size.
        size: usize,
    },
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unaligned { offset, length, size } => write!(
                f,
                "access of {length} bytes at offset {offset:#x} of a window of {size:#x} bytes: offsets are multiples \
                 of 4; use {:#x}",
                offset & !3
            ),
            Self::OutOfRange { offset, length, size } => write!(
                f,
                "access of {length} bytes at offset {offset:#x} reaches beyond the window of {size:#x} bytes; stay \
                 below its size, or map the block's whole address range"
            ),
            Self::Length { offset, length, size } => write!(
                f,
                "read of {length} bytes at offset {offset:#x} of a window of {size:#x} bytes: a read has 1, 2, 4 or 8 \
                 bytes; read longer ranges word by word"
            ),
            Self::WriteLength { offset, length, size } => write!(
                f,
                "write of {length} bytes at offset {offset:#x} of a window of {size:#x} bytes: the bus takes whole \
                 words; pad the data to a multiple of 4 bytes"
            ),
        }
    }
}

impl core::error::Error for AccessError {}
