//! Errors of the connection to the emulator.

use std::{fmt, io, time::Duration};

/// Why QEMU could not be started, or a command could not be carried out.
///
/// After any of them but [`Refused`](Self::Refused) and [`Malformed`](Self::Malformed) the connection is over, and every
/// later command fails with the same error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The program could not be started.
    Start {
        /// The program.
        program: String,
        /// The error of the operating system.
        kind: io::ErrorKind,
    },
    /// QEMU ended.
    Ended {
        /// The last command it was sent.
        command: String,
        /// Its exit status, or why that is not known.
        status: String,
        /// The end of its output to standard error.
        said: String,
    },
    /// QEMU gave no answer in time, and was killed.
    Silent {
        /// The command it was sent.
        command: String,
        /// How long it had.
        limit: Duration,
    },
    /// QEMU's answer does not belong to this protocol.
    Answer {
        /// The command it was sent.
        command: String,
        /// The answer.
        answer: String,
    },
    /// QEMU refused the command.
    Refused {
        /// The command it was sent.
        command: String,
        /// Its reason.
        answer: String,
    },
    /// QEMU was stopped by this program, see [`Qtest::stop`](crate::Qtest::stop).
    Stopped,
    /// A command that can't be sent: a name in it has white space.
    Malformed {
        /// The name.
        name: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, kind } => {
                write!(f, "can't start {program}: {kind}; install it, or name another one")
            }
            Self::Ended { command, status, said } => {
                let said = if said.is_empty() { "it did not say why" } else { said };
                write!(f, "QEMU ended ({status}) at \"{command}\": {said}; check its arguments")
            }
            Self::Silent { command, limit } => write!(
                f,
                "QEMU gave no answer to \"{command}\" within {} s and was killed; give it more time, or find what it hangs in",
                limit.as_secs_f32()
            ),
            Self::Answer { command, answer } => write!(
                f,
                "QEMU answered \"{answer}\" to \"{command}\", where a line of qtest was expected; nothing else may use its standard output"
            ),
            Self::Refused { command, answer } => write!(
                f,
                "QEMU refused \"{command}\": {answer}; check the name of the device, and that this QEMU knows the command"
            ),
            Self::Stopped => f.write_str("this QEMU has been stopped; start another one"),
            Self::Malformed { name } => {
                write!(f, "\"{}\" is no name of a device: it has white space, or nothing", name.escape_debug())
            }
        }
    }
}

impl std::error::Error for Error {}
