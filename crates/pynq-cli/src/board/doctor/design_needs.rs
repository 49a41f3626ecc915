//! What the design needs of this system.

use std::collections::BTreeMap;

use pynq::uio::{KernelDriver, LinuxDmaMemory, Trigger, UioDevice};
use pynq_hwh::{Design, Family, LineKind, ProcessorLine, Source, WarningKind};

use super::{
    super::serving::{self, Served},
    Findings, Patient,
};
use crate::tree;

/// Blocks that move data by themselves.
const DMA: [&str; 4] = ["axi_dma", "axi_vdma", "axi_cdma", "axi_mcdma"];
/// Blocks for which the kernel has a driver that is at work by itself.
const BUSES: [&str; 2] = ["axi_iic", "axi_quad_spi"];
/// Warnings of the handoff file that are about interrupts.
const WARNINGS: [WarningKind; 10] = [
    WarningKind::LevelSourceOnEdgeLine,
    WarningKind::EdgeSourceOnLevelLine,
    WarningKind::PolarityMismatch,
    WarningKind::BehindGate,
    WarningKind::LostBits,
    WarningKind::InterruptsNotRead,
    WarningKind::ReverseMode,
    WarningKind::SeveralRoutes,
    WarningKind::UnmappedController,
    WarningKind::UnusableLine,
];

pub(super) fn interrupts(patient: &Patient<'_>, findings: &mut Findings) {
    let Some(design) = &patient.design else { return };
    for (path, controller) in &design.interrupts.controllers {
        let Some(node) = controller.base.and_then(|base| patient.devices.kernel_controller(base)) else { continue };
        let message =
            format!("{path} is the kernel's own ({}): each of its lines needs a UIO device", node.node.display());
        findings.good("interrupts", message);
    }
    for served in serving::lines(design, &patient.devices) {
        let whose = format!("{} ({}, {})", served.name(), served.source(), tree::count(served.pins.len(), "pin"));
        let fix = || node(design, &served, patient);
        match &served.device {
            Err(why) => findings.wrong("interrupts", format!("{whose}: {why}"), fix()),
            Ok(number) => {
                let Some(device) = patient.devices.devices().iter().find(|device| device.number == *number) else {
                    continue;
                };
                findings.good("interrupts", format!("{whose}: uio{number} \"{}\"", device.name));
                // Under the kernel's own driver the trigger is what the controller was built with, and needs no check.
                if served.kernel.is_none() {
                    trigger(design, served.line, device, findings, fix);
                }
            }
        }
    }
}

/// Whether the kernel looks at the line in the way that it is driven.
fn trigger(
    design: &Design,
    line: &ProcessorLine,
    device: &UioDevice,
    findings: &mut Findings,
    fix: impl FnOnce() -> String,
) {
    let known = device.interrupt.known().and_then(|irq| irq.trigger);
    let (Some(drives), Some(looks)) = (drives(design, line), known) else { return };
    let about = format!("{}[{}], uio{} \"{}\"", line.port, line.line, device.number, device.name);
    match (drives, looks) {
        (LineKind::Level, Trigger::Edge) => findings.note(
            "trigger",
            format!("{about}: a level that the kernel takes for an edge; what is active before it is waited for fires once or never"),
            fix(),
        ),
        (LineKind::Edge, Trigger::Level) => findings.wrong(
            "trigger",
            format!("{about}: pulses that the kernel takes for a level; one that has ended before it is looked at is lost"),
            fix(),
        ),
        _ => {}
    }
}

/// What the source of a line of the processor does, where the file says so.
fn drives(design: &Design, line: &ProcessorLine) -> Option<LineKind> {
    match &line.source {
        Source::Controller(path) => {
            let level = design.interrupts.controllers.get(path)?.irq_is_level;
            Some(if level { LineKind::Level } else { LineKind::Edge })
        }
        Source::Pin(name) => design.interrupts.pin(name)?.sensitivity,
        _ => None,
    }
}

/// The node that gives an interrupt to UIO.
fn node(design: &Design, served: &Served<'_>, patient: &Patient<'_>) -> String {
    let family = design.processor.as_ref().map(|processor| processor.family);
    if let Some(family @ (Family::MicroBlaze | Family::MicroBlazeV)) = family {
        return format!(
            "this design is for a {} that runs by itself; no system on a processing system serves its interrupts\n\
             try it on the simulated board, or give the .hwh of a design for a Zynq",
            family.as_str()
        );
    }
    // The kernel's numbers for triggers: rising edge, high level.
    let flags = |kind| if kind == LineKind::Edge { 1 } else { 4 };
    let (name, parent, cells) = match served.kernel {
        Some(line) => {
            let base = design.interrupts.controllers.get(line.controller).and_then(|controller| controller.base);
            let controller = base.and_then(|base| patient.devices.kernel_controller(base));
            // A path stands for a label, which the kernel's tree need not have.
            let parent = controller.map_or_else(String::new, |found| format!("{{{}}}", found.node.display()));
            (format!("line{}", line.number), parent, format!("{} {}", line.number, flags(line.kind)))
        }
        None => {
            // Shared peripheral interrupts are counted from 32 on.
            let Some((irq, shared)) = served.line.ps_irq.and_then(|irq| Some((irq, irq.checked_sub(32)?))) else {
                return "wire it to an interrupt input of the processing system".to_owned();
            };
            let flags = flags(drives(design, served.line).unwrap_or(LineKind::Level));
            // PYNQ's images call the node of the first line `fabric`. The others need names of their own.
            let name = if matches!(irq, 61 | 121) { "fabric".to_owned() } else { format!("fabric{irq}") };
            (name, gic_label(family).to_owned(), format!("0 {shared} {flags}"))
        }
    };
    format!(
        "a node of the device tree, by an overlay or for good:\n\
         {name} {{ compatible = \"generic-uio\"; interrupt-parent = <&{parent}>; interrupts = <{cells}>; }};\n\
         and the driver's parameter for it: uio_pdrv_genirq.of_id=generic-uio"
    )
}

/// The label of the interrupt controller in the kernel's device tree of a family.
fn gic_label(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::Zynq7000) => "intc",
        _ => "gic",
    }
}

/// I2C and SPI that the kernel has are left to it.
pub(super) fn buses(patient: &Patient<'_>, findings: &mut Findings) {
    let Some(design) = &patient.design else { return };
    for (path, block) in design.ip.iter().filter(|(_, block)| BUSES.contains(&block.kind())) {
        let Some(found) = KernelDriver::at(&patient.paths, block.base) else { continue };
        let KernelDriver { device, driver, .. } = found;
        findings.note(
            "buses",
            format!("{path} is the kernel's own ({device}, by its driver {driver}); programs can't open it"),
            format!(
                "use it through the kernel (/dev/i2c-N, /dev/spidevN.M)\n\
                 or give it back: echo {device} > /sys/bus/platform/drivers/{driver}/unbind"
            ),
        );
    }
}

pub(super) fn dma(patient: &Patient<'_>, findings: &mut Findings) {
    const SUBJECT: &str = "DMA memory";
    let memory = LinuxDmaMemory::new(&patient.paths);
    let blocks = patient.design.iter().flat_map(|design| &design.ip).filter(|(_, block)| DMA.contains(&block.kind()));
    let blocks = blocks.map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    if memory.has_zocl() {
        return findings.good(SUBJECT, "zocl makes buffers as they are asked for");
    }
    if memory.has_manager() {
        return findings.good(SUBJECT, "u-dma-buf makes buffers as they are asked for");
    }
    match memory.devices() {
        Err(error) => findings.wrong(SUBJECT, error.to_string(), "run as root"),
        Ok(devices) if !devices.is_empty() => {
            let devices = devices.iter().map(|device| format!("{} ({} bytes)", device.name, device.size));
            findings.good(SUBJECT, format!("u-dma-buf has {}", devices.collect::<Vec<_>>().join(", ")));
        }
        Ok(_) if !blocks.is_empty() => findings.note(
            SUBJECT,
            format!("there is neither zocl nor u-dma-buf, and the design moves data by {}", blocks.join(", ")),
            "modprobe u-dma-buf udmabuf0=4194304\nit is a module of its own: github.com/ikwzm/udmabuf\n\
             images of PYNQ have XRT's driver instead: modprobe zocl, with a node compatible = \"xlnx,zocl\"",
        ),
        Ok(_) => {}
    }
}

pub(super) fn warnings(patient: &Patient<'_>, findings: &mut Findings) {
    let Some(design) = &patient.design else { return };
    let mut kinds: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for warning in design.warnings.iter().filter(|warning| WARNINGS.contains(&warning.kind)) {
        kinds.entry(warning.kind).or_default().push(&warning.subject);
    }
    for (kind, subjects) in kinds {
        let (count, first) = (subjects.len(), subjects.iter().take(3).copied().collect::<Vec<_>>().join(", "));
        let more = if count > 3 { ", ..." } else { "" };
        let message = format!("{} ({count}): {first}{more}", kind.name());
        findings.note("design", message, kind.advice());
    }
}
