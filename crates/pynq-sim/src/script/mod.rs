//! Scripts: what somebody does to a board, and when, as text.
//!
//! A script has one step per line: a time, and what happens then. Empty lines, and what follows a `#`, are left out.
//!
//! ```
//! use pynq_sim::{
//!     Board,
//!     models::{AxiGpioModel, GpioChannel, GpioParams},
//!     script::{Roles, Script},
//! };
//!
//! let script: Script = "\
//!     10ms    press 0 for 20ms   # button 0 goes down, and up again 20 ms later
//!     +5ms    switch 1 on        # 5 ms after the line above
//!     1.5s    pin \"gpio\" 1 3 low
//! ".parse()?;
//!
//! let inputs = GpioParams { channel1: GpioChannel::inputs(4), ..GpioParams::default() };
//! let board = Board::builder().device("gpio", 0x4120_0000, 0x1000, AxiGpioModel::new(inputs)).build()?;
//! // Which pins the buttons and the switches are on.
//! let roles = Roles::new().with_buttons("gpio", 1, 0..2).with_switches("gpio", 1, 0..4);
//! script.play(&board, &roles)?;
//! board.advance(core::time::Duration::from_millis(16));
//! assert_eq!(board.window("gpio")?.read(0), 0b11);
//!
//! let wrong = "10ms press 0\n20ms push 0".parse::<Script>().unwrap_err().to_string();
//! assert!(wrong.starts_with("line 2, column 6: found `push`, expected `press`, `release`,"), "{wrong}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Times
//!
//! A number with a unit (`ns`, `us`, `ms`, `s`) and at most nine digits after the point; without a unit it is in milliseconds.
//! Times count from where the script is [played](Script::play). One that begins with a `+` counts from the line above. Of
//! several steps at one time the upper one comes first.
//!
//! # Actions
//!
//! | action | what happens |
//! |---|---|
//! | `press N`, `press N for TIME`, `release N` | a button, by its number |
//! | `switch N LEVEL` | a switch, by its number |
//! | `pin BLOCK CHANNEL PIN LEVEL` | one pin of a block's channel is driven |
//! | `pins BLOCK CHANNEL BITS` | all pins of the channel |
//! | `port BLOCK/PORT BITS` | an input port |
//! | `line NAME LEVEL`, `free NAME`, `pulse NAME` | a line is held, let go of, inverted for an instant |
//! | `type BLOCK "text"` | characters come in at a serial line, as fast as that is |
//! | `character BLOCK BYTE` | one has just come in |
//!
//! `type` and `character` can end in `with frame` or `with parity`, the error that the characters have; their block can be an
//! interface, `BLOCK/PORT`, too. A level is `1`, `high` or `on`, or `0`, `low` or `off`; numbers can be hexadecimal (`0x1f`) or
//! binary (`0b101`). Names with blanks stand in double quotes. In quotes, `\n`, `\r`, `\t`, `\"`, `\\` and `\x41` are what they
//! are in Rust.

mod error;
mod parse;
mod record;
mod roles;
mod step;
mod words;
mod write;

use alloc::vec::Vec;
use core::{str::FromStr, time::Duration};

pub use error::ScriptError;
pub(crate) use record::Recorder;
pub use record::Recording;
pub use roles::{Pins, Roles};

use crate::fabric::Stimulus;

/// A script, in the order of its times. [The module](self) has the language, which [`parse`](str::parse) reads and `Display`
/// writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    steps: Vec<Step>,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// When, from the begin of the script on.
    pub at: Duration,
    /// What.
    pub action: Action,
    /// The line of the text that it stands in, counted from 1; 0 if it was made by code.
    pub line: usize,
}

impl Step {
    /// A step that stands in no text.
    #[must_use]
    pub const fn new(at: Duration, action: Action) -> Self {
        Self { at, action, line: 0 }
    }
}

/// Something done to the board.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// A button is pressed.
    Press(u8),
    /// A button is let go.
    Release(u8),
    /// A switch is moved.
    Switch(u8, bool),
    /// Anything else.
    Stimulus(Stimulus),
}

impl Script {
    /// A script of these steps.
    #[must_use]
    pub fn new(mut steps: Vec<Step>) -> Self {
        // Stable: the order of the lines decides between equals.
        steps.sort_by_key(|step| step.at);
        Self { steps }
    }

    /// The steps, in the order of their times.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    /// Reads a script.
    fn from_str(text: &str) -> Result<Self, ScriptError> {
        parse::script(text).map(Self::new)
    }
}
