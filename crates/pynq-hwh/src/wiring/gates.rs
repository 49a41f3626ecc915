//! Follows interrupts through gates, and finds which of them arrive.
//!
//! A line behind an OR of active-high sources is active whenever one of them is, so each can be waited for there; behind
//! an AND it is not, unless all are active low. So what is followed is when the signal is active: an inverter turns that
//! round, and what arrives must be active when the line takes it to be.

use std::sync::Arc;

use super::{Arrival, Builder, place};
use crate::error::Result;
use crate::gates::{GateKind, Polarity};
use crate::interrupts::{BlockedPin, Gate, GateInput, Source};
use crate::limits;
use crate::raw::{ModuleId, PortId};
use crate::trace::{Leaf, trace};
use crate::warning::WarningKind;

/// A bit of the output of a gate, on the way outwards from a line.
struct Step {
    port: PortId,
    bit: u64,
    kind: GateKind,
    /// The step before it, towards the line.
    towards: Option<usize>,
    depth: usize,
}

impl Builder<'_, '_, '_> {
    /// Follows the inputs of the gate that drives a line, and of those behind it.
    pub(super) fn gate(
        &mut self,
        (port, bit, kind): (PortId, u64, GateKind),
        arrival: &Arrival,
        depth: usize,
    ) -> Result<()> {
        let mut steps = vec![Step { port, bit, kind, towards: None, depth: 1 }];
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            let (port, bit, kind, level) = (step.port, step.bit, step.kind, step.depth);
            let name = self.bit_name(port, bit);
            let gates = self.way(&steps, at);
            let mut inputs = Vec::new();
            for (input, bit) in self.inputs_of(port, bit, kind) {
                self.gate_inputs += 1;
                if level > limits::GATE_DEPTH || self.gate_inputs > limits::GATE_INPUTS {
                    if self.warnings.first(WarningKind::BehindGate, port) {
                        let message = "too much logic between it and its line; what is behind is not followed".into();
                        self.warnings.add(WarningKind::BehindGate, &name, message);
                    }
                    break;
                }
                let leaf = trace(self.netlist, input, bit, self.warnings)?;
                let source = match leaf {
                    Leaf::Open => Source::Unconnected,
                    Leaf::Constant => Source::Constant,
                    Leaf::Pin { port, bit } => {
                        let active = self.polarity(port).unwrap_or(Polarity::High);
                        let pin = self.bit_name(port, bit);
                        if self.arrives(&steps, at, &pin, active, arrival) {
                            self.pin(port, bit, Arrival { gates: Arc::clone(&gates), ..arrival.clone() });
                        }
                        Source::Pin(pin)
                    }
                    Leaf::Controller { module, port } => {
                        let path = self.netlist.module(module).map_or_else(String::new, |m| self.netlist.shown(m.path));
                        let pin = self.netlist.pin(port);
                        if self.arrives(&steps, at, &pin, self.output_polarity(module), arrival) {
                            let arrival = Arrival { gates: Arc::clone(&gates), ..arrival.clone() };
                            self.controller(module, port, arrival, depth + 1)?;
                        }
                        Source::Controller(path)
                    }
                    Leaf::Gate { port, bit, kind } => {
                        // A gate that is met twice has been entered already, or feeds itself.
                        if !steps.iter().any(|step| (step.port, step.bit) == (port, bit)) {
                            steps.push(Step { port, bit, kind, towards: Some(at), depth: level + 1 });
                        }
                        Source::Pin(self.bit_name(port, bit))
                    }
                };
                inputs.push(GateInput { pin: self.bit_name(input, bit), source });
            }
            let path = self.netlist.module_of(port).map_or_else(String::new, |module| self.netlist.shown(module.path));
            self.result.gates.entry(name).or_insert(Gate { path, kind, inputs });
            at += 1;
        }
        Ok(())
    }

    /// The bits that bit `bit` of a gate's output depends on.
    fn inputs_of(&self, output: PortId, bit: u64, kind: GateKind) -> Vec<(PortId, u64)> {
        let netlist = self.netlist;
        let (Some(module), Some(port)) = (netlist.module_of(output), netlist.port(output)) else { return Vec::new() };
        if kind == GateKind::Decoupler {
            // The port `rp_NAME` on one side of a decoupler is `s_NAME` on the other.
            let other = match (port.name.strip_prefix("s_"), port.name.strip_prefix("rp_")) {
                (Some(name), _) => format!("rp_{name}"),
                (_, Some(name)) => format!("s_{name}"),
                _ => return Vec::new(),
            };
            return netlist.port_named(module, &other).map(|port| (port, bit)).into_iter().collect();
        }
        let operands = ["Op1", "Op2"].into_iter().filter_map(|name| netlist.port_named(module, name));
        if module.ip_name().contains("reduced") {
            let size = module.parameter("C_SIZE").and_then(crate::number::integer);
            let bits = |port| netlist.port(port).and_then(|port| port.width).or(size).unwrap_or(1);
            let most = limits::GATE_INPUTS as u64;
            return operands.take(1).flat_map(|port| (0..bits(port).min(most)).map(move |bit| (port, bit))).collect();
        }
        operands.take(if kind == GateKind::Not { 1 } else { 2 }).map(|port| (port, bit)).collect()
    }

    /// Whether a gate has one input only, which it hands on whatever its operation is.
    fn has_one_input(&self, output: PortId) -> bool {
        let netlist = self.netlist;
        let Some(module) = netlist.module_of(output) else { return false };
        let Some(first) = netlist.port_named(module, "Op1") else { return false };
        let width = netlist.port(first).and_then(|port| port.width);
        let size = || module.parameter("C_SIZE").and_then(crate::number::integer);
        module.ip_name().contains("reduced") && width.or_else(size).unwrap_or(1) == 1
    }

    /// The gates from step `at` to the line.
    fn way(&self, steps: &[Step], at: usize) -> Arc<[String]> {
        let mut gates = Vec::new();
        let mut next = Some(at);
        while let Some(step) = next.and_then(|at| steps.get(at)) {
            gates.push(self.bit_name(step.port, step.bit));
            next = step.towards;
        }
        gates.into()
    }

    /// Whether `pin`, which is an input of step `at` and active when it is `active`, makes the line active. Where it does
    /// not, that is noted.
    fn arrives(&mut self, steps: &[Step], at: usize, pin: &str, mut active: Polarity, arrival: &Arrival) -> bool {
        let mut blocked = None;
        let mut inverter = None;
        let mut next = Some(at);
        while let (Some(step), None) = (next.and_then(|at| steps.get(at)), blocked) {
            match (step.kind, active) {
                (GateKind::Not, _) => {
                    active = active.inverted();
                    inverter = Some(step);
                }
                (GateKind::Decoupler, _) | (GateKind::Or, Polarity::High) | (GateKind::And, Polarity::Low) => {}
                _ if self.has_one_input(step.port) => {}
                _ => blocked = Some(step),
            }
            next = step.towards;
        }
        if active != arrival.listens {
            blocked = blocked.or(inverter);
        }
        let Some(step) = blocked else {
            if active != arrival.listens {
                let message = format!("active {} on {}, through gates", active.as_str(), place(arrival));
                self.warnings.add(WarningKind::PolarityMismatch, pin, message);
            }
            return true;
        };
        let (gate, kind) = (self.bit_name(step.port, step.bit), step.kind);
        let message = format!(
            "on the way to {} it passes {gate} ({}), which does not hand its level on",
            place(arrival),
            kind.as_str()
        );
        self.warnings.add(WarningKind::BehindGate, pin, message);
        self.result.blocked.entry(pin.to_owned()).or_insert(BlockedPin { gate, kind });
        false
    }

    /// When the output of a controller is active.
    fn output_polarity(&self, id: ModuleId) -> Polarity {
        let active = self.netlist.module(id).and_then(|module| module.parameter("C_IRQ_ACTIVE"));
        Polarity::of_bit(active.and_then(crate::number::boolean).unwrap_or(true))
    }
}
