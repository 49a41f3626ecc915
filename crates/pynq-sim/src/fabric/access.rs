//! Accesses: which block or memory an address reaches in a master's address space, and what happens if it reaches none.

use alloc::string::String;
use core::{fmt, panic::Location};
use pynq_core::Instant;

use super::{
    Change, Fabric,
    space::{PROCESSOR, SpaceId, Target},
    trace::TraceEvent,
};

/// The direction of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// A read.
    Read,
    /// A write.
    Write,
}

/// The width of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Half,
    /// 32 bits: the only width of most registers.
    Word,
    /// 64 bits.
    Double,
}

impl Width {
    /// Bytes moved.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
            Self::Double => 8,
        }
    }

    pub(crate) const fn all_ones(self) -> u64 {
        u64::MAX >> (64 - 8 * self.bytes())
    }
}

/// What was wrong with an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BusErrorKind {
    /// No block answers at this address (DECERR).
    Unmapped,
    /// The address is beyond the window it was accessed through.
    OutsideWindow,
    /// The address is not a multiple of the width.
    Unaligned,
    /// Registers are accessed as whole words.
    Width(Width),
    /// The block refused it (SLVERR).
    Refused,
    /// The block is held in reset. Hardware would not answer at all.
    InReset,
    /// The block's clock stands still. Hardware would not answer at all.
    NoClock,
    /// The access came back to the master that made it, which is in the middle of it.
    Itself,
    /// The fault was injected. It is recorded, but fails no test.
    Injected,
}

/// An access that misbehaved. It read all ones, or wrote nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusError {
    /// When.
    pub time: Instant,
    /// The name of the address space, which is that of its master.
    pub master: String,
    /// The address.
    pub address: u64,
    /// Read or write.
    pub access: Access,
    /// The fault.
    pub kind: BusErrorKind,
    /// Whether it was announced.
    pub expected: bool,
    /// The line that holds the block in reset, if it is that.
    pub held_by: Option<String>,
    /// The code that made the access: the caller of a checked access, or as far up from a register map as is known.
    pub caller: &'static Location<'static>,
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        if self.master != PROCESSOR_NAME {
            write!(f, "{}: ", self.master)?;
        }
        write!(f, "{access} at {:#010x} ({}, {}): ", self.address, self.time, self.caller)?;
        match self.kind {
            BusErrorKind::Unmapped => f.write_str("no block answers there"),
            BusErrorKind::OutsideWindow => f.write_str("it is beyond the window it was made through"),
            BusErrorKind::Unaligned => f.write_str("the address is not a multiple of the width"),
            BusErrorKind::Width(width) => {
                write!(f, "a register is a whole word, and {} bytes were asked for", width.bytes())
            }
            BusErrorKind::Refused => f.write_str("the block refused it, as an empty or a full FIFO does"),
            BusErrorKind::InReset => {
                f.write_str("the block is held in reset")?;
                if let Some(line) = &self.held_by {
                    write!(f, " by {line}")?;
                }
                f.write_str(" and does not answer; release it first")
            }
            BusErrorKind::NoClock => {
                f.write_str("the block's clock stands still, so it does not answer; start it first")
            }
            BusErrorKind::Itself => f.write_str("the master reached itself"),
            BusErrorKind::Injected => f.write_str("injected fault"),
        }
    }
}

/// The name of the processor's address space.
pub(super) const PROCESSOR_NAME: &str = "processor";

impl Fabric {
    /// One access, of any width, at any address of a master's space.
    ///
    /// # Errors
    ///
    /// What was wrong with it. It is recorded as a [`Change::BusError`], too.
    #[inline(always)]
    pub fn access(
        &mut self,
        space: SpaceId,
        address: u64,
        width: Width,
        write: Option<u64>,
        caller: &'static Location<'static>,
    ) -> Result<u64, BusErrorKind> {
        let done = self.try_access(space, address, width, write);
        if let Err(kind) = done {
            self.record_bus_error(space, address, write.is_some(), kind, caller);
        }
        done
    }

    /// Records an access that misbehaved.
    #[cold]
    pub(crate) fn record_bus_error(
        &mut self,
        space: SpaceId,
        address: u64,
        write: bool,
        kind: BusErrorKind,
        caller: &'static Location<'static>,
    ) {
        let access = if write { Access::Write } else { Access::Read };
        let (time, master) = (self.now, self.spaces[space.0].name.clone());
        let expected = kind == BusErrorKind::Injected;
        let held_by = (kind == BusErrorKind::InReset).then(|| self.holder(space, address)).flatten();
        self.tracer.record(time, || TraceEvent::BusError { address, access });
        self.changes.push(Change::BusError(BusError {
            time,
            master,
            address,
            access,
            kind,
            expected,
            held_by,
            caller,
        }));
    }

    /// The name of the line that holds what is at an address in reset.
    fn holder(&self, space: SpaceId, address: u64) -> Option<String> {
        let wire = self.held_by(self.spaces[space.0].owner(address)?)?;
        Some(self.wires[wire].name.clone())
    }

    #[inline(always)]
    fn try_access(
        &mut self,
        space: SpaceId,
        address: u64,
        width: Width,
        write: Option<u64>,
    ) -> Result<u64, BusErrorKind> {
        if address & (width.bytes() as u64 - 1) != 0 {
            return Err(BusErrorKind::Unaligned);
        }
        let range = self.spaces[space.0].decode(address).ok_or(BusErrorKind::Unmapped)?;
        if range.last - address < width.bytes() as u64 - 1 {
            return Err(BusErrorKind::Unmapped);
        }
        let (from_base, target, owner) = (address - range.base, range.target, range.owner);
        if !self.injected_errors.is_empty() && self.takes_injected_error(address) {
            return Err(BusErrorKind::Injected);
        }
        match target {
            Target::Memory { memory, offset } => match self.blocks[owner].silent() {
                Some(kind) => Err(kind),
                None => Ok(self.access_memory(memory, offset + from_base, width, write)),
            },
            Target::Processor { bits } => self.access_processor(space, address & bits, width, write),
            // A block is at most 4 GiB.
            #[allow(clippy::cast_possible_truncation)]
            Target::Block { block, slave, offset } => {
                let offset = offset + from_base as u32;
                if width == Width::Word {
                    // A register is a word.
                    let write = write.map(|value| value as u32);
                    return self.access_register(block, slave, offset, 0xF, write).map(u64::from);
                }
                self.narrow_access(block, slave, offset, width, write)
            }
        }
    }

    /// An access through a window onto the processor's address space, which has none itself.
    #[inline(never)]
    fn access_processor(
        &mut self,
        space: SpaceId,
        address: u64,
        width: Width,
        write: Option<u64>,
    ) -> Result<u64, BusErrorKind> {
        if space == PROCESSOR {
            return Err(BusErrorKind::Unmapped);
        }
        self.access_unrecorded(PROCESSOR, address, width, write)
    }

    #[inline(never)]
    pub(super) fn access_unrecorded(
        &mut self,
        space: SpaceId,
        address: u64,
        width: Width,
        write: Option<u64>,
    ) -> Result<u64, BusErrorKind> {
        self.try_access(space, address, width, write)
    }

    /// A byte or a half of a register, for a block that takes strobes.
    #[cold]
    fn narrow_access(
        &mut self,
        block: usize,
        slave: u8,
        offset: u32,
        width: Width,
        write: Option<u64>,
    ) -> Result<u64, BusErrorKind> {
        let takes = self.blocks[block].device.as_ref().is_some_and(|device| device.takes_strobes());
        if !takes || width == Width::Double {
            return Err(BusErrorKind::Width(width));
        }
        let shift = 8 * (offset % 4);
        let strobes = ((1_u8 << width.bytes()) - 1) << (offset % 4);
        #[allow(clippy::cast_possible_truncation)] // a byte or a half
        let write = write.map(|value| ((value & width.all_ones()) as u32) << shift);
        let value = self.access_register(block, slave, offset & !3, strobes, write)?;
        Ok(u64::from(value) >> shift & width.all_ones())
    }

    #[cold]
    fn takes_injected_error(&mut self, address: u64) -> bool {
        let Some(left) = self.injected_errors.get_mut(&address) else { return false };
        *left -= 1;
        if *left == 0 {
            self.injected_errors.remove(&address);
        }
        true
    }

    /// As for one address, for an access of any length.
    #[inline]
    pub(crate) fn takes_injected_error_in(&mut self, address: u64, len: usize) -> bool {
        if self.injected_errors.is_empty() {
            return false;
        }
        let last = address.saturating_add(len.saturating_sub(1) as u64);
        let found = self.injected_errors.range(address..=last).next().map(|(&address, _)| address);
        found.is_some_and(|address| self.takes_injected_error(address))
    }

    /// Lets the next `count` accesses to `address` be answered with a bus error; zero takes that back.
    pub fn inject_bus_errors(&mut self, address: u64, count: usize) {
        if count == 0 {
            self.injected_errors.remove(&address);
        } else {
            self.injected_errors.insert(address, count);
        }
    }

    #[inline(never)]
    fn access_memory(&mut self, memory: usize, offset: u64, width: Width, write: Option<u64>) -> u64 {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..width.bytes()];
        if let Some(value) = write {
            bytes.copy_from_slice(&value.to_le_bytes()[..width.bytes()]);
            self.memories[memory].write(offset, bytes);
            self.memory_written(memory);
            return value;
        }
        self.memories[memory].read(offset, bytes);
        bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }

    #[inline(always)]
    fn access_register(
        &mut self,
        block: usize,
        slave: u8,
        offset: u32,
        strobes: u8,
        write: Option<u32>,
    ) -> Result<u32, BusErrorKind> {
        if !self.triggers.is_empty() {
            self.run_triggers(block, offset, write);
        }
        if let Some(kind) = self.blocks[block].silent() {
            return Err(kind);
        }
        // A write is recorded before what follows from it, a read when its value is known.
        if let Some(value) = write {
            if self.tracer.is_on() {
                self.trace_access(block, |path| TraceEvent::Write { path, offset, value });
            }
        }
        let done = self.call(block, strobes, slave, |device, bus| {
            let value = match write {
                Some(value) => {
                    device.write(offset, value, bus);
                    value
                }
                None => device.read(offset, bus),
            };
            if bus.is_refused() { Err(BusErrorKind::Refused) } else { Ok(value) }
        });
        self.travel();
        let value = done.unwrap_or(Err(BusErrorKind::Itself))?;
        if write.is_none() && self.tracer.is_on() {
            self.trace_access(block, |path| TraceEvent::Read { path, offset, value });
        }
        Ok(value)
    }

    #[cold]
    fn trace_access(&mut self, block: usize, event: impl FnOnce(String) -> TraceEvent) {
        let path = self.blocks[block].path.clone();
        self.tracer.record(self.now, || event(path));
    }

    /// Reads the processor's registers and memory.
    ///
    /// # Errors
    ///
    /// As [`access`](Self::access).
    #[track_caller]
    pub fn read(&mut self, address: u64) -> Result<u32, BusErrorKind> {
        #[allow(clippy::cast_possible_truncation)] // a word access yields a word
        self.processor_access(address, Width::Word, None, Location::caller()).map(|value| value as u32)
    }

    /// Writes the processor's registers and memory.
    ///
    /// # Errors
    ///
    /// As [`access`](Self::access).
    #[track_caller]
    pub fn write(&mut self, address: u64, value: u32) -> Result<(), BusErrorKind> {
        self.processor_access(address, Width::Word, Some(value.into()), Location::caller()).map(drop)
    }
}
