//! The files that are locked, and the folder they are in.
//!
//! Their names are predictable, and where any user may make files, any user may have put something else under such a
//! name. So a file is opened without waiting, as opening a FIFO may block for ever, and without following links; it has
//! to be a regular file with one name before anything is written to it.
#![forbid(unsafe_code)]

use std::{
    fs, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FileType, FlockOperation, Mode, OFlags},
    io::Errno,
};

use crate::{Error, Result, SystemPaths};

/// Every user may read it, which is enough to lock it.
const MODE: u32 = 0o644;
/// How often a name is tried whose file another process removes while it is opened.
const ATTEMPTS: u32 = 16;

/// A lock file, open.
pub(super) struct LockFile {
    pub(super) file: OwnedFd,
    pub(super) path: PathBuf,
    /// Whether this user may write to it.
    pub(super) writable: bool,
}

impl LockFile {
    /// Opens the lock file of this name, and makes it if there is none.
    pub(super) fn open(paths: &SystemPaths, name: &str) -> Result<Self> {
        let path = make_folder(paths)?.join(name);
        for _ in 0..ATTEMPTS {
            let (file, writable) = match open(&path) {
                Ok(Some(opened)) => opened,
                Ok(None) => continue,
                // What is there says more than the kernel's refusal.
                Err(errno) => return Err(stranger(&path).unwrap_or_else(|| Error::file(MAKE, &path, errno))),
            };
            let stat = rustix::fs::fstat(&file).map_err(|errno| Error::file("look at", &path, errno))?;
            match (FileType::from_raw_mode(stat.st_mode), stat.st_nlink) {
                (FileType::RegularFile, 1) => return Ok(Self { file, path, writable }),
                // Removed since: the next process would make and lock another one.
                (FileType::RegularFile, 0) => {}
                (FileType::RegularFile, _) => {
                    return Err(Error::LockFile { path, found: "a file with several names", owner: stat.st_uid });
                }
                (kind, _) => return Err(Error::LockFile { path, found: name_of(kind), owner: stat.st_uid }),
            }
        }
        Err(Error::file(MAKE, path, Errno::NOENT))
    }
}

const MAKE: &str = "make the lock file";

/// Opens a file, or makes it; `None` if it was removed meanwhile.
fn open(path: &Path) -> Result<Option<(OwnedFd, bool)>, Errno> {
    let flags = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let open = |more| rustix::fs::open(path, flags | more, Mode::from_raw_mode(MODE));
    // Kernels of distributions refuse `O_CREAT` for another user's file in a folder like /run/lock, even to root. So
    // making a file and opening one are two calls.
    match open(OFlags::RDWR | OFlags::CREATE | OFlags::EXCL) {
        Ok(file) => {
            // The umask may have removed the permissions that other users need. If this fails, they get an error that
            // says so.
            let _ = rustix::fs::fchmod(&file, Mode::from_raw_mode(MODE));
            return Ok(Some((file, true)));
        }
        Err(Errno::EXIST) => {}
        Err(Errno::ACCESS) => {
            // The folder refuses; another user's file in it can be locked all the same.
            return match open(OFlags::RDONLY) {
                Ok(file) => Ok(Some((file, false))),
                Err(Errno::NOENT) => Err(Errno::ACCESS),
                Err(errno) => Err(errno),
            };
        }
        Err(errno) => return Err(errno),
    }
    let opened = match open(OFlags::RDWR) {
        Ok(file) => Ok((file, true)),
        Err(Errno::ACCESS) => open(OFlags::RDONLY).map(|file| (file, false)),
        Err(errno) => Err(errno),
    };
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// What stands under the name of a lock file and can't be opened as one.
fn stranger(path: &Path) -> Option<Error> {
    let found = fs::symlink_metadata(path).ok()?;
    let kind = FileType::from_raw_mode(found.mode());
    let what = if kind == FileType::RegularFile { "a file that this user may not read" } else { name_of(kind) };
    Some(Error::LockFile { path: path.to_owned(), found: what, owner: found.uid() })
}

fn name_of(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "a FIFO",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    }
}

/// A folder of our own, in which no other user can put anything.
fn own(paths: &SystemPaths) -> PathBuf {
    paths.run.join("pynq")
}

/// The folder where lock files are, without making one: `/run/pynq` if it is there, else `/run/lock`, where every user
/// may make files, else `/run`.
pub(super) fn folder(paths: &SystemPaths) -> PathBuf {
    let own = own(paths);
    if fs::symlink_metadata(&own).is_ok() { own } else { shared(paths) }
}

fn shared(paths: &SystemPaths) -> PathBuf {
    let run_lock = paths.run.join("lock");
    if run_lock.is_dir() { run_lock } else { paths.run.clone() }
}

/// The folder where lock files are, made if this user may make one.
fn make_folder(paths: &SystemPaths) -> Result<PathBuf> {
    let own = own(paths);
    match fs::symlink_metadata(&own) {
        Ok(found) => trusted(own, &found),
        Err(_) if is_used(&shared(paths)) => Ok(shared(paths)),
        Err(_) => match rustix::fs::mkdir(&own, Mode::from_raw_mode(0o755)) {
            Ok(()) => {
                let _ = rustix::fs::chmod(&own, Mode::from_raw_mode(0o755));
                Ok(own)
            }
            Err(Errno::EXIST) => match fs::symlink_metadata(&own) {
                Ok(found) => trusted(own, &found),
                Err(error) => Err(Error::file("look at", own, error)),
            },
            Err(_) => Ok(shared(paths)),
        },
    }
}

/// Accepts a folder that is root's, or this user's own.
fn trusted(folder: PathBuf, found: &fs::Metadata) -> Result<PathBuf> {
    if !found.is_dir() {
        let kind = FileType::from_raw_mode(found.mode());
        return Err(Error::LockFile { path: folder, found: name_of(kind), owner: found.uid() });
    }
    let us = rustix::process::geteuid().as_raw();
    if found.uid() != 0 && found.uid() != us {
        return Err(Error::LockFile { path: folder, found: "a folder", owner: found.uid() });
    }
    Ok(folder)
}

/// Whether a lock is held in the shared folder. A folder of our own that appeared now would hide it from later
/// processes.
fn is_used(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with("pynq-") && name.ends_with(".lock"))
            && entry.file_type().is_ok_and(|kind| kind.is_file())
    });
    ours.map(|entry| entry.path()).any(|path| is_locked(&path))
}

fn is_locked(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let Ok(file) = rustix::fs::open(path, flags, Mode::empty()) else { return false };
    // An exclusive lock, so that holders of a shared one count, too.
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK)
}

/// The process that a lock file names, read through the open file. Any user may have written it: no more than a number
/// is read.
pub(super) fn written(file: impl AsFd) -> Option<u32> {
    let stat = rustix::fs::fstat(&file).ok()?;
    // The lock may be on a device file, which must not be read for this.
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return None;
    }
    let mut text = [0; 16];
    let length = loop {
        match rustix::io::pread(&file, &mut text, 0) {
            Err(Errno::INTR) => {}
            other => break other.ok()?,
        }
    };
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    text.trim().parse().ok().filter(|&pid| pid > 0)
}

/// Writes this process's number into a lock file, over what a killed holder left.
pub(super) fn write(file: &OwnedFd, path: &Path) -> Result<()> {
    let failed = |errno: Errno| Error::file("write", path, io::Error::from(errno));
    rustix::fs::ftruncate(file, 0).map_err(failed)?;
    let pid = format!("{}\n", std::process::id());
    rustix::io::pwrite(file, pid.as_bytes(), 0).map_err(failed)?;
    Ok(())
}
