//! The time a run may take, and steps that stop when it is over.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::shell::{Cmd, Ended, Failure, say, seconds};

/// When the whole stage has to be over.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    end: Instant,
    total: Duration,
}

impl Limit {
    pub(super) fn new(total: Duration) -> Self {
        Self { end: Instant::now() + total, total }
    }

    /// What is left of it.
    pub(super) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Runs a step silently; its output goes to a log file, whose end is shown if it fails.
    pub(super) fn step(&self, what: &str, command: &Cmd, log: &Path) -> Result<(), Failure> {
        let begin = Instant::now();
        match command.run_limited(self.left(), log)? {
            Ended::Success => {
                say!("    {what}: {}", seconds(begin.elapsed()));
                Ok(())
            }
            Ended::Failed(output) => {
                let lines: Vec<&str> = output.lines().collect();
                let end = lines[lines.len().saturating_sub(15)..].join("\n");
                Err(Failure::of(command, format!("{what} failed, see {}\n{end}", log.display())))
            }
            Ended::TimedOut => {
                let total = seconds(self.total);
                Err(Failure::of(command, format!("{what} was stopped: the stage may take {total} in all")))
            }
        }
    }
}
