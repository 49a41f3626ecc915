//! Describing a fabric.

use alloc::{
    boxed::Box,
    string::{String, ToString},
};
use core::fmt;

use super::{
    Fabric,
    block::Block,
    inputs::{Input, Trigger},
    memory::Memory,
    space::{PROCESSOR, Range, Space, SpaceId, Target},
    wires::{End, Load},
};
use crate::{
    device::{Device, InterfaceKind},
    error::Error,
};

/// A [`Fabric`] being described. The first mistake is reported by [`build`](Self::build).
pub struct FabricBuilder {
    pub(crate) fabric: Fabric,
    pub(crate) mistake: Option<Error>,
}

impl fmt::Debug for FabricBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FabricBuilder").field("fabric", &self.fabric).field("mistake", &self.mistake).finish()
    }
}

impl Default for FabricBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// The last address of a range of whole words.
pub(crate) fn last_address(path: &str, base: u64, size: u64) -> Result<u64, Error> {
    let last = size.checked_sub(1).and_then(|span| base.checked_add(span));
    last.filter(|_| base % 4 == 0 && size % 4 == 0).ok_or_else(|| Error::BadRange {
        path: path.to_string(),
        base,
        size,
    })
}

impl FabricBuilder {
    /// A fabric without blocks, whose only master is the processor.
    #[must_use]
    pub fn new() -> Self {
        let mut fabric = Fabric::default();
        fabric.spaces.push(Space::new(super::access::PROCESSOR_NAME.to_string()));
        Self { fabric, mistake: None }
    }

    fn then(mut self, f: impl FnOnce(&mut Fabric) -> Result<(), Error>) -> Self {
        if self.mistake.is_none() {
            self.mistake = f(&mut self.fabric).err();
        }
        self
    }

    /// Ends in `error`, if nothing was wrong before.
    #[cfg(feature = "hwh")]
    pub(crate) fn refused(self, error: Error) -> Self {
        self.then(|_| Err(error))
    }

    /// Adds a device at a range of the processor's addresses.
    #[must_use]
    pub fn device(self, path: &str, base: u64, size: u64, device: impl Device + 'static) -> Self {
        self.boxed_device(path, base, size, Box::new(device))
    }

    /// As [`device`](Self::device), for a model chosen at run time.
    #[must_use]
    pub fn boxed_device(self, path: &str, base: u64, size: u64, device: Box<dyn Device>) -> Self {
        self.then(|fabric| {
            let block = add(fabric, path, Some(device))?;
            map(fabric, block, PROCESSOR, base, size, None)
        })
    }

    /// Adds a part, which no master addresses: a gate, or something outside of the chip.
    #[must_use]
    pub fn part(self, path: &str, device: impl Device + 'static) -> Self {
        self.boxed_part(path, Box::new(device))
    }

    /// As [`part`](Self::part), for a model chosen at run time.
    #[must_use]
    pub fn boxed_part(self, path: &str, device: Box<dyn Device>) -> Self {
        self.then(|fabric| add(fabric, path, Some(device)).map(drop))
    }

    /// Adds memory at a range of the processor's addresses: DDR, or a block RAM.
    #[must_use]
    pub fn memory(self, path: &str, base: u64, size: u64) -> Self {
        self.then(|fabric| {
            let block = add(fabric, path, None)?;
            let memory = new_memory(fabric);
            map(fabric, block, PROCESSOR, base, size, Some((memory, 0)))
        })
    }

    /// Adds another way of the processor to a memory that was added: a second controller, at other addresses or at the same.
    #[must_use]
    pub fn memory_window(self, path: &str, memory: &str, base: u64, size: u64) -> Self {
        self.then(|fabric| {
            let memory = fabric.block(memory)?;
            let shared = memory_of(fabric, memory).ok_or_else(|| Error::NoAddresses { path: path.to_string() })?;
            let block = add(fabric, path, None)?;
            let last = last_address(path, base, size)?;
            let same = fabric.spaces[PROCESSOR.0].overlapping(base, last).is_some_and(|range| {
                range.base <= base
                    && last <= range.last
                    && matches!(range.target, Target::Memory { memory, .. } if memory == shared)
            });
            if same {
                fabric.blocks[block].range = Some((base, last));
                return Ok(());
            }
            map(fabric, block, PROCESSOR, base, size, Some((shared, 0)))
        })
    }

    /// Adds memory of the processor, unless all of these addresses are memory already.
    #[must_use]
    pub fn processor_memory(self, path: &str, base: u64, size: u64) -> Self {
        let there = usize::try_from(size).is_ok_and(|size| self.fabric.check_memory(PROCESSOR, base, size).is_ok());
        if there { self } else { self.memory(path, base, size) }
    }

    /// Gives a line another name.
    #[must_use]
    pub fn line_alias(self, name: &str, line: &str) -> Self {
        self.then(|fabric| {
            let wire = fabric.wire_or_new(line)?;
            fabric.wire_names.insert(name.to_string(), wire);
            Ok(())
        })
    }

    /// Adds an address space: that of another bus master.
    #[must_use]
    pub fn space(self, name: &str) -> Self {
        self.then(|fabric| {
            if fabric.space(name).is_err() {
                fabric.spaces.push(Space::new(name.to_string()));
            }
            Ok(())
        })
    }

    /// Has a block or a memory that was added already answer in another address space, too, from `offset` bytes after its
    /// first on. A path that is not there yet becomes a memory, which masters can share and the processor does not see.
    #[must_use]
    pub fn map(self, space: &str, path: &str, base: u64, size: u64, offset: u64) -> Self {
        self.space(space).then(|fabric| {
            let space = fabric.space(space)?;
            let known = fabric.names.get(path).copied();
            let block = match known {
                Some(block) => block,
                None => add(fabric, path, None)?,
            };
            let memory = match (known.and_then(|block| memory_of(fabric, block)), &fabric.blocks[block].device) {
                (Some(memory), _) => Some((memory, offset)),
                (None, None) => Some((new_memory(fabric), offset)),
                (None, Some(_)) => None,
            };
            map(fabric, block, space, base, size, memory)
        })
    }

    /// Has a range of a master's address space lead to what the processor has at the same addresses, of which only the
    /// set bits of `bits` count.
    #[must_use]
    pub fn window_to_processor(self, space: &str, base: u64, size: u64, bits: u64) -> Self {
        self.space(space).then(|fabric| {
            let name = alloc::format!("{space}/window");
            let space = fabric.space(space)?;
            let last = last_address(&name, base, size)?;
            if let Some(other) = fabric.spaces[space.0].overlapping(base, last) {
                return Err(Error::Overlap { path: name, other: owner_of(fabric, other.owner) });
            }
            if space == PROCESSOR {
                return Err(Error::BadRange { path: name, base, size });
            }
            fabric.spaces[space.0].insert(Range { base, last, target: Target::Processor { bits }, owner: usize::MAX });
            Ok(())
        })
    }

    /// Has a master port of a block issue its accesses in this address space.
    #[must_use]
    pub fn master(self, port: &str, space: &str) -> Self {
        self.space(space).then(|fabric| {
            let space = fabric.space(space)?;
            let (block, port) = fabric.interface_named(port, InterfaceKind::Master)?;
            let masters = &mut fabric.blocks[block].masters;
            masters.retain(|master| master.0 != port);
            masters.push((port, space));
            Ok(())
        })
    }

    /// Wires an output to an input, both as `path/port[bit]` or, for a port of one bit, `path/port`.
    #[must_use]
    pub fn wire(self, driver: &str, load: &str) -> Self {
        self.then(|fabric| {
            let end = match fabric.end(load)? {
                End::Load(end) => end,
                End::Driver { .. } => return Err(Error::NotAPort { text: load.to_string() }),
            };
            connect(fabric, driver, load, end)
        })
    }

    /// Joins two interfaces of the same kind, each as `path/port`.
    #[must_use]
    pub fn join(self, one: &str, other: &str) -> Self {
        self.then(|fabric| fabric.join(one, other))
    }

    /// Wires an output to a reset of a block, which is held while the output is at `active`. A block with several is held
    /// while any of them says so.
    #[must_use]
    pub fn reset(self, driver: &str, path: &str, active: bool) -> Self {
        self.then(|fabric| {
            let block = fabric.block(path)?;
            let number = u8::try_from(fabric.blocks[block].resets.len()).unwrap_or(u8::MAX);
            let load = alloc::format!("{path}/reset");
            let load = if number == 0 { load } else { alloc::format!("{load}{number}") };
            connect(fabric, driver, &load, Load::Reset { block, number })?;
            let wire = fabric.wire_or_new(driver)?;
            fabric.blocks[block].resets.push((wire, active));
            fabric.blocks[block].held |= fabric.wires[wire].level == active;
            Ok(())
        })
    }

    /// Adds a line that no device drives: a button's interrupt, a flip-flop, an external pin. Stimuli drive it, under this
    /// name.
    #[must_use]
    pub fn external(self, name: &str, load: &str) -> Self {
        self.then(|fabric| {
            let End::Load(end) = fabric.end(load)? else { return Err(Error::NotAPort { text: load.to_string() }) };
            free(fabric, load, end)?;
            let wire = match fabric.wire_names.get(name).copied() {
                Some(wire) => {
                    fabric.wires[wire].loads.push(end);
                    fabric.loads.insert(end, wire);
                    wire
                }
                None => fabric.new_wire(name, End::Load(end)),
            };
            fabric.wire_names.insert(load.to_string(), wire);
            Ok(())
        })
    }

    /// As [`external`](Self::external), for a line that begins at this level.
    #[must_use]
    pub fn external_at(self, name: &str, load: &str, level: bool) -> Self {
        let is_new = !self.fabric.wire_names.contains_key(name);
        self.external(name, load).then(|fabric| {
            let wire = fabric.wire_or_new(name)?;
            if is_new {
                (fabric.wires[wire].driven, fabric.wires[wire].level) = (level, level);
            }
            Ok(())
        })
    }

    /// Says which clock a block is on, by the pin that drives the clock: for [`Fabric::stop_clock`].
    #[must_use]
    pub fn clock(self, driver: &str, path: &str) -> Self {
        self.then(|fabric| {
            let block = fabric.block(path)?;
            fabric.clocks.entry(driver.to_string()).or_default().push(block);
            Ok(())
        })
    }

    /// Wires an output to the CPU's interrupt of this number (the GIC ID on a Zynq), which gets a pin.
    #[must_use]
    pub fn interrupt(self, driver: &str, id: u32) -> Self {
        self.cpu_pin(id).then(|fabric| {
            let pin = fabric.pin(id)?;
            connect(fabric, driver, &alloc::format!("cpu/{id}"), Load::Pin(pin))
        })
    }

    /// Adds a CPU interrupt pin that nothing drives, unless it is there.
    #[must_use]
    pub fn cpu_pin(self, id: u32) -> Self {
        self.then(|fabric| {
            if fabric.pin(id).is_err() {
                fabric.inputs.push(Input::new(id));
            }
            Ok(())
        })
    }

    /// What a CPU pin is taken for, until software says otherwise.
    #[must_use]
    pub fn trigger(self, id: u32, trigger: Trigger) -> Self {
        self.then(|fabric| {
            let pin = fabric.pin(id)?;
            fabric.inputs[pin].trigger = trigger;
            Ok(())
        })
    }

    /// Whether a block with this output has been added.
    #[cfg(feature = "hwh")]
    pub(crate) fn has_output(&self, name: &str) -> bool {
        self.fabric.has_output(name)
    }

    /// Whether there is such an input, and nothing drives it.
    #[cfg(feature = "hwh")]
    pub(crate) fn is_free_input(&self, name: &str) -> bool {
        matches!(self.fabric.end(name), Ok(End::Load(load)) if !self.fabric.loads.contains_key(&load))
    }

    /// The name of an interface of a block, which may be spelt in other cases: `path/M_AXIS`. With its kind.
    #[cfg(feature = "hwh")]
    pub(crate) fn interface(&self, path: &str, name: &str) -> Option<(String, InterfaceKind)> {
        let block = &self.fabric.blocks[*self.fabric.names.get(path)?];
        block.ports().iter().find_map(|port| match port.kind {
            crate::device::PortKind::Interface(kind) if port.name.eq_ignore_ascii_case(name) => {
                Some((alloc::format!("{path}/{}", port.name), kind))
            }
            _ => None,
        })
    }

    /// Whether something bears this path.
    #[cfg(feature = "hwh")]
    pub(crate) fn has_block(&self, path: &str) -> bool {
        self.fabric.names.contains_key(path)
    }

    /// What of the processor's addresses from `base` to before `end` has nothing, as such pairs.
    #[cfg(feature = "hwh")]
    pub(crate) fn gaps(&self, base: u64, end: u64) -> alloc::vec::Vec<(u64, u64)> {
        let (mut gaps, mut from) = (alloc::vec::Vec::new(), base);
        for range in self.fabric.spaces[PROCESSOR.0].ranges().iter().filter(|range| range.last >= base) {
            if range.base >= end {
                break;
            }
            if range.base > from {
                gaps.push((from, range.base));
            }
            from = from.max(range.last.saturating_add(1));
        }
        if from < end {
            gaps.push((from, end));
        }
        gaps
    }

    /// Whether an address space has nothing at these addresses.
    #[cfg(feature = "hwh")]
    pub(crate) fn is_free(&self, space: &str, base: u64, size: u64) -> bool {
        let space = self.fabric.space(space).map(|space| &self.fabric.spaces[space.0]);
        match (space, last_address("", base, size)) {
            (Ok(space), Ok(last)) => space.overlapping(base, last).is_none(),
            (Err(_), Ok(_)) => true,
            _ => false,
        }
    }

    /// The fabric.
    ///
    /// # Errors
    ///
    /// The first mistake in the description.
    pub fn build(mut self) -> Result<Fabric, Error> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        self.fabric.announce_high_wires();
        Ok(self.fabric)
    }
}

fn add(fabric: &mut Fabric, path: &str, device: Option<Box<dyn Device>>) -> Result<usize, Error> {
    if fabric.names.contains_key(path) {
        return Err(Error::DuplicateBlock { path: path.to_string() });
    }
    let index = fabric.blocks.len();
    fabric.names.insert(path.to_string(), index);
    fabric.blocks.push(Block::new(String::from(path), device));
    // Nothing is wired to it yet: the levels that it drives are the initial ones, and no change.
    let changes = fabric.changes.len();
    fabric.call(index, 0xF, 0, |_, _| ());
    fabric.changes.truncate(changes);
    Ok(index)
}

fn new_memory(fabric: &mut Fabric) -> usize {
    fabric.memories.push(Memory::default());
    fabric.memories.len() - 1
}

fn memory_of(fabric: &Fabric, block: usize) -> Option<usize> {
    let mut ranges = fabric.spaces.iter().flat_map(|space| space.ranges());
    ranges.find(|range| range.owner == block).and_then(|range| match range.target {
        Target::Memory { memory, .. } => Some(memory),
        Target::Block { .. } | Target::Processor { .. } => None,
    })
}

/// Maps registers, or a memory from an offset on.
fn map(
    fabric: &mut Fabric,
    block: usize,
    space: SpaceId,
    base: u64,
    size: u64,
    memory: Option<(usize, u64)>,
) -> Result<(), Error> {
    let path = &fabric.blocks[block].path;
    let last = last_address(path, base, size)?;
    if memory.is_none() && size > 1 << 32 {
        return Err(Error::BadRange { path: path.clone(), base, size });
    }
    if let Some(other) = fabric.spaces[space.0].overlapping(base, last) {
        let other = owner_of(fabric, other.owner);
        return Err(Error::Overlap { path: path.clone(), other });
    }
    let added = &mut fabric.blocks[block];
    let target = match memory {
        Some((memory, offset)) => Target::Memory { memory, offset },
        None => Target::Block { block, slave: added.slaves, offset: 0 },
    };
    added.slaves = added.slaves.saturating_add(1);
    if space == PROCESSOR {
        added.range.get_or_insert((base, last));
    }
    fabric.spaces[space.0].insert(Range { base, last, target, owner: block });
    Ok(())
}

/// What a range was mapped for.
fn owner_of(fabric: &Fabric, owner: usize) -> String {
    fabric
        .blocks
        .get(owner)
        .map_or_else(|| "a window onto the processor's addresses".to_string(), |block| block.path.clone())
}

/// An input has one driver.
fn free(fabric: &Fabric, name: &str, load: Load) -> Result<(), Error> {
    if fabric.loads.contains_key(&load) {
        return Err(Error::AlreadyDriven { load: String::from(name) });
    }
    Ok(())
}

fn connect(fabric: &mut Fabric, driver: &str, load: &str, end: Load) -> Result<(), Error> {
    free(fabric, load, end)?;
    if let End::Load(_) = fabric.end(driver)? {
        return Err(Error::NotAPort { text: driver.to_string() });
    }
    let wire = fabric.wire_or_new(driver)?;
    fabric.wires[wire].loads.push(end);
    fabric.loads.insert(end, wire);
    fabric.wire_names.insert(load.to_string(), wire);
    Ok(())
}
