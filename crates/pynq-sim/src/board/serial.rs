//! Serial lines: the input of a UART, and its output.

use alloc::vec::Vec;

use super::Board;
use crate::{
    device::{SerialCharacter, SerialFault},
    error::Error,
    fabric::Stimulus,
};

/// Serial lines.
impl Board {
    /// Lets bytes come in at a UART from now on, one after the other as fast as its line is, after those that are
    /// already on their way.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`] or [`Error::NoSerialLine`].
    pub fn serial_input(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        self.stimulate(&Stimulus::text(path, bytes))
    }

    /// Fault: as [`serial_input`](Self::serial_input), for one byte with something wrong.
    ///
    /// # Errors
    ///
    /// As without a fault.
    pub fn serial_input_with_fault(&self, path: &str, data: u8, fault: SerialFault) -> Result<(), Error> {
        let characters = Vec::from([SerialCharacter { data, fault: Some(fault) }]);
        self.stimulate(&Stimulus::Serial { path: path.into(), characters })
    }

    /// Takes what a UART has sent so far, up to the last character that is out with its stop bit.
    ///
    /// # Errors
    ///
    /// As [`serial_input`](Self::serial_input).
    pub fn serial_output(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.shared().act(|state| state.fabric.serial_output(path))
    }
}
