//! Does the verification of the engine verify? Its sources carry known bugs, each behind `cfg(pynq_mutant = "name")`.
//! With each of them alone, the random test or a loom model has to fail.
//!
//! All that stand in expressions are built once, under `cfg(pynq_mutants)`, and chosen when the program runs. One that
//! stands in an attribute is compiled in alone.

use std::{
    cell::OnceCell,
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
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

/// Set when this program is called by cargo in place of the compiler, to what is compiled in.
pub(crate) const WRAPPER_VARIABLE: &str = "PYNQ_XTASK_CFG";

/// The bug that is alive in a build of all of them.
const ALIVE: &str = "PYNQ_MUTANT";

/// Schedules of the first try, which catches most mutants, and of the last.
const FEW: u64 = 50_000;
const MANY: u64 = 1_000_000;

/// A mutant may go round in circles. The unchanged engine needs a small fraction of these, on a busy machine too: what is
/// merely slow must not count as caught.
const LIMIT: Duration = Duration::from_secs(120);
const LIMIT_OF_MANY: Duration = Duration::from_secs(900);

/// Mutants that a model catches at once and random schedules late or never. Only the order of the search depends on
/// this table, not its result.
const MODEL_FIRST: &[(&str, &str)] = &[];

/// A known bug, and whether it is built alone.
struct Mutant {
    name: String,
    alone: bool,
}

/// Builds and tries each mutant.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let mut mutants = mutants(project)?;
    if let Some(filter) = &options.filter {
        mutants.retain(|mutant| mutant.name.contains(filter.as_str()));
    }
    if mutants.is_empty() {
        return Err(Failure::new("no such mutant in the sources"));
    }
    let together = Build::new(project, TOGETHER)?;
    sane(project, &together)?;
    let mut escaped = Vec::new();
    say!("  {:<36} {:>8}  caught by", "mutant", "time");
    for Mutant { name, alone } in mutants {
        let begin = Instant::now();
        let caught = if alone {
            catch(project, &Build::new(project, &cfg_of(&name))?, &name)?
        } else {
            catch(project, &together, &name)?
        };
        match caught {
            Some(by) => say!("  {name:<36} {:>8}  {by}", seconds(begin.elapsed())),
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

/// The bugs that stand in the sources.
fn mutants(project: &Project) -> Result<Vec<Mutant>, Failure> {
    let sources = |file: &Path| file.starts_with("crates") && file.components().any(|part| part.as_os_str() == "src");
    let mut all = BTreeMap::new();
    for file in lint::files(project)?.iter().filter(|file| sources(file)) {
        let Ok(text) = fs::read_to_string(file) else { continue };
        for (name, alone) in named(&text) {
            *all.entry(name).or_default() |= alone;
        }
    }
    Ok(all.into_iter().map(|(name, alone)| Mutant { name, alone }).collect())
}

/// The names that stand in a text, and whether each stands in an attribute.
fn named(text: &str) -> impl Iterator<Item = (String, bool)> {
    const MARK: &str = "pynq_mutant = \"";
    text.match_indices(MARK).filter_map(|(index, _)| {
        let name: String = text[index + MARK.len()..].chars().take_while(|c| *c != '"').collect();
        let line = text[..index].lines().next_back().unwrap_or_default();
        // The documentation of the switch writes something else for the name.
        let sound = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        (sound && !line.trim_start().starts_with("//")).then(|| (name, line.contains("#[cfg(")))
    })
}

/// What is built with all mutants, or with one.
struct Build<'a> {
    project: &'a Project,
    cfg: String,
    random: Option<TestProgram>,
    /// Built when it is needed.
    models: OnceCell<Option<TestProgram>>,
}

const TOGETHER: &str = "pynq_mutants";

fn cfg_of(name: &str) -> String {
    format!("pynq_mutant=\"{name}\"")
}

impl<'a> Build<'a> {
    fn new(project: &'a Project, cfg: &str) -> Result<Self, Failure> {
        let random = build_random(project, &environment(project, cfg)?).map_err(|failure| broken(cfg, &failure))?;
        Ok(Self { project, cfg: cfg.to_owned(), random, models: OnceCell::new() })
    }

    fn models(&self) -> Result<Option<&TestProgram>, Failure> {
        if self.models.get().is_none() {
            let models = build_models(self.project, &environment(self.project, &self.cfg)?)
                .map_err(|failure| broken(&self.cfg, &failure))?;
            let _ = self.models.set(models);
        }
        Ok(self.models.get().and_then(Option::as_ref))
    }
}

/// The unchanged engine passes what the mutants must not pass.
fn sane(project: &Project, build: &Build<'_>) -> Result<(), Failure> {
    let Some(program) = &build.random else { return Ok(()) };
    let begin = Instant::now();
    match run_random(program, FEW, &[], LIMIT, &log(project, "none"))? {
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

/// Tries the checkers in the order that catches soonest, and says which of them did.
fn catch(project: &Project, build: &Build<'_>, name: &str) -> Result<Option<String>, Failure> {
    if let Some((_, model)) = MODEL_FIRST.iter().find(|(mutant, _)| *mutant == name) {
        if let Some(by) = by_model(project, build, name, Some(model))? {
            return Ok(Some(by));
        }
    }
    if let Some(by) = by_random(project, build, name, FEW)? {
        return Ok(Some(by));
    }
    match by_model(project, build, name, None)? {
        None => by_random(project, build, name, MANY),
        caught => Ok(caught),
    }
}

fn by_random(project: &Project, build: &Build<'_>, name: &str, schedules: u64) -> Result<Option<String>, Failure> {
    let Some(program) = &build.random else { return Ok(None) };
    let limit = if schedules > FEW { LIMIT_OF_MANY } else { LIMIT };
    let alive = [(ALIVE, name.to_owned())];
    Ok(match run_random(program, schedules, &alive, limit, &log(project, name))? {
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

fn by_model(project: &Project, build: &Build<'_>, name: &str, model: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(models) = build.models()? else { return Ok(None) };
    let mut tests = models.tests()?;
    if let Some(model) = model {
        tests.retain(|test| test == model);
    }
    let caught = Mutex::new(None);
    each(&tests, |test| {
        let verdict = fails(models, test, name, &log(project, &format!("{name}-{test}")));
        if let Some(how) = verdict {
            *caught.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("loom {test}{how}"));
            return false;
        }
        true
    });
    Ok(caught.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn fails(models: &TestProgram, test: &str, name: &str, log: &Path) -> Option<&'static str> {
    match models.run(&["--exact", test], &[(ALIVE, name.to_owned())], LIMIT, log) {
        Ok(Ended::Failed(_)) => Some(""),
        Ok(Ended::TimedOut) => Some(", which never ends"),
        Ok(Ended::Success) | Err(_) => None,
    }
}

fn broken(cfg: &str, failure: &Failure) -> Failure {
    let command = format!("RUSTFLAGS='--cfg {cfg}' cargo test --release --test random");
    Failure::of(command, format!("the engine does not compile with {cfg}: {}", failure.what))
}

fn log(project: &Project, name: &str) -> PathBuf {
    project.target_dir.join("mutants/logs").join(name)
}

/// The environment in which cargo compiles what the cfg turns on.
///
/// `RUSTFLAGS` would compile every dependency anew. Instead cargo calls this program as the compiler of the workspace's own
/// crates, under a path of its own for each cfg, by which cargo tells their results apart.
fn environment(project: &Project, cfg: &str) -> Result<Vec<(&'static str, String)>, Failure> {
    let dir = project.target_dir.join("mutants/compilers");
    fs::create_dir_all(&dir)?;
    let file: String = cfg.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let wrapper = dir.join(format!("{file}{}", env::consts::EXE_SUFFIX));
    let _ = fs::remove_file(&wrapper);
    let this = env::current_exe()?;
    if fs::hard_link(&this, &wrapper).is_err() {
        fs::copy(&this, &wrapper)?;
    }
    Ok(vec![("RUSTC_WORKSPACE_WRAPPER", wrapper.display().to_string()), (WRAPPER_VARIABLE, cfg.to_owned())])
}

/// Called by cargo in place of the compiler: `program rustc ARGUMENTS`.
pub(crate) fn compile_with(cfg: &OsStr) -> ExitCode {
    let mut args = env::args_os().skip(1);
    let Some(compiler) = args.next() else { return ExitCode::FAILURE };
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

    #[test]
    fn a_mutant_in_an_attribute_is_built_alone() {
        let text =
            "// cfg!(pynq_mutant = \"name\")\nif cfg!(pynq_mutant = \"late\") {}\n#[cfg(pynq_mutant = \"field\")]\n";
        let found: Vec<_> = named(text).collect();
        assert_eq!(found, [("late".to_owned(), false), ("field".to_owned(), true)]);
        assert_eq!(named("#[cfg(not(pynq_mutant = \"x\"))]").next(), Some(("x".to_owned(), true)));
    }
}
