//! PYNQ's `pmod_adc`: the converter of the Pmod AD2.

use pynq_core::{
    BlockError,
    interrupt::{Wait, Waiting},
};

use super::Mailbox;
use crate::microblaze::{MicroblazeError, PynqMicroblaze, Result};

/// All three of its channels.
const CHANNELS: u32 = 0x70;

/// The converter of a Pmod AD2, of which PYNQ uses three channels: a handle on a processor that runs PYNQ's program `pmod_adc`.
#[derive(Debug)]
pub struct PmodAdc(Mailbox);

impl PmodAdc {
    /// The program's commands.
    ///
    /// # Errors
    ///
    /// Those of [`PynqMicroblaze::mailbox`].
    pub fn new(iop: &PynqMicroblaze) -> Result<Self> {
        iop.mailbox().map(Self)
    }

    /// Resets the converter.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn reset(&mut self) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x1, Ok([].into_iter()), |[]: [u32; 0]| ())
    }

    /// Converts channels 0 to 2: 12 bits each.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn raw(&mut self) -> Waiting<impl Wait<Value = [u32; 3], Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x3 | CHANNELS, Ok([].into_iter()), |values: [u32; 3]| values)
    }

    /// Converts channels 0 to 2: volts.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn volts(&mut self) -> Waiting<impl Wait<Value = [f32; 3], Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x5 | CHANNELS, Ok([].into_iter()), |values: [u32; 3]| values.map(f32::from_bits))
    }
}
