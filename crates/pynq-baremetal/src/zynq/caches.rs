//! The data caches of a Zynq-7000: those of the Cortex-A9 and the PL310 behind them.
//!
//! Where memory is cached by both, a line is written back from the inner one to the outer one and from there to memory. It
//! is forgotten in the inner one, which may write back to the outer one at any moment, then in the outer one, and then in the
//! inner one again, which may have fetched it from there meanwhile.
//!
//! From the Technical Reference Manuals of the Cortex-A9 and of the PL310 (r3p2).

use pynq_core::{
    Mmio, Volatile, register_map,
    regs::{Rw, WindowTooSmall},
};

use super::cpu;
use crate::DataCache;

/// Bytes of a line, in both.
const LINE: usize = 32;

register_map! {
    /// Registers of a PL310 for operations by address. On a Zynq-7000 it is at `0xF8F0_2000`.
    pub struct Pl310Registers, size 0x1000 {
        /// Bit 0: an operation is under way.
        0x730 => cache_sync: Rw<u32>,
        /// Forgets the line of an address. Bit 0 reads 1 while that is under way.
        0x770 => invalidate_by_address: Rw<u32>,
        /// Writes back the line of an address, likewise.
        0x7B0 => clean_by_address: Rw<u32>,
    }
}

/// The caches of a Zynq-7000, both on.
///
/// Nothing here has run on a board: QEMU has no caches, so that a mistake would not show there.
pub struct Caches<M = Volatile> {
    l2: Pl310Registers<M>,
}

impl<M: Mmio> Caches<M> {
    /// With the outer cache's registers in `window`.
    ///
    /// # Errors
    ///
    /// [`WindowTooSmall`].
    pub fn new(window: M) -> Result<Self, WindowTooSmall> {
        Ok(Self { l2: Pl310Registers::new(window)? })
    }

    fn sync_outer(&self) {
        self.l2.cache_sync().write(0);
        // It takes no longer than what is buffered takes to memory.
        let over = |_: &u32| self.l2.cache_sync().read() & 1 == 0;
        let _ = (0..100_000_u32).find(over);
    }
}

impl<M> core::fmt::Debug for Caches<M> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Caches").finish_non_exhaustive()
    }
}

/// The first bytes of the lines of a range.
fn lines(address: usize, length: usize) -> impl Iterator<Item = usize> {
    (address / LINE * LINE..address + length).step_by(LINE)
}

#[allow(clippy::cast_possible_truncation)] // addresses have 32 bits here
impl<M: Mmio + Send + Sync + 'static> DataCache for Caches<M> {
    const IS_COHERENT: bool = false;

    fn clean(&self, address: usize, length: usize) {
        lines(address, length).for_each(cpu::clean_line);
        cpu::barrier();
        lines(address, length).for_each(|line| self.l2.clean_by_address().write(line as u32));
        self.sync_outer();
        cpu::barrier();
    }

    fn invalidate(&self, address: usize, length: usize) {
        let inner = || {
            lines(address, length).for_each(cpu::forget_line);
            cpu::barrier();
        };
        let outer = || {
            lines(address, length).for_each(|line| self.l2.invalidate_by_address().write(line as u32));
            self.sync_outer();
        };
        cpu::barrier();
        forget_in_both(inner, outer);
    }
}

/// Each of these forgets the lines in one of the caches.
fn forget_in_both(mut inner: impl FnMut(), mut outer: impl FnMut()) {
    inner();
    outer();
    inner();
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, vec::Vec};

    use super::*;

    /// What a cache has of a line.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Has {
        Nothing,
        Copy,
        Written,
    }

    /// Between any two steps, the inner cache may write a line back to the outer one, and fetch it from there.
    #[test]
    fn nothing_is_left_of_what_is_forgotten() {
        for state in [(Has::Written, Has::Nothing), (Has::Written, Has::Copy), (Has::Nothing, Has::Written)] {
            let (inner, outer) = (Cell::new(state.0), Cell::new(state.1));
            let meanwhile = || {
                if inner.get() == Has::Written {
                    inner.set(Has::Nothing);
                    outer.set(Has::Written);
                }
                if inner.get() == Has::Nothing && outer.get() != Has::Nothing {
                    inner.set(Has::Copy);
                }
            };
            let step = |cache: &Cell<Has>| {
                cache.set(Has::Nothing);
                meanwhile();
            };
            forget_in_both(|| step(&inner), || step(&outer));
            assert_eq!((inner.get(), outer.get()), (Has::Nothing, Has::Nothing), "from {state:?}");
        }
    }

    #[test]
    fn lines_of_a_range() {
        assert_eq!(lines(0x40, 64).collect::<Vec<_>>(), [0x40, 0x60]);
        assert_eq!(lines(0x5F, 2).collect::<Vec<_>>(), [0x40, 0x60]);
        assert_eq!(lines(0x41, 1).collect::<Vec<_>>(), [0x40]);
        assert_eq!(lines(0x40, 0).count(), 0);
    }
}
