//! `pynq uio`: the UIO devices, and what each is for.

use std::fmt::Write as _;

use pynq::uio::{SystemPaths, UioDevice, UioDevices, UioInterrupt, UioIrq};
use serde_json::{Value, json};

use super::{
    Uio,
    serving::{self, Served},
    system,
};
use crate::{Outcome, json, printable, succeeded, tree};

pub(super) fn run(arguments: &Uio) -> Outcome {
    let paths = arguments.system.paths();
    let design = system::design(arguments.hwh.as_deref())?;
    let devices = UioDevices::find(&paths).map_err(|error| error.to_string())?;
    let lines = design.as_ref().map(|design| serving::lines(design, &devices));
    let text = if arguments.json {
        json::pretty(&value(&paths, &devices, lines.as_deref()))
    } else {
        printable(&report(&paths, &devices, lines.as_deref()))
    };
    Ok(succeeded(text))
}

fn report(paths: &SystemPaths, devices: &UioDevices, lines: Option<&[Served<'_>]>) -> String {
    let mut text = String::new();
    let count = devices.devices().len();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "UIO devices: {count}");
    if count == 0 && lines.is_none() {
        let _ = writeln!(text, "`pynq doctor` says why there are none");
    }
    for device in devices.devices() {
        let _ = writeln!(text, "\nuio{}  \"{}\"", device.number, device.name);
        row(&mut text, "file", &device.node().display().to_string());
        row(&mut text, "interrupt", &interrupt(&device.interrupt));
        row(&mut text, "count", &counts(devices, device));
        for map in &device.maps {
            let name = if map.name.is_empty() { String::new() } else { format!("  {}", map.name) };
            row(
                &mut text,
                &format!("map {}", map.index),
                &format!("{:#010x}  {:>5}{name}", map.address(), tree::size(map.size())),
            );
        }
        if let Some(holder) = system::holder(paths, device.node()) {
            row(&mut text, "in use by", &holder);
        }
        let Some(lines) = lines else { continue };
        let mut served = lines.iter().filter(|line| line.device == Ok(device.number)).peekable();
        if served.peek().is_none() {
            row(&mut text, "serves", "nothing of this design");
        }
        for line in served {
            row(&mut text, "serves", &format!("{}: {}", line.name(), line.source()));
            pins(&mut text, line);
        }
    }
    let missing = lines.unwrap_or_default().iter().filter(|line| line.device.is_err()).collect::<Vec<_>>();
    if !missing.is_empty() {
        let _ = writeln!(text, "\nwithout a UIO device");
    }
    for line in missing {
        let why = line.device.as_ref().err().map_or("", String::as_str);
        let _ = writeln!(text, "  {}: {}\n    {why}", line.name(), line.source());
        pins(&mut text, line);
    }
    text
}

fn row(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {name:10} {value}");
}

/// The pins behind a controller. One that is direct is the line's source.
fn pins(text: &mut String, line: &Served<'_>) {
    let behind = line.pins.iter().filter(|pin| !pin.hops.is_empty()).collect::<Vec<_>>();
    let width = behind.iter().map(|pin| pin.name.chars().count()).max().unwrap_or(0).min(60);
    for pin in behind {
        let _ = writeln!(text, "    {:width$}  {}", pin.name, pin.way());
    }
}

fn interrupt(interrupt: &UioInterrupt) -> String {
    match interrupt {
        UioInterrupt::None => "none".to_owned(),
        UioInterrupt::Known(irq) => one(irq),
        UioInterrupt::Ambiguous(candidates) => {
            let candidates = candidates.iter().map(one).collect::<Vec<_>>();
            format!("one of: {}", candidates.join("; "))
        }
        other => other.to_string(),
    }
}

/// As in `61 (GIC-0), level, the kernel's 45`.
fn one(irq: &UioIrq) -> String {
    let mut text = irq.hwirq.map_or_else(|| "of unknown number".to_owned(), |hwirq| hwirq.to_string());
    if let Some(chip) = &irq.chip {
        let _ = write!(text, " ({chip})");
    }
    if let Some(trigger) = irq.trigger {
        let _ = write!(text, ", {trigger}");
    }
    if let Some(virq) = irq.virq {
        let _ = write!(text, ", the kernel's {virq}");
    }
    text
}

/// What UIO counted, and the kernel, which also counts what came before the device was bound.
fn counts(devices: &UioDevices, device: &UioDevice) -> String {
    match kernel_count(devices, device) {
        Some(count) => format!("{} events; {count} interrupts since the kernel started", device.events),
        None => format!("{} events", device.events),
    }
}

fn kernel_count(devices: &UioDevices, device: &UioDevice) -> Option<u64> {
    let virq = device.interrupt.known()?.virq?;
    let row = devices.interrupts().rows().iter().find(|row| row.virq == virq)?;
    (!row.counts.is_empty()).then(|| row.count())
}

fn value(paths: &SystemPaths, devices: &UioDevices, lines: Option<&[Served<'_>]>) -> Value {
    let all = devices.devices().iter().map(|device| {
        let maps = device
            .maps
            .iter()
            .map(|map| json!({ "index": map.index, "name": map.name, "address": map.address(), "size": map.size() }));
        let candidates = match &device.interrupt {
            UioInterrupt::Known(irq) => vec![irq_value(irq)],
            UioInterrupt::Ambiguous(candidates) => candidates.iter().map(irq_value).collect(),
            _ => Vec::new(),
        };
        json!({
            "number": device.number,
            "name": device.name,
            "version": device.version,
            "file": device.node().display().to_string(),
            "events": device.events,
            "interrupts": kernel_count(devices, device),
            "interrupt": candidates.first().filter(|_| candidates.len() == 1),
            "interrupt_candidates": candidates,
            "maps": maps.collect::<Vec<_>>(),
            "in_use_by": system::holder(paths, device.node()),
        })
    });
    let all = all.collect::<Vec<_>>();
    let lines = lines.map(|lines| lines.iter().map(line_value).collect::<Vec<_>>());
    json!({ "devices": all, "lines": lines })
}

fn irq_value(irq: &UioIrq) -> Value {
    json!({
        "hwirq": irq.hwirq,
        "virq": irq.virq,
        "chip": irq.chip,
        "trigger": irq.trigger.map(|trigger| trigger.to_string()),
    })
}

fn line_value(line: &Served<'_>) -> Value {
    let pins = line.pins.iter().map(|pin| {
        let hops = pin
            .hops
            .iter()
            .map(|hop| json!({ "controller": hop.controller, "line": hop.line, "kind": hop.kind.as_str() }));
        json!({ "pin": pin.name, "hops": hops.collect::<Vec<_>>() })
    });
    json!({
        "port": line.line.port,
        "line": line.line.line,
        "ps_irq": line.line.ps_irq,
        "kernel": line.kernel.map(|line| json!({ "controller": line.controller, "line": line.number })),
        "source": line.source(),
        "device": line.device.as_ref().ok(),
        "missing": line.device.as_ref().err(),
        "pins": pins.collect::<Vec<_>>(),
    })
}
