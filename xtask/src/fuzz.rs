//! The fuzz targets, each for a while, from the inputs kept beside them. What they find stays in the target directory.

use std::{fs, path::Path};

use crate::{
    lint,
    project::Project,
    shell::{Failure, say},
    stage::{Options, Outcome, Verdict},
    tools::{CARGO_FUZZ, NIGHTLY, nightly},
};

/// As long as CI has for each.
const SECONDS: u64 = 8;

/// Runs each target of each fuzz package for `--seconds`.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let mut packages = lint::nested_manifests(project)?;
    packages.retain(|manifest| manifest.parent().is_some_and(|dir| dir.ends_with("fuzz")));
    if packages.is_empty() {
        return Ok(Outcome::Skipped("no fuzz package (fuzz/Cargo.toml) in the project".to_owned()));
    }
    for tool in [CARGO_FUZZ, NIGHTLY] {
        if let Some(reason) = tool.missing(project)? {
            return Ok(Outcome::Skipped(reason));
        }
    }
    let mut ran = 0;
    for dir in packages.iter().filter_map(|manifest| manifest.parent()) {
        let targets = nightly("fuzz list").path("--fuzz-dir", dir).read()?;
        for target in
            targets.lines().filter(|target| options.filter.as_ref().is_none_or(|only| target.contains(only.as_str())))
        {
            fuzz(project, dir, target, options.seconds.unwrap_or(SECONDS))?;
            ran += 1;
        }
    }
    if ran == 0 { Err(Failure::new("no such fuzz target")) } else { Ok(Outcome::PASSED) }
}

fn fuzz(project: &Project, dir: &Path, target: &str, seconds: u64) -> Result<(), Failure> {
    let scratch = project.target_dir.join("fuzz");
    let (corpus, found) = (scratch.join("corpus").join(target), scratch.join("artifacts").join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&found)?;
    let command = nightly("fuzz run")
        .path("--fuzz-dir", dir)
        .path("--target-dir", &scratch)
        .arg(target)
        .arg(corpus.display().to_string());
    // Inputs worth keeping are a part of the project.
    let seeds = dir.join("seeds").join(target);
    let command = if seeds.is_dir() { command.arg(project.root.join(seeds).display().to_string()) } else { command };
    let dictionary = dir.join(format!("{target}.dict"));
    let command = command.words(&format!(
        "-- -max_total_time={seconds} -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1"
    ));
    let command = command.arg(format!("-artifact_prefix={}/", found.display()));
    let command = if dictionary.is_file() {
        command.arg(format!("-dict={}", project.root.join(dictionary).display()))
    } else {
        command
    };
    say!("  {target}");
    command.run()
}
