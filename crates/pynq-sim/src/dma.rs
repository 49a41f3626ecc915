//! DMA buffers in the board's memory, behind a model of the processor's cache.
//!
//! The processor reads and writes buffers through the cache, a device model by [`Bus`](crate::device::Bus) without it. So
//! a driver that forgets to sync sees old data, or lets the device see old data, every time. What a real cache does at
//! moments of its own, it does here when a test says so: [`SimDmaMemory::evict`].
//!
//! The cache allocates on reads and on writes and writes back, as those of the Cortex-A9 and A53 do. Syncing does what
//! Linux does on them.

mod cache;

use alloc::collections::BTreeMap;
use core::{fmt, ops::Range};

use pynq_core::dma::{Direction, DmaAllocator, DmaBuffer, DmaError, DmaRequest};

use crate::{
    Board,
    board::Shared,
    fabric::{Fabric, PROCESSOR, Unbacked},
    sync::{Arc, Lock},
};
use cache::Cache;

/// A range of the board's memory that buffers are allocated from, and the cache in front of it.
///
/// A handle: clones are the same memory, behind the same cache.
///
/// ```
/// use pynq_core::dma::{Direction, DmaAllocator, DmaBuffer, DmaRequest};
/// use pynq_sim::{Board, SimDmaMemory};
///
/// let board = Board::builder().memory("ddr", 0x1000_0000, 0x10_0000).build()?;
/// let memory = SimDmaMemory::new(&board, 0x1000_0000, 0x10_0000)?;
/// let mut buffer = memory.allocate(&DmaRequest::new(256))?;
///
/// buffer.copy_in(0, b"for the device")?;
/// let mut seen = [0; 14];
/// board.read_memory(buffer.physical_address(), &mut seen)?;
/// assert_eq!(seen, [0; 14], "it is still in the cache");
///
/// buffer.sync_for_device(0..14, Direction::ToDevice)?;
/// board.read_memory(buffer.physical_address(), &mut seen)?;
/// assert_eq!(&seen, b"for the device");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SimDmaMemory {
    pool: Arc<Pool>,
}

struct Pool {
    shared: Shared,
    base: u64,
    last: u64,
    coherent: bool,
    line: usize,
    state: Lock<State>,
}

#[derive(Default)]
struct State {
    cache: Cache,
    /// The buffers there are: first and last address.
    used: BTreeMap<u64, u64>,
}

/// Bytes of a cache line: 64 as in the Cortex-A53, a multiple of the A9's 32.
const LINE: usize = 64;

impl fmt::Debug for SimDmaMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = &self.pool;
        write!(f, "SimDmaMemory({:#x} to {:#x}{})", pool.base, pool.last, coherence(pool.coherent))
    }
}

fn coherence(coherent: bool) -> &'static str {
    if coherent { ", coherent" } else { "" }
}

impl SimDmaMemory {
    /// Buffers in `size` bytes of the board's memory at `base`, behind a cache that devices do not see: the ports HP0 to
    /// HP3 of a Zynq.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if the range is not all memory.
    pub fn new(board: &Board, base: u64, size: usize) -> Result<Self, Unbacked> {
        Self::build(board, base, size, false)
    }

    /// Buffers in memory where devices see what is in the cache: the ports ACP, and HPC0 and HPC1 of a Zynq UltraScale+.
    ///
    /// # Errors
    ///
    /// [`Unbacked`] if the range is not all memory.
    pub fn coherent(board: &Board, base: u64, size: usize) -> Result<Self, Unbacked> {
        Self::build(board, base, size, true)
    }

    fn build(board: &Board, base: u64, size: usize, coherent: bool) -> Result<Self, Unbacked> {
        let shared = board.shared().clone();
        shared.with(|state| state.fabric.check_memory(PROCESSOR, base, size))?;
        let beyond_first = u64::try_from(size).unwrap_or(u64::MAX).checked_sub(1);
        let last = beyond_first.and_then(|span| base.checked_add(span)).ok_or(Unbacked { address: base, len: size })?;
        let state = Lock::new(State { cache: Cache::new(LINE), used: BTreeMap::new() });
        Ok(Self { pool: Arc::new(Pool { shared, base, last, coherent, line: LINE, state }) })
    }

    /// Writes back all dirty lines, and empties the cache. A real cache may do so at any moment, a line or all of it.
    /// If a driver let the device write to memory for which the cache had dirty data, that data now overwrites the
    /// device's.
    pub fn evict(&self) {
        self.pool.with(|state, memory| state.cache.evict(memory));
    }

    /// How many bytes are not allocated to a buffer.
    #[must_use]
    pub fn free(&self) -> u64 {
        let pool = &self.pool;
        let used: u64 = pool.state.with(|state| state.used.iter().map(|(first, last)| last - first + 1).sum());
        (pool.last - pool.base).saturating_add(1).saturating_sub(used)
    }
}

impl Pool {
    /// Runs `f` on cache and memory. Lock order: board, then cache. Wakers run after both are released.
    fn with<R>(&self, f: impl FnOnce(&mut State, &mut Fabric) -> R) -> R {
        self.shared.act(|board| self.state.with(|state| f(state, &mut board.fabric)))
    }

    /// The first place where `request` fits.
    fn place(&self, state: &State, request: &DmaRequest) -> Result<(u64, u64), DmaError> {
        let none = DmaError::NoMemory { size: request.size() };
        // Buffers share no line, else syncing one would change another.
        let line = self.line as u64;
        let length =
            u64::try_from(request.size()).ok().and_then(|size| size.checked_next_multiple_of(line)).ok_or(none)?;
        let alignment = u64::try_from(request.required_alignment()).map_err(|_| none)?.max(line);
        let mut from = Some(self.base);
        let ends = state.used.iter().map(|(&first, &last)| (first, Some(last)));
        for (first, last) in ends.chain([(self.last, None)]) {
            // The last round has no buffer behind it, so that the end of the memory counts.
            let limit = if last.is_some() { first.checked_sub(1) } else { Some(self.last) };
            let start = from.and_then(|from| from.checked_next_multiple_of(alignment));
            let end = start.and_then(|start| start.checked_add(length - 1));
            if let (Some(start), Some(end), Some(limit)) = (start, end, limit) {
                if end <= limit {
                    // The lowest place there is: if a bus master can't reach that one, it can reach none.
                    return request.check_address(start).map(|()| (start, end));
                }
            }
            from = last.and_then(|last| last.checked_add(1));
        }
        Err(none)
    }
}

impl DmaAllocator for SimDmaMemory {
    type Buffer = SimDmaBuffer;
    type Error = DmaError;

    fn allocate(&self, request: &DmaRequest) -> Result<SimDmaBuffer, DmaError> {
        request.validate()?;
        let address = self.pool.state.with(|state| {
            let (first, last) = self.pool.place(state, request)?;
            state.used.insert(first, last);
            Ok(first)
        })?;
        Ok(SimDmaBuffer { pool: Arc::clone(&self.pool), address, size: request.size() })
    }
}

/// A DMA buffer in the board's memory.
pub struct SimDmaBuffer {
    pool: Arc<Pool>,
    address: u64,
    size: usize,
}

impl fmt::Debug for SimDmaBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimDmaBuffer({} bytes at {:#x}{})", self.size, self.address, coherence(self.pool.coherent))
    }
}

impl SimDmaBuffer {
    fn at(&self, offset: usize) -> u64 {
        self.address + offset as u64
    }

    fn write(&self, offset: usize, bytes: &[u8]) {
        self.pool.with(|state, memory| {
            if self.pool.coherent {
                cache::store(memory, self.at(offset), bytes);
            } else {
                state.cache.write(memory, self.at(offset), bytes);
            }
        });
    }

    fn read(&self, offset: usize, bytes: &mut [u8]) {
        self.pool.with(|state, memory| {
            if self.pool.coherent {
                cache::fetch(memory, self.at(offset), bytes);
            } else {
                state.cache.read(memory, self.at(offset), bytes);
            }
        });
    }

    fn check_word(&self, offset: usize) -> Result<(), DmaError> {
        DmaError::check_range(offset, 4, self.size)?;
        if offset % 4 == 0 { Ok(()) } else { Err(DmaError::Unaligned { offset }) }
    }

    fn sync(&self, range: &Range<usize>, f: impl FnOnce(&mut Cache, &mut Fabric, u64, u64)) -> Result<(), DmaError> {
        DmaError::check_span(range, self.size)?;
        if !range.is_empty() && !self.pool.coherent {
            let (first, last) = (self.at(range.start), self.at(range.end - 1));
            self.pool.with(|state, memory| f(&mut state.cache, memory, first, last));
        }
        Ok(())
    }
}

impl DmaBuffer for SimDmaBuffer {
    fn physical_address(&self) -> u64 {
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

    fn sync_for_device(&self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        self.sync(&range, |cache, memory, first, last| {
            if direction.device_reads() {
                cache.clean(memory, first, last);
            } else {
                cache.invalidate(memory, first, last);
            }
        })
    }

    fn sync_for_cpu(&self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        self.sync(&range, |cache, memory, first, last| {
            if direction.device_writes() {
                cache.invalidate(memory, first, last);
            }
        })
    }
}

impl Drop for SimDmaBuffer {
    fn drop(&mut self) {
        self.pool.state.with(|state| {
            if let Some(last) = state.used.remove(&self.address) {
                // Its data is not needed any more, and must not be written back into the next buffer's memory.
                state.cache.forget(self.address, last);
            }
        });
    }
}
