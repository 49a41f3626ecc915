//! The drivers on QEMU's models of their blocks, and our models against QEMU's: the tests of `pynq-qtest`, as long as they
//! take where they count.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{
    baremetal_test,
    project::{Project, TestBuild},
    shell::{Ended, Failure, say, seconds},
    stage::{Options, Outcome, Verdict},
    tools::EMULATOR_MICROBLAZE,
};

/// A test program is killed after this: it hangs. It takes less than a minute on a small machine.
const LIMIT: Duration = Duration::from_secs(300);

/// Random sequences on each model, as many as CI has time for.
const SEQUENCES: u64 = 2_000;

/// Builds the tests and runs them; those alone whose names have the filter in them.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let emulator = match baremetal_test::emulator_riscv(project)? {
        Ok(emulator) => emulator.display().to_string(),
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    if let Some(reason) = EMULATOR_MICROBLAZE.missing(project)? {
        return Ok(Outcome::Skipped(reason));
    }
    let package = project.member("pynq-qtest")?;
    let env = [("PYNQ_QEMU_RISCV32", emulator), ("PYNQ_QTEST_REQUIRED", "1".to_owned())];
    let count = options.count.unwrap_or(SEQUENCES).to_string();
    let env: Vec<_> = env.into_iter().chain([("PYNQ_QTEST_SEQUENCES", count)]).collect();
    let mut ran = 0;
    for test in &package.tests {
        if options.filter.as_ref().is_some_and(|filter| !test.name.contains(filter.as_str())) {
            continue;
        }
        let target_dir = project.target_dir.clone();
        let build = TestBuild { package, test, target_dir, args: "", env: Vec::new(), shown_as: None };
        let program = build.build()?;
        let log = project.target_dir.join("qemu-models").join(format!("{}.log", test.name));
        say!("  {}", test.name);
        let begin = Instant::now();
        let ended = program.run(&["--nocapture", "--test-threads=1"], &env, LIMIT, &log)?;
        let text = fs::read_to_string(&log)?;
        text.lines().filter(|line| !line.trim().is_empty()).for_each(|line| say!("    | {line}"));
        let again = format!("PYNQ_QTEST_REQUIRED=1 cargo test -p {} --test {} -- --nocapture", package.name, test.name);
        match ended {
            Ended::Success => {}
            Ended::Failed(_) => return Err(Failure::of(again, format!("{} failed", test.name))),
            Ended::TimedOut => {
                return Err(Failure::of(again, format!("{} ran for more than {}", test.name, seconds(LIMIT))));
            }
        }
        say!("    done in {}", seconds(begin.elapsed()));
        ran += 1;
    }
    if ran == 0 { Err(Failure::new("no test program of that name")) } else { Ok(Outcome::PASSED) }
}
