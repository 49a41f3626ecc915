//! Resets along the nets: which reset of the processing system, which line of its GPIO and which pin of a block holds what in
//! reset, through reset blocks, gates and slices.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use pynq_hwh::{BusRole, Cell, Design, Family, Wire, WireKind};

use crate::{
    fabric::FabricBuilder,
    models::{GateFunction, GateModel, ProcSysResetModel, ProcSysResetParams, PsResetModel},
};

/// Where a Zynq-7000 has its system-level control registers.
const SLCR: u64 = 0xF800_0000;

/// Gates and slices that a reset passes at most.
const DEPTH: usize = 16;

/// What drives a pin.
#[derive(Clone)]
enum Source {
    /// An output of a block that there is.
    Output(String),
    /// Nothing that is modelled: a constant, at this level, or something outside at whatever is inactive.
    Line { name: String, level: Option<bool> },
}

const RESET: &str = "xilinx.com:ip:proc_sys_reset";

fn resets(design: &Design) -> impl Iterator<Item = (&String, &Cell)> {
    design.cells.iter().filter(|(_, cell)| cell.vlnv_without_version() == RESET)
}

fn params(design: &Design, path: &str, cell: &Cell) -> ProcSysResetParams {
    let default = ProcSysResetParams::default();
    let number = |name| {
        let value = cell.parameters.integer(name).ok();
        value.and_then(|value| u8::try_from(value).ok()).map_or(1, |value| value.clamp(1, 16))
    };
    let wired = |pin: &str| design.wire_to(&format!("{path}/{pin}")).is_some();
    // The tools write these parameters into every file. Where one is missing, what drives the input says it.
    let is_high =
        |name, pin: &str, default| match (cell.parameters.integer(name), design.wire_to(&format!("{path}/{pin}"))) {
            (Ok(value), _) => value != 0,
            (Err(_), Some((driver, wire))) => !is_active_low(driver, wire),
            (Err(_), None) => default,
        };
    ProcSysResetParams {
        ext_reset_high: is_high("C_EXT_RESET_HIGH", "ext_reset_in", default.ext_reset_high),
        aux_reset_high: is_high("C_AUX_RESET_HIGH", "aux_reset_in", default.aux_reset_high),
        bus_resets: number("C_NUM_BUS_RST"),
        peripheral_resets: number("C_NUM_PERP_RST"),
        interconnect_aresetn: number("C_NUM_INTERCONNECT_ARESETN"),
        peripheral_aresetn: number("C_NUM_PERP_ARESETN"),
        ext_wired: wired("ext_reset_in"),
        aux_wired: wired("aux_reset_in"),
        locked_wired: wired("dcm_locked"),
    }
}

/// Whether a reset pin is active low: by its name, which is all that older files have, or by what the net says.
fn is_active_low(pin: &str, wire: &Wire) -> bool {
    let name = pin.to_ascii_lowercase();
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphabetic());
    let of_reset = |end: &str| name.rsplit_once(end).is_some_and(|(_, rest)| ends(rest));
    let patterns = ["resetn", "reset_n", "rstn", "rst_n"];
    name.ends_with("_n") || patterns.into_iter().any(of_reset) || wire.active_low == Some(true)
}

/// How well a pin tells whether the block answers; the lowest is the best. `None` for one that does not tell.
fn rank(pin: &str) -> Option<u8> {
    let name = pin.to_ascii_lowercase();
    match name.as_str() {
        _ if name.contains("debug") || name.starts_with("dbg") || name.starts_with("bram_rst") => None,
        _ if name.starts_with("s_axi") => Some(0),
        "axi_resetn" | "reset" | "ap_rst_n" | "lmb_rst" => Some(1),
        _ if name.starts_with("s_axi_lite") || name.contains("axi") => Some(2),
        _ => Some(3),
    }
}

/// The names under which the blocks of an instance are on the board: one with several slaves is there once for each.
pub(super) fn blocks<'d>(design: &'d Design, builder: &FabricBuilder, instance: &'d str) -> Vec<&'d str> {
    let of_instance = design.ip.iter().filter(|(_, block)| block.path == instance).map(|(path, _)| path.as_str());
    let mut names: Vec<&str> = of_instance.filter(|path| builder.has_block(path)).collect();
    if names.is_empty() && builder.has_block(instance) {
        names.push(instance);
    }
    names
}

impl FabricBuilder {
    /// Adds the reset blocks, and the processing system's resets.
    pub(super) fn reset_parts(mut self, design: &Design) -> Self {
        for (path, cell) in resets(design) {
            if !self.has_block(path) {
                self = self.part(path, ProcSysResetModel::new(params(design, path, cell)));
            }
        }
        let Some(processor) = design.processor.as_ref().filter(|it| it.family == Family::Zynq7000) else { return self };
        let pin = |number: u32| format!("{}/FCLK_RESET{number}_N", processor.path);
        let used: Vec<u32> = (0..4).filter(|&number| design.wires.contains_key(&pin(number))).collect();
        let slcr = format!("{}/slcr", processor.path);
        if used.is_empty() || self.has_block(&slcr) || !self.is_free("processor", SLCR, 0x1000) {
            return self;
        }
        self = self.device(&slcr, SLCR, 0x1000, PsResetModel::new());
        for number in used {
            self = self.line_alias(&pin(number), &format!("{slcr}/FCLK_RESET{number}_N"));
        }
        self
    }

    /// Wires the inputs of the reset blocks, and what they hold.
    pub(super) fn reset_wires(mut self, design: &Design) -> Self {
        let mut known = BTreeMap::new();
        for (path, cell) in resets(design) {
            let built = params(design, path, cell);
            let inactive = [
                ("ext_reset_in", !built.ext_reset_high),
                ("aux_reset_in", !built.aux_reset_high),
                ("mb_debug_sys_rst", false),
                ("dcm_locked", true),
            ];
            for (pin, inactive) in inactive {
                let load = format!("{path}/{pin}");
                let Some((driver, _)) = design.wire_to(&load) else { continue };
                if self.is_free_input(&load) {
                    let source;
                    (self, source) = self.reset_source(design, driver, &mut known, DEPTH);
                    self = match source {
                        Source::Output(output) => self.wire(&output, &load),
                        Source::Line { name, level } => self.external_at(&name, &load, level.unwrap_or(inactive)),
                    };
                }
            }
        }
        // Of several resets of a block, the one of its bus counts.
        let mut best: BTreeMap<&str, (u8, &str, &Wire, &str)> = BTreeMap::new();
        for (driver, wire) in design.wires.iter().filter(|(_, wire)| wire.kind == WireKind::Reset) {
            for (target, pin) in wire.loads.iter().filter_map(|load| load.rsplit_once('/')) {
                let Some(rank) = rank(pin) else { continue };
                if best.get(target).is_none_or(|found| rank < found.0) {
                    best.insert(target, (rank, driver, wire, pin));
                }
            }
        }
        for (target, (_, driver, wire, pin)) in best {
            let mut held = blocks(design, &self, target);
            if held.is_empty() {
                held = behind(design, &self, target);
            }
            if held.is_empty() || design.cells.get(target).is_some_and(|cell| cell.vlnv_without_version() == RESET) {
                continue;
            }
            let source;
            (self, source) = self.reset_source(design, driver, &mut known, DEPTH);
            // What nothing drives here would hold nothing, but a constant: that is as the tools left it, and of no use.
            if let Source::Output(output) = source {
                for block in held {
                    self = self.reset(&output, block, !is_active_low(pin, wire));
                }
            }
        }
        self
    }

    /// What drives a pin, as far as there is a model of it. Gates on the way are added.
    fn reset_source(
        mut self,
        design: &Design,
        driver: &str,
        known: &mut BTreeMap<String, Source>,
        depth: usize,
    ) -> (Self, Source) {
        if let Some(source) = known.get(driver) {
            return (self, source.clone());
        }
        let line = |level| Source::Line { name: driver.to_string(), level };
        let (path, _) = driver.rsplit_once('/').unwrap_or((driver, ""));
        let source = if self.has_output(driver) {
            Source::Output(driver.to_string())
        } else if self.has_output(&format!("{driver}[0]")) {
            Source::Output(format!("{driver}[0]"))
        } else if let Some(output) = self.of_processor(design, driver) {
            Source::Output(output)
        } else if let Some(cell) = design.cells.get(path).filter(|_| depth > 0) {
            let input = |pin: &str| design.wire_to(&format!("{path}/{pin}")).map(|(driver, _)| driver);
            match cell.vlnv_without_version() {
                "xilinx.com:ip:xlconstant" | "xilinx.com:inline_hdl:ilconstant" => {
                    line(Some(cell.parameters.integer("CONST_VAL").unwrap_or(1) & 1 != 0))
                }
                "xilinx.com:ip:xlslice" | "xilinx.com:inline_hdl:ilslice" => match input("Din") {
                    Some(wide) => {
                        let bit = cell.parameters.integer("DIN_FROM").unwrap_or(0);
                        let output = format!("{wide}[{bit}]");
                        if self.has_output(&output) { Source::Output(output) } else { line(None) }
                    }
                    None => line(None),
                },
                "xilinx.com:ip:util_vector_logic" | "xilinx.com:inline_hdl:ilvector_logic" => {
                    let operation = cell.parameters.get("C_OPERATION").unwrap_or("and").to_ascii_lowercase();
                    let function = match operation.as_str() {
                        "and" => Some(GateFunction::And),
                        "or" => Some(GateFunction::Or),
                        "xor" => Some(GateFunction::Xor),
                        "not" => Some(GateFunction::Not),
                        _ => None,
                    };
                    let inputs: Vec<&str> = ["Op1", "Op2"].into_iter().filter_map(input).collect();
                    match function {
                        Some(function) if !self.has_block(path) && !inputs.is_empty() => {
                            let source;
                            (self, source) = self.reset_gate(design, (path, function), &inputs, known, depth - 1);
                            source
                        }
                        _ => line(None),
                    }
                }
                _ => line(None),
            }
        } else {
            line(None)
        };
        known.insert(driver.to_string(), source.clone());
        (self, source)
    }

    fn reset_gate(
        mut self,
        design: &Design,
        (path, function): (&str, GateFunction),
        inputs: &[&str],
        known: &mut BTreeMap<String, Source>,
        depth: usize,
    ) -> (Self, Source) {
        let width = u8::try_from(inputs.len()).unwrap_or(2);
        self = self.part(path, GateModel::new(function, width));
        for (number, driver) in inputs.iter().enumerate() {
            let load = format!("{path}/in[{number}]");
            let source;
            (self, source) = self.reset_source(design, driver, known, depth);
            self = match source {
                Source::Output(output) if self.is_free_input(&load) => self.wire(&output, &load),
                Source::Line { name, level } => self.external_at(&name, &load, level.unwrap_or(false)),
                Source::Output(_) => self,
            };
        }
        (self, Source::Output(format!("{path}/out")))
    }

    /// The output behind a pin of the processing system, or behind a slice of its extended GPIO.
    fn of_processor(&self, design: &Design, driver: &str) -> Option<String> {
        let processor = &design.processor.as_ref()?.path;
        let (path, pin) = driver.rsplit_once('/')?;
        let output = match design.processor_gpio.get(path) {
            Some(lines) if lines.width == 1 => {
                format!("{processor}/gpio/emio{}_o[{}]", lines.emio / 32, lines.emio % 32)
            }
            _ if path == processor => format!("{processor}/slcr/{pin}"),
            _ => return None,
        };
        self.has_output(&output).then_some(output)
    }
}

/// The blocks at the slaves of an interconnect: one that is in reset passes nothing on to them.
fn behind<'d>(design: &'d Design, builder: &FabricBuilder, interconnect: &str) -> Vec<&'d str> {
    let kind =
        |cell: &Cell| matches!(cell.vlnv.split(':').nth(2), Some("axi_interconnect" | "smartconnect" | "axi_crossbar"));
    if !design.cells.get(interconnect).is_some_and(kind) {
        return Vec::new();
    }
    let is_master = |bus: &&pynq_hwh::Bus| {
        bus.ends.iter().any(|end| end.path.as_deref() == Some(interconnect) && end.role == BusRole::Initiator)
    };
    let slaves = design.buses.values().filter(is_master).flat_map(|bus| &bus.ends);
    let slaves = slaves.filter(|end| end.role == BusRole::Target).filter_map(|end| end.path.as_deref());
    slaves.flat_map(|slave| blocks(design, builder, slave)).collect()
}
