//! Clocks along the nets: which clock the registers of a block are on.

use pynq_hwh::{Design, WireKind};

use super::resets::blocks;
use crate::fabric::FabricBuilder;

/// Whether a pin is the clock of a block's registers.
fn is_of_registers(pin: &str) -> bool {
    let name = pin.to_ascii_lowercase();
    // `s_axi_aclk`, `s_axi_lite_aclk`, `s00_axi_aclk`, but not that of a stream.
    let of_slave = name.starts_with('s') && name.contains("axi_") && name.ends_with("aclk");
    of_slave || matches!(name.as_str(), "ap_clk" | "clk")
}

impl FabricBuilder {
    /// Says of each block which clock its registers are on.
    pub(super) fn clocks(mut self, design: &Design) -> Self {
        for (driver, wire) in design.wires.iter().filter(|(_, wire)| wire.kind == WireKind::Clock) {
            let loads = wire.loads.iter().filter_map(|load| load.rsplit_once('/'));
            for (target, _) in loads.filter(|(_, pin)| is_of_registers(pin)) {
                for block in blocks(design, &self, target) {
                    self = self.clock(driver, block);
                }
            }
        }
        self
    }
}
