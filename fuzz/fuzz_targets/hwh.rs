//! Handoff files: damaged text, and well-formed files of random wiring.
//!
//! Mutated bytes seldom stay XML, so an input that starts with a zero byte is read as a recipe for a design instead: cells
//! of the kinds that interrupts pass through, their ports on a handful of nets.
#![no_main]

mod seeds;

use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use pynq_hwh::{Design, Source};

fuzz_target!(
    init: seeds::write(&[
        ("buttons", include_bytes!("../../crates/pynq-hwh/fixtures/pynq-z2-buttons.hwh").to_vec()),
        ("small", recipe(&[1, 0, 0, 1, 2, 2, 1, 2, 0, 3, 3, 0]).into_bytes()),
        ("recipe", (0..=255).collect()),
    ]),
    |bytes: &[u8]| {
        match bytes {
            [0, rest @ ..] => check(Design::parse(&recipe(rest))),
            _ => check(Design::from_bytes(bytes)),
        }
    }
);

/// What holds for every design that is accepted, and every error.
fn check(outcome: pynq_hwh::Result<Design>) {
    let design = match outcome {
        Ok(design) => design,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for (name, pin) in &design.interrupts.pins {
        assert!(pin.width > 0);
        let chain = design.interrupt(name).expect("a listed pin has a chain");
        assert_eq!(chain.hops.last().map(|hop| &hop.controller), pin.controller.as_ref());
    }
    for (path, controller) in &design.interrupts.controllers {
        assert_eq!(controller.lines.len(), controller.inputs as usize);
        for source in &controller.lines {
            match source {
                Source::Pin(pin) => assert!(design.interrupts.pin(pin).is_some(), "{pin}"),
                Source::Controller(child) => assert!(design.interrupts.controllers.contains_key(child)),
                _ => {}
            }
        }
        let parent = controller.parent.as_ref();
        assert!(parent.is_none_or(|parent| parent != path && design.interrupts.controllers.contains_key(parent)));
    }
    for block in design.ip.values() {
        assert!(block.size > 0);
    }
    for warning in &design.warnings {
        assert!(!warning.to_string().is_empty());
    }
    let _ = design.interrupt("no/such");
}

/// A file whose cells are chosen by `bytes`.
fn recipe(bytes: &[u8]) -> String {
    let mut bytes = bytes.iter().copied();
    let mut modules = String::new();
    let mut number = 0;
    // Loops and cascades need a few cells; more of them only make each round slower.
    while let Some(kind) = bytes.next().filter(|_| number < 48) {
        let mut net = || bytes.next().unwrap_or(0) % 12;
        let ports = match kind % 8 {
            0 => vec![("processing_system7", "IRQ_F2P", 'I', net()), ("", "GPIO_O", 'O', net())],
            1 | 2 => vec![("xlconcat", "In0", 'I', net()), ("", "In1", 'I', net()), ("", "dout", 'O', net())],
            3 => vec![("axi_intc", "intr", 'I', net()), ("", "irq", 'O', net())],
            4 => vec![("xlslice", "Din", 'I', net()), ("", "Dout", 'O', net())],
            5 => vec![("xlconstant", "dout", 'O', net())],
            6 => vec![("box", "a", 'O', net()), ("", "b", 'I', net())],
            _ => vec![("axi_gpio", "irq", 'O', net())],
        };
        let name = ports.first().map_or("", |port| port.0);
        let extra = bytes.next().unwrap_or(0);
        let inside = if extra & 1 == 1 { "box/" } else { "" };
        let container = if name == "box" { " BDTYPE=\"BLOCK_CONTAINER\"" } else { "" };
        let path = if name == "box" { name.to_owned() } else { format!("{inside}m{number}") };
        let instance = path.replace('/', "_");
        let _ = write!(
            modules,
            "<MODULE FULLNAME=\"/{path}\" INSTANCE=\"{instance}\" MODTYPE=\"{name}\"{container}><PARAMETERS>\
             <PARAMETER NAME=\"NUM_PORTS\" VALUE=\"2\"/><PARAMETER NAME=\"DIN_FROM\" VALUE=\"{}\"/>\
             <PARAMETER NAME=\"DIN_TO\" VALUE=\"{}\"/><PARAMETER NAME=\"C_NUM_INTR_INPUTS\" VALUE=\"{}\"/>\
             <PARAMETER NAME=\"PCW_IRQ_F2P_MODE\" VALUE=\"{}\"/></PARAMETERS><PORTS>",
            extra & 7,
            extra >> 3 & 7,
            extra % 34,
            if extra & 2 == 2 { "REVERSE" } else { "DIRECT" }
        );
        for (_, port, direction, net) in ports {
            let left = if direction == 'O' { extra & 7 } else { extra >> 5 };
            let _ = write!(
                modules,
                "<PORT NAME=\"{port}\" DIR=\"{direction}\" LEFT=\"{left}\" RIGHT=\"0\" SIGNAME=\"n{net}\"><CONNECTIONS>\
                 <CONNECTION INSTANCE=\"box_m{net}\" PORT=\"irq\"/><CONNECTION INSTANCE=\"box_m{net}\" PORT=\"In0\"/>\
                 </CONNECTIONS></PORT>"
            );
        }
        let _ = write!(
            modules,
            "</PORTS><MEMORYMAP><MEMRANGE INSTANCE=\"m{}\" BASEVALUE=\"{extra:x}0000\" HIGHVALUE=\"{extra:x}FFFF\" \
             SLAVEBUSINTERFACE=\"S{}\"/></MEMORYMAP></MODULE>",
            extra & 7,
            extra >> 6
        );
        number += 1;
    }
    format!("<EDKSYSTEM><MODULES>{modules}</MODULES></EDKSYSTEM>")
}
