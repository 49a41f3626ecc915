//! A design as JSON.

use pynq_hwh::{Controller, Design, InterruptPin, IpBlock};
use serde_json::{Map, Value, json};

/// `value` as text with line breaks, for people and `jq` alike.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
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
        "ps_gpio": object(&design.processor_gpio, |line| json!({ "emio": line.emio, "pins": line.pins })),
        "clocks": object(&design.clocks, |clock| json!({ "enabled": clock.enabled, "divisors": clock.divisors })),
        "hierarchies": object(&design.hierarchies, |level| json!({ "ip": level.ip, "hierarchies": level.hierarchies })),
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
    })
}

fn controller(controller: &Controller) -> Value {
    json!({
        "base": controller.base,
        "inputs": controller.inputs,
        "kind_of_intr": controller.kind_of_intr,
        "parent": controller.parent,
        "line": controller.line,
        "ps_irq": controller.ps_irq,
    })
}
