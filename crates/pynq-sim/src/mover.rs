//! The thread that moves the clock of a program that only awaits.
//!
//! A call that blocks, and a future such as [`Board::run`](crate::Board::run), move the clock themselves, and while there is
//! one this thread does not. Else, with [`Board::set_automatic`](crate::Board::set_automatic), it is started by the first
//! task that waits. It goes by the same accounts of what the program has to do. What they don't know of, such as a task that
//! was spawned and has not been polled, it finds by whether any other thread of the process runs or is ready to; where the
//! system doesn't say, by nothing having happened for a while.
//!
//! It holds the board weakly, and ends with it.

use core::time::Duration;
use std::{panic::AssertUnwindSafe, string::String};

use pynq_core::Instant;

use crate::{
    blocking::Quiet,
    board::{Shared, State, WeakShared},
    kick::Kick,
    settle::Unrest,
    sync::Arc,
};

mod threads;

use threads::Threads;

/// How long nothing must have happened where it can't be told whether the program's threads are asleep.
const QUIET: Duration = Duration::from_millis(5);

/// The same while a thread of the process is at work on something that need not have to do with the board.
const ELSEWHERE: Duration = Duration::from_millis(50);

/// Between two looks.
const SHORT: Duration = Duration::from_micros(100);
const LONG: Duration = Duration::from_millis(1);

/// While nothing waits, or somebody else moves the clock. It is woken when that changes.
const PARKED: Duration = Duration::from_secs(3600);

/// Ends the thread with the board.
pub(crate) struct Mover(Arc<Kick>);

impl Mover {
    /// Starts the thread. `None` if the system has none to give.
    pub(crate) fn start(board: WeakShared) -> Option<Self> {
        let kick = Kick::new();
        let own = Arc::clone(&kick);
        let builder = std::thread::Builder::new().name(String::from("pynq-sim clock"));
        builder.spawn(move || run(&board, &own)).ok()?;
        Some(Self(kick))
    }

    pub(crate) fn poke(&self) {
        self.0.poke();
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        self.0.poke();
    }
}

fn run(board: &WeakShared, kick: &Arc<Kick>) {
    let (mut quiet, mut threads) = (Quiet::default(), Threads::default());
    loop {
        let seen = kick.ticket();
        let Some(shared) = board.upgrade() else { return };
        // What it calls is the program's: a stimulus that panics must not leave the waits for ever.
        let turn = std::panic::catch_unwind(AssertUnwindSafe(|| turn(&shared, &mut quiet, &mut threads)));
        let limit = turn.unwrap_or_else(|_| {
            shared.act(State::starve);
            LONG
        });
        // The board may end while the thread sleeps.
        drop(shared);
        if !limit.is_zero() {
            kick.wait(seen, limit);
        }
    }
}

/// One look at the board, and what it leads to. Returns how long to sleep.
fn turn(shared: &Shared, quiet: &mut Quiet, threads: &mut Threads) -> Duration {
    let (goes, driven, unrest, stamp, next, wall, grace) = shared.with(|state| {
        let next = state.next_event();
        // With a future that moves the clock, what is left to do here is to end waits that nothing can end.
        let goes = state.moves_by_itself() && (state.awaited || next.is_some() && state.drivers == 0);
        state.mover_parked = !goes;
        let (driven, unrest, stamp) = (state.drivers > 0, state.settling.unrest(), state.settling.stamp());
        (goes, driven, unrest, stamp, next, state.wall_time_left(), state.settling.grace)
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
    match (unrest, next) {
        (Unrest::Strict { .. }, _) => LONG,
        (Unrest::Lingering, _) if driven => LONG,
        (Unrest::Lingering, _) => {
            // Whoever is at work is asleep, and waits for something that is not the board's.
            let gone = still >= grace || still >= QUIET && threads.asleep() == Some(true);
            if gone {
                shared.forget_stragglers(stamp);
            }
            if gone { Duration::ZERO } else { LONG }
        }
        (Unrest::Settled, Some(_)) if driven => LONG,
        (Unrest::Settled, _) if wall.is_some_and(|left| !left.is_zero()) => wall.map_or(LONG, |left| left.min(LONG)),
        (Unrest::Settled, Some(_)) => {
            if !calm(threads) {
                return SHORT;
            }
            shared.step(Instant::MAX, |state| unchanged(state) && state.settling.unrest() == Unrest::Settled);
            Duration::ZERO
        }
        (Unrest::Settled, None) => {
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
