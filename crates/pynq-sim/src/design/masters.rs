//! The address spaces of blocks that are bus masters, each port with its own: a DMA, an accelerator.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    vec::Vec,
};
use pynq_hwh::{AddressRange, AddressSpace, Design};

use super::subsystem::Windows;
use crate::{device::InterfaceKind, fabric::FabricBuilder};

impl FabricBuilder {
    /// Builds the address space of each master port of a model, as the file has it: windows to the processor's memory, and
    /// blocks in the logic.
    pub(super) fn masters<'d>(
        mut self,
        design: &'d Design,
        memories: &BTreeMap<&'d str, &'d str>,
        first: &mut BTreeMap<&'d str, &'d str>,
    ) -> Self {
        let windows = Windows::of(design);
        let spaces = design.address_spaces.iter();
        let of_models = spaces.filter(|(path, _)| !design.soft_processors.contains_key(*path) && self.has_block(path));
        let of_models: Vec<_> = of_models.collect();
        for (path, space) in of_models {
            let ports: BTreeSet<&str> = space.ranges.iter().map(|range| range.master_interface.as_str()).collect();
            for name in ports {
                let Some((port, InterfaceKind::Master)) = self.interface(path, name) else { continue };
                self = self.master(&port, &port);
                for range in space.ranges.iter().filter(|range| range.master_interface == name) {
                    if !self.is_free(&port, range.base, range.size) {
                        continue;
                    }
                    if let Some(bits) = bits(&windows, space, range) {
                        self = self.window_to_processor(&port, range.base, range.size, bits);
                        if range.address_block.contains("DDR") {
                            self = self.processor_ddr(range.base & bits, range.size);
                        }
                        continue;
                    }
                    let target = if range.memory {
                        let memory = memories.get(range.path.as_str()).copied().unwrap_or(&range.path);
                        *first.entry(memory).or_insert(&range.path)
                    } else {
                        range.path.as_str()
                    };
                    if range.memory || self.has_block(target) {
                        self = self.map(&port, target, range.base, range.size, 0);
                    }
                }
            }
        }
        self
    }

    /// Adds memory of the processor that a master reaches. Ports of different kinds see different parts of it, and the
    /// processor all of them.
    fn processor_ddr(mut self, base: u64, size: u64) -> Self {
        let end = base.saturating_add(size);
        for (base, end) in self.gaps(base, end) {
            let path = if self.has_block("ddr") { format!("ddr_{base:x}") } else { "ddr".into() };
            if !self.has_block(&path) {
                self = self.memory(&path, base, end - base);
            }
        }
        self
    }
}

/// The address bits that count in a range that leads to the processor's addresses.
fn bits(windows: &Windows<'_>, space: &AddressSpace, range: &AddressRange) -> Option<u64> {
    let block = space.blocks.values().find(|block| block.path == range.path);
    let bits = windows.bits(range, block)?;
    // Above 4 GiB no memory shows up a second time.
    Some(if range.base >> 32 == 0 { bits } else { u64::MAX })
}
