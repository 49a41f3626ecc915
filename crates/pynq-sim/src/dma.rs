//! DMA buffers in the board's memory, behind a model of the processor's cache.
//!
//! The processor reads and writes a buffer through the cache, a device model by [`Bus`](crate::device::Bus) without it. So
//! a driver that forgets to sync sees old data, or lets the device see old data, every time.
//!
//! Slices of a buffer have to be memory of the host, and so each buffer has a copy of what the board's memory held when it
//! was last handed over: as if a cache had fetched all of it at once, as a real one may. What the processor writes stays in the
//! copy until it is synced. A real cache writes back at moments of its own, too; this one does when a test says so:
//! [`SimDmaMemory::evict`]. Which of the lines that a mutable slice covers were written can't be seen, so all of them count.
//!
//! Syncing does what Linux does on the processors of the Zynq families.

mod region;

use alloc::{boxed::Box, collections::BTreeMap};
use core::fmt;

use pynq_core::dma::{DmaAllocator, DmaError, DmaRequest};

use crate::{
    Board,
    board::Shared,
    fabric::{Fabric, PROCESSOR, Unbacked},
    sync::{Arc, Lock},
};
pub use region::SimDmaBuffer;

/// A range of the board's memory that buffers are allocated from, and the cache in front of it.
///
/// A handle: clones are the same memory, behind the same cache.
///
/// ```
/// use pynq_core::dma::{Direction, DmaAllocator, DmaRegion, DmaRequest};
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
    /// Lines that the processor wrote to and that are not in memory yet, by address, as far as the buffers have said so.
    dirty: BTreeMap<u64, Box<[u8]>>,
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
        let state = Lock::new(State::default());
        Ok(Self { pool: Arc::new(Pool { shared, base, last, coherent, line: LINE, state }) })
    }

    /// Writes back all dirty lines. A real cache may do so at any moment, a line or all of it. If a driver let the device
    /// write to memory for which the cache had dirty data, that data now overwrites the device's.
    ///
    /// What was written to a slice counts from when the buffer's address was asked for.
    pub fn evict(&self) {
        self.pool.with(|state, memory| {
            for (address, line) in core::mem::take(&mut state.dirty) {
                store(memory, address, &line);
            }
        });
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

/// Reads the memory itself. All of it was there when the buffers were made; a design that was loaded since may have less.
fn fetch(memory: &Fabric, address: u64, bytes: &mut [u8]) {
    if memory.read_memory(PROCESSOR, address, bytes).is_err() {
        bytes.fill(0xFF);
    }
}

/// Writes the memory itself. A write to memory that is not there is dropped.
fn store(memory: &mut Fabric, address: u64, bytes: &[u8]) {
    let _ = memory.write_memory(PROCESSOR, address, bytes);
}

impl DmaAllocator for SimDmaMemory {
    type Region = SimDmaBuffer;
    type Error = DmaError;

    fn allocate(&self, request: &DmaRequest) -> Result<SimDmaBuffer, DmaError> {
        request.validate()?;
        let address = self.pool.state.with(|state| {
            let (first, last) = self.pool.place(state, request)?;
            state.used.insert(first, last);
            Ok(first)
        })?;
        Ok(SimDmaBuffer::new(Arc::clone(&self.pool), address, request.size()))
    }
}
