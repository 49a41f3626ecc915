//! Moving the clock from within an async program.

use core::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use pin_project_lite::pin_project;
use pynq_core::{Instant, interrupt::TaskId};

use crate::{
    blocking::Quiet,
    board::{Board, Shared},
    settle::Pending,
    track::Track,
};

/// The result of one check of the board.
enum Turn {
    /// Poll again at once.
    Again,
    /// The program has work to do; the task is woken when that is done.
    Parked,
    /// Settled, with nothing scheduled; the task is woken when something is.
    Idle,
    /// In real-time mode: the next event is this far off.
    Wall(Duration),
}

/// Moves the clock whenever the board is settled.
struct Driver {
    shared: Shared,
    id: u64,
    quiet: Quiet,
    /// The board was settled at the last check. The clock moves only if it is settled at two checks in a row, so that a
    /// task that was only just spawned gets a turn first.
    calm: bool,
}

impl Driver {
    fn new(shared: &Shared) -> Self {
        let id = shared.with(|state| {
            state.drivers += 1;
            state.next_runner += 1;
            state.next_runner
        });
        Self { shared: shared.clone(), id, quiet: Quiet::default(), calm: false }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Turn {
        let task = TaskId::of(cx);
        let mut waker = Some(cx.waker().clone());
        let (pending, stamp, grace, wall, idle, old) = self.shared.with(|state| {
            // The task that polls this has come back to wait.
            state.settling.waits(task);
            state.catch_up();
            let (pending, stamp, wall) = (state.settling.pending(), state.settling.stamp(), state.wall_time_left());
            let idle = pending == Pending::Nothing && state.next_event().is_none();
            let mut old = state.take_runner(self.id);
            // Listed under the same lock as the check, or the moment when the board settles could be missed.
            if matches!(pending, Pending::Strict { .. }) || idle || wall.is_some() {
                if let Some(waker) = waker.take() {
                    state.runners.push((self.id, waker));
                }
            } else {
                old = old.or(waker.take());
            }
            (pending, stamp, state.settling.grace, wall, idle, old)
        });
        drop((old, waker));
        let calm = core::mem::replace(&mut self.calm, pending == Pending::Nothing);
        match pending {
            Pending::Strict { .. } => return Turn::Parked,
            Pending::Lingering => {
                if self.quiet.since(stamp) >= grace {
                    self.shared.drop_lost_tasks(stamp);
                }
                return Turn::Again;
            }
            Pending::Nothing => {}
        }
        if !calm {
            return Turn::Again;
        }
        match wall {
            Some(left) if !idle => return Turn::Wall(left),
            None if !idle => {}
            _ => return Turn::Idle,
        }
        let same = |state: &crate::board::State| {
            state.settling.pending() == Pending::Nothing && state.settling.stamp() == stamp
        };
        self.calm = !self.shared.step(Instant::MAX, same);
        Turn::Again
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let waker = self.shared.with(|state| {
            state.drivers -= 1;
            state.wake_mover();
            state.take_runner(self.id)
        });
        drop(waker);
    }
}

fn again<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// The future of [`Board::run`]. It never completes.
#[must_use = "futures do nothing unless polled"]
pub struct Run(Driver);

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

impl Future for Run {
    type Output = Infallible;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Infallible> {
        match self.0.turn(cx) {
            Turn::Again | Turn::Wall(_) => again(cx),
            Turn::Parked | Turn::Idle => Poll::Pending,
        }
    }
}

/// The future of [`Board::run_until_idle`].
#[must_use = "futures do nothing unless polled"]
pub struct RunUntilIdle(Driver);

impl fmt::Debug for RunUntilIdle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunUntilIdle")
    }
}

impl Future for RunUntilIdle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.0.turn(cx) {
            Turn::Again | Turn::Wall(_) => again(cx),
            Turn::Parked => Poll::Pending,
            Turn::Idle => Poll::Ready(()),
        }
    }
}

pin_project! {
    /// The future of [`Board::run_with`]. It never completes.
    #[must_use = "futures do nothing unless polled"]
    pub struct RunWith<S, F> {
        driver: Driver,
        sleeper: S,
        #[pin]
        sleep: Option<F>,
    }
}

impl<S, F> fmt::Debug for RunWith<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunWith")
    }
}

impl<S: FnMut(Duration) -> F, F: Future<Output = ()>> Future for RunWith<S, F> {
    type Output = Infallible;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Infallible> {
        let mut this = self.project();
        match this.driver.turn(cx) {
            Turn::Again => again(cx),
            Turn::Parked | Turn::Idle => Poll::Pending,
            Turn::Wall(left) => {
                // A new sleep at every poll, for the next event may have changed.
                this.sleep.set(Some((this.sleeper)(left)));
                match this.sleep.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx)) {
                    Some(Poll::Pending) => Poll::Pending,
                    Some(Poll::Ready(())) | None => again(cx),
                }
            }
        }
    }
}

pin_project! {
    /// The future of [`Board::drive`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Drive<F> {
        #[pin]
        program: Track<F>,
        driver: Driver,
    }
}

impl<F> fmt::Debug for Drive<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drive")
    }
}

impl<F: Future> Future for Drive<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Polled only if it was woken: a program that polls registers would otherwise never let the board be quiet.
        if this.program.is_woken() || !this.program.is_polled_by(cx) {
            if let Poll::Ready(output) = this.program.poll(cx) {
                return Poll::Ready(output);
            }
        }
        match this.driver.turn(cx) {
            Turn::Again | Turn::Wall(_) => again(cx),
            Turn::Parked | Turn::Idle => Poll::Pending,
        }
    }
}

/// Moving the clock exactly: the program polls one of these futures, next to its own tasks.
impl Board {
    /// Moves the clock from event to event for as long as it is polled. Never completes; where nothing is scheduled it
    /// waits for a stimulus or a sleep. In real-time mode it keeps its executor busy; see
    /// [`run_with`](Self::run_with).
    ///
    /// # Cancellation safety
    ///
    /// Dropping it stops the clock and nothing else.
    pub fn run(&self) -> Run {
        Run(Driver::new(self.shared()))
    }

    /// As [`run`](Self::run), with a timer of the program's runtime to sleep on in real-time mode.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it stops the clock and nothing else.
    pub fn run_with<S: FnMut(Duration) -> F, F: Future<Output = ()>>(&self, sleeper: S) -> RunWith<S, F> {
        RunWith { driver: Driver::new(self.shared()), sleeper, sleep: None }
    }

    /// Moves the clock until the board is settled and nothing is scheduled.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it stops the clock and nothing else.
    pub fn run_until_idle(&self) -> RunUntilIdle {
        RunUntilIdle(Driver::new(self.shared()))
    }

    /// Runs a program and moves the clock for it: the program's output, as a future of any runtime.
    ///
    /// # Cancellation safety
    ///
    /// That of the program.
    pub fn drive<F: Future>(&self, program: F) -> Drive<F> {
        Drive { program: Track::new(self.shared(), program), driver: Driver::new(self.shared()) }
    }
}
