//! The soak: every backend that a host has, under every runtime, busy for minutes, with waits that are dropped at random.
//!
//! The program is a benchmark of `pynq-uio`, though it measures nothing: those are the programs that no test run
//! starts. It tells its own failures, hangs included.

use std::{fs, time::Duration};

use crate::{
    project::Project,
    shell::{Cmd, Ended, Failure, say},
    stage::{Options, Outcome, Verdict},
};

/// As long as CI has for it.
const SECONDS: u64 = 20;

/// The program tells of a hang itself, and ends. This is for one that can't.
const PATIENCE: Duration = Duration::from_secs(300);

/// Builds the program and lets it run for `--seconds`.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("its UIO devices are Linux's".to_owned()));
    }
    let time = Duration::from_secs(options.seconds.unwrap_or(SECONDS));
    // With the checks of a debug build, and with what the tests have built already.
    let bench = "bench --quiet --profile dev -p pynq-uio --bench soak";
    Cmd::cargo(bench).arg("--no-run").run()?;
    let command = Cmd::cargo(bench).words(&format!("-- --seconds {}", time.as_secs()));
    let command = match options.seed {
        Some(seed) => command.words(&format!("--seed {seed}")),
        None => command,
    };
    let log = project.target_dir.join("soak").join("log");
    say!("  $ {command}");
    let ended = command.run_limited(time + PATIENCE, &log)?;
    fs::read_to_string(&log)?.lines().for_each(|line| say!("  {line}"));
    match ended {
        Ended::Success => Ok(Outcome::PASSED),
        Ended::Failed(_) => Err(Failure::of(command, format!("the soak failed, see {}", log.display()))),
        Ended::TimedOut => Err(Failure::of(command, format!("the soak does not end, see {}", log.display()))),
    }
}
