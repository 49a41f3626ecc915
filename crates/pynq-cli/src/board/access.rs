//! What reading or writing a register does, by what the handoff file says and by the data sheets.
//!
//! The files know of few side effects: that a FIFO's output is taken by its read, they don't say. The register maps of
//! the blocks that have a driver here do, and a short table has the others'.

use pynq::{
    core::{
        maps::AxiIntcRegisters,
        regs::{ReadAccess, RegisterInfo, WriteAccess},
    },
    drivers::{axi_gpio::AxiGpioRegisters, axi_timer::AxiTimerRegisters, axi_uartlite::AxiUartLiteRegisters},
};
use pynq_hwh::{Access, IpBlock, ModifiedWrite, Register};

/// Registers whose read has a side effect, of blocks without a register map here: kind, offset, what the read does.
const TAKES: [(&str, u64, &str); 10] = [
    ("axi_iic", 0x10C, "takes a byte from the receive FIFO"),
    ("axi_quad_spi", 0x64, "clears the mode fault"),
    ("axi_quad_spi", 0x6C, "takes a word from the receive FIFO"),
    ("axi_fifo_mm_s", 0x20, "takes a word from the receive FIFO"),
    ("axi_fifo_mm_s", 0x24, "takes the length of a packet"),
    ("mailbox", 0x08, "takes a word from the mailbox"),
    ("axi_uart16550", 0x1000, "takes a byte from the receive FIFO"),
    ("axi_uart16550", 0x1008, "acknowledges an interrupt"),
    ("axi_uart16550", 0x1014, "clears the error flags"),
    ("axi_uart16550", 0x1018, "clears the modem's changes"),
];

/// What is known of one register of a block.
pub(super) struct Known<'b> {
    theirs: Option<&'b Register>,
    ours: Option<&'static RegisterInfo>,
    takes: Option<&'static str>,
}

/// Names and offsets of a block's registers.
pub(super) fn registers(block: &IpBlock) -> Vec<(String, u64)> {
    let theirs = block.registers.iter().filter(|register| register.enabled);
    let mut all = theirs.map(|register| (register.name.clone(), register.offset)).collect::<Vec<_>>();
    if all.is_empty() {
        let ours = map(block).iter().map(|register| (register.name.to_uppercase(), register.offset as u64));
        all.extend(ours);
    }
    all.sort_by_key(|&(_, offset)| offset);
    all
}

/// What is known of the register at `offset` of `block`.
pub(super) fn known(block: &IpBlock, offset: u64) -> Known<'_> {
    let here = |register: &&Register| register.offset == offset;
    // Two at one offset are one for reading and one for writing, or a part that this configuration does not have.
    let theirs = block.registers.iter().filter(|register| register.enabled).find(here);
    let ours = usize::try_from(offset).ok().and_then(|at| map(block).iter().find(|info| info.contains(at)));
    let takes = TAKES.iter().find(|(kind, at, _)| *kind == block.kind() && *at == offset).map(|(_, _, what)| *what);
    Known { theirs, ours, takes }
}

fn map(block: &IpBlock) -> &'static [RegisterInfo] {
    match block.kind() {
        "axi_gpio" => AxiGpioRegisters::REGISTERS,
        "axi_intc" => AxiIntcRegisters::REGISTERS,
        "axi_timer" => AxiTimerRegisters::REGISTERS,
        "axi_uartlite" => AxiUartLiteRegisters::REGISTERS,
        _ => &[],
    }
}

impl Known<'_> {
    /// The register's name, if it has one.
    pub(super) fn name(&self) -> Option<String> {
        let theirs = self.theirs.map(|register| register.name.clone());
        theirs.or_else(|| self.ours.map(|register| register.name.to_uppercase()))
    }

    /// Why a read does more than read.
    pub(super) fn read_changes(&self) -> Option<String> {
        if let Some(takes) = self.takes {
            return Some(format!("its read {takes}"));
        }
        if self.ours.is_some_and(|register| register.access.read == ReadAccess::Destructive) {
            return Some("its read changes it, or takes from a FIFO".to_owned());
        }
        // A register map of the data sheet has precedence: HLS's files say this of nearly every register.
        let says = self.ours.is_none() && self.theirs.is_some_and(Register::read_has_side_effect);
        says.then(|| "its read changes something, by the handoff file".to_owned())
    }

    /// Why a write does nothing, or an error.
    pub(super) fn is_read_only(&self) -> bool {
        match self.ours {
            Some(ours) => ours.access.write == WriteAccess::None,
            None => self.theirs.is_some_and(|register| register.access == Access::ReadOnly),
        }
    }

    /// What a written one does, where it is not simply stored.
    pub(super) fn write_does(&self) -> Option<&'static str> {
        let ours = self.ours.map(|register| register.access.write);
        let says = |kind| {
            let fields = self.theirs.map_or(&[][..], |register| &register.fields);
            fields.iter().any(|field| field.modified_write == Some(kind))
        };
        match ours {
            Some(WriteAccess::OneToClear) => Some("ones clear"),
            Some(WriteAccess::OneToSet) => Some("ones set"),
            Some(WriteAccess::OneToToggle) => Some("ones toggle"),
            Some(WriteAccess::Mixed { .. }) => Some("ones clear some of the bits"),
            _ if says(ModifiedWrite::OneToToggle) => Some("ones toggle"),
            _ if says(ModifiedWrite::OneToClear) => Some("ones clear"),
            _ if says(ModifiedWrite::OneToSet) => Some("ones set"),
            _ => None,
        }
    }

    /// The fields of a value, as far as there are any: `name=value`, separated by blanks.
    pub(super) fn decode(&self, value: u32) -> String {
        let theirs = self.theirs.map_or(&[][..], |register| &register.fields);
        let mut fields = Vec::new();
        for field in theirs {
            // A field that is the whole register says no more than the value.
            if field.bit_width >= 32 || field.bit_offset >= 32 {
                continue;
            }
            let bits = value >> field.bit_offset & ((1u32 << field.bit_width) - 1);
            fields.push(format!("{}={bits:#x}", field.name));
        }
        if fields.is_empty() {
            let ours = self.ours.map_or(&[][..], |register| register.fields);
            fields.extend(ours.iter().map(|field| format!("{}={:#x}", field.name, field.extract(value))));
        }
        fields.join(" ")
    }
}
