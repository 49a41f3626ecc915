//! One buffer: the processor's copy of it, and which lines of that are newer than memory.

use alloc::{boxed::Box, vec, vec::Vec};
use core::{fmt, ops::Range};

use pynq_core::dma::{Direction, DmaError, DmaRegion};

use super::{Pool, coherence, fetch, store};
use crate::sync::{Arc, Lock};

/// Bytes of what the copy is made of: it is aligned for any kind of item.
const UNIT: usize = size_of::<u128>();

/// A DMA buffer in the board's memory.
pub struct SimDmaBuffer {
    pool: Arc<Pool>,
    address: u64,
    size: usize,
    /// What the processor sees: whole lines.
    copy: Box<[u128]>,
    dirty: Lock<Lines>,
}

/// The lines that are newer than memory, by number.
struct Lines {
    bits: Vec<u64>,
    count: usize,
    /// A mutable slice was given out since the last look: any line may have been written.
    any: bool,
}

impl Lines {
    fn new(count: usize) -> Self {
        Self { bits: vec![0; count.div_ceil(64)], count, any: false }
    }

    fn insert(&mut self, lines: Range<usize>) {
        for line in lines.start..lines.end.min(self.count) {
            self.bits[line / 64] |= 1 << (line % 64);
        }
    }

    /// Takes what was written to a slice for written to all lines.
    fn settle(&mut self) {
        if core::mem::take(&mut self.any) {
            self.bits.fill(!0);
        }
    }

    fn remove(&mut self, line: usize) {
        self.bits[line / 64] &= !(1 << (line % 64));
    }

    /// The next run of lines from `from` on and before `end`.
    fn run(&self, from: usize, end: usize) -> Option<Range<usize>> {
        let has = |line: usize| self.bits[line / 64] >> (line % 64) & 1 != 0;
        let end = end.min(self.count);
        let start = (from..end).find(|&line| has(line))?;
        Some(start..(start..end).find(|&line| !has(line)).unwrap_or(end))
    }
}

impl SimDmaBuffer {
    pub(super) fn new(pool: Arc<Pool>, address: u64, size: usize) -> Self {
        let lines = size.div_ceil(pool.line);
        let copy = vec![0; (lines * pool.line).div_ceil(UNIT)].into_boxed_slice();
        let mut this = Self { pool, address, size, copy, dirty: Lock::new(Lines::new(lines)) };
        this.fetch(0..lines);
        this
    }

    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.copy)
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.copy)
    }

    fn at(&self, offset: usize) -> u64 {
        self.address + offset as u64
    }

    /// The lines that have a byte of a range.
    fn lines(&self, range: &Range<usize>) -> Range<usize> {
        range.start / self.pool.line..range.end.div_ceil(self.pool.line)
    }

    /// The lines that have no byte outside of a range. The last line of the buffer has none that counts.
    fn whole_lines(&self, range: &Range<usize>) -> Range<usize> {
        let line = self.pool.line;
        let end = if range.end == self.size { range.end.div_ceil(line) } else { range.end / line };
        let start = range.start.div_ceil(line);
        start..end.max(start)
    }

    /// Fetches lines from memory, which are clean from then on.
    fn fetch(&mut self, lines: Range<usize>) {
        let (line, address) = (self.pool.line, self.at(lines.start * self.pool.line));
        let pool = Arc::clone(&self.pool);
        let bytes = &mut self.bytes_mut()[lines.start * line..lines.end * line];
        pool.with(|_, memory| fetch(memory, address, bytes));
        self.discard(lines);
    }

    /// Forgets that lines are newer than memory.
    fn discard(&self, lines: Range<usize>) {
        self.pool.state.with(|state| self.forget(state, lines.clone()));
        self.dirty.with(|dirty| {
            dirty.settle();
            lines.for_each(|line| dirty.remove(line));
        });
    }

    /// Writes dirty lines back to memory, and keeps them.
    fn write_back(&self, lines: Range<usize>) {
        let line = self.pool.line;
        self.dirty.with(Lines::settle);
        let mut from = lines.start;
        while let Some(run) = self.dirty.with(|dirty| dirty.run(from, lines.end)) {
            let bytes = &self.bytes()[run.start * line..run.end * line];
            self.pool.with(|state, memory| {
                store(memory, self.at(run.start * line), bytes);
                self.forget(state, run.clone());
            });
            from = run.end;
            self.dirty.with(|dirty| run.for_each(|line| dirty.remove(line)));
        }
    }

    fn forget(&self, state: &mut super::State, lines: Range<usize>) {
        if !state.dirty.is_empty() {
            for line in lines {
                state.dirty.remove(&self.at(line * self.pool.line));
            }
        }
    }

    /// Tells the pool of what the processor wrote: what a cache could write back from now on. Where devices see the cache, it
    /// is written back.
    fn publish(&self, lines: Range<usize>) {
        if self.pool.coherent {
            return self.write_back(lines);
        }
        let line = self.pool.line;
        let mut from = lines.start;
        self.dirty.with(Lines::settle);
        while let Some(run) = self.dirty.with(|dirty| dirty.run(from, lines.end)) {
            from = run.end;
            self.pool.state.with(|state| {
                for number in run {
                    let bytes = &self.bytes()[number * line..(number + 1) * line];
                    state.dirty.insert(self.at(number * line), bytes.into());
                }
            });
        }
    }

    fn check_word(&self, offset: usize) -> Result<(), DmaError> {
        DmaError::check_range(offset, 4, self.size)?;
        if offset % 4 == 0 { Ok(()) } else { Err(DmaError::Unaligned { offset }) }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.bytes_mut()[offset..offset + bytes.len()].copy_from_slice(bytes);
        if !bytes.is_empty() {
            let lines = self.lines(&(offset..offset + bytes.len()));
            self.dirty.with(|dirty| dirty.insert(lines.clone()));
            self.publish(lines);
        }
    }

    fn read(&self, offset: usize, bytes: &mut [u8]) {
        if self.pool.coherent {
            // What the processor would see without this copy.
            self.publish(self.lines(&(0..self.size)));
            self.pool.with(|_, memory| fetch(memory, self.at(offset), bytes));
        } else {
            bytes.copy_from_slice(&self.bytes()[offset..offset + bytes.len()]);
        }
    }
}

impl DmaRegion for SimDmaBuffer {
    fn physical_address(&self) -> u64 {
        if self.dirty.with(|dirty| dirty.any) {
            self.publish(self.lines(&(0..self.size)));
        }
        self.address
    }

    fn size(&self) -> usize {
        self.size
    }

    fn is_coherent(&self) -> bool {
        self.pool.coherent
    }

    fn line_size(&self) -> usize {
        self.pool.line
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes()[..self.size]
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self.dirty.with(|dirty| dirty.any = true);
        let size = self.size;
        &mut self.bytes_mut()[..size]
    }

    fn copy_in(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DmaError> {
        DmaError::check_range(offset, bytes.len(), self.size)?;
        self.write(offset, bytes);
        Ok(())
    }

    fn copy_out(&self, offset: usize, bytes: &mut [u8]) -> Result<(), DmaError> {
        DmaError::check_range(offset, bytes.len(), self.size)?;
        self.read(offset, bytes);
        Ok(())
    }

    fn read_word(&self, offset: usize) -> Result<u32, DmaError> {
        self.check_word(offset)?;
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn write_word(&mut self, offset: usize, value: u32) -> Result<(), DmaError> {
        self.check_word(offset)?;
        self.write(offset, &value.to_le_bytes());
        Ok(())
    }

    fn sync_for_device(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        DmaError::check_span(&range, self.size)?;
        if range.is_empty() {
            return Ok(());
        }
        let (lines, whole) = (self.lines(&range), self.whole_lines(&range));
        if direction.device_reads() || self.pool.coherent {
            self.write_back(lines);
        } else {
            // A line that is only partly in the range has data that counts.
            self.write_back(lines.start..whole.start.min(lines.end));
            self.write_back(whole.end.max(lines.start)..lines.end);
            self.discard(whole);
        }
        Ok(())
    }

    fn sync_for_cpu(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        DmaError::check_span(&range, self.size)?;
        if range.is_empty() || !direction.device_writes() {
            return Ok(());
        }
        let (lines, whole) = (self.lines(&range), self.whole_lines(&range));
        if self.pool.coherent {
            self.write_back(lines.clone());
        } else {
            self.write_back(lines.start..whole.start.min(lines.end));
            self.write_back(whole.end.max(lines.start)..lines.end);
        }
        self.fetch(lines);
        Ok(())
    }
}

impl Drop for SimDmaBuffer {
    fn drop(&mut self) {
        self.pool.state.with(|state| {
            if let Some(last) = state.used.remove(&self.address) {
                // Its data is not needed any more, and must not be written back into the next buffer's memory.
                state.dirty.retain(|&line, _| line < self.address || line > last);
            }
        });
    }
}

impl fmt::Debug for SimDmaBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimDmaBuffer({} bytes at {:#x}{})", self.size, self.address, coherence(self.pool.coherent))
    }
}
