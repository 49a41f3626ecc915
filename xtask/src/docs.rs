//! The API documentation without warnings, and the book.

use crate::{
    project::Project,
    shell::{Cmd, say},
    stages::{Options, Outcome, Verdict},
    tools::MDBOOK,
};

/// Builds both. The book's examples are compiled as doc tests of `cargo test --workspace`.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    Cmd::cargo("doc --workspace --no-deps --all-features --exclude xtask").env("RUSTDOCFLAGS", "-D warnings").run()?;
    if !project.root.join("docs/book.toml").exists() {
        say!("  docs/ is no book");
        return Ok(Outcome::Passed(vec!["the book: there is no docs/book.toml".to_owned()]));
    }
    if let Some(reason) = MDBOOK.missing(project)? {
        return Ok(Outcome::Passed(vec![format!("the book: {reason}")]));
    }
    Cmd::new("mdbook").words("build docs").path("--dest-dir", &project.target_dir.join("book")).run()?;
    Ok(Outcome::PASSED)
}
