//! Claims, within a process and between two.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test may

mod system;
mod tree;

use std::{
    any::Any,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::{
        fd::AsFd as _,
        unix::fs::{MetadataExt as _, symlink},
    },
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use pynq_uio::{Claim, Error, LogicClaim, SystemPaths, UioDevice, UioDevices};
use tree::Tree;

/// Where the second process finds the tree.
const TREE: &str = "PYNQ_TEST_TREE";

/// A second process, which runs the same test up to its claim and holds it until it is stopped or killed.
struct Holder(Child, BufReader<ChildStdout>);

impl Holder {
    fn start(tree: &Tree, test: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(TREE, tree.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut lines = said.by_ref().lines().map_while(Result::ok);
        assert!(lines.any(|line| line.ends_with("claimed")), "the second process claims nothing");
        Self(child, said)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// As `kill -9` does. Gone when this returns.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Lets it end as programs do.
    fn end(mut self) {
        drop(self.0.stdin.take());
        let _ = self.1.read_to_end(&mut Vec::new());
        assert!(self.0.wait().unwrap().success());
    }
}

/// The second process's part, if this is it: claims, says so, and waits.
fn is_holder<T: Any>(claim: impl FnOnce(&SystemPaths) -> T) -> bool {
    let Some(tree) = std::env::var_os(TREE) else { return false };
    let claim = claim(&SystemPaths::below(PathBuf::from(tree)));
    println!("\nclaimed");
    // Ends with the input, also if the first process dies.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(claim);
    true
}

fn board() -> Tree {
    let tree = Tree::new();
    tree.folder("run");
    system::uio(&tree, 0, "fabric");
    tree.file("dev/uio0", "");
    tree
}

fn fabric(paths: &SystemPaths) -> UioDevice {
    UioDevices::find(paths).unwrap().by_name("fabric").unwrap().clone()
}

#[test]
fn a_second_process_is_told_who_holds_a_block() {
    if is_holder(|paths| Claim::address(paths, 0x4180_0000).unwrap()) {
        return;
    }
    let tree = board();
    let holder = Holder::start(&tree, "a_second_process_is_told_who_holds_a_block");
    let error = Claim::address(&tree.paths(), 0x4180_0000).unwrap_err();
    let path = tree.path("run/pynq/pynq-41800000.lock");
    assert!(matches!(&error, Error::Busy { path: named, holder: Some(pid) } if *named == path && *pid == holder.pid()));
    let start = format!("{} is in use by process {};", path.display(), holder.pid());
    assert!(error.to_string().starts_with(&start), "{error}");
    drop(Claim::address(&tree.paths(), 0x4181_0000).unwrap()); // the next block is free
    holder.end();
    let claim = Claim::address(&tree.paths(), 0x4180_0000).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap(), claim.path()), (format!("{}\n", std::process::id()), &*path));
}

#[test]
fn a_block_of_a_holder_that_was_killed_is_free() {
    if is_holder(|paths| Claim::address(paths, 0x4180_0000).unwrap()) {
        return;
    }
    let tree = board();
    let holder = Holder::start(&tree, "a_block_of_a_holder_that_was_killed_is_free");
    let pid = holder.pid();
    assert!(Claim::address(&tree.paths(), 0x4180_0000).is_err());
    holder.kill();
    assert_eq!(tree.read("run/pynq/pynq-41800000.lock"), format!("{pid}\n"), "it could not tidy up");
    let claim = Claim::address(&tree.paths(), 0x4180_0000).unwrap();
    assert_eq!(tree.read("run/pynq/pynq-41800000.lock"), format!("{}\n", std::process::id()));
    drop(claim);
    assert_eq!(tree.read("run/pynq/pynq-41800000.lock"), "", "nobody");
}

#[test]
fn a_device_of_a_holder_that_was_killed_is_free() {
    if is_holder(|paths| fabric(paths).open().unwrap()) {
        return;
    }
    let tree = board();
    let holder = Holder::start(&tree, "a_device_of_a_holder_that_was_killed_is_free");
    let fabric = fabric(&tree.paths());
    let error = fabric.open().unwrap_err();
    assert!(matches!(&error, Error::Busy { path, holder: None } if *path == tree.path("dev/uio0")), "{error}");
    // With the kernel's own list of locks. On some file systems its entries do not match what `stat` says of the file.
    symlink("/proc", tree.path("proc")).unwrap();
    let Error::Busy { holder: found, .. } = fabric.open().unwrap_err() else { panic!("not busy") };
    assert!(found.is_none_or(|found| found == holder.pid()), "{found:?}");
    holder.kill();
    drop(fabric.open().unwrap());
}

#[test]
fn two_holders_in_one_process_are_two() {
    let tree = board();
    let device = fabric(&tree.paths());
    let first = device.open().unwrap();
    assert!(matches!(device.open(), Err(Error::Busy { .. })));
    assert!(matches!(device.clone().open(), Err(Error::Busy { .. })));
    let copy = first.as_fd().try_clone_to_owned().unwrap();
    drop(first);
    assert!(matches!(device.open(), Err(Error::Busy { .. })), "a copy of the descriptor holds it");
    drop(copy);
    drop(device.open().unwrap());

    let claim = Claim::address(&tree.paths(), 0x4180_0000).unwrap();
    let error = Claim::address(&tree.paths(), 0x4180_0000).unwrap_err();
    assert!(error.to_string().contains("pynq-41800000.lock is in use by this very process;"), "{error}");
    assert_eq!(
        tree.read("run/pynq/pynq-41800000.lock"),
        format!("{}\n", std::process::id()),
        "a claim that fails leaves it alone"
    );
    drop(claim);
    drop(Claim::address(&tree.paths(), 0x4180_0000).unwrap());
}

#[test]
fn the_kernel_s_list_of_locks_is_believed_before_the_file() {
    let tree = board();
    let _claim = Claim::address(&tree.paths(), 0x4180_0000).unwrap();
    let file = fs::metadata(tree.path("run/pynq/pynq-41800000.lock")).unwrap();
    let (major, minor) = (rustix::fs::major(file.dev()), rustix::fs::minor(file.dev()));
    let this = format!("{major:02x}:{minor:02x}:{}", file.ino());
    let other = format!("{major:02x}:{minor:02x}:{}", file.ino() + 1);
    let cases = [
        (format!("1: FLOCK  ADVISORY  WRITE 101 {other} 0 EOF\n2: FLOCK  ADVISORY  WRITE 102 {this} 0 EOF\n"), 102),
        (format!("1: FLOCK  ADVISORY  WRITE 103 {this} 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 104 {this} 0 EOF\n"), 103),
        (format!("1: POSIX  ADVISORY  WRITE 105 {this} 0 EOF\n2: FLOCK  ADVISORY  WRITE 106 {this} 0 EOF\n"), 106),
        // What the list does not say, the file does: a holder in another namespace of processes, or no list.
        (format!("1: FLOCK  ADVISORY  WRITE 0 {this} 0 EOF\n"), std::process::id()),
        (format!("1: FLOCK  ADVISORY  WRITE -1 {this} 0 EOF\n"), std::process::id()),
        ("nothing that is known\n\n1:\n".to_owned(), std::process::id()),
    ];
    for (locks, expected) in cases {
        tree.file("proc/locks", &locks);
        let Err(Error::Busy { holder, .. }) = Claim::address(&tree.paths(), 0x4180_0000) else {
            panic!("claimed twice")
        };
        assert_eq!(holder, Some(expected), "{locks}");
    }
    for text in ["", "nobody\n", "-1\n", "0\n"] {
        fs::write(tree.path("run/pynq/pynq-41800000.lock"), text).unwrap();
        let Err(Error::Busy { holder, .. }) = Claim::address(&tree.paths(), 0x4180_0000) else {
            panic!("claimed twice")
        };
        assert_eq!(holder, None, "{text:?} is no process");
    }
}

/// Another user's is there already, and can't be written to.
#[test]
fn a_lock_file_of_another_user_is_as_good() {
    let tree = Tree::new();
    tree.folder("run/lock");
    tree.for_everybody("run/lock");
    let mine = Claim::address(&tree.paths(), 0x4180_0000).unwrap();
    assert_eq!(mine.path(), tree.path("run/pynq/pynq-41800000.lock"));
    let paths = tree.paths();
    let theirs = tree.without_rights(move || Claim::address(&paths, 0x4180_0000).map(drop));
    assert!(matches!(theirs, Err(Error::Busy { .. })), "{theirs:?}");
    drop(mine);
    let paths = tree.paths();
    tree.without_rights(move || Claim::address(&paths, 0x4180_0000).map(drop)).unwrap();
}

#[test]
fn who_programs_the_logic_is_alone() {
    let tree = Tree::new();
    tree.folder("run/lock");
    let first = LogicClaim::shared(&tree.paths()).unwrap();
    let second = LogicClaim::shared(&tree.paths()).unwrap();
    // Refused, the first one still has its share: so is the second.
    for claim in [&first, &second] {
        let refused = claim.alone(|| -> pynq_uio::Result<()> { unreachable!("another holder has a design open") });
        let Err(Error::Busy { path, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(path, tree.path("run/pynq/pynq-logic.lock"));
    }
    drop(second);
    let outcome: pynq_uio::Result<()> = first.alone(|| {
        assert!(matches!(LogicClaim::shared(&tree.paths()), Err(Error::Busy { .. })));
        Ok(())
    });
    outcome.unwrap();
    LogicClaim::shared(&tree.paths()).unwrap();
}
