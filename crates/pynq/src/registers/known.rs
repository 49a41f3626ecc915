//! What reading or writing a register does, by what the handoff file says and by the data sheets.
//!
//! The files know of few side effects: that a FIFO's output is taken by its read, they don't say. The register maps of
//! the blocks that have a driver here do, and a short table has the others'.

use std::{borrow::Cow, fmt};

use pynq_core::{
    maps::AxiIntcRegisters,
    regs::{ReadAccess, RegisterInfo, WriteAccess},
};
use pynq_drivers::{
    axi_dma::AxiDmaRegisters, axi_gpio::AxiGpioRegisters, axi_iic::AxiIicRegisters, axi_quad_spi::AxiQuadSpiRegisters,
    axi_timer::AxiTimerRegisters, axi_uartlite::AxiUartLiteRegisters, axi_vdma::AxiVdmaRegisters,
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

/// What is known of one register of a block, from the handoff file and from the data sheets.
#[derive(Clone, Copy, Debug)]
pub struct Known<'b> {
    theirs: Option<&'b Register>,
    ours: Option<&'static RegisterInfo>,
    takes: Option<&'static str>,
}

/// Names and byte offsets of a block's registers, in the order of the offsets: those of the handoff file, or where it has none,
/// those of the data sheet.
#[must_use]
pub fn names(block: &IpBlock) -> Vec<(String, u64)> {
    let theirs = block.registers.iter().filter(|register| register.enabled);
    let mut all = theirs.map(|register| (register.name.clone(), register.offset)).collect::<Vec<_>>();
    if all.is_empty() {
        for register in map(block) {
            let name = register.name.to_uppercase();
            let name_of = |index| if register.count == 1 { name.clone() } else { format!("{name}[{index}]") };
            all.extend(register.offsets().enumerate().map(|(index, offset)| (name_of(index), offset as u64)));
        }
    }
    all.sort_by_key(|&(_, offset)| offset);
    all
}

/// What is known of the register at byte `offset` of `block`.
#[must_use]
pub fn known(block: &IpBlock, offset: u64) -> Known<'_> {
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
        "axi_iic" => AxiIicRegisters::REGISTERS,
        "axi_intc" => AxiIntcRegisters::REGISTERS,
        "axi_quad_spi" => AxiQuadSpiRegisters::REGISTERS,
        "axi_timer" => AxiTimerRegisters::REGISTERS,
        "axi_dma" => AxiDmaRegisters::REGISTERS,
        "axi_vdma" => AxiVdmaRegisters::REGISTERS,
        "axi_uartlite" => AxiUartLiteRegisters::REGISTERS,
        _ => &[],
    }
}

impl Known<'_> {
    /// The register's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let theirs = self.theirs.map(|register| register.name.clone());
        theirs.or_else(|| self.ours.map(|register| register.name.to_uppercase()))
    }

    /// Why a read does more than read.
    #[must_use]
    pub fn read_changes(&self) -> Option<String> {
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

    /// Whether a write does nothing, or is an error.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        match self.ours {
            Some(ours) => ours.access.write == WriteAccess::None,
            None => self.theirs.is_some_and(|register| register.access == Access::ReadOnly),
        }
    }

    /// What a written one does, where it is not simply stored.
    #[must_use]
    pub fn write_does(&self) -> Option<&'static str> {
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

    /// Whether the data sheet has nothing to be read there.
    #[must_use]
    pub fn is_write_only(&self) -> bool {
        self.ours.is_some_and(|register| register.access.read == ReadAccess::None)
    }

    /// Its fields, from the lowest bit on. A field that is the whole register says no more than its value, and is left out.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let theirs = self.theirs.map_or(&[][..], |register| &register.fields);
        let theirs = theirs.iter().filter(|field| field.bit_width < 32 && field.bit_offset < 32);
        let mut fields: Vec<Field> = theirs
            .map(|field| Field {
                name: Cow::Owned(field.name.clone()),
                mask: ((1_u32 << field.bit_width) - 1).wrapping_shl(field.bit_offset),
            })
            .collect();
        if fields.is_empty() {
            let ours = self.ours.map_or(&[][..], |register| register.fields);
            fields.extend(ours.iter().map(|field| Field { name: Cow::Borrowed(field.name), mask: field.mask }));
        }
        fields.sort_by_key(|field| field.mask.trailing_zeros());
        fields
    }

    /// The fields of a value, as far as there are any: `name=value`, separated by blanks.
    #[must_use]
    pub fn decode(&self, value: u32) -> String {
        let fields = self.fields();
        fields.iter().map(|field| format!("{}={:#x}", field.name, field.of(value))).collect::<Vec<_>>().join(" ")
    }
}

/// A field of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its bits, in place.
    pub mask: u32,
}

impl Field {
    /// The field's value in a register that reads as `bits`.
    #[must_use]
    pub const fn of(&self, bits: u32) -> u32 {
        if self.mask == 0 { 0 } else { (bits & self.mask) >> self.mask.trailing_zeros() }
    }

    /// `bits` with the field at `value`; `None` if that does not fit into it.
    #[must_use]
    pub const fn put(&self, bits: u32, value: u32) -> Option<u32> {
        let shift = if self.mask == 0 { 0 } else { self.mask.trailing_zeros() };
        if self.mask >> shift & value == value { Some(bits & !self.mask | value << shift) } else { None }
    }
}

/// Its name, and its bits as a mask.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x})", self.name, self.mask)
    }
}
