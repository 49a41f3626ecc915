//! What a newcomer does: makes a new package, adds the crates by path, and pastes what a page shows. Every snippet of the
//! README and of the book compiles so; and so does a project of `pynq new`.
//!
//! Each snippet becomes a program of one package, so that the crates are compiled once. What the page hides is not pasted.

mod snippets;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    project::Project,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
};
use snippets::{Snippet, of_page};

/// The crates of this project that snippets use, with their features, or an option that says which.
const CRATES: [(&str, &str); 7] = [
    ("pynq", "tokio,smol,uio"),
    ("pynq-core", ""),
    ("pynq-drivers", ""),
    ("pynq-hwh", ""),
    ("pynq-sim", ""),
    ("pynq-qtest", ""),
    ("pynq-live", "--no-default-features"),
];

/// Those of others: what the pages say to add.
const OTHERS: [(&str, &str); 4] =
    [("tokio", "macros,rt-multi-thread,time"), ("smol", ""), ("embedded-hal", ""), ("embedded-hal-async", "")];

/// A line of code beyond this column is cut off on the book's pages.
const COLUMNS: usize = 90;

/// How the project compiles others' crates, so that they need not be compiled a second time.
const PROFILE: &str = "\n[profile.dev.package.\"*\"]\nopt-level = 1\n";

/// Compiles the snippets; those alone on pages whose path has the filter in it.
pub(crate) fn run(project: &Project, options: &Options) -> Verdict {
    let (mut pasted, mut skipped, mut wide) = (Vec::new(), 0, Vec::new());
    for page in pages(project)? {
        let name = project.relative(&page).display().to_string();
        let text = fs::read_to_string(&page)?;
        if name.starts_with("docs") {
            wide.extend(snippets::wider_than(&text, COLUMNS).into_iter().map(|line| format!("{name}:{line}")));
        }
        if options.filter.as_ref().is_some_and(|filter| !name.contains(filter.as_str())) {
            continue;
        }
        for snippet in of_page(&text) {
            if snippet.ignored {
                skipped += 1;
            } else {
                pasted.push((name.clone(), snippet));
            }
        }
    }
    if let Some(first) = wide.first() {
        let what = format!("{} lines of code are wider than {COLUMNS} columns: {}", wide.len(), wide.join(", "));
        return Err(Failure::of(format!("$EDITOR +{}", first.replacen(':', " ", 1)), what));
    }
    if pasted.is_empty() {
        return Err(Failure::new("no snippet on any page of that name"));
    }
    let scratch = Scratch::new()?;
    let newcomer = scratch.new_package(project, "newcomer")?;
    let bins = newcomer.join("src/bin");
    fs::create_dir_all(&bins)?;
    for (page, snippet) in &pasted {
        fs::write(bins.join(format!("{}.rs", program(page, snippet))), snippet.as_program())?;
    }
    say!("  {} snippets, {skipped} that are not to be compiled", pasted.len());
    check(project, &newcomer, "check --quiet --keep-going --bins")?;
    if options.filter.is_none() {
        let hosted = scratch.template(project, "hosted", "Cargo.lock")?;
        check(project, &hosted, "check --quiet --all-targets")?;
        check(project, &hosted, "check --quiet --all-targets --features board")?;
    }
    Ok(Outcome::PASSED)
}

/// The README and the pages of the book.
fn pages(project: &Project) -> Result<Vec<PathBuf>, Failure> {
    let mut pages = vec![project.root.join("README.md")];
    let mut folders = vec![project.root.join("docs/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// The name of the program of a snippet: where it stands.
fn program(page: &str, snippet: &Snippet) -> String {
    let page: String = page.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{page}_{}", snippet.line).to_lowercase()
}

/// Runs cargo in a package outside of the project.
fn check(project: &Project, package: &Path, args: &str) -> Result<(), Failure> {
    Cmd::cargo(args).path("--target-dir", &project.target_dir).dir(package).run()
}

/// A folder outside of any workspace, which goes with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// An empty one.
    pub(crate) fn new() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("pynq-paste-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// What `pynq new` makes of the template `kind`, with the versions that the project is tested with.
    pub(crate) fn template(&self, project: &Project, kind: &str, lock: &str) -> Result<PathBuf, Failure> {
        let dir = self.0.join(kind);
        Cmd::cargo("run --quiet -p pynq-cli -- new")
            .path("--kind", Path::new(kind))
            .arg(dir.display().to_string())
            .run()?;
        fs::copy(project.root.join(lock), dir.join("Cargo.lock"))?;
        let manifest = dir.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        if !text.contains("[profile") {
            fs::write(&manifest, text + PROFILE)?;
        }
        Ok(dir)
    }

    /// `cargo new`, and `cargo add` of all that the pages name.
    fn new_package(&self, project: &Project, name: &str) -> Result<PathBuf, Failure> {
        let dir = self.0.join(name);
        Cmd::cargo("new --quiet --vcs none").arg(name).dir(&self.0).run()?;
        // The versions that the project is tested with, from what has been fetched for it.
        fs::copy(project.root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
        let add = |features: &str| {
            let command = Cmd::cargo("add --quiet --offline").dir(&dir);
            match features {
                "" => command,
                option if option.starts_with("--") => command.arg(option),
                _ => command.arg("--features").arg(features),
            }
        };
        for (name, features) in CRATES {
            add(features).path("--path", &project.member(name)?.dir).run()?;
        }
        for (name, features) in OTHERS {
            add(features).arg(name).run()?;
        }
        let manifest = dir.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        fs::write(&manifest, text + PROFILE)?;
        Ok(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
