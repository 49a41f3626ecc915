//! Each published crate can be packaged, without a warning, and builds from its package alone.

use crate::{
    project::Project,
    shell::{Cmd, Failure, say},
    stages::{Options, Outcome, Verdict},
};

/// Packages all published crates together, since they depend on each other and none is in a registry yet.
pub(crate) fn run(project: &Project, _: &Options) -> Verdict {
    let mut command =
        Cmd::cargo("package --allow-dirty --locked").path("--target-dir", &project.target_dir.join("package"));
    for member in project.members.iter().filter(|member| member.published) {
        command = command.arg("-p").arg(&member.name);
    }
    say!("  $ {command}");
    let (succeeded, output) = command.capture()?;
    let warnings: Vec<&str> = output.lines().filter(|line| line.starts_with("warning")).collect();
    if !succeeded || !warnings.is_empty() {
        say!("{output}");
        let what = warnings.first().copied().unwrap_or("cargo package failed");
        return Err(Failure::of(command, what));
    }
    for line in output.lines().filter(|line| line.trim_start().starts_with("Packaged")) {
        say!("  {}", line.trim());
    }
    Ok(Outcome::PASSED)
}
