//! The cells that no bus master addresses: resets, flip-flops, constants, converters.

use std::collections::{BTreeMap, HashSet};

use crate::address_space::AddressSpace;
use crate::error::Result;
use crate::memory_map;
use crate::netlist::Netlist;
use crate::parameters::Parameters;

/// A cell without addresses. What it is wired to is in [`Design::wires`](crate::Design::wires) and
/// [`Design::buses`](crate::Design::buses).
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Cell {
    /// Its VLNV.
    pub vlnv: String,
    /// Its parameters.
    pub parameters: Parameters,
}

impl Cell {
    /// The VLNV without its version: `xilinx.com:ip:proc_sys_reset`.
    #[must_use]
    pub fn vlnv_without_version(&self) -> &str {
        self.vlnv.rsplit_once(':').map_or(self.vlnv.as_str(), |(kind, _)| kind)
    }
}

/// All cells by path, but for those in an address space and the masters of one.
pub(crate) fn build(
    netlist: &Netlist<'_, '_>,
    spaces: &BTreeMap<String, AddressSpace>,
) -> Result<BTreeMap<String, Cell>> {
    let addressed: HashSet<&str> =
        spaces.values().flat_map(|space| space.blocks.values()).map(|block| block.path.as_str()).collect();
    let mut cells = BTreeMap::new();
    for module in netlist.raw.modules.iter().filter(|module| !module.container) {
        let path = netlist.raw.text.unescape(module.path)?;
        if spaces.contains_key(&path) || addressed.contains(path.as_str()) {
            continue;
        }
        let vlnv = netlist.raw.text.unescape(module.vlnv)?;
        cells.insert(path, Cell { vlnv, parameters: memory_map::parameters_of(netlist, module)? });
    }
    Ok(cells)
}
