//! Lock files made by a process that lets nobody read what it makes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

mod tree;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use pynq_uio::Claim;
use rustix::fs::Mode;
use tree::Tree;

/// What every user needs to claim a block is that they may read its file.
#[test]
fn a_strict_mask_keeps_nobody_out() {
    let tree = Tree::new();
    tree.folder("run");
    // The mask is the process's, which is why this test is alone in its file.
    let mask = rustix::process::umask(Mode::from_raw_mode(0o077));
    let claim = Claim::address(&tree.paths(), 0x4180_0000);
    rustix::process::umask(mask);
    let claim = claim.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(claim.path()), mode(claim.path().parent().unwrap())), (0o644, 0o755));
}
