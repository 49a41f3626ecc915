//! Where the kernel's files are.

use std::path::PathBuf;

/// The folders of the kernel's files. Those of this system by default; tests use trees of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemPaths {
    /// `/sys`.
    pub sys: PathBuf,
    /// `/dev`.
    pub dev: PathBuf,
    /// `/proc`.
    pub proc: PathBuf,
    /// `/lib/firmware`, where the kernel looks for bitstreams.
    pub firmware: PathBuf,
    /// `/run`, for lock files.
    pub run: PathBuf,
}

impl SystemPaths {
    /// A whole tree below `root`, as a test or a chroot has it: `root/sys`, `root/dev` and so on.
    #[must_use]
    pub fn below(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self {
            sys: root.join("sys"),
            dev: root.join("dev"),
            proc: root.join("proc"),
            firmware: root.join("lib/firmware"),
            run: root.join("run"),
        }
    }
}

impl Default for SystemPaths {
    fn default() -> Self {
        Self::below("/")
    }
}
