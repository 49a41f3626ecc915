//! PYNQ's `pmod_pwm`: a pulse-width modulated pin.

use pynq_core::{
    BlockError,
    interrupt::{Wait, Waiting},
};

use super::{Mailbox, pin, within};
use crate::microblaze::{MicroblazeError, PynqMicroblaze, Result};

/// A pulse-width modulated pin of a Pmod connector: a handle on a processor that runs PYNQ's program `pmod_pwm`.
#[derive(Debug)]
pub struct PmodPwm(Mailbox);

impl PmodPwm {
    /// The program's commands.
    ///
    /// # Errors
    ///
    /// Those of [`PynqMicroblaze::mailbox`].
    pub fn new(iop: &PynqMicroblaze) -> Result<Self> {
        iop.mailbox().map(Self)
    }

    /// Has the timer drive this pin of the connector, 0 to 7.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Argument`] with nothing sent. Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn select(&mut self, number: u8) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x1, pin(number).map(|pin| [pin].into_iter()), |[]: [u32; 0]| ())
    }

    /// Generates pulses, for ever: a period of 1 to 65,536 microseconds, and how much of it the pin is high, 1 to 99 percent.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Argument`] with nothing sent. Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn generate(
        &mut self,
        period_us: u32,
        percent: u32,
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        let checked = || Ok([within("period", period_us, 1, 65_536)?, within("duty", percent, 1, 99)?].into_iter());
        self.0.known(0x3, checked(), |[]: [u32; 0]| ())
    }

    /// Ends the pulses.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn stop(&mut self) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x5, Ok([].into_iter()), |[]: [u32; 0]| ())
    }
}
