//! What can go wrong on an I2C bus.

use core::{fmt, time::Duration};

use pynq_core::Error;

/// Whose acknowledge was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nack {
    /// That of an address: there is no such target, or it is busy.
    Address,
    /// That of a byte.
    Data,
}

/// Why an operation on an AXI IIC failed. The bus is free again afterwards, and the block ready, but where it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AxiIicError {
    /// The target did not acknowledge. A STOP was sent.
    Nack(Nack),
    /// Another controller sent something else at the same time, and has the bus. Try again: that waits until the bus is free.
    ArbitrationLost,
    /// The transfer was not over after this time: a target holds a line of the bus, or there are no pull-ups. The block was
    /// reset; whether the bus is free is for the target.
    BusStuck {
        /// How long it was given.
        after: Duration,
    },
    /// A read of no bytes: the target would drive the bus already.
    EmptyRead,
    /// A write of no bytes at the end of a transaction with a read, which the block can't do.
    EmptyWriteAtEnd,
    /// No such address.
    NoSuchAddress {
        /// The one that was asked for.
        address: u16,
        /// The highest there is.
        highest: u16,
    },
    /// The block, or its interrupt, can't be used.
    Node(Error),
}

impl fmt::Display for AxiIicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nack(Nack::Address) => {
                f.write_str("no target acknowledged the address; check it, and whether the part is powered or busy")
            }
            Self::Nack(Nack::Data) => {
                f.write_str("the target did not acknowledge a byte; it takes no more, or does not know the command")
            }
            Self::ArbitrationLost => f.write_str("another controller has the bus; try again"),
            Self::BusStuck { after } => write!(
                f,
                "the bus did not become free within {after:?}: a part holds SDA or SCL low, or there are no pull-ups; \
                 reset the part, or allow more time by `with_timeout`"
            ),
            Self::EmptyRead => f.write_str("a read of no bytes is not possible on I2C; probe by a write of none"),
            Self::EmptyWriteAtEnd => {
                f.write_str("a write of no bytes can't end a transaction with a read; make it a transaction of its own")
            }
            Self::NoSuchAddress { address, highest } => {
                write!(f, "there is no address {address:#x}; they go up to {highest:#x}, without the direction bit")
            }
            Self::Node(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AxiIicError {}

#[cfg(not(loom))]
impl pynq_core::DriverError for AxiIicError {
    fn engine(&self) -> Option<Error> {
        match self {
            Self::Node(error) => Some(*error),
            _ => None,
        }
    }
}

impl From<Error> for AxiIicError {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}

impl embedded_hal::i2c::Error for AxiIicError {
    fn kind(&self) -> embedded_hal::i2c::ErrorKind {
        use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
        match self {
            Self::Nack(Nack::Address) => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address),
            Self::Nack(Nack::Data) => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data),
            Self::ArbitrationLost => ErrorKind::ArbitrationLoss,
            Self::BusStuck { .. } => ErrorKind::Bus,
            _ => ErrorKind::Other,
        }
    }
}
