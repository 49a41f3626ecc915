//! PYNQ's `pmod_oled`: text and lines on the Pmod OLED.

use pynq_core::{
    BlockError,
    interrupt::{Wait, Waiting},
};

use super::{Mailbox, within};
use crate::microblaze::{MicroblazeError, PynqMicroblaze, Result};

/// Columns and lines of the display.
const WIDTH: u32 = 128;
const HEIGHT: u32 = 32;

/// Characters that the program takes at once.
const LONGEST: usize = 63;

/// The display of a Pmod OLED, 128 by 32 pixels: a handle on a processor that runs PYNQ's program `pmod_oled`.
#[derive(Debug)]
pub struct PmodOled(Mailbox);

impl PmodOled {
    /// The program's commands.
    ///
    /// # Errors
    ///
    /// Those of [`PynqMicroblaze::mailbox`].
    pub fn new(iop: &PynqMicroblaze) -> Result<Self> {
        iop.mailbox().map(Self)
    }

    /// Makes the display dark.
    ///
    /// # Errors
    ///
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn clear(&mut self) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x1, Ok([].into_iter()), |[]: [u32; 0]| ())
    }

    /// Writes a text of up to 63 of ASCII's printable characters, beginning with the character cell in this column, 0 to
    /// 15, and row, 0 to 3.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::TooMany`], [`MicroblazeError::Character`] and [`MicroblazeError::Argument`] with nothing sent.
    /// Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn print<'a>(
        &'a mut self,
        text: &'a str,
        column: u32,
        row: u32,
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + 'a> {
        let checked = || {
            if text.chars().count() > LONGEST {
                return Err(MicroblazeError::TooMany { words: text.chars().count(), room: LONGEST });
            }
            if let Some(found) = text.chars().find(|character| !matches!(character, ' '..='~')) {
                return Err(MicroblazeError::Character { found });
            }
            let at = [within("column", column, 0, 15)?, within("row", row, 0, 3)?];
            // All of it is ASCII, so bytes are characters.
            let length = text.bytes().map(|_| 1).sum();
            Ok([length].into_iter().chain(at).chain(text.bytes().map(u32::from)))
        };
        self.0.known(0x3, checked(), |[]: [u32; 0]| ())
    }

    /// Draws a line between two points: column, 0 to 127 from the left, and line, 0 to 31 from the top.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Argument`] with nothing sent. Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn line(
        &mut self,
        from: (u32, u32),
        to: (u32, u32),
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x5, corners(from, to), |[]: [u32; 0]| ())
    }

    /// Draws a rectangle between two opposite corners, as of [`line`](Self::line).
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::Argument`] with nothing sent. Those of [`Mailbox::command_async`].
    ///
    /// # Cancellation safety
    ///
    /// As [`Mailbox::command_async`].
    pub fn rectangle(
        &mut self,
        from: (u32, u32),
        to: (u32, u32),
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + '_> {
        self.0.known(0x7, corners(from, to), |[]: [u32; 0]| ())
    }
}

fn corners(from: (u32, u32), to: (u32, u32)) -> core::result::Result<core::array::IntoIter<u32, 4>, MicroblazeError> {
    let (x, y) = (|x| within("column", x, 0, WIDTH - 1), |y| within("line", y, 0, HEIGHT - 1));
    Ok([x(from.0)?, y(from.1)?, x(to.0)?, y(to.1)?].into_iter())
}
