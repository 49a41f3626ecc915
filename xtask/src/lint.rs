//! Format, clippy, and the rules of [`checks`].

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    checks,
    project::Project,
    scan::Source,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
};

/// Runs all of it, and tells everything at once, since each part is about something else.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    let mut commands = vec![Cmd::cargo("fmt --all --check")];
    for manifest in nested_manifests(project)? {
        commands.push(Cmd::cargo("fmt --check").path("--manifest-path", &manifest));
    }
    commands.push(Cmd::cargo("clippy --workspace --keep-going --all-targets --all-features -- -D warnings"));
    // Without the features that a test may take for granted.
    commands.push(Cmd::cargo("clippy --workspace --keep-going --all-targets -- -D warnings"));
    let mut failures: Vec<Failure> = rules(project).err().into_iter().collect();
    // Cargo.lock says what Cargo.toml says.
    failures.extend(Cmd::cargo("metadata --quiet --locked --format-version 1").read().err());
    failures.extend(commands.iter().filter_map(|command| command.run().err()));
    Failure::first_of(failures).map_or(Ok(Outcome::PASSED), Err)
}

/// The files of the project: what git has, and what it will have.
pub(crate) fn files(project: &Project) -> Result<Vec<PathBuf>, Failure> {
    let listing = Cmd::new("git").words("ls-files --cached --others --exclude-standard").dir(&project.root).read()?;
    Ok(listing.lines().map(PathBuf::from).filter(|file| file.is_file()).collect())
}

/// The manifests of packages that are no members, such as fuzz targets and firmware. One that is a workspace only has
/// nothing of its own.
pub(crate) fn nested_manifests(project: &Project) -> Result<Vec<PathBuf>, Failure> {
    let member =
        |file: &PathBuf| project.members.iter().any(|member| member.dir.join("Cargo.toml") == project.root.join(file));
    let mut manifests = files(project)?;
    let package = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains("[package]"));
    manifests.retain(|file| {
        file.ends_with("Cargo.toml") && *file != Path::new("Cargo.toml") && !member(file) && package(file)
    });
    Ok(manifests)
}

fn rules(project: &Project) -> Result<(), Failure> {
    let mut broken = Vec::new();
    let files = files(project)?;
    for file in &files {
        // A file that is not text has no lines to complain about.
        let Ok(text) = fs::read_to_string(file) else { continue };
        let path = file.display().to_string().replace('\\', "/");
        let mut complaints = if path.ends_with(".lock") { Vec::new() } else { checks::text(&path, &text) };
        if path.ends_with(".rs") && !checks::is_generated(&text) {
            complaints.extend(checks::code(&path, &Source::parse(&text)));
        }
        broken.extend(complaints.into_iter().map(|(line, what)| format!("{path}:{line}: {what}")));
    }
    broken.extend(unguarded_roots(project, &files));
    broken.extend(stale_permissions());
    say!("  {} files, {} broken rules", files.len(), broken.len());
    for complaint in &broken {
        say!("    {complaint}");
    }
    let Some(first) = broken.first() else { return Ok(()) };
    Err(Failure::of("cargo xtask lint", format!("{} broken rules, the first: {first}", broken.len())))
}

/// A file that lost its unsafe code loses the permission for it.
fn stale_permissions() -> Vec<String> {
    let mut stale = Vec::new();
    for (path, reason) in checks::UNSAFE {
        let source = Source::parse(&fs::read_to_string(path).unwrap_or_default());
        if !(0..source.lines.len()).any(|index| source.has_word(index, "unsafe")) {
            stale.push(format!("{path}: has no unsafe code ({reason}) but stands in xtask/src/checks.rs"));
        }
    }
    stale
}

/// A crate without a file that may be unsafe forbids it; one with such a file denies it everywhere else.
fn unguarded_roots(project: &Project, files: &[PathBuf]) -> Vec<String> {
    let mut broken = Vec::new();
    for member in project.members.iter().filter(|member| member.name != "xtask") {
        let dir = project.relative(&member.dir);
        let some_unsafe = files.iter().any(|file| {
            let path = file.display().to_string().replace('\\', "/");
            file.starts_with(dir.join("src")) && checks::UNSAFE.iter().any(|(allowed, _)| path == *allowed)
        });
        let guard = if some_unsafe { "deny" } else { "forbid" };
        for root in ["src/lib.rs", "src/main.rs"].map(|name| dir.join(name)) {
            let Ok(text) = fs::read_to_string(&root) else { continue };
            if !text.contains(&format!("{guard}(unsafe_code)")) {
                broken.push(format!("{}:1: has no #![{guard}(unsafe_code)]", root.display()));
            }
        }
    }
    broken
}
