//! `start_and_wait`: what is refused touches nothing, and no other start comes between the stop and the start.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used)] // a test may

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use mutex_traits::{ConstInit, ScopedRawMutex};
use pynq_core::{
    Error,
    interrupt::{InterruptHardware, Lines, Node, NodeHandle, NodeLock, ParentLine, StdLock},
};
use pynq_sim::Board;

/// Rounds of the lock so far.
static ROUNDS: AtomicUsize = AtomicUsize::new(0);

/// A lock that counts its rounds.
struct Counted(StdLock);

impl ConstInit for Counted {
    const INIT: Self = Self(StdLock::INIT);
}

// SAFETY: the standard lock keeps the contract, and all goes through it.
unsafe impl ScopedRawMutex for Counted {
    fn try_with_lock<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        ROUNDS.fetch_add(1, SeqCst);
        self.0.try_with_lock(f)
    }

    fn with_lock<R>(&self, f: impl FnOnce() -> R) -> R {
        ROUNDS.fetch_add(1, SeqCst);
        self.0.with_lock(f)
    }

    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

impl NodeLock for Counted {
    const IN_HANDLER: bool = false;
}

/// What was done, and in which round.
#[derive(Default)]
struct Log(Vec<(&'static str, usize)>);

impl Log {
    fn note(&mut self, what: &'static str) {
        self.0.push((what, ROUNDS.load(SeqCst)));
    }
}

impl InterruptHardware for Log {
    type Lines = Lines<1>;

    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, _: u32) -> u32 {
        0
    }

    fn take_latched(&mut self, _: u32) -> u32 {
        self.note("clear");
        0
    }

    fn clears_on_ack(&self) -> u32 {
        1
    }

    fn read_back(&mut self) {}
}

#[test]
fn a_start_is_one_lock_round_and_what_is_refused_is_none() {
    let board = Board::builder().cpu_pin(61).build().unwrap();
    board.set_grace(Duration::ZERO);
    let pin = board.cpu_pin(61).unwrap();
    let node: NodeHandle<Log> = Arc::pin(Node::new(Counted::INIT, Log::default(), pin)).into();
    let stop = |log: &mut Log| {
        log.note("stop");
        Ok::<(), Error>(())
    };
    let quiet = node.start_and_wait(0, stop, |log| log.note("start")).block().unwrap_err();
    assert_eq!(*quiet.cause(), Error::NeverWoken);
    let done = node.with_hardware(|log| std::mem::take(&mut log.0)).unwrap();
    let round = done[0].1;
    assert_eq!(done, [("stop", round), ("clear", round), ("start", round)]);

    let refused = node.start_and_wait(0, |_: &mut Log| Err(Error::TimedOut), |log| log.note("start")).block();
    assert_eq!(*refused.unwrap_err().cause(), Error::TimedOut);
    let beyond = node.start_and_wait(1, stop, |log| log.note("start")).block();
    assert_eq!(*beyond.unwrap_err().cause(), Error::NoSuchLine { line: 1, lines: 1 });
    assert_eq!(node.with_hardware(|log| log.0.len()).unwrap(), 0, "nothing was stopped, cleared or started");

    let unwired: NodeHandle<Log> = Arc::pin(Node::new(Counted::INIT, Log::default(), ParentLine::UNWIRED)).into();
    let deaf = unwired.start_and_wait(0, stop, |log| log.note("start")).block();
    assert_eq!(*deaf.unwrap_err().cause(), Error::InterruptsUnavailable);
    assert_eq!(unwired.with_hardware(|log| log.0.len()).unwrap(), 0, "what nothing would end is not begun");

    node.invalidate(Error::Invalidated);
    let gone = node.start_and_wait(0, stop, |_| ()).block();
    assert_eq!(*gone.unwrap_err().cause(), Error::Invalidated);
}
