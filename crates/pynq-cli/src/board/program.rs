//! `pynq program`: loads a design into the logic.

use std::fs;

use pynq::uio::{FpgaManager, FpgaState, LogicClaim, ProgramOptions, SystemPaths, UioDevices};
use pynq_hwh::{Bitstream, Design};

use super::{Program, system};
use crate::{Outcome, about, printable, succeeded};

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
    text += &match &design {
        Some(design) => format!("checked  it is for {}, as {} says\n", design.source.part(), beside.display()),
        None if arguments.force => "checked  nothing, as it was forced\n".to_owned(),
        None => format!("checked  nothing, there is no {}\n", beside.display()),
    };
    text += &format!("after    {} is \"{after}\"\n", manager.device());
    debug_assert_eq!(after, FpgaState::Operating, "or there was an error");
    Ok(succeeded(printable(&text)))
}

/// Refuses to take the logic away from programs that use it: their next access may hang the processor.
fn unused(paths: &SystemPaths) -> Result<(), String> {
    let mut users = Vec::new();
    for device in UioDevices::find(paths).map_err(|error| error.to_string())?.devices() {
        if let Some(holder) = system::holder(paths, device.node()) {
            users.push(format!("{holder} has uio{} \"{}\"", device.number, device.name));
        }
    }
    let folders = [paths.run.join("lock"), paths.run.clone()];
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
