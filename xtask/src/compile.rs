//! Stages that are a run of cargo over the workspace: tests, the minimum Rust version, combinations of features, miri.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    project::{Member, Project, json, list, text},
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
    tools::{MIRI, nightly},
};

/// `cargo test --workspace`, the command that the README gives.
pub(crate) fn test(_: &Project, _: &Options) -> Verdict {
    Cmd::cargo("test --workspace").run()?;
    Ok(Outcome::PASSED)
}

/// The promise of `rust-version` that each crate makes: of our own code by a compiler of that version where one is installed
/// (clippy's `incompatible_msrv` looks after the standard library otherwise), and of dependencies by what they declare.
pub(crate) fn msrv(project: &Project, _: &Options) -> Verdict {
    let metadata = json(&Cmd::cargo("metadata --format-version 1 --locked --all-features").read()?)?;
    let packages: BTreeMap<&str, &Value> =
        list(&metadata["packages"]).iter().map(|package| (text(&package["id"]), package)).collect();
    let needs: BTreeMap<&str, Vec<&str>> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| (text(&node["id"]), list(&node["dependencies"]).iter().map(text).collect()))
        .collect();
    let version = |id: &str| packages.get(id).map_or("", |package| text(&package["rust_version"]));
    let label = |id: &str| packages.get(id).map_or("", |package| text(&package["name"])).to_owned();
    let (mut newer, mut promises) = (Vec::new(), BTreeMap::<&str, Vec<String>>::new());
    for member in list(&metadata["workspace_members"]).iter().map(text) {
        let promised = version(member);
        if promised.is_empty() {
            return Err(Failure::new(format!("{} has no rust-version in its Cargo.toml", label(member))));
        }
        promises.entry(promised).or_default().push(label(member));
        let beyond = all_below(member, &needs).into_iter().filter(|id| minor(version(id)) > minor(promised));
        newer.extend(
            beyond.map(|id| {
                format!("{} promises Rust {promised}, and {} needs {}", label(member), label(id), version(id))
            }),
        );
    }
    if !newer.is_empty() {
        return Err(Failure::new(newer.join("; ")));
    }
    let mut unchecked = Vec::new();
    for (promised, members) in &promises {
        say!("  {} crates, and what they need, do with Rust {promised}", members.len());
        let toolchain = format!("+{promised}");
        if !Cmd::cargo(&toolchain).other_toolchain().words("--version").succeeds() {
            unchecked.push(format!(
                "the code with that compiler (rustup toolchain install {promised}); clippy's incompatible_msrv looks after the standard library"
            ));
            continue;
        }
        let mut check = Cmd::cargo(&toolchain).other_toolchain().words("check --all-features --locked");
        for member in members {
            check = check.words("--package").arg(member);
        }
        check.path("--target-dir", &project.target_dir.join("msrv")).run()?;
    }
    Ok(if unchecked.is_empty() { Outcome::PASSED } else { Outcome::Passed(unchecked) })
}

/// A package, and all that it needs.
fn all_below<'a>(package: &'a str, needs: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let (mut all, mut rest) = (BTreeSet::new(), vec![package]);
    while let Some(next) = rest.pop() {
        if all.insert(next) {
            rest.extend(needs.get(next).into_iter().flatten());
        }
    }
    all
}

/// The 85 of 1.85 and of 1.85.0; 0 where nothing is declared.
fn minor(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0)
}

/// Each combination of features of each crate, on its own, so that no other crate's features fill in for a missing one.
pub(crate) fn powerset(project: &Project, options: &Options) -> Verdict {
    let mut failures = Vec::new();
    for member in project.members.iter().filter(|member| chosen(member, options)) {
        let combinations = combinations(member, if options.exhaustive { u32::MAX } else { ALL_SUBSETS });
        say!("  {}: {} combinations of features", member.name, combinations.len());
        for features in combinations {
            // Warnings are errors, and what is only used by a feature must not be unused without it.
            let command = Cmd::cargo("clippy --quiet --no-default-features --package")
                .arg(&member.name)
                .words("--features")
                .arg(features.into_iter().collect::<Vec<_>>().join(","))
                .words("-- -D warnings");
            failures.extend(command.run().err());
        }
    }
    Failure::first_of(failures).map_or(Ok(Outcome::PASSED), Err)
}

fn chosen(member: &Member, options: &Options) -> bool {
    options.filter.as_ref().is_none_or(|filter| member.name == *filter) && member.name != "xtask"
}

/// Up to this many features, CI tries all subsets; with more, none, each alone, all but each, and all at once. What only
/// two of them together break is left to `nightly`.
const ALL_SUBSETS: u32 = 3;

/// The combinations that differ: each is closed over what its features turn on.
fn combinations(member: &Member, all_up_to: u32) -> BTreeSet<BTreeSet<String>> {
    let names: Vec<&str> =
        member.features.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "default").collect();
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX).min(20);
    let few = |on: u32| on <= 1 || on + 1 >= count;
    (0..1_u32 << count)
        .filter(|subset| count <= all_up_to || few(subset.count_ones()))
        .map(|subset| {
            let chosen = names.iter().enumerate().filter(|(bit, _)| subset >> bit & 1 == 1).map(|(_, name)| *name);
            closure(member, chosen.map(str::to_owned).collect())
        })
        .collect()
}

fn closure(member: &Member, mut features: BTreeSet<String>) -> BTreeSet<String> {
    loop {
        let implied: BTreeSet<String> = member
            .features
            .iter()
            .filter(|(name, _)| features.contains(name))
            .flat_map(|(_, implied)| {
                implied.iter().filter(|name| member.features.iter().any(|(own, _)| own == *name)).cloned()
            })
            .collect();
        if implied.is_subset(&features) {
            return features;
        }
        features.extend(implied);
    }
}

/// The crates that can be interpreted: those without system calls of their own.
const INTERPRETED: [&str; 3] = ["pynq-core", "pynq-sim", "pynq-drivers"];

/// Unit tests under the interpreter that detects undefined behaviour.
pub(crate) fn miri(project: &Project, _: &Options) -> Verdict {
    if let Some(reason) = MIRI.missing(project)? {
        return Ok(Outcome::Skipped(reason));
    }
    let mut command = nightly("miri test --lib --all-features").path("--target-dir", &project.target_dir.join("miri"));
    for package in INTERPRETED {
        command = command.arg("-p").arg(package);
    }
    command.env("MIRIFLAGS", "-Zmiri-strict-provenance").run()?;
    Ok(Outcome::PASSED)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;

    #[test]
    fn combinations_that_mean_the_same_are_tried_once() {
        let shown = |features, all_up_to| -> Vec<String> {
            let sets = combinations(&member(features), all_up_to);
            sets.into_iter().map(|set| set.into_iter().collect::<Vec<_>>().join("+")).collect()
        };
        let three =
            || vec![feature("std", &["alloc", "dep:mutex"]), feature("alloc", &[]), feature("defmt", &["dep:defmt"])];
        assert_eq!(shown(three(), 3), ["", "alloc", "alloc+defmt", "alloc+defmt+std", "alloc+std", "defmt"]);
    }

    #[test]
    fn of_many_features_each_is_tried_alone_and_missing() {
        let four = || ["a", "b", "c", "d"].map(|name| feature(name, &[])).to_vec();
        let few = combinations(&member(four()), 3);
        let sizes: Vec<usize> = (0..=4).map(|size| few.iter().filter(|set| set.len() == size).count()).collect();
        assert_eq!(sizes, [1, 4, 0, 4, 1]);
        assert_eq!(combinations(&member(four()), u32::MAX).len(), 16);
    }

    type Feature = (String, Vec<String>);

    fn feature(name: &str, implied: &[&str]) -> Feature {
        (name.to_owned(), implied.iter().map(|&name| name.to_owned()).collect())
    }

    fn member(mut features: Vec<Feature>) -> Member {
        features.push(feature("default", &["std"]));
        Member {
            name: String::new(),
            dir: PathBuf::new(),
            published: true,
            features,
            tests: Vec::new(),
            metadata: Value::Null,
        }
    }

    #[test]
    fn versions_of_rust_compare() {
        assert!(minor("1.86.0") > minor("1.85"));
        assert_eq!(minor(""), 0);
    }
}
