//! The MicroBlaze simulator against QEMU's, on the programs that PYNQ ships and on random instructions; every word through
//! the decoder; how fast it is; and PYNQ's programs on the simulated board, driven through the facade. The programs come from PYNQ's source packages and stay in the target directory.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    project::{Project, TestBuild},
    shell::{Cmd, Ended, Failure, say, seconds},
    stage::{Options, Outcome, Verdict},
    tools,
};

/// Releases of PYNQ, old and new, and how many programs each of them ships.
const RELEASES: [(&str, usize); 2] = [("3.1.2", 35), ("2.5.4", 35)];

/// What the set-up of PYNQ's source packages asks for.
const NEEDED: [&str; 4] = ["numpy<2", "setuptools<81", "wheel", "pynqutils"];

const EMULATOR: &str = "qemu-system-microblazeel";

/// The packages, their test programs and tests, in the order of how soon they are over.
const TESTS: [(&str, &str, &str); 11] = [
    ("pynq", "microblaze", "the_mailbox_program_has_bytes"),
    ("pynq", "microblaze", "the_mailbox_program_reads"),
    ("pynq", "microblaze", "the_oled_program"),
    ("pynq", "microblaze", "the_pwm_program"),
    ("pynq", "microblaze", "the_timer_program"),
    ("pynq", "microblaze", "four_processors_at_once"),
    ("pynq", "microblaze", "all_programs_for_a_pmod"),
    ("pynq-iss", "lockstep", SPEED),
    ("pynq-iss", "decoder", "each_opcode"),
    ("pynq-iss", "lockstep", "random_instructions"),
    ("pynq-iss", "lockstep", "shipped_programs"),
];

/// The one that measures, which takes an optimised build.
const SPEED: &str = "speed";

/// Tests that run PYNQ's programs.
const NEED_PROGRAMS: [&str; 8] = [
    "the_mailbox_program_has_bytes",
    "the_mailbox_program_reads",
    "the_oled_program",
    "the_pwm_program",
    "the_timer_program",
    "four_processors_at_once",
    "all_programs_for_a_pmod",
    "shipped_programs",
];

/// A test is killed after this: it hangs. The longest takes a minute of two processors.
const LIMIT: Duration = Duration::from_secs(600);

/// Fetches the programs, builds the tests and runs them; those alone whose names have the filter in them.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    for tool in [&tools::EMULATOR_MICROBLAZE, &tools::PYTHON] {
        if let Some(reason) = tool.missing(project)? {
            return Ok(Outcome::Skipped(reason));
        }
    }
    let wanted = |name: &str| options.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()));
    let folder = project.target_dir.join("firmware");
    if TESTS.iter().any(|(_, _, test)| NEED_PROGRAMS.contains(test) && wanted(test)) {
        if let Err(failure) = fetch(&folder) {
            return Ok(Outcome::Skipped(format!("PYNQ's source packages could not be fetched: {}", failure.what)));
        }
    }
    let mut env = vec![
        ("PYNQ_QEMU_MICROBLAZE", EMULATOR.to_owned()),
        ("PYNQ_FIRMWARE_DIR", folder.display().to_string()),
        ("PYNQ_FIRMWARE_REQUIRED", "1".to_owned()),
        ("PYNQ_DECODER_ALL", "1".to_owned()),
    ];
    if let Some(count) = options.count {
        env.push(("PYNQ_RANDOM_INSTRUCTIONS", count.to_string()));
    }
    if let Some(seed) = options.seed {
        env.push(("PYNQ_RANDOM_SEED", seed.to_string()));
    }
    let mut ran = 0;
    for (package, program, test) in TESTS.into_iter().filter(|(_, _, test)| wanted(test)) {
        let package = project.member(package)?;
        let Some(found) = package.tests.iter().find(|found| found.name == program) else {
            return Err(Failure::new(format!("{} has no test program {program}", package.name)));
        };
        let target_dir = project.target_dir.clone();
        // How fast the simulator is, says nothing of another build.
        let args = if test == SPEED { "--release" } else { "" };
        let build = TestBuild { package, test: found, target_dir, args, env: Vec::new(), shown_as: None };
        let built = build.build()?;
        let log = folder.join(format!("{test}.log"));
        say!("  {test}");
        let begin = Instant::now();
        let ended = built.run(&["--nocapture", "--test-threads=1", test], &env, LIMIT, &log)?;
        let text = fs::read_to_string(&log)?;
        text.lines().filter(|line| !line.trim().is_empty()).for_each(|line| say!("    | {line}"));
        let again = format!("cargo xtask firmware {test}");
        match ended {
            Ended::Success if text.contains("test result: ok. 1 passed") && !text.contains("NOT RUN") => {}
            Ended::Success => return Err(Failure::of(again, format!("{test} did not run"))),
            Ended::Failed(_) => return Err(Failure::of(again, format!("{test} failed"))),
            Ended::TimedOut => {
                return Err(Failure::of(again, format!("{test} ran for more than {}", seconds(LIMIT))));
            }
        }
        say!("    done in {}", seconds(begin.elapsed()));
        ran += 1;
    }
    if ran == 0 { Err(Failure::new("no test of that name")) } else { Ok(Outcome::PASSED) }
}

/// The programs of each release, in a folder of its name. What is there already is not fetched again.
fn fetch(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    let missing: Vec<_> =
        RELEASES.into_iter().filter(|(release, count)| programs(&folder.join(release)) != *count).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let python = folder.join("python");
    let pip = |words: &str| Cmd::new(python.join("bin/python")).words("-m pip --quiet").words(words);
    Cmd::new("python3").words("-m venv").arg(python.display().to_string()).run()?;
    let install = pip("install");
    NEEDED.iter().fold(install, |command, package| command.arg(*package)).run()?;
    for (release, count) in missing {
        let packages = folder.join("packages");
        // Without isolation the set-up of the package finds what was installed for it.
        pip("download --no-deps --no-build-isolation --no-binary :all:")
            .path("--dest", &packages)
            .arg(format!("pynq=={release}"))
            .run()?;
        let place = folder.join(release);
        fs::create_dir_all(&place)?;
        let archive = packages.join(format!("pynq-{release}.tar.gz"));
        Cmd::new("tar")
            .words("-x -z -f")
            .arg(archive.display().to_string())
            .path("-C", &place)
            .words("--strip-components=3 --wildcards")
            .arg("*/pynq/lib/*.bin")
            .run()?;
        fs::remove_file(archive)?;
        let found = programs(&place);
        if found != count {
            return Err(Failure::new(format!("pynq {release} has {found} programs, not {count}")));
        }
    }
    Ok(())
}

/// How many programs are in a folder and those below it.
fn programs(folder: &Path) -> usize {
    let entries: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    let here = entries.iter().filter(|path| path.extension().is_some_and(|extension| extension == "bin")).count();
    here + entries.iter().filter(|path| path.is_dir()).map(|path| programs(path)).sum::<usize>()
}
