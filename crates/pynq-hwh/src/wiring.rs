//! Builds the interrupt tree, from the processor's inputs outwards.
//!
//! Starting at the processor leaves out by itself what never reaches it: the private controllers of soft processors, and
//! everything behind them.

mod checks;
mod gates;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::gates::Polarity;
use crate::interrupts::{Controller, InterruptPin, Interrupts, LineKind, ProcessorLine, Source};
use crate::limits;
use crate::netlist::{Cell, Netlist};
use crate::number;
use crate::platform::Family;
use crate::raw::{ModuleId, PortId, RawModule};
use crate::trace::{Leaf, trace};
use crate::warning::{WarningKind, Warnings, clip};

/// Where a bit arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrival {
    controller: Option<String>,
    /// The processor's port, for bits that arrive there.
    input: &'static str,
    line: u32,
    ps_irq: Option<u32>,
    kind: Option<LineKind>,
    listens: Polarity,
    /// The gates on the way there.
    gates: Arc<[String]>,
}

/// The interrupt tree of the design whose processor is module `processor`. `base_of` returns the address of a module.
pub(crate) fn build(
    netlist: &Netlist<'_, '_>,
    processor: ModuleId,
    family: Family,
    base_of: &dyn Fn(ModuleId) -> Option<u64>,
    warnings: &mut Warnings,
) -> Result<Interrupts> {
    let mut builder = Builder {
        netlist,
        base_of,
        warnings,
        result: Interrupts::default(),
        arrivals: BTreeMap::new(),
        seen: HashMap::new(),
        gate_inputs: 0,
    };
    if let Some(module) = netlist.module(processor) {
        builder.processor(module, family)?;
    }
    builder.collect_pins();
    builder.lost_bits()?;
    Ok(builder.result)
}

struct Builder<'b, 'r, 'a> {
    netlist: &'b Netlist<'r, 'a>,
    base_of: &'b dyn Fn(ModuleId) -> Option<u64>,
    warnings: &'b mut Warnings,
    result: Interrupts,
    /// Every interrupt source met, bit by bit.
    arrivals: BTreeMap<PortId, BTreeMap<u64, Arrival>>,
    /// Controllers met: true while their inputs are being followed.
    seen: HashMap<ModuleId, bool>,
    /// Inputs of gates that were looked at.
    gate_inputs: usize,
}

impl<'r, 'a> Builder<'_, 'r, 'a> {
    fn processor(&mut self, module: &'r RawModule<'a>, family: Family) -> Result<()> {
        for input in family.interrupt_inputs() {
            let Some(port) = self.netlist.port_named(module, input.port) else { continue };
            let width = self.netlist.width(port);
            self.warnings.passed(port, width);
            let top = self.alignment(module, family, width);
            let mut lines = Vec::new();
            // A bit beyond the last line reaches nothing; tracing a few of them is enough for a warning.
            for bit in 0..width.min(input.lines * 2) {
                let line = bit + top;
                let leaf = trace(self.netlist, port, bit, self.warnings)?;
                if leaf != Leaf::Open && line >= input.lines {
                    let message = format!("{} has {} lines, this one reaches nothing", input.port, input.lines);
                    self.warnings.add(
                        WarningKind::UnusableLine,
                        &format!("{}[{bit}]", self.netlist.pin(port)),
                        message,
                    );
                    continue;
                }
                lines.push((bit, line, leaf));
            }
            if lines.iter().all(|(_, _, leaf)| *leaf == Leaf::Open) {
                continue;
            }
            for (bit, line, leaf) in lines {
                let arrival = Arrival {
                    controller: None,
                    input: input.port,
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                    ps_irq: input.gic_id(line),
                    kind: None,
                    listens: Polarity::High,
                    gates: Arc::default(),
                };
                let (line, ps_irq) = (arrival.line, arrival.ps_irq);
                let source = self.arrive(leaf, arrival, 0)?;
                if source == Source::Unconnected {
                    let pin = format!("{}[{bit}]", self.netlist.pin(port));
                    self.warnings.add(WarningKind::UnconnectedInput, &pin, "nothing drives this bit".into());
                }
                self.result.processor.push(ProcessorLine { port: input.port.to_owned(), line, ps_irq, source });
            }
        }
        for name in family.private_inputs() {
            let Some(port) = self.netlist.port_named(module, name) else { continue };
            if !matches!(trace(self.netlist, port, 0, self.warnings)?, Leaf::Open | Leaf::Constant) {
                let message = "a private interrupt of one core, which no operating system hands out".into();
                self.warnings.add(WarningKind::UnusableLine, &self.netlist.pin(port), message);
            }
        }
        Ok(())
    }

    /// The line of bit 0: in the old REVERSE mode a vector is aligned to the top.
    fn alignment(&mut self, module: &'r RawModule<'a>, family: Family, width: u64) -> u64 {
        let reverse = module.parameter("PCW_IRQ_F2P_MODE").map(number::unquote);
        if family != Family::Zynq7000 || !reverse.is_some_and(|mode| mode.eq_ignore_ascii_case("REVERSE")) {
            return 0;
        }
        let top = 16_u64.saturating_sub(width);
        let message = format!("PCW_IRQ_F2P_MODE is REVERSE: bit 0 of {width} is line {top}; set it to DIRECT");
        self.warnings.add(WarningKind::ReverseMode, &format!("{}/IRQ_F2P", module.path), message);
        top
    }

    /// Notes that `leaf` arrives at `arrival`, and follows the inputs of a controller.
    fn arrive(&mut self, leaf: Leaf, arrival: Arrival, depth: usize) -> Result<Source> {
        match leaf {
            Leaf::Open => Ok(Source::Unconnected),
            Leaf::Constant => Ok(Source::Constant),
            Leaf::Pin { port, bit } => Ok(Source::Pin(self.pin(port, bit, arrival))),
            Leaf::Controller { module, port } => self.controller(module, port, arrival, depth),
            Leaf::Gate { port, bit, kind } => {
                self.gate((port, bit, kind), &arrival, depth)?;
                Ok(Source::Pin(self.pin(port, bit, arrival)))
            }
        }
    }

    /// Notes that bit `bit` of output `port` arrives at `arrival`.
    fn pin(&mut self, port: PortId, bit: u64, arrival: Arrival) -> String {
        let name = self.bit_name(port, bit);
        self.check_sensitivity(&name, self.sensitivity(port), self.polarity(port), &arrival);
        let bits = self.arrivals.entry(port).or_default();
        match bits.get_mut(&bit) {
            Some(first) => {
                // The way without gates is the better one.
                let mut other = arrival;
                if other.gates.is_empty() && !first.gates.is_empty() {
                    std::mem::swap(first, &mut other);
                }
                let message = format!("it also reaches {}; {} is listed", place(&other), place(first));
                self.warnings.add(WarningKind::SeveralRoutes, &name, message);
            }
            None => {
                bits.insert(bit, arrival);
            }
        }
        name
    }

    fn controller(&mut self, id: ModuleId, output: PortId, arrival: Arrival, depth: usize) -> Result<Source> {
        let Some(module) = self.netlist.module(id) else { return Ok(Source::Unconnected) };
        let path = self.netlist.shown(module.path);
        match self.seen.get(&id) {
            Some(true) => {
                let pins = vec![format!("{path}/intr"), self.netlist.pin(output), format!("{path}/intr")];
                return Err(Error::Loop { place: self.netlist.raw.text.place(module.tag), pins });
            }
            Some(false) => {
                let message = format!("its output also reaches {}; the first route is listed", place(&arrival));
                self.warnings.add(WarningKind::SeveralRoutes, &path, message);
                return Ok(Source::Controller(path));
            }
            None => {}
        }
        if depth >= limits::CASCADE_DEPTH || self.seen.len() >= limits::CONTROLLERS {
            return Err(Error::Limit {
                place: self.netlist.raw.text.place(module.tag),
                what: "cascade of interrupt controllers".into(),
                found: format!("{depth} deep with {} controllers", self.seen.len() + 1),
                limit: limits::CASCADE_DEPTH as u64,
            });
        }
        self.seen.insert(id, true);
        let mut controller = self.describe(id, module, &arrival)?;
        let source = if controller.irq_is_level { LineKind::Level } else { LineKind::Edge };
        let polarity = Polarity::of_bit(controller.irq_active_high);
        self.check_sensitivity(&self.netlist.pin(output), Some(source), Some(polarity), &arrival);
        let input = match self.netlist.cell_of(id) {
            Cell::Intc { input } => *input,
            _ => None,
        };
        if let Some(input) = input {
            self.warnings.passed(input, controller.inputs.into());
        }
        for line in 0..controller.inputs {
            let leaf = match input {
                Some(input) => trace(self.netlist, input, u64::from(line), self.warnings)?,
                None => Leaf::Open,
            };
            let kind = Some(controller.kind(line));
            let arrival = Arrival {
                controller: Some(path.clone()),
                input: "",
                line,
                ps_irq: None,
                kind,
                listens: controller.polarity(line),
                gates: Arc::default(),
            };
            let source = self.arrive(leaf, arrival, depth + 1)?;
            if source == Source::Unconnected {
                let pin = format!("{path}/intr[{line}]");
                self.warnings.add(WarningKind::UnconnectedInput, &pin, "nothing drives this input".into());
            }
            controller.lines.push(source);
        }
        self.seen.insert(id, false);
        self.result.controllers.insert(path.clone(), controller);
        Ok(Source::Controller(path))
    }

    fn describe(&mut self, id: ModuleId, module: &'r RawModule<'a>, arrival: &Arrival) -> Result<Controller> {
        let mut base = (self.base_of)(id);
        if base.is_none() {
            let parameter = module.parameter("C_BASEADDR").and_then(number::address);
            let outcome = match parameter {
                Some(address) => format!("C_BASEADDR ({address:#x}) is assumed"),
                None => "no driver can reach it".into(),
            };
            let message = format!("not in the processor's memory map; {outcome}");
            self.warnings.add(WarningKind::UnmappedController, module.path, message);
            base = parameter;
        }
        let wired = match self.netlist.port_named(module, "intr") {
            Some(port) => self.netlist.width(port).min(limits::INTC_INPUTS),
            None => 0,
        };
        let inputs = self.intc_count(module, "C_NUM_INTR_INPUTS", wired)?;
        let software = self.intc_count(module, "C_NUM_SW_INTR", 0)?;
        Ok(Controller {
            base,
            inputs,
            software_inputs: software,
            kind_of_intr: self.mask(module, "C_KIND_OF_INTR")?,
            kind_of_edge: self.mask(module, "C_KIND_OF_EDGE")?,
            kind_of_level: self.mask(module, "C_KIND_OF_LVL")?,
            parent: arrival.controller.clone(),
            line: arrival.line,
            ps_irq: arrival.ps_irq,
            gates: Arc::clone(&arrival.gates),
            has_ipr: self.flag(module, "C_HAS_IPR", true),
            has_sie: self.flag(module, "C_HAS_SIE", true),
            has_cie: self.flag(module, "C_HAS_CIE", true),
            has_ivr: self.flag(module, "C_HAS_IVR", true),
            has_ilr: self.flag(module, "C_HAS_ILR", false),
            has_fast: self.flag(module, "C_HAS_FAST", false),
            irq_is_level: self.flag(module, "C_IRQ_IS_LEVEL", true),
            irq_active_high: self.flag(module, "C_IRQ_ACTIVE", true),
            lines: Vec::new(),
        })
    }

    fn defaulted(&mut self, module: &RawModule<'a>, name: &str, default: &dyn std::fmt::Display) {
        let state = match module.parameter(name) {
            Some(text) => format!("is `{}`", clip(text)),
            None => "is missing".into(),
        };
        let message = format!("{name} {state}; {default} is assumed");
        self.warnings.add(WarningKind::DefaultedParameter, module.path, message);
    }

    fn intc_count(&mut self, module: &'r RawModule<'a>, name: &str, default: u64) -> Result<u32> {
        let count = match module.parameter(name) {
            Some(text) => self.netlist.count(module, name, text, limits::INTC_INPUTS)?,
            None => {
                self.defaulted(module, name, &default);
                default
            }
        };
        Ok(u32::try_from(count).unwrap_or_default())
    }

    /// A mask with one bit per input: it decides how lines are served, so a value that is there must be understood.
    fn mask(&mut self, module: &'r RawModule<'a>, name: &str) -> Result<u32> {
        let Some(text) = module.parameter(name) else {
            self.defaulted(module, name, &"0xFFFFFFFF");
            return Ok(u32::MAX);
        };
        number::integer(text).and_then(|mask| u32::try_from(mask).ok()).ok_or_else(|| Error::BadValue {
            place: self.netlist.raw.text.place(text),
            what: format!("{name} of `{}`", clip(module.path)),
            found: clip(text),
            expected: "a 32-bit mask",
        })
    }

    fn flag(&mut self, module: &'r RawModule<'a>, name: &str, default: bool) -> bool {
        let value = module.parameter(name).and_then(number::boolean);
        if value.is_none() {
            self.defaulted(module, name, &default);
        }
        value.unwrap_or(default)
    }

    /// `path/PORT`, with the bit for vectors.
    fn bit_name(&self, port: PortId, bit: u64) -> String {
        let pin = self.netlist.pin(port);
        if self.netlist.width(port) > 1 { format!("{pin}[{bit}]") } else { pin }
    }

    /// Turns bits into pins: a vector whose bits all land on consecutive lines of one kind is one pin.
    fn collect_pins(&mut self) {
        for (port, bits) in std::mem::take(&mut self.arrivals) {
            let (sensitivity, polarity) = (self.sensitivity(port), self.polarity(port));
            let pin = |arrival: &Arrival, width| InterruptPin {
                controller: arrival.controller.clone(),
                line: arrival.line,
                width,
                ps_irq: arrival.ps_irq,
                kind: arrival.kind,
                sensitivity,
                polarity,
                listens: arrival.listens,
                gates: Arc::clone(&arrival.gates),
            };
            let whole = bits.len() as u64 == self.netlist.width(port);
            let in_line = |first: &Arrival| {
                bits.values().zip(first.line..).all(|(arrival, line)| {
                    // Consecutive lines, which must be equal in kind and in the way to the processor.
                    arrival.line == line
                        && Arrival { line: first.line, ps_irq: first.ps_irq, ..arrival.clone() } == *first
                })
            };
            match bits.values().next() {
                Some(first) if whole && in_line(first) => {
                    let width = u32::try_from(bits.len()).unwrap_or(u32::MAX);
                    self.result.pins.insert(self.netlist.pin(port), pin(first, width));
                }
                _ => {
                    for (bit, arrival) in &bits {
                        self.result.pins.insert(self.bit_name(port, *bit), pin(arrival, 1));
                    }
                }
            }
        }
    }
}

fn place(arrival: &Arrival) -> String {
    match &arrival.controller {
        Some(path) => format!("input {} of {path}", arrival.line),
        None => format!("line {} of {}", arrival.line, arrival.input),
    }
}
