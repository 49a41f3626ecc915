//! Serial lines: what comes in at a UART, and what it sent.

use alloc::{string::ToString, vec::Vec};
use pynq_core::Instant;

use super::{Board, State};
use crate::{
    device::{SerialCharacter, SerialFault, SerialLine},
    error::Error,
};

impl State {
    pub(crate) fn with_serial_line<R>(
        &mut self,
        path: &str,
        f: impl FnOnce(&mut dyn SerialLine, Instant) -> R,
    ) -> Result<R, Error> {
        let block = self.block(path)?;
        let done = self.with_device(block, |device, bus| device.serial_line().map(|line| f(line, bus.now())));
        done.flatten().ok_or_else(|| Error::NoSerialLine { path: path.to_string() })
    }
}

/// Serial lines.
impl Board {
    /// Lets bytes come in at a UART from now on, one after the other as fast as its line is, after those that are
    /// already on their way.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`] or [`Error::NoSerialLine`].
    pub fn serial_input(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let characters: Vec<_> = bytes.iter().map(|&data| SerialCharacter { data, fault: None }).collect();
        self.shared().act(|state| state.with_serial_line(path, |line, now| line.queue(&characters, now)))
    }

    /// Fault: as [`serial_input`](Self::serial_input), for one byte with something wrong.
    ///
    /// # Errors
    ///
    /// As without a fault.
    pub fn serial_input_with_fault(&self, path: &str, data: u8, fault: SerialFault) -> Result<(), Error> {
        let character = SerialCharacter { data, fault: Some(fault) };
        self.shared().act(|state| state.with_serial_line(path, |line, now| line.queue(&[character], now)))
    }

    /// Takes what a UART has sent so far, up to the last character that is out with its stop bit.
    ///
    /// # Errors
    ///
    /// As [`serial_input`](Self::serial_input).
    pub fn serial_output(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.shared().act(|state| state.with_serial_line(path, |line, _| line.take_sent()))
    }
}
