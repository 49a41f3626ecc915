//! From an interrupt input back to what drives it, bit by bit.
//!
//! A bit has one driver, which is one bit of one output, and passes concats, slices and container boundaries on its way.
//! So a trace is a walk along a chain, not a search through a tree: it needs no recursion, and a net that feeds itself
//! shows as a place that is met twice.

use crate::error::{Error, Result};
use crate::gates::GateKind;
use crate::limits;
use crate::netlist::{Cell, Netlist};
use crate::raw::{ModuleId, PortId};
use crate::warning::Warnings;

/// What a trace ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Nothing drives the bit.
    Open,
    /// A constant does.
    Constant,
    /// Bit `bit` of an output that is no wiring.
    Pin { port: PortId, bit: u64 },
    /// The output of an interrupt controller.
    Controller { module: ModuleId, port: PortId },
    /// Bit `bit` of the output of a gate.
    Gate { port: PortId, bit: u64, kind: GateKind },
}

/// Follows bit `bit` of input `load` to its source.
pub(crate) fn trace(netlist: &Netlist<'_, '_>, load: PortId, bit: u64, warnings: &mut Warnings) -> Result<Leaf> {
    let mut at = (load, bit);
    // Brent's way to find a cycle: remember one place, at distances that double.
    let mut remembered = at;
    for step in 1..=limits::TRACE_STEPS {
        at = match step_back(netlist, at, warnings) {
            Step::End(leaf) => return Ok(leaf),
            Step::On(next) => next,
        };
        if at == remembered {
            return Err(self_feeding(netlist, at, warnings));
        }
        if step.is_power_of_two() {
            remembered = at;
        }
    }
    let module = netlist.module_of(load).map_or("", |module| module.tag);
    Err(Error::Limit {
        place: netlist.raw.text.place(module),
        what: format!("number of concats and slices behind `{}`", netlist.pin(load)),
        found: format!("more than {}", limits::TRACE_STEPS),
        limit: limits::TRACE_STEPS as u64,
    })
}

enum Step {
    On((PortId, u64)),
    End(Leaf),
}

fn step_back(netlist: &Netlist<'_, '_>, (load, bit): (PortId, u64), warnings: &mut Warnings) -> Step {
    let Some(driver) = netlist.driver(load, warnings) else {
        return Step::End(Leaf::Open);
    };
    let Some(port) = netlist.port(driver) else {
        return Step::End(Leaf::Open);
    };
    let pin = Step::End(if bit < netlist.width(driver) { Leaf::Pin { port: driver, bit } } else { Leaf::Open });
    let Some(module) = port.module else {
        return pin;
    };
    let output = |name: &str| port.name.eq_ignore_ascii_case(name);
    match netlist.cell_of(module) {
        Cell::Concat(inputs) if output("dout") => {
            let index = inputs.partition_point(|input| input.start <= bit).checked_sub(1);
            match index.and_then(|index| inputs.get(index)) {
                Some(input) if bit - input.start < input.width => match input.port {
                    Some(load) => {
                        warnings.passed(load, input.width);
                        Step::On((load, bit - input.start))
                    }
                    None => Step::End(Leaf::Open),
                },
                _ => Step::End(Leaf::Open),
            }
        }
        Cell::Slice { input, low } if output("Dout") => match input {
            Some(_) if port.width.is_some_and(|width| bit >= width) => Step::End(Leaf::Open),
            Some(load) => Step::On((*load, low.saturating_add(bit))),
            None => Step::End(Leaf::Open),
        },
        Cell::Constant => Step::End(Leaf::Constant),
        Cell::Gate(kind) if bit < netlist.width(driver) => Step::End(Leaf::Gate { port: driver, bit, kind: *kind }),
        Cell::Intc { .. } if output("irq") => match bit {
            0 => Step::End(Leaf::Controller { module, port: driver }),
            _ => Step::End(Leaf::Open),
        },
        _ => pin,
    }
}

/// The error for a net that comes back to `start`.
fn self_feeding(netlist: &Netlist<'_, '_>, start: (PortId, u64), warnings: &mut Warnings) -> Error {
    const SHOWN: usize = 16;
    let mut pins = vec![netlist.pin(start.0)];
    let mut at = start;
    while pins.len() < SHOWN {
        match step_back(netlist, at, warnings) {
            Step::On(next) => at = next,
            Step::End(_) => break,
        }
        pins.push(netlist.pin(at.0));
        if at == start {
            break;
        }
    }
    let module = netlist.module_of(start.0).map_or("", |module| module.tag);
    Error::Loop { place: netlist.raw.text.place(module), pins }
}
