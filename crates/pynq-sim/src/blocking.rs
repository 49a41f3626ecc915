//! The blocking twins' sleep.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use pynq_core::{Error, Instant, interrupt::TaskId};

use crate::{
    board::{Board, Shared, State},
    kick::{Kick, Stopwatch},
    settle::Unrest,
    sync::Arc,
    timeline::{Event, Key},
};

/// Without anything happening on the board for this long, a woken waiter is taken never to be polled: the thread that
/// should do it is the one that blocks. An error beats a hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a blocked thread sleeps when nothing but a kick is of interest.
const LONG: Duration = Duration::from_secs(3600);

/// Polls `poll` until it is ready or `deadline` has passed, moving the clock whenever the board is settled.
pub(crate) fn block(
    shared: &Shared,
    poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let kick = Kick::current(shared);
    let waker = Waker::from(Arc::clone(&kick));
    let mut cx = Context::from_waker(&waker);
    let task = TaskId::of(&cx);
    let call = Call::enter(&kick);
    let deadline = deadline.map(|at| Deadline::enter(shared, &kick, task, at));
    loop {
        let seen = kick.ticket().wakes;
        if poll(&mut cx).is_ready() {
            return Ok(());
        }
        // The event came first, if both are there.
        if deadline.as_ref().is_some_and(|deadline| deadline.at <= shared.now()) {
            shared.act(|state| state.settling.works(task));
            return Err(Error::TimedOut);
        }
        idle(shared, &call, task, |wakes| wakes != seen, deadline.as_ref().map(|deadline| deadline.at))?;
    }
}

/// A blocked call.
struct Call<'a> {
    kick: &'a Arc<Kick>,
    /// Within the poll of another. Waiters of that one may have been woken, and are not polled until this one returns,
    /// so this one can't insist that all are.
    nested: bool,
}

impl<'a> Call<'a> {
    fn enter(kick: &'a Arc<Kick>) -> Self {
        Self { kick, nested: kick.enter() }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.kick.leave();
    }
}

/// A deadline on the timeline.
struct Deadline<'a> {
    shared: &'a Shared,
    at: Instant,
    key: Option<Key>,
}

impl<'a> Deadline<'a> {
    fn enter(shared: &'a Shared, kick: &Arc<Kick>, task: TaskId, at: Instant) -> Self {
        let key = shared.act(|state| {
            (at > state.now()).then(|| state.timeline.insert(at, Event::Deadline(Arc::clone(kick), task)))
        });
        Self { shared, at, key }
    }
}

impl Drop for Deadline<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        drop(self.shared.act(|state| state.timeline.remove(key)));
    }
}

/// Listed as asleep, until dropped.
struct Idler<'a>(&'a Shared, &'a Arc<Kick>);

impl<'a> Idler<'a> {
    fn enter(shared: &'a Shared, kick: &'a Arc<Kick>, task: TaskId) -> Self {
        shared.with(|state| state.idlers.push(Arc::clone(kick)));
        shared.waits(task);
        Self(shared, kick)
    }
}

impl Drop for Idler<'_> {
    fn drop(&mut self) {
        self.0.with(|state| {
            if let Some(index) = state.idlers.iter().position(|kick| Arc::ptr_eq(kick, self.1)) {
                state.idlers.swap_remove(index);
            }
            state.wake_mover();
        });
    }
}

/// What an idler finds.
enum Found {
    /// Not settled, or settled with nothing to do; in either case since this stamp.
    Rest { unrest: Unrest, stamp: u64, waits_for_wall: Option<Duration> },
    /// The deadline has passed.
    Late,
    /// The clock can move.
    Due,
}

fn look(state: &State, deadline: Option<Instant>) -> Found {
    if deadline.is_some_and(|deadline| deadline <= state.now()) {
        return Found::Late;
    }
    let (unrest, stamp) = (state.settling.unrest(), state.settling.stamp());
    let waits_for_wall = state.wall_time_left();
    if unrest == Unrest::Settled && waits_for_wall.is_none() && state.next_event().is_some() {
        return Found::Due;
    }
    Found::Rest { unrest, stamp, waits_for_wall }
}

/// Sleeps until the thread is kicked or the deadline has passed. One of the threads that sleep here moves the clock.
fn idle(
    shared: &Shared,
    call: &Call<'_>,
    task: TaskId,
    kicked: impl Fn(u64) -> bool,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let kick = call.kick;
    let _idler = Idler::enter(shared, kick, task);
    let mut quiet = Quiet::default();
    loop {
        let ticket = kick.ticket();
        if kicked(ticket.wakes) {
            return Ok(());
        }
        let (unrest, stamp, waits_for_wall) = match shared.with(|state| look(state, deadline)) {
            Found::Late => return Ok(()),
            Found::Due => {
                // Settled still, and not moved on by another thread meanwhile? Looked at again under the lock.
                shared.step(Instant::MAX, |state| matches!(look(state, deadline), Found::Due));
                continue;
            }
            Found::Rest { unrest, stamp, waits_for_wall } => (unrest, stamp, waits_for_wall),
        };
        let still = quiet.since(stamp);
        let grace = shared.with(|state| state.settling.grace);
        let limit = match unrest {
            Unrest::Settled => match waits_for_wall {
                Some(left) => left.min(LONG),
                None if still >= grace => return Err(gave_up(shared, task)),
                None => grace - still,
            },
            Unrest::Lingering if still >= grace => {
                shared.forget_stragglers(stamp);
                continue;
            }
            Unrest::Lingering => grace - still,
            Unrest::Strict { program: true } if call.nested && still >= grace => {
                if !shared.step(Instant::MAX, |state| state.settling.stamp() == stamp) {
                    return Err(gave_up(shared, task));
                }
                continue;
            }
            Unrest::Strict { program: true } if call.nested => grace - still,
            Unrest::Strict { program: true } if still >= PATIENCE => return Err(gave_up(shared, task)),
            Unrest::Strict { program: true } => PATIENCE - still,
            Unrest::Strict { program: false } => LONG,
        };
        kick.wait(ticket, limit);
    }
}

fn gave_up(shared: &Shared, task: TaskId) -> Error {
    shared.act(|state| state.settling.works(task));
    Error::NeverWoken
}

/// How long nothing has happened on the board.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Option<(u64, Stopwatch)>);

impl Quiet {
    pub(crate) fn since(&mut self, stamp: u64) -> Duration {
        match &mut self.0 {
            Some((seen, stopwatch)) if *seen == stamp => stopwatch.elapsed(),
            _ => {
                self.0 = Some((stamp, Stopwatch::start()));
                Duration::ZERO
            }
        }
    }
}

impl Board {
    /// Runs a future on the calling thread, with the clock moving whenever the board is settled.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime.
    ///
    /// # Errors
    ///
    /// [`NeverWoken`](Error::NeverWoken) when the board is settled, nothing is scheduled on it, and nothing has happened
    /// on it for a tenth of a second of the machine's time. Where something other than the board wakes the future, hold
    /// [`busy`](Self::busy).
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        let mut future = pin!(future);
        let mut output = None;
        let mut poll = |cx: &mut Context<'_>| future.as_mut().poll(cx).map(|value| output = Some(value));
        block(self.shared(), &mut poll, None)?;
        output.ok_or(Error::NeverWoken)
    }
}
