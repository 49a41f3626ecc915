//! The CPU's interrupt pins: the roots on which the interrupt engine sits.

use alloc::vec::Vec;
use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};
use pynq_core::{
    ErasedClock, Error, Instant,
    interrupt::{Activity, InterruptSource},
};

use crate::{
    SimClock, blocking,
    board::{Board, Shared, State},
    error,
    fabric::{Input, Trigger},
};

/// A CPU interrupt pin of the simulated board: an [`InterruptSource`] for the engine.
///
/// Cheap to clone; all clones are the same pin, and one node only may sit on it. It fires within the very register
/// access, stimulus or clock step that makes it active, once the board's own lock is released.
#[derive(Clone)]
pub struct CpuPin {
    shared: Shared,
    index: usize,
    clock: SimClock,
}

impl fmt::Debug for CpuPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, level, armed) = self.look(|pin| (pin.id, pin.level, pin.armed));
        f.debug_struct("CpuPin").field("id", &id).field("level", &level).field("armed", &armed).finish()
    }
}

impl CpuPin {
    pub(crate) fn new(shared: Shared, index: usize) -> Self {
        Self { clock: SimClock::new(shared.clone()), shared, index }
    }

    fn look<R>(&self, f: impl FnOnce(&Input) -> R) -> R {
        self.shared.with(|state| f(state.fabric.input(self.index)))
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
        self.act(|state, index| state.fabric.set_trigger(index, trigger));
    }

    /// Fault: an interrupt that no line raises. If the pin isn't armed it comes when it next is.
    pub fn fire_spuriously(&self) {
        self.act(|state, index| state.fabric.fire_spuriously(index));
    }

    /// The root fails: polls of it return `error`, until the board is reloaded.
    pub fn fail(&self, error: Error) {
        self.act(|state, index| state.fail_pin(index, error));
    }
}

impl Board {
    /// The CPU interrupt pin with this number.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchPin`](error::Error::NoSuchPin).
    pub fn cpu_pin(&self, id: u32) -> Result<CpuPin, error::Error> {
        let index = self.shared().with(|state| state.fabric.pin(id))?;
        Ok(CpuPin::new(self.shared().clone(), index))
    }

    /// The numbers of all CPU interrupt pins, in ascending order.
    #[must_use]
    pub fn cpu_pins(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.shared().with(|state| state.fabric.inputs().iter().map(|pin| pin.id).collect());
        ids.sort_unstable();
        ids
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
            if core::mem::take(&mut pin.starved) && !pin.fired {
                state.fabric.disarm(index);
                return (Poll::Ready(Err(Error::NeverWoken)), old);
            }
            if !core::mem::take(&mut pin.fired) {
                // If it fires here, no waker is called: the return value reports it.
                if !state.fabric.arm(index) {
                    state.pins[index].waker = waker.take();
                    state.end_service(index);
                    return (Poll::Pending, old);
                }
                if !core::mem::replace(&mut state.pins[index].in_service, true) {
                    state.settling.service_begins();
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
            state.fabric.disarm(index);
            let pin = &mut state.pins[index];
            (pin.fired, pin.starved) = (false, false);
            pin.waker.take()
        });
        drop(old);
    }

    /// The sleep of the blocking form. When the board is settled, the sleeper itself moves the clock to the next event.
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
        let starts = self.act(|state, index| {
            if activity == Activity::Woken {
                state.end_service(index);
            }
            state.settling.observe(activity);
            matches!(activity, Activity::Registered { .. }) && state.task_waits()
        });
        if starts {
            self.shared.start_mover();
        }
    }

    fn clock(&self) -> Option<&dyn ErasedClock> {
        Some(&self.clock)
    }
}
