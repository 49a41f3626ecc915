//! What can be wrong with a runtime.

use std::fmt;

/// Why the runtime could not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Not within a tokio runtime.
    NoRuntime,
    /// The runtime was built without timers.
    TimersDisabled,
    /// The runtime was shut down before the work was begun.
    ShutDown,
    /// The work panicked.
    Panicked {
        /// With this message.
        message: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRuntime => f.write_str(
                "no tokio runtime on this thread; call it from a task, or within `runtime.enter()`, or use the blocking form",
            ),
            Self::TimersDisabled => {
                f.write_str("the tokio runtime was built without timers; call `enable_time` on its builder")
            }
            Self::ShutDown => f.write_str("the tokio runtime was shut down before the work was begun; start another one"),
            Self::Panicked { message } => write!(f, "the blocking work panicked: {message}"),
        }
    }
}

impl std::error::Error for Error {}
