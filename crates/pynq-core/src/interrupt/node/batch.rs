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
    /// There are nodes among them, which may come back to this one.
    has_nodes: bool,
    /// Nobody was left when it was filled.
    pub(super) is_done: bool,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self { wakers: [const { None }; BATCH], taken: 0, woken: 0, has_nodes: false, is_done: false }
    }

    /// Whether it is the owner's last business: nobody else is ready, nothing waited for, and no node among those it wakes,
    /// which would come back at once to find no owner.
    pub(super) fn is_last<H, const N: usize>(&self, state: &NodeState<H, N>) -> bool {
        let more = cfg!(any(pynq_mutant = "wake-before-publish", pynq_mutant = "acknowledge-after-wake"));
        !more && self.is_done && !self.has_nodes && state.enabled == 0 && !state.armed
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
            waiter.state.set(State::Woken);
            let Some(waker) = waiter.waker.take() else { continue };
            let line = &mut state.lines[usize::from(waiter.line.get())];
            line.stats.woken = line.stats.woken.wrapping_add(1);
            self.woken += 1;
            let is_node = waiter.is_node.get();
            self.has_nodes |= is_node;
            if in_handler && !is_node {
                waker.wake_by_ref();
                waiter.waker.set(Some(waker));
            } else if let Some(place) = self.wakers.get_mut(self.taken) {
                *place = Some(waker);
                self.taken += 1;
            }
        }
    }

    /// Wakes them, with the lock released.
    pub(super) fn wake(&mut self, panics: &mut Panics) {
        for place in self.wakers.iter_mut().take(self.taken) {
            if let Some(waker) = place.take() {
                panics.catch(|| waker.wake());
            }
        }
        (self.taken, self.woken, self.has_nodes) = (0, 0, false);
    }

    /// The end of one that was woken: it has no wakers any more, which spares a look at each place.
    pub(super) fn leave(self) {
        core::mem::forget(self);
    }
}
