//! What runs the suite's tasks, and what reactor serves their waits.

use std::{
    cell::RefCell,
    fmt,
    sync::Arc,
    thread::{self, JoinHandle},
};

use pynq_conformance::{Manual, Outcome, Task};
use pynq_core::{Error, interrupt::NodeHandle};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{Dispatcher, Reactor};

/// A way to run tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    TokioCurrent,
    TokioMulti,
    Smol,
    /// A thread for each task, in the blocking form of its wait.
    Blocking,
    /// Polled by hand, with a thread of the library's that dispatches.
    Dispatcher,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::TokioCurrent, Self::TokioMulti, Self::Smol, Self::Blocking, Self::Dispatcher];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokioCurrent => "tokio-current",
            Self::TokioMulti => "tokio-multi",
            Self::Smol => "smol",
            Self::Blocking => "blocking",
            Self::Dispatcher => "dispatcher",
        })
    }
}

pub(crate) enum Host {
    TokioCurrent(tokio::runtime::Runtime),
    TokioMulti(tokio::runtime::Runtime),
    Smol(smol::Executor<'static>),
    Threads(RefCell<Vec<JoinHandle<()>>>),
    Manual(Manual),
}

impl Host {
    /// The host, and the reactor for the roots of its fixtures.
    pub(crate) fn new(kind: Kind) -> Result<(Self, Arc<dyn Reactor>), Outcome> {
        let failed = |error: std::io::Error| Outcome::failed(format!("no runtime: {error}"));
        Ok(match kind {
            Kind::TokioCurrent => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
                let reactor = TokioReactor::on(runtime.handle().clone());
                (Self::TokioCurrent(runtime), Arc::new(reactor))
            }
            Kind::TokioMulti => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                let runtime = builder.worker_threads(2).enable_all().build().map_err(failed)?;
                let reactor = TokioReactor::on(runtime.handle().clone());
                (Self::TokioMulti(runtime), Arc::new(reactor))
            }
            Kind::Smol => (Self::Smol(smol::Executor::new()), Arc::new(SmolReactor)),
            // Waits that a case polls by hand need one all the same.
            Kind::Blocking => (Self::Threads(RefCell::default()), dispatcher()?),
            Kind::Dispatcher => (Self::Manual(Manual::new()), dispatcher()?),
        })
    }

    pub(crate) fn spawn(&self, task: Task, node: &NodeHandle) {
        match self {
            Self::TokioCurrent(runtime) | Self::TokioMulti(runtime) => drop(runtime.spawn(task)),
            Self::Smol(executor) => executor.spawn(task).detach(),
            Self::Threads(threads) => {
                let node = node.clone();
                let task = async move {
                    task.await;
                    Ok::<_, Error>(())
                };
                let thread = thread::spawn(move || node.block_on(task, None).expect("it is woken"));
                threads.borrow_mut().push(thread);
            }
            Self::Manual(manual) => manual.spawn(task),
        }
    }

    /// Tasks and the reactor have a turn.
    pub(crate) fn turn(&self) {
        match self {
            Self::TokioCurrent(runtime) => runtime.block_on(tokio::task::yield_now()),
            Self::Smol(executor) => {
                while executor.try_tick() {}
                smol::block_on(smol::future::yield_now());
                // The reactor may be in the hands of its own thread.
                thread::yield_now();
            }
            Self::TokioMulti(_) | Self::Threads(_) => thread::yield_now(),
            Self::Manual(manual) => {
                manual.turn();
                thread::yield_now();
            }
        }
    }
}

fn dispatcher() -> Result<Arc<dyn Reactor>, Outcome> {
    Dispatcher::start()
        .map(|dispatcher| dispatcher as Arc<dyn Reactor>)
        .map_err(|error| Outcome::failed(format!("no dispatcher: {error}")))
}

impl Drop for Host {
    /// The suite has dropped every wait by now, so each thread is on its way out.
    fn drop(&mut self) {
        if let Self::Threads(threads) = self {
            for thread in threads.take() {
                let ended = thread.join();
                assert!(ended.is_ok() || thread::panicking(), "a blocking wait gave up");
            }
        }
    }
}
