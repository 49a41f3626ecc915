//! The elements of a handoff file that matter here, as borrowed slices of its text.
//!
//! The memory map that says which IP blocks are of interest stands in the processor's module, often near the end of the
//! file, so everything that may turn out to be needed is collected first and the model is built afterwards.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::limits;
use crate::xml::{Tag, Text, Xml};

/// Index of a port in [`RawDesign::ports`].
pub(crate) type PortId = usize;
/// Index of a module in [`RawDesign::modules`].
pub(crate) type ModuleId = usize;

#[derive(Debug)]
pub(crate) struct RawDesign<'a> {
    pub(crate) text: Text<'a>,
    pub(crate) vivado: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) arch: &'a str,
    pub(crate) board: &'a str,
    pub(crate) device: &'a str,
    pub(crate) name: &'a str,
    pub(crate) package: &'a str,
    pub(crate) speed: &'a str,
    /// All enabled modules.
    pub(crate) modules: Vec<RawModule<'a>>,
    /// The ports of all modules and, with no module, the top-level pins.
    pub(crate) ports: Vec<RawPort<'a>>,
    /// The bus interfaces of all modules and, with no module, those of the top level.
    pub(crate) buses: Vec<RawBus<'a>>,
    /// Lines of all memory maps.
    ranges: usize,
}

#[derive(Debug, Default)]
pub(crate) struct RawModule<'a> {
    /// The start tag, as the place of this module.
    pub(crate) tag: &'a str,
    /// `FULLNAME` without its leading slash.
    pub(crate) path: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) modtype: &'a str,
    pub(crate) vlnv: &'a str,
    /// A block-design container: its ports are a boundary, what drives them is inside.
    pub(crate) container: bool,
    pub(crate) parameters: Vec<(&'a str, &'a str)>,
    pub(crate) ports: Range<PortId>,
    pub(crate) blocks: Vec<RawBlock<'a>>,
    pub(crate) memory: Vec<RawRange<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
    InOut,
}

#[derive(Debug)]
pub(crate) struct RawPort<'a> {
    pub(crate) module: Option<ModuleId>,
    pub(crate) name: &'a str,
    pub(crate) direction: Direction,
    pub(crate) signal: &'a str,
    /// |LEFT - RIGHT| + 1, or `None` where the file does not say.
    pub(crate) width: Option<u64>,
    pub(crate) kind: &'a str,
    pub(crate) sensitivity: &'a str,
    pub(crate) clock: &'a str,
    pub(crate) polarity: &'a str,
    /// Peers (instance, port), read for the ports of containers only.
    pub(crate) peers: Vec<(&'a str, &'a str)>,
}

#[derive(Debug)]
pub(crate) struct RawBlock<'a> {
    pub(crate) interface: &'a str,
    pub(crate) name: &'a str,
    pub(crate) registers: Vec<RawRegister<'a>>,
}

#[derive(Debug, Default)]
pub(crate) struct RawRegister<'a> {
    pub(crate) name: &'a str,
    pub(crate) properties: RawProperties<'a>,
    pub(crate) fields: Vec<RawField<'a>>,
}

#[derive(Debug, Default)]
pub(crate) struct RawField<'a> {
    pub(crate) name: &'a str,
    pub(crate) properties: RawProperties<'a>,
}

/// The properties of a register or a field that are kept.
#[derive(Debug, Default)]
pub(crate) struct RawProperties<'a> {
    pub(crate) address_offset: &'a str,
    pub(crate) size: &'a str,
    pub(crate) access: &'a str,
    pub(crate) is_enabled: &'a str,
    pub(crate) reset_value: &'a str,
    pub(crate) modified_write: &'a str,
    pub(crate) read_action: &'a str,
    pub(crate) bit_offset: &'a str,
    pub(crate) bit_width: &'a str,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct RawRange<'a> {
    pub(crate) block: &'a str,
    pub(crate) base: &'a str,
    pub(crate) high: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) slave: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) master: &'a str,
    pub(crate) data: &'a str,
    pub(crate) instruction: &'a str,
}

/// One end of a bus.
#[derive(Debug)]
pub(crate) struct RawBus<'a> {
    pub(crate) module: Option<ModuleId>,
    pub(crate) bus: &'a str,
    pub(crate) name: &'a str,
    pub(crate) role: &'a str,
    pub(crate) vlnv: &'a str,
    pub(crate) width: &'a str,
    /// The module's ports that are wires of the bus.
    pub(crate) ports: Vec<&'a str>,
}

impl<'a> RawDesign<'a> {
    /// Reads the whole text.
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let mut xml = Xml::new(text);
        let root = xml.root()?;
        if root.name != "EDKSYSTEM" {
            return Err(Error::NotAHandoff {
                place: xml.text.place(root.name),
                found: format!("root element <{}>", root.name.chars().take(64).collect::<String>()),
            });
        }
        let [vivado, timestamp] = root.get(&xml, ["VIVADOVERSION", "TIMESTAMP"])?;
        let mut design = Self {
            text: xml.text,
            vivado,
            timestamp,
            arch: "",
            board: "",
            device: "",
            name: "",
            package: "",
            speed: "",
            modules: Vec::new(),
            ports: Vec::new(),
            buses: Vec::new(),
            ranges: 0,
        };
        let mut has_modules = false;
        xml.children(&root, |xml, tag| match tag.name {
            "SYSTEMINFO" => {
                [design.arch, design.board, design.device, design.name, design.package, design.speed] =
                    tag.get(xml, ["ARCH", "BOARD", "DEVICE", "NAME", "PACKAGE", "SPEEDGRADE"])?;
                let about = [design.arch, design.board, design.device, design.name, design.package, design.speed];
                design.names("a value in SYSTEMINFO", about)?;
                xml.skip(&tag)
            }
            "EXTERNALPORTS" => xml.children(&tag, |xml, tag| design.port(xml, &tag, None, false)),
            "EXTERNALINTERFACES" => xml.children(&tag, |xml, tag| design.bus(xml, &tag, None)),
            "MODULES" => {
                has_modules = true;
                design.modules(xml, &tag)
            }
            _ => xml.skip(&tag),
        })?;
        xml.finish()?;
        design.names("a value in EDKSYSTEM", [vivado, timestamp])?;
        if !has_modules {
            return Err(Error::NotAHandoff {
                place: design.text.place(root.name),
                found: "an EDKSYSTEM without MODULES".into(),
            });
        }
        Ok(design)
    }

    fn modules(&mut self, xml: &mut Xml<'a>, modules: &Tag<'a>) -> Result<()> {
        xml.children(modules, |xml, tag| if tag.name == "MODULE" { self.module(xml, &tag) } else { xml.skip(&tag) })
    }

    fn module(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<()> {
        let [fullname, instance, modtype, vlnv, enable, bd_type, dfx] =
            tag.get(xml, ["FULLNAME", "INSTANCE", "MODTYPE", "VLNV", "IS_ENABLE", "BDTYPE", "ENABLE_DFX"])?;
        let stripped = fullname.strip_prefix('/').unwrap_or(fullname);
        let path = if stripped.is_empty() { instance } else { stripped };
        let disabled = enable == "0" || enable.eq_ignore_ascii_case("false");
        if disabled || path.is_empty() {
            return xml.skip(tag);
        }
        self.check_path(path, vlnv)?;
        self.names("the name of a MODULE", [path, instance, modtype, vlnv])?;
        let container = ["BLOCK_CONTAINER", "RBD"].iter().any(|kind| bd_type.eq_ignore_ascii_case(kind))
            || dfx.eq_ignore_ascii_case("true");
        let id = self.modules.len();
        let instance = if instance.is_empty() { path } else { instance };
        self.modules.push(RawModule { tag: tag.name, path, instance, modtype, vlnv, container, ..Default::default() });
        let mut module = RawModule { tag: tag.name, path, instance, modtype, vlnv, container, ..Default::default() };
        module.ports = self.ports.len()..self.ports.len();
        xml.children(tag, |xml, tag| match tag.name {
            "PARAMETERS" => xml.children(&tag, |xml, tag| {
                if tag.name == "PARAMETER" {
                    let [name, value] = tag.get(xml, ["NAME", "VALUE"])?;
                    self.names("the name of a PARAMETER", [name])?;
                    module.parameters.push((name, value));
                }
                xml.skip(&tag)
            }),
            "PORTS" => {
                let start = self.ports.len();
                xml.children(&tag, |xml, tag| self.port(xml, &tag, Some(id), container))?;
                // A second PORTS element is not expected; the first one that holds something wins.
                if module.ports.is_empty() {
                    module.ports = start..self.ports.len();
                }
                Ok(())
            }
            "ADDRESSBLOCKS" => xml.children(&tag, |xml, tag| {
                if tag.name != "ADDRESSBLOCK" {
                    return xml.skip(&tag);
                }
                module.blocks.push(self.block(xml, &tag)?);
                Ok(())
            }),
            "MEMORYMAP" => xml.children(&tag, |xml, tag| {
                if tag.name == "MEMRANGE" {
                    self.bounded("number of address ranges", self.ranges, limits::ALL_RANGES, &tag)?;
                    self.ranges += 1;
                    let range = range(xml, &tag)?;
                    self.names("a name in MEMRANGE", [range.block, range.instance, range.slave, range.master])?;
                    module.memory.push(range);
                }
                xml.skip(&tag)
            }),
            "BUSINTERFACES" => xml.children(&tag, |xml, tag| self.bus(xml, &tag, Some(id))),
            // What a container holds can be listed inside it.
            "MODULES" => self.modules(xml, &tag),
            _ => xml.skip(&tag),
        })?;
        if let Some(slot) = self.modules.get_mut(id) {
            *slot = module;
        }
        Ok(())
    }

    /// Refuses names with characters that no name of Vivado has, and that do not show.
    fn names<const N: usize>(&self, what: &str, names: [&'a str; N]) -> Result<()> {
        match names.into_iter().find(|name| !self.text.is_plain(name)) {
            None => Ok(()),
            Some(name) => Err(Error::BadValue {
                place: self.text.place(name),
                what: what.into(),
                found: crate::warning::clip(&self.text.unescape(name).unwrap_or_else(|_| name.to_owned())),
                expected: "a name without control characters, line breaks, and marks of the writing direction",
            }),
        }
    }

    fn block(&self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<RawBlock<'a>> {
        let block = block(xml, tag)?;
        self.names("the name of an ADDRESSBLOCK", [block.interface, block.name])?;
        for register in &block.registers {
            self.names("the name of a REGISTER", [register.name])?;
            for field in &register.fields {
                self.names("the name of a FIELD", [field.name])?;
            }
        }
        Ok(block)
    }

    fn check_path(&self, path: &'a str, vlnv: &'a str) -> Result<()> {
        let levels = path.bytes().filter(|byte| *byte == b'/').count() + 1;
        let (what, found, limit) = if path.len() > limits::PATH_BYTES {
            ("length of FULLNAME", path.len(), limits::PATH_BYTES)
        } else if vlnv.len() > limits::PATH_BYTES {
            ("length of VLNV", vlnv.len(), limits::PATH_BYTES)
        } else if levels > limits::PATH_LEVELS {
            ("number of hierarchy levels in FULLNAME", levels, limits::PATH_LEVELS)
        } else {
            return Ok(());
        };
        let place = self.text.place(path);
        Err(Error::Limit { place, what: what.into(), found: found.to_string(), limit: limit as u64 })
    }

    fn port(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>, module: Option<ModuleId>, container: bool) -> Result<()> {
        if tag.name != "PORT" {
            return xml.skip(tag);
        }
        let [name, dir, left, right, signal, kind, sensitivity, clock, polarity] = tag.get(
            xml,
            ["NAME", "DIR", "LEFT", "RIGHT", "SIGNAME", "SIGIS", "SENSITIVITY", "CLKFREQUENCY", "POLARITY"],
        )?;
        self.names("the name of a PORT", [name, signal])?;
        let direction = match dir {
            "I" => Direction::In,
            "O" => Direction::Out,
            _ => Direction::InOut,
        };
        let width = self.width(name, left, right)?;
        let mut peers = Vec::new();
        if container {
            xml.children(tag, |xml, tag| {
                if tag.name != "CONNECTIONS" {
                    return xml.skip(&tag);
                }
                xml.children(&tag, |xml, tag| {
                    let [instance, port] = tag.get(xml, ["INSTANCE", "PORT"])?;
                    peers.push((instance, port));
                    xml.skip(&tag)
                })
            })?;
        } else {
            xml.skip(tag)?;
        }
        self.ports.push(RawPort { module, name, direction, signal, width, kind, sensitivity, clock, polarity, peers });
        Ok(())
    }

    /// Refuses a count that no real design has.
    fn bounded(&self, what: &str, count: usize, limit: usize, tag: &Tag<'a>) -> Result<()> {
        if count < limit {
            return Ok(());
        }
        let place = self.text.place(tag.name);
        Err(Error::Limit { place, what: what.into(), found: format!("more than {limit}"), limit: limit as u64 })
    }

    fn bus(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>, module: Option<ModuleId>) -> Result<()> {
        if tag.name != "BUSINTERFACE" {
            return xml.skip(tag);
        }
        self.bounded("number of bus interfaces", self.buses.len(), limits::BUS_INTERFACES, tag)?;
        let [bus, name, role, vlnv, width] = tag.get(xml, ["BUSNAME", "NAME", "TYPE", "VLNV", "DATAWIDTH"])?;
        // Vivado's word for an interface that is not connected.
        if bus.is_empty() || bus == "__NOC__" {
            return xml.skip(tag);
        }
        let mut ports = Vec::new();
        xml.children(tag, |xml, tag| {
            if tag.name != "PORTMAPS" {
                return xml.skip(&tag);
            }
            xml.children(&tag, |xml, tag| {
                let port = match tag.quick("PHYSICAL") {
                    Some(port) => port,
                    None => {
                        let [port] = tag.get(xml, ["PHYSICAL"])?;
                        port
                    }
                };
                ports.push(port);
                xml.skip(&tag)
            })
        })?;
        self.names("the name of a BUSINTERFACE", [bus, name, vlnv])?;
        self.buses.push(RawBus { module, bus, name, role, vlnv, width, ports });
        Ok(())
    }

    /// Width of a port. Bounds that are no plain numbers (expressions of a parameter) count as missing.
    fn width(&self, name: &'a str, left: &'a str, right: &'a str) -> Result<Option<u64>> {
        if left.is_empty() && right.is_empty() {
            return Ok(None);
        }
        let bound = |text: &str| if text.is_empty() { Some(0) } else { text.trim().parse::<i64>().ok() };
        let (Some(high), Some(low)) = (bound(left), bound(right)) else {
            return Ok(None);
        };
        let width = high.abs_diff(low).saturating_add(1);
        if width > limits::PORT_BITS {
            return Err(Error::Limit {
                place: self.text.place(left),
                what: format!("width of port {}", crate::warning::clip(name)),
                found: format!("{width} bits"),
                limit: limits::PORT_BITS,
            });
        }
        Ok(Some(width))
    }
}

fn range<'a>(xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<RawRange<'a>> {
    let names = [
        "ADDRESSBLOCK",
        "BASEVALUE",
        "HIGHVALUE",
        "INSTANCE",
        "SLAVEBUSINTERFACE",
        "MEMTYPE",
        "MASTERBUSINTERFACE",
        "IS_DATA",
        "IS_INSTRUCTION",
    ];
    let [block, base, high, instance, slave, kind, master, data, instruction] = tag.get(xml, names)?;
    Ok(RawRange { block, base, high, instance, slave, kind, master, data, instruction })
}

fn block<'a>(xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<RawBlock<'a>> {
    let [interface, name] = tag.get(xml, ["INTERFACE", "NAME"])?;
    let mut registers = Vec::new();
    xml.children(tag, |xml, tag| {
        if tag.name != "REGISTERS" {
            return xml.skip(&tag);
        }
        xml.children(&tag, |xml, tag| {
            if tag.name != "REGISTER" {
                return xml.skip(&tag);
            }
            registers.push(register(xml, &tag)?);
            Ok(())
        })
    })?;
    Ok(RawBlock { interface, name, registers })
}

fn register<'a>(xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<RawRegister<'a>> {
    let [name] = tag.get(xml, ["NAME"])?;
    let mut register = RawRegister { name, ..Default::default() };
    xml.children(tag, |xml, tag| match tag.name {
        "PROPERTY" => register.properties.read(xml, &tag),
        "FIELDS" => {
            xml.children(&tag, |xml, tag| {
                if tag.name != "FIELD" {
                    return xml.skip(&tag);
                }
                let [name] = tag.get(xml, ["NAME"])?;
                let mut field = RawField { name, ..Default::default() };
                xml.children(&tag, |xml, tag| {
                    if tag.name == "PROPERTY" { field.properties.read(xml, &tag) } else { xml.skip(&tag) }
                })?;
                register.fields.push(field);
                Ok(())
            })
        }
        _ => xml.skip(&tag),
    })?;
    Ok(register)
}

impl<'a> RawProperties<'a> {
    fn read(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<()> {
        let [name, value] = tag.get(xml, ["NAME", "VALUE"])?;
        let slot = match name {
            "ADDRESS_OFFSET" => &mut self.address_offset,
            "SIZE" => &mut self.size,
            "ACCESS" => &mut self.access,
            "IS_ENABLED" => &mut self.is_enabled,
            "RESET_VALUE" => &mut self.reset_value,
            // The file names the write semantics "read values".
            "MODIFIED_READ_VALUES" | "MODIFIED_WRITE_VALUES" | "MODIFIED_WRITE_VALUE" => &mut self.modified_write,
            "READ_ACTION" => &mut self.read_action,
            "BIT_OFFSET" => &mut self.bit_offset,
            "BIT_WIDTH" => &mut self.bit_width,
            _ => return xml.skip(tag),
        };
        *slot = value;
        xml.skip(tag)
    }
}

impl<'a> RawModule<'a> {
    /// The name part of the VLNV, which identifies the kind of IP whatever its version.
    pub(crate) fn ip_name(&self) -> &'a str {
        self.vlnv.split(':').nth(2).unwrap_or(self.modtype)
    }

    /// The raw value of the first parameter called `name` in any case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}
