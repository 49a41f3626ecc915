//! What a viewer does to a board.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a viewer does to a board. As JSON it is `{"do": "set", "control": "btn0", "on": true}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command {
    /// Presses a button, moves a switch, drives an input; or lets go of it.
    Set {
        /// The [`Control`](crate::Control)'s id.
        control: String,
        /// Pressed, on, high.
        on: bool,
    },
    /// The same for a moment of the board's time, then back.
    Press {
        /// The [`Control`](crate::Control)'s id.
        control: String,
        /// How long, in milliseconds.
        millis: u32,
    },
    /// Sends text to a serial line of the board.
    Type {
        /// The block, by path.
        console: String,
        /// The text.
        text: String,
    },
    /// Sets how the clock goes.
    Clock {
        /// How.
        mode: Mode,
    },
    /// Moves a clock that stands still.
    Step {
        /// By so many microseconds.
        micros: u64,
    },
    /// Fault: holds a line, whatever drives it.
    Hold {
        /// Either end of it, as `path/port`.
        line: String,
        /// At this level.
        level: bool,
    },
    /// Leaves a line that was held to what drives it.
    Release {
        /// Either end of it.
        line: String,
    },
    /// Fault: inverts a line for an instant.
    Pulse {
        /// Either end of it.
        line: String,
    },
}

impl Command {
    /// The longest step of the clock, whose events all happen at once; and the longest press.
    pub const LONGEST_STEP: Duration = Duration::from_secs(60);

    /// The longest text that is sent to a serial line at once, in bytes.
    pub const LONGEST_TEXT: usize = 4096;
}

/// How the clock of a board goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// As fast as the machine's.
    #[default]
    RealTime,
    /// From event to event, as fast as the program keeps up.
    Virtual,
    /// Not at all; it is moved in [steps](Command::Step).
    Paused,
}

impl Mode {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RealTime => "real time",
            Self::Virtual => "virtual time",
            Self::Paused => "paused",
        }
    }
}
