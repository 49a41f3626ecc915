//! Wakers on their way out of the lock.

use core::task::Waker;

use super::super::{
    InterruptHardware,
    line_array::LineArray,
    lines::LineStats,
    panics::Panics,
    state::NodeState,
    waiter::{State, Waiter},
};

/// Wakers that leave the lock together.
const BATCH: usize = 8;

/// The wakers of completed waiters, to be woken once the lock is released.
pub(in super::super) struct Batch<'a> {
    /// Made when the first slot is needed: a handler, which wakes its tasks under the lock, mostly needs none.
    wakers: Option<[Option<Waker>; BATCH]>,
    taken: usize,
    /// Waiters that count as woken, including those whose wakers were woken under the lock.
    pub(super) woken: usize,
    /// The ready list was empty when the batch was filled.
    pub(super) is_done: bool,
    /// Tasks are woken under the lock; see [`NodeLock::IN_HANDLER`](super::NodeLock::IN_HANDLER).
    in_handler: bool,
    panics: &'a mut Panics,
}

#[inline]
const fn slots() -> [Option<Waker>; BATCH] {
    [const { None }; BATCH]
}

impl<'a> Batch<'a> {
    #[inline]
    pub(super) const fn new(in_handler: bool, panics: &'a mut Panics) -> Self {
        Self { wakers: None, taken: 0, woken: 0, is_done: false, in_handler, panics }
    }

    #[inline]
    pub(in super::super) const fn has_room(&self) -> bool {
        self.woken < BATCH
    }

    /// Takes the waker of a completed waiter that has left its list, under the lock. There must be room.
    #[inline]
    pub(in super::super) fn put(&mut self, waiter: &Waiter, stats: &mut LineStats) {
        let (waker, is_node) = (waiter.waker.take(), waiter.is_node.get());
        let Some(waker) = waker else {
            waiter.set_state(State::Woken);
            return;
        };
        stats.woken = stats.woken.wrapping_add(1);
        self.woken += 1;
        if self.in_handler && !is_node {
            // Put back and marked as woken even if the waker panics: the waiter is in no list any more.
            let left = LeaveBehind { waiter, waker: Some(waker) };
            self.panics.catch(|| left.wake());
            return;
        }
        if let Some(place) = self.wakers.get_or_insert_with(slots).get_mut(self.taken) {
            *place = Some(waker);
            self.taken += 1;
        }
        waiter.set_state(State::Woken);
    }

    /// Takes the wakers of the waiters in the ready list, under the lock, until the batch is full.
    #[inline]
    pub(super) fn fill<H: InterruptHardware>(&mut self, state: &mut NodeState<H>) {
        while self.has_room() {
            #[cfg(pynq_mutant = "newcomers-served")]
            state.ready_newcomers();
            let Some(waiter) = state.ready.pop() else {
                self.is_done = true;
                return;
            };
            self.put(waiter, &mut state.lines.states()[usize::from(waiter.line.get())].stats);
        }
    }

    /// Wakes them, with the lock released.
    #[inline]
    pub(super) fn wake(&mut self) {
        if let Some(wakers) = &mut self.wakers {
            for place in wakers.iter_mut().take(self.taken) {
                if let Some(waker) = place.take() {
                    self.panics.catch(|| waker.wake());
                }
            }
        }
        (self.taken, self.woken) = (0, 0);
    }

    /// Ends a batch that was woken: all slots are empty, so the destructor's loop over them is skipped.
    #[inline]
    pub(super) fn leave(self) {
        core::mem::forget(self);
    }
}

impl Drop for Batch<'_> {
    /// The way out by a panic of a register access or of a lock: the waiters have left their lists, so no other thread
    /// wakes them. By now the lock is released.
    #[inline]
    fn drop(&mut self) {
        self.wake();
    }
}

/// A waiter whose waker stays in it, to be dropped by the future it belongs to.
struct LeaveBehind<'a> {
    waiter: &'a Waiter,
    waker: Option<Waker>,
}

impl LeaveBehind<'_> {
    #[inline]
    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

impl Drop for LeaveBehind<'_> {
    #[inline]
    fn drop(&mut self) {
        self.waiter.waker.set(self.waker.take());
        self.waiter.set_state(State::Woken);
    }
}
