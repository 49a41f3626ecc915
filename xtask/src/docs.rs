//! The API documentation without warnings, and the book.

use crate::{
    project::Project,
    shell::{Cmd, Failure, say},
    stage::{Options, Outcome, Verdict},
    tools::MDBOOK,
};

/// Where the book may be.
const BOOKS: [&str; 2] = ["docs", "docs/book"];

/// Builds both. The book's examples are compiled as doc tests of `cargo test --workspace`.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    Cmd::cargo("doc --workspace --no-deps --all-features --exclude xtask").env("RUSTDOCFLAGS", "-D warnings").run()?;
    let Some(book) = BOOKS.into_iter().find(|book| project.root.join(book).join("book.toml").exists()) else {
        return Ok(Outcome::Passed(vec![format!("the book: there is no book.toml in {}", BOOKS.join(" or "))]));
    };
    if let Some(reason) = MDBOOK.missing(project)? {
        return Ok(Outcome::Passed(vec![format!("the book: {reason}")]));
    }
    let command = Cmd::new("mdbook").words("build").arg(book).path("--dest-dir", &project.target_dir.join("book"));
    say!("  $ {command}");
    let (succeeded, output) = command.capture()?;
    say!("{output}");
    match output.lines().find(|line| line.contains("WARN") || line.contains("ERROR")) {
        Some(line) => Err(Failure::of(command, line)),
        None if !succeeded => Err(Failure::of(command, "mdbook failed")),
        None => Ok(Outcome::PASSED),
    }
}
