//! The virtual board on a system that can't have it: the other `linux_test` needs Unix sockets and Debian's sources.

#[path = "linux_test/sources.rs"]
pub(crate) mod sources;

use std::path::PathBuf;

use crate::{
    project::Project,
    shell::Failure,
    stage::{Options, Outcome, Verdict},
};

/// There is none.
pub(crate) fn kernel_source() -> Option<PathBuf> {
    None
}

/// There is none.
pub(crate) fn emulator(_: &Project) -> Result<Result<PathBuf, String>, Failure> {
    Ok(Err("the virtual board is built on Linux".to_owned()))
}

/// Skips.
pub(crate) fn run(_: &Project, _: &Options) -> Verdict {
    Ok(Outcome::Skipped("the virtual board is built on Linux".to_owned()))
}
