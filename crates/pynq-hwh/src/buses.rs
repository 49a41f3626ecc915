//! Which bus interfaces are joined: streams, video, IIC, SPI, memory ports, AXI, and those that leave the design.
//!
//! In the file, interfaces with the same BUSNAME are joined.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::netlist::Netlist;
use crate::number;

/// What an interface does on its bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BusRole {
    /// It begins transfers, or sends: `MASTER`, `INITIATOR`, `SOURCE`.
    Initiator,
    /// It answers, or receives: `SLAVE`, `TARGET`, `SINK`.
    Target,
    /// It listens: a logic analyser.
    Monitor,
    /// The file has another word, or none.
    Unknown,
}

impl BusRole {
    fn parse(text: &str) -> Self {
        let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is(&["MASTER", "INITIATOR", "SOURCE"]) {
            Self::Initiator
        } else if is(&["SLAVE", "TARGET", "SINK"]) {
            Self::Target
        } else if is(&["MONITOR"]) {
            Self::Monitor
        } else {
            Self::Unknown
        }
    }
}

/// A bus interface of a block, or of the design as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusInterface {
    /// Path of the block; `None` for an interface of the design as a whole, which leads outside.
    pub path: Option<String>,
    /// Name: `M_AXIS_MM2S`, `IIC`; of one that leads outside, its name at the top level.
    pub name: String,
    /// What it does. One that leads outside has the role of the design: `Initiator` if the design begins or sends.
    pub role: BusRole,
    /// VLNV of the interface: `xilinx.com:interface:axis:1.0`. Old files have none for those that lead outside.
    pub vlnv: String,
    /// Bits of data, where the file says so.
    pub data_width: Option<u32>,
}

/// Interfaces that are joined.
///
/// ```
/// # let text = r#"<EDKSYSTEM><MODULES>
/// # <MODULE INSTANCE="dma" VLNV="x:ip:axi_dma:7.1"><BUSINTERFACES>
/// # <BUSINTERFACE BUSNAME="s" NAME="M_AXIS_MM2S" TYPE="INITIATOR" VLNV="xilinx.com:interface:axis:1.0"/></BUSINTERFACES></MODULE>
/// # <MODULE INSTANCE="fir" VLNV="x:ip:fir:1.0"><BUSINTERFACES>
/// # <BUSINTERFACE BUSNAME="s" NAME="S_AXIS" TYPE="TARGET" VLNV="xilinx.com:interface:axis:1.0"/></BUSINTERFACES></MODULE>
/// # </MODULES></EDKSYSTEM>"#;
/// let design = pynq_hwh::Design::parse(text)?;
/// let stream = design.bus_at("dma", "M_AXIS_MM2S").expect("it is connected");
/// assert_eq!(stream.protocol, "axis");
/// let to = stream.peers("dma", "M_AXIS_MM2S").next().expect("there is another end");
/// assert_eq!((to.path.as_deref(), to.name.as_str()), (Some("fir"), "S_AXIS"));
/// # Ok::<(), pynq_hwh::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bus {
    /// The name part of the interfaces' VLNV: `axis`, `aximm`, `lmb`, `bram`, `iic`, `spi`, `gpio`, `vid_io`,
    /// `mbinterrupt`, ...; empty where no end says.
    pub protocol: String,
    /// Its ends, in the order of the file.
    pub ends: Vec<BusInterface>,
}

impl Bus {
    /// The ends but for interface `name` of the block at `path`, and those that only listen.
    pub fn peers<'b>(&'b self, path: &'b str, name: &'b str) -> impl Iterator<Item = &'b BusInterface> {
        let is = move |end: &BusInterface| end.path.as_deref() == Some(path) && end.name.eq_ignore_ascii_case(name);
        self.ends.iter().filter(move |end| !is(end) && end.role != BusRole::Monitor)
    }

    /// The end that leads out of the design.
    #[must_use]
    pub fn external(&self) -> Option<&BusInterface> {
        self.ends.iter().find(|end| end.path.is_none())
    }
}

/// All buses by name. An interface alone on its bus is on none.
pub(crate) fn build(netlist: &Netlist<'_, '_>) -> Result<BTreeMap<String, Bus>> {
    let text = netlist.raw.text;
    let mut buses: BTreeMap<String, Bus> = BTreeMap::new();
    // The modules come first: an interface that leads outside takes its protocol from the one that it is joined to.
    let (inside, outside): (Vec<_>, Vec<_>) = netlist.raw.buses.iter().partition(|bus| bus.module.is_some());
    for raw in inside.into_iter().chain(outside) {
        let bus = buses.entry(text.unescape(raw.bus)?).or_default();
        if bus.protocol.is_empty() {
            bus.protocol = text.unescape(raw.vlnv.split(':').nth(2).unwrap_or_default())?;
        }
        let path = raw.module.and_then(|id| netlist.module(id)).map(|module| text.unescape(module.path));
        bus.ends.push(BusInterface {
            path: path.transpose()?,
            name: text.unescape(raw.name)?,
            role: BusRole::parse(raw.role),
            vlnv: text.unescape(raw.vlnv)?,
            data_width: number::integer(raw.width).and_then(|width| u32::try_from(width).ok()),
        });
    }
    buses.retain(|_, bus| bus.ends.len() > 1);
    Ok(buses)
}
