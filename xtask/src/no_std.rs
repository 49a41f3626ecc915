//! Builds for targets without a standard library, as the crates list them:
//!
//! ```toml
//! [package.metadata.pynq]
//! build = [{ targets = ["thumbv6m-none-eabi"], features = ["critical-section"] }]
//! ```

use std::path::Path;

use crate::{
    project::{Project, list, strings},
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
    tools::SYSTEM_COMPILER,
};

/// Where distributions put their compiler. rustup's own does not come with the sources of the library unless asked to.
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SYSTEM_CARGO: &str = "/usr/bin/cargo";

/// What the system's compiler builds first.
pub(crate) const CORE: &str = "core,alloc";
pub(crate) const STD: &str = "std,panic_abort";

/// Nothing of it is run: all of it is compiled down to machine code, and none of it made quick.
const BUILD: &str =
    r#"build --no-default-features --config profile.dev.debug=false --config profile.dev.package."*".opt-level=0"#;

/// Builds every crate that lists targets, for each of them.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let (mut built, mut missing) = (0, Vec::new());
    for member in &project.members {
        for build in list(&member.metadata["build"]) {
            let features = strings(&build["features"]).join(",");
            let targets = strings(&build["targets"]);
            let chosen = targets
                .iter()
                .filter(|target| options.filter.as_ref().is_none_or(|only| target.contains(only.as_str())));
            // One run of cargo for all targets of a compiler: their builds go on side by side.
            let (mut ours, mut systems) = (Vec::new(), Vec::new());
            for target in chosen {
                if is_installed(target)? { ours.push(target.clone()) } else { systems.push(target.clone()) }
            }
            for group in [ours, systems].into_iter().filter(|group| !group.is_empty()) {
                let args = format!("{BUILD} -p {}", member.name);
                let Some(command) = cargo_for_all(project, &group, CORE, &args)? else {
                    missing.extend(group.into_iter().filter(|target| !missing.contains(target)).collect::<Vec<_>>());
                    continue;
                };
                let command = command.arg("--features").arg(&features);
                command.path("--target-dir", &project.target_dir.join("no-std")).run()?;
                built += group.len();
            }
        }
    }
    if built == 0 && missing.is_empty() {
        return Err(Failure::new("no crate lists targets in [package.metadata.pynq]"));
    }
    say!("  {built} builds");
    let missing = missing.join(" ");
    let remedy = format!("no compiler for {missing} (rustup target add {missing})");
    match (built, missing.is_empty()) {
        (_, true) => Ok(Outcome::PASSED),
        (0, false) => Ok(Outcome::Skipped(remedy)),
        (_, false) if project.ci => Err(Failure::new(remedy)),
        (_, false) => Ok(Outcome::Passed(vec![remedy])),
    }
}

/// The given run of cargo for the target: by rustup's compiler where it has the target's library, else by the system's,
/// which builds the named parts of the library itself.
pub(crate) fn cargo_for(project: &Project, target: &str, library: &str, args: &str) -> Result<Option<Cmd>, Failure> {
    cargo_for_all(project, &[target.to_owned()], library, args)
}

/// The same for several targets, of all or none of which rustup has the library.
fn cargo_for_all(project: &Project, targets: &[String], library: &str, args: &str) -> Result<Option<Cmd>, Failure> {
    let all = |command: Cmd| targets.iter().fold(command, |command, target| command.arg("--target").arg(target));
    if targets.iter().try_fold(true, |all, target| Ok::<_, Failure>(all && is_installed(target)?))? {
        return Ok(Some(all(Cmd::cargo(args))));
    }
    if SYSTEM_COMPILER.missing(project)?.is_some() {
        return Ok(None);
    }
    let cargo = Cmd::new(SYSTEM_CARGO)
        .other_toolchain()
        .env("RUSTC", SYSTEM_RUSTC)
        // A release compiler takes -Zbuild-std only so.
        .env("RUSTC_BOOTSTRAP", "1");
    Ok(Some(all(cargo.words(args).arg(format!("-Zbuild-std={library}")))))
}

/// Whether rustup has installed the library of a target.
pub(crate) fn is_installed(target: &str) -> Result<bool, Failure> {
    let library = Cmd::new("rustc").words("--print target-libdir --target").arg(target).read()?;
    Ok(Path::new(library.trim()).is_dir())
}

/// Whether the system's compiler has its library's sources beside it.
pub(crate) fn system_compiler_is_complete() -> bool {
    let sysroot = Cmd::new(SYSTEM_RUSTC).other_toolchain().words("--print sysroot");
    Path::new(SYSTEM_CARGO).exists()
        && Path::new(SYSTEM_RUSTC).exists()
        && sysroot.read().is_ok_and(|root| Path::new(root.trim()).join("lib/rustlib/src/rust/library/core").exists())
}
