//! What runs the owners: two runtimes of tokio, smol's executor, threads.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use pynq_core::{Clock as _, Instant};
use pynq_sim::Board;
use pynq_smol::SmolReactor;
use pynq_tokio::TokioReactor;
use pynq_uio::{Dispatcher, FirstOf, LinuxClock, NoReactor, Reactor};
use tokio::runtime::{Builder, Runtime};

use crate::{
    owner::{Owner, Random},
    watch,
};

/// The time in which an owner is impatient.
#[derive(Clone)]
pub(crate) enum Time {
    Linux(LinuxClock),
    Simulated(Board),
}

impl Time {
    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::Linux(clock) => clock.now(),
            Self::Simulated(board) => board.now(),
        }
    }
}

/// What an owner runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    TokioCurrent,
    TokioThreads,
    Smol,
    /// A thread that polls and parks, and knows of no reactor.
    Parked,
    /// A thread in the blocking form of the wait.
    Twin,
}

/// What serves a rig's roots, and where its owners can be then.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Served {
    /// By whichever runtime comes first.
    Anybody,
    Tokio,
    Smol,
    Dispatcher,
    /// By the threads that wait.
    Nobody,
}

impl Served {
    pub(crate) const ALL: [Self; 5] = [Self::Anybody, Self::Tokio, Self::Smol, Self::Dispatcher, Self::Nobody];

    pub(crate) const fn hosts(self) -> &'static [Host] {
        use Host::{Parked, Smol, TokioCurrent, TokioThreads, Twin};
        match self {
            Self::Anybody => &[TokioCurrent, TokioThreads, Smol, Twin],
            Self::Tokio => &[TokioCurrent, TokioThreads, Twin],
            Self::Smol => &[Smol, Parked, Twin],
            Self::Dispatcher => &[TokioCurrent, TokioThreads, Smol, Parked, Twin],
            Self::Nobody => &[Twin],
        }
    }
}

/// The runtimes of a round.
pub(crate) struct Hosts {
    current: Arc<Runtime>,
    current_thread: Option<(smol::channel::Sender<()>, JoinHandle<()>)>,
    threads: Option<Runtime>,
    dispatcher: Arc<Dispatcher>,
    owners: Vec<Running>,
}

enum Running {
    Thread(JoinHandle<()>),
    Tokio(tokio::task::JoinHandle<()>),
    Smol(smol::Task<()>),
}

fn or_fail<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| watch::fail(&format!("{what}: {error}")))
}

impl Hosts {
    pub(crate) fn new() -> Self {
        let current = Arc::new(or_fail("tokio", Builder::new_current_thread().enable_all().build()));
        let threads = or_fail("tokio", Builder::new_multi_thread().worker_threads(2).enable_all().build());
        let dispatcher = or_fail("dispatcher", Dispatcher::start());
        Self { current, current_thread: None, threads: Some(threads), dispatcher, owners: Vec::new() }
    }

    pub(crate) fn reactor(&self, served: Served) -> Arc<dyn Reactor> {
        match served {
            Served::Anybody => {
                Arc::new(FirstOf::new(vec![Arc::new(TokioReactor::in_context()), Arc::new(SmolReactor)]))
            }
            Served::Tokio => Arc::new(TokioReactor::in_context()),
            Served::Smol => Arc::new(SmolReactor),
            Served::Dispatcher => Arc::clone(&self.dispatcher) as Arc<dyn Reactor>,
            Served::Nobody => Arc::new(NoReactor),
        }
    }

    pub(crate) fn run(&mut self, host: Host, owner: Owner) {
        let running = match (host, &self.threads) {
            (Host::TokioCurrent, _) => Running::Tokio(self.current.spawn(owner.task())),
            (Host::TokioThreads, Some(threads)) => Running::Tokio(threads.spawn(owner.task())),
            (Host::Smol | Host::TokioThreads, _) => Running::Smol(smol::spawn(owner.task())),
            (Host::Parked, _) => Running::Thread(thread::spawn(|| smol::future::block_on(owner.task()))),
            (Host::Twin, _) => Running::Thread(thread::spawn(|| owner.twin())),
        };
        self.owners.push(running);
    }

    /// From now on tokio's one thread has its turns.
    pub(crate) fn start(&mut self) {
        let (stop, stopped) = smol::channel::bounded::<()>(1);
        let current = Arc::clone(&self.current);
        let thread = thread::spawn(move || {
            // It fails when its other end is dropped.
            let _ = current.block_on(stopped.recv());
        });
        self.current_thread = Some((stop, thread));
    }

    /// Waits for all owners to end, and shuts the runtimes down.
    pub(crate) fn finish(mut self) {
        for owner in self.owners.drain(..) {
            match owner {
                Running::Thread(thread) => {
                    if thread.join().is_err() {
                        watch::fail("an owner's thread panicked");
                    }
                }
                Running::Tokio(task) => or_fail("an owner's task", smol::future::block_on(task)),
                Running::Smol(task) => smol::future::block_on(task),
            }
        }
        if let Some((stop, thread)) = self.current_thread.take() {
            drop(stop);
            if thread.join().is_err() {
                watch::fail("tokio's thread panicked");
            }
        }
        drop(self.threads.take());
    }

    pub(crate) fn any(served: Served, random: &mut Random) -> Host {
        let hosts = served.hosts();
        let nth = usize::try_from(random.below(hosts.len() as u64)).unwrap_or(0);
        hosts.get(nth).copied().unwrap_or(Host::Twin)
    }
}
