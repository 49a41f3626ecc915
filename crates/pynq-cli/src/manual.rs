//! What clap knows of this command, for shells and for `man`.

use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// The script that completes `command` in `shell`.
pub(crate) fn completions(mut command: Command, shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "pynq", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of `command`; with a folder, those of its subcommands too, which are written there.
pub(crate) fn pages(command: Command, folder: Option<&Path>) -> Result<String, String> {
    let command = command.version(env!("CARGO_PKG_VERSION")).propagate_version(true).disable_help_subcommand(true);
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(|error| format!("cannot write a manual page: {error}"))?;
        return Ok(String::from_utf8_lossy(&page).into_owned());
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|error| format!("cannot write to `{}`: {error}", folder.display()))?;
    Ok(crate::printable(&format!("wrote    pynq.1 and a page for each subcommand to {}\n", folder.display())))
}
