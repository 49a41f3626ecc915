//! The executors of a case's tasks.

use std::{
    cell::RefCell,
    thread::{self, JoinHandle},
};

use pynq_conformance::{Manual, Task};
use pynq_core::{Error, interrupt::NodeHandle};

/// Which kind of host a backend gives its fixtures.
#[derive(Clone)]
pub(crate) enum Kind {
    /// The test's own thread, one task at a time.
    Manual,
    /// A thread for each task, in the blocking form of its wait.
    Threads,
    /// A runtime with threads of its own.
    Tokio(tokio::runtime::Handle),
}

pub(crate) enum Host {
    Manual(Manual),
    Threads(RefCell<Vec<JoinHandle<()>>>),
    Tokio(tokio::runtime::Handle),
}

impl Host {
    pub(crate) fn new(kind: &Kind) -> Self {
        match kind {
            Kind::Manual => Self::Manual(Manual::new()),
            Kind::Threads => Self::Threads(RefCell::default()),
            Kind::Tokio(handle) => Self::Tokio(handle.clone()),
        }
    }

    pub(crate) fn spawn(&self, task: Task, node: &NodeHandle) {
        match self {
            Self::Manual(manual) => manual.spawn(task),
            Self::Threads(threads) => {
                let node = node.clone();
                let task = async move {
                    task.await;
                    Ok::<_, Error>(())
                };
                let thread = thread::spawn(move || node.block_on(task, None).expect("it is woken"));
                threads.borrow_mut().push(thread);
            }
            Self::Tokio(handle) => drop(handle.spawn(task)),
        }
    }

    pub(crate) fn turn(&self) {
        match self {
            Self::Manual(manual) => manual.turn(),
            Self::Threads(_) | Self::Tokio(_) => thread::yield_now(),
        }
    }
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
