//! A device that raises interrupts, and counts.

use std::{
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering::SeqCst},
    },
};

use pynq_core::{
    interrupt::{Fired, NodeHandle},
    lock,
};
use pynq_sim::Board;

use crate::{uio::Uio, watch};

/// How a device requests service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By an edge for each event. It has two owners, and each must see every event.
    Edge,
    /// By a line that it holds until its owner clears it. It has one.
    Level,
}

impl Kind {
    pub(crate) const fn owners(self) -> usize {
        match self {
            Self::Edge => 2,
            Self::Level => 1,
        }
    }
}

/// A device, and the line that its owners wait on.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) board: Board,
    /// What it drives, as the board calls it.
    pub(crate) wire: String,
    pub(crate) node: NodeHandle,
    pub(crate) line: u8,
    /// Whether waits on it may be given up. An edge of a pin that is masked by a write to its root may not: one that
    /// comes in between is lost.
    pub(crate) gives_up: bool,
    /// It is wired to the processor through this one.
    pub(crate) on_root: Option<Uio>,
    /// The device's own count.
    raised: AtomicU32,
    /// A level device requests service.
    requests: Mutex<bool>,
    /// What each owner has seen.
    seen: [AtomicU32; 2],
    /// The last event, once it is known.
    last: AtomicU32,
    pub(crate) cancelled: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    /// Completions that found a level device quiet.
    pub(crate) for_nothing: AtomicU64,
}

impl Source {
    pub(crate) fn new(name: String, kind: Kind, board: &Board, wire: &str, node: NodeHandle, line: u8) -> Self {
        Self {
            name,
            kind,
            board: board.clone(),
            wire: wire.to_owned(),
            node,
            line,
            gives_up: true,
            on_root: None,
            raised: AtomicU32::new(0),
            requests: Mutex::new(false),
            seen: Default::default(),
            last: AtomicU32::new(u32::MAX),
            cancelled: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
            for_nothing: AtomicU64::new(0),
        }
    }

    pub(crate) fn raised(&self) -> u32 {
        self.raised.load(SeqCst)
    }

    fn seen(&self) -> impl Iterator<Item = u32> {
        self.seen.iter().take(self.kind.owners()).map(|seen| seen.load(SeqCst))
    }

    /// Of all owners together.
    pub(crate) fn completions(&self) -> u64 {
        self.seen().map(u64::from).sum()
    }

    /// Whether each owner has seen the last event.
    pub(crate) fn is_served(&self) -> bool {
        let raised = self.raised();
        self.seen().all(|seen| seen == raised)
    }

    /// Raises the next event.
    pub(crate) fn raise(&self) {
        // Before it happens: an owner that is woken may compare.
        self.raised.fetch_add(1, SeqCst);
        let done = match self.kind {
            Kind::Edge => self.board.pulse_line(&self.wire),
            Kind::Level => {
                let mut requests = lock(&self.requests);
                *requests = true;
                self.board.set_line(&self.wire, true)
            }
        };
        if let Err(error) = done {
            watch::fail(&format!("{}: {error}", self.name));
        }
    }

    /// The next event will be the last.
    pub(crate) fn announce_last(&self) {
        self.last.store(self.raised() + 1, SeqCst);
    }

    /// Whether an owner has seen the last one.
    pub(crate) fn is_over(&self, owner: usize) -> bool {
        self.seen[owner].load(SeqCst) >= self.last.load(SeqCst)
    }

    /// An owner's wait has ended with an event.
    pub(crate) fn serve(&self, owner: usize, fired: Fired) {
        if self.kind == Kind::Level {
            let mut requests = lock(&self.requests);
            if !std::mem::take(&mut *requests) {
                self.for_nothing.fetch_add(1, SeqCst);
                // A socket delivers what a kernel would have forgotten with the write that masks.
                if self.on_root.is_none() {
                    watch::fail(&format!("{}: an event of a device that is quiet: {self}", self.name));
                }
                return;
            }
            if let Err(error) = self.board.set_line(&self.wire, false) {
                watch::fail(&format!("{}: {error}", self.name));
            }
        } else if fired.missed != 0 {
            watch::fail(&format!(
                "{}: {fired:?}, though the next event comes when this one was seen: {self}",
                self.name
            ));
        }
        let seen = self.seen[owner].fetch_add(1, SeqCst) + 1;
        if seen > self.raised() {
            watch::fail(&format!("{}: an event that no device raised: {self}", self.name));
        }
    }
}

/// Where it stands.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen: Vec<u32> = self.seen().collect();
        write!(
            f,
            "{}: {} raised, seen {seen:?}, {:?}, {} idle",
            self.name,
            self.raised(),
            self.node.line_stats(self.line),
            if self.node.is_idle() { "its node is" } else { "its node is not" }
        )
    }
}
