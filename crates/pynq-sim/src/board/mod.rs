//! The board: one handle for the program, for stimuli and for tools.

mod builder;
mod bus;
mod fault;
mod observe;
mod outbox;
mod serial;
mod state;
mod stimulus;
mod time;

use alloc::{string::String, vec::Vec};
use core::fmt;
use pynq_core::{Instant, interrupt::TaskId};

pub use builder::BoardBuilder;
pub(crate) use state::State;

use crate::{
    error::Error,
    fabric,
    pin::CpuPin,
    sync::{Arc, Lock},
    timeline::Event,
    window::Window,
};

/// The board as all its handles know it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

/// The board, for what must not keep it.
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
    kick: Arc<crate::kick::Kick>,
}

impl Shared {
    fn new(state: State) -> Self {
        Self(Arc::new(Inner {
            state: Lock::new(state),
            observers: Lock::new(Vec::new()),
            #[cfg(not(feature = "std"))]
            kick: crate::kick::Kick::new(),
        }))
    }

    #[cfg(feature = "std")]
    pub(crate) fn downgrade(&self) -> WeakShared {
        WeakShared(Arc::downgrade(&self.0))
    }

    /// Starts the thread that moves the clock, once the board has said that it is time to.
    pub(crate) fn start_mover(&self) {
        #[cfg(feature = "std")]
        {
            let mover = crate::mover::Mover::start(self.downgrade());
            self.with(|state| state.mover = mover);
        }
    }

    /// What a blocked call sleeps on, where there are no threads.
    #[cfg(not(feature = "std"))]
    pub(crate) fn kick(&self) -> Arc<crate::kick::Kick> {
        Arc::clone(&self.0.kick)
    }

    /// Does something with the board, and tells the program afterwards what came of it.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let (result, outbox) = self.0.state.with(|state| {
            let result = f(state);
            state.collect();
            let outbox = (!state.outbox.is_empty()).then(|| core::mem::take(&mut state.outbox));
            if outbox.is_some() {
                // Under this very lock, else another thread could find the board settled before anyone is told.
                state.settling.delivers();
            }
            (result, outbox)
        });
        if let Some(outbox) = outbox {
            outbox::deliver(self, outbox);
        }
        result
    }

    /// The same for what counts as something happening on the board.
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

    /// Takes whoever is at work to be gone, unless something happened since `stamp`.
    pub(crate) fn forget_stragglers(&self, stamp: u64) {
        self.with(|state| {
            if state.settling.stamp() == stamp {
                state.forget_stragglers();
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

    /// Moves the clock to the next event, if `may` agrees and it is not after `until`, and lets it happen.
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
            // Hardware before the script, where both are due.
            state.fabric.run_due();
            state.collect();
            match state.timeline.pop(next) {
                Some(Event::Sleep(waker)) => {
                    state.settling.woke();
                    state.outbox.wake(waker);
                }
                Some(Event::Deadline(kick, task)) => {
                    state.settling.works(task);
                    kick.poke();
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
/// A handle: clones are the same board. When the last handle is dropped, accesses that misbehaved and that nobody
/// [expected](Board::expect_bus_error) make the drop panic, so that the test fails which made them.
pub struct Board {
    shared: Shared,
    /// Handles the board itself hands to stimuli don't keep it from being the last.
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

    /// A window onto a block's registers.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`].
    pub fn window(&self, path: &str) -> Result<Window, Error> {
        let (base, size) = self.address_range(path)?;
        Ok(Window::new(self.shared.clone(), base, size))
    }

    /// A window onto a range of addresses, which need not all be mapped.
    ///
    /// # Errors
    ///
    /// [`Error::NothingMapped`] if no block answers anywhere in it; [`Error::BadRange`] if it is not of whole words.
    pub fn window_at(&self, base: u64, size: u64) -> Result<Window, Error> {
        let last = fabric::last_address("window", base, size)?;
        self.shared.with(|state| {
            if state.fabric.is_mapped(base, last) { Ok(()) } else { Err(Error::NothingMapped { base, size }) }
        })?;
        Ok(Window::new(self.shared.clone(), base, size))
    }

    /// The CPU interrupt pin with this number.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchPin`].
    pub fn cpu_pin(&self, id: u32) -> Result<CpuPin, Error> {
        let index = self.shared.with(|state| state.fabric.pin(id))?;
        Ok(CpuPin::new(self.shared.clone(), index))
    }

    /// The numbers of all CPU interrupt pins, in ascending order.
    #[must_use]
    pub fn cpu_pins(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.shared.with(|state| state.fabric.inputs().iter().map(|pin| pin.id).collect());
        ids.sort_unstable();
        ids
    }

    /// Loads the design anew, as after a new bitstream: every block is reset, and every window handed out so far is
    /// dead: it reads all ones, and what is written through it vanishes.
    ///
    /// Memory, the clock, what is scheduled and the outside of the input pins stay as they are.
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
