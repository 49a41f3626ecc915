//! Interfaces that the design joins: streams above all, and the blocks in between that only pass them on.

use alloc::vec::Vec;
use pynq_hwh::{BusRole, Design};

use super::built;
use crate::{device::InterfaceKind, fabric::FabricBuilder, models::AxisFifoModel};

/// Words that a register slice or a converter holds.
const SLICE: u64 = 2;

impl FabricBuilder {
    /// Adds the blocks without registers that streams pass.
    pub(super) fn streams(mut self, design: &Design) -> Self {
        for (path, cell) in &design.cells {
            let words = match cell.vlnv_without_version() {
                "xilinx.com:ip:axis_data_fifo" => 512,
                "xilinx.com:ip:axis_register_slice"
                | "xilinx.com:ip:axis_clock_converter"
                | "xilinx.com:ip:axis_dwidth_converter" => SLICE,
                _ => continue,
            };
            if !self.has_block(path) {
                self = self.part(path, AxisFifoModel::new(built::stream_fifo(cell, words)));
            }
        }
        self
    }

    /// Joins the interfaces that are on one bus in the file, where both ends have a model with that interface. A bus master's
    /// port has no peer: what it reaches is its address space.
    pub(super) fn joined(mut self, design: &Design) -> Self {
        for bus in design.buses.values() {
            let ends = bus.ends.iter().filter(|end| end.role != BusRole::Monitor);
            let mut found = ends.filter_map(|end| self.interface(end.path.as_deref()?, &end.name));
            let Some((first, kind)) = found.next().filter(|(_, kind)| *kind != InterfaceKind::Master) else { continue };
            let others: Vec<_> = found.filter(|(_, other)| *other == kind).collect();
            for (other, _) in others {
                self = self.join(&first, &other);
            }
        }
        self
    }
}
