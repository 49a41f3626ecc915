//! Faults and races on demand.

use alloc::string::ToString;

use super::{Board, State, Stimulus, bus::Access};
use crate::error::Error;

/// A stimulus that waits for a register access.
pub(crate) struct Ambush {
    block: usize,
    offset: u32,
    access: Access,
    /// Only a write with one of these bits set counts.
    bits: u32,
    stimulus: Stimulus,
}

impl Ambush {
    fn meets(&self, block: usize, offset: u32, write: Option<u32>) -> bool {
        let access = if write.is_some() { Access::Write } else { Access::Read };
        (self.block, self.offset, self.access) == (block, offset, access)
            && write.is_none_or(|value| value & self.bits != 0)
    }
}

impl State {
    /// Applies the stimuli that waited for this access, before it is made.
    #[cold]
    pub(crate) fn spring_ambushes(&mut self, block: usize, offset: u32, write: Option<u32>) {
        while let Some(index) = self.ambushes.iter().position(|ambush| ambush.meets(block, offset, write)) {
            let ambush = self.ambushes.remove(index);
            // It was checked when it was laid.
            let _ = self.apply(&ambush.stimulus);
        }
    }
}

/// Faults. Those that name a line take either of its ends, as [`Board::set_line`] does.
impl Board {
    /// Fault: the next change to high of a line is seen by nobody behind it, until it has gone low again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`].
    pub fn lose_edge(&self, line: &str) -> Result<(), Error> {
        self.shared().act(|state| {
            let wire = state.wire_or_new(line)?;
            state.wires[wire].deaf = true;
            Ok(())
        })
    }

    /// Race: `stimulus` happens immediately before the next such access to a register of a block.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`], and what the stimulus may be refused for.
    pub fn before_access(&self, path: &str, offset: u32, access: Access, stimulus: Stimulus) -> Result<(), Error> {
        self.shared().act(|state| {
            let block = state.block(path)?;
            state.check(&stimulus)?;
            state.ambushes.push(Ambush { block, offset, access, bits: u32::MAX, stimulus });
            Ok(())
        })
    }

    /// Race: `stimulus` happens in the clock in which `line`, an input of an interrupt controller, is next acknowledged.
    /// An edge that it causes there is lost: the acknowledge wins.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLine`], [`Error::NotAcknowledged`], and what the stimulus may be refused for.
    pub fn in_acknowledge(&self, line: &str, stimulus: Stimulus) -> Result<(), Error> {
        self.shared().act(|state| {
            let wire = state.wire_or_new(line)?;
            let target = state.wires[wire].loads.iter().find_map(|load| state.acknowledge(*load));
            let (block, offset, bits) = target.ok_or_else(|| Error::NotAcknowledged { line: line.to_string() })?;
            state.check(&stimulus)?;
            state.ambushes.push(Ambush { block, offset, access: Access::Write, bits, stimulus });
            Ok(())
        })
    }

    /// Fault: the next `count` accesses to `address` are answered with a bus error. They read all ones, are recorded
    /// and fail no test.
    pub fn inject_bus_errors(&self, address: u64, count: usize) {
        self.shared().act(|state| {
            if count == 0 {
                state.injected_errors.remove(&address);
            } else {
                state.injected_errors.insert(address, count);
            }
        });
    }
}
