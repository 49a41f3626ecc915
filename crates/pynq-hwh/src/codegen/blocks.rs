//! The declarations of the IP blocks.

use std::fmt::Write;

use super::names::Names;
use super::parameters::{numeric, texts};
use super::tree::{comment, decimal, hex, literal, shown, shown_version};
use super::wiring::{Wiring, irq};
use crate::design::Design;
use crate::error::{Error, Result};
use crate::interrupts::Controller;
use crate::memory_map::IpBlock;

/// Arrays up to this width stand on one line, as the standard style has it.
const ARRAY_WIDTH: usize = 60;

/// The declaration of the block at `path` and all it implements.
pub(super) fn text(
    design: &Design,
    names: &Names<'_>,
    wiring: &Wiring<'_>,
    path: &str,
    block: &IpBlock,
) -> Result<String> {
    let ident = names.ident(path);
    let mut more = String::new();
    let mut remarks = Vec::new();
    if let Some(controller) = design.interrupts.controllers.get(path) {
        if wiring.outputs.contains_key(&irq(path)) {
            intc(&mut more, &mut remarks, names, path, controller)?;
        }
    }
    let interrupts = interrupts(wiring, block);
    match block.parameters.boolean("C_INTERRUPT_PRESENT") {
        _ if !interrupts.is_empty() => {}
        Ok(false) => remarks.push(
            "Nothing on it can be waited for: it is built without interrupt; enable it in the block \
             (`C_INTERRUPT_PRESENT`)."
                .to_owned(),
        ),
        _ if block.interrupts.is_empty() => {}
        _ => remarks.push("Nothing on it can be waited for: its interrupt is not wired.".to_owned()),
    }
    let mut vlnv = block.vlnv.rsplit(':');
    let (version, kind) = (vlnv.next().unwrap_or_default(), vlnv.next().unwrap_or_default());
    let mut text = String::new();
    let version = shown_version(version);
    comment(&mut text, &format!("`{}`: `{}` {version} at `{}`.", shown(path), shown(kind), hex(block.base)));
    if !remarks.is_empty() {
        text.push_str("///\n");
        comment(&mut text, &remarks.join(" "));
    }
    let _ = write!(
        text,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
         pub struct {ident};\n\
         \n\
         impl ::pynq_core::design::Block for {ident} {{\n    \
             const PATH: &'static str = {};\n    \
             const VLNV: &'static str = {};\n    \
             const BASE: u64 = {};\n    \
             const SIZE: u64 = {};\n",
        literal(path),
        literal(&block.vlnv),
        hex(block.base),
        hex(block.size),
    );
    if block.memory {
        text.push_str("    const IS_MEMORY: bool = true;\n");
    }
    if let Some(hz) = block.clock_hz {
        let _ = writeln!(text, "    const CLOCK_HZ: Option<u64> = Some({});", decimal(hz));
    }
    parameters(&mut text, block);
    if !interrupts.is_empty() {
        let ports = interrupts.iter().map(|port| literal(port)).collect();
        array(&mut text, "INTERRUPTS: &'static [&'static str]", ports);
    }
    text.push_str("}\n");
    text.push_str(&more);
    Ok(text)
}

fn parameters(text: &mut String, block: &IpBlock) {
    let numbers = numeric(block).into_iter().map(|(name, value)| {
        let value = if value < 0x1_0000 { value.to_string() } else { hex(value) };
        format!("({}, {value})", literal(&name))
    });
    array(text, "PARAMETERS: &'static [(&'static str, u64)]", numbers.collect());
    array(text, "TEXTS: &'static [&'static str]", texts(block).iter().map(|name| literal(name)).collect());
}

/// An array constant, if there is anything in it.
fn array(text: &mut String, constant: &str, entries: Vec<String>) {
    if entries.is_empty() {
        return;
    }
    let _ = write!(text, "    const {constant} = &[");
    let line = entries.join(", ");
    if line.len() <= ARRAY_WIDTH {
        text.push_str(&line);
    } else {
        text.push('\n');
        for entry in &entries {
            let _ = writeln!(text, "        {entry},");
        }
        text.push_str("    ");
    }
    text.push_str("];\n");
}

/// The ports of the block's interrupt outputs that reach the processor.
fn interrupts<'d>(wiring: &'d Wiring<'_>, block: &IpBlock) -> Vec<&'d str> {
    let ports = wiring.outputs.keys().filter_map(|output| output.rsplit_once('/'));
    ports.filter(|(path, _)| *path == block.path).map(|(_, port)| port).collect()
}

fn intc(
    text: &mut String,
    remarks: &mut Vec<String>,
    names: &Names<'_>,
    path: &str,
    controller: &Controller,
) -> Result<()> {
    let (inputs, software) = (controller.inputs, controller.software_inputs);
    if inputs == 0 || u64::from(inputs) + u64::from(software) > crate::limits::INTC_INPUTS {
        return Err(Error::Unfit {
            path: path.to_owned(),
            what: "number of its inputs and software interrupts".to_owned(),
            found: format!("{inputs} and {software}"),
            expected: "1 to 32 together",
        });
    }
    remarks.push(format!("It has {inputs} input{}.", if inputs == 1 { "" } else { "s" }));
    if software > 0 {
        remarks.push(format!("It has {software} software interrupt{}.", if software == 1 { "" } else { "s" }));
    }
    let _ = write!(
        text,
        "\nimpl ::pynq_core::design::AxiIntcBlock for {} {{\n    \
             const CONFIG: ::pynq_core::AxiIntcConfig = ::pynq_core::AxiIntcConfig {{\n        \
                 inputs: {inputs},\n        \
                 software_interrupts: {software},\n        \
                 kind_of_intr: {},\n        \
                 has_sie: {},\n        \
                 has_cie: {},\n        \
                 has_ilr: {},\n        \
                 has_fast: {},\n        \
                 output_is_level: {},\n    \
             }};\n    \
             type Irq = {};\n\
         }}\n",
        names.ident(path),
        hex(controller.kind_of_intr.into()),
        controller.has_sie,
        controller.has_cie,
        controller.has_ilr,
        controller.has_fast,
        controller.irq_is_level,
        names.reference(path, &irq(path)),
    );
    Ok(())
}
