//! What runs a case's tasks: every runtime there is a reactor for, and none.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    thread::{self, JoinHandle},
};

use pynq_conformance::{Manual, Task};
use pynq_core::{Error, interrupt::NodeHandle};
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{Dispatcher, FirstOf, NoReactor, Reactor};
use tokio::{runtime::Runtime, task::LocalSet};

/// Which kind of host a backend gives its benches.
#[derive(Clone)]
pub(crate) enum Kind {
    /// The test's own thread, with a dispatcher's thread for a reactor.
    Dispatcher(Arc<Dispatcher>),
    /// A thread for each task, in the blocking form of its wait, and no reactor at all.
    Threads,
    /// tokio's threads.
    Tokio(Arc<Runtime>),
    /// tokio on the test's thread, which runs only when it has its turn.
    CurrentThread(Arc<Runtime>),
    /// The same with tasks that stay where they are.
    Local(Arc<Runtime>, Rc<LocalSet>),
    /// smol's executor, on a thread.
    Smol(Arc<smol::Executor<'static>>),
    /// `async_io::block_on`, and nothing else.
    AsyncIo,
}

impl Kind {
    pub(crate) fn reactor(&self) -> Arc<dyn Reactor> {
        match self {
            Self::Dispatcher(dispatcher) => dispatcher.clone(),
            Self::Threads => Arc::new(NoReactor),
            Self::Tokio(_) | Self::CurrentThread(_) | Self::Local(..) => Arc::new(TokioReactor::in_context()),
            Self::Smol(_) | Self::AsyncIo => {
                Arc::new(FirstOf::new(vec![Arc::new(TokioReactor::in_context()), Arc::new(SmolReactor)]))
            }
        }
    }

    pub(crate) fn has_reactor(&self) -> bool {
        !matches!(self, Self::Threads)
    }
}

pub(crate) struct Host {
    kind: Kind,
    by_hand: Manual,
    threads: RefCell<Vec<JoinHandle<()>>>,
}

impl Host {
    pub(crate) fn new(kind: &Kind) -> Self {
        Self { kind: kind.clone(), by_hand: Manual::new(), threads: RefCell::default() }
    }

    pub(crate) fn spawn(&self, task: Task, node: &NodeHandle) {
        match &self.kind {
            Kind::Dispatcher(_) | Kind::AsyncIo => self.by_hand.spawn(task),
            Kind::Threads => {
                let node = node.clone();
                let task = async move {
                    task.await;
                    Ok::<_, Error>(())
                };
                let thread = thread::spawn(move || node.block_on(task, None).expect("it is woken"));
                self.threads.borrow_mut().push(thread);
            }
            Kind::Tokio(runtime) | Kind::CurrentThread(runtime) => drop(runtime.spawn(task)),
            Kind::Local(_, local) => drop(local.spawn_local(task)),
            Kind::Smol(executor) => executor.spawn(task).detach(),
        }
    }

    pub(crate) fn turn(&self) {
        match &self.kind {
            Kind::Dispatcher(_) => {
                self.by_hand.turn();
                thread::yield_now();
            }
            Kind::AsyncIo => async_io::block_on(async {
                self.by_hand.turn();
                smol::future::yield_now().await;
            }),
            Kind::Threads | Kind::Tokio(_) | Kind::Smol(_) => thread::yield_now(),
            Kind::CurrentThread(runtime) => runtime.block_on(tokio::task::yield_now()),
            Kind::Local(runtime, local) => local.block_on(runtime, tokio::task::yield_now()),
        }
    }
}

impl Drop for Host {
    /// The suite has dropped every wait by now, so each thread is on its way out.
    fn drop(&mut self) {
        for thread in self.threads.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "a blocking wait gave up");
        }
    }
}
