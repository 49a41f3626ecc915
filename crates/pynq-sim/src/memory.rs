//! The board's memory: DDR and block RAM, which the processor and the bus masters in the fabric share.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::fmt;

const PAGE: u64 = 4096;

/// The address range is not, or not wholly, memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbacked {
    /// The first address asked for.
    pub address: u64,
    /// How many bytes were asked for.
    pub len: usize,
}

impl fmt::Display for Unbacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} bytes at {:#x} are not all memory; map some with the board's builder", self.len, self.address)
    }
}

impl core::error::Error for Unbacked {}

/// Regions of memory, with pages that exist once they are written. What was never written reads zero.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    regions: Vec<(u64, u64)>,
    pages: BTreeMap<u64, Box<[u8; PAGE as usize]>>,
}

impl Memory {
    /// Adds a region from `base` to `last`, inclusive.
    pub(crate) fn map(&mut self, base: u64, last: u64) {
        self.regions.push((base, last));
    }

    /// Whether all of a range is memory.
    pub(crate) fn check(&self, address: u64, len: usize) -> Result<(), Unbacked> {
        let fits = |&(base, last): &(u64, u64)| {
            let beyond_first = u64::try_from(len.saturating_sub(1)).unwrap_or(u64::MAX);
            base <= address && address <= last && beyond_first <= last - address
        };
        if self.regions.iter().any(fits) { Ok(()) } else { Err(Unbacked { address, len }) }
    }

    pub(crate) fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Unbacked> {
        self.check(address, bytes.len())?;
        for (at, chunk) in chunks(address, bytes.len()) {
            let (page, within) = (at / PAGE, (at % PAGE) as usize);
            let target = &mut bytes[chunk.clone()];
            match self.pages.get(&page) {
                Some(data) => target.copy_from_slice(&data[within..within + chunk.len()]),
                None => target.fill(0),
            }
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Unbacked> {
        self.check(address, bytes.len())?;
        for (at, chunk) in chunks(address, bytes.len()) {
            let (page, within) = (at / PAGE, (at % PAGE) as usize);
            let data = self.pages.entry(page).or_insert_with(|| Box::new([0; PAGE as usize]));
            data[within..within + chunk.len()].copy_from_slice(&bytes[chunk]);
        }
        Ok(())
    }
}

/// Splits a range at page boundaries: the address of each piece, and where it lies in the caller's buffer.
fn chunks(address: u64, len: usize) -> impl Iterator<Item = (u64, core::ops::Range<usize>)> {
    let mut done = 0;
    core::iter::from_fn(move || {
        let at = address.wrapping_add(done as u64);
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
        let mut memory = Memory::default();
        memory.map(0x1000, 0x3FFF);
        let data: Vec<u8> = (0..=255).cycle().take(5000).collect();
        memory.write(0x1FFE, &data).unwrap();
        let mut back = alloc::vec![1; 5004];
        memory.read(0x1FFC, &mut back).unwrap();
        assert_eq!(back[..2], [0, 0]);
        assert_eq!(back[2..5002], data);
        assert_eq!(back[5002..], [0, 0]);
    }

    #[test]
    fn refuses_what_is_not_wholly_memory() {
        let mut memory = Memory::default();
        memory.map(u64::MAX - 7, u64::MAX);
        assert_eq!(memory.write(u64::MAX - 3, &[0; 5]), Err(Unbacked { address: u64::MAX - 3, len: 5 }));
        assert!(memory.write(u64::MAX - 3, &[1; 4]).is_ok());
        assert!(memory.read(0, &mut [0]).is_err());
    }
}
