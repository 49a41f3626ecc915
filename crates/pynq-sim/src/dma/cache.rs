//! A write-back cache that allocates on reads and on writes, and evicts only on request.

use alloc::{boxed::Box, collections::BTreeMap, vec};

use crate::fabric::{Fabric, PROCESSOR};

/// The cache lines, by their address.
#[derive(Default)]
pub(super) struct Cache {
    line: usize,
    lines: BTreeMap<u64, Line>,
}

struct Line {
    data: Box<[u8]>,
    /// Whether the processor wrote to it since it was last written back.
    dirty: bool,
}

impl Cache {
    /// An empty one, with lines of `line` bytes.
    pub(super) fn new(line: usize) -> Self {
        Self { line: line.max(1), lines: BTreeMap::new() }
    }

    /// The address of the line that this byte is in.
    fn line_of(&self, address: u64) -> u64 {
        address - address % self.line as u64
    }

    /// Calls `f` for each cache line of a range, with the piece's range in the line and in the caller's bytes.
    fn each(
        &mut self,
        memory: &mut Fabric,
        address: u64,
        length: usize,
        mut f: impl FnMut(&mut Line, core::ops::Range<usize>, core::ops::Range<usize>),
    ) {
        let mut done = 0;
        while done < length {
            let at = address + done as u64;
            let base = self.line_of(at);
            #[allow(clippy::cast_possible_truncation)] // less than a line
            let within = (at - base) as usize;
            let take = (self.line - within).min(length - done);
            let size = self.line;
            let line = self.lines.entry(base).or_insert_with(|| {
                let mut data = vec![0; size].into_boxed_slice();
                fetch(memory, base, &mut data);
                Line { data, dirty: false }
            });
            f(line, within..within + take, done..done + take);
            done += take;
        }
    }

    /// What the processor reads.
    pub(super) fn read(&mut self, memory: &mut Fabric, address: u64, bytes: &mut [u8]) {
        self.each(memory, address, bytes.len(), |line, within, done| bytes[done].copy_from_slice(&line.data[within]));
    }

    /// What the processor writes.
    pub(super) fn write(&mut self, memory: &mut Fabric, address: u64, bytes: &[u8]) {
        self.each(memory, address, bytes.len(), |line, within, done| {
            line.data[within].copy_from_slice(&bytes[done]);
            line.dirty = true;
        });
    }

    /// Writes back the lines that have a byte from `first` to `last`, and keeps them.
    pub(super) fn clean(&mut self, memory: &mut Fabric, first: u64, last: u64) {
        let base = self.line_of(first);
        for (&address, line) in self.lines.range_mut(base..=last) {
            line.write_back(memory, address);
        }
    }

    /// Forgets the lines from `first` to `last`. A line that is only partly in that range is written back before.
    pub(super) fn invalidate(&mut self, memory: &mut Fabric, first: u64, last: u64) {
        let (base, end) = (self.line_of(first), self.line_of(last));
        let partly = |line: u64, size: usize| line < first || line + (size as u64 - 1) > last;
        for edge in [base, end] {
            if partly(edge, self.line) {
                if let Some(line) = self.lines.get_mut(&edge) {
                    line.write_back(memory, edge);
                }
            }
        }
        self.forget(first, last);
    }

    /// Forgets every line that has a byte from `first` to `last`.
    pub(super) fn forget(&mut self, first: u64, last: u64) {
        let base = self.line_of(first);
        self.lines.retain(|&address, _| address < base || address > last);
    }

    /// Writes everything back, and forgets it.
    pub(super) fn evict(&mut self, memory: &mut Fabric) {
        for (address, mut line) in core::mem::take(&mut self.lines) {
            line.write_back(memory, address);
        }
    }
}

impl Line {
    fn write_back(&mut self, memory: &mut Fabric, address: u64) {
        if core::mem::take(&mut self.dirty) {
            store(memory, address, &self.data);
        }
    }
}

/// Reads the memory itself. All of it was there when the buffers were made; a design that was loaded since may have less.
pub(super) fn fetch(memory: &Fabric, address: u64, bytes: &mut [u8]) {
    if memory.read_memory(PROCESSOR, address, bytes).is_err() {
        bytes.fill(0xFF);
    }
}

/// Writes the memory itself. A write to memory that is not there is dropped.
pub(super) fn store(memory: &mut Fabric, address: u64, bytes: &[u8]) {
    let _ = memory.write_memory(PROCESSOR, address, bytes);
}
