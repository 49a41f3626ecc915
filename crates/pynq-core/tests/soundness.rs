//! Safe code that does the worst it can with handles: nothing of it may reach memory that is gone.
#![cfg(all(feature = "critical-section", feature = "std", not(loom)))]
#![allow(clippy::unwrap_used)] // a test may

mod minimal;

use std::{
    cell::RefCell,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{Arc, Mutex, Weak, atomic::Ordering::SeqCst},
    task::{Context, Poll, Wake, Waker},
    thread,
};

use minimal::*;
use mutex::raw_impls::cs::CriticalSectionRawMutex;
use pynq_core::{
    Error, Instant,
    interrupt::{Fired, InterruptHardware, InterruptSource, Line, Lines, Node, NodeHandle, ParentLine, StdLock},
};

type Wait = Pin<Box<dyn Future<Output = Result<Fired, Error>> + Send>>;

fn wait(node: &NodeHandle, line: u8) -> Wait {
    let mut line = node.line(line).unwrap();
    Box::pin(async move { line.wait_async().await })
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A node on a root of its own, with its registers; and a weak pointer that shows when it is gone.
struct One {
    root: Arc<Root>,
    registers: Arc<Registers>,
    node: NodeHandle,
    left: Weak<RootNode>,
}

fn one() -> One {
    let root = Root::new(Habit::KeepsTheWaker);
    let registers = Registers::on(&root);
    let node = Arc::new(Node::new(StdLock::new(), Edges(Arc::clone(&registers)), Arc::clone(&root)));
    let left = Arc::downgrade(&node);
    One { root, registers, node: NodeHandle::from(Pin::new(node)).erase(), left }
}

// ---- handles of two nodes

/// A wait has its line, and a line its node, whatever is put in the place of either.
#[test]
fn lines_of_two_nodes_in_each_other_s_place() {
    let (a, b) = (one(), one());
    let (mut first, mut second) = (a.node.line(0).unwrap(), b.node.line(1).unwrap());
    for round in 0..4 {
        {
            let (mut one, mut other) = (pin!(first.wait_async()), pin!(second.wait_async()));
            assert!(poll(one.as_mut()).is_pending() && poll(other.as_mut()).is_pending());
            if round % 2 == 0 {
                a.registers.raise(1);
                assert!(poll(one.as_mut()).is_ready() || round > 0);
            }
        }
        std::mem::swap(&mut first, &mut second);
    }
    assert!(a.node.is_idle() && b.node.is_idle());
    assert_eq!([a.registers.enabled(), b.registers.enabled()], [0, 0]);

    // A handle that takes another's place, with listeners and a parent's line made of what was there before.
    let mut handle = a.node.clone();
    let mut listener = Box::pin(handle.line(2).unwrap().listen());
    listener.as_mut().arm().unwrap();
    handle.clone_from(&b.node);
    assert!(handle.is_same_node(&b.node) && !handle.is_same_node(&a.node));
    assert!(listener.line().node().is_same_node(&a.node));
    assert_eq!([a.registers.enabled(), b.registers.enabled()], [0b100, 0]);
    listener.set(handle.line(3).unwrap().listen());
    assert!(a.node.is_idle(), "a listener was replaced in its place");
    listener.as_mut().arm().unwrap();
    assert_eq!([a.registers.enabled(), b.registers.enabled()], [0, 0b1000]);
    drop(listener);
    assert!(b.node.is_idle());
}

/// A wait that is forgotten stays linked. Its memory stays too, and its node may go before it.
#[test]
fn a_forgotten_wait_whose_node_is_dropped() {
    let a = one();
    let mut line = a.node.line(0).unwrap();
    let mut forgotten = Box::pin(line.wait_async());
    assert!(poll(forgotten.as_mut()).is_pending());
    std::mem::forget(forgotten);
    let mut again = Box::pin(line.wait_async());
    assert!(poll(again.as_mut()).is_pending());
    a.registers.raise(1);
    assert!(poll(again.as_mut()).is_ready(), "the one that was forgotten is in nobody's way");
    drop(again);
    let mut forgotten = Box::pin(line.wait_async());
    assert!(poll(forgotten.as_mut()).is_pending());
    std::mem::forget(forgotten);
    drop((line, a.node));
    assert!(a.left.upgrade().is_none());
    a.registers.raise(1);
    a.root.kept().into_iter().for_each(Waker::wake);
}

/// One node by a handle of either kind: a `static` one and counted ones.
#[test]
fn a_node_with_handles_of_both_kinds() {
    let root = Root::new(Habit::None);
    let registers = Registers::on(&root);
    let node = Arc::new(Node::new(StdLock::new(), Edges(Arc::clone(&registers)), Arc::clone(&root)));
    let leaked: &'static Arc<RootNode> = Box::leak(Box::new(Arc::clone(&node)));
    let fixed = NodeHandle::from(&**leaked);
    let counted = NodeHandle::from(Pin::new(node));
    assert!(fixed.is_same_node(&counted));
    for _ in 0..3 {
        let (mut one, mut other) = (wait(fixed.erased(), 0), wait(counted.erased(), 1));
        assert!(poll(one.as_mut()).is_pending() && poll(other.as_mut()).is_pending());
        registers.raise(0b11);
        assert!(poll(one.as_mut()).is_ready() && poll(other.as_mut()).is_ready());
    }
    assert!(fixed.is_idle());
}

// ---- a node that goes inside of what it runs

fn weak<T>(node: &Pin<Arc<T>>) -> Weak<T> {
    // SAFETY: it is counted, and not moved.
    Arc::downgrade(&unsafe { Pin::into_inner_unchecked(node.clone()) })
}

type Kept = Arc<Mutex<Option<Box<dyn std::any::Any + Send>>>>;

/// A waker that drops what it keeps.
struct Drops(Kept);

impl Wake for Drops {
    fn wake(self: Arc<Self>) {
        let kept = self.0.lock().unwrap().take();
        drop(kept);
    }
}

#[test]
fn a_node_that_is_dropped_inside_its_own_waker() {
    // With its waits, and without.
    for behind in [false, true] {
        let tree = Tree::new(Habit::KeepsTheWaker);
        let (node, registers) = if behind {
            (tree.child(), Arc::clone(&tree.child_registers))
        } else {
            (tree.node(), Arc::clone(&tree.registers))
        };
        let kept = Kept::default();
        let waker = Waker::from(Arc::new(Drops(Arc::clone(&kept))));
        let (mut first, mut second) = (wait(&node, 0), wait(&node, 0));
        assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        let Tree { root, node: parent, child, .. } = tree;
        let left = (weak(&parent), weak(&child));
        *kept.lock().unwrap() = Some(Box::new((first, second, node, parent, child)));
        registers.raise(1);
        assert!(kept.lock().unwrap().is_none(), "it was woken");
        assert!(left.0.upgrade().is_none() && left.1.upgrade().is_none(), "the nodes are gone");
        root.kept().into_iter().for_each(Waker::wake);
        assert!(!root.is_armed());
    }
}

/// Edges, one of whose register functions drops what it is given.
struct Dropping(Edges, Kept, &'static str);

impl Dropping {
    fn at(&self, function: &str) {
        if self.2 == function {
            let kept = self.1.lock().unwrap().take();
            drop(kept);
        }
    }
}

impl InterruptHardware for Dropping {
    type Lines = Lines<8>;

    fn unmask(&mut self, lines: u32) {
        self.at("unmask");
        self.0.unmask(lines);
    }

    fn mask(&mut self, lines: u32) {
        self.at("mask");
        self.0.mask(lines);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.at("ack_pending");
        self.0.ack_pending(lines)
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.at("take_latched");
        self.0.take_latched(lines)
    }

    fn clears_on_ack(&self) -> u32 {
        self.0.clears_on_ack()
    }

    fn read_back(&mut self) {
        self.at("read_back");
    }
}

impl Drop for Dropping {
    fn drop(&mut self) {
        self.at("drop");
    }
}

#[test]
fn a_node_whose_handles_are_dropped_inside_its_hardware() {
    for function in ["unmask", "mask", "ack_pending", "take_latched", "read_back", "drop"] {
        let (root, kept) = (Root::new(Habit::KeepsTheWaker), Kept::default());
        let registers = Registers::on(&root);
        let hardware = Dropping(Edges(Arc::clone(&registers)), Arc::clone(&kept), function);
        let node = Arc::new(Node::new(StdLock::new(), hardware, Arc::clone(&root)));
        let left = Arc::downgrade(&node);
        let node = NodeHandle::from(Pin::new(node));
        let mut line = node.line(0).unwrap();
        *kept.lock().unwrap() = Some(Box::new((node.clone(), node.line(1).unwrap(), ParentLine::new(node.clone(), 2))));
        // Its last handle is the line's.
        drop(node);
        {
            let mut wait = pin!(line.wait_async());
            assert!(poll(wait.as_mut()).is_pending(), "{function}");
            registers.raise(1);
            assert!(poll(wait.as_mut()).is_ready(), "{function}");
        }
        line.clear().unwrap();
        let mut dropped = Box::pin(line.wait_async());
        assert!(poll(dropped.as_mut()).is_pending(), "{function}");
        drop(dropped);
        line.node().invalidate(Error::Invalidated);
        drop(line);
        assert!(kept.lock().unwrap().is_none(), "{function} was called");
        assert!(left.upgrade().is_none(), "{function}");
        root.kept().into_iter().for_each(Waker::wake);
    }
}

/// The node goes while its waker is being woken by another thread.
#[test]
fn a_node_that_is_dropped_beside_its_wakes() {
    for _ in 0..200 {
        let a = one();
        let mut waiting = wait(&a.node, 0);
        assert!(poll(waiting.as_mut()).is_pending());
        let waker = a.root.kept().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| (0..50).for_each(|_| waker.wake_by_ref()));
            scope.spawn(|| a.registers.raise(1));
            drop((waiting, a.node));
        });
        drop(waker);
        assert!(a.left.upgrade().is_none());
    }
}

// ---- thread-locals

thread_local! {
    static LAST: RefCell<Option<UsedWhenDropped>> = const { RefCell::new(None) };
}

/// Uses its node in every way when its thread is gone but for its destructors.
struct UsedWhenDropped {
    node: NodeHandle,
    waiting: Option<Wait>,
    done: Arc<Mutex<bool>>,
}

impl Drop for UsedWhenDropped {
    fn drop(&mut self) {
        drop(self.waiting.take());
        assert!(self.node.is_idle());
        let mut line = self.node.line(1).unwrap();
        {
            let mut wait = pin!(line.wait_async());
            assert!(poll(wait.as_mut()).is_pending());
        }
        assert_eq!(line.wait(), Err(Error::NeverWoken));
        let unwired = NodeHandle::from(Arc::pin(Node::new(StdLock::new(), Edges(Arc::default()), ParentLine::UNWIRED)));
        assert_eq!(unwired.line(0).unwrap().wait(), Err(Error::InterruptsUnavailable));
        assert_eq!(self.node.line_stats(1).fired, 0);
        *self.done.lock().unwrap() = true;
    }
}

#[test]
fn a_handle_in_the_destructor_of_a_thread_local() {
    let tree = Tree::new(Habit::None);
    let done = Arc::new(Mutex::new(false));
    let (node, ended) = (tree.child(), Arc::clone(&done));
    thread::spawn(move || {
        // Before or after those of the engine's and of the standard library's that its use makes.
        LAST.with_borrow_mut(|last| {
            let mut waiting = wait(&node, 0);
            assert!(poll(waiting.as_mut()).is_pending());
            *last = Some(UsedWhenDropped { node, waiting: Some(waiting), done: ended });
        });
    })
    .join()
    .unwrap();
    assert!(*done.lock().unwrap(), "the destructor got to its end");
    assert!(tree.node().is_idle() && tree.child().is_idle());
}

// ---- a node that is its own parent

/// A source that can be put on any line once the node on it exists, and fires when the test makes it.
#[derive(Clone, Default)]
struct Loose(Arc<LooseState>);

#[derive(Default)]
struct LooseState {
    parent: Mutex<Option<Pin<Arc<ParentLine>>>>,
    fired: std::sync::atomic::AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Loose {
    fn parent(&self) -> Option<Pin<Arc<ParentLine>>> {
        self.0.parent.lock().unwrap().clone()
    }

    fn fire(&self) {
        self.0.fired.store(true, SeqCst);
        let waker = self.0.waker.lock().unwrap().clone();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl InterruptSource for Loose {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        *self.0.waker.lock().unwrap() = Some(cx.waker().clone());
        let polled = self.parent().map_or(Poll::Pending, |parent| parent.as_ref().poll_fired(cx));
        if self.0.fired.swap(false, SeqCst) { Poll::Ready(Ok(())) } else { polled }
    }

    fn disarm(self: Pin<&Self>) {
        if let Some(parent) = self.parent() {
            parent.as_ref().disarm();
        }
    }

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }
}

/// Nodes in a ring, each of which is the parent of the next, the only one its own: no end of it, but no harm either.
#[test]
fn nodes_that_are_their_own_ancestors() {
    for length in 1..4_usize {
        let sources: Vec<_> = (0..length).map(|_| Loose::default()).collect();
        let registers: Vec<_> = (0..length).map(|_| Arc::<Registers>::default()).collect();
        let counted: Vec<_> = sources
            .iter()
            .zip(&registers)
            .map(|(source, registers)| {
                Arc::new(Node::new(StdLock::new(), Edges(Arc::clone(registers)), source.clone()))
            })
            .collect();
        let left: Vec<_> = counted.iter().map(Arc::downgrade).collect();
        let nodes: Vec<_> = counted.into_iter().map(|node| NodeHandle::from(Pin::new(node)).erase()).collect();
        for (n, source) in sources.iter().enumerate() {
            let parent = ParentLine::new(nodes[(n + 1) % length].clone(), 0);
            *source.0.parent.lock().unwrap() = Some(Arc::pin(parent));
        }
        for _ in 0..3 {
            let mut waiting: Vec<_> = nodes.iter().map(|node| wait(node, 1)).collect();
            for wait in &mut waiting {
                assert!(poll(wait.as_mut()).is_pending());
            }
            for (source, registers) in sources.iter().zip(&registers) {
                registers.raise(0b11);
                source.fire();
            }
            for wait in &mut waiting {
                assert!(poll(wait.as_mut()).is_ready(), "in a ring of {length}");
            }
        }
        for source in &sources {
            // Not under the mutex: it disarms its node.
            let parent = source.0.parent.lock().unwrap().take();
            drop(parent);
        }
        for node in &nodes {
            node.invalidate(Error::Invalidated);
        }
        drop(nodes);
        assert!(left.iter().all(|node| node.upgrade().is_none()), "in a ring of {length}");
    }
}

// ---- the hardware twice

/// Where a lock panics instead of blocking, there is no second access to the hardware under the first.
#[test]
fn the_hardware_of_a_node_inside_itself() {
    let root = Root::new(Habit::None);
    let lock = CriticalSectionRawMutex::new();
    let node = NodeHandle::from(Arc::pin(Node::new(lock, Edges(Arc::default()), root)));
    let nested = node.with_hardware(|outer| {
        let inner = catch_unwind(AssertUnwindSafe(|| node.with_hardware(|_| ())));
        let looked = catch_unwind(AssertUnwindSafe(|| Line::new(node.clone(), 0).is_ok()));
        (Arc::strong_count(&outer.0), inner.is_err(), looked.is_err())
    });
    assert_eq!(nested, Ok((1, true, true)));
    assert!(node.is_idle());
}
