//! What `cargo metadata` knows about the workspace.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::shell::{Cmd, Ended, Failure};

/// The workspace.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) target_dir: PathBuf,
    /// Its packages, in the order of their names.
    pub(crate) members: Vec<Member>,
    /// Whether this is a CI run, in which nothing may be skipped.
    pub(crate) ci: bool,
}

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) published: bool,
    /// Each feature with what it turns on.
    pub(crate) features: Vec<(String, Vec<String>)>,
    pub(crate) tests: Vec<Test>,
    /// `[package.metadata.pynq]`.
    pub(crate) metadata: Value,
}

/// An integration test.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) required_features: Vec<String>,
}

impl Project {
    /// Asks cargo, and moves to the root of the workspace.
    pub(crate) fn load() -> Result<Self, Failure> {
        let metadata = json(&Cmd::cargo("metadata --no-deps --format-version 1").read()?)?;
        let path = |key: &str| PathBuf::from(text(&metadata[key]));
        let root = path("workspace_root");
        env::set_current_dir(&root)?;
        let mut members: Vec<Member> = list(&metadata["packages"]).iter().map(Member::read).collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let ci = env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
        Ok(Self { root, target_dir: path("target_directory"), members, ci })
    }

    /// The member of that name, which a stage needs.
    pub(crate) fn member(&self, name: &str) -> Result<&Member, Failure> {
        let found = self.members.iter().find(|member| member.name == name);
        found.ok_or_else(|| Failure::new(format!("no package {name} in the workspace")))
    }

    /// The integration test of that name, in whichever package it stands.
    pub(crate) fn test(&self, name: &str) -> Option<(&Member, &Test)> {
        self.members.iter().find_map(|member| Some((member, member.tests.iter().find(|test| test.name == name)?)))
    }

    /// A path as it looks from the root.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl Member {
    fn read(package: &Value) -> Self {
        let targets = list(&package["targets"]);
        let kind =
            |target: &Value, wanted: &[&str]| list(&target["kind"]).iter().any(|kind| wanted.contains(&text(kind)));
        let features = package["features"].as_object().map(|features| {
            features.iter().map(|(name, implied)| (name.clone(), strings(implied))).collect::<Vec<_>>()
        });
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        Self {
            name: text(&package["name"]).to_owned(),
            dir: manifest.parent().map(Path::to_owned).unwrap_or_default(),
            // `publish = false` is an empty list of registries; null is any.
            published: package["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
            features: features.unwrap_or_default(),
            tests: targets
                .iter()
                .filter(|target| kind(target, &["test"]))
                .map(|target| Test {
                    name: text(&target["name"]).to_owned(),
                    required_features: strings(&target["required-features"]),
                })
                .collect(),
            metadata: package["metadata"]["pynq"].clone(),
        }
    }
}

/// A test program to be built by [`TestBuild::build`] and run on its own.
pub(crate) struct TestBuild<'a> {
    pub(crate) package: &'a Member,
    pub(crate) test: &'a Test,
    pub(crate) target_dir: PathBuf,
    /// More arguments of cargo.
    pub(crate) args: &'a str,
    pub(crate) env: Vec<(&'static str, String)>,
    /// How to show the command, where it is not what a person would type.
    pub(crate) shown_as: Option<String>,
}

/// A built test program.
#[derive(Debug, Clone)]
pub(crate) struct TestProgram {
    program: PathBuf,
    dir: PathBuf,
}

impl TestBuild<'_> {
    /// Builds the program without running it.
    pub(crate) fn build(&self) -> Result<TestProgram, Failure> {
        let mut command = Cmd::cargo("test --quiet --no-run --message-format json-render-diagnostics")
            .words(&format!("-p {} --test {} {}", self.package.name, self.test.name, self.args))
            .path("--target-dir", &self.target_dir);
        if !self.test.required_features.is_empty() {
            command = command.arg("--features").arg(self.test.required_features.join(","));
        }
        for (name, value) in &self.env {
            command = command.env(name, value.clone());
        }
        if let Some(text) = &self.shown_as {
            command = command.shown_as(text.clone());
        }
        for message in command.read()?.lines().filter(|line| line.starts_with('{')) {
            let message = json(message)?;
            let target = &message["target"];
            let is_test = list(&target["kind"]).iter().any(|kind| text(kind) == "test");
            if let (true, Some(program)) =
                (is_test && text(&target["name"]) == self.test.name, message["executable"].as_str())
            {
                return Ok(TestProgram { program: PathBuf::from(program), dir: self.package.dir.clone() });
            }
        }
        Err(Failure::of(command, "cargo built no program"))
    }
}

impl TestProgram {
    fn command(&self) -> Cmd {
        Cmd::new(&self.program).dir(&self.dir)
    }

    /// The names of its tests.
    pub(crate) fn tests(&self) -> Result<Vec<String>, Failure> {
        let listing = self.command().words("--list --format terse").read()?;
        Ok(listing.lines().filter_map(|line| Some(line.strip_suffix(": test")?.to_owned())).collect())
    }

    /// Runs it silently, with a limit on its time.
    pub(crate) fn run(
        &self,
        args: &[&str],
        env: &[(&str, String)],
        limit: std::time::Duration,
        log: &Path,
    ) -> Result<Ended, Failure> {
        let command = args.iter().fold(self.command(), |command, arg| command.arg(*arg));
        env.iter().fold(command, |command, (name, value)| command.env(name, value.clone())).run_limited(limit, log)
    }
}

/// Reads a JSON text.
pub(crate) fn json(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::new(format!("cargo's answer is not JSON: {error}")))
}

/// A JSON string, or nothing.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A JSON list, or nothing.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A JSON list of strings, or nothing.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    list(value).iter().map(|item| text(item).to_owned()).collect()
}
