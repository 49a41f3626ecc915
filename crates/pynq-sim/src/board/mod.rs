//! The board: one handle for the program, for stimuli and for tools.

mod builder;
mod bus;
mod fault;
mod observe;
mod outbox;
mod pins;
mod script;
mod serial;
mod state;
mod stimulus;
mod stream;
mod time;

use alloc::{string::String, vec::Vec};
use core::fmt;
use pynq_core::{Instant, interrupt::TaskId};

pub use builder::BoardBuilder;
#[cfg(feature = "std")]
pub(crate) use state::Mover;
pub(crate) use state::{Scheduled, State};

use crate::{
    error::Error,
    sync::{Arc, Lock},
    timeline::Event,
};

/// The board as all its handles know it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

/// The board, for a holder that must not keep it alive.
#[cfg(feature = "std")]
pub(crate) struct WeakShared(crate::sync::Weak<Inner>);

#[cfg(feature = "std")]
impl WeakShared {
    pub(crate) fn upgrade(&self) -> Option<Shared> {
        self.0.upgrade().map(Shared)
    }
}

/// What the handles share.
struct Inner {
    state: Lock<State>,
    observers: Lock<Vec<Arc<observe::Observer>>>,
    #[cfg(not(feature = "std"))]
    parker: Arc<crate::parker::Parker>,
}

impl Shared {
    fn new(state: State) -> Self {
        Self(Arc::new(Inner {
            state: Lock::new(state),
            observers: Lock::new(Vec::new()),
            #[cfg(not(feature = "std"))]
            parker: crate::parker::Parker::new(),
        }))
    }

    #[cfg(feature = "std")]
    pub(crate) fn downgrade(&self) -> WeakShared {
        WeakShared(Arc::downgrade(&self.0))
    }

    /// Without threads there is none that could move the clock.
    #[cfg(not(feature = "std"))]
    #[allow(clippy::unused_self)] // as where there are threads
    pub(crate) fn start_mover(&self) {}

    /// The parker of a blocked call: the thread's, or where there are no threads the board's.
    pub(crate) fn parker(&self) -> Arc<crate::parker::Parker> {
        #[cfg(feature = "std")]
        return crate::parker::Parker::current();
        #[cfg(not(feature = "std"))]
        return Arc::clone(&self.0.parker);
    }

    /// Runs `f` under the board's lock, and calls the wakers and observers concerned once it is released.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let (result, outbox) = self.0.state.with(|state| {
            let result = f(state);
            state.collect();
            let outbox = (!state.outbox.is_empty()).then(|| core::mem::take(&mut state.outbox));
            if outbox.is_some() {
                // Under this very lock, else another thread could find the board settled before they are called.
                state.settling.delivers();
            }
            (result, outbox)
        });
        if let Some(outbox) = outbox {
            outbox::deliver(self, outbox);
        }
        result
    }

    /// As [`with`](Self::with), for calls that count as something happening on the board.
    pub(crate) fn act<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        self.with(|state| {
            state.settling.touch();
            state.catch_up();
            let result = f(state);
            state.collect();
            state.notify();
            result
        })
    }

    /// A task has come back to wait. That is not something that happens on the board, else a task that is polled over
    /// and over would keep it from ever being quiet.
    pub(crate) fn waits(&self, task: TaskId) {
        self.with(|state| {
            if state.settling.waits(task) {
                state.notify();
            }
        });
    }

    /// Stops waiting for tasks that took an event and never came back, unless the board changed since `stamp`.
    pub(crate) fn drop_lost_tasks(&self, stamp: u64) {
        self.with(|state| {
            if state.settling.stamp() == stamp {
                state.drop_lost_tasks();
                state.notify();
            }
        });
    }

    pub(crate) fn now(&self) -> Instant {
        self.with(|state| {
            state.catch_up();
            state.now()
        })
    }

    /// Moves the clock to the next event and runs it, if `may` returns true and the event is not after `until`.
    pub(crate) fn step(&self, until: Instant, may: impl FnOnce(&State) -> bool) -> bool {
        /// A stimulus runs outside the lock, and counts as a delivery until it returns.
        struct Running<'a>(&'a Shared);
        impl Drop for Running<'_> {
            fn drop(&mut self) {
                self.0.act(|state| state.settling.delivered());
            }
        }
        let stimulus = self.with(|state| {
            let next = state.next_event().filter(|&next| next <= until && may(state))?;
            state.settling.touch();
            state.fabric.set_now(next);
            state.fabric.set_limit(state.timeline.first().map_or(until, |planned| planned.min(until)));
            // Where both are due, hardware events come before those of the script.
            state.fabric.run_due();
            state.collect();
            match state.timeline.pop(next) {
                Some(Event::Sleep(waker)) => {
                    state.settling.woke();
                    state.outbox.wake(waker);
                }
                Some(Event::Deadline(parker, task)) => {
                    state.settling.works(task);
                    parker.unpark();
                }
                Some(Event::Stimulus(stimulus)) => {
                    if state.is_endless(next) {
                        return Some(None);
                    }
                    state.settling.delivers();
                    return Some(Some(stimulus));
                }
                None => {}
            }
            Some(None)
        });
        match stimulus {
            None => false,
            Some(None) => true,
            Some(Some(stimulus)) => {
                let _running = Running(self);
                stimulus(&Board { shared: self.clone(), counted: false });
                true
            }
        }
    }
}

/// A simulated board.
///
/// A handle: clones are the same board. When the last handle is dropped, accesses that misbehaved without being
/// [expected](Board::expect_bus_error) make the drop panic, so that the test which made them fails.
pub struct Board {
    shared: Shared,
    /// False for handles that the board itself hands to stimuli: these don't keep another from being the last.
    counted: bool,
}

impl Clone for Board {
    fn clone(&self) -> Self {
        Self::counted(self.shared.clone())
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if !self.counted {
            return;
        }
        let (errors, stuck) = self.shared.with(|state| {
            state.handles -= 1;
            if state.handles > 0 {
                return (Vec::new(), Vec::new());
            }
            (core::mem::take(&mut state.bus_errors), core::mem::take(&mut state.stuck))
        });
        bus::report(&errors, &stuck);
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (now, blocks, errors) = self.shared.with(|s| (s.now(), s.fabric.block_count(), s.bus_errors.len()));
        f.debug_struct("Board")
            .field("now", &now)
            .field("blocks", &blocks)
            .field("bus_errors", &errors)
            .finish_non_exhaustive()
    }
}

impl Board {
    /// Starts the description of a board.
    #[must_use]
    pub fn builder() -> BoardBuilder {
        BoardBuilder::new()
    }

    fn counted(shared: Shared) -> Self {
        shared.with(|state| state.handles += 1);
        Self { shared, counted: true }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The paths of all blocks, in the order of their addresses.
    #[must_use]
    pub fn blocks(&self) -> Vec<String> {
        self.shared.with(|state| state.fabric.paths().map(String::from).collect())
    }

    /// The address range of a block: its base and its size in bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`].
    pub fn address_range(&self, path: &str) -> Result<(u64, u64), Error> {
        self.shared.with(|state| state.fabric.range(path))
    }

    /// Loads the design anew, as after a new bitstream: every block is reset, and every window handed out so far is
    /// dead: it reads all ones, and writes through it are dropped.
    ///
    /// Memory, the clock, scheduled events and the levels that drive the input pins from outside stay as they are.
    pub fn reload(&self) {
        self.shared.act(State::reload);
    }

    /// How many accesses were made through windows of a design that has been replaced.
    #[must_use]
    pub fn stale_accesses(&self) -> u64 {
        self.shared.with(|state| state.stale_accesses)
    }

    /// How often a stimulus was cut short because the design's wires kept changing without end.
    #[must_use]
    pub fn oscillations(&self) -> u64 {
        self.shared.with(|state| state.fabric.oscillations())
    }
}
