//! What can go wrong with a board that is looked at.

use std::{fmt, io, net::SocketAddr};

/// Why a board can't be shown, or a command can't be carried out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The overlay is not on a simulated board.
    NotSimulated,
    /// The board has no such control.
    NoSuchControl {
        /// The id requested.
        id: String,
        /// Those that can be moved.
        has: Vec<String>,
    },
    /// The control shows something and can't be moved.
    NotAnInput {
        /// Its id.
        id: String,
    },
    /// The block has no serial line.
    NoSuchConsole {
        /// The path requested.
        path: String,
        /// The blocks that have one.
        has: Vec<String>,
    },
    /// More text than a serial line takes at once.
    TooLong {
        /// Its bytes.
        length: usize,
    },
    /// A step while the clock goes by itself.
    NotPaused,
    /// A longer step than there may be.
    StepTooLong {
        /// In microseconds.
        micros: u64,
    },
    /// A longer press than there may be.
    PressTooLong {
        /// In milliseconds.
        millis: u32,
    },
    /// Another party has the clock: a server whose clients are elsewhere.
    NotOurClock,
    /// The board refuses.
    Board(pynq::sim::Error),
    /// The script is for another board.
    Script(pynq::sim::script::ScriptError),
    /// The overlay refuses.
    Overlay(Box<pynq::Error>),
    /// The page can't be served there.
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// A page for the network without a token.
    OpenWithoutToken {
        /// Where it was to be served.
        address: SocketAddr,
    },
    /// The terminal, or the connections of the page.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSimulated => f.write_str("this overlay is on a real board; only a simulated one can be shown"),
            Self::NoSuchControl { id, has } => {
                write!(f, "no control `{}` on this board; {}", pynq::hwh::escaped(id), listed("it has", has))
            }
            Self::NotAnInput { id } => {
                write!(f, "`{}` shows what the design drives and can't be moved", pynq::hwh::escaped(id))
            }
            Self::NoSuchConsole { path, has } => {
                write!(f, "no serial line on `{}`; {}", pynq::hwh::escaped(path), listed("there is one on", has))
            }
            Self::TooLong { length } => {
                write!(f, "{length} bytes for a serial line at once; send {} at most", crate::Command::LONGEST_TEXT)
            }
            Self::NotPaused => f.write_str("the clock goes by itself; pause it before it is moved in steps"),
            Self::StepTooLong { micros } => {
                write!(f, "a step of {micros} us; make it {} s at most", crate::Command::LONGEST_STEP.as_secs())
            }
            Self::PressTooLong { millis } => write!(
                f,
                "a press of {millis} ms; make it {} s at most, or hold the button",
                crate::Command::LONGEST_STEP.as_secs()
            ),
            Self::NotOurClock => f.write_str("the clock keeps pace with clients elsewhere and can't be stopped"),
            Self::Board(error) => error.fmt(f),
            Self::Script(error) => error.fmt(f),
            Self::Overlay(error) => error.fmt(f),
            Self::Listen { address, error } => write!(f, "can't listen at {address}: {error}"),
            Self::OpenWithoutToken { address } => write!(
                f,
                "{address} can be reached from the network; give a token that viewers have to know, or listen at 127.0.0.1"
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}

fn listed(has: &str, names: &[String]) -> String {
    if names.is_empty() { "it has none".to_owned() } else { format!("{has} {}", names.join(", ")) }
}

impl std::error::Error for Error {}

impl From<pynq::sim::Error> for Error {
    fn from(error: pynq::sim::Error) -> Self {
        Self::Board(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
