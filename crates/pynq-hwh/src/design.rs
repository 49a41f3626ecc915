//! The model of a design, and how it is put together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::address_space::{self, AddressSpace};
use crate::buses::{self, Bus, BusInterface};
use crate::cells::{self, Cell};
use crate::clocks::{self, Clock};
use crate::error::{Error, Place, Result};
use crate::interrupts::{InterruptChain, Interrupts};
use crate::memory_map::{self, Cache, IpBlock};
use crate::netlist::Netlist;
use crate::parameters::Parameters;
use crate::platform::{Family, Processor};
use crate::processor_gpio::{self, ProcessorGpio};
use crate::raw::{ModuleId, RawDesign};
use crate::soft_processor::{self, SoftProcessor};
use crate::storage::{self, Storage};
use crate::warning::{Warning, WarningKind, Warnings};
use crate::wires::{self, Wire};
use crate::{limits, suggest, wiring};

/// Where a design comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceInfo {
    /// Architecture: `zynq`, `zynquplus`, ...
    pub arch: String,
    /// Board, where the project names one.
    pub board: String,
    /// Device: `7z020`, `xczu7ev`, ...
    pub device: String,
    /// Package: `clg400`, ...
    pub package: String,
    /// Speed grade: `-1`, ...
    pub speed_grade: String,
    /// Version of Vivado.
    pub vivado: String,
    /// When the file was written, in Vivado's words.
    pub timestamp: String,
    /// Name of the block design.
    pub name: String,
}

impl SourceInfo {
    /// Device and package in one, without the `xc` that some versions write: `7z020clg400`.
    #[must_use]
    pub fn part(&self) -> String {
        format!("{}{}", self.device.strip_prefix("xc").unwrap_or(&self.device), self.package)
    }
}

/// What lies in one level of the hierarchy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hierarchy {
    /// Names in [`Design::ip`] of the blocks that lie directly in it.
    pub ip: Vec<String>,
    /// Paths of the hierarchies that lie directly in it.
    pub hierarchies: Vec<String>,
}

/// A block design, as its hardware handoff file describes it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Design {
    /// Where the file comes from.
    pub source: SourceInfo,
    /// The processor; `None` where the design has none, and then nothing has an address.
    pub processor: Option<Processor>,
    /// The processor's parameters.
    pub processor_parameters: Parameters,
    /// The IP blocks that the processor can address, by path. A block with several slave interfaces is listed once per
    /// interface, as `path/INTERFACE`.
    pub ip: BTreeMap<String, IpBlock>,
    /// The interrupt wiring.
    pub interrupts: Interrupts,
    /// The named lines of the processor's extended GPIO, by path of the slice.
    pub processor_gpio: BTreeMap<String, ProcessorGpio>,
    /// The clocks from the processor, by number.
    pub clocks: BTreeMap<u32, Clock>,
    /// The levels of hierarchy that hold addressable IP, by path.
    pub hierarchies: BTreeMap<String, Hierarchy>,
    /// What each bus master can address, by the path of the master: the processor, soft processors, DMAs.
    pub address_spaces: BTreeMap<String, AddressSpace>,
    /// The soft processors beside the processor, by path.
    pub soft_processors: BTreeMap<String, SoftProcessor>,
    /// The cells that no bus master addresses, by path.
    pub cells: BTreeMap<String, Cell>,
    /// The memories in programmable logic, with all ways to each: by the path of the memory where the file shows it, else
    /// of its first controller.
    pub storage: BTreeMap<String, Storage>,
    /// The bus interfaces that are joined, by the name of the bus.
    pub buses: BTreeMap<String, Bus>,
    /// The nets that belong to no bus, by the pin that drives them: clocks, resets, interrupts, single wires.
    pub wires: BTreeMap<String, Wire>,
    /// What a user of the design should know.
    pub warnings: Vec<Warning>,
}

impl Design {
    /// Reads the handoff file at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and those of [`Design::from_bytes`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_bytes(&crate::file::read(path.as_ref(), limits::HANDOFF_BYTES)?)
    }

    /// Reads a handoff file from memory.
    ///
    /// # Errors
    ///
    /// [`Error::Encoding`] if it is not UTF-8, and those of [`Design::parse`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => {
                let hint = match bytes {
                    [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => "UTF-16",
                    [0x00, 0x09, 0x0F, 0xF0, ..] => "a .bit file",
                    [b'P', b'K', 3, 4, ..] => "a zip archive (an .xsa holds the .hwh inside)",
                    _ => "other bytes",
                };
                Err(Error::Encoding { offset: error.valid_up_to(), hint })
            }
        }
    }

    /// Reads the text of a handoff file.
    ///
    /// # Errors
    ///
    /// [`Error::NotAHandoff`] for another kind of file; [`Error::Syntax`], [`Error::Truncated`] and
    /// [`Error::DocumentType`] for XML that is damaged or not plain; [`Error::Limit`], [`Error::BadValue`] and
    /// [`Error::Loop`] for contents that make no sense. All of them name the place.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() as u64 > limits::HANDOFF_BYTES {
            return Err(Error::Limit {
                place: Place { line: 1, column: 1, offset: 0 },
                what: "size of the file".into(),
                found: format!("{} bytes", text.len()),
                limit: limits::HANDOFF_BYTES,
            });
        }
        build(&RawDesign::parse(text)?)
    }

    /// The addressable IP block called `name`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIp`], which suggests near names.
    pub fn ip_block(&self, name: &str) -> Result<&IpBlock> {
        self.ip.get(name).ok_or_else(|| Error::UnknownIp {
            requested: name.to_owned(),
            design: self.source.name.clone(),
            near: suggest::near(name, self.ip.keys().map(String::as_str)),
            total: self.ip.len(),
        })
    }

    /// The addressable blocks that are memory.
    pub fn memories(&self) -> impl Iterator<Item = (&str, &IpBlock)> {
        self.ip.iter().filter(|(_, block)| block.memory).map(|(name, block)| (name.as_str(), block))
    }

    /// The bus that interface `name` (in any case) of the block at `path` is on. `None` if it is not connected.
    #[must_use]
    pub fn bus_at(&self, path: &str, name: &str) -> Option<&Bus> {
        let is = |end: &BusInterface| end.path.as_deref() == Some(path) && end.name.eq_ignore_ascii_case(name);
        self.buses.values().find(|bus| bus.ends.iter().any(is))
    }

    /// The driver of input `pin` (`path/PORT`, or the bare name of a top-level pin), and the net in between. `None` if
    /// nothing drives it, or it belongs to a bus.
    #[must_use]
    pub fn wire_to(&self, pin: &str) -> Option<(&str, &Wire)> {
        let found = self.wires.iter().find(|(_, wire)| wire.loads.iter().any(|load| load == pin));
        found.map(|(driver, wire)| (driver.as_str(), wire))
    }

    /// The way from the processor to interrupt pin `pin` (`path/PORT`, or `path/PORT[bit]` for one bit of a vector).
    ///
    /// # Errors
    ///
    /// [`Error::BehindGate`] if it passes logic that does not hand its level on, [`Error::BuiltWithoutInterrupt`] if the
    /// block has no such output, [`Error::InterruptsNotRead`] if nothing is known of this processor's;
    /// [`Error::UnknownInterrupt`] otherwise, which suggests near names.
    pub fn interrupt(&self, pin: &str) -> Result<InterruptChain> {
        if let Some(chain) = self.interrupts.chain(pin) {
            return Ok(chain);
        }
        let requested = pin.to_owned();
        if let Some(blocked) = self.interrupts.blocked.get(pin) {
            return Err(Error::BehindGate { requested, gate: blocked.gate.clone(), kind: blocked.kind });
        }
        if let Some(parameter) = self.built_without(pin) {
            return Err(Error::BuiltWithoutInterrupt { requested, parameter });
        }
        if let Some(processor) = self.processor.as_ref().filter(|processor| processor.family == Family::Versal) {
            return Err(Error::InterruptsNotRead { requested, family: processor.family });
        }
        Err(Error::UnknownInterrupt {
            requested,
            design: self.source.name.clone(),
            near: suggest::near(pin, self.interrupts.pins.keys().map(String::as_str)),
            total: self.interrupts.pins.len(),
        })
    }

    /// The parameter by which the block of interrupt output `pin` was built without it.
    fn built_without(&self, pin: &str) -> Option<&'static str> {
        let (path, port) = pin.rsplit_once('/')?;
        let block = self.ip.values().find(|block| block.path == path)?;
        (port == "ip2intc_irpt" && block.is_built_without_interrupt()).then_some("C_INTERRUPT_PRESENT")
    }
}

fn build(raw: &RawDesign<'_>) -> Result<Design> {
    let mut warnings = Warnings::default();
    let netlist = Netlist::new(raw, &mut warnings)?;
    let text = raw.text;
    let mut design = Design {
        source: SourceInfo {
            arch: text.unescape(raw.arch)?,
            board: text.unescape(raw.board)?,
            device: text.unescape(raw.device)?,
            package: text.unescape(raw.package)?,
            speed_grade: text.unescape(raw.speed)?,
            vivado: text.unescape(raw.vivado)?,
            timestamp: text.unescape(raw.timestamp)?,
            name: text.unescape(raw.name)?,
        },
        ..Design::default()
    };
    let processor = processor_of(raw, &mut warnings);
    if is_inside(&design.source.name) && !processor.is_some_and(|(_, family)| family.has_gic()) {
        return Err(Error::InsideOfIp { place: text.place(raw.name), name: design.source.name });
    }
    let mut cache = Cache::new(processors(raw));
    let mut own = None;
    if let Some((id, family, module)) = processor.and_then(|(id, family)| Some((id, family, netlist.module(id)?))) {
        let path = text.unescape(module.path)?;
        design.processor_parameters = memory_map::parameters_of(&netlist, module)?;
        let map = memory_map::build(&netlist, &mut cache, id, true, &mut warnings)?;
        let base_of = |module: ModuleId| map.bases.get(&module).copied();
        design.interrupts = wiring::build(&netlist, id, family, &base_of, &mut warnings)?;
        design.ip = map.blocks.clone();
        add_wired_ports(&mut design.ip, &design.interrupts);
        design.processor_gpio = processor_gpio::build(&netlist, id, family, &mut warnings)?;
        design.clocks = clocks::build(family, &path, &design.processor_parameters, &mut warnings);
        design.hierarchies = hierarchies(&design.ip);
        if family == Family::Versal {
            let message = "interrupts of Versal are not read, addresses are".into();
            warnings.add(WarningKind::InterruptsNotRead, &path, message);
        }
        design.processor = Some(Processor { family, path, vlnv: text.unescape(module.vlnv)? });
        own = Some((id, map));
    }
    let own = own.as_ref().map(|(id, map)| (*id, map));
    let bases;
    (design.address_spaces, bases) = address_space::build(&netlist, &mut cache, own, &mut warnings)?;
    design.soft_processors = soft_processor::build(&netlist, own.map(|(id, _)| id), &bases)?;
    design.cells = cells::build(&netlist, &design.address_spaces)?;
    design.buses = buses::build(&netlist)?;
    design.storage = storage::build(&design.address_spaces, &design.buses);
    design.wires = wires::build(&netlist)?;
    design.warnings = warnings.into_vec();
    Ok(design)
}

/// Whether a design bears a name that Vivado gives to the inside of an IP block: `bd_44e3`.
fn is_inside(name: &str) -> bool {
    let digits = name.strip_prefix("bd_").filter(|digits| digits.len() == 4);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The modules behind whose addresses is memory of a processing system.
fn processors(raw: &RawDesign<'_>) -> HashSet<ModuleId> {
    let systems = raw.modules.iter().enumerate().filter(|(_, module)| Family::of_ip(module.ip_name()).is_some());
    systems.map(|(id, _)| id).collect()
}

/// The processor's module: a processing system, else the only soft processor.
fn processor_of(raw: &RawDesign<'_>, warnings: &mut Warnings) -> Option<(ModuleId, Family)> {
    let all = || raw.modules.iter().enumerate();
    let mut systems = all().filter_map(|(id, module)| Some((id, Family::of_ip(module.ip_name())?)));
    if let Some(first) = systems.next() {
        if systems.next().is_some() {
            warnings.add(
                WarningKind::Processor,
                "design",
                "it has several processing systems; the first is taken".into(),
            );
        }
        return Some(first);
    }
    let mut soft = all().filter_map(|(id, module)| Some((id, Family::of_soft(module.ip_name())?)));
    match (soft.next(), soft.next()) {
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) => {
            let message = "it has several soft processors and no processing system; none is taken".into();
            warnings.add(WarningKind::Processor, "design", message);
            None
        }
        (None, _) => {
            warnings.add(WarningKind::Processor, "design", "it has no processor, so nothing has an address".into());
            None
        }
    }
}

/// Lists the pins that turned out to be interrupts with their blocks, although their ports do not say so.
fn add_wired_ports(ip: &mut BTreeMap<String, IpBlock>, interrupts: &Interrupts) {
    let mut wired: HashMap<&str, Vec<&str>> = HashMap::new();
    for pin in interrupts.pins.keys() {
        if let Some((cell, port)) = pin.rsplit_once('/') {
            wired.entry(cell).or_default().push(port.split('[').next().unwrap_or(port));
        }
    }
    for block in ip.values_mut() {
        let Some(ports) = wired.get(block.path.as_str()) else { continue };
        let known: HashSet<&str> = block.interrupts.iter().map(String::as_str).collect();
        let mut new: Vec<&str> = ports.iter().copied().filter(|port| !known.contains(port)).collect();
        new.dedup();
        if !new.is_empty() {
            block.interrupts = block.interrupts.iter().cloned().chain(new.into_iter().map(str::to_owned)).collect();
        }
    }
}

/// Every proper prefix of a path is a hierarchy.
fn hierarchies(ip: &BTreeMap<String, IpBlock>) -> BTreeMap<String, Hierarchy> {
    let mut found: BTreeMap<String, Hierarchy> = BTreeMap::new();
    for (name, block) in ip {
        let Some((mut path, _)) = block.path.rsplit_once('/') else { continue };
        let mut known = found.contains_key(path);
        found.entry(path.to_owned()).or_default().ip.push(name.clone());
        // A hierarchy that was known before has been entered in its outer hierarchies too.
        while let (false, Some((outer, _))) = (known, path.rsplit_once('/')) {
            known = found.contains_key(outer);
            found.entry(outer.to_owned()).or_default().hierarchies.push(path.to_owned());
            path = outer;
        }
    }
    found
}
