//! The levels of interrupt inputs that QEMU reports, and the wakers of the nodes that wait for them.
//!
//! The engine's dispatch accesses registers, which takes answers from QEMU. So it can't run on the thread that reads
//! QEMU's output, and runs on a thread of its own: the *dispatcher*.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

/// An interrupt input.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    pub(crate) level: bool,
    /// How often it went up and down.
    pub(crate) changes: u64,
    /// It was up since it last fired, if only for a moment.
    rose: bool,
    armed: bool,
    /// Fired, and not polled for yet.
    fired: bool,
    waker: Option<Waker>,
}

impl Wire {
    /// One-shot: it is disarmed before the waker is called.
    fn fire(&mut self) -> bool {
        if !self.armed || !(self.level || self.rose) {
            return false;
        }
        (self.armed, self.fired, self.rose) = (false, true, false);
        true
    }

    /// Arms it; returns whether it has fired, and the waker that is not needed any more.
    pub(crate) fn poll(&mut self, waker: Waker) -> (bool, Option<Waker>) {
        if !self.fired {
            self.armed = true;
            self.fire();
        }
        if std::mem::take(&mut self.fired) { (true, Some(waker)) } else { (false, self.waker.replace(waker)) }
    }

    pub(crate) fn disarm(&mut self) -> Option<Waker> {
        (self.armed, self.fired) = (false, false);
        self.waker.take()
    }
}

#[derive(Debug, Default)]
pub(crate) struct WiresState {
    pub(crate) wires: BTreeMap<u32, Wire>,
    /// QEMU is gone.
    pub(crate) gone: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Wires {
    state: Mutex<WiresState>,
    changed: Condvar,
}

impl Wires {
    pub(crate) fn lock(&self) -> MutexGuard<'_, WiresState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a change of an input that QEMU reports.
    pub(crate) fn change(&self, number: u32, level: bool) {
        let mut state = self.lock();
        let wire = state.wires.entry(number).or_default();
        wire.changes += u64::from(wire.level != level);
        (wire.level, wire.rose) = (level, wire.rose || level);
        if wire.armed {
            self.changed.notify_one();
        }
    }

    /// QEMU is gone: ends the dispatcher, after it has woken all that wait.
    pub(crate) fn end(&self) {
        self.lock().gone = true;
        self.changed.notify_one();
    }

    /// The dispatcher.
    pub(crate) fn dispatch(&self) {
        loop {
            let mut state = self.lock();
            let (waker, gone) = loop {
                let gone = state.gone;
                let ready = |wire: &mut Wire| (wire.fire() || gone).then(|| wire.waker.take()).flatten();
                if let Some(waker) = state.wires.values_mut().find_map(ready) {
                    break (Some(waker), gone);
                }
                if gone {
                    break (None, gone);
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            match waker {
                // A panic of a waker has been printed by now, and the other wakers still have to be called.
                Some(waker) => drop(catch_unwind(AssertUnwindSafe(|| waker.wake()))),
                None if gone => return,
                None => {}
            }
        }
    }
}
