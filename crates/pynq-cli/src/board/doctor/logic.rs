//! Whether the programmable logic is programmed, powered and clocked.
//!
//! An access to logic that is not, hangs the processor or ends in a bus error, so the registers of the design are the
//! last to be read: one of each interrupt controller, and only after all else looked well. That is done by a process of
//! its own, which a bus error ends instead of this one.

use std::{os::unix::process::ExitStatusExt as _, process::Command};

use pynq::{
    core::{
        Checked,
        pl_clocks::{ROUNDING_PPM, TOLERANCE_PPM},
    },
    uio::{DeviceTree, Error, FpgaManager, FpgaState, OverlayStatus, Processor, open_pl_clocks, open_window},
};
use pynq_hwh::Family;

use super::{Findings, Patient, system};

/// The system-level control registers of a Zynq-7000.
const SLCR: u64 = 0xF800_0000;
const FPGA_THR_CNT: usize = 0x178;
/// From one clock's registers to the next one's.
const CLOCK_STRIDE: usize = 0x10;
const FPGA_RST_CTRL: usize = 0x240;
const LVL_SHFTR_EN: usize = 0x900;
/// Both directions.
const LVL_SHFTR_ON: u64 = 0xF;
/// The master enable register of an AXI INTC.
const INTC_MER: u64 = 0x1C;

/// Says what this is for where there is no board to look at.
pub(super) fn board(patient: &Patient<'_>, findings: &mut Findings) {
    let node = patient.paths.sys.join("firmware/devicetree/base");
    let is_board = system::compatible(&node).iter().any(|word| word.starts_with("xlnx,"));
    if !is_board && system::logic_state(&patient.paths).is_none() && patient.devices.devices().is_empty() {
        findings.note(
            "board",
            "this system is no Zynq: it has no FPGA manager, no UIO device, and no device tree of Xilinx's",
            "a simulated board needs none of what follows: Overlay::simulated(\"base.hwh\") runs here as it is",
        );
    }
}

pub(super) fn manager(patient: &Patient<'_>, findings: &mut Findings) {
    const SUBJECT: &str = "FPGA manager";
    let manager = match FpgaManager::find(&patient.paths) {
        Ok(manager) => manager,
        Err(error @ Error::NoFpgaManager { .. }) => {
            return findings.note(
                SUBJECT,
                error.to_string(),
                "a design that is loaded before Linux can be used without it",
            );
        }
        Err(error) => return findings.wrong(SUBJECT, error.to_string(), "run as root"),
    };
    match manager.state() {
        Ok(FpgaState::Operating) => findings.good(SUBJECT, format!("{} is operating", manager.device())),
        Ok(state) => {
            let status = manager.status().unwrap_or_default().join(", ");
            let said = if status.is_empty() { String::new() } else { format!(" ({status})") };
            let message = format!("no design is loaded: {} is \"{state}\"{said}", manager.device());
            findings.wrong(SUBJECT, message, "`pynq program FILE`, as root");
        }
        Err(error) => findings.wrong(SUBJECT, error.to_string(), "run as root"),
    }
    match manager.can_program() {
        Ok(true) => {
            let file = patient.paths.sys.join("class/fpga_manager").join(manager.device()).join("firmware");
            if !system::is_writable(&file) {
                findings.note(
                    "programming",
                    "is not for this user",
                    "run what programs as root; attaching needs no root",
                );
            } else if !patient.paths.firmware.is_dir() {
                let folder = patient.paths.firmware.display();
                findings.wrong(
                    "programming",
                    format!("the kernel reads bitstreams from {folder}, which is no folder"),
                    format!("mkdir -p {folder}"),
                );
            } else {
                findings.good("programming", "is possible by this user");
            }
        }
        Ok(false) => findings.note(
            "programming",
            "this kernel has no files by which a program starts it",
            "use a kernel of Xilinx's; or an overlay that targets the fpga-region, with `firmware-name`; or attach",
        ),
        Err(error) => findings.wrong("programming", error.to_string(), "run as root"),
    }
}

pub(super) fn overlays(patient: &Patient<'_>, findings: &mut Findings) {
    const SUBJECT: &str = "device tree";
    let listed = DeviceTree::open(&patient.paths).and_then(|tree| tree.list());
    match listed {
        Err(Error::NoDeviceTreeOverlays { .. }) => findings.note(
            SUBJECT,
            "this kernel takes no overlays, so UIO devices come from the system's own tree",
            "mount -t configfs configfs /sys/kernel/config, or a kernel with CONFIG_OF_CONFIGFS",
        ),
        Err(error) => findings.note(SUBJECT, error.to_string(), "run as root"),
        Ok(overlays) => {
            let (applied, other): (Vec<_>, Vec<_>) =
                overlays.into_iter().partition(|(_, status)| *status == OverlayStatus::Applied);
            let names = |overlays: &[(String, OverlayStatus)]| {
                overlays.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
            };
            if other.is_empty() {
                let applied = if applied.is_empty() { "none is applied".to_owned() } else { names(&applied) };
                findings.good(SUBJECT, format!("takes overlays: {applied}"));
            } else {
                findings.wrong(
                    SUBJECT,
                    format!("overlays that the kernel did not apply: {}", names(&other)),
                    "dmesg says why; a base tree without __symbols__ (dtc -@) takes none that refers to labels",
                );
            }
        }
    }
}

/// Whether a register in the logic would answer, and if so, whether it does.
pub(super) fn reachable(patient: &Patient<'_>, findings: &mut Findings) {
    const SUBJECT: &str = "logic";
    // A manager in any other state than operating was reported before.
    if system::logic_state(&patient.paths).is_some_and(|state| state != FpgaState::Operating) {
        return;
    }
    let processor = Processor::of(&patient.paths);
    let zynq = processor == Some(Processor::Zynq7000);
    if zynq && !clocks(patient, findings) {
        return;
    }
    if processor.is_some() {
        frequencies(patient, findings);
    }
    let Some(design) = &patient.design else { return };
    if design.processor.as_ref().is_some_and(|processor| processor.family == Family::Zynq7000) && !zynq {
        return findings.note(
            SUBJECT,
            "the design is for a Zynq-7000, and this system is none, by its device tree: no register is read",
            "give the handoff file of the design that is loaded here",
        );
    }
    for (path, controller) in &design.interrupts.controllers {
        let Some(base) = controller.base else { continue };
        match probe(patient, base.saturating_add(INTC_MER)) {
            // Two bits are all it has.
            Ok(value) if value & !0b11 == 0 => findings.good(SUBJECT, format!("{path} answers")),
            Ok(value) => findings.wrong(
                SUBJECT,
                format!("{path} at {base:#010x} reads {value:#010x} where an interrupt controller has two bits"),
                "the logic has no clock, or another design is loaded: check --hwh, and program again",
            ),
            Err(Refusal::Bus) => findings.wrong(
                SUBJECT,
                format!("{path} at {base:#010x} answers with a bus error"),
                "the logic has no clock or is held in reset, or another design is loaded: check --hwh, and program again",
            ),
            Err(Refusal::Other(why)) => findings.note(SUBJECT, format!("{path} can't be read: {why}"), ""),
        }
    }
}

/// Why a register was not read.
enum Refusal {
    Bus,
    Other(String),
}

/// Reads a register in a process of its own.
fn probe(patient: &Patient<'_>, address: u64) -> Result<u32, Refusal> {
    let other = |why: &dyn std::fmt::Display| Refusal::Other(why.to_string());
    let this = std::env::current_exe().map_err(|error| other(&error))?;
    let mut peek = Command::new(this);
    peek.arg("peek").arg(format!("{address:#x}")).arg("--root").arg(patient.root);
    let output = peek.output().map_err(|error| other(&error))?;
    if output.status.signal().is_some() {
        return Err(Refusal::Bus);
    }
    let said = String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr });
    let value = said.split_whitespace().nth(1).and_then(super::super::target::number);
    match value.and_then(|value| u32::try_from(value).ok()) {
        Some(value) if output.status.success() => Ok(value),
        _ => Err(other(&said.trim().trim_start_matches("pynq: "))),
    }
}

/// Looks at the clocks and resets that a Zynq-7000 feeds its logic. Whether the logic can be read after that.
fn clocks(patient: &Patient<'_>, findings: &mut Findings) -> bool {
    const SUBJECT: &str = "clocks";
    let window = match open_window(&patient.paths, SLCR, 0x1000) {
        Ok(window) => Checked::new(window),
        Err(error) => {
            let message = format!("can't be looked at, nor is the logic: {error}");
            findings.note(SUBJECT, message, "run `pynq doctor` as root");
            return false;
        }
    };
    // In range and aligned, all of them.
    let read = |offset| window.read(offset, 4).unwrap_or(0);
    let shifters = read(LVL_SHFTR_EN) & LVL_SHFTR_ON;
    if shifters != LVL_SHFTR_ON {
        findings.wrong(
            SUBJECT,
            format!("the level shifters between processor and logic are off (LVL_SHFTR_EN is {shifters:#x}): no register is read"),
            "program a full bitstream, which switches them on: `pynq program FILE`",
        );
        return false;
    }
    let design = patient.design.as_ref();
    let mut fine = true;
    let resets = read(FPGA_RST_CTRL) & 0xF;
    if resets != 0 {
        let which = (0..4).filter(|bit| resets >> bit & 1 == 1).map(|bit| format!("FCLK_RESET{bit}_N"));
        findings.wrong(
            SUBJECT,
            format!("the logic is held in reset: {} (FPGA_RST_CTRL)", which.collect::<Vec<_>>().join(", ")),
            "program a full bitstream, which releases them: `pynq program FILE`",
        );
        fine = false;
    }
    for (number, at) in (0u32..4).zip((0..).step_by(CLOCK_STRIDE)) {
        let wanted = design.is_some_and(|design| design.clocks.get(&number).is_some_and(|clock| clock.enabled));
        let stops = read(FPGA_THR_CNT + at) & 0xFFFF;
        // Without a design, the first clock is the one that every design has.
        let needed = wanted || design.is_none() && number == 0;
        if needed && stops != 0 {
            findings.wrong(
                SUBJECT,
                format!("FCLK_CLK{number} is stopped (FPGA{number}_THR_CNT is {stops:#x}); the kernel does so with clocks that no driver asked for"),
                "clk_ignore_unused on the kernel's command line, or a node of the device tree that uses the clock",
            );
            fine = false;
        }
    }
    if fine {
        findings.good(SUBJECT, "level shifters on, resets released, clocks running");
    }
    fine
}

/// Compares the frequencies of the clocks to the logic with those that the design was made for. Stopped ones were
/// reported before.
fn frequencies(patient: &Patient<'_>, findings: &mut Findings) {
    const SUBJECT: &str = "clocks";
    let Some(design) = &patient.design else { return };
    let used = design.clocks.iter().filter(|(_, clock)| clock.enabled);
    let used = used.filter_map(|(&number, clock)| Some((u8::try_from(number).ok()?, clock, clock.mhz()?)));
    let used = used.collect::<Vec<_>>();
    if used.is_empty() {
        return;
    }
    let reference = ["PCW_CRYSTAL_PERIPHERAL_FREQMHZ", "PSU__PSS_REF_CLK__FREQMHZ"];
    let reference = reference.iter().find_map(|name| design.processor_parameters.float(name).ok());
    let registers = match open_pl_clocks(&patient.paths, hertz(reference.unwrap_or(33.333_333))) {
        Ok(registers) => registers,
        Err(error) => return findings.note(SUBJECT, format!("can't be compared with the design's: {error}"), ""),
    };
    let mut right = Vec::new();
    for (number, clock, mhz) in used {
        // The file may have only the frequency requested, to which Vivado came near.
        let ppm = if clock.achieved_mhz.is_some() { ROUNDING_PPM } else { TOLERANCE_PPM };
        match registers.read(number) {
            Ok(found) if found.is_at(hertz(mhz), ppm) => right.push(format!("clock {number} has {found}")),
            Ok(found) => findings.note(
                SUBJECT,
                format!("clock {number} has {found}, and the design was made for {mhz} MHz"),
                "times and baud rates of the design's blocks differ by that; opening the design sets it, as does `overlay.clocks()`",
            ),
            Err(error) => findings.note(SUBJECT, error.to_string(), ""),
        }
    }
    if !right.is_empty() {
        findings.good(SUBJECT, right.join(", "));
    }
}

/// A frequency of a file, in hertz. A value that makes no sense becomes one that no clock has.
fn hertz(mhz: f64) -> u64 {
    (mhz.clamp(0.0, 1e6) * 1e6).round() as u64
}
