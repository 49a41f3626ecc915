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
    /// The kernel refused to map a range of a device file.
    Map {
        /// The file.
        path: PathBuf,
        /// Where the range starts, in bytes; the physical address in `/dev/mem`.
        offset: u64,
        /// Its bytes.
        length: usize,
        /// What the kernel said.
        error: io::Error,
    },
    /// The pages that take a device away from its old handles could not be had, so that it is still reachable.
    Revoke {
        /// The file that is mapped.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// A range reaches beyond what is mapped. In bytes.
    OutOfRange {
        /// Where the range starts.
        offset: usize,
        /// How long it is.
        length: usize,
        /// How much is mapped.
        size: usize,
    },
    /// An address or an offset of a register is no multiple of four.
    Unaligned {
        /// The address or offset.
        address: u64,
    },
}

impl Error {
    /// What the kernel said to an action on a file.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>, error: impl Into<io::Error>) -> Self {
        Self::File { action, path: path.into(), error: error.into() }
    }
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
            Self::Map { path, offset, length, error } => {
                write!(f, "can't map {length:#x} bytes at {offset:#x} of {}: {error}", path.display())?;
                f.write_str(map_cure(error))
            }
            Self::Revoke { path, error } => write!(
                f,
                "can't take {} away from its old handles: {error}; close them before the device changes",
                path.display()
            ),
            Self::OutOfRange { offset, length, size } => {
                write!(f, "{length:#x} bytes at offset {offset:#x} reach beyond the {size:#x} bytes mapped; stay below")
            }
            Self::Unaligned { address } => {
                write!(f, "{address:#x} is no multiple of 4; registers are words, use {:#x}", address & !3)
            }
        }
    }
}

/// What to do about a mapping that was refused.
fn map_cure(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::PERM) => {
            "; this kernel keeps the range to itself (CONFIG_STRICT_DEVMEM: memory, or registers that a kernel driver \
             holds); give the block to UIO in the device tree, or free it of its driver"
        }
        Some(rustix::io::Errno::INVAL) => "; the device has no such map, or it is smaller, or this is no multiple of a page",
        Some(rustix::io::Errno::NODEV) => "; the device's map starts inside a page, or is none that can be mapped",
        _ => "",
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } | Self::Map { error, .. } | Self::Revoke { error, .. } => Some(error),
            _ => None,
        }
    }
}
