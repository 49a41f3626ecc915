//! Firmware in emulators: what runs without an operating system is built, run, and judged by its exit status and by what
//! it says on its console.
//!
//! The programs are the workspace `examples/bare-metal`: examples, and tests that are written as programs. A machine is a
//! table of them (see `zynq.rs`); another machine is another table.

mod far_end;
mod machine;
mod microblaze_v;
mod run;
mod script;
mod sizes;
mod zynq;

use crate::{
    no_std::{CORE, cargo_for},
    paste::Scratch,
    project::Project,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
};
use machine::{Machine, Program};
pub(crate) use microblaze_v::emulator as emulator_riscv;

/// All machines there are.
const MACHINES: [&Machine; 2] = [&zynq::ZYNQ, &microblaze_v::MICROBLAZE_V];

/// Builds and runs the programs; those alone whose names, `machine/program`, have the filter in them.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let mut notes = Vec::new();
    let mut ran = 0;
    for machine in MACHINES {
        let selected = |program: &&Program| {
            let name = format!("{}/{}", machine.name, program.name);
            options.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()))
        };
        let programs: Vec<&Program> = machine.programs.iter().filter(selected).collect();
        if programs.is_empty() {
            continue;
        }
        let emulator = match (machine.emulator)(project)? {
            Ok(emulator) => emulator,
            Err(reason) => {
                notes.push(format!("{}: {reason}", machine.name));
                continue;
            }
        };
        if !build(project, machine)? {
            notes.push(format!("{}: no compiler (rustup target add {})", machine.name, machine.target));
            continue;
        }
        for program in programs {
            run::program(project, machine, program, &emulator)?;
            ran += 1;
        }
    }
    say!("  {ran} programs");
    match (ran, notes.is_empty()) {
        (0, true) => Err(Failure::new("no program of that name")),
        (0, false) => Ok(Outcome::Skipped(notes.join("; "))),
        (_, true) => Ok(Outcome::PASSED),
        (_, false) if project.ci => Err(Failure::new(notes.join("; "))),
        (_, false) => Ok(Outcome::Passed(notes)),
    }
}

/// Builds the programs of a machine, first those without an allocator. Tells whether there is a compiler for it.
fn build(project: &Project, machine: &Machine) -> Result<bool, Failure> {
    let manifest = project.root.join("examples/bare-metal/Cargo.toml");
    for features in ["", "--features alloc"] {
        let args = format!("build --release -p {} {features}", machine.package);
        let Some(command) = compiler(project, machine, &args)? else { return Ok(false) };
        command.path("--manifest-path", &manifest).run()?;
        run::keep_programs(project, machine, features.is_empty())?;
    }
    if let Some(kind) = machine.template {
        // A project that `pynq new` makes, as its owner builds it: in its own folder, for the target that it names.
        let scratch = Scratch::new()?;
        let folder = scratch.template(project, kind, "examples/bare-metal/Cargo.lock")?;
        let Some(command) = compiler(project, machine, "build --release")? else { return Ok(false) };
        command.dir(&folder).run()?;
    }
    Ok(true)
}

/// A run of cargo for a machine's programs.
fn compiler(project: &Project, machine: &Machine, args: &str) -> Result<Option<Cmd>, Failure> {
    let Some(command) = cargo_for(project, machine.target, CORE, args)? else { return Ok(None) };
    let command = command.path("--target-dir", &run::target_dir(project));
    // A compiler that is not rustup's has no linker of its own for this target.
    let linker = format!("CARGO_TARGET_{}_LINKER", machine.target.to_uppercase().replace('-', "_"));
    Ok(Some(match run::linker()? {
        Some(path) => command.env(&linker, path.display().to_string()),
        None => command,
    }))
}
