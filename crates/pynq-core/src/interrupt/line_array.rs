//! What the engine keeps for each line of a node, in an array as long as the hardware has lines.

use super::LineStats;

/// As many lines as a node can have at most: 1 to 32. For [`InterruptHardware::Lines`](super::InterruptHardware::Lines).
pub struct Lines<const N: usize>([LineState; N]);

/// One line.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct LineState {
    /// Services so far, wrapping: the only truth about whether a plain wait is over.
    pub(super) count: u32,
    /// Waiters in `waiting`.
    pub(super) waiters: u32,
    pub(super) stats: LineStats,
    #[cfg(pynq_mutant = "wake-before-publish")]
    pub(super) unpublished: u32,
}

impl LineState {
    const NEW: Self = Self {
        count: 0,
        waiters: 0,
        stats: LineStats::NONE,
        #[cfg(pynq_mutant = "wake-before-publish")]
        unpublished: 0,
    };
}

mod sealed {
    pub trait Sealed {}
}

/// What [`Lines`] of every length have in common. There is nothing to implement.
pub trait LineArray: sealed::Sealed + Send + 'static {
    /// How many there are.
    const COUNT: u8;

    #[doc(hidden)]
    const NEW: Self;

    /// A number for each line.
    #[doc(hidden)]
    type Words: AsMut<[u32]>;

    #[doc(hidden)]
    const ZEROS: Self::Words;

    #[doc(hidden)]
    fn states(&mut self) -> &mut [LineState];
}

impl<const N: usize> sealed::Sealed for Lines<N> {}

impl<const N: usize> LineArray for Lines<N> {
    const COUNT: u8 = {
        assert!(N > 0 && N <= 32, "a node has 1 to 32 lines");
        N as u8
    };

    const NEW: Self = Self([LineState::NEW; N]);

    type Words = [u32; N];

    const ZEROS: [u32; N] = [0; N];

    #[inline(always)]
    fn states(&mut self) -> &mut [LineState] {
        &mut self.0
    }
}

impl<const N: usize> core::fmt::Debug for Lines<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Lines").field(&N).finish()
    }
}
