//! Memories: DDR and block RAM, which any number of masters share, each at addresses of its own.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::fmt;

/// Large, since a DMA looks one up for each that it passes; memory that is never written costs nothing.
const PAGE: u64 = 64 << 10;

/// What the beginning of a memory grows by.
const STEP: usize = 4096;

/// The beginning of a memory is in one piece, since processors fetch from there: at the most this much of it.
const FLAT: u64 = 1 << 20;

/// The address range is not, or not wholly, memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbacked {
    /// The first address of the request.
    pub address: u64,
    /// How many bytes were requested.
    pub len: usize,
}

impl fmt::Display for Unbacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} bytes at {:#x} are not all memory; map some with the board's builder", self.len, self.address)
    }
}

impl core::error::Error for Unbacked {}

/// One memory, with pages that exist once they are written. What was never written reads zero. Addresses are its own, from
/// zero; that they are within it is the address space's to check.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The beginning, as far as it was ever written.
    flat: Vec<u8>,
    pages: BTreeMap<u64, Box<[u8; PAGE as usize]>>,
    /// Blocks that want to be called at the next write.
    pub(super) watchers: Vec<usize>,
}

impl Memory {
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) {
        for (at, chunk) in chunks(offset, bytes.len()) {
            let (page, within) = (at / PAGE, (at % PAGE) as usize);
            let target = &mut bytes[chunk.clone()];
            if at < FLAT {
                let start = (at as usize).min(self.flat.len());
                let known = (self.flat.len() - start).min(target.len());
                target[..known].copy_from_slice(&self.flat[start..start + known]);
                target[known..].fill(0);
                continue;
            }
            match self.pages.get(&page) {
                Some(data) => target.copy_from_slice(&data[within..within + chunk.len()]),
                None => target.fill(0),
            }
        }
    }

    /// As [`read`](Self::read), appended to a list.
    pub(super) fn append(&self, offset: u64, len: usize, bytes: &mut Vec<u8>) {
        bytes.reserve(len);
        for (at, chunk) in chunks(offset, len) {
            let (page, within) = (at / PAGE, (at % PAGE) as usize);
            let end = bytes.len() + chunk.len();
            if at < FLAT {
                let known = self.flat.get(at as usize..).unwrap_or_default();
                bytes.extend_from_slice(&known[..known.len().min(chunk.len())]);
            } else if let Some(data) = self.pages.get(&page) {
                bytes.extend_from_slice(&data[within..within + chunk.len()]);
            }
            bytes.resize(end, 0);
        }
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        for (at, chunk) in chunks(offset, bytes.len()) {
            let (page, within) = (at / PAGE, (at % PAGE) as usize);
            let source = &bytes[chunk.clone()];
            if at < FLAT {
                let start = at as usize;
                if self.flat.len() < start + source.len() {
                    self.flat.resize((start + source.len()).next_multiple_of(STEP), 0);
                }
                self.flat[start..start + source.len()].copy_from_slice(source);
                continue;
            }
            let data = self.pages.entry(page).or_insert_with(|| Box::new([0; PAGE as usize]));
            data[within..within + chunk.len()].copy_from_slice(source);
        }
    }

    /// The word at an offset, a multiple of four.
    #[inline]
    pub(super) fn word(&self, offset: u64) -> u32 {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        match self.flat.get(start..).and_then(|rest| rest.first_chunk::<4>()) {
            Some(bytes) => u32::from_le_bytes(*bytes),
            None => self.far_word(offset),
        }
    }

    /// Writes up to four bytes that do not cross a word.
    #[inline]
    pub(super) fn set(&mut self, offset: u64, bytes: &[u8]) {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        match self.flat.get_mut(start..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(place) => place.copy_from_slice(bytes),
            None => self.write(offset, bytes),
        }
    }

    #[cold]
    fn far_word(&self, offset: u64) -> u32 {
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// The offset of the first word from `offset` on that is not zero, both multiples of four. `None`: all are zero.
    pub(super) fn next_word(&self, offset: u64) -> Option<u64> {
        let of_word = |bytes: &[u8], from: u64| {
            let start = usize::try_from(offset.saturating_sub(from)).unwrap_or(usize::MAX) & !3;
            let found = bytes.get(start..)?.iter().position(|byte| *byte != 0)?;
            Some(from + ((start + found) as u64 & !3))
        };
        let far = || {
            let pages = self.pages.range(offset / PAGE..);
            pages.filter_map(|(page, data)| of_word(&data[..], page * PAGE)).next()
        };
        of_word(&self.flat, 0).or_else(far)
    }
}

/// Splits a range at page boundaries: the offset of each piece, and where it lies in the caller's buffer.
fn chunks(offset: u64, len: usize) -> impl Iterator<Item = (u64, core::ops::Range<usize>)> {
    let mut done = 0;
    core::iter::from_fn(move || {
        let at = offset.wrapping_add(done as u64);
        let take = ((PAGE - at % PAGE) as usize).min(len - done);
        let range = done..done + take;
        done += take;
        (take > 0).then_some((at, range))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_pages_and_reads_zero_where_never_written() {
        for start in [0xFFC, PAGE - 4, FLAT - 0x1004, FLAT + 2 * PAGE - 4] {
            spans_pages_at(start);
        }
    }

    fn spans_pages_at(start: u64) {
        let mut memory = Memory::default();
        let data: Vec<u8> = (0..=255).cycle().take(5000).collect();
        memory.write(start + 2, &data);
        let mut back = alloc::vec![1; 5004];
        memory.read(start, &mut back);
        assert_eq!(back[..2], [0, 0]);
        assert_eq!(back[2..5002], data);
        assert_eq!(back[5002..], [0, 0]);
        let mut appended = alloc::vec![9];
        memory.append(start, 5004, &mut appended);
        assert_eq!((appended[0], &appended[1..]), (9, &back[..]));
    }

    #[test]
    fn its_beginning_and_the_rest_are_one_memory() {
        let mut memory = Memory::default();
        memory.write(FLAT - 2, &[1, 2, 3, 4]);
        assert_eq!((memory.word(FLAT - 4), memory.word(FLAT), memory.word(FLAT + 4)), (0x0201_0000, 0x0403, 0));
        assert_eq!(memory.next_word(0), Some(FLAT - 4));
        assert_eq!(memory.next_word(FLAT), Some(FLAT));
        assert_eq!(memory.next_word(FLAT + 4), None);
        assert_eq!(Memory::default().next_word(0), None);
    }
}
