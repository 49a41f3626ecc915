//! What can go wrong with a pin.

use core::fmt;

use embedded_hal::digital;
use pynq_core::Error;

/// Why an operation on an AXI GPIO failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AxiGpioError {
    /// Channel 2 of a block that has one channel.
    NoChannel2,
    /// A channel that is not there.
    NoSuchChannel {
        /// The channel requested.
        channel: u8,
        /// How many there are.
        channels: u8,
    },
    /// A pin that is not there.
    NoSuchPin {
        /// Which channel, 1 or 2.
        channel: u8,
        /// The pin requested.
        pin: u8,
        /// How many there are.
        pins: u8,
    },
    /// A slice that is empty, backwards or reaches beyond the pins there are.
    NoSuchSlice {
        /// Which channel, 1 or 2.
        channel: u8,
        /// First pin requested.
        start: u8,
        /// The pin after the last one requested.
        end: u8,
        /// How many pins there are.
        pins: u8,
    },
    /// A write to pins that the design made inputs.
    InputsOnly {
        /// Which channel, 1 or 2.
        channel: u8,
    },
    /// A read of, or a wait on, pins that the design made outputs.
    OutputsOnly {
        /// Which channel, 1 or 2.
        channel: u8,
    },
    /// A value with more bits than there are pins.
    ValueTooWide {
        /// The value.
        value: u32,
        /// How many pins there are.
        pins: u8,
    },
    /// Not the three pins that a device with three colours has.
    NotThreePins {
        /// How many pins there are.
        pins: u8,
    },
    /// The block, or its interrupt, can't be used.
    Node(Error),
}

impl fmt::Display for AxiGpioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoChannel2 => f.write_str("no channel 2: this AXI GPIO was built with one channel; use channel 1"),
            Self::NoSuchChannel { channel, channels: 1 } => {
                write!(f, "no channel {channel}: this AXI GPIO was built with one channel; use channel 1")
            }
            Self::NoSuchChannel { channel, .. } => {
                write!(f, "no channel {channel}: channels of an AXI GPIO are numbered 1 and 2")
            }
            Self::NoSuchPin { channel, pin, pins } => {
                write!(
                    f,
                    "no pin {pin} in these {pins} pins of channel {channel}; the last one is {}",
                    pins.saturating_sub(1)
                )
            }
            Self::NoSuchSlice { channel, start, end, pins } => write!(
                f,
                "no slice {start}..{end} in these {pins} pins of channel {channel}; use a range that is not empty and ends at {pins} at most",
            ),
            Self::InputsOnly { channel } => write!(
                f,
                "channel {channel} was built with inputs only and can't be written; use another channel, or rebuild the design",
            ),
            Self::OutputsOnly { channel } => write!(
                f,
                "channel {channel} was built with outputs only and samples nothing; ask for what was written to it by `output`",
            ),
            Self::ValueTooWide { value, pins } => {
                write!(
                    f,
                    "the value {value:#x} doesn't fit into {pins} pins; use {:#x} at most",
                    super::config::ones(pins)
                )
            }
            Self::NotThreePins { pins } => {
                write!(f, "three colours need a slice of 3 pins and this one has {pins}; slice the channel by 3")
            }
            Self::Node(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AxiGpioError {}

#[cfg(not(loom))]
impl pynq_core::DriverError for AxiGpioError {
    fn engine(&self) -> Option<Error> {
        match self {
            Self::Node(error) => Some(*error),
            _ => None,
        }
    }
}

impl From<Error> for AxiGpioError {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}

/// embedded-hal knows no kinds of digital errors yet.
impl digital::Error for AxiGpioError {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}
