//! `pynq doctor`: what is missing on this system, each with its cure.
//!
//! Nothing is changed by it. Registers are read only where it is known that something answers.

mod design_needs;
mod driver;
mod files;
mod finding;
mod logic;

use std::{path::Path, process::ExitCode};

use pynq::uio::{SystemPaths, UioDevices};
use pynq_hwh::Design;

use super::{Doctor, system};
use crate::{Outcome, json, style::Palette};
use finding::{Findings, Level};

/// What every check looks at.
struct Patient<'a> {
    root: &'a Path,
    paths: SystemPaths,
    devices: UioDevices,
    design: Option<Design>,
}

pub(super) fn run(arguments: &Doctor) -> Outcome {
    let paths = arguments.system.paths();
    let design = system::design(arguments.hwh.as_deref())?;
    let devices = UioDevices::find(&paths).map_err(|error| error.to_string())?;
    let patient = Patient { root: &arguments.system.root, paths, devices, design };
    let mut findings = Findings::default();
    logic::board(&patient, &mut findings);
    driver::check(&patient, &mut findings);
    files::devices(&patient, &mut findings);
    files::memory(&patient, &mut findings);
    files::locks(&patient, &mut findings);
    logic::manager(&patient, &mut findings);
    logic::overlays(&patient, &mut findings);
    logic::reachable(&patient, &mut findings);
    design_needs::interrupts(&patient, &mut findings);
    design_needs::buses(&patient, &mut findings);
    design_needs::dma(&patient, &mut findings);
    design_needs::warnings(&patient, &mut findings);
    let wrong = findings.count(Level::Wrong);
    let text = if arguments.json { json::pretty(&findings.value()) } else { findings.report(Palette::of_stdout()) };
    Ok((text, if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}
