//! What the processor's accesses take, and writes that are posted.
//!
//! A processor does not wait for the end of a write: the interconnect accepts it, and the block sees it a while later. A
//! driver that clears its device and goes on at once can then be overtaken by what it does elsewhere. The order of the writes
//! stays, and a read of a block waits for the writes to it.

use alloc::{boxed::Box, collections::VecDeque};
use core::{panic::Location, time::Duration};

use pynq_core::Instant;

use super::{BusErrorKind, Fabric, PROCESSOR, Width, space::Target};

/// In the queue of events, the landing of a posted write: after the blocks that are due at the same time.
pub(super) const POSTED: usize = usize::MAX;

/// What the processor's accesses to blocks take, and whether its writes are posted.
///
/// By default they take no time, and the block has seen a write when it returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusTiming {
    /// What a read takes.
    pub read: Duration,
    /// What a write takes until the block sees it.
    pub write: Duration,
    /// How many writes can be on their way while the processor goes on; 0 if it waits for each.
    pub posted: usize,
}

impl BusTiming {
    /// The processor waits for each access that long.
    #[must_use]
    pub const fn waiting(read: Duration, write: Duration) -> Self {
        Self { read, write, posted: 0 }
    }

    /// As [`waiting`](Self::waiting), but up to `writes` of them are posted: the processor goes on at once, and the block sees
    /// the write that much later. A further one waits until the first has arrived. A read of a block waits for the writes
    /// to it, and for those before them.
    #[must_use]
    pub const fn posted(read: Duration, write: Duration, writes: usize) -> Self {
        Self { read, write, posted: writes }
    }
}

/// The timing, where there is one.
#[derive(Debug)]
pub(super) struct Timing {
    bus: BusTiming,
    writes: VecDeque<Write>,
    next: u64,
    /// Accesses don't move the clock beyond this: what is scheduled outside of the fabric comes first.
    horizon: Instant,
}

/// A write on its way.
#[derive(Debug)]
struct Write {
    number: u64,
    at: Instant,
    block: usize,
    address: u64,
    width: Width,
    value: u64,
    caller: &'static Location<'static>,
}

impl Fabric {
    /// Sets what the processor's accesses take, and whether its writes are posted. Writes that are on their way arrive first.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pynq_sim::{
    ///     fabric::{BusTiming, FabricBuilder},
    ///     models::RegisterModel,
    /// };
    ///
    /// let mut fabric = FabricBuilder::new().device("block", 0x1000, 0x1000, RegisterModel::new()).build()?;
    /// let nanos = Duration::from_nanos;
    /// fabric.set_bus_timing(BusTiming::posted(nanos(150), nanos(100), 8));
    /// fabric.start_trace(10);
    /// fabric.write(0x1000, 7).expect("a register");
    /// assert!(fabric.trace().is_empty(), "it is on its way");
    /// // A read of the block waits for it.
    /// assert_eq!(fabric.read(0x1000), Ok(7));
    /// assert_eq!(fabric.now().as_nanos(), 250);
    /// # Ok::<(), pynq_sim::Error>(())
    /// ```
    pub fn set_bus_timing(&mut self, timing: BusTiming) {
        self.flush_writes();
        let horizon = self.timing.as_ref().map_or(Instant::MAX, |timing| timing.horizon);
        self.timing = (timing != BusTiming::default())
            .then(|| Box::new(Timing { bus: timing, writes: VecDeque::new(), next: 0, horizon }));
    }

    /// Waits for all posted writes, as a barrier does that waits for their answers.
    pub fn flush_writes(&mut self) {
        if let Some(last) = self.timing.as_ref().and_then(|timing| timing.writes.back()) {
            self.await_write(last.number);
        }
    }

    /// How many writes are on their way.
    #[must_use]
    pub fn posted_writes(&self) -> usize {
        self.timing.as_ref().map_or(0, |timing| timing.writes.len())
    }

    #[inline]
    pub(crate) const fn is_timed(&self) -> bool {
        self.timing.is_some()
    }

    /// Accesses don't move the clock beyond `time`.
    pub(crate) fn set_horizon(&mut self, time: Option<Instant>) {
        if let Some(timing) = &mut self.timing {
            timing.horizon = time.unwrap_or(Instant::MAX);
        }
    }

    /// The design goes, and the writes that are on their way with it.
    pub(super) fn drop_posted(&mut self) {
        if let Some(timing) = &mut self.timing {
            if let Some(first) = timing.writes.front() {
                self.events.cancel(first.at, POSTED);
            }
            timing.writes.clear();
        }
    }

    /// One access of the processor.
    #[inline(always)]
    pub(crate) fn processor_access(
        &mut self,
        address: u64,
        width: Width,
        write: Option<u64>,
        caller: &'static Location<'static>,
    ) -> Result<u64, BusErrorKind> {
        if self.timing.is_some() {
            return self.timed_access(address, width, write, caller);
        }
        self.access(PROCESSOR, address, width, write, caller)
    }

    /// The same, where there is a timing.
    #[cold]
    pub(crate) fn timed_access(
        &mut self,
        address: u64,
        width: Width,
        write: Option<u64>,
        caller: &'static Location<'static>,
    ) -> Result<u64, BusErrorKind> {
        let bus = self.timing.as_ref().map(|timing| timing.bus).unwrap_or_default();
        let block = match self.spaces[PROCESSOR.0].decode(address).map(|range| range.target) {
            Some(Target::Block { block, .. }) => Some(block),
            _ => None,
        };
        match (write, block) {
            (Some(value), Some(block)) if bus.posted > 0 => {
                self.post(bus, Write { number: 0, at: self.now, block, address, width, value, caller });
                return Ok(value);
            }
            (_, Some(block)) => {
                let writes = self.timing.iter().flat_map(|timing| &timing.writes);
                if let Some(last) = writes.filter(|write| write.block == block).map(|write| write.number).next_back() {
                    self.await_write(last);
                }
            }
            (_, None) => {}
        }
        self.pass_until(self.now + if write.is_some() { bus.write } else { bus.read });
        self.access(PROCESSOR, address, width, write, caller)
    }

    /// Sends a write on its way, once there is room for it.
    fn post(&mut self, bus: BusTiming, write: Write) {
        while self.posted_writes() >= bus.posted {
            let Some(first) = self.timing.as_ref().and_then(|timing| timing.writes.front()) else { break };
            self.await_write(first.number);
        }
        let now = self.now;
        let Some(timing) = &mut self.timing else { return };
        let (number, at) = (timing.next, now + bus.write);
        timing.next += 1;
        if timing.writes.is_empty() {
            self.events.schedule(at, POSTED);
        }
        timing.writes.push_back(Write { number, at, ..write });
    }

    /// Lets time pass until a write, and those before it, have arrived.
    fn await_write(&mut self, number: u64) {
        let first = |fabric: &Self| {
            let write = fabric.timing.as_ref()?.writes.front()?;
            (write.number <= number).then_some((write.number, write.at))
        };
        while let Some((before, at)) = first(self) {
            self.pass_until(at);
            if first(self).is_some_and(|(still, _)| still == before) {
                // The horizon came first: it arrives early rather than never.
                self.events.cancel(at, POSTED);
                self.land();
            }
        }
    }

    fn pass_until(&mut self, time: Instant) {
        let horizon = self.timing.as_ref().map_or(Instant::MAX, |timing| timing.horizon);
        self.advance_to(time.min(horizon));
    }

    /// The writes arrive that are due; called for an event of [`POSTED`].
    pub(super) fn land_due(&mut self) {
        self.land();
        let next = self.timing.as_ref().and_then(|timing| timing.writes.front()).map(|write| write.at);
        if next.is_some_and(|at| at <= self.now) {
            self.events.cancel(self.now, POSTED);
            self.land_due();
        }
    }

    /// The first write arrives, and the next one becomes the first.
    fn land(&mut self) {
        let Some(timing) = &mut self.timing else { return };
        let Some(write) = timing.writes.pop_front() else { return };
        if let Some(next) = timing.writes.front() {
            self.events.schedule(next.at, POSTED);
        }
        // What is wrong with it is recorded, with the code that made it; the processor has gone on.
        let _ = self.access(PROCESSOR, write.address, write.width, Some(write.value), write.caller);
    }
}
