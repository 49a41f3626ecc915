//! A design as JSON.

use std::fmt::Write as _;

use pynq_hwh::{AddressSpace, Bus, Controller, Design, Gate, InterruptPin, IpBlock, Source, Storage};
use serde_json::{Map, Value, json};

/// `value` as text with line breaks, for people and `jq` alike. What steers a terminal can stand inside of strings only, and
/// is escaped there.
pub(crate) fn pretty(value: &Value) -> String {
    let text = format!("{value:#}\n");
    let is_ours = |c: char| c == '\n' || !pynq_hwh::is_invisible(c);
    if text.chars().all(is_ours) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_ours(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Everything about a design.
pub(crate) fn design(design: &Design) -> Value {
    let source = &design.source;
    json!({
        "source": {
            "arch": source.arch,
            "device": source.device,
            "package": source.package,
            "vivado": source.vivado,
            "name": source.name,
        },
        "ip": object(&design.ip, ip),
        "interrupts": object(&design.interrupts.pins, interrupt),
        "controllers": object(&design.interrupts.controllers, controller),
        "gates": object(&design.interrupts.gates, gate),
        "blocked": object(&design.interrupts.blocked, |pin| json!({ "gate": pin.gate, "kind": pin.kind.as_str() })),
        "ps_gpio": object(&design.processor_gpio, |line| {
            json!({ "emio": line.emio, "width": line.width, "pins": line.pins })
        }),
        "clocks": object(&design.clocks, |clock| json!({
            "enabled": clock.enabled,
            "divisors": clock.divisors,
            "source": clock.source,
            "mhz": clock.mhz(),
            "requested_mhz": clock.frequency_mhz,
        })),
        "hierarchies": object(&design.hierarchies, |level| json!({ "ip": level.ip, "hierarchies": level.hierarchies })),
        "address_spaces": object(&design.address_spaces, space),
        "storage": object(&design.storage, storage),
        "buses": object(&design.buses, bus),
        "warnings": design.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn object<'a, K: ToString + 'a, V: 'a>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    value: impl Fn(&V) -> Value,
) -> Map<String, Value> {
    entries.into_iter().map(|(key, entry)| (key.to_string(), value(entry))).collect()
}

fn ip(block: &IpBlock) -> Value {
    let parameters: Map<_, _> = block.parameters.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let registers: Map<_, _> = block
        .registers
        .iter()
        .map(|register| {
            let value = json!({ "offset": register.offset, "bits": register.bits, "access": register.access.as_str() });
            (register.name.clone(), value)
        })
        .collect();
    json!({
        "vlnv": block.vlnv,
        "base": block.base,
        "size": block.size,
        "memory": block.memory,
        "parameters": parameters,
        "interrupts": &*block.interrupts,
        "registers": registers,
    })
}

fn interrupt(pin: &InterruptPin) -> Value {
    json!({
        "controller": pin.controller,
        "line": pin.line,
        "width": pin.width,
        "ps_irq": pin.ps_irq,
        "kind": pin.kind.map(pynq_hwh::LineKind::as_str),
        "source": pin.sensitivity.map(pynq_hwh::LineKind::as_str),
        "polarity": pin.polarity.map(pynq_hwh::Polarity::as_str),
        "listens": pin.listens.as_str(),
        "gates": &*pin.gates,
    })
}

fn gate(gate: &Gate) -> Value {
    let source = |source: &Source| match source {
        Source::Pin(name) | Source::Controller(name) => Value::from(name.as_str()),
        Source::Constant => "constant".into(),
        _ => Value::Null,
    };
    let inputs = gate.inputs.iter().map(|input| json!({ "pin": input.pin, "source": source(&input.source) }));
    json!({ "path": gate.path, "kind": gate.kind.as_str(), "inputs": inputs.collect::<Vec<_>>() })
}

fn space(space: &AddressSpace) -> Value {
    let ranges = space.ranges.iter().map(|range| {
        json!({
            "master_interface": range.master_interface,
            "path": range.path,
            "interface": range.interface,
            "base": range.base,
            "size": range.size,
            "memory": range.memory,
        })
    });
    json!({ "vlnv": space.vlnv, "ranges": ranges.collect::<Vec<_>>() })
}

fn storage(storage: &Storage) -> Value {
    let windows = storage.windows.iter().map(|window| {
        json!({
            "master": window.master,
            "master_interface": window.master_interface,
            "controller": window.controller,
            "interface": window.interface,
            "base": window.base,
            "size": window.size,
        })
    });
    json!({ "size": storage.size, "windows": windows.collect::<Vec<_>>() })
}

fn bus(bus: &Bus) -> Value {
    let ends = bus.ends.iter().map(|end| json!({ "path": end.path, "name": end.name, "role": role(end.role) }));
    json!({ "protocol": bus.protocol, "ends": ends.collect::<Vec<_>>() })
}

fn role(role: pynq_hwh::BusRole) -> &'static str {
    match role {
        pynq_hwh::BusRole::Initiator => "initiator",
        pynq_hwh::BusRole::Target => "target",
        pynq_hwh::BusRole::Monitor => "monitor",
        _ => "unknown",
    }
}

fn controller(controller: &Controller) -> Value {
    json!({
        "base": controller.base,
        "inputs": controller.inputs,
        "kind_of_intr": controller.kind_of_intr,
        "kind_of_edge": controller.kind_of_edge,
        "kind_of_level": controller.kind_of_level,
        "irq_is_level": controller.irq_is_level,
        "irq_active_high": controller.irq_active_high,
        "parent": controller.parent,
        "line": controller.line,
        "ps_irq": controller.ps_irq,
    })
}
