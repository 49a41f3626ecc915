//! `pynq program`: loads a design into the logic.

use std::{fs, path::Path, process::ExitCode};

use pynq::uio::{FpgaManager, FpgaState, LogicClaim, ProgramOptions, SystemPaths, UioDevices};
use pynq_hwh::{Bitstream, Compared, OverlayFiles, Verdict};

use super::{Program, system};
use crate::{Outcome, about, printable};

pub(super) fn run(arguments: &Program) -> Outcome {
    let (file, paths) = (&arguments.file, arguments.system.paths());
    let (bitstream, beside) = files(file)?;
    let design = match &beside {
        Ok(beside) if !arguments.force => Some(beside.design().map_err(|error| about(&beside.handoff.path(), &error))?),
        _ => None,
    };
    let compared = design.as_ref().map(|design| bitstream.compare(design).map_err(|error| about(file, &error)));
    let compared = compared.transpose()?.unwrap_or_default();
    let manager = FpgaManager::find(&paths).map_err(|error| error.to_string())?;
    let before = manager.state().map_err(|error| error.to_string())?;
    let firmware = paths.sys.join("class/fpga_manager").join(manager.device()).join("firmware");
    if firmware.exists() && !system::is_writable(&firmware) {
        let firmware = firmware.display();
        return Err(format!("programming needs root: this user may not write {firmware}; nothing was done"));
    }
    if !arguments.force {
        unused(&paths)?;
    }
    let mut options = ProgramOptions::new();
    if arguments.partial {
        options = options.partial(true);
    }
    if let Some(design) = &design {
        options = options.design(design);
    }
    let says = bitstream.header.as_ref().is_some_and(pynq_hwh::BitstreamHeader::is_partial);
    let kind = if arguments.partial || says { "partial" } else { "full" };
    let program = || manager.program(&bitstream, &options);
    let outcome =
        if arguments.force { program() } else { LogicClaim::shared(&paths).and_then(|logic| logic.alone(program)) };
    outcome.map_err(|error| format!("{error} (it was \"{before}\" before)"))?;
    let after = manager.state().map_err(|error| error.to_string())?;
    let mut text = format!("before   {} was \"{before}\"\n", manager.device());
    text += &format!("loaded   {}, {kind}, {} bytes\n", file.display(), bitstream.data.len());
    let same = |compared: &&Compared| compared.verdict == Verdict::Same;
    let known: Vec<&str> = compared.iter().filter(same).map(|compared| compared.what).collect();
    let checked = match (&design, &beside) {
        (Some(design), Ok(beside)) if !known.is_empty() => {
            let (part, with) = (design.source.part(), beside.handoff.path());
            text +=
                &format!("checked  it is for {part}, as {} says (the same: {})\n", with.display(), known.join(", "));
            for other in compared.iter().filter(|compared| compared.verdict == Verdict::Suspect) {
                let says = |value: &Option<String>| value.clone().unwrap_or_default();
                let (ours, theirs) = (says(&other.bitstream), says(&other.design));
                text += &format!("warning  {}: {ours} in the bitstream, {theirs} in the handoff file\n", other.what);
            }
            true
        }
        (Some(_), Ok(beside)) => {
            let with = beside.handoff.path();
            text += &format!(
                "checked  nothing, {} says nothing that the bitstream says too: exit status {UNCHECKED}\n",
                with.display()
            );
            false
        }
        _ if arguments.force => {
            text += "checked  nothing, as it was forced\n";
            true
        }
        (_, beside) => {
            let tried = beside.as_ref().err().map_or("", String::as_str);
            text += &format!("checked  nothing, there is no {tried}: exit status {UNCHECKED}\n");
            false
        }
    };
    text += &format!("after    {} is \"{after}\"\n", manager.device());
    status(manager.device(), &after, checked).map(|code| (printable(&text), code))
}

/// The bitstream at `file`, or in the archive there, and the files that go with it; without a handoff file, where that was
/// looked for.
fn files(file: &Path) -> Result<(Bitstream, Result<OverlayFiles, String>), String> {
    let wrong = |error: pynq_hwh::Error| about(file, &error);
    let is = |extension: &str| file.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
    if is("xsa") {
        let found = OverlayFiles::find(file).map_err(wrong)?;
        let Some(bitstream) = found.bitstream().map_err(wrong)? else {
            return Err(format!("{}: there is no bitstream in this archive; export it with one", file.display()));
        };
        return Ok((bitstream, Ok(found)));
    }
    let bitstream = Bitstream::read(file).map_err(wrong)?;
    match OverlayFiles::find(file) {
        Ok(found) => Ok((bitstream, Ok(found))),
        Err(pynq_hwh::Error::NoHandoff { tried, .. }) => {
            let tried: Vec<String> = tried.iter().map(|path| path.display().to_string()).collect();
            Ok((bitstream, Err(tried.join(" and no "))))
        }
        // It is a bitstream, whatever it is called.
        Err(pynq_hwh::Error::NotAnOverlayFile { .. }) => {
            Ok((bitstream, Err("handoff file for such a name".to_owned())))
        }
        Err(error) => Err(wrong(error)),
    }
}

/// Exit status if the bitstream was loaded with nothing to check it against, and `--force` was not given.
const UNCHECKED: u8 = 3;

/// How it ended. The manager was operating when the kernel had programmed; another program may have changed that since.
fn status(manager: &str, after: &FpgaState, checked: bool) -> Result<ExitCode, String> {
    if *after != FpgaState::Operating {
        return Err(format!(
            "the bitstream was loaded, and then {manager} went to \"{after}\": another program uses it at the same time; \
             find and end that, and program again"
        ));
    }
    Ok(if checked { ExitCode::SUCCESS } else { ExitCode::from(UNCHECKED) })
}

/// Refuses to take the logic away from programs that use it: their next access may hang the processor.
fn unused(paths: &SystemPaths) -> Result<(), String> {
    let mut users = Vec::new();
    for device in UioDevices::find(paths).map_err(|error| error.to_string())?.devices() {
        if let Some(holder) = system::holder(paths, device.node()) {
            users.push(format!("{holder} has uio{} \"{}\"", device.number, device.name));
        }
    }
    // Programs that were started before our own folder was made may have their lock files in the others.
    let folders = [paths.run.join("pynq"), paths.run.join("lock"), paths.run.clone()];
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let address = name.strip_prefix("pynq-").and_then(|name| name.strip_suffix(".lock"));
        // The lock files of the manager and of the logic are not named by an address; programming checks these locks.
        let Some(address) = address.filter(|address| u64::from_str_radix(address, 16).is_ok()) else { continue };
        if let Some(holder) = system::holder(paths, &path) {
            users.push(format!("{holder} has the block at 0x{address}"));
        }
    }
    users.sort();
    if users.is_empty() {
        return Ok(());
    }
    Err(format!("the logic is in use: {}; end that first, or --force (which may hang the processor)", users.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logic_that_another_program_took_away_is_no_success() {
        for state in [FpgaState::Unknown, FpgaState::WriteInit] {
            let error = status("fpga0", &state, true).expect_err("it does not run");
            assert!(error.contains("another program") && error.contains(&state.to_string()), "{error}");
        }
    }
}
