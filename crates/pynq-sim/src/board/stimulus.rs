//! Stimuli from the outside world, and the outputs that it sees.

use alloc::string::ToString;

use super::{Board, State};
use crate::{
    error::Error,
    fabric::Stimulus,
    script::{Recorder, Recording},
};

impl State {
    /// Notes a stimulus that has just been applied.
    #[inline]
    pub(super) fn record(&mut self, stimulus: impl FnOnce() -> Stimulus) {
        let now = self.now();
        if let Some(recorder) = &mut self.recorder {
            recorder.record(now, stimulus());
        }
    }
}

/// Stimuli. Each has its effect, up to the wakers it calls, before it returns.
impl Board {
    /// Lets a stimulus happen now.
    ///
    /// # Errors
    ///
    /// If the board has no such block, channel, port or line.
    pub fn stimulate(&self, stimulus: &Stimulus) -> Result<(), Error> {
        self.shared().act(|state| {
            state.fabric.apply(stimulus)?;
            state.record(|| stimulus.clone());
            Ok(())
        })
    }

    /// Whether a stimulus could happen now: whether the board has what it is for.
    ///
    /// # Errors
    ///
    /// As [`stimulate`](Self::stimulate).
    pub fn check(&self, stimulus: &Stimulus) -> Result<(), Error> {
        self.shared().with(|state| state.fabric.check(stimulus))
    }

    /// Records all stimuli from here on, up to `limit` of them, to be played again as a [script](crate::script); zero ends
    /// that.
    pub fn start_recording(&self, limit: usize) {
        self.shared().act(|state| {
            let now = state.now();
            state.recorder = (limit != 0).then(|| Recorder::new(now, limit));
        });
    }

    /// What was recorded so far; empty if [nothing was to be](Self::start_recording).
    ///
    /// ```
    /// use pynq_sim::{
    ///     Board,
    ///     models::{AxiGpioModel, GpioChannel, GpioParams},
    ///     script::Roles,
    /// };
    ///
    /// let inputs = GpioParams { channel1: GpioChannel::inputs(4), ..GpioParams::default() };
    /// let board = Board::builder().device("btns", 0x1000, 0x1000, AxiGpioModel::new(inputs)).build()?;
    /// board.start_recording(1_000);
    /// board.press("btns", 2)?;
    /// board.advance(core::time::Duration::from_millis(20));
    /// board.release("btns", 2)?;
    ///
    /// let script = board.recording().script;
    /// assert_eq!(script.to_string(), "0ms  pin btns 1 2 high\n20ms  pin btns 1 2 low\n");
    /// let roles = Roles::new().with_buttons("btns", 1, 0..4);
    /// assert_eq!(script.by_role(&roles).to_string(), "0ms  press 2\n20ms  release 2\n");
    /// # Ok::<(), pynq_sim::Error>(())
    /// ```
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.shared().with(|state| state.recorder.as_ref().map(Recorder::recording)).unwrap_or_default()
    }

    /// Drives one pin of a block's channel from outside.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], [`Error::NoSuchChannel`] or [`Error::NoSuchPort`].
    pub fn input(&self, path: &str, channel: u8, bit: u8, level: bool) -> Result<(), Error> {
        self.shared().act(|state| {
            state.fabric.drive_pin(path, channel, bit, level)?;
            state.record(|| Stimulus::pin(path, channel, bit, level));
            Ok(())
        })
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

    /// What drives the pins of a channel from outside.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`] or [`Error::NoSuchChannel`].
    pub fn driven(&self, path: &str, channel: u8) -> Result<u32, Error> {
        self.shared().with(|state| Ok(state.fabric.levels(state.fabric.channel_port(path, channel, false)?)))
    }

    /// How many pins a channel of a block has in this build: those that are driven from outside, or else those that are seen
    /// there.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`] or [`Error::NoSuchChannel`].
    pub fn pins(&self, path: &str, channel: u8) -> Result<u8, Error> {
        self.shared().with(|state| state.fabric.channel_width(path, channel))
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
