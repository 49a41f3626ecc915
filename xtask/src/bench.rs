//! All benchmarks in one run: tables on the terminal, JSON, and with `--update` the page of the book that is made of it.
//!
//! No stage of CI: it wants a quiet machine. A bar that is missed is printed, and with `--strict` the run fails.

mod page;
mod plot;

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use serde_json::{Value, json};

use crate::{
    instructions,
    project::Project,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
};

const BENCHES: [&str; 3] = ["round_trip", "in_process", "parts"];

/// Crates whose versions the figures depend on.
const COMPARED: [&str; 8] =
    ["async-io", "atomic-waker", "event-listener", "mio", "quick-xml", "roxmltree", "smol", "tokio"];

/// Runs all, or the one that is named.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let folder = project.target_dir.join("bench");
    fs::create_dir_all(&folder)?;
    let wanted = |bench: &str| options.filter.as_ref().is_none_or(|name| name == bench);
    let chosen: Vec<&str> = BENCHES.into_iter().filter(|bench| wanted(bench)).collect();
    if options.update && (options.quick || options.filter.is_some()) {
        return Err(Failure::new("--update writes the page: neither --quick nor a part of the benchmarks is enough"));
    }
    if chosen.is_empty() {
        return Err(Failure::new(format!("no such benchmark; there are {}", BENCHES.join(", "))));
    }
    // All of it is built first, so that no compiler runs beside a measurement.
    let programs: Vec<PathBuf> = chosen.iter().map(|bench| instructions::build(bench)).collect::<Result<_, _>>()?;
    let costs = if chosen.len() == BENCHES.len() { Some(costs()?) } else { None };
    let header = header(project)?;
    say!("{}", page::header(&header));
    let mut benches = Vec::new();
    for (bench, program) in chosen.iter().zip(&programs) {
        let out = folder.join(format!("{bench}.json"));
        let mut command = Cmd::new(program).path("--json", &out);
        if options.quick {
            command = command.arg("--quick");
        }
        command.run()?;
        benches.push(read(&out)?);
    }
    if let Some(costs) = costs {
        benches.insert(1, costs);
    }
    let all = json!({ "header": header, "benches": benches });
    let missed = page::missed(&all);
    let file = folder.join("performance.json");
    fs::write(&file, format!("{all:#}\n"))?;
    say!("\nwritten to {}", file.display());
    if options.update {
        write(&project.root.join("docs"), &all)?;
    }
    for bar in &missed {
        say!("  MISSED: {bar}");
    }
    match missed.first() {
        Some(first) if options.strict => {
            Err(Failure::of("cargo xtask bench --strict", format!("{} bars missed, the first: {first}", missed.len())))
        }
        _ => Ok(Outcome::PASSED),
    }
}

/// Writes the page of the figures that it was made of last.
pub(crate) fn page_anew(project: &Project) -> Result<(), Failure> {
    let docs = project.root.join("docs");
    write(&docs, &read(&docs.join("src/performance.json"))?)
}

/// The page, twice: as a file beside the other documents, and as a chapter of the book, which has its plots.
fn write(docs: &Path, all: &Value) -> Result<(), Failure> {
    let book = docs.join("src");
    fs::create_dir_all(book.join("performance"))?;
    fs::write(book.join("performance.json"), format!("{all:#}\n"))?;
    for (name, svg) in plot::plots(all)? {
        fs::write(book.join("performance").join(format!("{name}.svg")), svg)?;
    }
    fs::write(book.join("performance.md"), page::page(all, "performance/"))?;
    fs::write(docs.join("performance.md"), page::page(all, "src/performance/"))?;
    say!(
        "written to docs/performance.md, docs/src/performance.md, docs/src/performance.json and docs/src/performance/"
    );
    Ok(())
}

fn read(file: &Path) -> Result<Value, Failure> {
    serde_json::from_str(&fs::read_to_string(file)?)
        .map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

/// The machine, and what was compiled by what.
fn header(project: &Project) -> Result<Value, Failure> {
    let first = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.split_once(':').map_or(line.clone(), |(_, value)| value.trim().to_owned())
    };
    let lock = fs::read_to_string(project.root.join("Cargo.lock"))?;
    let crates: Vec<String> = COMPARED
        .iter()
        .filter_map(|name| {
            let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
            Some(format!("{name} {}", rest.split('"').next()?))
        })
        .collect();
    Ok(json!({
        "machine": first("/proc/cpuinfo", "model name"),
        "cpus": thread::available_parallelism()?.get(),
        "kernel": first("/proc/sys/kernel/osrelease", ""),
        "rustc": Cmd::new("rustc").words("-V").read()?.trim(),
        "crates": crates,
    }))
}

/// System calls and allocations of an interrupt, as the tests that hold them to it find them.
fn costs() -> Result<Value, Failure> {
    let command = Cmd::cargo("test -q -p pynq-uio --test roots -- costs --nocapture --test-threads=1");
    say!("  $ {command}");
    let (success, output) = command.capture()?;
    if !success {
        return Err(Failure::of(command, output));
    }
    Ok(calls(&output))
}

/// Lines such as `tokio: 3 system calls an interrupt, 2.99 on average; a bare loop: 8, 7.9`.
fn calls(output: &str) -> Value {
    let figure = |name: &str, median: &str, mean: &str| {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let (median, mean) = (number(median)?, number(mean)?);
        // What an epoll loop by hand makes as well: a sleep, a read and an unmasking.
        let bar = ["tokio", "twin"].contains(&name).then(|| json!({ "most": 3, "holds": median <= 3.0 }));
        Some(json!({
            "group": "System calls of an interrupt", "name": name, "unit": "calls", "ratio": null, "bar": bar,
            "value": { "median": median, "least": mean.min(median), "most": mean.max(median) },
        }))
    };
    let mut figures = Vec::new();
    for line in output.lines() {
        let Some((name, rest)) = line.split_once(": ") else { continue };
        let Some((median, rest)) = rest.split_once(" system calls an interrupt, ") else { continue };
        let (mean, bare) = rest.split_once(" on average").unwrap_or((rest, ""));
        figures.extend(figure(name.rsplit([' ', '.']).next().unwrap_or(name), median, mean));
        if let Some((median, mean)) = bare.strip_prefix("; a bare loop: ").and_then(|bare| bare.split_once(", ")) {
            figures.extend(figure("async-io, a bare loop", median, mean));
        }
    }
    json!({ "bench": "costs", "figures": figures, "curves": [] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_calls_are_read() {
        let output = "running 2 tests\n.tokio: 3 system calls an interrupt, 2.99 on average\n\
                      smol: 8 system calls an interrupt, 7.5 on average; a bare loop: 8, 8.1\nok\n";
        let costs = calls(output);
        let figures = costs["figures"].as_array().unwrap();
        let told: Vec<_> = figures.iter().map(|it| (it["name"].as_str().unwrap(), &it["value"]["median"])).collect();
        assert_eq!(told, [("tokio", &json!(3.0)), ("smol", &json!(8.0)), ("async-io, a bare loop", &json!(8.0))]);
    }
}
