//! One holder for each piece of hardware.
//!
//! Two processes that both reset an interrupt controller's enables lose each other's interrupts without a sign. So a
//! holder locks a file with `flock`: the UIO node, for its interrupt, or a file named after the physical address of a
//! block of registers. The kernel drops the lock with the last copy of the descriptor, however the process ends.
//!
//! The logic as a whole is locked by all who have a design open, together, and alone by who programs it.
//!
//! Such a lock keeps out those who ask for it, and nobody else.
#![forbid(unsafe_code)]

use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags},
    io::Errno,
};

use crate::{Error, Result, SystemPaths};

/// A block of registers that this process holds, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    file: OwnedFd,
    path: PathBuf,
}

impl Claim {
    /// Claims the block at a physical address, whichever way its registers are reached.
    ///
    /// The lock file, `/run/lock/pynq-<hex address>.lock`, where everybody may make one, or else in `/run`, stays when the claim ends: to remove it would let a third process
    /// lock a new one while a second one still waits for the old.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if it is claimed, in this process or another; [`Error::File`] if the file can't be made.
    pub fn address(paths: &SystemPaths, address: u64) -> Result<Self> {
        let (file, path, is_ours) = lock_file(paths, &format!("pynq-{address:x}.lock"))?;
        Self::lock(&file, &path, paths)?;
        if is_ours {
            let failed = |errno: Errno| Error::file("write", path.clone(), errno);
            // For people, and for those who can't see the kernel's list. What a killed holder left is overwritten.
            rustix::fs::ftruncate(&file, 0).map_err(failed)?;
            let pid = format!("{}\n", std::process::id());
            rustix::io::pwrite(&file, pid.as_bytes(), 0).map_err(failed)?;
        }
        Ok(Self { file, path })
    }

    /// The lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Locks an open file for as long as it, or a copy of it, is open.
    pub(crate) fn lock(file: impl AsFd, path: &Path, paths: &SystemPaths) -> Result<()> {
        flock(file, path, paths, FlockOperation::NonBlockingLockExclusive)
    }
}

/// The programmable logic as a whole: held by all who have a design open, and by one alone who programs it.
///
/// Who would program it while others have a design open would take that away from under them.
#[derive(Debug)]
pub struct LogicClaim {
    file: OwnedFd,
    path: PathBuf,
    paths: SystemPaths,
}

impl LogicClaim {
    /// Claims it together with others who have a design open. The lock file is `/run/lock/pynq-logic.lock`, or in `/run`.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] while somebody programs it; [`Error::File`] if the file can't be made.
    pub fn shared(paths: &SystemPaths) -> Result<Self> {
        let (file, path, _) = lock_file(paths, "pynq-logic.lock")?;
        let this = Self { file, path, paths: paths.clone() };
        this.share()?;
        Ok(this)
    }

    /// Runs `program` while nobody else has a design open.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if somebody has, and then `program` was not run; that of `program`; [`Error::Busy`] also if somebody
    /// began to program in the moment in which this one let go.
    pub fn alone<T, E: From<Error>>(
        &self,
        program: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if let Err(error) = flock(&self.file, &self.path, &self.paths, FlockOperation::NonBlockingLockExclusive) {
            // The kernel lets go of the one before it refuses the other.
            self.share()?;
            return Err(error.into());
        }
        let outcome = program();
        self.share()?;
        outcome
    }

    fn share(&self) -> Result<()> {
        flock(&self.file, &self.path, &self.paths, FlockOperation::NonBlockingLockShared)
    }
}

/// Opens a lock file, and tells whether this user may write to it.
fn lock_file(paths: &SystemPaths, name: &str) -> Result<(OwnedFd, PathBuf, bool)> {
    let everybody = paths.run.join("lock");
    let folder = if everybody.is_dir() { everybody } else { paths.run.clone() };
    let path = folder.join(name);
    let flags = OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let open = |more: OFlags| rustix::fs::open(&path, flags | more, Mode::from_raw_mode(0o644));
    let (file, is_ours) = match open(OFlags::RDWR | OFlags::CREATE) {
        // Another user's file can be locked all the same. If there is none, it was the folder that refused.
        Err(Errno::ACCESS) => (open(OFlags::RDONLY).map_err(|_| Errno::ACCESS), false),
        other => (other, true),
    };
    let file = file.map_err(|errno| Error::file("make the lock file", path.clone(), errno))?;
    Ok((file, path, is_ours))
}

fn flock(file: impl AsFd, path: &Path, paths: &SystemPaths, operation: FlockOperation) -> Result<()> {
    loop {
        return match rustix::fs::flock(&file, operation) {
            Ok(()) => Ok(()),
            Err(Errno::INTR) => continue,
            Err(Errno::WOULDBLOCK) => Err(Error::Busy { path: path.into(), holder: holder(&file, path, paths) }),
            Err(errno) => Err(Error::file("lock", path, errno)),
        };
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A process that reads it from now on finds no holder. If it fails, the kernel's list still tells.
        let _ = rustix::fs::ftruncate(&self.file, 0);
    }
}

/// Who holds the lock, where it can be known: by the kernel's list of locks, else by the text of a lock file.
fn holder(file: impl AsFd, path: &Path, paths: &SystemPaths) -> Option<u32> {
    let listed = rustix::fs::fstat(&file).ok().and_then(|stat| {
        let locks = fs::read_to_string(paths.proc.join("locks")).ok()?;
        let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
        locks.lines().find_map(|line| listed(line, &format!("{major:02x}:{minor:02x}:{}", stat.st_ino)))
    });
    listed.or_else(|| written(path))
}

/// The holder, if this line of the kernel's list is about a lock of this file: `1: FLOCK ADVISORY WRITE 123 00:05:67 0 EOF`.
/// Those who wait for one have an arrow before the kind, and those in another process namespace have no number.
fn listed(line: &str, file: &str) -> Option<u32> {
    let mut words = line.split_whitespace().skip(1);
    if words.next() != Some("FLOCK") {
        return None;
    }
    let pid = words.nth(2)?;
    (words.next() == Some(file)).then(|| pid.parse().ok().filter(|&pid| pid > 0)).flatten()
}

/// The holder that the lock file names. A device file must not be read for it.
fn written(path: &Path) -> Option<u32> {
    let regular = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let text = regular.then(|| fs::read_to_string(path).ok()).flatten()?;
    text.trim().parse().ok().filter(|&pid| pid > 0)
}
