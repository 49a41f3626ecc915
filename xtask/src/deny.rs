//! Licences, duplicates and sources of dependencies, by `deny.toml`. Advisories where their database is at hand: it is
//! no package of a registry, and CI reaches nothing else.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    project::Project,
    shell::Cmd,
    stage::{Options, Outcome, Verdict},
    tools::CARGO_DENY,
};

/// Runs cargo-deny.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    if let Some(reason) = CARGO_DENY.missing(project)? {
        return Ok(Outcome::Skipped(reason));
    }
    Cmd::cargo("deny --all-features check bans licenses sources").run()?;
    if !advisory_database().is_some_and(|path| path.exists()) {
        return Ok(Outcome::Passed(vec!["advisories: no database here (cargo deny fetch db)".to_owned()]));
    }
    Cmd::cargo("deny --all-features check --disable-fetch advisories").run()?;
    Ok(Outcome::PASSED)
}

fn advisory_database() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")))?;
    Some(home.join("advisory-dbs"))
}
