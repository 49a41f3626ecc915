//! What can go wrong with an accelerator.

use core::fmt;

use pynq_core::{BlockName, Error, Table, dma::DmaError, regs::WindowTooSmall};

use super::{Argument, Place};

/// Why an operation on an accelerator failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HlsError {
    /// It has no argument of this name.
    NoSuchArgument {
        /// The name requested, as far as it is kept.
        asked: ShortName,
        /// The arguments it has.
        has: Table<Argument>,
    },
    /// The argument does not go this way.
    WrongWay {
        /// The argument.
        argument: BlockName,
        /// What was requested: `read`, `written`.
        asked: &'static str,
        /// What it is.
        place: Place,
    },
    /// The value has more bits than the argument, or is a float of another width.
    DoesNotFit {
        /// The argument.
        argument: BlockName,
        /// How many bits it has.
        bits: u16,
    },
    /// The type has fewer bits than the argument, or is a float of another width.
    TooNarrow {
        /// The argument.
        argument: BlockName,
        /// How many bits it has.
        bits: u16,
        /// How many bits the type has.
        asked: u16,
    },
    /// The function has not written this output since that was last read.
    NotWritten {
        /// The argument.
        argument: BlockName,
    },
    /// The result was overwritten by a later one before it was read.
    Overwritten,
    /// The result of this run was read already.
    AlreadyTaken,
    /// There is not a name for each buffer.
    Pieces {
        /// How many names there are.
        names: usize,
        /// How many buffers.
        pieces: usize,
    },
    /// The address of a buffer has more bits than the pointer.
    PointerTooNarrow {
        /// The argument.
        argument: BlockName,
        /// How many bits it has.
        bits: u16,
        /// The address.
        address: u64,
    },
    /// The processor and the function could not be made to see the same memory.
    Memory {
        /// Why.
        error: DmaError,
    },
    /// The range is not inside the array.
    OutsideMemory {
        /// The argument.
        argument: BlockName,
        /// Words that it has.
        words: usize,
        /// The first word requested.
        first: usize,
        /// How many were requested.
        count: usize,
    },
    /// The function is running, or another task has it.
    Busy,
    /// It has no control block: it can't be started, and does not report an end.
    NoControl,
    /// Its interrupt does not reach the processor, so nothing would end the wait. It was not started.
    NoInterrupt,
    /// The block, or its interrupt, can't be used.
    Node(Error),
}

/// The beginning of a name, for an error that must not allocate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShortName {
    text: [u8; Self::KEPT],
    length: u8,
    cut: bool,
}

impl ShortName {
    const KEPT: usize = 38;

    pub(super) fn new(name: &str) -> Self {
        let end = (0..=name.len().min(Self::KEPT)).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
        let kept = name.as_bytes().get(..end).unwrap_or_default();
        let mut text = [0; Self::KEPT];
        for (place, byte) in text.iter_mut().zip(kept) {
            *place = *byte;
        }
        Self { text, length: u8::try_from(end).unwrap_or(0), cut: end < name.len() }
    }
}

impl fmt::Display for ShortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.text.get(..usize::from(self.length)).unwrap_or_default();
        f.write_str(core::str::from_utf8(kept).unwrap_or_default())?;
        f.write_str(if self.cut { ".." } else { "" })
    }
}

impl fmt::Debug for ShortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl fmt::Display for HlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchArgument { asked, has } if has.is_empty() => {
                write!(f, "no argument `{asked}`: the handoff file has no arguments of this accelerator; export it again")
            }
            Self::NoSuchArgument { asked, has } => {
                write!(f, "no argument `{asked}`; the accelerator has ")?;
                for (index, argument) in has.iter().enumerate() {
                    write!(f, "{}`{}`", if index == 0 { "" } else { ", " }, argument.name())?;
                }
                Ok(())
            }
            Self::WrongWay { argument, asked, place: place @ Place::Memory { .. } } => write!(
                f,
                "`{argument}` is {place} and can't be {asked} as a number; use `read_memory` and `write_memory`"
            ),
            Self::WrongWay { argument, asked, place } => write!(f, "`{argument}` is {place} and can't be {asked}"),
            Self::DoesNotFit { argument, bits } => {
                write!(f, "the value does not fit `{argument}`, which has {bits} bits; pass a type of as many")
            }
            Self::TooNarrow { argument, bits, asked } => {
                write!(f, "`{argument}` has {bits} bits and can't be read as a type of {asked}; read a wider one")
            }
            Self::NotWritten { argument } => write!(
                f,
                "the function has not written `{argument}` since it was last read; check the path on which it returned, or use `try_get`"
            ),
            Self::Overwritten => f.write_str(
                "a later run ended before this one's result was read; read results sooner, or build the accelerator with `ap_ctrl_chain`",
            ),
            Self::AlreadyTaken => f.write_str("the result of this run was read already; start another one"),
            Self::Pieces { names, pieces } => write!(
                f,
                "{names} pointers were named for {pieces} buffers; name an argument for each buffer, in their order"
            ),
            Self::PointerTooNarrow { argument, bits, address } => write!(
                f,
                "the buffer at {address:#x} is beyond the pointer `{argument}`, which has {bits} bits; allocate memory below that, or build the accelerator with 64-bit addresses"
            ),
            Self::Memory { error } => error.fmt(f),
            Self::OutsideMemory { argument, words, first, count } => write!(
                f,
                "`{argument}` has {words} words, and {count} from word {first} on were requested; stay inside"
            ),
            Self::Busy => f.write_str(
                "the function is running; wait for its end, as `call_async` does, or stop it if it restarts by itself",
            ),
            Self::NoControl => f.write_str(
                "the accelerator has no control block (ap_ctrl_none): it runs by itself; pass arguments, or build it with `#pragma HLS INTERFACE s_axilite port=return`",
            ),
            Self::NoInterrupt => f.write_str(
                "the accelerator's interrupt does not reach the processor, so nothing would report its end; connect its output `interrupt` in the block design, or use `start` and poll `is_idle`",
            ),
            Self::Node(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for HlsError {}

#[cfg(not(loom))]
impl pynq_core::DriverError for HlsError {
    fn engine(&self) -> Option<Error> {
        match self {
            Self::Node(error) => Some(*error),
            Self::NoInterrupt => Some(Error::InterruptsUnavailable),
            _ => None,
        }
    }
}

impl From<Error> for HlsError {
    fn from(error: Error) -> Self {
        match error {
            Error::InterruptsUnavailable => Self::NoInterrupt,
            error => Self::Node(error),
        }
    }
}

/// Why an accelerator could not be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HlsConfigError {
    /// The window doesn't hold the control block.
    WindowTooSmall(WindowTooSmall),
    /// An argument is said to be where there are no registers.
    ArgumentOutside {
        /// The argument.
        argument: BlockName,
        /// Where it ends.
        end: u64,
        /// Bytes in the window.
        size: usize,
    },
}

impl fmt::Display for HlsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooSmall(error) => error.fmt(f),
            Self::ArgumentOutside { argument, end, size } => write!(
                f,
                "argument `{argument}` is said to end at {end:#x}, and the accelerator has {size:#x} bytes of addresses; check the handoff file"
            ),
        }
    }
}

impl core::error::Error for HlsConfigError {}

impl From<WindowTooSmall> for HlsConfigError {
    fn from(error: WindowTooSmall) -> Self {
        Self::WindowTooSmall(error)
    }
}
