//! Errors in a board's description, or in a request to a board.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::device::InterfaceKind;

/// Why a board could not be built, or a request to it was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No block has this path.
    NoSuchBlock {
        /// The path asked for.
        path: String,
        /// The paths there are, in the order of their addresses.
        has: String,
    },
    /// The block is of another kind than the model that it was to have.
    OtherBlock {
        /// The block's path.
        path: String,
        /// What the model is for.
        expected: &'static str,
        /// What the block is.
        vlnv: String,
    },
    /// The block has no such port.
    NoSuchPort {
        /// The block's path.
        path: String,
        /// The port asked for, with its bit.
        port: String,
        /// The ports there are.
        has: String,
    },
    /// The text is not of the form `path/port` or `path/port[bit]`.
    NotAPort {
        /// The text.
        text: String,
    },
    /// The block has no channels of pins, or not this one.
    NoSuchChannel {
        /// The block's path.
        path: String,
        /// The channel asked for, counted from 1.
        channel: u8,
        /// How many it has.
        channels: u8,
    },
    /// The block has no serial line.
    NoSerialLine {
        /// The block's path.
        path: String,
    },
    /// No wire bears this name, at either end.
    NoSuchLine {
        /// The name asked for.
        name: String,
        /// The wires there are, by what drives them.
        has: String,
    },
    /// No CPU interrupt pin has this number.
    NoSuchPin {
        /// The interrupt number asked for.
        id: u32,
        /// The numbers there are.
        has: String,
    },
    /// Two blocks bear the same path.
    DuplicateBlock {
        /// The path.
        path: String,
    },
    /// Two blocks claim the same addresses.
    Overlap {
        /// The block being added.
        path: String,
        /// The one that is there already.
        other: String,
    },
    /// The address range is empty, not word-aligned or wraps around.
    BadRange {
        /// The block being added.
        path: String,
        /// The first address.
        base: u64,
        /// Bytes.
        size: u64,
    },
    /// Something else drives this input already.
    AlreadyDriven {
        /// The input.
        load: String,
    },
    /// The block is elsewhere on the board than in the description of the design. Addresses, each with a size in bytes.
    OtherRange {
        /// The block.
        path: String,
        /// Where it is on the board.
        found: (u64, u64),
        /// Where the description has it.
        expected: (u64, u64),
    },
    /// The line does not end at an interrupt controller.
    NotAcknowledged {
        /// The line.
        line: String,
    },
    /// No bus master has this address space.
    NoAddressSpace {
        /// The space asked for, or the master port.
        name: String,
        /// The spaces there are.
        has: String,
    },
    /// The processor can't address this block or part.
    NoAddresses {
        /// The part's path.
        path: String,
    },
    /// The port is not an interface of the kind that it was to be joined as.
    OtherInterface {
        /// The port.
        port: String,
        /// The kind expected.
        expected: InterfaceKind,
    },
    /// No block can have been built like this.
    #[cfg(feature = "hwh")]
    Parameter {
        /// The block's path.
        path: String,
        /// Which parameter, what it is, and what it can be.
        error: pynq_core::ParameterError,
        /// Its value in the file's own spelling, if it is there.
        written: Option<String>,
    },
    /// The soft processor has an option that is not simulated.
    #[cfg(all(feature = "hwh", feature = "microblaze"))]
    Processor {
        /// The processor's path.
        path: String,
        /// Which.
        error: pynq_iss::ConfigError,
    },
    /// No block answers anywhere in this range.
    NothingMapped {
        /// The first address.
        base: u64,
        /// Bytes.
        size: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchBlock { path, has } => write!(f, "no block \"{path}\" on the simulated board; it has: {has}"),
            Self::OtherBlock { path, expected, vlnv } => {
                write!(f, "`{path}` is `{vlnv}` and not {expected}; give it a model of its own kind")
            }
            Self::NoSuchPort { path, port, has } => write!(f, "block \"{path}\" has no port \"{port}\"; it has: {has}"),
            Self::NotAPort { text } => {
                write!(f, "\"{text}\" does not name a port; write \"path/port\" or \"path/port[bit]\"")
            }
            Self::NoSuchChannel { path, channels: 0, .. } => {
                write!(f, "block \"{path}\" has no channels of pins, as an AXI GPIO has")
            }
            Self::NoSuchChannel { path, channel, channels } => {
                write!(f, "block \"{path}\" has no channel {channel}; it has {channels}, counted from 1")
            }
            Self::NoSerialLine { path } => {
                write!(f, "block \"{path}\" has no serial line; name a UART")
            }
            Self::NoSuchLine { name, has } => write!(f, "no wire \"{name}\" on the simulated board; it has: {has}"),
            Self::NoSuchPin { id, has } => {
                write!(f, "no CPU interrupt {id} on the simulated board; it has: {has}; add it with `interrupt`")
            }
            Self::DuplicateBlock { path } => write!(f, "two blocks are called \"{path}\"; give one another path"),
            Self::Overlap { path, other } => write!(f, "block \"{path}\" overlaps the addresses of \"{other}\""),
            Self::BadRange { path, base, size } => {
                write!(f, "block \"{path}\" can't be at {base:#x} with {size:#x} bytes; use whole words below 2^64")
            }
            Self::AlreadyDriven { load } => write!(f, "\"{load}\" is driven already; an input has one driver"),
            Self::OtherRange { path, found, expected } => write!(
                f,
                "block \"{path}\" has {:#x} bytes at {:#x} on the board, and {:#x} at {:#x} in the description of the design; \
                 use the two of one design",
                found.1, found.0, expected.1, expected.0,
            ),
            Self::NotAcknowledged { line } => {
                write!(f, "line \"{line}\" is never acknowledged: it does not end at an interrupt controller")
            }
            Self::NoAddressSpace { name, has } => write!(f, "no address space \"{name}\"; there is: {has}"),
            Self::NoAddresses { path } => write!(f, "\"{path}\" has no addresses: the processor does not reach it"),
            Self::OtherInterface { port, expected } => {
                write!(f, "\"{port}\" is not an interface of the kind {expected:?}; join two of the same kind")
            }
            #[cfg(feature = "hwh")]
            Self::Parameter { path, error, written } => {
                write!(f, "block \"{path}\": {}", error.as_written(written.as_deref()))
            }
            #[cfg(all(feature = "hwh", feature = "microblaze"))]
            Self::Processor { path, error } => write!(f, "processor \"{path}\" can't be simulated: {error}"),
            Self::NothingMapped { base, size } => {
                write!(f, "nothing is mapped in the {size:#x} bytes at {base:#x}; see the blocks' addresses")
            }
        }
    }
}

impl core::error::Error for Error {}

/// Names as messages have them.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_string() } else { names.join(", ") }
}
