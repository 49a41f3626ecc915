//! The sleep of the blocking forms.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use pynq_core::{Error, Instant, interrupt::TaskId};

#[cfg(feature = "std")]
use crate::threads::Threads;
use crate::{
    board::{Board, Shared, State},
    parker::{Parker, Stopwatch},
    settle::Pending,
    sync::Arc,
    timeline::{Event, Key},
};

/// Without the standard library nothing can be known of other threads.
#[cfg(not(feature = "std"))]
#[derive(Default)]
struct Threads {}

#[cfg(not(feature = "std"))]
impl Threads {
    const fn asleep(&mut self) -> Option<bool> {
        None
    }
}

/// If nothing happens on the board for this long, a woken waiter will never be polled: the thread that should poll it
/// is the one that blocks. An error beats a hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a blocked thread sleeps when only an unpark can end its wait.
const LONG: Duration = Duration::from_secs(3600);

/// Polls `poll` until it is ready or `deadline` has passed, moving the clock whenever the board is settled.
pub(crate) fn block(
    shared: &Shared,
    poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let parker = shared.parker();
    let waker = Waker::from(Arc::clone(&parker));
    let mut cx = Context::from_waker(&waker);
    let task = TaskId::of(&cx);
    let call = Call::enter(&parker);
    let deadline = deadline.map(|at| Deadline::enter(shared, &parker, task, at));
    loop {
        let seen = parker.ticket().wakes;
        if poll(&mut cx).is_ready() {
            return Ok(());
        }
        // If both the event and the deadline have come, the event wins.
        if deadline.as_ref().is_some_and(|deadline| deadline.at <= shared.now()) {
            shared.act(|state| state.settling.works(task));
            return Err(Error::TimedOut);
        }
        idle(shared, &call, task, |wakes| wakes != seen, deadline.as_ref().map(|deadline| deadline.at))?;
    }
}

/// A blocked call.
struct Call<'a> {
    parker: &'a Arc<Parker>,
    /// Whether it is within the poll of another call. Waiters of the outer call may have been woken and are not polled
    /// until this call returns, so it can't wait until all are polled.
    nested: bool,
}

impl<'a> Call<'a> {
    fn enter(parker: &'a Arc<Parker>) -> Self {
        Self { parker, nested: parker.enter() }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.parker.leave();
    }
}

/// A deadline on the timeline.
struct Deadline<'a> {
    shared: &'a Shared,
    at: Instant,
    key: Option<Key>,
}

impl<'a> Deadline<'a> {
    fn enter(shared: &'a Shared, parker: &Arc<Parker>, task: TaskId, at: Instant) -> Self {
        let key = shared.act(|state| {
            (at > state.now()).then(|| state.timeline.insert(at, Event::Deadline(Arc::clone(parker), task)))
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

/// Lists a parker among the sleeping ones, until dropped.
struct Idler<'a>(&'a Shared, &'a Arc<Parker>);

impl<'a> Idler<'a> {
    fn enter(shared: &'a Shared, parker: &'a Arc<Parker>, task: TaskId) -> Self {
        shared.with(|state| state.idlers.push(Arc::clone(parker)));
        shared.waits(task);
        Self(shared, parker)
    }
}

impl Drop for Idler<'_> {
    fn drop(&mut self) {
        self.0.with(|state| {
            if let Some(index) = state.idlers.iter().position(|parker| Arc::ptr_eq(parker, self.1)) {
                state.idlers.swap_remove(index);
            }
            state.wake_mover();
        });
    }
}

/// What a sleeping thread finds when it checks the board.
enum Found {
    /// The clock can't move, and nothing has happened since this stamp.
    Rest { pending: Pending, stamp: u64, waits_for_wall: Option<Duration> },
    /// The deadline has passed.
    Late,
    /// The clock can move.
    Due,
}

fn look(state: &State, deadline: Option<Instant>) -> Found {
    if deadline.is_some_and(|deadline| deadline <= state.now()) {
        return Found::Late;
    }
    let (pending, stamp) = (state.settling.pending(), state.settling.stamp());
    let waits_for_wall = state.wall_time_left();
    if pending == Pending::Nothing && waits_for_wall.is_none() && state.next_event().is_some() {
        return Found::Due;
    }
    Found::Rest { pending, stamp, waits_for_wall }
}

/// Sleeps until the thread is unparked or the deadline has passed. One of the threads that sleep here moves the clock.
fn idle(
    shared: &Shared,
    call: &Call<'_>,
    task: TaskId,
    unparked: impl Fn(u64) -> bool,
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let parker = call.parker;
    let _idler = Idler::enter(shared, parker, task);
    let (mut quiet, mut threads) = (Quiet::default(), Threads::default());
    loop {
        let ticket = parker.ticket();
        if unparked(ticket.wakes) {
            return Ok(());
        }
        let (pending, stamp, waits_for_wall) = match shared.with(|state| look(state, deadline)) {
            Found::Late => return Ok(()),
            Found::Due => {
                // Another thread may have moved the clock meanwhile, so this is checked again under the lock.
                shared.step(Instant::MAX, |state| matches!(look(state, deadline), Found::Due));
                continue;
            }
            Found::Rest { pending, stamp, waits_for_wall } => (pending, stamp, waits_for_wall),
        };
        let still = quiet.since(stamp);
        let grace = shared.with(|state| state.settling.grace);
        let limit = match pending {
            Pending::Nothing => match waits_for_wall {
                Some(left) => left.min(LONG),
                None if still >= grace => return Err(gave_up(shared, task)),
                None => grace - still,
            },
            Pending::Lingering if still >= grace => {
                shared.drop_lost_tasks(stamp);
                continue;
            }
            Pending::Lingering => grace - still,
            // A waiter that is held without being polled: by what called this, or by a task that sleeps. The clock goes on.
            Pending::Strict { program: true } if still >= grace && (call.nested || threads.asleep() == Some(true)) => {
                if !shared.step(Instant::MAX, |state| state.settling.stamp() == stamp) {
                    return Err(gave_up(shared, task));
                }
                continue;
            }
            Pending::Strict { program: true } if call.nested => grace - still,
            Pending::Strict { program: true } if still >= PATIENCE => return Err(gave_up(shared, task)),
            Pending::Strict { program: true } => (PATIENCE - still).min(grace.saturating_sub(still).max(grace / 10)),
            Pending::Strict { program: false } => LONG,
        };
        parker.wait(ticket, limit);
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
