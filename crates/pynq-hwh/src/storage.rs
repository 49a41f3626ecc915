//! Memory in programmable logic, and the ways to it.
//!
//! One memory can be reached through several controllers: a soft processor fetches its instructions through one local
//! bus and its data through another, and the processor loads the program through a third, on AXI. The file has one line
//! per way and says nowhere that they lead to the same cells; the wires do.

use std::collections::{BTreeMap, HashMap};

use crate::address_space::{AddressRange, AddressSpace};
use crate::buses::{Bus, BusRole};

/// A memory in programmable logic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Storage {
    /// Bytes: those of the largest window.
    pub size: u64,
    /// The ways to it.
    pub windows: Vec<StorageWindow>,
}

/// A way to a memory: one line of a master's memory map.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageWindow {
    /// Path of the master, as in [`Design::address_spaces`](crate::Design::address_spaces).
    pub master: String,
    /// The master's interface: `DLMB`, `M_AXI_GP0`; empty where the file does not say.
    pub master_interface: String,
    /// Path of the controller in between, or of the memory where there is none.
    pub controller: String,
    /// The controller's interface.
    pub interface: String,
    /// Address, as the master sees it.
    pub base: u64,
    /// Bytes.
    pub size: u64,
}

/// All memories, by the path of the memory where the file shows it, else of the first controller.
pub(crate) fn build(
    spaces: &BTreeMap<String, AddressSpace>,
    buses: &BTreeMap<String, Bus>,
) -> BTreeMap<String, Storage> {
    let cells = cells(buses);
    let mut found: BTreeMap<String, Storage> = BTreeMap::new();
    for (master, space) in spaces {
        // Two local buses, for instructions and for data, with the same addresses lead to one memory: the program's.
        let mut local: HashMap<(u64, u64), &str> = HashMap::new();
        let kinds: HashMap<&str, &str> =
            space.blocks.values().map(|block| (block.path.as_str(), block.kind())).collect();
        for range in space.ranges.iter().filter(|range| range.memory) {
            let Some(kind) = kinds.get(range.path.as_str()).copied() else { continue };
            let own = || match kind {
                "lmb_bram_if_cntlr" => *local.entry((range.base, range.size)).or_insert(&range.path),
                _ => range.path.as_str(),
            };
            let cell = cells.get(range.path.as_str()).copied();
            let storage = found.entry(cell.unwrap_or_else(own).to_owned()).or_default();
            storage.size = storage.size.max(range.size);
            storage.windows.push(window(master, range));
        }
    }
    found
}

fn window(master: &str, range: &AddressRange) -> StorageWindow {
    StorageWindow {
        master: master.to_owned(),
        master_interface: range.master_interface.clone(),
        controller: range.path.clone(),
        interface: range.interface.clone(),
        base: range.base,
        size: range.size,
    }
}

/// The memory behind each controller, by the buses of memory ports.
fn cells(buses: &BTreeMap<String, Bus>) -> HashMap<&str, &str> {
    let mut cells = HashMap::new();
    for bus in buses.values().filter(|bus| bus.protocol == "bram") {
        let end = |role| bus.ends.iter().find(|end| end.role == role).and_then(|end| end.path.as_deref());
        if let (Some(controller), Some(memory)) = (end(BusRole::Initiator), end(BusRole::Target)) {
            // A controller with two ports has both on one memory.
            cells.entry(controller).or_insert(memory);
        }
    }
    cells
}
