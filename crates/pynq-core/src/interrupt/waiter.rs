//! The place a wait has in a node's queue.
//!
//! A [`Waiter`] lives inside the future that waits, pinned, and is linked into one of its node's two lists; that is
//! why any number of tasks can wait without an allocation. From the lock round that links it to the one that marks it as
//! woken, its cells are touched under the node's lock only; outside of that they belong to the waiting future, which sees
//! the mark without the lock. `registered` is always its owner's.

use core::{
    cell::Cell,
    fmt,
    pin::Pin,
    ptr::{NonNull, addr_of},
    sync::atomic::{AtomicU8, Ordering},
    task::Waker,
};

use cordyceps::{Linked, List, list};

use super::{
    lines::{Cursor, Fired, Request},
    waker::will_wake,
};
use crate::Error;

/// What a waiter waits for, compared under the node's lock when it registers and at every service of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// An event of the line.
    Event,
    /// `sample & mask == value`, now or later. For nodes that sample.
    Level {
        /// The bits that matter.
        mask: u32,
        /// What they are to be.
        value: u32,
    },
    /// One of the bits of `mask` differs from `since`, or from the sample taken at registration.
    Change {
        /// The bits that matter.
        mask: u32,
        /// What they were.
        since: Option<u32>,
    },
    /// One of the bits of `mask` goes from 0 to 1, seen from one sample to the next.
    Rising {
        /// The bits that matter.
        mask: u32,
    },
    /// One of the bits of `mask` goes from 1 to 0, seen from one sample to the next.
    Falling {
        /// The bits that matter.
        mask: u32,
    },
    /// Nothing: keeps the line unmasked between the waits of a listener.
    KeepUnmasked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// In no list, never woken.
    Idle,
    /// In the node's list of waiters that wait.
    Waiting,
    /// In the node's list of waiters to be woken.
    Ready,
    /// In no list: it has been woken, and is its owner's again.
    Woken,
}

/// A [`State`], written under the node's lock. Its owner may read `Woken` without the lock: the thread that stored it
/// no longer uses the waiter.
struct StateCell(AtomicU8);

impl StateCell {
    #[inline]
    fn get(&self) -> State {
        match self.0.load(Ordering::Acquire) {
            0 => State::Idle,
            1 => State::Waiting,
            2 => State::Ready,
            _ => State::Woken,
        }
    }

    #[inline]
    fn set(&self, state: State) {
        self.0.store(state as u8, Ordering::Release);
    }
}

/// The place of a wait in its node's queue; to be pinned, and cancelled before it is dropped.
///
/// Futures of this crate contain one.
pub(crate) struct Waiter {
    links: list::Links<Waiter>,
    pub(super) waker: Cell<Option<Waker>>,
    /// The bits that matter.
    mask: Cell<u32>,
    /// The wanted value or the baseline; in the end the bits that changed.
    value: Cell<u32>,
    outcome: Cell<Outcome>,
    kind: Cell<Kind>,
    pub(super) line: Cell<u8>,
    state: StateCell,
    /// It waits on behalf of a node, which is served before tasks are.
    pub(super) is_node: Cell<bool>,
    /// A reactor delivers its events.
    pub(super) by_reactor: Cell<bool>,
    /// Between the poll that registered it and the one that completed it, or its cancelling. Owner's cell.
    pub(super) registered: Cell<bool>,
}

/// How the wait ended, in a waiter that is ready or woken.
#[derive(Clone, Copy)]
enum Outcome {
    None,
    /// By the event of that count.
    Event(u32),
    Failed(Error),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Event,
    Level,
    Change,
    /// Not yet registered: with a baseline of its owner's.
    ChangeSince,
    Rising,
    Falling,
    KeepUnmasked,
}

#[inline]
const fn stored(condition: Condition) -> (Kind, u32, u32) {
    match condition {
        Condition::Event => (Kind::Event, 0, 0),
        Condition::KeepUnmasked => (Kind::KeepUnmasked, 0, 0),
        Condition::Level { mask, value } => (Kind::Level, mask, value & mask),
        Condition::Change { mask, since: None } => (Kind::Change, mask, 0),
        Condition::Change { mask, since: Some(since) } => (Kind::ChangeSince, mask, since),
        Condition::Rising { mask } => (Kind::Rising, mask, 0),
        Condition::Falling { mask } => (Kind::Falling, mask, 0),
    }
}

// SAFETY: a waiter has no tie to a thread. While it is linked, its cells and links are used only by the thread that
// holds its node's lock; while it is not, only by its owner, and `poll_wait`/`cancel` hand it over under that lock.
unsafe impl Send for Waiter {}
// SAFETY: as above: no cell is touched through a shared reference without the node's lock while it is linked, but for
// `registered`, and `line`, which is only read then; and when it is not, by its owner alone, since the holder of the
// lock reaches it only through the lists. `poll_wait` and `cancel` leave the owner's part to one party at a time. The
// owner learns of its unlinking under the lock, or from the state, whose `Woken` is stored, and loaded, after and
// before all other accesses.
unsafe impl Sync for Waiter {}

// SAFETY: a linked waiter is pinned (the only way in is `Queue::push`, whose contract says so) and `links` always
// yields the one field of that type in it.
unsafe impl Linked<list::Links<Waiter>> for Waiter {
    type Handle = NonNull<Waiter>;

    #[inline]
    fn into_ptr(handle: NonNull<Waiter>) -> NonNull<Waiter> {
        handle
    }

    #[inline]
    unsafe fn from_ptr(ptr: NonNull<Waiter>) -> NonNull<Waiter> {
        ptr
    }

    #[inline]
    unsafe fn links(ptr: NonNull<Waiter>) -> NonNull<list::Links<Waiter>> {
        // SAFETY: `ptr` points to a live waiter, so the place of its field is in bounds; no reference is made of it.
        let links = unsafe { addr_of!((*ptr.as_ptr()).links) };
        // SAFETY: the address of a field of a live value is not null.
        unsafe { NonNull::new_unchecked(links.cast_mut()) }
    }
}

impl Waiter {
    /// A waiter that is in no queue.
    #[inline]
    pub(super) const fn new() -> Self {
        Self {
            links: list::Links::new(),
            waker: Cell::new(None),
            mask: Cell::new(0),
            value: Cell::new(0),
            outcome: Cell::new(Outcome::None),
            kind: Cell::new(Kind::Event),
            line: Cell::new(0),
            state: StateCell(AtomicU8::new(State::Idle as u8)),
            is_node: Cell::new(false),
            by_reactor: Cell::new(false),
            registered: Cell::new(false),
        }
    }

    /// Whether it waits: registered and not yet completed or cancelled. For its owner.
    #[inline]
    pub(super) fn is_registered(&self) -> bool {
        self.registered.get()
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    /// Under the node's lock. `Woken` ends the node's part: not to be followed by any access.
    #[inline]
    pub(super) fn set_state(&self, state: State) {
        self.state.set(state);
    }

    /// Prepares an idle waiter for its registration. For its owner.
    #[inline]
    pub(super) fn prepare(&self, request: &Request, by_reactor: bool, waker: Waker) {
        self.waker.set(Some(waker));
        self.by_reactor.set(by_reactor);
        self.line.set(request.line);
        self.is_node.set(request.is_node);
        if let Some(condition) = request.condition {
            let (kind, mask, value) = stored(condition);
            self.kind.set(kind);
            self.mask.set(mask);
            self.value.set(value);
        }
        self.outcome.set(Outcome::None);
    }

    /// Marks it as completed by the event of that count.
    #[inline]
    pub(super) fn complete(&self, count: u32) {
        self.outcome.set(Outcome::Event(count));
        self.state.set(State::Ready);
    }

    /// Marks it as ended by `error`.
    #[inline]
    pub(super) fn fail(&self, error: Error) {
        self.outcome.set(Outcome::Failed(error));
        self.state.set(State::Ready);
    }

    /// The error that ended a ready or woken waiter, if one did.
    #[inline]
    pub(super) fn failure(&self) -> Option<Error> {
        match self.outcome.get() {
            Outcome::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether an event completed a ready or woken waiter.
    #[inline]
    pub(super) fn is_completed(&self) -> bool {
        matches!(self.outcome.get(), Outcome::Event(_))
    }

    /// The result stored in a woken waiter, if any. Advances the cursor. Only the waiting future calls this.
    #[inline]
    pub(super) fn result(&self, request: &Request, cursor: &mut Cursor) -> Option<Result<Fired, Error>> {
        match self.outcome.get() {
            Outcome::None => None,
            Outcome::Event(count) => Some(Ok(self.finish(count, request, cursor))),
            Outcome::Failed(error) => Some(Err(error)),
        }
    }

    /// The result of a wait that the event of that count ends. Advances the cursor.
    #[inline]
    pub(super) fn finish(&self, count: u32, request: &Request, cursor: &mut Cursor) -> Fired {
        // A wait without a handle has no earlier cursor, and so has missed nothing.
        let missed = if request.condition.is_none() { 0 } else { count.wrapping_sub(cursor.count).saturating_sub(1) };
        let changed = self.changed();
        *cursor = Cursor { count, sample: cursor.sample ^ changed };
        Fired { count, missed, changed }
    }

    #[inline]
    pub(super) fn wants_sample(&self) -> bool {
        !matches!(self.kind.get(), Kind::Event | Kind::KeepUnmasked)
    }

    /// Whether it waits for nothing and only keeps its line unmasked.
    #[inline]
    pub(super) fn keeps_unmasked(&self) -> bool {
        self.kind.get() == Kind::KeepUnmasked
    }

    /// A waiter on `line` that carries its condition, for a future that has no room for a second copy of it.
    #[inline]
    pub(super) const fn with_condition(line: u8, condition: Condition) -> Self {
        let mut this = Self::new();
        let (kind, mask, value) = stored(condition);
        this.kind = Cell::new(kind);
        this.mask = Cell::new(mask);
        this.value = Cell::new(value);
        this.line = Cell::new(line);
        this
    }

    /// Compares the condition with the sample taken under the lock after the line was unmasked, which is the baseline of a
    /// change or an edge whose owner gave none.
    #[inline]
    pub(super) fn matches_first(&self, sample: u32) -> bool {
        match self.kind.get() {
            Kind::Change | Kind::Rising | Kind::Falling => self.value.set(sample),
            Kind::ChangeSince => self.kind.set(Kind::Change),
            Kind::Event | Kind::Level | Kind::KeepUnmasked => {}
        }
        self.matches(sample)
    }

    /// Compares the condition with a sample. Edges look from sample to sample, so this one becomes the next baseline.
    #[inline]
    pub(super) fn matches(&self, sample: u32) -> bool {
        let (kind, mask, value) = (self.kind.get(), self.mask.get(), self.value.get());
        let bits = match kind {
            Kind::Event => return true,
            Kind::KeepUnmasked => return false,
            Kind::Level => return sample & mask == value,
            Kind::Change | Kind::ChangeSince => (sample ^ value) & mask,
            Kind::Rising => sample & !value & mask,
            Kind::Falling => !sample & value & mask,
        };
        if bits != 0 {
            self.value.set(bits);
        } else if kind != Kind::Change {
            self.value.set(sample);
        }
        bits != 0
    }

    /// The bits that changed, once completed; 0 for conditions that are not about changes.
    #[inline]
    fn changed(&self) -> u32 {
        if matches!(self.kind.get(), Kind::Change | Kind::Rising | Kind::Falling) { self.value.get() } else { 0 }
    }

    /// Whether waking `waker` would wake this waiter's task.
    #[inline]
    pub(super) fn will_wake(&self, waker: &Waker) -> bool {
        let mine = self.waker.take();
        let same = mine.as_ref().is_some_and(|mine| will_wake(mine, waker));
        self.waker.set(mine);
        same
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").finish_non_exhaustive()
    }
}

/// A list of waiters.
pub(super) struct Queue(List<Waiter>);

impl Queue {
    #[inline]
    pub(super) const fn new() -> Self {
        Self(List::new())
    }

    /// Appends `waiter`.
    ///
    /// # Safety
    ///
    /// `waiter` is in no list, stays pinned until it was removed, and this queue's lock is held.
    #[inline]
    pub(super) unsafe fn push(&mut self, waiter: Pin<&Waiter>) {
        self.0.push_back(NonNull::from(waiter.get_ref()));
    }

    /// Takes `waiter` out.
    ///
    /// # Safety
    ///
    /// `waiter` is in this queue, and its lock is held.
    #[inline]
    pub(super) unsafe fn remove(&mut self, waiter: Pin<&Waiter>) {
        // SAFETY: the caller vouches that it is an element of this very list.
        let _ = unsafe { self.0.remove(NonNull::from(waiter.get_ref())) };
    }

    /// The only waiter, if there is just one.
    #[inline]
    pub(super) fn only(&self) -> Option<&Waiter> {
        let (first, last) = (self.0.front()?.get_ref(), self.0.back()?.get_ref());
        core::ptr::eq(first, last).then_some(first)
    }

    /// Takes the first one out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<&Waiter> {
        let first = self.0.pop_front()?;
        // SAFETY: a linked waiter is alive: its owner has to take it out under the lock before it goes, and a
        // caller with `&mut self` holds the lock.
        Some(unsafe { first.as_ref() })
    }

    /// Moves every waiter for which `select` holds to `target`: nodes to its front, tasks to its end.
    #[inline]
    pub(super) fn move_if(&mut self, target: &mut Self, mut select: impl FnMut(&Waiter) -> bool) {
        let mut cursor = self.0.cursor_front_mut();
        while let Some(current) = cursor.current() {
            if !select(current.get_ref()) {
                cursor.move_next();
                continue;
            }
            let to_front = current.is_node.get();
            if let Some(moved) = cursor.remove_current() {
                if to_front {
                    target.0.push_front(moved);
                } else {
                    target.0.push_back(moved);
                }
            }
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
