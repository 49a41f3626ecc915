//! The Processor System Reset, from its product guide (PG164), and the resets that a Zynq-7000 gives to the logic, from its
//! reference manual (UG585).
//!
//! Any of four inputs puts everything behind the block into reset at once: an external reset, an auxiliary one, that of a
//! debugger, and the clock that is not locked. When all are gone the outputs let go in an order: buses and interconnects,
//! then peripherals, then processors. On hardware there are 16 clocks between them, and a request counts from so many
//! clocks on as the block was built for. An access takes longer than that there and no time here, so here neither takes
//! any, and the order is kept.

use alloc::{string::String, vec::Vec};

use crate::device::{Bus, Device, Port, PortKind};

/// How a reset block was built, and what its inputs are wired to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcSysResetParams {
    /// The external reset is active high (C_EXT_RESET_HIGH).
    pub ext_reset_high: bool,
    /// The auxiliary reset is active high (C_AUX_RESET_HIGH).
    pub aux_reset_high: bool,
    /// Outputs `bus_struct_reset` (C_NUM_BUS_RST).
    pub bus_resets: u8,
    /// Outputs `peripheral_reset` (C_NUM_PERP_RST).
    pub peripheral_resets: u8,
    /// Outputs `interconnect_aresetn` (C_NUM_INTERCONNECT_ARESETN).
    pub interconnect_aresetn: u8,
    /// Outputs `peripheral_aresetn` (C_NUM_PERP_ARESETN).
    pub peripheral_aresetn: u8,
    /// The external reset is wired. An input that isn't is inactive.
    pub ext_wired: bool,
    /// The auxiliary reset is wired.
    pub aux_wired: bool,
    /// `dcm_locked` is wired.
    pub locked_wired: bool,
}

impl Default for ProcSysResetParams {
    /// As the tools build it if nobody says otherwise, with no input wired.
    fn default() -> Self {
        Self {
            ext_reset_high: false,
            aux_reset_high: false,
            bus_resets: 1,
            peripheral_resets: 1,
            interconnect_aresetn: 1,
            peripheral_aresetn: 1,
            ext_wired: false,
            aux_wired: false,
            locked_wired: false,
        }
    }
}

/// The Processor System Reset. Its inputs are low until something drives them.
#[derive(Clone, Debug)]
pub struct ProcSysResetModel {
    params: ProcSysResetParams,
    external: bool,
    auxiliary: bool,
    debug: bool,
    unlocked: bool,
    ports: Vec<Port>,
}

const INPUTS: [&str; 4] = ["ext_reset_in", "aux_reset_in", "mb_debug_sys_rst", "dcm_locked"];
/// Outputs in the order in which they let go, and whether they are active high.
const OUTPUTS: [(&str, bool); 5] = [
    ("bus_struct_reset", true),
    ("interconnect_aresetn", false),
    ("peripheral_reset", true),
    ("peripheral_aresetn", false),
    ("mb_reset", true),
];

impl ProcSysResetModel {
    /// A block that was built like this.
    #[must_use]
    pub fn new(params: ProcSysResetParams) -> Self {
        let widths =
            [params.bus_resets, params.interconnect_aresetn, params.peripheral_resets, params.peripheral_aresetn, 1];
        let inputs = INPUTS.map(|name| Port::new(name, PortKind::Input, 1));
        let outputs = OUTPUTS.iter().zip(widths);
        let outputs =
            outputs.map(|((name, _), width)| Port::named(String::from(*name), PortKind::Signal, width.clamp(1, 16)));
        Self {
            params,
            // What is wired is low until it is driven, which can be active.
            external: params.ext_wired && !params.ext_reset_high,
            auxiliary: params.aux_wired && !params.aux_reset_high,
            debug: false,
            unlocked: params.locked_wired,
            ports: inputs.into_iter().chain(outputs).collect(),
        }
    }

    /// Whether what is behind it is in reset.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.external || self.auxiliary || self.debug || self.unlocked
    }
}

impl Device for ProcSysResetModel {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn set_input(&mut self, port: usize, bits: u32, _: &mut Bus<'_>) {
        let high = bits & 1 != 0;
        match port {
            0 => self.external = high == self.params.ext_reset_high,
            1 => self.auxiliary = high == self.params.aux_reset_high,
            2 => self.debug = high,
            3 => self.unlocked = !high,
            _ => {}
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        let active = self.is_active();
        for (index, (_, active_high)) in OUTPUTS.into_iter().enumerate() {
            let port = INPUTS.len() + index;
            let width = self.ports[port].width;
            bus.set(port, if active == active_high { (1 << width) - 1 } else { 0 });
        }
    }
}

/// Of the Zynq-7000's system-level control registers: locks the others against writes.
pub const SLCR_LOCK: u32 = 0x004;
/// Unlocks them.
pub const SLCR_UNLOCK: u32 = 0x008;
/// Whether they are locked.
pub const SLCR_LOCKSTA: u32 = 0x00C;
/// The resets of the logic: a set bit of the lowest four is a reset that is active.
pub const FPGA_RST_CTRL: u32 = 0x240;

const LOCK_KEY: u32 = 0x767B;
const UNLOCK_KEY: u32 = 0xDF0D;

/// What a Zynq-7000 resets the logic by: FPGA_RST_CTRL, behind the lock of its system-level control registers. All the others
/// of these are somebody else's, and read zero here.
///
/// It begins as a boot loader leaves it: no reset is active, and the registers are locked.
#[derive(Clone, Debug)]
pub struct PsResetModel {
    locked: bool,
    resets: u32,
}

static PS_PORTS: [Port; 4] = [
    Port::new("FCLK_RESET0_N", PortKind::Signal, 1),
    Port::new("FCLK_RESET1_N", PortKind::Signal, 1),
    Port::new("FCLK_RESET2_N", PortKind::Signal, 1),
    Port::new("FCLK_RESET3_N", PortKind::Signal, 1),
];

impl Default for PsResetModel {
    fn default() -> Self {
        Self::new()
    }
}

impl PsResetModel {
    /// As a boot loader leaves it.
    #[must_use]
    pub const fn new() -> Self {
        Self { locked: true, resets: 0 }
    }
}

impl Device for PsResetModel {
    fn ports(&self) -> &[Port] {
        &PS_PORTS
    }

    /// The logic is new, and its loader has let go of the resets.
    fn reset(&mut self, _: &mut Bus<'_>) {
        *self = Self::new();
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        match offset {
            SLCR_LOCKSTA => self.locked.into(),
            FPGA_RST_CTRL => self.resets,
            _ => 0,
        }
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
        match (offset, value & 0xFFFF) {
            (SLCR_LOCK, LOCK_KEY) => self.locked = true,
            (SLCR_UNLOCK, UNLOCK_KEY) => self.locked = false,
            (FPGA_RST_CTRL, _) if !self.locked => self.resets = value & 0xF,
            _ => {}
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        for number in 0..PS_PORTS.len() {
            bus.set(number, !self.resets >> number & 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stimulus;
    use crate::fabric::{Fabric, FabricBuilder};

    /// A reset block with a wire to each of its inputs and outputs.
    fn fabric(params: ProcSysResetParams) -> Fabric {
        let mut builder = FabricBuilder::new().part("rst", ProcSysResetModel::new(params));
        for input in INPUTS {
            builder = builder.external(input, &alloc::format!("rst/{input}"));
        }
        builder.build().expect("a fabric")
    }

    fn outputs(fabric: &mut Fabric) -> [bool; 5] {
        ["bus_struct_reset", "interconnect_aresetn", "peripheral_reset[1]", "peripheral_aresetn", "mb_reset"]
            .map(|name| fabric.line(&alloc::format!("rst/{name}")).expect("an output"))
    }

    const HELD: [bool; 5] = [true, false, true, false, true];
    const FREE: [bool; 5] = [false, true, false, true, false];

    #[test]
    fn each_input_holds_it_at_its_own_level() {
        let wired = ProcSysResetParams {
            peripheral_resets: 2,
            ext_wired: true,
            aux_wired: true,
            locked_wired: true,
            aux_reset_high: true,
            ..ProcSysResetParams::default()
        };
        let mut fabric = fabric(wired);
        assert_eq!(outputs(&mut fabric), HELD, "the external reset is low, and the clock not locked");
        let mut set = |line: &str, level| {
            fabric.apply(&Stimulus::line(line, level)).expect("a line");
            outputs(&mut fabric)
        };
        assert_eq!(set("ext_reset_in", true), HELD);
        assert_eq!(set("dcm_locked", true), FREE);
        assert_eq!(set("aux_reset_in", true), HELD);
        assert_eq!(set("aux_reset_in", false), FREE);
        assert_eq!(set("mb_debug_sys_rst", true), HELD);
        assert_eq!(set("mb_debug_sys_rst", false), FREE);
        assert_eq!(set("ext_reset_in", false), HELD);
        assert_eq!(set("ext_reset_in", true), FREE);
        assert_eq!(set("dcm_locked", false), HELD);
    }

    #[test]
    fn an_input_that_is_not_wired_is_inactive() {
        for high in [false, true] {
            let params =
                ProcSysResetParams { ext_reset_high: high, aux_reset_high: high, ..ProcSysResetParams::default() };
            assert!(!ProcSysResetModel::new(params).is_active());
        }
    }

    #[test]
    fn it_lets_go_in_order_and_holds_at_once() {
        let params = ProcSysResetParams { ext_wired: true, ..ProcSysResetParams::default() };
        let mut builder =
            FabricBuilder::new().part("rst", ProcSysResetModel::new(params)).external("ext", "rst/ext_reset_in");
        for (number, (output, _)) in OUTPUTS.iter().enumerate() {
            let lamp = alloc::format!("lamp{number}");
            builder = builder.part(&lamp, crate::parts::Lamp::new());
            builder = builder.wire(&alloc::format!("rst/{output}"), &alloc::format!("{lamp}/in"));
        }
        let mut fabric = builder.build().expect("a fabric");
        fabric.start_trace(100);
        fabric.apply(&Stimulus::line("ext", true)).expect("a line");
        let order: Vec<String> = fabric
            .trace()
            .into_iter()
            .filter_map(|entry| match entry.event {
                crate::TraceEvent::Wire { name, .. } if name.starts_with("rst/") => Some(name),
                _ => None,
            })
            .collect();
        assert_eq!(order, OUTPUTS.map(|(name, _)| alloc::format!("rst/{name}")));
    }

    #[test]
    fn the_processing_systems_resets_are_behind_its_lock() {
        let mut fabric =
            FabricBuilder::new().device("slcr", 0xF800_0000, 0x1000, PsResetModel::new()).build().expect("a fabric");
        let mut write = |offset, value| {
            fabric.write(0xF800_0000 + u64::from(offset), value).expect("a register");
            let held = [0, 1].map(|number| !fabric.line(&alloc::format!("slcr/FCLK_RESET{number}_N")).expect("a line"));
            (held, fabric.read(0xF800_0240).expect("a register"))
        };
        assert_eq!(write(FPGA_RST_CTRL, 1), ([false, false], 0), "it is locked");
        write(SLCR_UNLOCK, 0xDF0D);
        assert_eq!(write(FPGA_RST_CTRL, 2), ([false, true], 2));
        write(SLCR_LOCK, 0x767B);
        assert_eq!(write(FPGA_RST_CTRL, 0), ([false, true], 2));
        assert_eq!(fabric.read(0xF800_000C), Ok(1));
    }
}
