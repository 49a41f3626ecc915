//! Static programs for Linux on ARM: the guest of `linux-test`, and the examples for a board without a compiler.
//!
//! rustup's musl target links with nothing but the toolchain, its GNU target with a cross compiler. Where neither is
//! installed, the system's compiler builds the standard library itself.

use std::path::PathBuf;

use crate::{
    no_std::{STD, cargo_for, is_installed},
    project::{Project, json, list, text},
    shell::{Failure, say},
    stage::{Options, Outcome, Verdict},
    tools::{CROSS_AARCH64, CROSS_ARMV7, SYSTEM_COMPILER, Tool},
};

/// A processor, and what builds for it.
pub(crate) struct Machine {
    name: &'static str,
    musl: &'static str,
    gnu: &'static str,
    /// The linker of the GNU target, with its C library.
    linker: &'static Tool,
}

/// The Zynq-7000's processor.
pub(crate) const ARMV7: Machine = Machine {
    name: "armv7",
    musl: "armv7-unknown-linux-musleabihf",
    gnu: "armv7-unknown-linux-gnueabihf",
    linker: &CROSS_ARMV7,
};
/// The Zynq UltraScale+'s.
const AARCH64: Machine = Machine {
    name: "aarch64",
    musl: "aarch64-unknown-linux-musl",
    gnu: "aarch64-unknown-linux-gnu",
    linker: &CROSS_AARCH64,
};

/// What can be built, or the reason why nothing can.
pub(crate) type Programs = Result<Vec<(String, PathBuf)>, String>;

/// Builds the examples for boards, and prints where they are.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let chosen = |machine: &&Machine| {
        let named = |only: &String| [machine.name, machine.musl, machine.gnu].iter().any(|name| name.contains(&**only));
        options.filter.as_ref().is_none_or(named)
    };
    let mut missing = Vec::new();
    let mut built = 0;
    for machine in [ARMV7, AARCH64].iter().filter(chosen) {
        match programs(project, machine, EXAMPLES)? {
            Ok(programs) => {
                built += programs.len();
                for (name, path) in programs {
                    say!("  {:<8} {name:<18} {}", machine.name, path.display());
                }
            }
            Err(reason) => missing.push(reason),
        }
    }
    match (built, missing.is_empty()) {
        (0, true) => Err(Failure::new("no such target; there are armv7 and aarch64")),
        (_, true) => Ok(Outcome::PASSED),
        (0, false) => Ok(Outcome::Skipped(missing.join("; "))),
        (_, false) if project.ci => Err(Failure::new(missing.join("; "))),
        (_, false) => Ok(Outcome::Passed(missing)),
    }
}

/// The examples that a board can run.
pub(crate) const EXAMPLES: &str = "--package pynq-examples --examples";

/// Builds what cargo's `selection` says, as static programs in release mode, and yields their names and paths.
pub(crate) fn programs(project: &Project, machine: &Machine, selection: &str) -> Result<Programs, Failure> {
    let args = format!("build --quiet --release {selection} --message-format json-render-diagnostics");
    let (target, linker, more) = if is_installed(machine.musl)? {
        (machine.musl, "rust-lld".to_owned(), "-Clink-self-contained=yes")
    } else {
        if let Some(reason) = machine.linker.missing(project)? {
            return Ok(Err(reason));
        }
        (machine.gnu, machine.gnu.replace("-unknown", "") + "-gcc", "-Crelocation-model=static")
    };
    let linker = linker.replace("armv7-", "arm-");
    let Some(command) = cargo_for(project, target, STD, &args)? else {
        let reason = SYSTEM_COMPILER.missing(project)?.unwrap_or_default();
        return Ok(Err(format!("rustup target add {}, or: {reason}", machine.musl)));
    };
    let variable = format!("CARGO_TARGET_{}", target.to_uppercase().replace('-', "_"));
    let command = command
        .path("--target-dir", &project.target_dir.join("cross"))
        .env(&format!("{variable}_LINKER"), linker)
        .env(&format!("{variable}_RUSTFLAGS"), format!("-Ctarget-feature=+crt-static {more}"))
        // A board has little room, and nobody debugs there.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_STRIP", "true")
        .shown_as(format!("cargo build --release {selection} --target {target}"));
    // In CI they run once and are thrown away. Fully optimised they take longer to compile, and not at all optimised, longer
    // to run.
    let command = if project.ci { command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1") } else { command };
    say!("  $ {command}");
    let mut found = Vec::new();
    for message in command.read()?.lines().filter(|line| line.starts_with('{')) {
        let message = json(message)?;
        let target = &message["target"];
        let program = list(&target["kind"]).iter().any(|kind| ["bin", "example"].contains(&text(kind)));
        if let (true, Some(path)) = (program, message["executable"].as_str()) {
            found.push((text(&target["name"]).to_owned(), PathBuf::from(path)));
        }
    }
    if found.is_empty() {
        return Err(Failure::of(command, "cargo built no program"));
    }
    Ok(Ok(found))
}
