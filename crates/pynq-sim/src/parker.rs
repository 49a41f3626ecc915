//! Parker: how a blocked thread sleeps and is unparked.

use crate::sync::{Arc, AtomicUsize, Ordering, impl_wake};

/// The waker of a blocked call, and what its thread sleeps on.
///
/// It has a count instead of a flag: a call remembers the count before it polls and sleeps only while the count is the
/// same, so a call nested in a poll can't consume the wake-up of the one around it. A thread keeps one parker for life,
/// which makes it one task in the board's accounts however often it blocks.
pub(crate) struct Parker(imp::Parker, AtomicUsize);

/// The counts that a sleeper has seen: of wakes, and of unparks by the board.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) wakes: u64,
    unparks: u64,
}

impl_wake!(Parker, |parker| parker.0.bump(true));

impl Parker {
    /// The board has changed, and the thread must check it again.
    pub(crate) fn unpark(&self) {
        self.0.bump(false);
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.0.ticket()
    }

    /// A blocked call begins. Returns whether it is nested in another of the same thread.
    pub(crate) fn enter(&self) -> bool {
        // Relaxed: only the thread that owns the parker calls this.
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

    pub(super) struct Parker(Mutex<Ticket>, Condvar);

    std::thread_local!(static PARKER: Arc<super::Parker> = super::Parker::new());

    impl Parker {
        pub(super) fn bump(&self, wake: bool) {
            let mut ticket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = if wake { &mut ticket.wakes } else { &mut ticket.unparks };
            *count = count.wrapping_add(1);
            self.1.notify_all();
        }

        pub(super) fn ticket(&self) -> Ticket {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl super::Parker {
        /// The calling thread's parker.
        pub(crate) fn current() -> Arc<Self> {
            PARKER.try_with(Arc::clone).unwrap_or_else(|_| Self::new())
        }

        /// Whether the calling thread is within a blocked call.
        pub(crate) fn is_blocking() -> bool {
            PARKER.try_with(|parker| parker.1.load(super::Ordering::Relaxed) > 0).unwrap_or(false)
        }

        pub(crate) fn new() -> Arc<Self> {
            Arc::new(Self(
                Parker(Mutex::new(Ticket { wakes: 0, unparks: 0 }), Condvar::new()),
                super::AtomicUsize::new(0),
            ))
        }

        /// Sleeps while the counts are still `seen`, for `limit` at the most.
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

    pub(super) struct Parker(Lock<Ticket>);

    impl Parker {
        pub(super) fn bump(&self, wake: bool) {
            self.0.with(|ticket| {
                let count = if wake { &mut ticket.wakes } else { &mut ticket.unparks };
                *count = count.wrapping_add(1);
            });
        }

        pub(super) fn ticket(&self) -> Ticket {
            self.0.with(|ticket| *ticket)
        }
    }

    impl super::Parker {
        pub(crate) fn new() -> Arc<Self> {
            Arc::new(Self(Parker(Lock::new(Ticket { wakes: 0, unparks: 0 })), super::AtomicUsize::new(0)))
        }

        /// There is nothing to sleep on, so this returns at once and the caller checks again.
        pub(crate) fn wait(&self, _: Ticket, _: Duration) {
            core::hint::spin_loop();
        }
    }

    /// Measures how long nothing has happened, in checks: each counts as a microsecond.
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
