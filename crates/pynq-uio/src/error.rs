//! What can go wrong between a program and the kernel.

use std::{fmt, io, path::PathBuf};

/// Why the kernel could not be asked, or what it answered.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file of the kernel's could not be used.
    File {
        /// What was to be done, as in "open" or "read".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { action, path, error } => {
                write!(f, "can't {action} {}: {error}", path.display())?;
                match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        f.write_str("; run as root, or install a udev rule (see `pynq doctor`)")
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
        }
    }
}
