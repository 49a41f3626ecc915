//! The engine under the model checker: the shipped files, with only the lock and the atomics swapped.
//!
//! Run by `cargo xtask loom`, each model in a process of its own. `LOOM_MAX_PREEMPTIONS` bounds the search (3).
#![cfg(loom)]

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Wake, Waker},
};

use loom::{
    sync::{
        Mutex, MutexGuard, Notify,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use pynq_core::{
    Error, Instant,
    interrupt::{
        Condition, Direct, DirectNode, EventWait, Fired, InterruptHardware, InterruptSource, Line, Lines, Node,
        NodeHandle, ParentLine, StdLock, Waiting,
    },
};

/// A controller with edge latches, whose output is the CPU pin, and a block whose output is a level on input 0 of it.
#[derive(Default)]
struct Board {
    latch: u32,
    enabled: u32,
    block: Block,
    /// The block's output as the controller's edge detector last saw it.
    input: bool,
    armed: bool,
    fired: bool,
    waker: Option<Waker>,
    lost: bool,
    /// Register accesses are wrong from here on.
    gone: bool,
}

#[derive(Default)]
struct Block {
    data: u32,
    status: u32,
    enabled: u32,
}

#[derive(Clone)]
struct Bus(Arc<Mutex<Board>>);

impl Bus {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Board::default())))
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().expect("not poisoned")
    }

    /// Changes the board; what follows for the wires and the CPU pin follows, and the waker runs with the lock free.
    fn change<R>(&self, f: impl FnOnce(&mut Board) -> R) -> R {
        let (result, waker) = {
            let mut board = self.lock();
            let result = f(&mut board);
            let output = board.block.status & board.block.enabled != 0;
            if output && !board.input {
                board.latch |= 1;
            }
            board.input = output;
            let fires = board.armed && board.latch & board.enabled != 0;
            if fires {
                board.armed = false;
                board.fired = true;
            }
            (result, if fires { board.waker.clone() } else { None })
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    fn access<R>(&self, f: impl FnOnce(&mut Board) -> R) -> R {
        self.change(|board| {
            assert!(!board.gone, "a register was accessed after the node had been invalidated");
            f(board)
        })
    }

    fn edge(&self, lines: u32) {
        self.change(|board| board.latch |= lines);
    }

    fn set_data(&self, data: u32) {
        self.change(|board| {
            if board.block.data != data {
                board.block.status |= 1;
            }
            board.block.data = data;
        });
    }

    fn lose(&self) {
        let waker = {
            let mut board = self.lock();
            board.lost = true;
            board.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn assert_quiet(&self) {
        let board = self.lock();
        assert_eq!((board.enabled, board.block.enabled, board.armed), (0, 0, false), "left unmasked or armed");
    }
}

/// The CPU pin.
impl InterruptSource for Bus {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let (polled, old) = {
            let mut board = self.lock();
            if board.lost {
                return Poll::Ready(Err(Error::DeviceGone));
            }
            let fired = std::mem::take(&mut board.fired) || board.latch & board.enabled != 0;
            board.armed = !fired;
            let old = board.waker.replace(cx.waker().clone());
            (if fired { Poll::Ready(Ok(())) } else { Poll::Pending }, old)
        };
        drop(old);
        polled
    }

    fn disarm(self: Pin<&Self>) {
        let mut board = self.lock();
        board.armed = false;
        board.fired = false;
    }

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        unreachable!("the models wait on loom's own primitives")
    }
}

struct Controller(Bus);

impl InterruptHardware for Controller {
    type Lines = Lines<2>;

    fn unmask(&mut self, lines: u32) {
        self.0.access(|board| board.enabled |= lines);
    }

    fn mask(&mut self, lines: u32) {
        self.0.access(|board| board.enabled &= !lines);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.0.access(|board| {
            let taken = board.latch & lines;
            board.latch &= !taken;
            taken
        })
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn clears_on_ack(&self) -> u32 {
        !0
    }

    fn read_back(&mut self) {}
}

/// One channel of a GPIO.
struct Channel(Bus);

impl InterruptHardware for Channel {
    type Lines = Lines<1>;

    fn unmask(&mut self, lines: u32) {
        self.0.access(|board| board.block.enabled |= lines);
    }

    fn mask(&mut self, lines: u32) {
        self.0.access(|board| board.block.enabled &= !lines);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        let status = self.0.access(|board| board.block.status & lines);
        if status != 0 {
            self.0.access(|board| board.block.status ^= status);
        }
        status
    }

    fn read_level(&mut self, _: u8) -> u32 {
        self.0.access(|board| board.block.data)
    }

    fn clears_on_ack(&self) -> u32 {
        !0
    }

    fn read_back(&mut self) {}
}

fn top(bus: &Bus) -> NodeHandle {
    NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Controller(bus.clone()), bus.clone()))).erase()
}

fn gpio(bus: &Bus, top: &NodeHandle) -> NodeHandle {
    let parent = ParentLine::new(top.clone(), 0);
    NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Channel(bus.clone()), parent))).erase()
}

fn line(top: &NodeHandle, number: u8) -> Line {
    top.line(number).expect("a healthy node")
}

struct Task(Notify);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

fn run<F: Future>(future: F) -> F::Output {
    let task = Arc::new(Task(Notify::new()));
    let waker = Waker::from(task.clone());
    let mut future = Box::pin(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => task.0.wait(),
        }
    }
}

fn wait(line: &mut Line) -> Result<Fired, Error> {
    run(line.wait_async())
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn started(line: &mut Line) -> (Pin<Box<Waiting<EventWait<'_>>>>, bool) {
    let mut wait = Box::pin(line.wait_async());
    let done = poll_once(wait.as_mut());
    (wait, done)
}

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    if builder.preemption_bound.is_none() {
        builder.preemption_bound = Some(3);
    }
    builder.max_branches = 50_000;
    let runs = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counted = runs.clone();
    builder.check(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        f();
    });
    eprintln!("{} executions", runs.load(std::sync::atomic::Ordering::Relaxed));
}

/// I2: an event while a wait registers completes it.
#[test]
fn fire_while_arming() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let mut a = line(&top, 0);
        let there = bus.clone();
        let fire = thread::spawn(move || there.edge(1));
        assert!(wait(&mut a).is_ok());
        fire.join().expect("no panic");
        bus.assert_quiet();
    });
}

/// I5: a wait dropped while its event arrives leaves nothing armed, and the event to the next wait.
#[test]
fn fire_while_dropping() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let mut a = line(&top, 0);
        let there = bus.clone();
        let fire = thread::spawn(move || there.edge(1));
        let (dropped, done) = started(&mut a);
        drop(dropped);
        fire.join().expect("no panic");
        bus.assert_quiet();
        if !done {
            assert!(wait(&mut a).is_ok());
            bus.assert_quiet();
        }
    });
}

/// I4: one service completes all tasks that wait.
#[test]
fn two_waiters() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let (mut a, mut b) = (line(&top, 0), line(&top, 0));
        let other = thread::spawn(move || wait(&mut b).is_ok());
        bus.edge(1);
        assert!(wait(&mut a).is_ok());
        assert!(other.join().expect("no panic"));
        bus.assert_quiet();
    });
}

/// I5: a wait that goes takes no event from one that stays.
#[test]
fn one_drops_while_other_waits() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let (mut a, mut b) = (line(&top, 0), line(&top, 0));
        let other = thread::spawn(move || drop(started(&mut b)));
        bus.edge(1);
        assert!(wait(&mut a).is_ok());
        other.join().expect("no panic");
        bus.assert_quiet();
    });
}

/// I1: two last waiters that go at once disarm the root.
#[test]
fn drop_against_drop() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let (mut a, mut b) = (line(&top, 0), line(&top, 1));
        let other = thread::spawn(move || drop(started(&mut b)));
        drop(started(&mut a));
        other.join().expect("no panic");
        bus.assert_quiet();
        assert!(top.is_idle());
    });
}

/// I4: a task that registers during a service waits for the next event, which is not lost.
#[test]
fn register_during_service() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let (mut a, mut b) = (line(&top, 0), line(&top, 0));
        let there = bus.clone();
        let other = thread::spawn(move || {
            b.clear().expect("a healthy node");
            there.edge(1);
            wait(&mut b)
        });
        assert!(wait(&mut a).is_ok());
        assert!(other.join().expect("no panic").is_ok());
        bus.assert_quiet();
    });
}

/// I4: what one handle clears, another one that waits still sees.
#[test]
fn clear_against_wait() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let (mut a, mut b) = (line(&top, 0), line(&top, 0));
        bus.edge(1);
        let other = thread::spawn(move || b.clear());
        assert!(wait(&mut a).is_ok());
        assert_eq!(other.join().expect("no panic"), Ok(()));
        bus.assert_quiet();
    });
}

/// I4: an event that both have cleared completes neither wait.
#[test]
fn clear_against_clear() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let (mut a, mut b) = (line(&top, 0), line(&top, 0));
        bus.edge(1);
        let other = thread::spawn(move || {
            a.clear().expect("a healthy node");
            a
        });
        b.clear().expect("a healthy node");
        let mut a = other.join().expect("no panic");
        assert!(!started(&mut a).1);
        assert!(!started(&mut b).1);
        bus.assert_quiet();
    });
}

/// I4: a clear against the event itself: it is over for this handle or still to come, and never hangs the node.
#[test]
fn clear_against_fire() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let (mut a, mut b) = (line(&top, 0), line(&top, 0));
        let there = bus.clone();
        let fire = thread::spawn(move || there.edge(1));
        a.clear().expect("a healthy node");
        assert!(wait(&mut b).is_ok());
        fire.join().expect("no panic");
        bus.assert_quiet();
    });
}

/// I8: a root that fails completes every wait, now and later.
#[test]
fn error_completes_waits() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let mut a = line(&top, 0);
        let there = bus.clone();
        let lose = thread::spawn(move || there.lose());
        assert_eq!(wait(&mut a), Err(Error::DeviceGone));
        lose.join().expect("no panic");
        assert_eq!(wait(&mut a), Err(Error::DeviceGone));
    });
}

/// I8: once invalidation has returned, no register is accessed any more.
#[test]
fn invalidate_against_wait() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let mut a = line(&top, 0);
        let (there, node) = (bus.clone(), top.clone());
        let other = thread::spawn(move || {
            node.invalidate(Error::Invalidated);
            there.lock().gone = true;
        });
        assert_eq!(wait(&mut a), Err(Error::Invalidated));
        other.join().expect("no panic");
        assert_eq!(wait(&mut a), Err(Error::Invalidated));
        bus.assert_quiet();
    });
}

/// I7: a level source on an edge line, one event.
#[test]
fn cascade() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let gpio = gpio(&bus, &top);
        let there = bus.clone();
        let press = thread::spawn(move || there.set_data(1));
        let high = gpio.wait_for::<Error>(0, Condition::Level { mask: 1, value: 1 });
        assert!(run(high).is_ok());
        press.join().expect("no panic");
        bus.assert_quiet();
        assert!(gpio.is_idle() && top.is_idle());
    });
}

/// I2, I7: two tasks, two pins of one channel, pressed one after the other; the line drops in between or not.
#[test]
fn cascade_two_pins() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let gpio = gpio(&bus, &top);
        let there = bus.clone();
        let press = thread::spawn(move || {
            there.set_data(1);
            there.set_data(3);
        });
        let first = gpio.wait_for::<Error>(0, Condition::Level { mask: 1, value: 1 });
        let second = gpio.wait_for::<Error>(0, Condition::Rising { mask: 2 });
        let (mut first, mut second) = (Box::pin(first), Box::pin(second));
        // Armed before the second press, or its edge would not be the wait's.
        let armed = !poll_once(second.as_mut()) && bus.lock().block.data & 2 == 0;
        assert!(run(first.as_mut()).is_ok());
        if armed {
            assert!(run(second.as_mut()).is_ok());
        }
        drop((first, second));
        press.join().expect("no panic");
        bus.assert_quiet();
    });
}

/// I2: what the waiter sleeps on and what its node compares with is one observation.
#[test]
fn level_there_and_back() {
    model(|| {
        let bus = Bus::new();
        let top = top(&bus);
        let gpio = gpio(&bus, &top);
        let there = bus.clone();
        let pulse = thread::spawn(move || {
            there.set_data(1);
            there.set_data(0);
        });
        let low = gpio.wait_for::<Error>(0, Condition::Level { mask: 1, value: 0 });
        assert!(run(low).is_ok());
        pulse.join().expect("no panic");
        bus.assert_quiet();
    });
}

/// A root whose handler leaves a flag, without a lock, and that keeps the one waker it is ever given.
#[derive(Clone)]
struct FlagRoot(Arc<(AtomicBool, OnceLock<Waker>)>);

impl InterruptSource for FlagRoot {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let (fired, waker) = &*self.0;
        waker.get_or_init(|| cx.waker().clone());
        if fired.load(Ordering::Acquire) {
            fired.store(false, Ordering::Relaxed);
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }

    fn disarm(self: Pin<&Self>) {}

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        unreachable!("the models wait on loom's own primitives")
    }
}

/// I2: what went before a wake is seen by the poll that follows it, also when another thread's wake leads to that poll.
#[test]
fn wake_publishes_what_went_before() {
    model(|| {
        let root = FlagRoot(Arc::new((AtomicBool::new(false), OnceLock::new())));
        let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, root.clone()));
        let mut line = NodeHandle::from(node).line(0).expect("a healthy node");
        let mut wait = Box::pin(line.wait_async());
        assert!(!poll_once(wait.as_mut()));
        let there = root.clone();
        let handler = thread::spawn(move || {
            there.0.0.store(true, Ordering::Release);
            there.0.1.get().expect("armed").wake_by_ref();
        });
        root.0.1.get().expect("armed").wake_by_ref();
        handler.join().expect("no panic");
        assert!(poll_once(wait.as_mut()), "lost");
    });
}
