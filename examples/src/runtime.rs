//! Ways to run the same tasks.

use std::{fmt, future::Future, str::FromStr};

use pynq::Overlay;
use tokio::runtime::Builder;

use crate::{
    Error, Result,
    join::{Task, all_of, first_of, parked},
};

/// Tasks that go on for ever, unless something fails.
pub type Tasks = Vec<Task<pynq::Result<()>>>;

/// What runs the tasks of an example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runtime {
    /// tokio, on one thread.
    #[default]
    Tokio,
    /// tokio, on two threads.
    TokioThreads,
    /// smol.
    Smol,
    /// Nothing: one future on the calling thread.
    None,
}

impl Runtime {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tokio, Self::TokioThreads, Self::Smol, Self::None];

    /// Runs `tasks` until nothing more can happen on the simulated board below `overlay`, or one of them is over.
    ///
    /// # Errors
    ///
    /// The first error of a task, or that of a runtime that can't be started.
    pub fn run(self, overlay: &Overlay, tasks: Tasks) -> Result {
        match self {
            Self::Tokio | Self::TokioThreads => self.tokio()?.block_on(on_tokio(overlay, tasks, idle(overlay))),
            Self::Smol => on_smol(overlay, tasks, idle(overlay)),
            // The thread that polls the tasks also moves the board's clock.
            Self::None => match overlay.block_on(first_of(tasks)) {
                Err(error) if error.is_never_woken() => Ok(()),
                ended => Ok(ended??),
            },
        }
    }

    /// Runs a program that ends by itself, in no task of its own: its future need not be able to move to another thread.
    ///
    /// # Errors
    ///
    /// That of a runtime that can't be started, or of a simulated board on which nothing more can happen.
    pub fn finish<F: Future>(self, overlay: &Overlay, program: F) -> Result<F::Output> {
        Ok(match self {
            Self::Tokio => Builder::new_current_thread().build()?.block_on(overlay.drive(program)),
            Self::TokioThreads => tokio::runtime::Runtime::new()?.block_on(overlay.drive(program)),
            Self::Smol => smol::block_on(overlay.drive(program)),
            Self::None => overlay.block_on(program)?,
        })
    }

    /// Runs `tasks` until `end` returns, which blocks, or one of them fails.
    ///
    /// # Errors
    ///
    /// The first error of a task or of `end`, or that of a runtime that can't be started.
    pub fn run_until<E>(self, overlay: &Overlay, tasks: Tasks, end: E) -> Result
    where
        E: FnOnce() -> pynq::Result<()> + Send + 'static,
    {
        match self {
            Self::Tokio | Self::TokioThreads => {
                let end = async { Ok(pynq::tokio::blocking(end).await??) };
                self.tokio()?.block_on(on_tokio(overlay, tasks, end))
            }
            Self::Smol => on_smol(overlay, tasks, async { Ok(pynq::smol::blocking(end).await??) }),
            Self::None => {
                // Tracked, as the thread may begin late; and it leaves the clock to the call that blocks, which may do so too.
                // It ends with the program.
                let tasks = overlay.track(first_of(tasks));
                let overlay = overlay.clone();
                std::thread::spawn(move || match overlay.simulation() {
                    Some(_) => drop(parked(tasks)),
                    // On a real board a thread that waits for interrupts has to sleep on them.
                    None => drop(overlay.block_on(tasks)),
                });
                Ok(end()?)
            }
        }
    }

    /// Runs `tasks` until all of them are over, or one of them fails.
    ///
    /// # Errors
    ///
    /// The first error of a task, or that of a runtime that can't be started.
    pub fn run_all(self, overlay: &Overlay, tasks: Tasks) -> Result {
        match self {
            Self::Tokio | Self::TokioThreads => self.tokio()?.block_on(async {
                let mut running = tokio::task::JoinSet::new();
                for task in tasks {
                    running.spawn(overlay.track(task));
                }
                while let Some(ended) = running.join_next().await {
                    ended??;
                }
                Ok(())
            }),
            Self::Smol => {
                let executor = smol::Executor::new();
                let running: Vec<_> = tasks.into_iter().map(|task| executor.spawn(overlay.track(task))).collect();
                smol::block_on(executor.run(async {
                    for task in running {
                        task.await?;
                    }
                    Ok(())
                }))
            }
            // The thread that polls the tasks also moves the board's clock.
            Self::None => Ok(overlay.block_on(all_of(tasks))??),
        }
    }

    fn tokio(self) -> Result<tokio::runtime::Runtime> {
        let mut builder =
            if self == Self::TokioThreads { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        Ok(builder.worker_threads(2).enable_all().build()?)
    }
}

/// Spawned as any program spawns its tasks. The board is told of them, so that its clock stands still while they work.
async fn on_tokio(overlay: &Overlay, tasks: Tasks, end: impl Future<Output = Result>) -> Result {
    let mut running = tokio::task::JoinSet::new();
    for task in tasks {
        running.spawn(overlay.track(task));
    }
    tokio::select! {
        ended = end => ended,
        Some(ended) = running.join_next() => Ok(ended??),
    }
}

fn on_smol(overlay: &Overlay, tasks: Tasks, end: impl Future<Output = Result>) -> Result {
    let executor = smol::Executor::new();
    let mut running: Tasks = Vec::new();
    for task in tasks {
        running.push(Box::pin(executor.spawn(overlay.track(task))));
    }
    let ended = async { Ok(first_of(running).await?) };
    smol::block_on(executor.run(smol::future::or(end, ended)))
}

/// Moves the simulated board's clock until nothing is scheduled on it any more. A real board has no such end.
async fn idle(overlay: &Overlay) -> Result {
    match overlay.simulation() {
        Some(board) => board.run_until_idle().await,
        None => std::future::pending().await,
    }
    Ok(())
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokio => "tokio",
            Self::TokioThreads => "tokio-threads",
            Self::Smol => "smol",
            Self::None => "none",
        })
    }
}

impl FromStr for Runtime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|runtime| runtime.to_string() == text);
        found.ok_or_else(|| format!("no runtime `{text}`; use tokio, tokio-threads, smol or none").into())
    }
}
