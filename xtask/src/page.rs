//! The live board in a real browser and in a real terminal.

use crate::{
    project::Project,
    shell::Cmd,
    stage::{Options, Outcome, Verdict},
    tools::{BROWSER, TERMINAL},
};

/// Runs the tests that skip themselves where there is no browser or no terminal, with both.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    for tool in [&BROWSER, &TERMINAL] {
        if let Some(reason) = tool.missing(project)? {
            return Ok(Outcome::Skipped(reason));
        }
    }
    let tests = "test --package pynq-live --test browser --package pynq-cli --test live";
    Cmd::cargo(tests).env("PYNQ_BROWSER", "1").run()?;
    Ok(Outcome::PASSED)
}
