//! Panics of wakers, registers and locks: what is linked stays sound, and the other waiters are served.
#![cfg(all(unix, feature = "critical-section", feature = "std", not(loom)))]
#![allow(clippy::unwrap_used)] // a test may

mod minimal;

use std::{
    future::Future,
    os::unix::process::ExitStatusExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    process::Command,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use minimal::*;
use mutex::raw_impls::cs::CriticalSectionRawMutex;
use pynq_core::{
    Error,
    interrupt::{Fired, InterruptHardware, Lines, Node, NodeHandle, StdLock},
};

type Wait = Pin<Box<dyn Future<Output = Result<Fired, Error>> + Send>>;

fn wait(node: &NodeHandle, line: u8) -> Wait {
    let mut line = node.line(line).unwrap();
    Box::pin(async move { line.wait_async().await })
}

#[track_caller]
fn waits(wait: &mut Wait, waker: &Waker) {
    assert!(wait.as_mut().poll(&mut Context::from_waker(waker)).is_pending(), "there is nothing yet");
}

#[track_caller]
fn ends(wait: &mut Wait) {
    let ended = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ended, Poll::Ready(Ok(_))), "{ended:?}");
}

/// Not by `panic!`: the message of an expected panic is noise.
fn panics() -> ! {
    std::panic::resume_unwind(Box::new("the waker's own"))
}

struct Panicking;

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        panics();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        panics();
    }
}

/// A waker that drops what it is given.
#[derive(Default)]
struct Dropping(Mutex<Option<Wait>>);

impl Wake for Dropping {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let wait = self.0.lock().unwrap().take();
        drop(wait);
    }
}

/// A node whose lock is a critical section: it is taken in handlers, and panics if its holder takes it again.
fn in_handler() -> (Arc<Root>, Arc<Registers>, NodeHandle) {
    let root = Root::new(Habit::None);
    let registers = Registers::on(&root);
    let lock = CriticalSectionRawMutex::new();
    let node = Arc::pin(Node::new(lock, Edges(Arc::clone(&registers)), Arc::clone(&root)));
    (root, registers, NodeHandle::from(node).erase())
}

/// Set in the process that is to be ended by its abort.
const CHILD: &str = "PYNQ_ABORTS";

/// Runs the test of this name once more, in a process of its own, which has to abort. Returns in that process only.
fn aborts(test: &str) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", test, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{}: {text}", output.status);
    false
}

/// Freed, it would be left in the queue whose lock is held.
#[test]
fn i05_a_wait_that_is_dropped_by_a_waker_under_its_node_s_lock_aborts() {
    if !aborts("i05_a_wait_that_is_dropped_by_a_waker_under_its_node_s_lock_aborts") {
        return;
    }
    let (_root, registers, node) = in_handler();
    let dropping = Arc::new(Dropping::default());
    let (mut first, mut second) = (wait(&node, 0), wait(&node, 0));
    waits(&mut first, &Waker::from(Arc::clone(&dropping)));
    waits(&mut second, Waker::noop());
    *dropping.0.lock().unwrap() = Some(second);
    let _ = catch_unwind(AssertUnwindSafe(|| registers.raise(1)));
}

/// The same with a lock that a panic of the registers left held.
#[test]
fn i05_a_wait_whose_node_s_lock_is_lost_aborts() {
    if !aborts("i05_a_wait_whose_node_s_lock_is_lost_aborts") {
        return;
    }
    let (_root, _registers, node) = in_handler();
    let mut first = wait(&node, 0);
    waits(&mut first, Waker::noop());
    let lost = catch_unwind(AssertUnwindSafe(|| node.with_hardware(|_| panics())));
    assert!(lost.is_err());
    let _ = catch_unwind(AssertUnwindSafe(|| drop(first)));
}

fn weak<T: ?Sized>(node: &Pin<Arc<T>>) -> Weak<T> {
    // SAFETY: it is counted, and not moved.
    Arc::downgrade(&unsafe { Pin::into_inner_unchecked(node.clone()) })
}

#[test]
fn i05_a_waker_that_panics_behind_a_cascade_keeps_no_node_alive() {
    let tree = Tree::new(Habit::None);
    let mut behind = wait(&tree.child(), 0);
    waits(&mut behind, &Waker::from(Arc::new(Panicking)));
    let raised = catch_unwind(AssertUnwindSafe(|| tree.child_registers.raise(1)));
    assert!(raised.is_err(), "the panic is not swallowed");
    drop(behind);
    let Tree { root, node, child, .. } = tree;
    let (node_left, child_left, root_left) = (weak(&node), weak(&child), Arc::downgrade(&root));
    drop((root, node, child));
    assert!(child_left.upgrade().is_none(), "the child is kept alive");
    assert!(node_left.upgrade().is_none(), "the parent is kept alive");
    assert!(root_left.upgrade().is_none(), "the root is kept alive");
}

#[test]
fn i04_a_waker_that_panics_in_a_handler_leaves_nobody_asleep() {
    let (root, registers, node) = in_handler();
    for panicking in 0..3_usize {
        let (wakes, waker) = Wakes::new();
        let mut waiting: Vec<_> = (0..3).map(|_| wait(&node, 0)).collect();
        for (n, wait) in waiting.iter_mut().enumerate() {
            waits(wait, &if n == panicking { Waker::from(Arc::new(Panicking)) } else { waker.clone() });
        }
        let raised = catch_unwind(AssertUnwindSafe(|| registers.raise(1)));
        assert!(raised.is_err(), "the panic is not swallowed");
        assert_eq!(wakes.get(), 2, "whose waker does not panic is woken");
        waiting.iter_mut().for_each(ends);
        assert!(node.is_idle() && !root.is_armed());
    }
    // A wait that is alone goes another way.
    let mut alone = wait(&node, 0);
    waits(&mut alone, &Waker::from(Arc::new(Panicking)));
    assert!(catch_unwind(AssertUnwindSafe(|| registers.raise(1))).is_err(), "the panic is not swallowed");
    ends(&mut alone);
    assert!(node.is_idle() && !root.is_armed());
}

/// Edges, whose mask register panics when it is next written.
struct Brittle(Edges, Arc<AtomicBool>);

impl InterruptHardware for Brittle {
    type Lines = Lines<8>;

    fn unmask(&mut self, lines: u32) {
        self.0.unmask(lines);
    }

    fn mask(&mut self, lines: u32) {
        if self.1.swap(false, SeqCst) {
            panics();
        }
        self.0.mask(lines);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.0.ack_pending(lines)
    }

    fn clears_on_ack(&self) -> u32 {
        self.0.clears_on_ack()
    }

    fn read_back(&mut self) {}
}

/// A register access that panics in the middle of a service, after the event was counted: the waiters that it completed
/// are woken, by the next use of the node at the latest.
#[test]
fn i02_a_service_that_is_left_by_a_panic_wakes_the_waiters_it_completed() {
    for waiters in [1_usize, 3] {
        let (root, breaks) = (Root::new(Habit::None), Arc::new(AtomicBool::new(false)));
        let registers = Registers::on(&root);
        let hardware = Brittle(Edges(Arc::clone(&registers)), Arc::clone(&breaks));
        let node = NodeHandle::from(Arc::pin(Node::new(StdLock::new(), hardware, Arc::clone(&root)))).erase();
        let (wakes, waker) = Wakes::new();
        let mut waiting: Vec<_> = (0..waiters).map(|_| wait(&node, 0)).collect();
        waiting.iter_mut().for_each(|wait| waits(wait, &waker));
        breaks.store(true, SeqCst);
        assert!(catch_unwind(AssertUnwindSafe(|| registers.raise(1))).is_err(), "the panic is not swallowed");
        node.line(7).unwrap();
        assert_eq!(wakes.get(), waiters, "an event that was taken from the hardware woke nobody");
        waiting.iter_mut().for_each(ends);
    }
}

/// Counts drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Wakers are dropped once, whichever of them panics: counted by what they own.
#[test]
fn i05_wakers_of_a_panicking_batch_are_dropped_once() {
    struct Bomb {
        _counted: Counted,
    }
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panics();
        }
    }
    for handler in [false, true] {
        let drops = Arc::new(AtomicUsize::new(0));
        let (_root, registers, node);
        if handler {
            (_root, registers, node) = in_handler();
        } else {
            let tree = Tree::new(Habit::None);
            (_root, registers, node) = (Arc::clone(&tree.root), Arc::clone(&tree.registers), tree.node());
        }
        let mut waiting: Vec<_> = (0..20).map(|n| wait(&node, n % 2)).collect();
        for wait in &mut waiting {
            waits(wait, &Waker::from(Arc::new(Bomb { _counted: Counted(Arc::clone(&drops)) })));
        }
        assert!(catch_unwind(AssertUnwindSafe(|| registers.raise(0b11))).is_err());
        waiting.iter_mut().for_each(ends);
        drop(waiting);
        assert_eq!(drops.load(SeqCst), 20);
        assert!(node.is_idle());
    }
}
