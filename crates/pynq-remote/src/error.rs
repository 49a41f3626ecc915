//! What can be wrong with the server's options, or with what a client programs.

use std::{fmt, net::SocketAddr};

/// Why a board can't be served, or a bitstream can't be programmed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No design was given.
    NoDesign,
    /// Two designs have the same name.
    DuplicateDesign {
        /// The name.
        name: String,
    },
    /// A handoff file can't be read, or is none.
    Handoff {
        /// The design's name.
        name: String,
        /// Why.
        error: Box<pynq::hwh::Error>,
    },
    /// The design's blocks can't be put on a board, or the board can't be programmed.
    Board(Box<pynq::Error>),
    /// The script is for another board.
    Script(pynq::sim::script::ScriptError),
    /// The board has no memory for buffers.
    Memory(String),
    /// The address can't be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// A token that no client could send, or that protects nothing.
    Token {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificate or its key can't be used.
    Tls(String),
    /// The connections can't be served any more.
    Transport(String),
    /// No design has the bitstream's name.
    UnknownBitstream {
        /// The bitstream.
        file: String,
        /// The designs there are.
        has: Vec<String>,
    },
    /// What was sent is no bitstream, or one for another part.
    Bitstream {
        /// The file.
        file: String,
        /// Why.
        error: Box<pynq::hwh::Error>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDesign => f.write_str("no design to simulate; give at least one handoff file"),
            Self::DuplicateDesign { name } => {
                write!(f, "two designs are called \"{name}\"; a client could not distinguish them, so rename one file")
            }
            Self::Handoff { name, error } => write!(f, "{name}: {error}"),
            Self::Board(error) => write!(f, "{error}"),
            Self::Script(error) => write!(f, "the script: {error}"),
            Self::Memory(error) => write!(f, "no memory for buffers: {error}"),
            Self::Listen { address, error } => write!(f, "cannot listen on {address}: {error}"),
            Self::Token { reason } => write!(f, "the token {reason}"),
            Self::Tls(error) => write!(f, "the certificate or its key cannot be used: {error}"),
            Self::Transport(error) => write!(f, "the server has stopped: {error}"),
            Self::UnknownBitstream { file, has } => write!(
                f,
                "no design for \"{file}\" on the simulated board, which has: {}; start it with that design's .hwh file",
                has.join(", "),
            ),
            Self::Bitstream { file, error } => write!(f, "{file}: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Handoff { error, .. } | Self::Bitstream { error, .. } => Some(error),
            Self::Board(error) => Some(error),
            Self::Script(error) => Some(error),
            Self::Listen { error, .. } => Some(error),
            _ => None,
        }
    }
}
