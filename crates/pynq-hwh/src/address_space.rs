//! What each bus master of a design can address.
//!
//! The processor is one of many: a soft processor sees its own memory at 0 and its peripherals at addresses of its own, a
//! DMA sees the processor's memory and nothing else. The same block can be in several spaces, each time somewhere else.

use std::collections::{BTreeMap, HashMap};

use crate::error::Result;
use crate::memory_map::{self, Cache, IpBlock, MemoryMap};
use crate::netlist::Netlist;
use crate::raw::ModuleId;
use crate::warning::Warnings;

/// One line of a master's memory map.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddressRange {
    /// The master's interface: `M_AXI_GP0`, `DLMB`, `M_AXI_DP`; empty where the file does not say.
    pub master_interface: String,
    /// Path of the cell that answers. Where it is a processing system, what answers is memory behind it.
    pub path: String,
    /// The slave interface that answers: `S_AXI`, `SLMB`, `S_AXI_HP0`.
    pub interface: String,
    /// Which of its address blocks: `Reg`, `Mem`, `HP0_DDR_LOWOCM`.
    pub address_block: String,
    /// Address, as the master sees it.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// Whether this is memory rather than registers.
    pub memory: bool,
    /// Whether the master reads data here, where the file says so.
    pub data: Option<bool>,
    /// Whether the master fetches instructions here, where the file says so.
    pub instruction: Option<bool>,
}

/// What one bus master can address.
///
/// ```
/// # let text = include_str!("../fixtures/pynq-z2-buttons.hwh");
/// let design = pynq_hwh::Design::parse(text)?;
/// let processor = &design.address_spaces["ps7_0"];
/// assert_eq!(processor.blocks["btns_gpio"].base, 0x4121_0000);
/// # Ok::<(), pynq_hwh::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddressSpace {
    /// VLNV of the master.
    pub vlnv: String,
    /// The IP blocks in it, named as in [`Design::ip`](crate::Design::ip), with the addresses that this master sees.
    pub blocks: BTreeMap<String, IpBlock>,
    /// All lines of its map in the order of the file: one per interface of the master, and those for memory behind a
    /// processing system, which is no block.
    pub ranges: Vec<AddressRange>,
}

impl AddressSpace {
    /// What answers at `address`.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<&AddressRange> {
        self.ranges.iter().find(|range| address.checked_sub(range.base).is_some_and(|offset| offset < range.size))
    }
}

/// The addresses of modules, for each master but the processor.
pub(crate) type Bases = HashMap<ModuleId, HashMap<ModuleId, u64>>;

/// The spaces of all masters by path, and for each the addresses of modules. The map of the processor has been read.
pub(crate) fn build<'a>(
    netlist: &Netlist<'_, 'a>,
    cache: &mut Cache<'a>,
    processor: Option<(ModuleId, &MemoryMap)>,
    warnings: &mut Warnings,
) -> Result<(BTreeMap<String, AddressSpace>, Bases)> {
    let (mut spaces, mut bases) = (BTreeMap::new(), HashMap::new());
    for (id, module) in netlist.raw.modules.iter().enumerate() {
        if module.memory.is_empty() {
            continue;
        }
        let (blocks, ranges) = match processor {
            Some((processor, map)) if processor == id => (map.blocks.clone(), map.ranges.clone()),
            _ => {
                let map = memory_map::build(netlist, cache, id, false, warnings)?;
                bases.insert(id, map.bases);
                (map.blocks, map.ranges)
            }
        };
        let vlnv = netlist.raw.text.unescape(module.vlnv)?;
        spaces.insert(netlist.raw.text.unescape(module.path)?, AddressSpace { vlnv, blocks, ranges });
    }
    Ok((spaces, bases))
}
