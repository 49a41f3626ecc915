//! The processor's accesses, and the record of those that misbehave.

use alloc::vec::Vec;
use core::panic::Location;

use super::{Board, State};
use crate::fabric::{Access, BusError, BusErrorKind, BusTiming, PROCESSOR, Stuck, Width};

/// Makes a test fail if it caused bus errors or stuck blocks without announcing them.
pub(super) fn report(errors: &[BusError], stuck: &[Stuck]) {
    #[cfg(feature = "std")]
    if !std::thread::panicking() {
        let unexpected = errors.iter().filter(|error| !error.expected);
        let list: Vec<std::string::String> = unexpected.map(|error| std::format!("\n  {error}")).collect();
        assert!(
            list.is_empty(),
            "the program misused the simulated board's bus; expect_bus_error or take_bus_errors if it was meant to:{}",
            list.concat()
        );
        let list: Vec<std::string::String> = stuck.iter().map(|stuck| std::format!("\n  {stuck}")).collect();
        assert!(
            list.is_empty(),
            "time could not go on on the simulated board; take_stuck if it was meant not to:{}",
            list.concat()
        );
    }
    // Without threads it can't be known whether a panic is under way, and a second one would abort.
    #[cfg(not(feature = "std"))]
    let _ = (errors, stuck);
}

impl State {
    /// One access of the processor, of any width, at any address.
    #[inline]
    pub(crate) fn bus_access(
        &mut self,
        address: u64,
        width: Width,
        write: Option<u64>,
        caller: &'static Location<'static>,
    ) -> u64 {
        let done = if self.fabric.is_timed() {
            self.fabric.set_horizon(self.timeline.first());
            self.fabric.timed_access(address, width, write, caller)
        } else {
            self.fabric.access(PROCESSOR, address, width, write, caller)
        };
        done.unwrap_or(width.all_ones())
    }

    /// Records an access that misbehaved.
    pub(super) fn keep_bus_error(&mut self, mut error: BusError) {
        let announced = self.expected_errors.iter().position(|&(address, access)| {
            address == error.address && access.is_none_or(|expected| expected == error.access)
        });
        if let Some(index) = announced {
            self.expected_errors.remove(index);
            error.expected = true;
        }
        self.bus_errors.push(error);
    }

    /// An access through a window, whose design may have been replaced.
    pub(crate) fn window_access(
        &mut self,
        generation: u64,
        address: u64,
        inside: bool,
        write: Option<u32>,
        caller: &'static Location<'static>,
    ) -> u32 {
        if generation != self.generation {
            self.stale_accesses += 1;
            return u32::MAX;
        }
        if !inside {
            self.fabric.record_bus_error(PROCESSOR, address, write.is_some(), BusErrorKind::OutsideWindow, caller);
            return u32::MAX;
        }
        #[allow(clippy::cast_possible_truncation)] // a word access yields a word
        let value = self.bus_access(address, Width::Word, write.map(u64::from), caller) as u32;
        value
    }
}

impl Board {
    /// Reads at an address of the bus, as the processor does. A misbehaving access reads all ones and is recorded.
    #[track_caller]
    pub fn bus_read(&self, address: u64, width: Width) -> u64 {
        let caller = Location::caller();
        self.shared().act(|state| state.bus_access(address, width, None, caller))
    }

    /// Writes at an address of the bus, as the processor does. A misbehaving access writes nothing and is recorded.
    #[track_caller]
    pub fn bus_write(&self, address: u64, width: Width, value: u64) {
        let caller = Location::caller();
        self.shared().act(|state| state.bus_access(address, width, Some(value), caller));
    }

    /// Sets what the processor's accesses take on the board's clock, and whether its writes are posted, as those of a real
    /// processor are: see [`BusTiming`]. By default they take no time, and a write has arrived when it returns.
    ///
    /// The clock does not move beyond what is [scheduled](Self::at) on the board: an access takes less time than it should
    /// rather than to run the program's code within.
    ///
    /// ```
    /// use pynq_sim::{Board, BusTiming, models::RegisterModel};
    /// use core::time::Duration;
    ///
    /// let board = Board::builder().device("block", 0x1000, 0x1000, RegisterModel::new()).build()?;
    /// board.set_bus_timing(BusTiming::waiting(Duration::from_nanos(150), Duration::from_nanos(100)));
    /// let block = board.window("block")?;
    /// block.write(0, 1);
    /// assert_eq!(block.read(0), 1);
    /// assert_eq!(board.now().as_nanos(), 250);
    /// # Ok::<(), pynq_sim::Error>(())
    /// ```
    pub fn set_bus_timing(&self, timing: BusTiming) {
        self.shared().act(|state| state.fabric.set_bus_timing(timing));
    }

    /// Waits for all posted writes, as a barrier does that waits for their answers.
    pub fn flush_writes(&self) {
        self.shared().act(|state| {
            state.fabric.set_horizon(state.timeline.first());
            state.fabric.flush_writes();
        });
    }

    /// Announces that the next access to `address` misbehaves, of either direction if `access` is `None`. One
    /// announcement is good for one access.
    pub fn expect_bus_error(&self, address: u64, access: Option<Access>) {
        self.shared().with(|state| state.expected_errors.push((address, access)));
    }

    /// Takes the record of all accesses that misbehaved so far, expected or not. They fail no test any more.
    #[must_use]
    pub fn take_bus_errors(&self) -> Vec<BusError> {
        self.shared().with(|state| core::mem::take(&mut state.bus_errors))
    }

    /// Reads the board's memory, DDR or block RAM.
    ///
    /// # Errors
    ///
    /// [`Unbacked`](crate::Unbacked) if the range is not all memory.
    pub fn read_memory(&self, address: u64, bytes: &mut [u8]) -> Result<(), crate::Unbacked> {
        self.shared().act(|state| state.fabric.read_memory(PROCESSOR, address, bytes))
    }

    /// Writes the board's memory, DDR or block RAM.
    ///
    /// # Errors
    ///
    /// [`Unbacked`](crate::Unbacked) if the range is not all memory.
    pub fn write_memory(&self, address: u64, bytes: &[u8]) -> Result<(), crate::Unbacked> {
        self.shared().act(|state| state.fabric.write_memory(PROCESSOR, address, bytes))
    }
}
