//! Three ways to run the same tasks.

use std::{fmt, str::FromStr};

use pynq::Overlay;

use crate::{
    Error, Result,
    join::{Task, first_of},
};

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

    /// Runs `tasks` until nothing more can happen on the simulated board below `overlay`, or one of them fails.
    ///
    /// # Errors
    ///
    /// The first error of a task, or that of a runtime that can't be started.
    pub fn run(self, overlay: &Overlay, tasks: Vec<Task<pynq::Result<()>>>) -> Result {
        match self {
            Self::Tokio => {
                tokio_tasks(&tokio::runtime::Builder::new_current_thread().enable_all().build()?, overlay, tasks)
            }
            Self::TokioThreads => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                tokio_tasks(&builder.worker_threads(2).enable_all().build()?, overlay, tasks)
            }
            Self::Smol => smol_tasks(overlay, tasks),
            Self::None => no_runtime(overlay, tasks),
        }
    }
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

/// Spawned as a program spawns its tasks; the board is told of them, so that its clock stands while they work.
fn tokio_tasks(runtime: &tokio::runtime::Runtime, overlay: &Overlay, tasks: Vec<Task<pynq::Result<()>>>) -> Result {
    runtime.block_on(async {
        let mut running = tokio::task::JoinSet::new();
        for task in tasks {
            running.spawn(overlay.track(task));
        }
        tokio::select! {
            Some(ended) = running.join_next() => Ok(ended??),
            () = end_of_script(overlay) => Ok(()),
        }
    })
}

fn smol_tasks(overlay: &Overlay, tasks: Vec<Task<pynq::Result<()>>>) -> Result {
    let executor = smol::Executor::new();
    let running: Vec<Task<pynq::Result<()>>> = tasks
        .into_iter()
        .map(|task| -> Task<pynq::Result<()>> { Box::pin(executor.spawn(overlay.track(task))) })
        .collect();
    let over = async {
        end_of_script(overlay).await;
        Ok(())
    };
    Ok(smol::block_on(executor.run(smol::future::or(first_of(running), over)))?)
}

/// All tasks are one future, and the thread that polls it also moves the board's clock.
fn no_runtime(overlay: &Overlay, tasks: Vec<Task<pynq::Result<()>>>) -> Result {
    match overlay.block_on(first_of(tasks)) {
        Err(error) if error.is_never_woken() => Ok(()),
        ended => Ok(ended??),
    }
}

/// Moves the simulated board's clock until nothing is scheduled on it any more. On a real board there is no such end.
async fn end_of_script(overlay: &Overlay) {
    match overlay.simulation() {
        Some(board) => board.run_until_idle().await,
        None => std::future::pending().await,
    }
}
