//! The Linux backend on a real kernel: a virtual PYNQ-Z2 is built and booted, and its program tests the backend there.
//!
//! The board is QEMU's Zynq-7000 with programmable logic (`board/pl.c`): buttons, switches and LEDs where the base overlay
//! has them, AXI interrupt controllers, timers, wired to a real GIC under a real kernel with real `/dev/uioN`. What runs
//! in it is the crate `pynq-linux-test`, as the first and only process.

mod cache;
mod commands;
mod emulator;
mod examples;
mod guest;
mod initrd;
mod kernel;
mod limit;
mod qmp;
pub(crate) mod sources;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

pub(crate) use kernel::source as kernel_source;

use crate::{
    cross,
    project::Project,
    shell::{Failure, say, seconds},
    stage::{Options, Outcome, Verdict},
};
use guest::{Board, Ending, Program};
use limit::Limit;

/// All of it, with everything built from nothing on two slow processors.
const WHOLE: Duration = Duration::from_secs(30 * 60);

/// A run of the guest.
const RUN: Duration = Duration::from_secs(5 * 60);

const GUEST: &str = "--package pynq-linux-test --bin pynq-linux-test";

/// Builds the board, and runs the guest's tests and the examples in it; those alone whose names have the filter in them.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let limit = Limit::new(WHOLE);
    let board = match board(project, &limit)? {
        Ok(board) => board,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let filter = options.filter.as_deref();
    if filter.is_none_or(|filter| commands::NAME.contains(filter)) {
        if let Err(reason) = commands::run(project, &board, &limit)? {
            return Ok(Outcome::Skipped(reason));
        }
        if filter.is_some() {
            return Ok(Outcome::PASSED);
        }
    }
    if !filter.is_some_and(examples::are_meant_by) {
        tests(&board, filter, &limit)?;
        if filter.is_some() {
            return Ok(Outcome::PASSED);
        }
    }
    Ok(match examples::run(project, &board, &limit, filter)? {
        Ok(()) => Outcome::PASSED,
        Err(reason) => Outcome::Skipped(reason),
    })
}

/// Runs the guest's own tests.
fn tests(board: &Board, filter: Option<&str>, limit: &Limit) -> Result<(), Failure> {
    let mut program = Program::new(&["test"]);
    program.arguments.extend(filter.map(str::to_owned));
    let begin = Instant::now();
    let mut tally = Tally::default();
    let guest = board.start("tests", &program, RUN.min(limit.left()))?;
    let ending = guest.finish(|line| tally.read(line))?;
    say!("  the board ran for {}; its console is {}", seconds(begin.elapsed()), ending.log.display());
    tally.judge(&ending)
}

/// The emulator of the board, for whoever has other programs for it; or what is missing.
pub(crate) fn emulator(project: &Project) -> Result<Result<PathBuf, String>, Failure> {
    emulator::emulator(project, &Limit::new(WHOLE))
}

/// The board and the guest's program, built if they have to be, or what is missing.
fn board(project: &Project, limit: &Limit) -> Result<Result<Board, String>, Failure> {
    let emulator = match emulator::emulator(project, limit)? {
        Ok(emulator) => emulator,
        Err(reason) => return Ok(Err(reason)),
    };
    let kernel = match kernel::kernel(project, limit)? {
        Ok(kernel) => kernel,
        Err(reason) => return Ok(Err(reason)),
    };
    let programs = match cross::programs(project, &cross::ARMV7, GUEST)? {
        Ok(programs) => programs,
        Err(reason) => return Ok(Err(reason)),
    };
    let Some((_, init)) = programs.into_iter().next() else {
        return Err(Failure::new("the guest's program was not built"));
    };
    Ok(Ok(Board { emulator, kernel, init, logs: project.target_dir.join("linux-test") }))
}

/// What the guest's program said: a line for each check, and the totals as the last one.
#[derive(Default)]
struct Tally {
    ok: usize,
    failed: usize,
    skipped: usize,
    totals: Option<String>,
}

/// What the line with the totals begins with.
const TOTALS: &str = "linux-test: ";

impl Tally {
    /// Counts a line, and prints it unless it tells of one more thing that is as it should be.
    fn read(&mut self, line: &str) {
        let kind = line.split(' ').next().unwrap_or_default();
        match kind {
            "ok" => self.ok += 1,
            "skip" => self.skipped += 1,
            "FAIL" => self.failed += 1,
            _ => {}
        }
        if let Some(totals) = line.strip_prefix(TOTALS) {
            self.totals = Some(totals.to_owned());
        }
        if ["FAIL", "#"].contains(&kind) || line.starts_with(TOTALS) {
            say!("  {line}");
        }
    }

    /// # Errors
    ///
    /// If a check failed, or if not all were made.
    fn judge(&self, ending: &Ending) -> Result<(), Failure> {
        let counted = format!("{} ok, {} failed, {} skipped", self.ok, self.failed, self.skipped);
        let again = "cargo xtask linux-test";
        match &self.totals {
            None => {
                let lines: Vec<&str> = ending.console.lines().collect();
                let end = lines[lines.len().saturating_sub(12)..].join("\n");
                Err(Failure::of(again, format!("the guest did not come to its end; {counted}\n{end}")))
            }
            Some(totals) if *totals != counted => {
                Err(Failure::of(again, format!("the guest counts {totals}, its console has {counted}")))
            }
            Some(_) if self.failed > 0 || self.ok == 0 => Err(Failure::of(again, counted)),
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(console: &str) -> Result<(), String> {
        let mut tally = Tally::default();
        console.lines().for_each(|line| tally.read(line));
        let ending = Ending { console: console.to_owned(), log: "console".into() };
        tally.judge(&ending).map_err(|failure| failure.what)
    }

    #[test]
    fn only_a_complete_run_without_failures_passes() {
        assert!(judged("ok a\nskip b: none\nok c\nlinux-test: 2 ok, 0 failed, 1 skipped\n").is_ok());
        assert!(judged("ok a\nFAIL b: no\nlinux-test: 1 ok, 1 failed, 0 skipped\n").is_err());
        assert!(judged("ok a\nok b\n").unwrap_err().contains("did not come to its end"));
        assert!(judged("ok a\nlinux-test: 2 ok, 0 failed, 0 skipped\n").unwrap_err().contains("the guest counts"));
        assert!(judged("linux-test: 0 ok, 0 failed, 0 skipped\n").is_err());
    }
}
