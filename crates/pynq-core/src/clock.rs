//! The board's clock.
//!
//! The board owns time: it is virtual on the simulator, the runtime's on Linux and a hardware timer on bare metal.
//! Deadlines, delays and the examples' sleeps all go through [`Clock`], so that a program waits for the board and
//! not for the machine it happens to run on.

use core::{
    fmt,
    future::Future,
    ops::{Add, Sub},
    time::Duration,
};

/// A point in the board's time: nanoseconds since its clock started.
///
/// Arithmetic saturates, so a deadline "in ages" is simply the latest one there is.
///
/// ```
/// use core::time::Duration;
/// use pynq_core::Instant;
///
/// let later = Instant::from_millis(5) + Duration::from_micros(250);
/// assert_eq!(later - Instant::from_millis(5), Duration::from_micros(250));
/// assert!(later > Instant::from_millis(5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment the board's clock started.
    pub const START: Self = Self(0);

    /// The latest moment that can be represented, 584 years after the start.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The moment `millis` milliseconds after the start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// The moment `micros` microseconds after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// The moment `secs` seconds after the start.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pynq_core::Instant;
    ///
    /// assert_eq!(Instant::from_secs(1) - Instant::from_micros(999_999), Duration::from_micros(1));
    /// ```
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time from `earlier` to this moment; zero if `earlier` is the later one.
    #[must_use]
    pub const fn duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, rhs: Self) -> Duration {
        self.duration_since(rhs)
    }
}

/// Shown in milliseconds, with the fraction only where there is one: `20 ms`, `0.5 ms`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (millis, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            return write!(f, "{millis} ms");
        }
        let (mut rest, mut digits) = (rest, 6);
        while rest % 10 == 0 {
            (rest, digits) = (rest / 10, digits - 1);
        }
        write!(f, "{millis}.{rest:0digits$} ms")
    }
}

/// A clock that can be read and waited for.
pub trait Clock {
    /// The future of [`sleep_until`](Clock::sleep_until).
    type Sleep: Future<Output = ()>;

    /// The time now.
    fn now(&self) -> Instant;

    /// A future that completes at `deadline`, or at once if that has passed.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future forgets the deadline and nothing else.
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep;

    /// A future that completes `duration` from now.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future forgets the deadline and nothing else.
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.sleep_until(self.now() + duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Instant::MAX + Duration::from_secs(1), Instant::MAX);
        assert_eq!(Instant::START + Duration::MAX, Instant::MAX);
        assert_eq!(Instant::START - Instant::MAX, Duration::ZERO);
        assert_eq!([Instant::from_secs(u64::MAX), Instant::from_micros(u64::MAX)], [Instant::MAX; 2]);
        assert_eq!(Instant::from_secs(2), Instant::from_micros(2_000_000));
        assert_eq!(Instant::from_millis(7) - Instant::from_millis(5), Duration::from_millis(2));
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn shown_in_milliseconds() {
        use alloc::string::ToString;
        assert_eq!(Instant::from_millis(20).to_string(), "20 ms");
        assert_eq!(Instant::from_nanos(500_000).to_string(), "0.5 ms");
        assert_eq!(Instant::from_nanos(1_000_001).to_string(), "1.000001 ms");
    }
}
