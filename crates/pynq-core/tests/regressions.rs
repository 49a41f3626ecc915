//! Faults the engine has had: each of these tests failed once.
#![cfg(all(feature = "std", not(loom)))]

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_core::Stream;
use pynq_core::{
    Error, Instant,
    interrupt::{InterruptHardware, InterruptSource, Lines, Node, NodeHandle, ParentLine, StdLock},
};

#[derive(Default)]
struct Board {
    latch: AtomicU32,
    enabled: AtomicU32,
    armed: AtomicBool,
    fired: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// Fires (as a simulator does) inside the register write that enables these lines.
    fire_in_enable: AtomicU32,
    panic_in_enable: AtomicU32,
    /// (line to latch again after a take, how often)
    refill: AtomicU32,
    refills: AtomicU32,
    /// Latched at the take of this number.
    at: Mutex<Option<(u32, u32)>>,
    takes: AtomicU32,
}

impl Board {
    fn fire(&self) {
        if self.armed.load(SeqCst) && self.latch.load(SeqCst) & self.enabled.load(SeqCst) != 0 {
            self.armed.store(false, SeqCst);
            self.fired.store(true, SeqCst);
            let waker = self.waker.lock().expect("a sound bench").clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

#[derive(Clone, Default)]
struct Bus(Arc<Board>);

impl InterruptSource for Bus {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let fired = self.0.fired.swap(false, SeqCst) || self.0.latch.load(SeqCst) & self.0.enabled.load(SeqCst) != 0;
        self.0.armed.store(!fired, SeqCst);
        *self.0.waker.lock().expect("a sound bench") = Some(cx.waker().clone());
        if fired { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
    fn disarm(self: Pin<&Self>) {
        self.0.armed.store(false, SeqCst);
        self.0.fired.store(false, SeqCst);
    }
    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }
}

struct Controller(Bus);

impl InterruptHardware for Controller {
    type Lines = Lines<4>;

    fn unmask(&mut self, lines: u32) {
        let board = &*self.0.0;
        board.enabled.fetch_or(lines, SeqCst);
        if board.panic_in_enable.load(SeqCst) & lines != 0 {
            panic!("a register access panics");
        }
        if board.fire_in_enable.load(SeqCst) & lines != 0 {
            board.latch.fetch_or(1, SeqCst);
            board.fire();
        }
    }
    fn mask(&mut self, lines: u32) {
        self.0.0.enabled.fetch_and(!lines, SeqCst);
    }
    fn ack_pending(&mut self, lines: u32) -> u32 {
        let board = &*self.0.0;
        let number = board.takes.fetch_add(1, SeqCst);
        if let Some((at, line)) = *board.at.lock().expect("a sound bench") {
            if number == at {
                board.latch.fetch_or(line, SeqCst);
            }
        }
        let taken = board.latch.fetch_and(!lines, SeqCst) & lines;
        if board.refills.load(SeqCst) > 0 {
            board.refills.fetch_sub(1, SeqCst);
            board.latch.fetch_or(board.refill.load(SeqCst), SeqCst);
        }
        taken
    }
    fn take_latched(&mut self, lines: u32) -> u32 {
        self.0.0.latch.fetch_and(!lines, SeqCst) & lines
    }
    fn clears_on_ack(&self) -> u32 {
        !0
    }
    fn read_back(&mut self) {}
}

struct PanicsOnWake;
impl Wake for PanicsOnWake {
    fn wake(self: Arc<Self>) {
        panic!("a user's waker panics");
    }
}

fn node(bus: &Bus) -> NodeHandle {
    NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Controller(bus.clone()), bus.clone()))).erase()
}

fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// B registers and thereby dispatches; A's waker panics through B's poll. B's waiter is linked and has to be taken out.
#[test]
fn a_panicking_waker_must_not_leave_a_foreign_waiter_linked() {
    let bus = Bus::default();
    let node = node(&bus);
    let (mut a, mut b) = (node.line(0).expect("a sound bench"), node.line(1).expect("a sound bench"));
    let bad = Waker::from(Arc::new(PanicsOnWake));
    let mut wait_a = Box::pin(a.wait_async());
    assert!(poll_with(wait_a.as_mut(), &bad).is_pending());
    bus.0.fire_in_enable.store(2, SeqCst);
    let mut wait_b = Box::pin(b.wait_async());
    let unwound = catch_unwind(AssertUnwindSafe(|| poll_with(wait_b.as_mut(), Waker::noop()).is_ready()));
    assert!(unwound.is_err());
    drop(wait_b); // frees the waiter
    drop(wait_a);
    let idle = node.is_idle();
    if !idle {
        std::mem::forget(node); // its queue points into freed memory
    }
    assert!(idle, "the node's queue still holds the dropped future's waiter");
}

/// The same by a register function that panics, as a simulated access may.
#[test]
fn a_panicking_register_function_must_not_leave_a_waiter_linked() {
    let bus = Bus::default();
    let node = node(&bus);
    let mut a = node.line(0).expect("a sound bench");
    bus.0.panic_in_enable.store(1, SeqCst);
    let mut wait = Box::pin(a.wait_async());
    let unwound = catch_unwind(AssertUnwindSafe(|| poll_with(wait.as_mut(), Waker::noop()).is_ready()));
    assert!(unwound.is_err());
    bus.0.panic_in_enable.store(0, SeqCst);
    drop(wait);
    let idle = node.is_idle();
    if !idle {
        std::mem::forget(node);
    }
    assert!(idle, "the node's queue still holds the dropped future's waiter");
}

struct Flag(AtomicBool);
impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// How often a line may be pending in one service is counted by line.
#[test]
fn a_chatty_line_must_not_make_another_one_stuck() {
    let bus = Bus::default();
    let node = node(&bus);
    let chatty = node.line(0).expect("a sound bench");
    let mut quiet = node.line(1).expect("a sound bench");
    let mut listener = Box::pin(chatty.listen());
    listener.as_mut().arm().expect("a sound bench");
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let mut wait = Box::pin(quiet.wait_async());
    assert!(poll_with(wait.as_mut(), &Waker::from(flag.clone())).is_pending());
    bus.0.refill.store(1, SeqCst);
    bus.0.refills.store(64, SeqCst);
    *bus.0.at.lock().expect("a sound bench") = Some((64, 2));
    bus.0.latch.store(1, SeqCst);
    bus.0.fire();
    let told = poll_with(wait.as_mut(), Waker::noop());
    assert!(matches!(told, Poll::Ready(Ok(_))), "line 1 fired once and was told {told:?}");
}

/// A listener whose line was masked as stuck can be armed again.
#[test]
fn arm_after_a_line_was_masked() {
    let bus = Bus::default();
    let node = node(&bus);
    let mut listener = Box::pin(node.line(0).expect("a sound bench").listen());
    listener.as_mut().arm().expect("a sound bench");
    bus.0.refill.store(1, SeqCst);
    bus.0.refills.store(200, SeqCst);
    bus.0.latch.store(1, SeqCst);
    bus.0.fire();
    assert_eq!(node.line_stats(0).stuck, 1);
    bus.0.refills.store(0, SeqCst);
    listener.as_mut().arm().expect("a sound bench");
    assert_eq!(bus.0.enabled.load(SeqCst), 1, "arm() said Ok and the line is masked");
}

/// A controller with one level input that is always active; its output is a pin that fires while it is unmasked.
struct LevelStuck(Arc<AtomicU32>);
impl InterruptHardware for LevelStuck {
    type Lines = Lines<1>;

    fn unmask(&mut self, lines: u32) {
        self.0.fetch_or(lines, SeqCst);
    }
    fn mask(&mut self, lines: u32) {
        self.0.fetch_and(!lines, SeqCst);
    }
    fn ack_pending(&mut self, lines: u32) -> u32 {
        lines & 1
    }
    fn clears_on_ack(&self) -> u32 {
        0
    }
    fn read_back(&mut self) {}
}

/// One-shot, level: polled while the output is active it has fired; otherwise it keeps the waker.
struct LevelRoot {
    output: Arc<AtomicU32>,
    /// The input has become active, for good.
    active: AtomicBool,
    polls: AtomicU32,
    /// Returns `Ready` only in every second poll, as a reactor that is polled again does.
    by_reactor: bool,
    waker: Mutex<Option<Waker>>,
}
impl InterruptSource for LevelRoot {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let polls = self.polls.fetch_add(1, SeqCst);
        assert!(polls < 100_000, "the dispatch goes on for ever");
        *self.waker.lock().expect("a sound bench") = Some(cx.waker().clone());
        let fired = self.active.load(SeqCst) && self.output.load(SeqCst) != 0 && (!self.by_reactor || polls % 2 == 1);
        if fired { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
    fn disarm(self: Pin<&Self>) {}
    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }
}

/// Behind a cascade every empty service is a dispatch of its own, in which the parent does find its line pending.
fn stuck_behind_a_cascade(by_reactor: bool) {
    let output = Arc::new(AtomicU32::new(0));
    let root = Arc::new(LevelRoot {
        output: output.clone(),
        active: AtomicBool::new(false),
        polls: AtomicU32::new(0),
        by_reactor,
        waker: Mutex::new(None),
    });
    let top = Arc::pin(Node::new(StdLock::new(), LevelStuck(output), root.clone()));
    let child = Arc::pin(Node::with_lines(StdLock::new(), Controller(Bus::default()), ParentLine::new(top, 0), 1));
    let mut line = NodeHandle::from(child).line(0).expect("a sound bench");
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let mut wait = Box::pin(line.wait_async());
    assert!(poll_with(wait.as_mut(), &Waker::from(flag.clone())).is_pending());
    root.active.store(true, SeqCst);
    for _ in 0..10_000 {
        if flag.0.load(SeqCst) {
            break;
        }
        let waker = root.waker.lock().expect("a sound bench").clone().expect("a sound bench");
        waker.wake(); // the reactor
    }
    assert!(flag.0.load(SeqCst), "10000 interrupts for nothing, and the task was never told");
    assert!(matches!(poll_with(wait.as_mut(), Waker::noop()), Poll::Ready(Err(Error::LineStuck { .. }))));
}

#[test]
fn a_stuck_line_behind_a_cascade_ends_the_wait() {
    stuck_behind_a_cascade(false);
}

#[test]
fn a_stuck_line_behind_a_cascade_ends_the_wait_also_where_a_reactor_delivers() {
    stuck_behind_a_cascade(true);
}

/// A wait for a condition has no handle that could have missed anything.
#[test]
fn a_wait_without_a_handle_misses_nothing() {
    use pynq_core::interrupt::Condition;
    let bus = Bus::default();
    let node = node(&bus);
    for _ in 0..3 {
        let mut wait = Box::pin(node.wait_for::<Error>(0, Condition::Event));
        assert!(poll_with(wait.as_mut(), Waker::noop()).is_pending());
        bus.0.latch.store(1, SeqCst);
        bus.0.fire();
        let Poll::Ready(Ok(fired)) = poll_with(wait.as_mut(), Waker::noop()) else { panic!("it fired") };
        assert_eq!(fired.missed, 0);
    }
}

/// A stream of events that has returned the error of its hardware is over, and does not return it for ever.
#[test]
fn a_listener_ends_with_its_hardware() {
    let node = node(&Bus::default());
    let mut listener = Box::pin(node.line(0).expect("a sound bench").listen());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(listener.as_mut().poll_next(&mut cx).is_pending());
    node.invalidate(Error::Invalidated);
    assert_eq!(listener.as_mut().poll_next(&mut cx), Poll::Ready(Some(Err(Error::Invalidated))));
    assert_eq!(listener.as_mut().poll_next(&mut cx), Poll::Ready(None));
}

struct PanicsBesideAnEvent(Bus);
impl Wake for PanicsBesideAnEvent {
    fn wake(self: Arc<Self>) {
        self.0.0.latch.fetch_or(2, SeqCst);
        self.0.fire_or_tell();
        panic!("a user's waker panics");
    }
}

impl Bus {
    /// As another thread does at this moment: the source is not armed, and the node has an owner.
    fn fire_or_tell(&self) {
        let waker = self.0.waker.lock().expect("a sound bench").clone();
        waker.expect("a waker since the first poll").wake();
    }
}

/// A waker's panic goes on only after the owner has answered a wake that came meanwhile, and has armed the source again.
#[test]
fn a_panicking_waker_must_not_lose_the_wake_that_found_an_owner() {
    let bus = Bus::default();
    let node = node(&bus);
    let (mut a, mut b) = (node.line(0).expect("a sound bench"), node.line(1).expect("a sound bench"));
    let bad = Waker::from(Arc::new(PanicsBesideAnEvent(bus.clone())));
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let good = Waker::from(flag.clone());
    let (mut wait_a, mut wait_b) = (Box::pin(a.wait_async()), Box::pin(b.wait_async()));
    assert!(poll_with(wait_a.as_mut(), &bad).is_pending());
    assert!(poll_with(wait_b.as_mut(), &good).is_pending());
    bus.0.latch.fetch_or(1, SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| bus.0.fire())).is_err());
    assert!(flag.0.load(SeqCst), "line 1 fired and was delivered, and its task sleeps on");
}

/// A controller's channel that samples its pins.
struct Pins(Bus, Arc<AtomicU32>);

impl InterruptHardware for Pins {
    type Lines = Lines<1>;

    fn unmask(&mut self, lines: u32) {
        self.0.0.enabled.fetch_or(lines, SeqCst);
    }
    fn mask(&mut self, lines: u32) {
        self.0.0.enabled.fetch_and(!lines, SeqCst);
    }
    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.0.0.latch.fetch_and(!lines, SeqCst) & lines
    }
    fn read_level(&mut self, _: u8) -> u32 {
        self.1.load(SeqCst)
    }
    fn clears_on_ack(&self) -> u32 {
        !0
    }
    fn read_back(&mut self) {}
}

/// A wait for a condition that is polled again after it completed is for the same condition, on the same bits.
#[test]
fn a_wait_for_a_condition_keeps_it() {
    use pynq_core::interrupt::Condition;
    const MINE: u32 = 0b1000;
    let (bus, pins) = (Bus::default(), Arc::new(AtomicU32::new(0)));
    let node = NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Pins(bus.clone(), pins.clone()), bus.clone())));
    let change = |to: u32| {
        pins.store(to, SeqCst);
        bus.0.latch.store(1, SeqCst);
        bus.0.fire();
    };
    let level = |value| Condition::Level { mask: MINE, value };
    for (condition, away, there) in [
        (Condition::Rising { mask: MINE }, 0, MINE),
        (Condition::Falling { mask: MINE }, MINE, 0),
        (Condition::Change { mask: MINE, since: None }, 0, MINE),
        (level(MINE), 0, MINE),
        (level(0), MINE, 0),
    ] {
        change(away);
        let mut wait = Box::pin(node.wait_for::<Error>(0, condition));
        for round in 0..3 {
            assert!(poll_with(wait.as_mut(), Waker::noop()).is_pending(), "{condition:?}, round {round}");
            // All others, those whose number the count of events is among them.
            for others in [0b0111, 0, 0b0001, 0b0100] {
                change(away | others);
                let polled = poll_with(wait.as_mut(), Waker::noop());
                assert!(polled.is_pending(), "{condition:?}, round {round}: {polled:?} by other pins");
            }
            change(there);
            let polled = poll_with(wait.as_mut(), Waker::noop());
            assert!(matches!(polled, Poll::Ready(Ok(_))), "{condition:?}, round {round}: {polled:?} by its pin");
            change(away);
        }
    }
}

/// A reactor that clones the waker it is polled with, again and again, and keeps none.
struct Clones(AtomicBool);

impl InterruptSource for Clones {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        for _ in 0..CLONES {
            drop(cx.waker().clone());
        }
        self.0.store(true, SeqCst);
        Poll::Pending
    }
    fn disarm(self: Pin<&Self>) {}
    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }
}

/// Enough for the two threads of a test to meet.
const CLONES: u32 = 1_000_000;

/// A reactor clones the node's waker while `other` probes whether it is the only owner, for which an `Arc` locks its
/// count of weak references.
fn cloned_beside_a_probe(mut node: Arc<Node<Controller, StdLock, Arc<Clones>>>, clones: &Clones) {
    let handle = NodeHandle::from(Pin::new(Arc::clone(&node)));
    let mut line = handle.line(0).expect("a sound bench");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut wait = Box::pin(line.wait_async());
            assert!(poll_with(wait.as_mut(), Waker::noop()).is_pending());
        });
        while !clones.0.load(SeqCst) {
            assert!(Arc::get_mut(&mut node).is_none(), "it has a handle");
        }
    });
}

/// The waker of a node has a count to be cloned from.
#[test]
fn a_waker_may_be_cloned_beside_a_probe_of_its_node_s_arc() {
    let clones = Arc::new(Clones(AtomicBool::new(false)));
    let node = Node::new(StdLock::new(), Controller(Bus::default()), Arc::clone(&clones));
    cloned_beside_a_probe(Arc::new(node), &clones);
}

/// Also that of a node which has moved from one `Arc` to another since its first handle was made.
#[test]
fn a_waker_of_a_node_that_has_moved_may_be_cloned_beside_a_probe() {
    let clones = Arc::new(Clones(AtomicBool::new(false)));
    let node = Arc::new(Node::new(StdLock::new(), Controller(Bus::default()), Arc::clone(&clones)));
    drop(NodeHandle::from(Pin::new(Arc::clone(&node))));
    let Ok(node) = Arc::try_unwrap(node) else { panic!("its handles are gone") };
    cloned_beside_a_probe(Arc::new(node), &clones);
}
