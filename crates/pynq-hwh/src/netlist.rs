//! Which output drives which inputs: the net table and the cells that interrupts pass through.
//!
//! A net is every port with the same SIGNAME. Its one driver is the output among them; probes of logic analysers and the
//! like are further inputs and never show up here. The ports of a block-design container are a boundary and drive
//! nothing themselves: where inside and outside share the SIGNAME the inner output is the driver, where they don't the
//! container's CONNECTIONS lead across.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Error, Result};
use crate::gates::GateKind;
use crate::limits;
use crate::number;
use crate::raw::{Direction, ModuleId, PortId, RawDesign, RawModule, RawPort};
use crate::warning::{WarningKind, Warnings, clip};

/// What a module does to a bit that passes through it.
#[derive(Debug)]
pub(crate) enum Cell {
    /// Joins its inputs, the first at the bottom.
    Concat(Vec<ConcatInput>),
    /// Takes a range of bits out of its input.
    Slice { input: Option<PortId>, low: u64 },
    /// Drives a constant.
    Constant,
    /// An interrupt controller.
    Intc { input: Option<PortId> },
    /// Logic that an interrupt can pass.
    Gate(GateKind),
    /// Anything else: where a trace ends.
    Opaque,
}

/// One input of a concat.
#[derive(Debug)]
pub(crate) struct ConcatInput {
    /// The first bit of the output that it supplies.
    pub(crate) start: u64,
    pub(crate) width: u64,
    /// `None`: it has a width, and no port.
    pub(crate) port: Option<PortId>,
}

/// The output side of a net.
#[derive(Debug, Default, Clone, Copy)]
struct Drivers {
    /// The output of a cell, or a top-level input.
    cell: Option<PortId>,
    /// There is a second one.
    several: bool,
    /// A container's output.
    boundary: Option<PortId>,
    /// A bidirectional port, which counts where nothing else drives.
    inout: Option<PortId>,
}

#[derive(Debug)]
pub(crate) struct Netlist<'r, 'a> {
    pub(crate) raw: &'r RawDesign<'a>,
    cells: Vec<Cell>,
    nets: HashMap<&'a str, Drivers>,
    /// Modules by INSTANCE.
    instances: HashMap<&'a str, ModuleId>,
    /// Ports by instance and name. Filled where the design has containers.
    ports: HashMap<(&'a str, &'a str), PortId>,
    /// The container port that feeds an inner port.
    entries: HashMap<PortId, PortId>,
    /// The inner output behind a container's output.
    exits: HashMap<PortId, PortId>,
}

impl<'r, 'a> Netlist<'r, 'a> {
    pub(crate) fn new(raw: &'r RawDesign<'a>, warnings: &mut Warnings) -> Result<Self> {
        let mut netlist = Self {
            raw,
            cells: Vec::with_capacity(raw.modules.len()),
            nets: HashMap::with_capacity(raw.ports.len()),
            instances: raw.modules.iter().enumerate().map(|(id, module)| (module.instance, id)).collect(),
            ports: HashMap::new(),
            entries: HashMap::new(),
            exits: HashMap::new(),
        };
        for (id, port) in raw.ports.iter().enumerate() {
            netlist.add_driver(id, port);
        }
        for module in &raw.modules {
            netlist.cells.push(netlist.cell(module, warnings)?);
        }
        if raw.modules.iter().any(|module| module.container) {
            netlist.index_containers();
        }
        Ok(netlist)
    }

    fn add_driver(&mut self, id: PortId, port: &RawPort<'a>) {
        // Seen from the inside, an input pin of the design drives.
        let drives = match (port.module, port.direction) {
            (_, Direction::InOut) => None,
            (Some(_), direction) => Some(direction == Direction::Out),
            (None, direction) => Some(direction == Direction::In),
        };
        if port.signal.is_empty() || drives == Some(false) {
            return;
        }
        let boundary = self.module_of(id).is_some_and(|module| module.container);
        let net = self.nets.entry(port.signal).or_default();
        match (drives, boundary) {
            (None, _) => net.inout = net.inout.or(Some(id)),
            (_, true) => net.boundary = net.boundary.or(Some(id)),
            (_, false) => {
                net.several |= net.cell.is_some();
                net.cell = net.cell.or(Some(id));
            }
        }
    }

    fn index_containers(&mut self) {
        for (id, port) in self.raw.ports.iter().enumerate() {
            let instance = self.module_of(id).map_or("External_Ports", |module| module.instance);
            self.ports.insert((instance, port.name), id);
        }
        for (id, port) in self.raw.ports.iter().enumerate() {
            for inner in port.peers.iter().filter_map(|peer| self.ports.get(peer).copied()) {
                if !self.is_inside(inner, id) {
                    continue;
                }
                let drives = self.port(inner).is_some_and(|inner| inner.direction == Direction::Out);
                if port.direction != Direction::Out {
                    self.entries.insert(inner, id);
                } else if drives {
                    self.exits.entry(id).or_insert(inner);
                }
            }
        }
    }

    /// Whether the cell of `inner` is in the container whose port `boundary` is.
    fn is_inside(&self, inner: PortId, boundary: PortId) -> bool {
        let (Some(inner), Some(container)) = (self.module_of(inner), self.module_of(boundary)) else {
            return false;
        };
        inner.path.strip_prefix(container.path).is_some_and(|rest| rest.starts_with('/'))
    }

    pub(crate) fn port(&self, id: PortId) -> Option<&'r RawPort<'a>> {
        self.raw.ports.get(id)
    }

    pub(crate) fn module(&self, id: ModuleId) -> Option<&'r RawModule<'a>> {
        self.raw.modules.get(id)
    }

    pub(crate) fn module_of(&self, id: PortId) -> Option<&'r RawModule<'a>> {
        self.module(self.port(id)?.module?)
    }

    pub(crate) fn cell_of(&self, id: ModuleId) -> &Cell {
        self.cells.get(id).unwrap_or(&Cell::Opaque)
    }

    pub(crate) fn instance(&self, name: &str) -> Option<ModuleId> {
        self.instances.get(name).copied()
    }

    /// The ports of a module, with their ids.
    pub(crate) fn ports_of(&self, module: &'r RawModule<'a>) -> impl Iterator<Item = (PortId, &'r RawPort<'a>)> {
        module.ports.clone().zip(self.raw.ports.get(module.ports.clone()).unwrap_or_default())
    }

    pub(crate) fn port_named(&self, module: &'r RawModule<'a>, name: &str) -> Option<PortId> {
        self.ports_of(module).find(|(_, port)| port.name.eq_ignore_ascii_case(name)).map(|(id, _)| id)
    }

    /// The path of a module, or the name of a port, as it is shown: without entities.
    pub(crate) fn shown(&self, raw: &str) -> String {
        self.raw.text.unescape(raw).unwrap_or_else(|_| raw.to_owned())
    }

    /// `path/PORT`, or the bare name of a top-level pin.
    pub(crate) fn pin(&self, id: PortId) -> String {
        match (self.module_of(id), self.port(id)) {
            (Some(module), Some(port)) => {
                if module.path.contains('&') || port.name.contains('&') {
                    return format!("{}/{}", self.shown(module.path), self.shown(port.name));
                }
                let mut pin = String::with_capacity(module.path.len() + 1 + port.name.len());
                pin.extend([module.path, "/", port.name]);
                pin
            }
            (None, Some(port)) => self.shown(port.name),
            _ => String::new(),
        }
    }

    /// Bits of a port; one where the file does not say.
    pub(crate) fn width(&self, id: PortId) -> u64 {
        self.port(id).and_then(|port| port.width).unwrap_or(1)
    }

    /// The output that drives what `load` is connected to, across container boundaries.
    pub(crate) fn driver(&self, load: PortId, warnings: &mut Warnings) -> Option<PortId> {
        let mut load = load;
        // One round per container boundary on the way in.
        for _ in 0..limits::PATH_LEVELS {
            let port = self.port(load)?;
            let net = if port.signal.is_empty() { None } else { self.nets.get(port.signal) };
            let net = net.copied().unwrap_or_default();
            if net.several && warnings.first(WarningKind::SeveralDrivers, load) {
                let taken = net.cell.map(|id| self.pin(id)).unwrap_or_default();
                let message = format!("its net `{}` has several drivers; {taken} is taken", clip(port.signal));
                warnings.add(WarningKind::SeveralDrivers, &self.pin(load), message);
            }
            if net.cell.is_some() {
                return net.cell;
            }
            if let Some(boundary) = net.boundary {
                return Some(self.inside(boundary));
            }
            match self.entries.get(&load) {
                Some(entry) => load = *entry,
                None => return net.inout.filter(|id| *id != load),
            }
        }
        None
    }

    /// The inner output behind a container's output, or that output itself where the file does not show the inside.
    fn inside(&self, boundary: PortId) -> PortId {
        let mut boundary = boundary;
        for _ in 0..limits::PATH_LEVELS {
            let Some(inner) = self.exits.get(&boundary).copied() else { break };
            boundary = inner;
            if !self.module_of(inner).is_some_and(|module| module.container) {
                break;
            }
        }
        boundary
    }

    fn cell(&self, module: &'r RawModule<'a>, warnings: &mut Warnings) -> Result<Cell> {
        Ok(match module.ip_name() {
            "xlconcat" | "ilconcat" => Cell::Concat(self.concat(module)?),
            "xlslice" | "ilslice" => {
                let low = self.slice_bound(module, "DIN_TO", warnings)?;
                let high = self.slice_bound(module, "DIN_FROM", warnings)?;
                Cell::Slice { input: self.port_named(module, "Din"), low: low.min(high) }
            }
            "xlconstant" | "ilconstant" => Cell::Constant,
            "util_vector_logic" | "ilvector_logic" => gate(module, false),
            "util_reduced_logic" | "ilreduced_logic" => gate(module, true),
            "dfx_decoupler" | "pr_decoupler" => Cell::Gate(GateKind::Decoupler),
            "axi_intc" => Cell::Intc { input: self.port_named(module, "intr") },
            _ => Cell::Opaque,
        })
    }

    fn slice_bound(&self, module: &RawModule<'a>, name: &str, warnings: &mut Warnings) -> Result<u64> {
        let Some(text) = module.parameter(name) else {
            let message = format!("{name} is missing, 0 is assumed");
            warnings.add(WarningKind::DefaultedParameter, module.path, message);
            return Ok(0);
        };
        self.count(module, name, text, limits::PORT_BITS)
    }

    /// A count that decides how bits are numbered: it is understood, or the file is refused.
    pub(crate) fn count(&self, module: &RawModule<'a>, name: &str, text: &'a str, limit: u64) -> Result<u64> {
        let place = || self.raw.text.place(text);
        let Some(value) = number::integer(text) else {
            let what = format!("{name} of `{}`", clip(module.path));
            return Err(Error::BadValue { place: place(), what, found: clip(text), expected: "a whole number" });
        };
        if value > limit {
            let what = format!("{name} of `{}`", clip(module.path));
            return Err(Error::Limit { place: place(), what, found: value.to_string(), limit });
        }
        Ok(value)
    }

    /// The inputs of a concat. Each one takes its own declared width, connected or not.
    fn concat(&self, module: &'r RawModule<'a>) -> Result<Vec<ConcatInput>> {
        // Only inputs that the file names are visited: NUM_PORTS is a number that any file can claim.
        let mut named: BTreeMap<u64, (Option<PortId>, Option<&'a str>)> = BTreeMap::new();
        for (id, port) in self.ports_of(module) {
            if let Some(index) = numbered(port.name, "in", "") {
                named.entry(index).or_default().0 = Some(id);
            }
        }
        for (name, value) in &module.parameters {
            if let Some(index) = numbered(name, "in", "_width") {
                named.entry(index).or_default().1 = Some(value);
            }
        }
        let count = match module.parameter("NUM_PORTS") {
            Some(text) => self.count(module, "NUM_PORTS", text, limits::CONCAT_INPUTS)?,
            None => limits::CONCAT_INPUTS,
        };
        let mut inputs = Vec::new();
        let (mut start, mut next): (u64, u64) = (0, 0);
        for (index, (port, parameter)) in named.range(..count) {
            // Inputs without a port or a parameter are one bit wide, as the IP's default is.
            start = start.saturating_add(index - next);
            next = index + 1;
            // The port shows the elaborated width; the parameter serves where the port has no range.
            let declared = port.and_then(|id| self.port(id)).and_then(|port| port.width);
            let width = match (declared, parameter) {
                (Some(width), _) => width,
                (None, Some(text)) => self.count(module, "width of an input", text, limits::PORT_BITS)?,
                (None, None) => 1,
            };
            inputs.push(ConcatInput { start, width, port: *port });
            start = start.saturating_add(width);
        }
        Ok(inputs)
    }
}

/// The gate that a module is, if its operation is known.
fn gate(module: &RawModule<'_>, reduced: bool) -> Cell {
    let operation = module.parameter("C_OPERATION").map(number::unquote).unwrap_or("and");
    match GateKind::parse(operation) {
        Some(GateKind::Not) if reduced => Cell::Opaque,
        Some(kind) => Cell::Gate(kind),
        None => Cell::Opaque,
    }
}

/// The number between `prefix` and `suffix`, in any case; concats have at most [`limits::CONCAT_INPUTS`].
fn numbered(name: &str, prefix: &str, suffix: &str) -> Option<u64> {
    let (head, rest) = (name.get(..prefix.len())?, name.get(prefix.len()..)?);
    let end = rest.len().checked_sub(suffix.len())?;
    let (number, tail) = (rest.get(..end)?, rest.get(end..)?);
    if !head.eq_ignore_ascii_case(prefix) || !tail.eq_ignore_ascii_case(suffix) {
        return None;
    }
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse().ok().filter(|index| *index < limits::CONCAT_INPUTS)
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn numbered_names() {
        assert_eq!(numbered("In0", "in", ""), Some(0));
        assert_eq!(numbered("IN12_WIDTH", "in", "_width"), Some(12));
        for name in ["In", "Inx", "dout", "In+1", "In99999999999999999999", "In4294967295", "é", ""] {
            assert_eq!(numbered(name, "in", ""), None, "{name}");
        }
        assert_eq!(numbered("IN_WIDTH", "in", "_width"), None);
    }
}
