//! `pynq program`: loads a design into the logic.

use std::{fs, process::ExitCode};

use pynq::uio::{FpgaManager, FpgaState, LogicClaim, ProgramOptions, SystemPaths, UioDevices};
use pynq_hwh::{Bitstream, Design};

use super::{Program, system};
use crate::{Outcome, about, printable};

pub(super) fn run(arguments: &Program) -> Outcome {
    let (file, paths) = (&arguments.file, arguments.system.paths());
    let bitstream = Bitstream::read(file).map_err(|error| about(file, &error))?;
    let beside = file.with_extension("hwh");
    let design = if beside.exists() && !arguments.force {
        Some(Design::read(&beside).map_err(|error| about(&beside, &error))?)
    } else {
        None
    };
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
    let checked = match &design {
        Some(design) => {
            text += &format!("checked  it is for {}, as {} says\n", design.source.part(), beside.display());
            true
        }
        None if arguments.force => {
            text += "checked  nothing, as it was forced\n";
            true
        }
        None => {
            text += &format!("checked  nothing, there is no {}: exit status {UNCHECKED}\n", beside.display());
            false
        }
    };
    text += &format!("after    {} is \"{after}\"\n", manager.device());
    status(manager.device(), &after, checked).map(|code| (printable(&text), code))
}

/// Exit status of one that was loaded with nothing to check it against, and nobody said that it should be.
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
    // Those of programs that were started before there was a folder of our own may be in the others.
    let folders = [paths.run.join("pynq"), paths.run.join("lock"), paths.run.clone()];
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let address = name.strip_prefix("pynq-").and_then(|name| name.strip_suffix(".lock"));
        // The locks of the manager and of the logic are not names of addresses, and are looked at when it programs.
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
