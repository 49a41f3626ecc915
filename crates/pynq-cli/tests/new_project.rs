//! `pynq new`: what it makes, and what it refuses. That the projects compile is checked by `cargo xtask paste` and
//! `baremetal-test`.
#![allow(clippy::unwrap_used)] // a test may

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// An empty folder, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pynq-new-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn new(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pynq"));
    command.arg("new").args(args).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every file of the project, with nothing left to be filled in.
fn files(project: &Path) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![project.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for unfilled in ["{name}", "{pynq"] {
                assert!(!text.contains(unfilled), "{} has {unfilled}", path.display());
            }
            found.push(path.strip_prefix(project).unwrap().display().to_string().replace('\\', "/"));
        }
    }
    found.sort();
    found
}

#[test]
fn a_hosted_project() {
    let folder = Folder::new("hosted");
    let output = new(&folder.0, &["hello"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "made hello\nnext: cd hello && cargo run\n");
    assert_eq!(files(&folder.0.join("hello")), [".gitignore", "Cargo.toml", "src/main.rs"]);
    let manifest = fs::read_to_string(folder.0.join("hello/Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"hello\"") && manifest.contains("features = [\"tokio\"]"), "{manifest}");

    let again = new(&folder.0, &["hello"]);
    assert!(!again.status.success());
    assert_eq!(text(&again.stderr), "pynq: hello is there already; take another name\n");
}

#[test]
fn firmware_has_the_design_in_it() {
    let folder = Folder::new("zynq");
    assert!(new(&folder.0, &["blink", "--kind", "zynq"]).status.success());
    let made = files(&folder.0.join("blink"));
    for file in [".cargo/config.toml", "base.hwh", "build.rs", "memory.x", "src/board.rs", "src/start.rs"] {
        assert!(made.iter().any(|name| name == file), "{file} in {made:?}");
    }
    // One's own design, which is looked at first.
    let own = folder.0.join("own.hwh");
    fs::copy(folder.0.join("blink/base.hwh"), &own).unwrap();
    assert!(new(&folder.0, &["mine", "--kind", "zynq", "--hwh", "own.hwh"]).status.success());
    fs::write(&own, "<x/>").unwrap();
    let refused = new(&folder.0, &["none", "--kind", "zynq", "--hwh", "own.hwh"]);
    assert!(text(&refused.stderr).contains("expected a Vivado hardware handoff"), "{}", text(&refused.stderr));
    assert!(!folder.0.join("none").exists(), "nothing was made");
}

#[test]
fn what_can_t_be_made_is_refused_before_anything_is() {
    let folder = Folder::new("refused");
    for (args, words) in [
        (&["Hello"][..], "`Hello` can't be the name of a package"),
        (&["9lives"], "can't be the name"),
        (&["a b"], "can't be the name"),
        (&["no/such/hello"], "cannot make no/such/hello"),
        (&["hello", "--crates", "."], "does not have the crates"),
        (&["hello", "--hwh", "base.hwh"], "--hwh is for firmware"),
    ] {
        let output = new(&folder.0, args);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{args:?}: {said}");
    }
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn the_sources_can_be_named() {
    let folder = Folder::new("crates");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().display().to_string();
    assert!(new(&folder.0, &["hello", "--crates", &sources]).status.success());
    let manifest = fs::read_to_string(folder.0.join("hello/Cargo.toml")).unwrap();
    assert!(manifest.contains("path = "), "{manifest}");
}
