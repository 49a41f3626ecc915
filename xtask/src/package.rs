//! Each published crate can be packaged, without a warning, and builds from its package alone.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    project::Project,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
};

/// How the project compiles others' crates.
const PROFILE: &str = "[profile.dev.package.\"*\"]\nopt-level = 1\n";

/// Packages all published crates together, since they depend on each other and none is in a registry yet.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    let scratch = project.target_dir.join("package");
    let packages = scratch.join("package");
    if packages.exists() {
        fs::remove_dir_all(&packages)?;
    }
    let mut command = Cmd::cargo("package --allow-dirty --locked --no-verify").path("--target-dir", &scratch);
    for member in project.members.iter().filter(|member| member.published) {
        command = command.arg("-p").arg(&member.name);
    }
    say!("  $ {command}");
    let (succeeded, output) = command.capture()?;
    let warnings: Vec<&str> = output.lines().filter(|line| line.starts_with("warning")).collect();
    if !succeeded || !warnings.is_empty() {
        say!("{output}");
        let what = warnings.first().copied().unwrap_or("cargo package failed");
        return Err(Failure::of(command, what));
    }
    build(project, &packages, &scratch)?;
    Ok(Outcome::PASSED)
}

/// Builds what was packaged, in a workspace of the packages alone. `cargo package` can verify by itself, but unpacks
/// beside what it downloads, by name and version, and at the next run takes what it finds there for the same sources.
fn build(project: &Project, packages: &Path, scratch: &Path) -> Result<(), Failure> {
    let dir = scratch.join("unpacked");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let (mut members, mut patches) = (String::new(), String::new());
    for member in project.members.iter().filter(|member| member.published) {
        let archive = archive_of(packages, &member.name)?;
        Cmd::new("tar").path("-xzf", &archive).path("-C", &dir).read()?;
        let folder = archive.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        for file in ["README.md", "Cargo.toml"].map(|file| dir.join(&folder).join(file)) {
            if !file.exists() {
                return Err(Failure::new(format!("the package of {} has no {}", member.name, file.display())));
            }
        }
        let _ = writeln!(members, "    \"{folder}\",");
        let _ = writeln!(patches, "{} = {{ path = \"{folder}\" }}", member.name);
        let size = fs::metadata(&archive)?.len().div_ceil(1024);
        say!("    {folder}: {size} KiB");
    }
    let manifest =
        format!("[workspace]\nresolver = \"3\"\nmembers = [\n{members}]\n\n[patch.crates-io]\n{patches}\n{PROFILE}");
    fs::write(dir.join("Cargo.toml"), manifest)?;
    fs::copy(project.root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    // What is checked already of others' crates, by clippy, is not checked again.
    Cmd::cargo("check --workspace --all-features").path("--target-dir", &project.target_dir).dir(&dir).run()
}

/// The package of that name: its version follows, and begins with a digit.
fn archive_of(packages: &Path, name: &str) -> Result<PathBuf, Failure> {
    let begins = format!("{name}-");
    for entry in fs::read_dir(packages)? {
        let path = entry?.path();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let version = file.strip_prefix(&begins).and_then(|rest| rest.strip_suffix(".crate"));
        if version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())) {
            return Ok(path);
        }
    }
    Err(Failure::new(format!("no package of {name} in {}", packages.display())))
}
