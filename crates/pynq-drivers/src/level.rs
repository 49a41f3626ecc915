//! What a pin can be, and what can happen to it.

use core::{fmt, ops::Not};

use embedded_hal::digital::PinState;

/// The level of a pin.
///
/// ```
/// use pynq_drivers::Level;
///
/// assert!(Level::from(true).is_high());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// 0.
    Low,
    /// 1.
    High,
}

impl Level {
    /// Whether this is [`High`](Self::High).
    #[must_use]
    pub const fn is_high(self) -> bool {
        matches!(self, Self::High)
    }
}

impl Not for Level {
    type Output = Self;

    fn not(self) -> Self {
        Self::from(!self.is_high())
    }
}

/// `true` is high.
impl From<bool> for Level {
    fn from(high: bool) -> Self {
        if high { Self::High } else { Self::Low }
    }
}

impl From<Level> for bool {
    fn from(level: Level) -> Self {
        level.is_high()
    }
}

impl From<PinState> for Level {
    fn from(state: PinState) -> Self {
        Self::from(bool::from(state))
    }
}

impl From<Level> for PinState {
    fn from(level: Level) -> Self {
        Self::from(level.is_high())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_high() { "high" } else { "low" })
    }
}

/// A change of a pin's level.
///
/// ```
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// let at = Instant::from_millis;
/// base.sim_button(0)?.at(at(5)).press()?;
/// base.sim_button(0)?.at(at(8)).release()?;
/// base.button(0)?.wait_for_edge(Edge::Falling)?;
/// assert_eq!(base.clock().now(), at(8));
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Edge {
    /// From low to high.
    Rising,
    /// From high to low.
    Falling,
    /// Either.
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_bits() {
        for high in [false, true] {
            let level = Level::from(high);
            assert_eq!((bool::from(level), level.is_high()), (high, high));
            assert_eq!(Level::from(PinState::from(level)), level);
            assert_eq!(!level, Level::from(!high));
        }
    }
}
