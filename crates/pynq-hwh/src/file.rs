//! Reading files, with a bound on their size.

use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// The contents of `path`. The bound holds for devices and pipes too, which have no size to ask for.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let outcome = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    let outcome = match outcome {
        Ok(_) if bytes.len() as u64 > limit => {
            Err(IoError::new(ErrorKind::FileTooLarge, format!("larger than {limit} bytes")))
        }
        other => other,
    };
    match outcome {
        Ok(_) => Ok(bytes),
        Err(source) => Err(Error::Io { path: path.to_owned(), action: "read", source }),
    }
}
