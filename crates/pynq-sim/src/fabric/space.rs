//! Address spaces: one for each bus master.

use alloc::{string::String, vec::Vec};

use super::{Fabric, memory::Unbacked};
use crate::error::{Error, list};

/// An address space of a fabric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(pub(super) usize);

/// The processor's address space. It is always there.
pub const PROCESSOR: SpaceId = SpaceId(0);

/// What is at an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// Registers of a block, from this offset on, by this one of its ranges.
    Block { block: usize, slave: u8, offset: u32 },
    /// A memory, from this offset on.
    Memory { memory: usize, offset: u64 },
    /// What the processor has at the address, of which these bits count.
    Processor { bits: u64 },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) base: u64,
    /// Inclusive.
    pub(super) last: u64,
    pub(super) target: Target,
    /// The block that it was mapped for. A memory has a block, too, which holds its name.
    pub(super) owner: usize,
}

#[derive(Debug)]
pub(super) struct Space {
    pub(super) name: String,
    /// In the order of their addresses, without overlap.
    ranges: Vec<Range>,
    /// The range of the last access: the next one is mostly to the same.
    last_hit: usize,
}

impl Space {
    pub(super) fn new(name: String) -> Self {
        Self { name, ranges: Vec::new(), last_hit: 0 }
    }

    #[inline(always)]
    pub(super) fn decode(&mut self, address: u64) -> Option<&Range> {
        let hit = self.ranges.get(self.last_hit).is_some_and(|range| range.base <= address && address <= range.last);
        if !hit {
            self.last_hit = self.index(address)?;
        }
        self.ranges.get(self.last_hit)
    }

    #[inline(never)]
    fn index(&self, address: u64) -> Option<usize> {
        let index = self.ranges.partition_point(|range| range.base <= address).checked_sub(1)?;
        (address <= self.ranges[index].last).then_some(index)
    }

    /// The block that an address is mapped for.
    pub(super) fn owner(&self, address: u64) -> Option<usize> {
        self.index(address).map(|index| self.ranges[index].owner)
    }

    /// The range that all of these bytes are in.
    fn covers(&self, address: u64, len: usize) -> Option<&Range> {
        let range = &self.ranges[self.index(address)?];
        let beyond_first = u64::try_from(len.saturating_sub(1)).ok()?;
        (beyond_first <= range.last - address).then_some(range)
    }

    /// The range at an address, if there is one, and the first address after it where that is another.
    pub(super) fn around(&self, address: u64) -> (Option<&Range>, u64) {
        let next = self.ranges.partition_point(|range| range.base <= address);
        let found = next.checked_sub(1).map(|index| &self.ranges[index]).filter(|range| address <= range.last);
        let end = match found {
            Some(range) => range.last.saturating_add(1),
            None => self.ranges.get(next).map_or(u64::MAX, |range| range.base),
        };
        (found, end)
    }

    pub(super) fn overlapping(&self, base: u64, last: u64) -> Option<&Range> {
        let index = self.ranges.partition_point(|range| range.last < base);
        self.ranges.get(index).filter(|range| range.base <= last)
    }

    pub(super) fn insert(&mut self, range: Range) {
        let index = self.ranges.partition_point(|other| other.base < range.base);
        self.ranges.insert(index, range);
    }

    pub(super) fn ranges(&self) -> &[Range] {
        &self.ranges
    }
}

impl Fabric {
    /// Whether a range is all memory, for a master.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if not.
    pub fn check_memory(&self, space: SpaceId, address: u64, len: usize) -> Result<(), Unbacked> {
        self.memory_at(space, address, len).map(drop)
    }

    fn memory_at(&self, space: SpaceId, address: u64, len: usize) -> Result<(usize, u64), Unbacked> {
        match self.spaces[space.0].covers(address, len) {
            Some(&Range { base, target: Target::Memory { memory, offset }, .. }) => {
                Ok((memory, offset + (address - base)))
            }
            // The processor's own space has no such window, so this ends.
            Some(&Range { target: Target::Processor { bits }, .. }) if space != PROCESSOR => {
                self.memory_at(PROCESSOR, address & bits, len)
            }
            _ => Err(Unbacked { address, len }),
        }
    }

    /// Reads memory, as a master has it.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if part of the range is not memory. Nothing is read then.
    pub fn read_memory(&self, space: SpaceId, address: u64, bytes: &mut [u8]) -> Result<(), Unbacked> {
        let (memory, offset) = self.memory_at(space, address, bytes.len())?;
        self.memories[memory].read(offset, bytes);
        Ok(())
    }

    /// As [`read_memory`](Self::read_memory), appended to a list.
    pub(crate) fn append_memory(
        &self,
        space: SpaceId,
        address: u64,
        len: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Unbacked> {
        let (memory, offset) = self.memory_at(space, address, len)?;
        self.memories[memory].append(offset, len, bytes);
        Ok(())
    }

    /// Writes memory, as a master has it.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if part of the range is not memory. Nothing is written then.
    pub fn write_memory(&mut self, space: SpaceId, address: u64, bytes: &[u8]) -> Result<(), Unbacked> {
        let (memory, offset) = self.memory_at(space, address, bytes.len())?;
        self.memories[memory].write(offset, bytes);
        self.memory_written(memory);
        Ok(())
    }

    /// The address space of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NoAddressSpace`] with the names there are.
    pub fn space(&self, name: &str) -> Result<SpaceId, Error> {
        let index = self.spaces.iter().position(|space| space.name == name);
        index.map(SpaceId).ok_or_else(|| Error::NoAddressSpace {
            name: String::from(name),
            has: list(self.spaces.iter().map(|space| space.name.as_str())),
        })
    }

    pub(crate) fn space_behind(&self, block: usize, port: usize) -> Option<SpaceId> {
        self.blocks[block].masters.iter().find(|master| master.0 == port).map(|master| master.1)
    }

    /// The address space behind a master port of a block.
    pub(crate) fn space_of(&self, block: usize, port: usize) -> Result<SpaceId, Error> {
        self.space_behind(block, port).ok_or_else(|| {
            let block = &self.blocks[block];
            let name = block.ports().get(port).map_or("?", |port| &*port.name);
            Error::NoAddressSpace {
                name: alloc::format!("{}/{name}", block.path),
                has: String::from("none on this port"),
            }
        })
    }
}
