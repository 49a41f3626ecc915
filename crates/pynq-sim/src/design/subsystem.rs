//! What a soft processor has around it: the wires of its request for an interrupt, its switch of pins, its window to the
//! processor's memory.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
};
use pynq_hwh::{AddressRange, Design, Family, IpBlock, SoftProcessor};

use crate::{fabric::FabricBuilder, models::RequestFlopModel};

/// What is wired one by one, by path.
pub(super) struct Parts<'d> {
    flops: BTreeMap<&'d str, u8>,
    switches: BTreeSet<&'d str>,
}

impl<'d> Parts<'d> {
    pub(super) fn of(design: &'d Design) -> Self {
        let mut parts = Self { flops: BTreeMap::new(), switches: BTreeSet::new() };
        for (path, cell) in &design.cells {
            if cell.vlnv_without_version() == "xilinx.com:user:dff_en_reset_vector" {
                let width = cell.parameters.integer("SIZE").ok().and_then(|size| u8::try_from(size).ok());
                parts.flops.insert(path, width.unwrap_or(1));
            }
        }
        for space in design.address_spaces.values() {
            let switches = space.blocks.values().filter(|block| block.kind() == "io_switch");
            parts.switches.extend(switches.map(|block| block.path.as_str()));
        }
        parts
    }

    fn has(&self, path: &str) -> bool {
        self.flops.contains_key(path) || self.switches.contains(path)
    }
}

/// The ways of soft processors into the processing system.
pub(super) struct Windows<'d> {
    family: Option<Family>,
    processor: &'d str,
}

impl<'d> Windows<'d> {
    pub(super) fn of(design: &'d Design) -> Self {
        let processor = design.processor.as_ref();
        Self { family: processor.map(|it| it.family), processor: processor.map_or("", |it| it.path.as_str()) }
    }

    /// The address bits that count in a range, if it is such a window.
    pub(super) fn bits(&self, range: &AddressRange, block: Option<&IpBlock>) -> Option<u64> {
        if block.is_some_and(|block| block.kind() == "address_remap") {
            return Some(ZYNQ_MEMORY);
        }
        if block.is_some() || range.path != self.processor {
            return None;
        }
        let is_memory = range.address_block.contains("DDR");
        Some(match self.family? {
            // The memory is there again and again.
            Family::Zynq7000 if is_memory => ZYNQ_MEMORY,
            Family::ZynqMp if is_memory => ZYNQMP_MEMORY,
            _ => u64::MAX,
        })
    }
}

const ZYNQ_MEMORY: u64 = 0x1FFF_FFFF;
const ZYNQMP_MEMORY: u64 = 0x7FFF_FFFF;

impl FabricBuilder {
    /// Adds the parts that have no addresses.
    pub(super) fn subsystem_parts(mut self, parts: &Parts<'_>) -> Self {
        for (path, width) in &parts.flops {
            self = self.part(path, RequestFlopModel::new(*width));
        }
        self
    }

    /// Wires these parts bit by bit.
    pub(super) fn subsystem_wires(mut self, design: &Design, parts: &Parts<'_>) -> Self {
        for (driver, wire) in &design.wires {
            let Some((source, _)) = driver.rsplit_once('/') else { continue };
            for load in &wire.loads {
                let Some((target, _)) = load.rsplit_once('/') else { continue };
                if parts.has(source) || parts.has(target) {
                    self = self.wire_bits(driver, load, wire.width.min(32));
                }
            }
        }
        self
    }

    /// Wires a GPIO to the switch that it is joined to as an interface: of the signals of buses the file's nets say nothing.
    pub(super) fn switched_pins(mut self, design: &Design, parts: &Parts<'_>) -> Self {
        let is_switch = |path: &str| parts.switches.contains(path);
        for bus in design.buses.values() {
            let mut ends = bus.ends.iter().filter_map(|end| Some((end.path.as_deref()?, end.name.as_str())));
            let Some((switch, _)) = ends.clone().find(|(path, name)| is_switch(path) && *name == "gpio") else {
                continue;
            };
            let Some((gpio, name)) = ends.find(|(path, _)| !is_switch(path)) else { continue };
            let io = if name.eq_ignore_ascii_case("GPIO2") { "gpio2_io" } else { "gpio_io" };
            for (driver, load) in [
                (format!("{gpio}/{io}_o"), format!("{switch}/gpio_data_o")),
                (format!("{gpio}/{io}_t"), format!("{switch}/gpio_tri_o")),
                (format!("{switch}/gpio_data_i"), format!("{gpio}/{io}_i")),
            ] {
                self = self.wire_bits(&driver, &load, 32);
            }
        }
        self
    }

    fn wire_bits(mut self, driver: &str, load: &str, width: u32) -> Self {
        for bit in 0..width {
            let (from, to) = (format!("{driver}[{bit}]"), format!("{load}[{bit}]"));
            if self.has_output(&from) && self.is_free_input(&to) {
                self = self.wire(&from, &to);
            }
        }
        self
    }

    /// Adds the processor itself, if the feature is there and this is one that can be executed.
    #[cfg(feature = "microblaze")]
    pub(super) fn executing(self, path: &str, soft: &SoftProcessor) -> Self {
        use crate::{error::Error, models::MicroBlazeModel};
        use alloc::string::ToString;
        use pynq_iss::Config;

        if !soft.vlnv.starts_with("xilinx.com:ip:microblaze:") || self.has_block(path) {
            return self;
        }
        let config = match Config::from_parameters(soft.parameters.iter()) {
            Ok(config) => config,
            Err(error) => return self.refused(Error::Processor { path: path.to_string(), error }),
        };
        let clock = soft.parameters.integer("C_FREQ").ok().filter(|&hz| hz != 0).unwrap_or(100_000_000);
        let mut builder =
            self.part(path, MicroBlazeModel::new(config, clock)).master(&format!("{path}/M_AXI_DP"), path);
        let interrupt = format!("{path}/Interrupt");
        for line in &soft.interrupts.processor {
            if builder.is_free_input(&interrupt) {
                builder = builder.source(&soft.interrupts, &line.source, &interrupt);
            }
        }
        builder
    }

    #[cfg(not(feature = "microblaze"))]
    #[allow(clippy::unused_self)]
    pub(super) fn executing(self, _: &str, _: &SoftProcessor) -> Self {
        self
    }
}
