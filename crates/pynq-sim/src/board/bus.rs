//! The bus: which block an access reaches, and what becomes of one that reaches none.

use alloc::{string::String, vec::Vec};
use core::{fmt, panic::Location};
use pynq_core::Instant;

use super::{Board, State, Target};
use crate::trace::TraceEvent;

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
    /// 32 bits: the only width of registers.
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

    const fn all_ones(self) -> u64 {
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
    /// The fault was injected. It is recorded, but fails no test.
    Injected,
}

/// An access that misbehaved. It read all ones, or wrote nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusError {
    /// When.
    pub time: Instant,
    /// The address.
    pub address: u64,
    /// Read or write.
    pub access: Access,
    /// What was wrong.
    pub kind: BusErrorKind,
    /// Whether it was announced.
    pub expected: bool,
    /// Who made the access: the caller of a checked access, or as far up from a register map as can be told.
    pub caller: &'static Location<'static>,
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        write!(f, "{access} at {:#010x} ({}, {}): ", self.address, self.time, self.caller)?;
        match self.kind {
            BusErrorKind::Unmapped => f.write_str("no block answers there"),
            BusErrorKind::OutsideWindow => f.write_str("it is beyond the window it was made through"),
            BusErrorKind::Unaligned => f.write_str("the address is not a multiple of the width"),
            BusErrorKind::Width(width) => {
                write!(f, "a register is a whole word, and {} bytes were asked for", width.bytes())
            }
            BusErrorKind::Refused => f.write_str("the block refused it, as an empty or a full FIFO does"),
            BusErrorKind::Injected => f.write_str("injected fault"),
        }
    }
}

/// Makes a test fail that left bus errors behind.
pub(super) fn report(errors: &[BusError]) {
    let unexpected = errors.iter().filter(|error| !error.expected);
    #[cfg(feature = "std")]
    if unexpected.clone().next().is_some() && !std::thread::panicking() {
        let list: Vec<std::string::String> = unexpected.map(|error| std::format!("\n  {error}")).collect();
        panic!(
            "the program misused the simulated board's bus; expect_bus_error or take_bus_errors if it was meant to:{}",
            list.concat()
        );
    }
    // Without threads there is no telling whether a panic is under way, and a second one would abort.
    #[cfg(not(feature = "std"))]
    let _ = unexpected;
}

impl State {
    /// One access, of any width, at any address.
    pub(crate) fn bus_access(
        &mut self,
        address: u64,
        width: Width,
        write: Option<u64>,
        caller: &'static Location<'static>,
    ) -> u64 {
        match self.try_access(address, width, write) {
            Ok(value) => value,
            Err(kind) => {
                self.record_bus_error(address, write, kind, caller);
                width.all_ones()
            }
        }
    }

    #[cold]
    fn record_bus_error(
        &mut self,
        address: u64,
        write: Option<u64>,
        kind: BusErrorKind,
        caller: &'static Location<'static>,
    ) {
        let access = if write.is_some() { Access::Write } else { Access::Read };
        let announced = self.expected_errors.iter().position(|&(expected_address, expected_access)| {
            expected_address == address && expected_access.is_none_or(|expected| expected == access)
        });
        if let Some(index) = announced {
            self.expected_errors.remove(index);
        }
        let expected = announced.is_some() || kind == BusErrorKind::Injected;
        self.bus_errors.push(BusError { time: self.now, address, access, kind, expected, caller });
        self.tracer.record(self.now, || TraceEvent::BusError { address, access });
    }

    fn try_access(&mut self, address: u64, width: Width, write: Option<u64>) -> Result<u64, BusErrorKind> {
        if address % width.bytes() as u64 != 0 {
            return Err(BusErrorKind::Unaligned);
        }
        let index = self.decode(address).ok_or(BusErrorKind::Unmapped)?;
        if self.blocks[index].last - address < width.bytes() as u64 - 1 {
            return Err(BusErrorKind::Unmapped);
        }
        if !self.injected_errors.is_empty() && self.takes_injected_error(address) {
            return Err(BusErrorKind::Injected);
        }
        match self.blocks[index].target {
            Target::Memory => Ok(self.access_memory(address, width, write)),
            Target::Device(_) if width == Width::Word => self.access_register(index, address, write).map(u64::from),
            Target::Device(_) => Err(BusErrorKind::Width(width)),
        }
    }

    fn decode(&self, address: u64) -> Option<usize> {
        let (_, &index) = self.map.range(..=address).next_back()?;
        (address <= self.blocks[index].last).then_some(index)
    }

    fn takes_injected_error(&mut self, address: u64) -> bool {
        let Some(left) = self.injected_errors.get_mut(&address) else { return false };
        *left -= 1;
        if *left == 0 {
            self.injected_errors.remove(&address);
        }
        true
    }

    fn access_memory(&mut self, address: u64, width: Width, write: Option<u64>) -> u64 {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..width.bytes()];
        // A range that decoded as memory is backed, so neither can fail.
        if let Some(value) = write {
            bytes.copy_from_slice(&value.to_le_bytes()[..width.bytes()]);
            let _ = self.memory.write(address, bytes);
            return value;
        }
        let _ = self.memory.read(address, bytes);
        bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }

    #[allow(clippy::cast_possible_truncation)] // blocks are at most 4 GiB; register values are words
    fn access_register(&mut self, index: usize, address: u64, write: Option<u64>) -> Result<u32, BusErrorKind> {
        let offset = (address - self.blocks[index].base) as u32;
        if !self.ambushes.is_empty() {
            self.spring_ambushes(index, offset, write.map(|value| value as u32));
        }
        // A write is recorded before what follows from it, a read when its value is known.
        if let Some(value) = write.map(|value| value as u32) {
            self.record_access(index, |path| TraceEvent::Write { path, offset, value });
            let refused = self.with_device(index, |device, bus| {
                device.write(offset, value, bus);
                bus.is_refused()
            });
            return if refused == Some(true) { Err(BusErrorKind::Refused) } else { Ok(value) };
        }
        let answer = self.with_device(index, |device, bus| {
            let value = device.read(offset, bus);
            if bus.is_refused() { Err(BusErrorKind::Refused) } else { Ok(value) }
        });
        let value = answer.unwrap_or(Ok(u32::MAX))?;
        self.record_access(index, |path| TraceEvent::Read { path, offset, value });
        Ok(value)
    }

    fn record_access(&mut self, index: usize, event: impl FnOnce(String) -> TraceEvent) {
        let path = &self.blocks[index].path;
        self.tracer.record(self.now, || event(path.clone()));
    }

    /// An access through a window, which may be of a design that is no more.
    pub(crate) fn window_access(
        &mut self,
        generation: u64,
        address: u64,
        inside: bool,
        write: Option<u32>,
        caller: &'static Location<'static>,
    ) -> u32 {
        if generation != self.generation {
            self.stale_accesses += 1;
            return u32::MAX;
        }
        if !inside {
            self.record_bus_error(address, write.map(u64::from), BusErrorKind::OutsideWindow, caller);
            return u32::MAX;
        }
        #[allow(clippy::cast_possible_truncation)] // a word access yields a word
        let value = self.bus_access(address, Width::Word, write.map(u64::from), caller) as u32;
        value
    }
}

impl Board {
    /// Reads at an address of the bus, as the processor does. A misbehaving access reads all ones and is recorded.
    #[track_caller]
    pub fn bus_read(&self, address: u64, width: Width) -> u64 {
        let caller = Location::caller();
        self.shared().act(|state| state.bus_access(address, width, None, caller))
    }

    /// Writes at an address of the bus, as the processor does. A misbehaving access writes nothing and is recorded.
    #[track_caller]
    pub fn bus_write(&self, address: u64, width: Width, value: u64) {
        let caller = Location::caller();
        self.shared().act(|state| state.bus_access(address, width, Some(value), caller));
    }

    /// Announces that the next access to `address` misbehaves, of either direction if `access` is `None`. One
    /// announcement is good for one access.
    pub fn expect_bus_error(&self, address: u64, access: Option<Access>) {
        self.shared().with(|state| state.expected_errors.push((address, access)));
    }

    /// Takes the record of all accesses that misbehaved so far, expected or not. They fail no test any more.
    #[must_use]
    pub fn take_bus_errors(&self) -> Vec<BusError> {
        self.shared().with(|state| core::mem::take(&mut state.bus_errors))
    }

    /// Reads the board's memory, DDR or block RAM.
    ///
    /// # Errors
    ///
    /// [`Unbacked`](crate::Unbacked) if the range is not all memory.
    pub fn read_memory(&self, address: u64, bytes: &mut [u8]) -> Result<(), crate::Unbacked> {
        self.shared().act(|state| state.memory.read(address, bytes))
    }

    /// Writes the board's memory, DDR or block RAM.
    ///
    /// # Errors
    ///
    /// [`Unbacked`](crate::Unbacked) if the range is not all memory.
    pub fn write_memory(&self, address: u64, bytes: &[u8]) -> Result<(), crate::Unbacked> {
        self.shared().act(|state| state.memory.write(address, bytes))
    }
}
