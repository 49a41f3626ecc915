//! What is wrong with a script, and where.

use alloc::string::String;
use core::{fmt, ops::Range};

use crate::error::Error;

/// What is wrong with a script. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScriptError {
    /// The text is no script.
    Syntax {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What stands there; empty at the end of the line.
        found: String,
        /// What may stand there.
        expected: String,
    },
    /// The board has no such button or switch.
    NoSuchRole {
        /// The line; 0 if the step stands in no text.
        line: usize,
        /// What it was to be: `button` or `switch`.
        kind: &'static str,
        /// Its number.
        number: u8,
        /// The numbers there are.
        has: Range<u8>,
    },
    /// The board refuses a step.
    Board {
        /// The line; 0 if the step stands in no text.
        line: usize,
        /// Why.
        error: Error,
    },
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column, found, expected } if found.is_empty() => {
                write!(f, "line {line}, column {column}: the line ends here, expected {expected}")
            }
            Self::Syntax { line, column, found, expected } => {
                write!(f, "line {line}, column {column}: found `{found}`, expected {expected}")
            }
            Self::NoSuchRole { line, kind, number, has } => {
                place(f, *line)?;
                if has.is_empty() {
                    return write!(
                        f,
                        "no {kind} {number}: the board has none; name the pin, `pin BLOCK CHANNEL PIN LEVEL`"
                    );
                }
                write!(f, "no {kind} {number}; the board has {} to {}", has.start, has.end - 1)
            }
            Self::Board { line, error } => {
                place(f, *line)?;
                error.fmt(f)
            }
        }
    }
}

fn place(f: &mut fmt::Formatter<'_>, line: usize) -> fmt::Result {
    if line == 0 { Ok(()) } else { write!(f, "line {line}: ") }
}

impl core::error::Error for ScriptError {}
