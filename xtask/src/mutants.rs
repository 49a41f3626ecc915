//! Does the verification of the engine verify? Its sources carry known bugs, each behind `cfg(pynq_mutant = "name")`.
//! Each is compiled in alone, and the random test or a loom model has to fail.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    lint,
    loom::{build_models, build_random, each, run_random},
    project::{Project, TestProgram},
    shell::{Ended, Failure, say, seconds},
    stage::{Options, Outcome, Verdict},
};

/// Set when this program is called by cargo in place of the compiler.
pub(crate) const WRAPPER_VARIABLE: &str = "PYNQ_XTASK_MUTANT";

/// Schedules of the first try, which catches most mutants, and of the last.
const FEW: u64 = 20_000;
const MANY: u64 = 1_000_000;

/// A mutant may go round in circles. The unchanged engine needs a small fraction of these, on a busy machine too: what is
/// merely slow must not count as caught.
const LIMIT: Duration = Duration::from_secs(120);
const LIMIT_OF_MANY: Duration = Duration::from_secs(900);

/// Mutants that a model catches at once and random schedules late or never. Only the order of the search depends on
/// this table, not its result.
const MODEL_FIRST: &[(&str, &str)] = &[];

/// Who caught a mutant.
struct Catch {
    by: String,
    time: Duration,
}

/// Builds and tries each mutant.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let mut names: Vec<String> = names(project)?.into_iter().collect();
    if let Some(filter) = &options.filter {
        names.retain(|name| name.contains(filter.as_str()));
    }
    if names.is_empty() {
        return Err(Failure::new("no such mutant in the sources"));
    }
    sane(project)?;
    let mut escaped = Vec::new();
    say!("  {:<36} {:>8}  caught by", "mutant", "time");
    for name in names {
        match catch(project, &name)? {
            Some(Catch { by, time }) => say!("  {name:<36} {:>8}  {by}", seconds(time)),
            None => {
                say!("  {name:<36}           NOBODY");
                escaped.push(name);
            }
        }
    }
    match escaped.first() {
        None => Ok(Outcome::PASSED),
        Some(first) => Err(Failure::of(
            format!("cargo xtask mutants {first}"),
            format!("mutants that no test notices: {}", escaped.join(", ")),
        )),
    }
}

/// The names that stand in the sources.
fn names(project: &Project) -> Result<BTreeSet<String>, Failure> {
    const MARK: &str = "pynq_mutant = \"";
    let mut names = BTreeSet::new();
    let sources = |file: &Path| file.starts_with("crates") && file.components().any(|part| part.as_os_str() == "src");
    for file in lint::files(project)?.iter().filter(|file| sources(file)) {
        let Ok(text) = fs::read_to_string(file) else { continue };
        for (index, _) in text.match_indices(MARK) {
            let name: String = text[index + MARK.len()..].chars().take_while(|c| *c != '"').collect();
            // The documentation of the switch writes dots for the name.
            if !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
                names.insert(name);
            }
        }
    }
    Ok(names)
}

/// The unchanged engine passes what the mutants must not pass.
fn sane(project: &Project) -> Result<(), Failure> {
    let Some(program) = build_random(project, &[])? else { return Ok(()) };
    let begin = Instant::now();
    match run_random(&program, FEW, LIMIT, &log(project, "none"))? {
        Ended::Success => {
            say!("  without a mutant, {FEW} schedules pass in {}", seconds(begin.elapsed()));
            Ok(())
        }
        Ended::Failed(output) => {
            let what = format!("without a mutant, the random test fails too, so it can't judge one: {}", seed(&output));
            Err(Failure::of("cargo xtask property", what))
        }
        Ended::TimedOut => {
            Err(Failure::of("cargo xtask property", "the random test does not end without a mutant either"))
        }
    }
}

/// Tries the checkers in the order that catches soonest.
fn catch(project: &Project, name: &str) -> Result<Option<Catch>, Failure> {
    let begin = Instant::now();
    let by = match MODEL_FIRST.iter().find(|(mutant, _)| *mutant == name) {
        Some((_, model)) => match by_model(project, name, Some(model))? {
            None => by_random(project, name, FEW)?,
            caught => caught,
        },
        None => by_random(project, name, FEW)?,
    };
    let by = match by {
        None => by_model(project, name, None)?,
        caught => caught,
    };
    let by = match by {
        None => by_random(project, name, MANY)?,
        caught => caught,
    };
    Ok(by.map(|by| Catch { by, time: begin.elapsed() }))
}

fn by_random(project: &Project, name: &str, schedules: u64) -> Result<Option<String>, Failure> {
    let Some(program) =
        build_random(project, &environment(project, name)?).map_err(|failure| broken(name, &failure))?
    else {
        return Ok(None);
    };
    let limit = if schedules > FEW { LIMIT_OF_MANY } else { LIMIT };
    Ok(match run_random(&program, schedules, limit, &log(project, name))? {
        Ended::Success => None,
        Ended::Failed(output) => Some(format!("random, {}", seed(&output))),
        Ended::TimedOut => Some("random, which never ends".to_owned()),
    })
}

/// The line of a failing random test that names the seed.
fn seed(output: &str) -> String {
    let line = output.lines().find(|line| line.contains("seed")).unwrap_or("seed not told");
    let from = line.find("seed").unwrap_or(0);
    line.get(from..).unwrap_or(line).split(';').next().unwrap_or_default().chars().take(90).collect()
}

fn by_model(project: &Project, name: &str, model: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(models) = build_models(project, &environment(project, name)?).map_err(|failure| broken(name, &failure))?
    else {
        return Ok(None);
    };
    let mut tests = models.tests()?;
    if let Some(model) = model {
        tests.retain(|test| test == model);
    }
    let caught = Mutex::new(None);
    each(&tests, |test| {
        let verdict = fails(&models, test, &log(project, &format!("{name}-{test}")));
        if let Some(how) = verdict {
            *caught.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("loom {test}{how}"));
            return false;
        }
        true
    });
    Ok(caught.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn fails(models: &TestProgram, test: &str, log: &Path) -> Option<&'static str> {
    match models.run(&["--exact", test], &[], LIMIT, log) {
        Ok(Ended::Failed(_)) => Some(""),
        Ok(Ended::TimedOut) => Some(", which never ends"),
        Ok(Ended::Success) | Err(_) => None,
    }
}

fn broken(name: &str, failure: &Failure) -> Failure {
    let command = format!("RUSTFLAGS='--cfg pynq_mutant=\"{name}\"' cargo test --release --test random");
    Failure::of(command, format!("the mutant {name} does not compile: {}", failure.what))
}

fn log(project: &Project, name: &str) -> PathBuf {
    project.target_dir.join("mutants/logs").join(name)
}

/// The environment in which cargo compiles the mutant.
///
/// `RUSTFLAGS` would compile every dependency anew for each mutant. Instead cargo calls this program as the compiler of
/// the workspace's own crates, under a path of its own for each mutant, by which cargo tells their results apart.
fn environment(project: &Project, name: &str) -> Result<Vec<(&'static str, String)>, Failure> {
    let dir = project.target_dir.join("mutants/compilers");
    fs::create_dir_all(&dir)?;
    let wrapper = dir.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let _ = fs::remove_file(&wrapper);
    let this = env::current_exe()?;
    if fs::hard_link(&this, &wrapper).is_err() {
        fs::copy(&this, &wrapper)?;
    }
    Ok(vec![("RUSTC_WORKSPACE_WRAPPER", wrapper.display().to_string()), (WRAPPER_VARIABLE, name.to_owned())])
}

/// Called by cargo in place of the compiler: `program rustc ARGUMENTS`.
pub(crate) fn compile_mutant(name: &str) -> ExitCode {
    let mut args = env::args_os().skip(1);
    let Some(compiler) = args.next() else { return ExitCode::FAILURE };
    let cfg = format!("pynq_mutant=\"{name}\"");
    match Command::new(compiler).args(args).arg("--cfg").arg(cfg).env_remove(WRAPPER_VARIABLE).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            say!("cannot start the compiler: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_told() {
        assert_eq!(seed("running 1 test\nthread panicked: seed 371: lost wake-up\n"), "seed 371: lost wake-up");
        assert_eq!(seed("abort"), "seed not told");
    }
}
