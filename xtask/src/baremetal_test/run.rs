//! One program in one emulator.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    far_end::FarEnd,
    machine::{Machine, Program},
    script::Emulator,
    sizes,
};
use crate::{
    project::Project,
    shell::{Cmd, Ended, Failure, say, seconds},
};

/// Lines of a console that are printed as they are; of a longer one, its end.
const LINES: usize = 24;

pub(super) fn target_dir(project: &Project) -> PathBuf {
    project.target_dir.join("baremetal-test")
}

fn folder(project: &Project, machine: &Machine) -> PathBuf {
    target_dir(project).join(machine.name)
}

/// The linker that comes with this toolchain.
pub(super) fn linker() -> Result<Option<PathBuf>, Failure> {
    let sysroot = Cmd::new("rustc").words("--print sysroot").read()?;
    let host = Cmd::new("rustc").words("-vV").read()?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
    let linker = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin/rust-lld");
    Ok(linker.is_file().then_some(linker))
}

/// Copies what was built, so that the next build, with other features, leaves it alone.
pub(super) fn keep_programs(project: &Project, machine: &Machine, without_alloc: bool) -> Result<(), Failure> {
    let built = target_dir(project).join(machine.target).join("release");
    let kept = folder(project, machine);
    fs::create_dir_all(&kept)?;
    for program in machine.programs.iter().filter(|program| program.alloc != without_alloc) {
        fs::copy(built.join(program.name), kept.join(program.name))?;
    }
    Ok(())
}

/// Runs a program, as often as its table says.
///
/// # Errors
///
/// If it hangs, ends otherwise than it should, or does not say what it should.
pub(super) fn program(project: &Project, machine: &Machine, program: &Program, emulator: &Path) -> Result<(), Failure> {
    let folder = folder(project, machine);
    if program.sizes {
        sizes::tell(&folder.join(program.name), program.alloc)?;
    }
    for (number, extra) in program.runs.iter().enumerate() {
        let log = folder.join(format!("{}.{number}.console", program.name));
        let elf = folder.join(program.name);
        let args = machine.args.replace("{}", &elf.display().to_string());
        let far_end = program.far_end.map(FarEnd::new).transpose()?;
        let line = match (&far_end, machine.line_before_console) {
            (Some(far_end), _) => far_end.argument(),
            (None, true) => "-serial null".to_owned(),
            (None, false) => String::new(),
        };
        let command = Cmd::new(emulator).words(&args).words(extra).words(&line);
        say!("  {}/{} {extra}", machine.name, program.name);
        let begin = Instant::now();
        let ended = match program.script {
            None => command.words("-serial stdio").run_limited(program.limit, &log)?,
            Some(script) => Emulator::run(&command, script, program.limit, &log)?,
        };
        let console = String::from_utf8_lossy(&fs::read(&log)?).replace('\r', "");
        let lines: Vec<&str> = console.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].iter().for_each(|line| say!("    | {line}"));
        let again = format!("cargo xtask baremetal-test {}/{}", machine.name, program.name);
        match ended {
            Ended::TimedOut => {
                let limit = seconds(program.limit);
                return Err(Failure::of(again, format!("{} did not end within {limit}", program.name)));
            }
            Ended::Success if program.fails => {
                return Err(Failure::of(again, format!("{} ended well, and should have failed", program.name)));
            }
            Ended::Failed(_) if !program.fails => {
                let what = format!("{} ended with a failure; see {}", program.name, log.display());
                return Err(Failure::of(again, what));
            }
            Ended::Success | Ended::Failed(_) => {}
        }
        if let Some(missing) = program.says.iter().find(|words| !console.contains(**words)) {
            return Err(Failure::of(
                again,
                format!("{} ended as it should but did not say \"{missing}\"", program.name),
            ));
        }
        if let Some(far_end) = far_end {
            far_end.join().map_err(|failure| Failure::of(again, failure.what))?;
        }
        let status = if program.fails { "a failure, as it should be," } else { "exit status 0" };
        say!("    {status} after {}", seconds(begin.elapsed()));
    }
    Ok(())
}
