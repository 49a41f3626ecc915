//! One holder for each piece of hardware.
//!
//! Two processes that both reset an interrupt controller's enables lose each other's interrupts without a sign. So a
//! holder locks a file with `flock`: the UIO node, for its interrupt, or a file named after the physical address of a
//! block of registers. The kernel drops the lock with the last copy of the descriptor, however the process ends.
//!
//! The logic as a whole has a lock that all holders of an open design share, and that a program takes exclusively while
//! it programs the logic.
//!
//! The locks are advisory: they keep out only programs that take them as well.
//!
//! A child that was forked has copies of the descriptors, and shares the locks: one ends when both have let go of it.
#![forbid(unsafe_code)]

mod lock_file;

use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use lock_file::LockFile;
use rustix::{fs::FlockOperation, io::Errno};

use crate::{Error, Result, SystemPaths};

/// A block of registers that this process holds, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    file: OwnedFd,
    path: PathBuf,
    /// The process that wrote its number into the file. A forked child leaves its parent's alone.
    written_by: Option<u32>,
}

impl Claim {
    /// Claims the block at a physical address, whichever way its registers are reached.
    ///
    /// The lock file is `pynq-<hex address>.lock`; see [`folder`](Self::folder). It stays when the claim ends: to remove
    /// it would let a third process lock a new one while a second one still waits for the old.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if it is claimed, in this process or another; [`Error::LockFile`] if something else has the lock
    /// file's name; [`Error::File`] if the file can't be made.
    pub fn address(paths: &SystemPaths, address: u64) -> Result<Self> {
        let LockFile { file, path, writable } = LockFile::open(paths, &name(address))?;
        Self::lock(&file, &path, paths)?;
        let mut claim = Self { file, path, written_by: None };
        if writable {
            // For people, and for processes that can't see the kernel's list of locks. Overwrites what a killed holder
            // left.
            lock_file::write(&claim.file, &claim.path)?;
            claim.written_by = Some(std::process::id());
        }
        Ok(claim)
    }

    /// The folder of the lock files: `/run/pynq` where it is, and root makes it; else `/run/lock`, else `/run`.
    #[must_use]
    pub fn folder(paths: &SystemPaths) -> PathBuf {
        lock_file::folder(paths)
    }

    /// The lock file of the block at a physical address, which need not be there.
    #[must_use]
    pub fn file_of(paths: &SystemPaths, address: u64) -> PathBuf {
        lock_file::folder(paths).join(name(address))
    }

    /// The lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens and locks the lock file of this name, which others may not have open at the same time.
    pub(crate) fn file(paths: &SystemPaths, name: &str) -> Result<OwnedFd> {
        let LockFile { file, path, .. } = LockFile::open(paths, name)?;
        Self::lock(&file, &path, paths)?;
        Ok(file)
    }

    /// Locks an open file for as long as it, or a copy of it, is open.
    pub(crate) fn lock(file: impl AsFd, path: &Path, paths: &SystemPaths) -> Result<()> {
        flock(file, path, paths, FlockOperation::NonBlockingLockExclusive)
    }
}

/// The programmable logic as a whole: shared by all holders of an open design, exclusive while one of them programs it.
///
/// Programming it while others have a design open would replace that design under them.
#[derive(Debug)]
pub struct LogicClaim {
    file: OwnedFd,
    path: PathBuf,
    paths: SystemPaths,
}

impl LogicClaim {
    /// Claims it together with the other holders of an open design. The lock file is `pynq-logic.lock`; see
    /// [`Claim::folder`].
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] while another holder programs it; [`Error::LockFile`] if something else has the lock file's
    /// name; [`Error::File`] if the file can't be made.
    pub fn shared(paths: &SystemPaths) -> Result<Self> {
        let LockFile { file, path, .. } = LockFile::open(paths, "pynq-logic.lock")?;
        let this = Self { file, path, paths: paths.clone() };
        this.share()?;
        Ok(this)
    }

    /// Runs `program` while nobody else has a design open.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if somebody else has, and then `program` was not run; the error of `program`; [`Error::Busy`]
    /// also if another holder began to program while this call returned to the shared claim.
    pub fn alone<T, E: From<Error>>(
        &self,
        program: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if let Err(error) = flock(&self.file, &self.path, &self.paths, FlockOperation::NonBlockingLockExclusive) {
            // The kernel drops the shared lock before it refuses the exclusive one.
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

/// The name of the lock file of a block.
fn name(address: u64) -> String {
    format!("pynq-{address:x}.lock")
}

fn flock(file: impl AsFd, path: &Path, paths: &SystemPaths, operation: FlockOperation) -> Result<()> {
    loop {
        return match rustix::fs::flock(&file, operation) {
            Ok(()) => Ok(()),
            Err(Errno::INTR) => continue,
            Err(Errno::WOULDBLOCK) => Err(Error::Busy { path: path.into(), holder: holder(&file, paths) }),
            Err(errno) => Err(Error::file("lock", path, errno)),
        };
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.written_by == Some(std::process::id()) {
            // A process that reads it from now on finds no holder. If the call fails, the kernel's list is still right.
            let _ = rustix::fs::ftruncate(&self.file, 0);
        }
    }
}

/// The process that holds the lock, if known: by the kernel's list of locks, else by the text of a lock file.
fn holder(file: impl AsFd, paths: &SystemPaths) -> Option<u32> {
    let listed = rustix::fs::fstat(&file).ok().and_then(|stat| {
        let locks = fs::read_to_string(paths.proc.join("locks")).ok()?;
        let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
        locks.lines().find_map(|line| listed(line, &format!("{major:02x}:{minor:02x}:{}", stat.st_ino)))
    });
    listed.or_else(|| lock_file::written(file))
}

/// The holder, if this line of the kernel's list is about a lock of this file:
/// `1: FLOCK ADVISORY WRITE 123 00:05:67 0 EOF`. Lines of waiting processes have an arrow before the kind, and holders
/// in another process namespace have no number.
fn listed(line: &str, file: &str) -> Option<u32> {
    let mut words = line.split_whitespace().skip(1);
    if words.next() != Some("FLOCK") {
        return None;
    }
    let pid = words.nth(2)?;
    (words.next() == Some(file)).then(|| pid.parse().ok().filter(|&pid| pid > 0)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a forked child drops is a copy with the number of its parent in it.
    #[test]
    fn a_forked_child_leaves_its_parent_s_name_in_the_file() {
        let root = std::env::temp_dir().join(format!("pynq-claim-{}", std::process::id()));
        fs::create_dir_all(root.join("run")).unwrap();
        let claim = Claim::address(&SystemPaths::below(&root), 0x4180_0000).unwrap();
        let text = || fs::read_to_string(claim.path()).unwrap();
        let child = Claim {
            file: claim.file.try_clone().unwrap(),
            path: claim.path.clone(),
            written_by: Some(std::process::id() + 1),
        };
        drop(child);
        assert_eq!(text(), format!("{}\n", std::process::id()));
        let path = claim.path().to_owned();
        drop(claim);
        assert_eq!(fs::read_to_string(path).unwrap(), "");
        fs::remove_dir_all(root).unwrap();
    }
}
