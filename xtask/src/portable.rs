//! Nothing on the simulated path is Linux-only: it is compiled here for Windows and macOS, up to the linker.

use std::path::Path;

use crate::{
    lint,
    no_std::{STD, cargo_for},
    project::Project,
    scan::Source,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
};

/// The crate that users meet, with everything that is not a Linux backend.
const CRATE: &str = "pynq";
const FEATURES: [&str; 3] = ["sim", "tokio", "smol"];
const TARGETS: [&str; 2] = ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"];

/// Nothing of it is run, so that optimising the standard library is a waste.
const CHECK: &str =
    r#"check --no-default-features --config profile.dev.debug=false --config profile.dev.package."*".opt-level=0"#;

/// Packages that exist for Linux alone.
const LINUX_ONLY: [&str; 5] = ["pynq-uio", "linux-raw-sys", "nix", "procfs", "inotify"];

/// Crates whose sources must not name an operating system, and what they must not name.
const PORTABLE: [&str; 4] = ["pynq-core", "pynq-drivers", "pynq-hwh", "pynq-sim"];
const NAMES: [&str; 4] = ["std::os::", "libc::", "target_os", "cfg(unix)"];

/// Looks at the dependencies, at the sources, and compiles where a compiler for the targets is to be had.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    let member = project.member(CRATE)?;
    let features: Vec<&str> =
        FEATURES.into_iter().filter(|feature| member.features.iter().any(|(name, _)| name == feature)).collect();
    let lacking: Vec<String> = FEATURES
        .iter()
        .filter(|feature| !features.contains(feature))
        .map(|feature| format!("feature {feature}, which {CRATE} does not have"))
        .collect();
    sources(project)?;
    let mut notes = lacking;
    for target in TARGETS {
        dependencies(target, &features.join(","))?;
        match cargo_for(project, target, STD, CHECK)? {
            Some(command) => {
                let command = command.words(&format!("-p {CRATE} --features")).arg(features.join(","));
                command.path("--target-dir", &project.target_dir.join("no-std")).run()?;
            }
            None => notes.push(format!("compiling for {target} (rustup target add {target})")),
        }
    }
    if project.ci && !notes.is_empty() {
        return Err(Failure::new(notes.join("; ")));
    }
    Ok(Outcome::Passed(notes))
}

fn dependencies(target: &str, features: &str) -> Result<(), Failure> {
    let command = Cmd::cargo("tree --edges normal --prefix none --format {p} --no-default-features")
        .words(&format!("-p {CRATE} --target {target} --features"))
        .arg(features);
    let tree = command.read()?;
    let names = || tree.lines().filter_map(|line| line.split(' ').next());
    if let Some(name) = names().find(|name| LINUX_ONLY.contains(name)) {
        return Err(Failure::of(command, format!("{CRATE} depends on {name} for {target}")));
    }
    say!("  {target}: {} packages, none for Linux alone", names().collect::<std::collections::BTreeSet<_>>().len());
    Ok(())
}

fn sources(project: &Project) -> Result<(), Failure> {
    for name in PORTABLE {
        let dir = project.member(name)?.dir.join("src");
        for file in lint::files(project)?.iter().filter(|file| project.root.join(file).starts_with(&dir)) {
            if let Some(line) = names_a_system(file)? {
                return Err(Failure::new(format!("{}:{line}: {name} is for every operating system", file.display())));
            }
        }
    }
    Ok(())
}

/// The first line that names an operating system.
fn names_a_system(file: &Path) -> Result<Option<usize>, Failure> {
    if file.extension().is_none_or(|extension| extension != "rs") {
        return Ok(None);
    }
    let source = Source::parse(&std::fs::read_to_string(file)?);
    let found = source.lines.iter().position(|line| NAMES.iter().any(|name| line.code.contains(name)));
    Ok(found.map(|index| index + 1))
}
