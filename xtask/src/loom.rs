//! The engine under the model checker, and under random schedules.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    project::{Project, TestBuild, TestProgram},
    shell::{Cmd, Ended, Failure, say, seconds},
    stage::{Options, Outcome, Verdict},
};

/// The integration test that holds the models.
const MODELS: &str = "loom";
/// The integration test that runs random schedules, as many as [`SCHEDULES`] says.
const RANDOM: &str = "random";
const SCHEDULES: &str = "PYNQ_SCHEDULES";

/// As many as CI has time for. `cargo xtask nightly` runs more.
const FEW: u64 = 250_000;

/// How often a thread of a model may be preempted, where that is not 3.
const PREEMPTIONS: &str = "LOOM_MAX_PREEMPTIONS";

/// A model that searches for longer has a bound missing.
const MODEL_LIMIT: Duration = Duration::from_secs(300);

/// Runs each model in a process of its own: a failing one aborts, and would take the others' results with it.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let Some(models) = build_models(project, &[])? else {
        return Ok(Outcome::Skipped(format!("no integration test named {MODELS}")));
    };
    let mut names = models.tests()?;
    if let Some(filter) = &options.filter {
        names.retain(|name| name.contains(filter.as_str()));
    }
    if names.is_empty() {
        return Err(Failure::new("no such model"));
    }
    let env: Vec<_> = options.preemptions.iter().map(|bound| (PREEMPTIONS, bound.to_string())).collect();
    let failed = Mutex::new(Vec::new());
    each(&names, |name| {
        let begin = Instant::now();
        let log = project.target_dir.join("loom/logs").join(name);
        let ended = models.run(&["--exact", name, "--nocapture"], &env, MODEL_LIMIT, &log);
        let time = seconds(begin.elapsed());
        match ended {
            Ok(Ended::Success) => say!("    {name:<32} {time}"),
            Ok(Ended::Failed(output)) => {
                say!("    {name:<32} {time} FAILED\n{}", last_lines(&output, 30));
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
            }
            Ok(Ended::TimedOut) => {
                say!("    {name:<32} {time} did not end");
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
            }
            Err(failure) => {
                say!("    {name:<32} {}", failure.what);
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
            }
        }
        true
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    match failed.first() {
        None => {
            say!("  {} models hold", names.len());
            Ok(Outcome::PASSED)
        }
        Some(first) => {
            Err(Failure::of(format!("cargo xtask loom {first}"), format!("models that fail: {}", failed.join(", "))))
        }
    }
}

/// Random schedules, in release.
pub(crate) fn property(project: &Project, options: &Options) -> Verdict {
    let Some((package, test)) = project.test(RANDOM) else {
        return Ok(Outcome::Skipped(format!("no integration test named {RANDOM}")));
    };
    let command = Cmd::cargo("test --release").words(&format!("-p {} --test {RANDOM}", package.name));
    let command = if test.required_features.is_empty() {
        command
    } else {
        command.arg("--features").arg(test.required_features.join(","))
    };
    command.env(SCHEDULES, options.count.unwrap_or(FEW).to_string()).run()?;
    Ok(Outcome::PASSED)
}

/// Builds the models with the environment given; nothing where there are none.
pub(crate) fn build_models(project: &Project, env: &[(&'static str, String)]) -> Result<Option<TestProgram>, Failure> {
    let Some((package, test)) = project.test(MODELS) else { return Ok(None) };
    let features = if test.required_features.is_empty() { "--features std " } else { "" };
    let args = format!("--release {features}");
    // A target directory of its own: with another cfg, everything is compiled anew.
    let target_dir = project.target_dir.join("loom");
    let mut build = TestBuild { package, test, target_dir, args: &args, env: env.to_vec(), shown_as: None };
    build.env.push(("RUSTFLAGS", "--cfg loom".to_owned()));
    say!("  $ RUSTFLAGS='--cfg loom' cargo test --no-run -p {} --test {MODELS} {args}", package.name);
    build.build().map(Some)
}

/// Builds the random test with the environment given; nothing where there is none.
pub(crate) fn build_random(project: &Project, env: &[(&'static str, String)]) -> Result<Option<TestProgram>, Failure> {
    let Some((package, test)) = project.test(RANDOM) else { return Ok(None) };
    let target_dir = project.target_dir.clone();
    TestBuild { package, test, target_dir, args: "--release", env: env.to_vec(), shown_as: None }.build().map(Some)
}

/// Runs the random test over so many schedules.
pub(crate) fn run_random(
    program: &TestProgram,
    schedules: u64,
    env: &[(&str, String)],
    limit: Duration,
    log: &Path,
) -> Result<Ended, Failure> {
    let env: Vec<_> = env.iter().cloned().chain([(SCHEDULES, schedules.to_string())]).collect();
    program.run(&["--nocapture"], &env, limit, log)
}

/// Calls the function for each name, from as many threads as there are CPUs, until it returns false.
pub(crate) fn each(names: &[String], work: impl Fn(&str) -> bool + Sync) {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from).min(names.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !work(name) {
                        next.store(names.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

/// The end of a long output.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
