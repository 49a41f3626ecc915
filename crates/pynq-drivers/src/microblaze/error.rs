//! What can go wrong with an I/O processor.

use core::fmt;

use pynq_core::Error;

/// Why an operation on an I/O processor failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MicroblazeError {
    /// Its memory is not one that a program can be loaded into.
    Memory {
        /// Bytes in the window.
        size: usize,
    },
    /// A piece of a program is beyond its memory.
    DoesNotFit {
        /// Where the piece goes.
        address: u32,
        /// How long it is.
        length: usize,
        /// Bytes of memory, from 0.
        size: usize,
    },
    /// A program has nothing to load.
    Empty,
    /// It runs a program already.
    Running,
    /// It runs no program.
    NotRunning {
        /// What it does instead.
        state: super::State,
    },
    /// Another task is loading a program.
    Loading,
    /// An access is not of whole words within its memory.
    Access {
        /// The first byte.
        offset: u32,
        /// How many bytes.
        length: usize,
        /// Bytes of memory.
        size: usize,
    },
    /// Another handle has the mailbox.
    MailboxInUse,
    /// A command of 0, which means that there is none.
    NoCommand,
    /// More arguments or results than the mailbox has room for.
    TooMany {
        /// How many words were given.
        words: usize,
        /// How many fit.
        room: usize,
    },
    /// The program did not carry out a command in time.
    Unanswered {
        /// The command.
        command: u32,
        /// The command word as it is now.
        found: u32,
    },
    /// An index of a stream that no stream can have.
    Ring {
        /// Where it is.
        address: u32,
        /// What it is.
        found: u32,
    },
    /// An item of a call is longer than a program can take.
    ItemTooLong {
        /// Its bytes.
        bytes: usize,
        /// How many can be taken.
        room: usize,
    },
    /// What a program answers is no reply to a call.
    Protocol {
        /// What came where something else is expected.
        found: u32,
    },
    /// An address on the I/O processor's bus is not a multiple of the width of the access.
    Unaligned {
        /// The address.
        address: u32,
        /// Bytes.
        width: u8,
    },
    /// An argument that the program does not check, and would do something else with.
    Argument {
        /// What it is.
        what: &'static str,
        /// What was given.
        found: u32,
        /// The least that it can be.
        least: u32,
        /// The most.
        most: u32,
    },
    /// A text has a character that the program has no picture of.
    Character {
        /// The first such.
        found: char,
    },
    /// The program has ended, as PYNQ's `mailbox` does after a command that it does not have.
    Ended {
        /// The last command.
        command: u32,
    },
    /// The engine, or one of the lines.
    Node(Error),
}

impl fmt::Display for MicroblazeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { size } => write!(
                f,
                "an I/O processor's memory has at least 0x10000 bytes, for the mailbox at its end; this window has {size:#x}"
            ),
            Self::DoesNotFit { address, length, size } => write!(
                f,
                "{length} bytes at {address:#x} do not fit into the {size:#x} bytes of memory at 0; link the program for this \
                 processor"
            ),
            Self::Empty => f.write_str("the program is empty: there is nothing to load"),
            Self::Running => f.write_str("another program runs on it; stop that, or load by force"),
            Self::NotRunning { state } => write!(f, "it runs no program, it is {state}; load one first"),
            Self::Loading => f.write_str("a program is being loaded; wait until that is over"),
            Self::Access { offset, length, size } => write!(
                f,
                "{length} bytes at offset {offset:#x} are not whole words within its {size:#x} bytes of memory"
            ),
            Self::MailboxInUse => f.write_str("its mailbox is in use; drop the other handle first"),
            Self::NoCommand => f.write_str("a command of 0 says that there is none; use the program's numbers"),
            Self::TooMany { words, room } => {
                write!(f, "{words} words were given, and the mailbox has room for {room}; split them")
            }
            Self::Unanswered { command, found } => write!(
                f,
                "the program did not carry out command {command:#x} in time (the command word is {found:#x}); give it longer, \
                 or reset the processor and load it anew"
            ),
            Self::Ring { address, found } => write!(
                f,
                "the stream's index at {address:#x} is {found:#x}, which none can be; the program has no streams, or has \
                 overwritten them"
            ),
            Self::ItemTooLong { bytes, room } => write!(
                f,
                "an argument of {bytes} bytes would never arrive, since the program takes {room} at once; split it"
            ),
            Self::Protocol { found } => write!(
                f,
                "the program answered {found:#x}, which is no reply to this call; compare the description with its functions, and \
                 reset the processor"
            ),
            Self::Unaligned { address, width } => {
                write!(f, "address {address:#x} is no multiple of the {width} bytes of the access")
            }
            Self::Argument { what, found, least, most } => {
                write!(f, "the {what} is {found}, and the program takes {least} to {most}")
            }
            Self::Character { found } => {
                write!(f, "the text has {found:?}, and the program has pictures of ASCII's printable characters only")
            }
            Self::Ended { command } => write!(
                f,
                "the program ended on command {command:#x}, which it does not have; reset the processor and load it anew"
            ),
            Self::Node(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for MicroblazeError {}

#[cfg(not(loom))]
impl pynq_core::DriverError for MicroblazeError {
    fn engine(&self) -> Option<Error> {
        match self {
            Self::Node(error) => Some(*error),
            Self::Unanswered { .. } => Some(Error::TimedOut),
            _ => None,
        }
    }
}

impl From<Error> for MicroblazeError {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}

impl embedded_io::Error for MicroblazeError {
    fn kind(&self) -> embedded_io::ErrorKind {
        use embedded_io::ErrorKind;
        match self {
            Self::Unanswered { .. } | Self::Node(Error::TimedOut) => ErrorKind::TimedOut,
            Self::NotRunning { .. } | Self::Node(Error::Invalidated | Error::DeviceGone) => ErrorKind::NotConnected,
            Self::Node(Error::InterruptsUnavailable) => ErrorKind::Unsupported,
            _ => ErrorKind::Other,
        }
    }
}
