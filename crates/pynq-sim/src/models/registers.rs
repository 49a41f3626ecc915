//! A block of plain registers, in place of an IP block that has no model.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use crate::device::{Bus, Device, Port, PortKind};

/// Registers that read back what was written to them, and zero before.
///
/// Its interrupt outputs, if it has any, are driven by stimuli: [`Board::set_line`](crate::Board::set_line).
#[derive(Clone, Debug, Default)]
pub struct RegisterModel {
    registers: BTreeMap<u32, u32>,
    resets: BTreeMap<u32, u32>,
    ports: Vec<Port>,
}

impl RegisterModel {
    /// A block without ports.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a register a value at reset.
    #[must_use]
    pub fn with_reset(mut self, offset: u32, value: u32) -> Self {
        self.resets.insert(offset, value);
        self.registers.insert(offset, value);
        self
    }

    /// Adds an output, which stimuli drive.
    #[must_use]
    pub fn with_output(mut self, name: String, width: u8) -> Self {
        self.ports.push(Port::named(name, PortKind::Stimulated, width));
        self
    }
}

impl Device for RegisterModel {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        self.registers.clone_from(&self.resets);
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        self.registers.get(&offset).copied().unwrap_or(0)
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
        self.registers.insert(offset, value);
    }

    fn is_still(&self) -> bool {
        true
    }
}
