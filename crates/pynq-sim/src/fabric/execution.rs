//! How a processor in the fabric runs: many instructions in a row, between one event and the next.
//!
//! A processor of 100 MHz has an instruction every 10 ns, far too often for an event each. So it runs ahead of the clock as
//! long as it stays in memory, for a bounded time, and moves the clock itself where it reaches a register: up to the
//! horizon, which is the next event of anything else. So registers are accessed at their time to the nanosecond, and only
//! memory is seen early by others, by less than one batch. A program that waits in a loop needs no instructions at all: its
//! processor rests until what the loop reads can have changed.

use core::panic::Location;

use pynq_core::Instant;

use super::{
    BusErrorKind, Change, Fabric, Width,
    space::{Range, SpaceId, Target},
};

/// The most blocks whose registers a loop may read and still be one that its processor rests in.
const MOST_BLOCKS: usize = 8;

/// The most memories that are looked after, by their index. A loop that reads another one is not rested in.
const MOST_MEMORIES: usize = 64;

/// Why a processor's access was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// Its time has not come, and something else happens first: go on there.
    TooEarly,
    /// It misbehaved, and is recorded.
    Failed(BusErrorKind),
}

/// A range of memory, as it was last found.
#[derive(Clone, Copy, Debug)]
struct Hit {
    base: u64,
    last: u64,
    memory: usize,
    offset: u64,
}

impl Hit {
    #[inline]
    fn offset_of(&self, address: u64, bytes: u64) -> Option<u64> {
        let from_base = address.checked_sub(self.base)?;
        (address <= self.last && self.last - address >= bytes - 1).then(|| self.offset + from_base)
    }
}

/// One run of a processor, for its model: what it can fetch from and access, and how far it may go.
#[derive(Debug)]
pub struct Execution<'a> {
    fabric: &'a mut Fabric,
    block: usize,
    space: SpaceId,
    horizon: Instant,
    stop: bool,
    code: Option<Hit>,
    data: Option<Hit>,
    /// Bits of the memories that were read.
    memories: u64,
    blocks: [usize; MOST_BLOCKS],
    block_count: usize,
    /// Something was read that can't be watched.
    restless: bool,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(fabric: &'a mut Fabric, block: usize, space: SpaceId) -> Self {
        let mut execution = Self {
            fabric,
            block,
            space,
            horizon: Instant::START,
            stop: false,
            code: None,
            data: None,
            memories: 0,
            blocks: [0; MOST_BLOCKS],
            block_count: 0,
            restless: false,
        };
        execution.fabric.blocks[block].executes = true;
        execution.horizon = execution.fabric.device_horizon();
        execution
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.fabric.now()
    }

    /// Up to when nothing happens but instructions of other processors: as far as memory is left alone.
    #[must_use]
    pub const fn horizon(&self) -> Instant {
        self.horizon
    }

    /// Whether the processor is held in reset, or has no clock.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.fabric.blocks[self.block].silent().is_some()
    }

    /// Whether an access has had an effect that the processor itself, or the world outside, is to see before the next
    /// instruction.
    #[inline]
    #[must_use]
    pub const fn must_stop(&self) -> bool {
        self.stop
    }

    /// The instruction at a word's address. `None`: there is no memory.
    #[inline]
    pub fn fetch(&mut self, address: u64) -> Option<u32> {
        if let Some(offset) = self.code.and_then(|hit| hit.offset_of(address, 4)) {
            // An index that was found before stays what it is.
            return self.code.map(|hit| self.fabric.memories[hit.memory].word(offset));
        }
        self.code = self.find(address);
        let hit = self.code?;
        hit.offset_of(address, 4).map(|offset| self.fabric.memories[hit.memory].word(offset))
    }

    #[cold]
    fn find(&mut self, address: u64) -> Option<Hit> {
        match self.fabric.spaces[self.space.0].decode(address) {
            Some(&Range { base, last, target: Target::Memory { memory, offset }, .. }) => {
                Some(Hit { base, last, memory, offset })
            }
            _ => None,
        }
    }

    /// The memory and the offset in it of data at an address. `None`: there is no memory.
    #[inline]
    fn data_at(&mut self, address: u64, width: Width) -> Option<(usize, u64)> {
        let bytes = width.bytes() as u64;
        if let Some(hit) = self.data {
            if let Some(offset) = hit.offset_of(address, bytes) {
                return Some((hit.memory, offset));
            }
        }
        let hit = self.find(address)?;
        self.data = Some(hit);
        hit.offset_of(address, bytes).map(|offset| (hit.memory, offset))
    }

    /// Loads from memory. `None`: what is there is no memory, see [`access`](Self::access).
    #[inline]
    pub fn load(&mut self, address: u64, width: Width) -> Option<u32> {
        let (memory, offset) = self.data_at(address, width)?;
        match 1_u64.checked_shl(u32::try_from(memory).unwrap_or(u32::MAX)) {
            Some(bit) => self.memories |= bit,
            None => self.restless = true,
        }
        let word = self.fabric.memories[memory].word(offset & !3);
        let value = word >> (8 * (offset & 3));
        Some(match width {
            Width::Byte => value & 0xFF,
            Width::Half => value & 0xFFFF,
            Width::Word | Width::Double => value,
        })
    }

    /// Stores to memory; whether that changed it. `None`: what is there is no memory, see [`access`](Self::access).
    #[inline]
    pub fn store(&mut self, address: u64, width: Width, value: u32) -> Option<bool> {
        let (memory, offset) = self.data_at(address, width)?;
        let before = self.load(address, width)?;
        let kept = match width {
            Width::Byte => value & 0xFF,
            Width::Half => value & 0xFFFF,
            Width::Word | Width::Double => value,
        };
        if before == kept {
            return Some(false);
        }
        let bytes = width.bytes().min(4);
        self.fabric.memories[memory].set(offset, &value.to_le_bytes()[..bytes]);
        self.fabric.memory_written(memory);
        Some(true)
    }

    /// Makes an access of any kind at its time, to which the clock goes if nothing else happens before.
    ///
    /// # Errors
    ///
    /// Why it was not made.
    #[track_caller]
    pub fn access(&mut self, address: u64, width: Width, write: Option<u32>, at: Instant) -> Result<u32, Unmade> {
        if at > self.fabric.now() {
            if at >= self.fabric.horizon() {
                return Err(Unmade::TooEarly);
            }
            self.fabric.set_now(at);
        }
        match self.fabric.spaces[self.space.0].decode(address).map(|range| range.target) {
            Some(Target::Block { block, .. }) => self.saw_block(block),
            Some(Target::Processor { .. }) => self.restless = true,
            _ => {}
        }
        let changes = self.fabric.changes.len();
        let shift = if write.is_none() { 8 * (address & 3) } else { 0 };
        let (address, width, write) = self.on_the_bus(address, width, write);
        let done = self.fabric.access(self.space, address, width, write.map(u64::from), Location::caller());
        if done.is_err() {
            self.leave_to_the_program();
        }
        let horizon = self.fabric.device_horizon();
        let events = self.fabric.changes.len() > changes || !self.fabric.blocks[self.block].late.is_empty();
        self.stop |= events || horizon < self.horizon;
        self.horizon = horizon;
        #[allow(clippy::cast_possible_truncation)] // an access of at most a word
        done.map(|value| value as u32 >> shift).map_err(Unmade::Failed)
    }

    /// An access of a program that misbehaves is in the board's record, and fails no test: the hardware answers the program and
    /// nobody else, and programs of others are what they are.
    #[cold]
    fn leave_to_the_program(&mut self) {
        if let Some(Change::BusError(error)) = self.fabric.changes.last_mut() {
            error.expected = true;
        }
    }

    /// What a register sees of an access of less than a word: a read is of the whole word, and a write comes on all lanes, of
    /// which a block that knows no strobes takes all.
    fn on_the_bus(&mut self, address: u64, width: Width, write: Option<u32>) -> (u64, Width, Option<u32>) {
        let word = address & !3;
        let Some(value) = write else { return (word, Width::Word, None) };
        let target = self.fabric.spaces[self.space.0].decode(address).map(|range| range.target);
        let Some(Target::Block { block, .. }) = target else { return (address, width, write) };
        let takes = self.fabric.blocks[block].device.as_ref().is_some_and(|device| device.takes_strobes());
        match width {
            Width::Byte if !takes => (word, Width::Word, Some((value & 0xFF) * 0x0101_0101)),
            Width::Half if !takes => (word, Width::Word, Some((value & 0xFFFF) * 0x1_0001)),
            _ => (address, width, write),
        }
    }

    fn saw_block(&mut self, block: usize) {
        let seen = &self.blocks[..self.block_count];
        if seen.contains(&block) {
            return;
        }
        match self.blocks.get_mut(self.block_count) {
            Some(slot) => {
                *slot = block;
                self.block_count += 1;
            }
            None => self.restless = true,
        }
    }

    /// How many words from an address on are zero, or no memory at all, which is fetched as zero; from the last address of 32
    /// bits it goes on at 0. `None`: all of them.
    #[must_use]
    pub fn zeros(&self, address: u32) -> Option<u64> {
        let begin = u64::from(address);
        let ahead = self.next_word(begin, 1 << 32).map(|at| at - begin);
        let bytes = ahead.or_else(|| self.next_word(0, begin).map(|at| (1 << 32) - begin + at));
        bytes.map(|bytes| bytes / 4)
    }

    fn next_word(&self, mut address: u64, end: u64) -> Option<u64> {
        while address < end {
            let (range, next) = self.fabric.spaces[self.space.0].around(address);
            if let Some(&Range { base, target: Target::Memory { memory, offset }, .. }) = range {
                let found = self.fabric.memories[memory].next_word(offset + (address - base));
                let at = found.map(|found| found - offset + base);
                if let Some(at) = at.filter(|&at| at < next.min(end)) {
                    return Some(at);
                }
            }
            address = next;
        }
        None
    }

    /// Lets the processor rest in a loop that reads what this run has read: it is called when that can have changed. `false`:
    /// that can't be known, as from a timer that counts.
    pub fn rest(&mut self) -> bool {
        let blocks = &self.blocks[..self.block_count];
        let still = |block: &usize| {
            let device = self.fabric.blocks[*block].device.as_ref();
            device.is_some_and(|device| device.is_still())
        };
        if self.restless || !blocks.iter().all(still) {
            return false;
        }
        for &block in blocks {
            watch(&mut self.fabric.blocks[block].watchers, self.block);
        }
        for (index, memory) in self.fabric.memories.iter_mut().enumerate().take(MOST_MEMORIES) {
            if self.memories >> index & 1 != 0 {
                watch(&mut memory.watchers, self.block);
            }
        }
        true
    }

    /// Lets the processor rest until any memory in its address space is written.
    pub fn rest_until_written(&mut self) {
        for range in self.fabric.spaces[self.space.0].ranges() {
            if let Target::Memory { memory, .. } = range.target {
                watch(&mut self.fabric.memories[memory].watchers, self.block);
            }
        }
    }
}

fn watch(watchers: &mut alloc::vec::Vec<usize>, block: usize) {
    if !watchers.contains(&block) {
        watchers.push(block);
    }
}

impl Fabric {
    /// Up to when nothing happens that is known of: the next event, and what the owner of the clock has planned.
    fn horizon(&self) -> Instant {
        self.events.first().map_or(self.limit, |next| next.min(self.limit))
    }

    fn device_horizon(&self) -> Instant {
        self.events.first_of_devices(&self.blocks).map_or(self.limit, |next| next.min(self.limit))
    }

    /// Before the next events run: processors may move the clock up to `limit`.
    pub(crate) fn set_limit(&mut self, limit: Instant) {
        self.limit = limit;
    }

    /// Calls those who rest until this memory is written.
    #[inline]
    pub(super) fn memory_written(&mut self, memory: usize) {
        if !self.memories[memory].watchers.is_empty() {
            let watchers = core::mem::take(&mut self.memories[memory].watchers);
            self.wake_watchers(&watchers);
        }
    }

    /// Has these blocks called at the present time.
    #[cold]
    pub(super) fn wake_watchers(&mut self, watchers: &[usize]) {
        for &block in watchers {
            self.set_due(block, Some(self.now));
        }
    }
}
