//! What several subcommands read from the system.

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::Path,
};

use pynq::uio::{FpgaManager, FpgaState, SystemPaths};
use pynq_hwh::Design;
use rustix::fs::{Access, Mode, OFlags};

use super::System;
use crate::about;

impl System {
    pub(super) fn paths(&self) -> SystemPaths {
        SystemPaths::below(&self.root)
    }
}

/// Reads the handoff file, if one was given.
pub(super) fn design(file: Option<&Path>) -> Result<Option<Design>, String> {
    file.map(|file| Design::read(file).map_err(|error| about(file, &error))).transpose()
}

/// Whether this file may be read and written.
pub(super) fn is_usable(path: &Path) -> bool {
    rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK).is_ok()
}

/// Whether this file may be read.
pub(super) fn is_readable(path: &Path) -> bool {
    rustix::fs::access(path, Access::READ_OK).is_ok()
}

/// Whether this file may be written.
pub(super) fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

/// The text of a file; nothing if it can't be read.
pub(super) fn text(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// The first bytes of a file that any user may have made, opened without waiting for a writer.
fn start(path: &Path) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    let mut bytes = [0; 16];
    let length = rustix::io::read(&file, &mut bytes).ok()?;
    Some(String::from_utf8_lossy(bytes.get(..length)?).trim().to_owned())
}

/// The holder of a claim by a lock on this file, in words: `process 123`.
///
/// Only looks, so that a process that claims it in this moment is not turned away.
pub(super) fn holder(paths: &SystemPaths, file: &Path) -> Option<String> {
    // Only a regular file is a lock file; a FIFO that another user put there would be read for ever.
    let metadata =
        fs::symlink_metadata(file).ok().filter(|found| !found.is_symlink() && !found.file_type().is_fifo())?;
    let Some(locks) = text(&paths.proc.join("locks")) else {
        // The lock files of this library name their holder.
        return Some(file)
            .filter(|_| metadata.is_file())
            .and_then(start)
            .filter(|text| text.parse::<u32>().is_ok())
            .map(process);
    };
    let (major, minor) = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
    let inode = format!("{major:02x}:{minor:02x}:{}", metadata.ino());
    // `1: FLOCK ADVISORY WRITE 123 00:05:67 0 EOF`
    locks.lines().find_map(|line| {
        let words = line.split_whitespace().collect::<Vec<_>>();
        match *words.as_slice() {
            [_, "FLOCK", _, _, pid, found, ..] if found == inode => Some(match pid.parse::<u32>() {
                Ok(pid) if pid > 0 => process(pid),
                _ => "another process".to_owned(),
            }),
            _ => None,
        }
    })
}

fn process(pid: impl std::fmt::Display) -> String {
    format!("process {pid}")
}

/// The `compatible` words of a node of the device tree, which are separated by zero bytes.
pub(super) fn compatible(node: &Path) -> Vec<String> {
    let bytes = fs::read(node.join("compatible")).unwrap_or_default();
    let words = bytes.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether this is a Zynq-7000, by the device tree: its addresses mean something else elsewhere.
pub(super) fn is_zynq_7000(paths: &SystemPaths) -> bool {
    let node = paths.sys.join("firmware/devicetree/base");
    compatible(&node).iter().any(|word| word == "xlnx,zynq-7000")
}

/// What the FPGA manager says, if there is one.
pub(super) fn logic_state(paths: &SystemPaths) -> Option<FpgaState> {
    FpgaManager::find(paths).and_then(|manager| manager.state()).ok()
}
