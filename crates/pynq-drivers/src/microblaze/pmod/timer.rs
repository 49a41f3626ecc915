//! PYNQ's `pmod_timer`: pulses on a pin, and pulses that are waited for, counted and measured.
//!
//! Times are clocks of the I/O processor, 100 million in a second on PYNQ's boards.

use pynq_core::{
    BlockError,
    interrupt::{Wait, Waiting},
};

use super::{Mailbox, pin, within};
use crate::microblaze::{MicroblazeError, PynqMicroblaze, Result};

/// What the program takes off a period: the clocks that the timer adds.
const ADDED: u32 = 2;

/// A timer on a pin of a Pmod connector: a handle on a processor that runs PYNQ's program `pmod_timer`.
#[derive(Debug)]
pub struct PmodTimer(Mailbox);

impl PmodTimer {
    /// The program's commands.
    ///
    /// # Errors
    ///
    /// Those of [`PynqMicroblaze::mailbox`].
    pub fn new(iop: &PynqMicroblaze) -> Result<Self> {
        iop.mailbox().map(Self)
    }

    /// Connects the timer to this pin of the connector, 0 to 7.
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

    /// Generates a pulse of one clock every so many clocks, 3 or more, for ever.
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
        period: u32,
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x5, within("period", period, 3, u32::MAX).map(|period| [period].into_iter()), |[]: [u32; 0]| ())
    }

    /// Generates so many pulses, 1 to 255, one every so many clocks, 3 to 16,777,217, and returns after the last.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Argument`] with nothing sent. Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn generate_pulses(
        &mut self,
        period: u32,
        pulses: u8,
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        let checked = || {
            let pulses = within("number of pulses", pulses.into(), 1, 255)?;
            Ok([(within("period", period, 3, (1 << 24) + 1)? - ADDED) << 8 | pulses].into_iter())
        };
        self.0.known(0x7, checked(), |[]: [u32; 0]| ())
    }

    /// Whether the pin rises within so many clocks, 3 or more.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Argument`] with nothing sent. Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn event_within(
        &mut self,
        clocks: u32,
    ) -> Waiting<impl Wait<Value = bool, Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(
            0x9,
            within("period", clocks, 3, u32::MAX).map(|clocks| [clocks - ADDED].into_iter()),
            |[found]: [u32; 1]| found != 0,
        )
    }

    /// How often the pin rises within so many clocks, 3 or more.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Argument`] with nothing sent. Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn count_within(
        &mut self,
        clocks: u32,
    ) -> Waiting<impl Wait<Value = u32, Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(
            0xB,
            within("period", clocks, 3, u32::MAX).map(|clocks| [clocks - ADDED].into_iter()),
            |[count]: [u32; 1]| count,
        )
    }

    /// The clocks between two rising edges of the pin. It takes as long as these take.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn measure_period(&mut self) -> Waiting<impl Wait<Value = u32, Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0xD, Ok([].into_iter()), |[clocks]: [u32; 1]| clocks)
    }

    /// Ends what was generated.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn stop(&mut self) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x3, Ok([].into_iter()), |[]: [u32; 0]| ())
    }

    /// How long a command may take, see [`Mailbox::set_time`].
    pub const fn set_time(&mut self, time: core::time::Duration) {
        self.0.set_time(time);
    }
}
