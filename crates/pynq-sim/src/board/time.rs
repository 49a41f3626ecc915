//! The board's clock, and its scheduled events.

use alloc::boxed::Box;
use core::time::Duration;

use pynq_core::Instant;

use super::Board;
use crate::{clock::SimClock, timeline::Event};

impl Board {
    /// The board's clock.
    #[must_use]
    pub fn clock(&self) -> SimClock {
        SimClock::new(self.shared.clone())
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shared.now()
    }

    /// Moves the clock forward, settled or not, and lets everything that is scheduled until then happen in order.
    ///
    /// For tests that drive the board by hand. From then on the clock is theirs: it does not move
    /// [by itself](Self::set_automatic) any more.
    pub fn advance(&self, duration: Duration) {
        self.advance_to(self.now() + duration);
    }

    /// As [`advance`](Self::advance), to a time. Nothing happens if that has passed.
    pub fn advance_to(&self, time: Instant) {
        self.shared.with(|state| state.automatic = false);
        while self.shared.step(time, |_| true) {}
        self.shared.act(|state| state.fabric.set_now(time));
    }

    /// Lets `stimulus` happen at `time`: at once if that has passed, at the next step of the clock.
    ///
    /// It may do anything with the board it is given.
    pub fn at(&self, time: Instant, stimulus: impl FnOnce(&Board) + Send + 'static) {
        self.shared.act(|state| {
            state.timeline.insert(time.max(state.now()), Event::Stimulus(Box::new(stimulus)));
            state.wake_mover();
        });
    }

    /// Lets `stimulus` happen `delay` from now.
    pub fn after(&self, delay: Duration, stimulus: impl FnOnce(&Board) + Send + 'static) {
        self.at(self.now() + delay, stimulus);
    }

    /// When the next thing happens on the board by itself; `None` if nothing is scheduled.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.shared.with(|state| state.next_event())
    }

    /// Sets how long, in the machine's time, nothing must have happened on the board before a task that took an event and
    /// has not come back is taken to be gone, and before a blocked call that nothing scheduled can wake gives up. The
    /// default is a tenth of a second. [Tracked](Self::track) tasks need no such guess.
    pub fn set_grace(&self, grace: Duration) {
        self.shared.with(|state| state.settling.grace = grace);
    }

    /// Lets the clock move by itself whenever the program has settled, under any runtime and with no call around the
    /// program: a thread of the board moves it, which is started by the first task that waits and ends with the board. A
    /// wait that nothing can end any more ends with [`NeverWoken`](pynq_core::Error::NeverWoken), a second after everything
    /// has come to rest; hold [`busy`](Self::busy) where something other than the board is still to happen, or use
    /// [`set_real_time`](Self::set_real_time).
    ///
    /// It is off on a board that is made by hand. While a thread blocks on the board, or one of the futures that move
    /// the clock is alive, these move it. [`drive`](Self::drive) with [`track`](Self::track) is exact, as the program
    /// itself reports its work; this goes by whether the threads of the process are asleep, where the system reports
    /// that.
    #[cfg(feature = "std")]
    pub fn set_automatic(&self, automatic: bool) {
        self.shared.act(|state| {
            state.automatic = automatic;
            state.wake_mover();
        });
    }

    /// Lets the clock keep pace with the machine's, for interactive use. A blocked call then waits without limit for a
    /// stimulus from elsewhere. For [`run`](Self::run), see [`run_with`](Self::run_with).
    #[cfg(feature = "std")]
    pub fn set_real_time(&self, real_time: bool) {
        self.shared.act(|state| {
            state.real_time = real_time.then(|| crate::parker::WallClock::start(state.now()));
        });
    }
}
