//! Races on demand: stimuli that happen right before an access.

use alloc::string::ToString;

use super::{Access, Fabric, Stimulus, stimulus::Action, wires::Load};
use crate::error::Error;

/// A stimulus that waits for a register access.
pub(super) struct OnAccess {
    block: usize,
    offset: u32,
    access: Access,
    /// Only a write with one of these bits set counts, if there are any here.
    bits: Option<u32>,
    action: Action,
}

impl OnAccess {
    fn meets(&self, block: usize, offset: u32, write: Option<u32>) -> bool {
        let access = if write.is_some() { Access::Write } else { Access::Read };
        (self.block, self.offset, self.access) == (block, offset, access)
            && self.bits.is_none_or(|bits| write.is_some_and(|value| value & bits != 0))
    }
}

impl Fabric {
    /// Applies the stimuli that wait for this access, before it is made.
    #[cold]
    pub(super) fn run_triggers(&mut self, block: usize, offset: u32, write: Option<u32>) {
        while let Some(index) = self.triggers.iter().position(|trigger| trigger.meets(block, offset, write)) {
            let trigger = self.triggers.remove(index);
            self.act(trigger.action);
        }
    }

    /// Race: `stimulus` happens immediately before the next such access to a register of a block.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], and what the stimulus may be refused for.
    pub fn before_access(&mut self, path: &str, offset: u32, access: Access, stimulus: &Stimulus) -> Result<(), Error> {
        let block = self.block(path)?;
        let action = self.resolve(stimulus)?;
        self.triggers.push(OnAccess { block, offset, access, bits: None, action });
        Ok(())
    }

    /// Race: `stimulus` happens in the clock in which `line`, an input of an interrupt controller, is next acknowledged.
    /// An edge that it causes there is lost: the acknowledge wins.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], [`Error::NotAcknowledged`], and what the stimulus may be refused for.
    pub fn in_acknowledge(&mut self, line: &str, stimulus: &Stimulus) -> Result<(), Error> {
        let wire = self.wire_or_new(line)?;
        let target = self.wires[wire].loads.iter().find_map(|load| self.acknowledge(*load));
        let (block, offset, bits) = target.ok_or_else(|| Error::NotAcknowledged { line: line.to_string() })?;
        let action = self.resolve(stimulus)?;
        self.triggers.push(OnAccess { block, offset, access: Access::Write, bits: Some(bits), action });
        Ok(())
    }

    /// The acknowledge register and bit of an interrupt controller's input.
    fn acknowledge(&self, load: Load) -> Option<(usize, u32, u32)> {
        let Load::Block { block, port, bit } = load else { return None };
        self.blocks[block].ports()[port].acknowledged_by.map(|offset| (block, offset, 1 << bit))
    }
}
