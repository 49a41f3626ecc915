//! The IP blocks that a bus master can address: the processor, a soft processor, a DMA.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::address_space::AddressRange;
use crate::error::{Error, Result};
use crate::limits;
use crate::netlist::Netlist;
use crate::number;
use crate::parameters::Parameters;
use crate::raw::{Direction, ModuleId, RawModule, RawRange};
use crate::registers::{Register, table};
use crate::warning::{WarningKind, Warnings, clip};

/// One address range of an IP block in the processor's memory map.
///
/// A block with several slave interfaces has one of these per interface; they share what belongs to the block.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IpBlock {
    /// Path of the instance.
    pub path: String,
    /// The slave interface at this address.
    pub interface: String,
    /// The master's interface that reaches it; empty where the file does not say. The first one of several.
    pub master_interface: String,
    /// Vendor, library, name and version, separated by colons.
    pub vlnv: String,
    /// Physical address.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// Whether this is memory rather than registers.
    pub memory: bool,
    /// The IP's parameters.
    pub parameters: Arc<Parameters>,
    /// Names of its interrupt outputs, wired or not.
    pub interrupts: Arc<[String]>,
    /// Names of all its outputs that the file lists, those of its bus interfaces too.
    pub outputs: Arc<[String]>,
    /// The registers at this address. Empty for many IP: the file does not have them.
    pub registers: Arc<[Register]>,
    /// Frequency of the interface's clock, where the file says so.
    pub clock_hz: Option<u64>,
}

impl IpBlock {
    /// The VLNV without its version, by which a driver is chosen: `xilinx.com:ip:axi_gpio`.
    #[must_use]
    pub fn vlnv_without_version(&self) -> &str {
        self.vlnv.rsplit_once(':').map_or(self.vlnv.as_str(), |(kind, _)| kind)
    }

    /// The name part of the VLNV: `axi_gpio`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.vlnv.split(':').nth(2).unwrap_or_default()
    }

    /// Whether this is an AXI GPIO that was built without its interrupt (C_INTERRUPT_PRESENT is 0, or missing, which is
    /// the default).
    #[must_use]
    pub fn is_built_without_interrupt(&self) -> bool {
        self.kind() == "axi_gpio" && !self.parameters.boolean("C_INTERRUPT_PRESENT").unwrap_or(false)
    }

    /// The register called `name`.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<&Register> {
        self.registers.iter().find(|register| register.name == name)
    }
}

/// A memory range that is kept, with its numbers read.
struct Range<'a> {
    raw: RawRange<'a>,
    module: ModuleId,
    base: u64,
    size: u64,
}

/// What [`build`] found: the blocks by name, and the address of every module.
#[derive(Default)]
pub(crate) struct MemoryMap {
    pub(crate) blocks: BTreeMap<String, IpBlock>,
    pub(crate) bases: HashMap<ModuleId, u64>,
    /// All lines of the map, windows to a processor's memory too.
    pub(crate) ranges: Vec<AddressRange>,
}

/// What does not depend on the master: read once per module, however many masters see it.
#[derive(Default)]
pub(crate) struct Cache<'a> {
    shared: HashMap<ModuleId, Shared>,
    tables: HashMap<(ModuleId, String, &'a str), Arc<[Register]>>,
    /// Modules that are processors: what a map shows of them is memory behind them, no block.
    processors: HashSet<ModuleId>,
}

impl Cache<'_> {
    pub(crate) fn new(processors: HashSet<ModuleId>) -> Self {
        Self { processors, ..Self::default() }
    }
}

/// Reads the memory map of module `master`. In that of the processor (`strict`) a number that can't be read is an error;
/// in another one its line is left out.
pub(crate) fn build<'a>(
    netlist: &Netlist<'_, 'a>,
    cache: &mut Cache<'a>,
    master: ModuleId,
    strict: bool,
    warnings: &mut Warnings,
) -> Result<MemoryMap> {
    let mut map = MemoryMap::default();
    let ranges = ranges(netlist, cache, master, strict, &mut map.ranges, warnings)?;
    let mut interfaces: HashMap<ModuleId, HashSet<String>> = HashMap::new();
    let mut counts = HashMap::new();
    for range in &ranges {
        interfaces.entry(range.module).or_default().insert(range.raw.slave.to_ascii_lowercase());
        map.bases.entry(range.module).or_insert(range.base);
        let count = counts.entry(range.module).or_insert(0_u64);
        *count += 1;
        if *count > limits::RANGES {
            return Err(Error::Limit {
                place: netlist.raw.text.place(range.raw.base),
                what: format!("number of address ranges of `{}`", clip(range.raw.instance)),
                found: format!("more than {}", limits::RANGES),
                limit: limits::RANGES,
            });
        }
    }
    for range in ranges {
        let Some(module) = netlist.module(range.module) else { continue };
        let text = netlist.raw.text;
        let parts = match cache.shared.get(&range.module) {
            Some(parts) => parts,
            None => cache.shared.entry(range.module).or_insert(Shared::new(netlist, module)?),
        };
        let table_key = (range.module, range.raw.slave.to_ascii_lowercase(), range.raw.block);
        let registers = match cache.tables.get(&table_key) {
            Some(registers) => Arc::clone(registers),
            None => {
                let registers = registers_of(netlist, module, &range.raw, warnings)?;
                Arc::clone(cache.tables.entry(table_key).or_insert(registers))
            }
        };
        let interface = text.unescape(range.raw.slave)?;
        let several = interfaces.get(&range.module).is_some_and(|names| names.len() > 1);
        let name = if several { format!("{}/{interface}", parts.path) } else { parts.path.clone() };
        let block = IpBlock {
            path: parts.path.clone(),
            interface,
            master_interface: text.unescape(range.raw.master)?,
            vlnv: parts.vlnv.clone(),
            base: range.base,
            size: range.size,
            memory: range.raw.kind.eq_ignore_ascii_case("MEMORY"),
            parameters: Arc::clone(&parts.parameters),
            interrupts: Arc::clone(&parts.interrupts),
            outputs: Arc::clone(&parts.outputs),
            registers,
            clock_hz: clock_of(netlist, module, range.raw.slave),
        };
        map.blocks.insert(free_name(&map.blocks, name, &range), block);
    }
    Ok(map)
}

/// What the ranges of one module have in common.
struct Shared {
    path: String,
    vlnv: String,
    parameters: Arc<Parameters>,
    interrupts: Arc<[String]>,
    outputs: Arc<[String]>,
}

impl Shared {
    fn new<'a>(netlist: &Netlist<'_, 'a>, module: &RawModule<'a>) -> Result<Self> {
        let text = netlist.raw.text;
        let ports = netlist.raw.ports.get(module.ports.clone()).unwrap_or_default();
        let (mut interrupts, mut outputs) = (Vec::new(), Vec::new());
        for port in ports.iter().filter(|port| port.direction == Direction::Out) {
            let name = text.unescape(port.name)?;
            if port.kind.eq_ignore_ascii_case("INTERRUPT") {
                interrupts.push(name.clone());
            }
            outputs.push(name);
        }
        Ok(Self {
            path: text.unescape(module.path)?,
            vlnv: text.unescape(module.vlnv)?,
            parameters: Arc::new(parameters_of(netlist, module)?),
            interrupts: interrupts.into(),
            outputs: outputs.into(),
        })
    }
}

/// All parameters of a module.
pub(crate) fn parameters_of(netlist: &Netlist<'_, '_>, module: &RawModule<'_>) -> Result<Parameters> {
    let text = netlist.raw.text;
    let entries = module.parameters.iter().map(|(name, value)| Ok((text.unescape(name)?, text.unescape(value)?)));
    entries.collect::<Result<Parameters>>()
}

/// The ranges of a master's map that name other cells, each once however many of its interfaces see it. All of them go to
/// `all`.
fn ranges<'a>(
    netlist: &Netlist<'_, 'a>,
    cache: &Cache<'a>,
    master: ModuleId,
    strict: bool,
    all: &mut Vec<AddressRange>,
    warnings: &mut Warnings,
) -> Result<Vec<Range<'a>>> {
    let text = netlist.raw.text;
    let mut seen = HashSet::new();
    let mut ranges = Vec::new();
    for raw in netlist.module(master).map(|module| module.memory.as_slice()).unwrap_or_default() {
        let Some(module) = netlist.instance(raw.instance) else {
            // A disabled module, or a window to something outside of this file.
            warnings.add(WarningKind::SkippedRange, raw.instance, "the memory map names it, no module bears it".into());
            continue;
        };
        if module == master && strict {
            continue;
        }
        if raw.base.is_empty() || raw.high.is_empty() {
            warnings.add(WarningKind::SkippedRange, raw.instance, "BASEVALUE or HIGHVALUE is missing".into());
            continue;
        }
        let (base, size) = match span(netlist, raw) {
            Ok(span) => span,
            Err(error) if strict => return Err(error),
            Err(error) => {
                warnings.add(WarningKind::SkippedRange, raw.instance, error.to_string());
                continue;
            }
        };
        all.push(AddressRange {
            master_interface: text.unescape(raw.master)?,
            path: netlist.module(module).map_or_else(String::new, |module| netlist.shown(module.path)),
            interface: text.unescape(raw.slave)?,
            address_block: text.unescape(raw.block)?,
            base,
            size,
            memory: raw.kind.eq_ignore_ascii_case("MEMORY"),
            data: number::boolean(raw.data),
            instruction: number::boolean(raw.instruction),
        });
        if module != master
            && !cache.processors.contains(&module)
            && seen.insert((module, raw.slave.to_ascii_lowercase(), base))
        {
            ranges.push(Range { raw: *raw, module, base, size });
        }
    }
    Ok(ranges)
}

/// First address and number of bytes of a range.
fn span<'a>(netlist: &Netlist<'_, 'a>, raw: &RawRange<'a>) -> Result<(u64, u64)> {
    let text = netlist.raw.text;
    let number = |value: &'a str, name: &str| {
        number::address(value).ok_or_else(|| Error::BadValue {
            place: text.place(value),
            what: format!("{name} of `{}`", clip(raw.instance)),
            found: clip(value),
            expected: "a hexadecimal number",
        })
    };
    let base = number(raw.base, "BASEVALUE")?;
    let high = number(raw.high, "HIGHVALUE")?;
    let size = high.checked_sub(base).and_then(|span| span.checked_add(1)).ok_or_else(|| Error::BadValue {
        place: text.place(raw.high),
        what: format!("HIGHVALUE of `{}`", clip(raw.instance)),
        found: clip(raw.high),
        expected: "the last address of a range that starts at BASEVALUE",
    })?;
    Ok((base, size))
}

/// A name that is not taken: one interface can hold several blocks, and one block can show up at several addresses.
fn free_name(blocks: &BTreeMap<String, IpBlock>, name: String, range: &Range<'_>) -> String {
    let candidates = [format!("{name}/{}", range.raw.block), format!("{name}@{:x}", range.base)];
    if !blocks.contains_key(&name) {
        return name;
    }
    candidates.into_iter().find(|candidate| !blocks.contains_key(candidate)).unwrap_or(name)
}

/// The registers of the address block that a range shows. Interface names differ in case between the two places.
fn registers_of(
    netlist: &Netlist<'_, '_>,
    module: &RawModule<'_>,
    range: &RawRange<'_>,
    warnings: &mut Warnings,
) -> Result<Arc<[Register]>> {
    let of_interface = || module.blocks.iter().filter(|block| block.interface.eq_ignore_ascii_case(range.slave));
    let block = of_interface()
        .find(|block| block.name == range.block)
        .or_else(|| of_interface().find(|block| !block.registers.is_empty()))
        .or(if let [only] = module.blocks.as_slice() { Some(only) } else { None });
    match block {
        Some(block) => Ok(table(netlist.raw.text, module.path, &block.registers, warnings)?.into()),
        None => Ok(Arc::new([])),
    }
}

/// Frequency of the clock of interface `slave`: CLKFREQUENCY of its `*aclk` port.
fn clock_of(netlist: &Netlist<'_, '_>, module: &RawModule<'_>, slave: &str) -> Option<u64> {
    let ports = netlist.raw.ports.get(module.ports.clone()).unwrap_or_default();
    let clocks = || ports.iter().filter(|port| port.direction == Direction::In && !port.clock.is_empty());
    let of = |wanted: &str| clocks().find(|port| port.name.eq_ignore_ascii_case(wanted));
    let port = of(&format!("{slave}_aclk"))
        .or_else(|| of("s_axi_aclk"))
        .or_else(|| of("ap_clk"))
        .or_else(|| clocks().find(|port| port.name.to_ascii_lowercase().ends_with("aclk")))?;
    number::integer(port.clock)
}
