//! Running a program on an overlay: on a thread without a runtime, or in a task of one.

use std::{future::Future, pin::pin, task::Context, time::Duration};

use pynq_core::Clock;

use crate::{Error, Overlay, Result, Sleep};

impl Overlay {
    /// Runs a future on the calling thread, without a runtime. It may await anything of this overlay. On a simulated board
    /// the clock moves while it waits.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime. The future must not run a
    /// runtime on this thread in turn: waits that are polled here count on this call to look for their interrupts.
    ///
    /// # Errors
    ///
    /// [`NeverWoken`](pynq_core::Error::NeverWoken) on a simulated board on which nothing more can happen.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output> {
        let mut future = pin!(future);
        let mut output = None;
        let mut poll = |cx: &mut Context<'_>| future.as_mut().poll(cx).map(|ready| output = Some(ready));
        self.backend().block(&mut poll, None)?;
        output.ok_or(Error::Wait(pynq_core::Error::NeverWoken))
    }

    /// Runs a program that returns a `Result` on the calling thread, without a runtime: [`block_on`](Self::block_on) with
    /// the program's error and that of the wait in one.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use pynq::prelude::*;
    ///
    /// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
    /// base.simulation().unwrap().press("btns_gpio", 1)?;
    /// base.run(base.button(1)?.wait_for_level_async(Level::High))?;
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Blocking
    ///
    /// As [`block_on`](Self::block_on).
    ///
    /// # Errors
    ///
    /// The program's, and those of [`block_on`](Self::block_on).
    pub fn run<T, E: Into<Error>>(&self, program: impl Future<Output = Result<T, E>>) -> Result<T> {
        self.block_on(program)?.map_err(Into::into)
    }

    /// Sleeps on the board's clock.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future forgets the deadline and nothing else.
    pub fn sleep_async(&self, duration: Duration) -> Sleep {
        self.clock().sleep(duration)
    }

    /// The blocking form of [`sleep_async`](Self::sleep_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// Those of the backend.
    pub fn sleep(&self, duration: Duration) -> Result<()> {
        self.block_on(self.sleep_async(duration))
    }

    /// Runs a program in a task of whatever runtime, and on a simulated board moves its clock for it. On a real board it
    /// is the program and nothing else.
    ///
    /// Tasks that the program spawns are to be [tracked](Self::track), else the clock waits for them longer than it must.
    ///
    /// # Cancellation safety
    ///
    /// That of the program.
    pub fn drive<F: Future>(&self, program: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "sim")]
        let program = match self.simulation() {
            Some(board) => Maybe::Simulated { future: board.drive(program) },
            None => Maybe::Bare { future: program },
        };
        program
    }

    /// Wraps a task that is spawned, so that the clock of a simulated board stands still exactly while the task has
    /// something to do. On a real board it is the task and nothing else.
    ///
    /// # Cancellation safety
    ///
    /// That of the task.
    pub fn track<F: Future>(&self, task: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "sim")]
        let task = match self.simulation() {
            Some(board) => Maybe::Simulated { future: board.track(task) },
            None => Maybe::Bare { future: task },
        };
        task
    }
}

#[cfg(feature = "sim")]
pin_project_lite::pin_project! {
    /// A future, or what the simulated board makes of it.
    #[project = ProjectedMaybe]
    enum Maybe<S, F> {
        Simulated { #[pin] future: S },
        Bare { #[pin] future: F },
    }
}

#[cfg(feature = "sim")]
impl<F: Future, S: Future<Output = F::Output>> Future for Maybe<S, F> {
    type Output = F::Output;

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> std::task::Poll<F::Output> {
        match self.project() {
            ProjectedMaybe::Simulated { future } => future.poll(cx),
            ProjectedMaybe::Bare { future } => future.poll(cx),
        }
    }
}
