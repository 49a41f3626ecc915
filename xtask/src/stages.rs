//! The table of stages, the run of one or all of them, and the table at the end.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    asm, baremetal_test, bench, compile, cross, deny, docs, firmware, fuzz, instructions, leak, lint, linux_test, loom,
    mutants, no_std, package, page, paste, pictures, portable,
    project::Project,
    pynq_client, qemu_models,
    shell::{Failure, say, seconds},
    soak,
    stage::{Options, Outcome, Verdict},
};

struct Stage {
    name: &'static str,
    about: &'static str,
    run: fn(&Project, &Options) -> Verdict,
    /// Whether it is a part of `ci`.
    in_ci: bool,
}

/// Cheap stages first, so that most mistakes are told within the first minutes.
const STAGES: [Stage; 30] = [
    Stage { name: "lint", about: "rustfmt, clippy, and the rules of this project", run: lint::run, in_ci: true },
    Stage { name: "test", about: "cargo test --workspace, doc tests included", run: compile::test, in_ci: true },
    Stage { name: "msrv", about: "nothing needs a newer Rust than Cargo.toml says", run: compile::msrv, in_ci: true },
    Stage {
        name: "powerset",
        about: "combinations of features compile [PACKAGE]",
        run: compile::powerset,
        in_ci: true,
    },
    Stage { name: "docs", about: "rustdoc without warnings; the book", run: docs::run, in_ci: true },
    Stage {
        name: "paste",
        about: "snippets of README and book, pasted into a new package [PAGE]",
        run: paste::run,
        in_ci: true,
    },
    Stage { name: "portable", about: "the simulated path needs no Linux", run: portable::run, in_ci: true },
    Stage { name: "no-std", about: "builds for bare-metal targets [TARGET]", run: no_std::run, in_ci: true },
    Stage { name: "asm", about: "typed register access costs nothing", run: run_asm, in_ci: true },
    Stage {
        name: "instructions",
        about: "hot paths have not grown by 3 % [PATH] [--update]",
        run: instructions::run,
        in_ci: true,
    },
    Stage { name: "property", about: "random schedules [--count N], 250,000", run: loom::property, in_ci: true },
    Stage { name: "loom", about: "the engine under the model checker [MODEL]", run: loom::run, in_ci: true },
    Stage { name: "mutants", about: "each seeded bug is caught [MUTANT]", run: mutants::run, in_ci: true },
    Stage { name: "leak", about: "tests that give back all they take [TEST]", run: leak::run, in_ci: true },
    Stage { name: "soak", about: "all at once [--seconds N] [--seed N], 20 s", run: soak::run, in_ci: true },
    Stage {
        name: "package",
        about: "the crates can be packaged, and build from their packages",
        run: package::run,
        in_ci: true,
    },
    Stage { name: "page", about: "the live board in a browser and in a terminal", run: page::run, in_ci: true },
    Stage { name: "deny", about: "licences, duplicates and sources of dependencies", run: deny::run, in_ci: true },
    Stage { name: "fuzz", about: "fuzz targets [--seconds N] [TARGET], 8 s each", run: fuzz::run, in_ci: true },
    Stage { name: "linux-test", about: "the virtual board, under Linux [TEST]", run: linux_test::run, in_ci: true },
    Stage { name: "cross", about: "examples for boards: armv7, aarch64 [TARGET]", run: cross::run, in_ci: true },
    Stage {
        name: "baremetal-test",
        about: "firmware in emulators [MACHINE/PROGRAM]",
        run: baremetal_test::run,
        in_ci: true,
    },
    Stage {
        name: "qemu-models",
        about: "drivers on QEMU's models, ours against them [--count N] [TEST], 2,000",
        run: qemu_models::run,
        in_ci: true,
    },
    Stage {
        name: "firmware",
        about: "MicroBlaze: PYNQ's programs, random ones, against QEMU [--count N] [--seed N] [TEST]",
        run: firmware::run,
        in_ci: true,
    },
    Stage {
        name: "pynq-client",
        about: "PYNQ's own Python client against pynq serve",
        run: pynq_client::run,
        in_ci: true,
    },
    Stage { name: "miri", about: "undefined behaviour, where miri is installed", run: compile::miri, in_ci: false },
    Stage {
        name: "bench",
        about: "all benchmarks [--quick] [--strict] [NAME]; --update writes docs/performance.md",
        run: bench::run,
        in_ci: false,
    },
    Stage {
        name: "pictures",
        about: "writes the book's pictures and its page of figures anew",
        run: pictures::run,
        in_ci: false,
    },
    Stage {
        name: "ci",
        about: "all of the above but miri, bench and pictures [--skip A,B] [--only A,B]",
        run: never,
        in_ci: false,
    },
    Stage {
        name: "nightly",
        about: "what searches at random, for hours, and miri [--skip A,B] [--only A,B]",
        run: never,
        in_ci: false,
    },
];

type Lengthen = fn(&mut Options);

/// What `nightly` runs: the stages that find more the longer they search, and for how long they do.
const LONG: [(&str, Lengthen); 8] = [
    ("powerset", |options| options.exhaustive = true),
    ("property", |options| options.count = Some(10_000_000)),
    ("loom", |options| options.preemptions = Some(6)),
    ("mutants", |_| ()),
    ("soak", |options| options.seconds = Some(30 * 60)),
    ("fuzz", |options| options.seconds = Some(30 * 60)),
    ("qemu-models", |options| options.count = Some(20_000)),
    ("miri", |_| ()),
];

/// Prints the stages.
pub(crate) fn help() {
    say!("cargo xtask STAGE [OPTIONS]\n");
    for stage in &STAGES {
        say!("  {:<10} {}", stage.name, stage.about);
    }
    say!("\nA missing tool skips its stage; with CI=true it is installed, and a skipped stage fails.");
}

/// Runs a stage, or all of CI's, and says whether nothing failed.
///
/// # Errors
///
/// What is wrong with the command line.
pub(crate) fn run(project: &Project, name: &str, args: &[String]) -> Result<bool, String> {
    let options = parse(args)?;
    let begin = Instant::now();
    let rows: Vec<Row> =
        chosen(name, &options)?.iter().map(|(stage, options)| run_one(project, stage, options)).collect();
    Ok(summarize(project, &rows, begin.elapsed()))
}

/// The stages that a name means, and how each is run.
fn chosen(name: &str, options: &Options) -> Result<Vec<(&'static Stage, Options)>, String> {
    let unknown = |name: &str| format!("no stage \"{name}\"; see cargo xtask help");
    if let Some(name) = options.skip.iter().chain(&options.only).find(|name| find(name).is_none()) {
        return Err(unknown(name));
    }
    let named = |list: &[String], stage: &Stage| list.iter().any(|name| name == stage.name);
    let wanted = |stage: &Stage, by_default: bool| {
        if options.only.is_empty() { by_default && !named(&options.skip, stage) } else { named(&options.only, stage) }
    };
    match name {
        "ci" => {
            let stages = STAGES.iter().filter(|stage| wanted(stage, stage.in_ci));
            Ok(stages.map(|stage| (stage, options.clone())).collect())
        }
        "nightly" => {
            let stages = LONG.iter().filter_map(|(name, lengthen)| {
                let mut options = options.clone();
                lengthen(&mut options);
                Some((find(name)?, options))
            });
            Ok(stages.filter(|(stage, _)| wanted(stage, true)).collect())
        }
        _ => Ok(vec![(find(name).ok_or_else(|| unknown(name))?, options.clone())]),
    }
}

fn find(name: &str) -> Option<&'static Stage> {
    STAGES.iter().find(|stage| stage.name == name)
}

fn parse(args: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let number =
            |text: &String| text.replace('_', "").parse().map_err(|_| format!("{arg} needs a number, not {text}"));
        match arg.as_str() {
            "--count" => options.count = Some(number(value()?)?),
            "--seconds" => options.seconds = Some(number(value()?)?),
            "--minutes" => options.seconds = Some(60 * number(value()?)?),
            "--seed" => options.seed = Some(number(value()?)?),
            "--update" => options.update = true,
            "--strict" => options.strict = true,
            "--quick" => options.quick = true,
            "--skip" => options.skip.extend(value()?.split(',').map(str::to_owned)),
            "--only" => options.only.extend(value()?.split(',').map(str::to_owned)),
            other if other.starts_with('-') => return Err(format!("no option {other}; see cargo xtask help")),
            other if options.filter.is_none() => options.filter = Some(other.to_owned()),
            other => return Err(format!("one name at a time: {other}")),
        }
    }
    Ok(options)
}

struct Row {
    stage: &'static str,
    verdict: Verdict,
    time: Duration,
}

fn run_one(project: &Project, stage: &'static Stage, options: &Options) -> Row {
    say!("\n==> {}: {}", stage.name, stage.about);
    let begin = Instant::now();
    let mut verdict = (stage.run)(project, options);
    if let (true, Ok(Outcome::Skipped(reason))) = (project.ci, &verdict) {
        verdict = Err(Failure::new(format!("must not be skipped with CI=true: {reason}")));
    }
    let time = begin.elapsed();
    match &verdict {
        Ok(Outcome::Passed(notes)) => {
            say!("==> {} passed in {}", stage.name, seconds(time));
            for note in notes {
                say!("    NOT CHECKED: {note}");
            }
        }
        Ok(Outcome::Skipped(reason)) => say!("==> {} SKIPPED: {reason}", stage.name),
        Err(failure) => {
            say!("==> {} FAILED after {}: {}", stage.name, seconds(time), failure.what);
            if let Some(command) = &failure.command {
                say!("    again: {command}");
            }
        }
    }
    Row { stage: stage.name, verdict, time }
}

/// Prints the table at the end and says whether nothing failed.
fn summarize(project: &Project, rows: &[Row], total: Duration) -> bool {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut table = String::new();
    for row in rows {
        let (word, remark) = match &row.verdict {
            Ok(Outcome::Passed(notes)) => {
                passed += 1;
                ("passed", if notes.is_empty() { String::new() } else { format!("not checked: {}", notes.join("; ")) })
            }
            Ok(Outcome::Skipped(reason)) => {
                skipped += 1;
                ("skipped", reason.clone())
            }
            Err(failure) => {
                failed += 1;
                ("FAILED", format!("{}; again: cargo xtask {}", first_line(&failure.what), row.stage))
            }
        };
        let _ = writeln!(table, "  {:<10} {:<8} {:>12}  {}", row.stage, word, seconds(row.time), remark);
    }
    say!("\n{table}\nin {}, target directory {}", seconds(total), project.target_dir.display());
    say!("stages: {passed} passed, {failed} failed, {skipped} skipped");
    failed == 0
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn run_asm(project: &Project, _: &Options) -> Verdict {
    match asm::run(&project.root) {
        Ok(asm::Outcome::Proved) => Ok(Outcome::PASSED),
        Ok(asm::Outcome::Skipped(reason)) => Ok(Outcome::Skipped(reason)),
        Err(difference) => Err(Failure::of("cargo xtask asm", difference)),
    }
}

/// `ci` is the run of the others, see [`run`].
fn never(_: &Project, _: &Options) -> Verdict {
    Ok(Outcome::PASSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn options_are_read() {
        let options = parse(&words("--count 5_000 --skip a,b name")).unwrap();
        assert_eq!(options.count, Some(5000));
        assert_eq!(options.skip, ["a", "b"]);
        assert_eq!(options.filter.as_deref(), Some("name"));
    }

    #[test]
    fn nightly_is_the_long_form() {
        let all = chosen("nightly", &Options::default()).unwrap();
        assert_eq!(all.len(), LONG.len());
        let only = chosen("nightly", &parse(&words("--only property")).unwrap()).unwrap();
        assert_eq!(
            only.iter().map(|(stage, options)| (stage.name, options.count)).collect::<Vec<_>>(),
            [("property", Some(10_000_000))]
        );
        let ci = chosen("ci", &parse(&words("--skip lint")).unwrap()).unwrap();
        assert!(ci.iter().all(|(stage, options)| stage.in_ci && stage.name != "lint" && options.count.is_none()));
        assert!(chosen("ci", &parse(&words("--skip lind")).unwrap()).is_err());
    }

    #[test]
    fn wrong_options_are_told() {
        assert_eq!(parse(&words("--count")).unwrap_err(), "--count needs a value");
        assert_eq!(parse(&words("--count x")).unwrap_err(), "--count needs a number, not x");
        assert!(parse(&words("--colour")).is_err());
        assert!(parse(&words("one two")).is_err());
    }
}
