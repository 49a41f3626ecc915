//! How a blocked thread sleeps, and how it is got up.

use crate::sync::{Arc, AtomicUsize, Ordering, impl_wake};

/// What a blocked call polls with and sleeps on.
///
/// It counts instead of remembering a flag: a call remembers the count before it polls and sleeps only while the count
/// stands, so a call nested in a poll can't eat the wake-up of the one around it. A thread has one for life, which
/// makes it one task in the board's accounts however often it blocks.
pub(crate) struct Kick(imp::Kick, AtomicUsize);

/// What a sleeper has seen: the count of wakes, and of pokes by the board.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) wakes: u64,
    pokes: u64,
}

impl_wake!(Kick, |kick| kick.0.bump(true));

impl Kick {
    /// The board has something to look at again.
    pub(crate) fn poke(&self) {
        self.0.bump(false);
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.0.ticket()
    }

    /// A blocked call begins. Tells whether it is nested in another of the same thread.
    pub(crate) fn enter(&self) -> bool {
        // Relaxed: only the thread whose kick it is gets here.
        self.1.fetch_add(1, Ordering::Relaxed) > 0
    }

    pub(crate) fn leave(&self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(feature = "std")]
mod imp {
    use core::time::Duration;
    use std::{
        sync::{Condvar, Mutex, PoisonError},
        time::Instant,
    };

    use super::{Arc, Ticket};

    pub(super) struct Kick(Mutex<Ticket>, Condvar);

    std::thread_local!(static KICK: Arc<super::Kick> = super::Kick::new());

    impl Kick {
        pub(super) fn bump(&self, wake: bool) {
            let mut ticket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = if wake { &mut ticket.wakes } else { &mut ticket.pokes };
            *count = count.wrapping_add(1);
            self.1.notify_all();
        }

        pub(super) fn ticket(&self) -> Ticket {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl super::Kick {
        /// The calling thread's.
        pub(crate) fn current(_: &crate::board::Shared) -> Arc<Self> {
            KICK.try_with(Arc::clone).unwrap_or_else(|_| Self::new())
        }

        /// Whether the calling thread is within a blocked call.
        pub(crate) fn is_blocking() -> bool {
            KICK.try_with(|kick| kick.1.load(super::Ordering::Relaxed) > 0).unwrap_or(false)
        }

        pub(crate) fn new() -> Arc<Self> {
            Arc::new(Self(Kick(Mutex::new(Ticket { wakes: 0, pokes: 0 }), Condvar::new()), super::AtomicUsize::new(0)))
        }

        /// Sleeps while `seen` stands, for `limit` at the most.
        pub(crate) fn wait(&self, seen: Ticket, limit: Duration) {
            let ticket = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.0.1.wait_timeout_while(ticket, limit, |ticket| *ticket == seen));
        }
    }

    /// Measures how long nothing has happened, in the machine's time.
    #[derive(Debug)]
    pub(crate) struct Stopwatch(Instant);

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self(Instant::now())
        }

        pub(crate) fn elapsed(&mut self) -> Duration {
            self.0.elapsed()
        }
    }

    /// The machine's clock, aligned with the board's.
    pub(crate) struct WallClock {
        started: Instant,
        at: pynq_core::Instant,
    }

    impl WallClock {
        pub(crate) fn start(at: pynq_core::Instant) -> Self {
            Self { started: Instant::now(), at }
        }

        pub(crate) fn now(&self) -> pynq_core::Instant {
            self.at + self.started.elapsed()
        }
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use core::time::Duration;

    use super::{Arc, Ticket};
    use crate::sync::Lock;

    pub(super) struct Kick(Lock<Ticket>);

    impl Kick {
        pub(super) fn bump(&self, wake: bool) {
            self.0.with(|ticket| {
                let count = if wake { &mut ticket.wakes } else { &mut ticket.pokes };
                *count = count.wrapping_add(1);
            });
        }

        pub(super) fn ticket(&self) -> Ticket {
            self.0.with(|ticket| *ticket)
        }
    }

    impl super::Kick {
        /// The board's only one: there are no threads.
        pub(crate) fn current(shared: &crate::board::Shared) -> Arc<Self> {
            shared.kick()
        }

        pub(crate) fn new() -> Arc<Self> {
            Arc::new(Self(Kick(Lock::new(Ticket { wakes: 0, pokes: 0 })), super::AtomicUsize::new(0)))
        }

        /// Nothing to sleep on: the caller looks again.
        pub(crate) fn wait(&self, _: Ticket, _: Duration) {
            core::hint::spin_loop();
        }
    }

    /// Measures how long nothing has happened, in looks: each counts as a microsecond.
    #[derive(Debug)]
    pub(crate) struct Stopwatch(u64);

    impl Stopwatch {
        pub(crate) fn start() -> Self {
            Self(0)
        }

        pub(crate) fn elapsed(&mut self) -> Duration {
            self.0 += 1;
            Duration::from_micros(self.0)
        }
    }

    /// There is no machine's clock to align with.
    pub(crate) enum WallClock {}

    impl WallClock {
        pub(crate) fn now(&self) -> pynq_core::Instant {
            match *self {}
        }
    }
}

pub(crate) use imp::{Stopwatch, WallClock};
