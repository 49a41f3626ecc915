//! Memories: DDR and block RAM, which any number of masters share, each at addresses of its own.

use alloc::{boxed::Box, collections::BTreeMap};
use core::fmt;

const PAGE: u64 = 4096;

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
    pages: BTreeMap<u64, Box<[u8; PAGE as usize]>>,
}

impl Memory {
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) {
        for (at, chunk) in chunks(offset, bytes.len()) {
            let (page, within) = (at / PAGE, (at % PAGE) as usize);
            let target = &mut bytes[chunk.clone()];
            match self.pages.get(&page) {
                Some(data) => target.copy_from_slice(&data[within..within + chunk.len()]),
                None => target.fill(0),
            }
        }
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        for (at, chunk) in chunks(offset, bytes.len()) {
            let (page, within) = (at / PAGE, (at % PAGE) as usize);
            let data = self.pages.entry(page).or_insert_with(|| Box::new([0; PAGE as usize]));
            data[within..within + chunk.len()].copy_from_slice(&bytes[chunk]);
        }
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
    use alloc::vec::Vec;

    #[test]
    fn spans_pages_and_reads_zero_where_never_written() {
        let mut memory = Memory::default();
        let data: Vec<u8> = (0..=255).cycle().take(5000).collect();
        memory.write(0xFFE, &data);
        let mut back = alloc::vec![1; 5004];
        memory.read(0xFFC, &mut back);
        assert_eq!(back[..2], [0, 0]);
        assert_eq!(back[2..5002], data);
        assert_eq!(back[5002..], [0, 0]);
    }
}
