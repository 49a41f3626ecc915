//! Instructions of the hot paths, counted under callgrind: the same number on every run of the same program, so that a
//! growth of a few percent is seen on any machine, however busy. What was found last is kept in a file.

mod profile;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use crate::{
    project::Project,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
    tools,
};
use profile::Profile;

const FILE: &str = "crates/pynq-bench/instructions.json";

/// What a path may grow by until it fails.
const GROWTH: f64 = 0.03;

/// The same where the compiler is not the one of the file. Its releases move code about by more than one would like.
const GROWTH_ELSEWHERE: f64 = 0.15;

/// A benchmark, a row of it, and how many times it is done.
const PATHS: &[(&str, &str, u32)] = &[
    ("in_process", "one line/ours, std lock", 100),
    ("in_process", "GPIO behind the INTC/ours, std lock", 100),
    ("in_process", "one of 32 lines/ours, std lock", 100),
    ("in_process", "32 lines at once, each/ours, std lock", 20),
    ("in_process", "2 INTCs deep/ours, std lock", 100),
    ("in_process", "3 INTCs deep/ours, std lock", 100),
    ("in_process", "100 tasks on one line, each/ours, std lock", 10),
    ("parts", "Register read/simulated", 10),
    ("parts", "Register write/simulated", 10),
    ("parts", "Simulated board/a button's press, to its task", 50),
    ("parts", "Handoff file pynq-z2-buttons.hwh/pynq-hwh, the whole design", 2),
];

/// Counts, and compares with the file, or with `--update` writes it.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    if let Some(reason) = tools::VALGRIND.missing(project)? {
        return Ok(Outcome::Skipped(reason));
    }
    let (compiler, host) = compiler()?;
    let before = if options.update { Value::Null } else { read(&project.root.join(FILE))? };
    if before["host"].as_str().is_some_and(|known| known != host) {
        let note = format!("{FILE} was recorded on {}, this is {host}", before["host"]);
        return Ok(Outcome::Passed(vec![note]));
    }
    let same_compiler = before["rustc"] == compiler;
    let limit = if same_compiler { GROWTH } else { GROWTH_ELSEWHERE };
    let (mut found, mut faults, mut programs) = (Map::new(), Vec::new(), BTreeMap::new());
    for &(bench, row, count) in PATHS.iter().filter(|path| options.filter.as_ref().is_none_or(|it| path.1.contains(it)))
    {
        if !programs.contains_key(bench) {
            programs.insert(bench, build(bench)?);
        }
        let profile = profile(project, &programs[bench], row, count)?;
        let (name, each) = (format!("{bench}/{row}"), profile.total as f64 / f64::from(count));
        match Profile::from_json(&before["paths"][&name]).filter(|_| before["paths"][&name]["count"] == count) {
            Some(known) => {
                let change = profile.total as f64 / known.total as f64 - 1.0;
                say!("  {each:>9.1} instructions, {:+.1} %: {name}", change * 100.0);
                if change > limit {
                    let grown = profile.grown(&known, count);
                    faults.push(format!("{name}: {:+.1} %, to {each:.1} instructions: {grown}", change * 100.0));
                }
            }
            None => {
                say!("  {each:>9.1} instructions: {name}");
                if !options.update {
                    faults.push(format!("{name} is not in {FILE}"));
                }
            }
        }
        let mut json = profile.to_json();
        json["count"] = json!(count);
        found.insert(name, json);
    }
    if options.update {
        if options.filter.is_some() {
            return Err(Failure::new("--update writes all paths: leave the name out"));
        }
        let file = json!({ "rustc": compiler, "host": host, "paths": found });
        std::fs::write(project.root.join(FILE), format!("{file:#}\n"))?;
        say!("  written to {FILE}");
        return Ok(Outcome::PASSED);
    }
    if !faults.is_empty() {
        let what = format!(
            "{}\nthat is more than {:.0} %; if it is as it must be: cargo xtask instructions --update",
            faults.join("\n"),
            limit * 100.0,
        );
        return Err(Failure::of("cargo xtask instructions", what));
    }
    let note = || {
        format!(
            "growth of 3 to 15 %: {FILE} is of {}, this is {compiler}; cargo xtask instructions --update records anew",
            before["rustc"]
        )
    };
    Ok(Outcome::Passed(if same_compiler { Vec::new() } else { vec![note()] }))
}

/// The compiler's version, and what it compiles for.
fn compiler() -> Result<(String, String), Failure> {
    let text = Cmd::new("rustc").words("-vV").read()?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    Ok((text.lines().next().unwrap_or_default().to_owned(), host.to_owned()))
}

fn read(file: &Path) -> Result<Value, Failure> {
    let wrong = |error: String| Failure::new(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

/// The program of a benchmark.
pub(crate) fn build(bench: &str) -> Result<PathBuf, Failure> {
    let command = Cmd::cargo("bench -p pynq-bench --no-run --bench").arg(bench);
    command.run()?;
    let messages = command.words("--message-format=json -q").read()?;
    let program = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let ours = message["target"]["name"] == bench;
        message["executable"].as_str().filter(|_| ours).map(PathBuf::from)
    });
    program.ok_or_else(|| Failure::of(command_shown(bench), "cargo names no program"))
}

fn command_shown(bench: &str) -> String {
    format!("cargo bench -p pynq-bench --no-run --bench {bench}")
}

fn profile(project: &Project, program: &Path, row: &str, count: u32) -> Result<Profile, Failure> {
    let out = project.target_dir.join("instructions.out");
    let command = Cmd::new("valgrind")
        .words("--quiet --tool=callgrind --compress-strings=no --compress-pos=no")
        // What comes before it, and after, is not counted.
        .words("--toggle-collect=*rounds::profiled*")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program.display().to_string())
        .arg("--only")
        .arg(row)
        .words("--count")
        .arg(count.to_string());
    let (success, output) = command.capture()?;
    if !success {
        return Err(Failure::of(command, output));
    }
    let profile = Profile::parse(&std::fs::read_to_string(&out)?);
    if profile.total == 0 {
        return Err(Failure::of(command, "nothing was counted"));
    }
    Ok(profile)
}
