//! What other users may have put where a lock file is expected, and who may read what is made.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

mod tree;

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use pynq_uio::{Claim, Error, LogicClaim, Result, SystemPaths};
use rustix::fs::{FlockOperation, Mode};
use tree::Tree;

const ADDRESS: u64 = 0x4180_0000;
const NAME: &str = "pynq-41800000.lock";
const LOGIC: &str = "pynq-logic.lock";

/// A system on which a user without rights claims by files in the folder that every user may write to.
fn shared() -> Tree {
    let tree = Tree::new();
    tree.folder("run/lock");
    fs::set_permissions(tree.path("run/lock"), fs::Permissions::from_mode(0o1777)).unwrap();
    tree
}

/// Both kinds of claims, by a thread that may not wait for ever.
fn claims(paths: SystemPaths) -> [Result<()>; 2] {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let claims = [Claim::address(&paths, ADDRESS).map(drop), LogicClaim::shared(&paths).map(drop)];
        let _ = done.send(claims);
    });
    ended.recv_timeout(Duration::from_secs(20)).expect("a claim that does not wait for the owner of a planted file")
}

fn put_fifo(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, Mode::from_raw_mode(0o666)).unwrap();
}

#[test]
fn what_is_no_lock_file_is_named_with_its_owner() {
    type Put = fn(&Path);
    let elsewhere = |path: &Path| path.with_file_name("elsewhere");
    let plants: [(&str, Put); 5] = [
        ("a FIFO", put_fifo),
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a symbolic link", |path| symlink(path.with_file_name("elsewhere"), path).unwrap()),
        ("a file with several names", |path| fs::hard_link(path.with_file_name("elsewhere"), path).unwrap()),
        ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
    ];
    for folder in ["run/lock", "run/pynq"] {
        for (what, put) in plants {
            let tree = shared();
            tree.folder(folder);
            let names = [NAME, LOGIC].map(|name| tree.path(folder).join(name));
            for name in &names {
                fs::write(elsewhere(name), "precious").unwrap();
                put(name);
            }
            let owner = fs::symlink_metadata(&names[0]).unwrap().uid();
            // Where a folder of our own can't be made, the shared one is it.
            let us = rustix::process::geteuid();
            let paths = tree.paths();
            let made = if folder == "run/lock" && us.is_root() {
                tree.without_rights(move || claims(paths))
            } else {
                fs::create_dir_all(tree.path(folder)).unwrap();
                if folder == "run/lock" {
                    fs::set_permissions(tree.path("run"), fs::Permissions::from_mode(0o555)).unwrap();
                }
                claims(paths)
            };
            fs::set_permissions(tree.path("run"), fs::Permissions::from_mode(0o755)).unwrap();
            for (claimed, path) in made.into_iter().zip(names) {
                let error = claimed.expect_err(what);
                let is = matches!(&error, Error::LockFile { path: named, found, owner: by } if *named == path && *found == what && *by == owner);
                assert!(is, "{folder}: {error:?}");
                assert!(error.to_string().contains(&format!("is {what} of user {owner}")), "{error}");
                assert_eq!(fs::read_to_string(elsewhere(&path)).unwrap(), "precious");
            }
        }
    }
}

#[test]
fn a_file_that_may_not_be_read_names_its_owner() {
    let tree = shared();
    let file = tree.path("run/lock").join(NAME);
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let paths = tree.paths();
    let error =
        tree.without_rights(move || claims(paths))[0].as_ref().map_err(ToString::to_string).unwrap_err().clone();
    assert!(error.contains("may not read of user "), "{error}");
}

#[test]
fn a_folder_of_ones_own_is_made_and_used_by_all() {
    let tree = shared();
    let claim = Claim::address(&tree.paths(), ADDRESS).unwrap();
    assert_eq!(
        (claim.path(), Claim::folder(&tree.paths())),
        (&*tree.path("run/pynq").join(NAME), tree.path("run/pynq"))
    );
    assert_eq!(Claim::file_of(&tree.paths(), ADDRESS), claim.path());
    // Nobody else can put anything there, and the error says what that user lacks.
    if rustix::process::geteuid().is_root() {
        let paths = tree.paths();
        let error = tree.without_rights(move || Claim::address(&paths, 0x4181_0000).map(drop)).unwrap_err();
        assert!(matches!(&error, Error::File { .. }) && error.to_string().contains("install -d -g uio"), "{error}");
    }
}

/// A folder of our own that appeared while a lock is held in the shared one would hide that lock.
#[test]
fn a_lock_in_the_shared_folder_is_not_left_behind() {
    let tree = shared();
    let held = fs::File::create(tree.path("run/lock").join("pynq-41210000.lock")).unwrap();
    rustix::fs::flock(&held, FlockOperation::LockShared).unwrap();
    let claim = Claim::address(&tree.paths(), ADDRESS).unwrap();
    assert_eq!(claim.path(), tree.path("run/lock").join(NAME));
    assert!(matches!(Claim::address(&tree.paths(), ADDRESS), Err(Error::Busy { .. })));
    drop((held, claim));
    assert_eq!(Claim::address(&tree.paths(), ADDRESS).unwrap().path(), tree.path("run/pynq").join(NAME));
}

#[test]
fn a_stranger_in_place_of_the_folder_is_named() {
    let tree = Tree::new();
    tree.folder("run");
    symlink("/tmp", tree.path("run/pynq")).unwrap();
    let error = Claim::address(&tree.paths(), ADDRESS).unwrap_err();
    assert!(matches!(&error, Error::LockFile { found: "a symbolic link", .. }), "{error:?}");
    if rustix::process::geteuid().is_root() {
        fs::remove_file(tree.path("run/pynq")).unwrap();
        tree.folder("run/pynq");
        std::os::unix::fs::chown(tree.path("run/pynq"), Some(1234), None).unwrap();
        let error = Claim::address(&tree.paths(), ADDRESS).unwrap_err().to_string();
        assert!(error.contains("is a folder of user 1234"), "{error}");
    }
}

#[test]
fn a_system_without_run_is_told() {
    let tree = Tree::new();
    let error = Claim::address(&tree.paths(), ADDRESS).unwrap_err();
    assert!(matches!(&error, Error::File { action: "make the lock file", .. }), "{error}");
}
