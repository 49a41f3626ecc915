//! The thread that moves the clock of a program that only awaits.
//!
//! A call that blocks, and a future such as [`Board::run`](crate::Board::run), move the clock themselves, and while
//! there is one this thread does not. Else, with [`Board::set_automatic`](crate::Board::set_automatic), the first task
//! that waits starts it. This thread goes by the same accounts of what the program has to do. They don't include, for
//! example, a task that was spawned and has not been polled. So it also checks that no other thread of the process runs
//! or is ready to run; where the system doesn't report that, it checks that nothing has happened for a while.
//!
//! It holds the board weakly, and ends with it.

use core::time::Duration;
use std::{panic::AssertUnwindSafe, string::String};

use pynq_core::Instant;

use crate::{
    blocking::Quiet,
    board::{Mover, Shared, State, WeakShared},
    parker::Parker,
    settle::Pending,
    sync::Arc,
    threads::Threads,
};

/// How long nothing must have happened where the system doesn't report whether the program's threads are asleep.
const QUIET: Duration = Duration::from_millis(5);

/// The same while a thread of the process runs, which need not have to do with the board.
const ELSEWHERE: Duration = Duration::from_millis(50);

/// Between two checks.
const SHORT: Duration = Duration::from_micros(100);
const LONG: Duration = Duration::from_millis(1);

/// While no task waits, or another thread or future moves the clock. The thread is unparked when that changes.
const PARKED: Duration = Duration::from_secs(3600);

impl Shared {
    /// Starts the thread, if the system has one to give. Called when `State::task_waits` has returned true.
    pub(crate) fn start_mover(&self) {
        let (board, parker) = (self.downgrade(), Parker::new());
        let own = Arc::clone(&parker);
        let builder = std::thread::Builder::new().name(String::from("pynq-sim clock"));
        let mover = builder.spawn(move || run(&board, &own)).ok().map(|_| Mover(parker));
        self.with(|state| state.mover = mover);
    }
}

fn run(board: &WeakShared, parker: &Arc<Parker>) {
    let (mut quiet, mut threads) = (Quiet::default(), Threads::default());
    loop {
        let seen = parker.ticket();
        let Some(shared) = board.upgrade() else { return };
        // This calls the program's code: a stimulus that panics must not leave tasks waiting for ever.
        let turn = std::panic::catch_unwind(AssertUnwindSafe(|| turn(&shared, &mut quiet, &mut threads)));
        let limit = turn.unwrap_or_else(|_| {
            shared.act(State::starve);
            LONG
        });
        // The board may end while the thread sleeps.
        drop(shared);
        if !limit.is_zero() {
            parker.wait(seen, limit);
        }
    }
}

/// Checks the board once, and does what is due. Returns how long to sleep.
fn turn(shared: &Shared, quiet: &mut Quiet, threads: &mut Threads) -> Duration {
    let (goes, driven, pending, stamp, next, wall, grace) = shared.with(|state| {
        let next = state.next_event();
        // While a future moves the clock, this thread only ends waits that nothing else can end.
        let goes = state.moves_by_itself() && (state.awaited || next.is_some() && state.drivers == 0);
        state.mover_parked = !goes;
        let (driven, pending, stamp) = (state.drivers > 0, state.settling.pending(), state.settling.stamp());
        (goes, driven, pending, stamp, next, state.wall_time_left(), state.settling.grace)
    });
    if !goes {
        return PARKED;
    }
    let still = quiet.since(stamp);
    let calm = |threads: &mut Threads| match threads.asleep() {
        Some(true) => !still.is_zero(),
        Some(false) => still >= ELSEWHERE,
        None => still >= QUIET,
    };
    let unchanged =
        |state: &State| state.settling.stamp() == stamp && state.moves_by_itself() && (state.drivers > 0) == driven;
    match (pending, next) {
        // A waiter was woken that its task holds without polling it: after `select!`, say, while it awaits something else.
        // The task sleeps, so nothing would ever happen again if time waited for it.
        (Pending::Strict { program: true }, _) => {
            let held = match threads.asleep() {
                Some(asleep) => asleep && still >= grace,
                None => still >= 10 * grace,
            };
            if !held {
                LONG
            } else if next.is_some() {
                shared.step(Instant::MAX, unchanged);
                Duration::ZERO
            } else {
                if still >= 10 * grace {
                    shared.with(|state| {
                        if unchanged(state) && state.next_event().is_none() {
                            state.starve();
                        }
                    });
                }
                LONG
            }
        }
        (Pending::Strict { program: false }, _) => LONG,
        (Pending::Lingering, _) if driven => LONG,
        (Pending::Lingering, _) => {
            // The tasks at work are asleep, and wait for something that is not the board's.
            let gone = still >= grace || still >= QUIET && threads.asleep() == Some(true);
            if gone {
                shared.drop_lost_tasks(stamp);
            }
            if gone { Duration::ZERO } else { LONG }
        }
        (Pending::Nothing, Some(_)) if driven => LONG,
        (Pending::Nothing, _) if wall.is_some_and(|left| !left.is_zero()) => wall.map_or(LONG, |left| left.min(LONG)),
        (Pending::Nothing, Some(_)) => {
            if !calm(threads) {
                return SHORT;
            }
            shared.step(Instant::MAX, |state| unchanged(state) && state.settling.pending() == Pending::Nothing);
            Duration::ZERO
        }
        (Pending::Nothing, None) => {
            if still >= 10 * grace {
                shared.with(|state| {
                    if unchanged(state) && state.next_event().is_none() {
                        state.starve();
                    }
                });
            }
            LONG
        }
    }
}
