//! What can go wrong on a serial line.

use core::fmt;

use pynq_core::Error;

use super::UartStatus;

/// The errors on the receiving side since they were last reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReceiveErrors {
    /// Characters arrived while the FIFO was full, and were lost.
    pub overrun: bool,
    /// Characters without a stop bit arrived, and were dropped by the block.
    pub frame: bool,
    /// Characters with the wrong parity arrived. They are among those that are read.
    pub parity: bool,
}

impl ReceiveErrors {
    /// Whether nothing went wrong.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !(self.overrun || self.frame || self.parity)
    }

    /// Adds the errors in a status.
    pub(super) const fn add(&mut self, status: UartStatus) {
        self.overrun |= status.contains(UartStatus::OVERRUN);
        self.frame |= status.contains(UartStatus::FRAME);
        self.parity |= status.contains(UartStatus::PARITY);
    }
}

impl fmt::Display for ReceiveErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = [(self.overrun, "overrun"), (self.frame, "frame error"), (self.parity, "parity error")];
        let mut separator = "";
        for (_, name) in found.into_iter().filter(|(is, _)| *is) {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// Why an operation on an AXI UART Lite failed.
///
/// ```
/// use std::time::Duration;
/// use pynq::{AxiUartLiteError, prelude::*};
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let uart = overlay.uart("uart")?;
/// let silent = uart.read_bytes_until(&mut [0; 8], Duration::from_millis(5)).unwrap_err();
/// assert!(silent.is_timed_out() && matches!(silent.cause(), AxiUartLiteError::Node(_)));
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AxiUartLiteError {
    /// Something went wrong on the receiving side. What is in the FIFO is still there; read on.
    Receive(ReceiveErrors),
    /// The block, or its interrupt, can't be used.
    Node(Error),
}

impl fmt::Display for AxiUartLiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receive(errors) => {
                write!(f, "the UART met: {errors}; read more often, or check baud rate and wiring")
            }
            Self::Node(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AxiUartLiteError {}

#[cfg(not(loom))]
impl pynq_core::DriverError for AxiUartLiteError {
    fn engine(&self) -> Option<Error> {
        match self {
            Self::Node(error) => Some(*error),
            _ => None,
        }
    }
}

impl From<Error> for AxiUartLiteError {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}

impl embedded_io::Error for AxiUartLiteError {
    fn kind(&self) -> embedded_io::ErrorKind {
        use embedded_io::ErrorKind;
        match self {
            Self::Receive(_) => ErrorKind::InvalidData,
            Self::Node(Error::TimedOut) => ErrorKind::TimedOut,
            Self::Node(Error::Invalidated | Error::DeviceGone) => ErrorKind::NotConnected,
            Self::Node(Error::InterruptsUnavailable) => ErrorKind::Unsupported,
            Self::Node(_) => ErrorKind::Other,
        }
    }
}
