//! Stimuli from the outside world, and the outputs that it sees.

use alloc::string::ToString;

use super::Board;
use crate::{error::Error, fabric::Stimulus};

/// Stimuli. Each has its effect, up to the wakers it calls, before it returns.
impl Board {
    /// Lets a stimulus happen now.
    ///
    /// # Errors
    ///
    /// If the board has no such block, channel, port or line.
    pub fn stimulate(&self, stimulus: &Stimulus) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.apply(stimulus))
    }

    /// Drives one pin of a block's channel from outside.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], [`Error::NoSuchChannel`] or [`Error::NoSuchPort`].
    pub fn input(&self, path: &str, channel: u8, bit: u8, level: bool) -> Result<(), Error> {
        self.shared().act(|state| state.fabric.drive_pin(path, channel, bit, level))
    }

    /// Presses a button: drives a pin of channel 1 high.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn press(&self, path: &str, bit: u8) -> Result<(), Error> {
        self.input(path, 1, bit, true)
    }

    /// Releases a button: drives a pin of channel 1 low.
    ///
    /// # Errors
    ///
    /// As [`input`](Self::input).
    pub fn release(&self, path: &str, bit: u8) -> Result<(), Error> {
        self.input(path, 1, bit, false)
    }

    /// What a block drives onto the pins of a channel.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`] or [`Error::NoSuchChannel`].
    pub fn output(&self, path: &str, channel: u8) -> Result<u32, Error> {
        self.shared().with(|state| Ok(state.fabric.levels(state.fabric.channel_port(path, channel, true)?)))
    }

    /// The levels of any port, as `path/port`.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPort`], [`Error::NoSuchBlock`] or [`Error::NoSuchPort`].
    pub fn port(&self, port: &str) -> Result<u32, Error> {
        self.shared().with(|state| Ok(state.fabric.levels(state.fabric.port(port)?)))
    }

    /// The level of a line, named by either end: `path/port`, `path/port[bit]` or `cpu/number`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn line(&self, line: &str) -> Result<bool, Error> {
        self.shared().with(|state| state.fabric.line(line))
    }

    /// Drives a line, named by either end. A line that a device drives is held (a stuck line) until it is
    /// [let go](Self::release_line).
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn set_line(&self, line: &str, level: bool) -> Result<(), Error> {
        self.stimulate(&Stimulus::line(line, level))
    }

    /// Leaves a held line to its device again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn release_line(&self, line: &str) -> Result<(), Error> {
        self.stimulate(&Stimulus::Release { line: line.to_string() })
    }

    /// Inverts a line for an instant.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn pulse_line(&self, line: &str) -> Result<(), Error> {
        self.stimulate(&Stimulus::pulse(line))
    }
}
