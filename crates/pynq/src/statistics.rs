//! What the interrupt engine counted, summed over a design.

use pynq_core::interrupt::LineStats;

/// What [`Overlay::statistics`](crate::Overlay::statistics) counted.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// base.sim_button(0)?.at(Instant::from_millis(1)).press()?;
/// base.button(0)?.wait_for_level(Level::High)?;
/// let statistics = base.statistics();
/// assert_eq!((statistics.interrupts, statistics.spurious), (1, 0));
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Interrupts the processor has taken, since the board was started.
    pub interrupts: u64,
    /// Services of lines; one interrupt is a service at every node on its way.
    pub fired: u64,
    /// Waiters woken, a node that waits for its parent being one.
    pub woken: u64,
    /// Waiters woken for nothing.
    pub spurious: u64,
    /// Times a line was masked because it would not go quiet.
    pub stuck: u64,
}

impl Statistics {
    pub(crate) fn add(&mut self, line: LineStats) {
        self.fired += u64::from(line.fired);
        self.woken += u64::from(line.woken);
        self.spurious += u64::from(line.spurious);
        self.stuck += u64::from(line.stuck);
    }
}
