//! How the kernel's attribute files are used: one open and one call for each access, and nothing is ever created.
//!
//! An attribute of sysfs or configfs takes a value in one `write` call, and a second call would be a second command.
//! Behind a trait, because a plain folder can't play configfs, where making a folder makes files appear in it.

use std::{
    fmt, fs, io,
    io::{Read as _, Write as _},
    path::Path,
};

/// Longest attribute that is read. sysfs has no longer ones than a page; a device-tree blob is at most 1 MiB.
const LONGEST: u64 = 2 << 20;

/// Attribute files, and the folders they are in.
///
/// [`SystemFiles`] are the system's own. A test that plays the kernel brings its own; a folder in which files are to
/// appear by themselves, as in configfs, can't be had otherwise.
pub trait KernelFiles: fmt::Debug + Send + Sync {
    /// All of a file.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// One write to a file that exists.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// The names in a folder, sorted.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Makes a folder.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder, which in configfs may have attributes in it.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Whether there is something at this path.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    fn exists(&self, path: &Path) -> io::Result<bool>;
}

/// The kernel's files themselves.
#[derive(Clone, Copy, Debug)]
pub struct SystemFiles;

impl KernelFiles for SystemFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // As a shell's `>` opens it, which attributes take no notice of.
        let written = fs::OpenOptions::new().write(true).truncate(true).open(path)?.write(bytes)?;
        if written == bytes.len() {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::WriteZero, format!("{written} of {} bytes were taken", bytes.len())))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }
}

/// An attribute as text, without the newline at its end.
pub(crate) fn text(files: &dyn KernelFiles, path: &Path) -> io::Result<String> {
    let bytes = files.read(path)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\0']).to_owned())
}
