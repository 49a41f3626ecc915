//! Memory for DMA without an operating system: lines of a `static`, or of the heap, and the processor's caches.
//!
//! Addresses are the same for the processor and for a bus master. What has to be done to the caches is the program's to say,
//! since its start-up code has set them up: [`Uncached`] where data is not cached at all, or the port is coherent, and
//! [`zynq::Caches`](crate::zynq::Caches) on a Zynq-7000 with its caches on.

use core::{fmt, ops::Range, ptr::NonNull};

use pynq_core::dma::{Direction, DmaError, DmaRegion};

/// Operations on the data caches, by address. Each is complete when it returns, also for the bus masters.
pub trait DataCache: Send + Sync + 'static {
    /// Whether there is nothing to be done, so that bus masters see what the processor sees.
    const IS_COHERENT: bool;

    /// Writes back the lines of a range.
    fn clean(&self, address: usize, length: usize);

    /// Forgets the lines of a range, which begins and ends with whole lines of [`CacheLine`].
    fn invalidate(&self, address: usize, length: usize);
}

/// No cache, or one that bus masters see: accesses are put in order, and no more.
///
/// That is the state after the reset of a Zynq-7000, of QEMU's machines, and of a MicroBlaze-V without caches. With the MMU off, a
/// Cortex-A9 takes aligned accesses only, which copies of slices don't promise: map the memory as normal, uncached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uncached;

impl DataCache for Uncached {
    const IS_COHERENT: bool = true;

    fn clean(&self, _: usize, _: usize) {
        barrier();
    }

    fn invalidate(&self, _: usize, _: usize) {
        barrier();
    }
}

/// As many bytes as the longest line of a cache has, and aligned like one: buffers that are made of these share none.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct CacheLine([u8; 64]);

impl CacheLine {
    /// Zeroes.
    pub const ZERO: Self = Self([0; 64]);
    /// Bytes of one.
    pub const SIZE: usize = 64;
}

/// Memory of a program's own, for [`DmaBuffer::from_static`](pynq_core::dma::DmaBuffer::from_static), or with an allocator for
/// [`DmaBuffer::boxed`](pynq_core::dma::DmaBuffer).
///
/// ```
/// use pynq_baremetal::{CacheLine, DmaMemory, Uncached};
/// use pynq_core::dma::DmaRegion;
///
/// # let lines: &'static mut [CacheLine] = Box::leak(vec![CacheLine::ZERO; 16].into_boxed_slice());
/// // On a board: of a `static` by a cell that gives it out once, or leaked from the heap.
/// let mut memory = DmaMemory::new(lines, Uncached);
/// memory.as_mut_slice()[0] = 1;
/// assert_eq!((memory.size(), memory.physical_address() % 64), (1024, 0));
/// ```
pub struct DmaMemory<C> {
    base: NonNull<u8>,
    size: usize,
    cache: C,
}

// SAFETY: the memory is this value's alone, as the `&'static mut` was that it is made of.
unsafe impl<C: DataCache> Send for DmaMemory<C> {}
// SAFETY: what can be done by a shared reference reads the memory, and no one writes to it meanwhile.
unsafe impl<C: DataCache> Sync for DmaMemory<C> {}

impl<C: DataCache> DmaMemory<C> {
    /// All of `lines`, which are out of the program's reach from here on, but through this.
    pub fn new(lines: &'static mut [CacheLine], cache: C) -> Self {
        let size = size_of_val(lines);
        // A pointer, and no reference: while a device has the memory, it changes.
        Self { base: NonNull::from(lines).cast(), size, cache }
    }

    fn at(&self, offset: usize) -> usize {
        self.base.as_ptr().expose_provenance() + offset
    }

    fn word(&self, offset: usize) -> Result<NonNull<u32>, DmaError> {
        DmaError::check_range(offset, 4, self.size)?;
        if offset % 4 != 0 {
            return Err(DmaError::Unaligned { offset });
        }
        // SAFETY: inside the memory, as was just checked.
        Ok(unsafe { self.base.add(offset) }.cast())
    }

    /// The whole lines of a range, and those at its ends that are not whole.
    fn split(range: &Range<usize>) -> (Range<usize>, [Range<usize>; 2]) {
        const LINE: usize = CacheLine::SIZE;
        let (first, last) = (range.start / LINE * LINE, range.end.next_multiple_of(LINE));
        let start = range.start.next_multiple_of(LINE);
        let end = (range.end / LINE * LINE).max(start);
        // In a range within one line, both ends are that line.
        (start..end, [first..start, end.min(last)..last])
    }

    /// Forgets a range. Lines that are only partly in it may have data beside it that counts, and are written back before.
    fn forget(&self, range: &Range<usize>) {
        let (_, edges) = Self::split(range);
        for edge in edges.into_iter().filter(|edge| !edge.is_empty()) {
            self.cache.clean(self.at(edge.start), edge.len());
        }
        let (first, last) =
            (range.start / CacheLine::SIZE * CacheLine::SIZE, range.end.next_multiple_of(CacheLine::SIZE));
        self.cache.invalidate(self.at(first), last - first);
    }
}

impl<C: DataCache> DmaRegion for DmaMemory<C> {
    fn physical_address(&self) -> u64 {
        self.at(0) as u64
    }

    fn size(&self) -> usize {
        self.size
    }

    fn is_coherent(&self) -> bool {
        C::IS_COHERENT
    }

    fn line_size(&self) -> usize {
        CacheLine::SIZE
    }

    fn as_slice(&self) -> &[u8] {
        // SAFETY: `size` bytes of the lines that this was made of, which are initialised and no one else's; methods that
        // change them need `&mut self`.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr(), self.size) }
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as of `as_slice`, and `&mut self` keeps every other access away.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), self.size) }
    }

    fn copy_in(&mut self, offset: usize, bytes: &[u8]) -> Result<(), DmaError> {
        DmaError::check_range(offset, bytes.len(), self.size)?;
        self.as_mut_slice()[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn copy_out(&self, offset: usize, bytes: &mut [u8]) -> Result<(), DmaError> {
        DmaError::check_range(offset, bytes.len(), self.size)?;
        bytes.copy_from_slice(&self.as_slice()[offset..offset + bytes.len()]);
        Ok(())
    }

    fn read_word(&self, offset: usize) -> Result<u32, DmaError> {
        let word = self.word(offset)?;
        // SAFETY: `word` has checked that it is inside and aligned.
        Ok(u32::from_le(unsafe { word.read_volatile() }))
    }

    fn write_word(&mut self, offset: usize, value: u32) -> Result<(), DmaError> {
        let word = self.word(offset)?;
        // SAFETY: `word` has checked that it is inside and aligned.
        unsafe { word.write_volatile(value.to_le()) };
        Ok(())
    }

    fn sync_for_device(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        DmaError::check_span(&range, self.size)?;
        if !range.is_empty() {
            if direction.device_reads() {
                self.cache.clean(self.at(range.start), range.len());
            } else {
                self.forget(&range);
            }
        }
        Ok(())
    }

    fn sync_for_cpu(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        DmaError::check_span(&range, self.size)?;
        if !range.is_empty() && direction.device_writes() {
            self.forget(&range);
        }
        Ok(())
    }
}

impl<C: DataCache> fmt::Debug for DmaMemory<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DmaMemory({} bytes at {:#x})", self.size, self.at(0))
    }
}

/// The accesses before it are complete before those behind it begin.
fn barrier() {
    if cfg!(target_arch = "riscv32") { crate::microblaze_v::barrier() } else { crate::zynq::barrier() }
}

#[cfg(test)]
mod tests {
    use std::{boxed::Box, sync::Mutex, vec, vec::Vec};

    use pynq_core::dma::{DmaBuffer, Lent};

    use super::*;

    /// What is asked for, from the first byte of the memory on.
    #[derive(Default)]
    struct Log(Mutex<Vec<(&'static str, usize, usize)>>);

    impl DataCache for &'static Log {
        const IS_COHERENT: bool = false;

        fn clean(&self, address: usize, length: usize) {
            self.0.lock().expect("no panic under it").push(("clean", address, length));
        }

        fn invalidate(&self, address: usize, length: usize) {
            assert!(address % 64 == 0 && length % 64 == 0, "whole lines only");
            self.0.lock().expect("no panic under it").push(("forget", address, length));
        }
    }

    fn memory() -> (DmaMemory<&'static Log>, &'static Log) {
        let log: &'static Log = Box::leak(Box::default());
        let lines = Box::leak(vec![CacheLine::ZERO; 4].into_boxed_slice());
        (DmaMemory::new(lines, log), log)
    }

    fn calls(log: &Log, base: u64) -> Vec<(&'static str, usize, usize)> {
        let base = usize::try_from(base).expect("an address of the host");
        core::mem::take(&mut *log.0.lock().expect("no panic under it"))
            .into_iter()
            .map(|(what, address, length)| (what, address - base, length))
            .collect()
    }

    #[test]
    fn each_hand_over_asks_for_its_range() {
        let (mut memory, log) = memory();
        let base = memory.physical_address();
        memory.sync_for_device(3..70, Direction::ToDevice).expect("inside");
        assert_eq!(calls(log, base), [("clean", 3, 67)]);
        memory.sync_for_cpu(3..70, Direction::ToDevice).expect("inside");
        assert_eq!(calls(log, base), []);
        for range in [64..128, 0..256] {
            let length = range.len();
            let start = range.start;
            memory.sync_for_device(range.clone(), Direction::FromDevice).expect("inside");
            memory.sync_for_cpu(range, Direction::FromDevice).expect("inside");
            assert_eq!(calls(log, base), [("forget", start, length), ("forget", start, length)]);
        }
        memory.sync_for_device(10..130, Direction::FromDevice).expect("inside");
        assert_eq!(calls(log, base), [("clean", 0, 64), ("clean", 128, 64), ("forget", 0, 192)], "neighbours are kept");
        memory.sync_for_device(70..80, Direction::FromDevice).expect("inside");
        let asked = calls(log, base);
        assert!(asked.starts_with(&[("clean", 64, 64)]) && asked.ends_with(&[("forget", 64, 64)]), "{asked:?}");
        memory.sync_for_device(5..5, Direction::Bidirectional).expect("empty");
        assert_eq!(calls(log, base), []);
        assert!(memory.sync_for_cpu(0..257, Direction::FromDevice).is_err());
    }

    #[test]
    fn a_static_buffer_without_an_allocator() {
        let (memory, log) = memory();
        let base = memory.physical_address();
        // A program without an allocator has it in a cell of a `static`.
        let mut buffer = DmaBuffer::from_static(Box::leak(Box::new(memory))).cast::<u32>().expect("64 of them");
        buffer[63] = 7;
        let lent = Lent::new(buffer, Direction::ToDevice).expect("nothing refuses");
        assert_eq!(lent.piece(0).map(|piece| (piece.address, piece.length)), Some((base, 256)));
        let (buffer, synced) = lent.take_back(0);
        assert_eq!((buffer[63], synced), (7, Ok(())));
        assert_eq!(calls(log, base), [("clean", 0, 256)]);
    }

    #[test]
    fn words_and_copies_stay_inside() {
        let (mut memory, _) = memory();
        memory.write_word(252, 0x1234_5678).expect("inside");
        let mut bytes = [0; 4];
        memory.copy_out(252, &mut bytes).expect("inside");
        assert_eq!((bytes, memory.read_word(252)), ([0x78, 0x56, 0x34, 0x12], Ok(0x1234_5678)));
        assert_eq!(memory.read_word(254), Err(DmaError::OutOfRange { offset: 254, length: 4, size: 256 }));
        assert_eq!(memory.write_word(2, 0), Err(DmaError::Unaligned { offset: 2 }));
        assert!(memory.copy_in(250, &[0; 7]).is_err());
    }
}
