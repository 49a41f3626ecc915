//! What can go wrong with a buffer.

use core::{fmt, ops::Range};

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
    /// The memory is no whole number of items, or does not begin where such an item may.
    NotWhole {
        /// How many bytes the memory has.
        size: usize,
        /// How many an item has.
        item: usize,
        /// What the address of an item is a multiple of.
        alignment: usize,
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
            Self::NotWhole { size, item, alignment } => write!(
                f,
                "the {size} bytes of this DMA buffer are no whole number of items of {item} bytes, aligned to {alignment}; ask for a multiple",
            ),
            Self::Gone => f.write_str("the memory behind this DMA buffer is gone; allocate a new one"),
            Self::Os(errno) => write!(f, "the operating system reported error {errno} on a DMA buffer"),
        }
    }
}

impl core::error::Error for DmaError {}

/// What was refused, and why: the packet is still in the processor's hands.
#[derive(Debug)]
pub struct Refused<P> {
    /// What can't be used like this.
    pub packet: P,
    /// Why.
    pub error: DmaError,
}

impl<P> fmt::Display for Refused<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<P: fmt::Debug> core::error::Error for Refused<P> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use core::ops::Range;

    use super::DmaError;

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
