//! What can go wrong with a timer.

use core::{fmt, time::Duration};

use pynq_core::Error;

/// Why an operation on an AXI timer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AxiTimerError {
    /// A channel that is not there.
    NoSuchChannel {
        /// The channel requested.
        channel: u8,
        /// How many there are.
        channels: u8,
    },
    /// A time that the counter can't count.
    OutOfRange {
        /// The time requested.
        asked: Duration,
        /// The shortest it can count.
        shortest: Duration,
        /// The longest it can count.
        longest: Duration,
    },
    /// A high time that is not shorter than the period of the PWM.
    HighTime {
        /// The period, as the counter counts it.
        period: Duration,
        /// The high time requested.
        high: Duration,
    },
    /// The block was built without what a PWM needs.
    PwmUnavailable,
    /// The PWM has both channels.
    PwmRuns,
    /// The PWM needs both channels, and this one is in use.
    ChannelRuns {
        /// Which one.
        channel: u8,
    },
    /// The PWM has not been started.
    PwmStopped,
    /// The block, or its interrupt, can't be used.
    Node(Error),
}

impl fmt::Display for AxiTimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoSuchChannel { channel, channels: 1 } => {
                write!(f, "no channel {channel}: this AXI timer was built with channel 0 only")
            }
            Self::NoSuchChannel { channel, .. } => write!(f, "no channel {channel}: an AXI timer has channels 0 and 1"),
            Self::OutOfRange { asked, shortest, longest } => write!(
                f,
                "this timer can't count {asked:?}; use {shortest:?} to {longest:?}, or count several periods"
            ),
            Self::HighTime { period, high } => write!(
                f,
                "a PWM of period {period:?} can't be high for {high:?}; use a shorter high time, or stop the PWM for constant low",
            ),
            Self::PwmUnavailable => f.write_str(
                "this AXI timer has no PWM: it needs two timers and generate outputs that are active high; rebuild the design",
            ),
            Self::PwmRuns => f.write_str("the PWM uses both channels of this timer; stop it first"),
            Self::ChannelRuns { channel } => {
                write!(f, "a PWM needs both channels and channel {channel} is running; stop it first")
            }
            Self::PwmStopped => f.write_str("the PWM does not run; start it first"),
            Self::Node(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AxiTimerError {}

#[cfg(not(loom))]
impl pynq_core::DriverError for AxiTimerError {
    fn engine(&self) -> Option<Error> {
        match self {
            Self::Node(error) => Some(*error),
            _ => None,
        }
    }
}

impl From<Error> for AxiTimerError {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}
