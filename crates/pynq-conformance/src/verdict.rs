//! The result of a case.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use pynq_core::Error;

/// The result of a case.
pub type Verdict = Result<(), Outcome>;

/// Why a case ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The backend does something wrong.
    Failed(String),
    /// The backend doesn't have the topology, or can't do what the case needs.
    Skipped(String),
}

impl Outcome {
    /// A failure.
    pub fn failed(why: impl fmt::Display) -> Self {
        Self::Failed(why.to_string())
    }

    /// Something the backend doesn't have or can't do.
    pub fn skipped(why: impl fmt::Display) -> Self {
        Self::Skipped(why.to_string())
    }
}

/// An error where there should be none.
impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        Self::Failed(format!("unexpected error: {error}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => write!(f, "FAILED: {why}"),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

impl core::error::Error for Outcome {}

/// Ends the case as failed unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err($crate::verdict::Outcome::Failed(alloc::format!($($why)+)));
        }
    };
}
pub(crate) use ensure;
