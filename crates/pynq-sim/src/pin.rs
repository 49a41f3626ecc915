//! The CPU's interrupt pins: the roots on which the interrupt engine sits.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use pynq_core::{
    Error, Instant,
    interrupt::{Activity, InterruptSource},
};

use crate::{
    blocking,
    board::{Shared, State},
};

/// What the interrupt controller of the CPU takes a pin for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// It fires while the pin is high.
    #[default]
    Level,
    /// It fires when the pin goes high, and remembers that while it is masked.
    Edge,
}

/// A pin as the board knows it.
#[derive(Default)]
pub(crate) struct PinState {
    pub(crate) id: u32,
    trigger: Trigger,
    level: bool,
    /// An edge that has not fired yet.
    latched: bool,
    spurious: bool,
    armed: bool,
    /// Fired, and not polled for yet.
    fired: bool,
    /// Fired, and neither re-armed nor has its dispatch reached a waiter.
    pub(crate) in_service: bool,
    pub(crate) waker: Option<Waker>,
    pub(crate) failed: Option<Error>,
    interrupts: u64,
}

impl PinState {
    pub(crate) fn new(id: u32) -> Self {
        Self { id, ..Self::default() }
    }

    pub(crate) fn set_level(&mut self, level: bool) {
        self.latched |= level && !self.level && self.trigger == Trigger::Edge;
        self.level = level;
    }

    pub(crate) fn make_spurious(&mut self) {
        self.spurious = true;
    }

    pub(crate) fn may_fire(&self) -> bool {
        let active = match self.trigger {
            Trigger::Level => self.level,
            Trigger::Edge => self.latched,
        };
        self.armed && self.failed.is_none() && (active || self.spurious)
    }

    /// Fires: one-shot, so the pin is masked before anyone hears of it. Tells whether a service begins with it.
    pub(crate) fn fire(&mut self) -> bool {
        (self.armed, self.fired, self.latched, self.spurious) = (false, true, false, false);
        self.interrupts += 1;
        !core::mem::replace(&mut self.in_service, true)
    }
}

/// A CPU interrupt pin of the simulated board: an [`InterruptSource`] for the engine.
///
/// Cheap to clone; all clones are the same pin, and one node only may sit on it. It fires within the very register
/// access, stimulus or clock step that makes it active, once the board's own lock is released.
#[derive(Clone)]
pub struct CpuPin {
    shared: Shared,
    index: usize,
}

impl fmt::Debug for CpuPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, level, armed) = self.look(|pin| (pin.id, pin.level, pin.armed));
        f.debug_struct("CpuPin").field("id", &id).field("level", &level).field("armed", &armed).finish()
    }
}

impl CpuPin {
    pub(crate) fn new(shared: Shared, index: usize) -> Self {
        Self { shared, index }
    }

    fn look<R>(&self, f: impl FnOnce(&PinState) -> R) -> R {
        self.shared.with(|state| f(&state.pins[self.index]))
    }

    fn act<R>(&self, f: impl FnOnce(&mut State, usize) -> R) -> R {
        self.shared.act(|state| f(state, self.index))
    }

    /// The interrupt's number in the CPU's interrupt controller (the GIC ID on a Zynq).
    #[must_use]
    pub fn id(&self) -> u32 {
        self.look(|pin| pin.id)
    }

    /// The level of the pin.
    #[must_use]
    pub fn level(&self) -> bool {
        self.look(|pin| pin.level)
    }

    /// Whether the CPU would take an interrupt from this pin: the engine waits on it.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.look(|pin| pin.armed)
    }

    /// How many interrupts the CPU has taken from this pin.
    #[must_use]
    pub fn interrupts(&self) -> u64 {
        self.look(|pin| pin.interrupts)
    }

    /// What the pin fires on.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        self.look(|pin| pin.trigger)
    }

    /// Configures what the pin fires on, as software does in the GIC.
    pub fn set_trigger(&self, trigger: Trigger) {
        self.act(|state, index| {
            let pin = &mut state.pins[index];
            (pin.trigger, pin.latched) = (trigger, false);
            state.fire_pin(index);
        });
    }

    /// Fault: an interrupt that no line asks for. If the pin isn't armed it comes when it next is.
    pub fn fire_spuriously(&self) {
        self.act(|state, index| {
            state.pins[index].make_spurious();
            state.fire_pin(index);
        });
    }

    /// The root dies: whoever polls it gets `error`, until the board is reloaded.
    pub fn fail(&self, error: Error) {
        self.act(|state, index| {
            state.end_service(index);
            let pin = &mut state.pins[index];
            (pin.failed, pin.armed, pin.fired) = (Some(error), false, false);
            if let Some(waker) = pin.waker.take() {
                state.outbox.wake(waker);
            }
        });
    }
}

impl InterruptSource for CpuPin {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // Cloned before the lock is taken, for a clone is the program's code, and so is a drop.
        let mut waker = Some(cx.waker().clone());
        let (result, old) = self.act(|state, index| {
            let pin = &mut state.pins[index];
            let old = pin.waker.take();
            if let Some(error) = pin.failed {
                return (Poll::Ready(Err(error)), old);
            }
            if !core::mem::take(&mut pin.fired) {
                pin.armed = true;
                // With no waker in place, firing here wakes nobody: the answer is the return value.
                state.fire_pin(index);
                let pin = &mut state.pins[index];
                if !core::mem::take(&mut pin.fired) {
                    pin.waker = waker.take();
                    state.end_service(index);
                    return (Poll::Pending, old);
                }
            }
            (Poll::Ready(Ok(())), old)
        });
        drop((old, waker));
        result
    }

    fn disarm(self: Pin<&Self>) {
        let old = self.act(|state, index| {
            state.end_service(index);
            let pin = &mut state.pins[index];
            (pin.armed, pin.fired) = (false, false);
            pin.waker.take()
        });
        drop(old);
    }

    /// The blocking twin's sleep. When the board is settled the sleeper itself moves the clock to the next event.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] at the deadline. [`Error::NeverWoken`] when the board is settled, nothing is scheduled on
    /// it, and nothing has happened on it for a tenth of a second of the machine's time (a thread that is about to
    /// raise a stimulus has that long, or holds [`Board::busy`](crate::Board::busy)).
    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        blocking::block(&self.shared, poll, deadline)
    }

    fn trace(&self, activity: Activity) {
        self.act(|state, index| {
            if activity == Activity::Woken {
                state.end_service(index);
            }
            state.settling.observe(activity);
        });
    }
}
