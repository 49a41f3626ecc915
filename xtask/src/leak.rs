//! The tests of the engine and of the simulator under LeakSanitizer: a node that is dropped gives everything back, and so
//! does one whose waker or source panicked.

use crate::{
    project::Project,
    shell::say,
    stage::{Options, Outcome, Verdict},
    tools::{NIGHTLY, nightly},
};

/// Where the sanitizer is, and the crates whose tests run under it.
const TARGET: &str = "x86_64-unknown-linux-gnu";
const PACKAGES: [&str; 3] = ["pynq-core", "pynq-sim", "pynq-conformance"];

/// Tests that leave something behind, and why that is no fault of what they test. They run when they are named.
const LEAVING: &[(&str, &str)] = &[
    ("buffers_can_be_used_from_whatever_the_board_calls", "a listener of the board holds the board"),
    ("leds_are_seen_as_they_change", "likewise"),
    ("what_is_lent_is_leaked_and_not_freed", "that is what it shows: a device may still write to the memory"),
    ("a_task_at_work_holds_the_clock_until_it_waits_again", "its task is leaked, for an address of its own"),
    ("a_task_at_work_that_never_comes_back_is_forgotten_in_the_end", "likewise"),
];

/// Runs them; those alone whose names have the filter in them.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Outcome::Skipped(format!("the sanitizer is used on {TARGET}")));
    }
    if let Some(reason) = NIGHTLY.missing(project)? {
        return Ok(Outcome::Skipped(reason));
    }
    // For a target by name, so that build scripts and macros are compiled without it.
    let mut command = nightly("test --quiet --tests --no-fail-fast --target")
        .arg(TARGET)
        .path("--target-dir", &project.target_dir.join("leak"))
        .env("RUSTFLAGS", "-Zsanitizer=leak");
    for package in PACKAGES {
        command = command.arg("-p").arg(package);
    }
    command = match &options.filter {
        Some(filter) => command.arg("--").arg(filter),
        None => LEAVING.iter().fold(command.arg("--"), |command, (test, _)| command.arg("--skip").arg(*test)),
    };
    command.run()?;
    for (test, why) in LEAVING {
        say!("  not run: {test}: {why}");
    }
    Ok(Outcome::PASSED)
}
