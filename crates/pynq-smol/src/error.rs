//! What can go wrong with work that runs aside.

use std::fmt;

/// Why the work has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It panicked.
    Panicked {
        /// With this message.
        message: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { message } => write!(f, "the blocking work panicked: {message}"),
        }
    }
}

impl std::error::Error for Error {}
