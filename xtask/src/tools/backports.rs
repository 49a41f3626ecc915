//! Packages of a later release, which Debian's last but one release takes from its backports.

use std::{fs, path::Path};

use crate::{
    linux_test::sources::{Origin, origin, os_release},
    project::Project,
    shell::{Cmd, Failure},
};

/// Releases whose own packages are too old.
const OLD: [&str; 1] = ["bookworm"];

/// The commands that install `packages`. What a person sees of them says where the packages come from; in CI, whose
/// machines get a source of packages that holds for these commands only, that is where they point to.
pub(super) fn install(project: &Project, packages: &str) -> Result<Vec<Cmd>, Failure> {
    let release = os_release("VERSION_CODENAME").unwrap_or_default();
    let get = |words: &str| Cmd::new("apt-get").words(words);
    let install = "install -y -q --no-install-recommends";
    if !OLD.contains(&release.as_str()) {
        return Ok(vec![get("update -q"), get(install).words(packages)]);
    }
    let suite = format!("{release}-backports");
    let commands = vec![get("update -q"), get(install).arg("-t").arg(&suite).words(packages)];
    let Some(origin) = origin(&release).filter(|_| project.ci) else { return Ok(commands) };
    let folder = project.target_dir.join("tools/apt");
    sources(&folder, &suite, &origin)?;
    let option = format!("-oDir::Etc::SourceParts={}", folder.display());
    let mut commands: Vec<Cmd> = commands.into_iter().map(|command| command.arg(&option)).collect();
    // Leaves the lists of packages as they were.
    commands.push(get("update -q"));
    Ok(commands)
}

/// A folder with the machine's sources of packages and one more.
fn sources(folder: &Path, suite: &str, origin: &Origin) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten() {
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    let signed_by = origin.signed_by.as_ref().map(|path| format!("[signed-by={path}] ")).unwrap_or_default();
    fs::write(folder.join("backports.list"), format!("deb {signed_by}{} {suite} main\n", origin.uri))?;
    Ok(())
}
