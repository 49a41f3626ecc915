//! Wakers on their way out of the lock.

use core::task::Waker;

use super::super::{InterruptHardware, panics::Panics, state::NodeState, waiter::State};

/// Wakers that leave the lock together.
const BATCH: usize = 8;

/// Those who are woken once the lock is released.
pub(super) struct Batch {
    wakers: [Option<Waker>; BATCH],
    taken: usize,
    /// Waiters that count as woken, those included whose wakers were woken under the lock.
    pub(super) woken: usize,
    /// Nobody was left when it was filled.
    pub(super) is_done: bool,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self { wakers: [const { None }; BATCH], taken: 0, woken: 0, is_done: false }
    }

    /// Takes the wakers of those who are ready, under the lock, until it is full. `in_handler`: wakes tasks there and then;
    /// see [`NodeLock::IN_HANDLER`](super::NodeLock::IN_HANDLER).
    pub(super) fn fill<H: InterruptHardware, const N: usize>(&mut self, state: &mut NodeState<H, N>, in_handler: bool) {
        while self.woken < BATCH {
            #[cfg(pynq_mutant = "newcomers-served")]
            state.ready_newcomers();
            let Some(waiter) = state.ready.pop() else {
                self.is_done = true;
                return;
            };
            let (waker, is_node) = (waiter.waker.take(), waiter.is_node.get());
            let line = &mut state.lines[usize::from(waiter.line.get())];
            let Some(waker) = waker else {
                waiter.set_state(State::Woken);
                continue;
            };
            line.stats.woken = line.stats.woken.wrapping_add(1);
            self.woken += 1;
            if in_handler && !is_node {
                waker.wake_by_ref();
                waiter.waker.set(Some(waker));
            } else if let Some(place) = self.wakers.get_mut(self.taken) {
                *place = Some(waker);
                self.taken += 1;
            }
            waiter.set_state(State::Woken);
        }
    }

    /// Wakes them, with the lock released.
    pub(super) fn wake(&mut self, panics: &mut Panics) {
        for place in self.wakers.iter_mut().take(self.taken) {
            if let Some(waker) = place.take() {
                panics.catch(|| waker.wake());
            }
        }
        (self.taken, self.woken) = (0, 0);
    }

    /// The end of one that was woken: it has no wakers any more, which spares a look at each place.
    pub(super) fn leave(self) {
        core::mem::forget(self);
    }
}
