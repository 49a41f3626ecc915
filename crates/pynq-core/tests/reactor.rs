//! Waits that depend on a reactor, and waits that don't, on one node and behind a cascade.
#![cfg(all(feature = "std", not(loom)))]

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

use pynq_core::{
    Error, Instant,
    interrupt::{Driven, InterruptHardware, InterruptSource, Lines, Node, NodeHandle, ParentLine, StdLock},
};

/// A root whose answers the test sets.
#[derive(Clone, Default)]
struct Root(Arc<Script>);

#[derive(Default)]
struct Script {
    latch: AtomicU32,
    enabled: AtomicU32,
    admissions: Mutex<Vec<Result<Driven, Error>>>,
    error: Mutex<Option<Error>>,
    waker: Mutex<Option<Waker>>,
}

impl Root {
    /// The answers to the next admissions, last one first; then `Own`.
    fn admit_with(&self, answers: &[Result<Driven, Error>]) {
        *self.0.admissions.lock().expect("a sound bench") = answers.to_vec();
    }

    fn raise(&self, lines: u32) {
        self.0.latch.fetch_or(lines, SeqCst);
        self.wake();
    }

    fn fail(&self, error: Error) {
        *self.0.error.lock().expect("a sound bench") = Some(error);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.0.waker.lock().expect("a sound bench").clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl InterruptSource for Root {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(error) = self.0.error.lock().expect("a sound bench").take() {
            return Poll::Ready(Err(error));
        }
        *self.0.waker.lock().expect("a sound bench") = Some(cx.waker().clone());
        if self.0.latch.load(SeqCst) & self.0.enabled.load(SeqCst) != 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn disarm(self: Pin<&Self>) {}

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }

    fn prepare_wait(&self) -> Result<Driven, Error> {
        self.0.admissions.lock().expect("a sound bench").pop().unwrap_or(Ok(Driven::ByCaller))
    }
}

struct Latches(Root);

impl InterruptHardware for Latches {
    type Lines = Lines<4>;

    fn unmask(&mut self, lines: u32) {
        self.0.0.enabled.fetch_or(lines, SeqCst);
    }

    fn mask(&mut self, lines: u32) {
        self.0.0.enabled.fetch_and(!lines, SeqCst);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.0.0.latch.fetch_and(!lines, SeqCst) & lines
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn clears_on_ack(&self) -> u32 {
        !0
    }

    fn read_back(&mut self) {}
}

/// A child whose one line fires whenever its parent does.
struct Through;

impl InterruptHardware for Through {
    type Lines = Lines<1>;

    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, lines: u32) -> u32 {
        lines
    }

    fn clears_on_ack(&self) -> u32 {
        0
    }

    fn read_back(&mut self) {}
}

fn node(root: &Root) -> NodeHandle {
    NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Latches(root.clone()), root.clone()))).erase()
}

fn child(parent: &NodeHandle, line: u8) -> NodeHandle {
    let parent = ParentLine::new(parent.clone(), line);
    NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Through, parent))).erase()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

const REACTOR: Result<Driven, Error> = Ok(Driven::ByReactor);
const OWN: Result<Driven, Error> = Ok(Driven::ByCaller);

#[test]
fn a_wait_that_is_not_admitted_ends_and_leaves_nothing_behind() {
    let root = Root::default();
    let node = node(&root);
    let mut line = node.line(0).expect("a healthy node");
    root.admit_with(&[Err(Error::NoReactor)]);
    assert_eq!(poll(pin!(line.wait_async())), Poll::Ready(Err(Error::NoReactor)));
    assert_eq!(root.0.enabled.load(SeqCst), 0);
    assert!(node.is_idle());
    // It was about that wait and no other.
    let mut wait = pin!(line.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    root.raise(1);
    assert!(matches!(poll(wait), Poll::Ready(Ok(_))));
}

#[test]
fn an_event_that_is_there_needs_no_reactor() {
    let root = Root::default();
    let node = node(&root);
    let (mut one, mut other) = (node.line(0).expect("a healthy node"), node.line(0).expect("a healthy node"));
    let mut wait = pin!(one.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    root.raise(1);
    root.admit_with(&[Err(Error::NoReactor); 4]);
    assert!(matches!(poll(wait), Poll::Ready(Ok(_))));
    assert!(matches!(poll(pin!(other.wait_async())), Poll::Ready(Ok(_))));
}

#[test]
fn a_reactor_that_goes_ends_the_waits_it_served_and_no_other() {
    let root = Root::default();
    let node = node(&root);
    let mut lines = [0, 0, 1].map(|line| node.line(line).expect("a healthy node"));
    let [served, twin, alone] = &mut lines;
    let (mut served, mut twin, mut alone) =
        (Box::pin(served.wait_async()), Box::pin(twin.wait_async()), Box::pin(alone.wait_async()));
    root.admit_with(&[REACTOR, REACTOR]);
    assert!(poll(served.as_mut()).is_pending());
    assert!(poll(twin.as_mut()).is_pending());
    root.admit_with(&[REACTOR, REACTOR]);
    assert!(poll(alone.as_mut()).is_pending());

    root.fail(Error::ReactorGone);
    assert_eq!(poll(served.as_mut()), Poll::Ready(Err(Error::ReactorGone)));
    assert_eq!(poll(alone.as_mut()), Poll::Ready(Err(Error::ReactorGone)));
    assert!(poll(twin.as_mut()).is_pending());
    assert_eq!(root.0.enabled.load(SeqCst), 1, "the line of the one that is left, and no other");
    root.raise(1);
    assert!(matches!(poll(twin.as_mut()), Poll::Ready(Ok(_))));
    drop((served, twin, alone));
    assert!(node.is_idle());
}

#[test]
fn the_same_behind_a_cascade() {
    let root = Root::default();
    let parent = node(&root);
    let (mixed, served) = (child(&parent, 0), child(&parent, 1));
    let mut a = mixed.line(0).expect("a healthy node");
    let mut b = mixed.line(0).expect("a healthy node");
    let mut c = served.line(0).expect("a healthy node");
    let (mut a, mut b, mut c) = (Box::pin(a.wait_async()), Box::pin(b.wait_async()), Box::pin(c.wait_async()));
    root.admit_with(&[REACTOR, REACTOR]);
    assert!(poll(a.as_mut()).is_pending());
    assert!(poll(b.as_mut()).is_pending());
    root.admit_with(&[REACTOR, REACTOR]);
    assert!(poll(c.as_mut()).is_pending());

    root.fail(Error::ReactorGone);
    assert_eq!(poll(a.as_mut()), Poll::Ready(Err(Error::ReactorGone)));
    assert_eq!(poll(c.as_mut()), Poll::Ready(Err(Error::ReactorGone)));
    assert!(poll(b.as_mut()).is_pending());
    assert_eq!(root.0.enabled.load(SeqCst), 1);
    assert!(served.is_idle());
    root.raise(1);
    assert!(matches!(poll(b.as_mut()), Poll::Ready(Ok(_))));
    drop((a, b, c));
    assert!(parent.is_idle() && mixed.is_idle());
}

/// The reactor goes after `prepare_wait` and before the wait is registered: no error reaches a waiter in the queue.
#[test]
fn a_reactor_that_goes_while_a_wait_registers_is_noticed() {
    let root = Root::default();
    let node = node(&root);
    let mut line = node.line(0).expect("a healthy node");
    root.admit_with(&[Err(Error::NoReactor), REACTOR]);
    assert_eq!(poll(pin!(line.wait_async())), Poll::Ready(Err(Error::NoReactor)));
    assert!(node.is_idle());
}

/// Polled first by a blocked thread, and then in a task: from then on it depends on the reactor.
#[test]
fn a_wait_that_moves_to_a_reactor_ends_with_it() {
    let root = Root::default();
    let node = node(&root);
    let mut line = node.line(0).expect("a healthy node");
    let mut wait = pin!(line.wait_async());
    root.admit_with(&[REACTOR, REACTOR, OWN]);
    assert!(poll(wait.as_mut()).is_pending());
    root.fail(Error::ReactorGone);
    assert!(poll(wait.as_mut()).is_pending());
    assert!(root.0.admissions.lock().expect("a sound bench").is_empty(), "admitted again once it was known to move");
    root.fail(Error::ReactorGone);
    root.admit_with(&[]);
    assert_eq!(poll(wait), Poll::Ready(Err(Error::ReactorGone)));
}
