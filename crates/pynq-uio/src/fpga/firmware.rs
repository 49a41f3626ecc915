//! The file that the kernel reads the configuration data from.
//!
//! The kernel looks a file up by name when it starts to program, and reads it before that call returns. The file comes
//! into place by a rename, so nobody ever reads half of one. What stood there before comes back if programming fails.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// A firmware file in its place. Dropping it removes the file and brings back what was there before.
#[derive(Debug)]
pub(super) struct Firmware {
    file: PathBuf,
    before: Option<PathBuf>,
    kept: bool,
}

/// Longest name of a firmware file. The kernel copies it into 255 bytes, and the files beside it have longer names.
const LONGEST_NAME: usize = 200;

/// Checks that `name` is that of a file in the firmware folder.
pub(super) fn check_name(name: &str) -> Result<()> {
    let problem = if name.is_empty() {
        "is empty"
    } else if name.len() > LONGEST_NAME {
        "has more than 200 bytes"
    } else if name.contains('/') {
        "leads to another folder, and the kernel looks in the firmware folder only"
    } else if name.starts_with('.') {
        "begins with a full stop"
    } else if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "has blanks or control characters in it, and the kernel takes the name as a line of text"
    } else {
        return Ok(());
    };
    Err(Error::FirmwareName { name: name.to_owned(), problem })
}

impl Firmware {
    /// Puts `bytes` into `folder` under `name`. Two of the same name must not exist at once.
    pub(super) fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<Self> {
        check_name(name)?;
        if !folder.is_dir() {
            return Err(Error::NoFirmwareFolder { path: folder.to_owned() });
        }
        let file = folder.join(name);
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |error| Error::File { action, path, error }
        };
        let fresh = folder.join(format!(".{name}.new"));
        if let Err(error) = write_new(&fresh, bytes) {
            let _ = fs::remove_file(&fresh);
            return Err(failed("write", &fresh)(error));
        }
        let mut firmware = Self { file, before: None, kept: false };
        let result = firmware.exchange(&fresh, &folder.join(format!(".{name}.old")));
        if let Err(error) = result {
            let _ = fs::remove_file(&fresh);
            return Err(failed("replace", &firmware.file)(error));
        }
        Ok(firmware)
    }

    /// Moves the fresh file into place, and what is there out of the way.
    fn exchange(&mut self, fresh: &Path, old: &Path) -> io::Result<()> {
        // Until the fresh file is in place, a drop must not take anything away.
        self.kept = true;
        match fs::symlink_metadata(&self.file) {
            Ok(there) if there.is_dir() => {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "there is a folder of this name"));
            }
            Ok(_) => {
                fs::rename(&self.file, old)?;
                self.before = Some(old.to_owned());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match fs::rename(fresh, &self.file) {
            Ok(()) => {
                self.kept = false;
                Ok(())
            }
            Err(error) => {
                if let Some(before) = self.before.take() {
                    let _ = fs::rename(before, &self.file);
                }
                Err(error)
            }
        }
    }

    /// Leaves the file where it is, and forgets what was there before.
    pub(super) fn keep(mut self) {
        self.kept = true;
        if let Some(before) = self.before.take() {
            let _ = fs::remove_file(before);
        }
    }
}

impl Drop for Firmware {
    fn drop(&mut self) {
        // The caller that drops this has an error to report that matters more than one from here.
        if self.kept {
            return;
        }
        let _ = match self.before.take() {
            Some(before) => fs::rename(before, &self.file),
            None => fs::remove_file(&self.file),
        };
    }
}

/// Writes a file that is not there; a leftover of a program that was killed is replaced.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    io::Write::write_all(&mut file, bytes)
}
