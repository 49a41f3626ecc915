//! Hazards that were met: sources and wakers that do the worst they are allowed to.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used)] // a test may

mod minimal;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker},
};

use minimal::*;
use pynq_core::{
    Error,
    interrupt::{Fired, NodeHandle},
};

type Waiting = Pin<Box<dyn Future<Output = Result<Fired, Error>> + Send>>;

fn wait(node: &NodeHandle, line: u8) -> Waiting {
    let mut line = node.line(line).unwrap();
    Box::pin(async move { line.wait_async().await })
}

fn poll(wait: &mut Waiting, waker: &Waker) -> Poll<Result<Fired, Error>> {
    wait.as_mut().poll(&mut Context::from_waker(waker))
}

#[track_caller]
fn waits(wait: &mut Waiting, waker: &Waker) {
    assert!(poll(wait, waker).is_pending(), "there is nothing yet");
}

#[track_caller]
fn ends(wait: &mut Waiting) {
    let ended = poll(wait, Waker::noop());
    assert!(matches!(ended, Poll::Ready(Ok(_))), "{ended:?}");
}

impl Tree {
    #[track_caller]
    fn assert_idle(&self) {
        assert!(self.node().is_idle() && self.child().is_idle(), "the nodes are at rest");
        assert_eq!([self.registers.enabled(), self.child_registers.enabled()], [0, 0], "all is masked");
        assert!(!self.root.is_armed(), "the root is disarmed");
    }
}

/// On the node of the root, and on the one behind it.
fn at_both(habit: Habit, test: impl Fn(&Tree, NodeHandle, &Registers)) {
    let tree = Tree::new(habit);
    test(&tree, tree.node(), &tree.registers);
    let tree = Tree::new(habit);
    test(&tree, tree.child(), &tree.child_registers);
}

#[test]
fn i07_a_source_that_wakes_inside_poll_fired_with_its_lock_held() {
    at_both(Habit::WakesWhenPolled, |tree, node, registers| {
        let (wakes, waker) = Wakes::new();
        let (mut first, mut second) = (wait(&node, 0), wait(&node, 1));
        waits(&mut first, &waker);
        assert!(tree.root.polls.load(SeqCst) >= 4, "each wake leads to another poll");
        waits(&mut second, &waker);
        registers.raise(0b01);
        assert_eq!(wakes.get(), 1);
        ends(&mut first);
        registers.raise(0b10);
        assert_eq!(wakes.get(), 2);
        ends(&mut second);
        tree.assert_idle();
    });
}

#[test]
fn i07_a_source_that_wakes_inside_the_register_write_that_enables() {
    at_both(Habit::None, |tree, node, registers| {
        let (wakes, waker) = Wakes::new();
        let mut first = wait(&node, 0);
        let mut second = wait(&node, 1);
        waits(&mut first, &waker);
        assert!(tree.root.is_armed());
        // Latched while its line is masked, so that the write which unmasks it fires the armed root under the lock.
        registers.raise(0b10);
        assert_eq!(wakes.get(), 0);
        let woken = Wakes::new();
        waits(&mut second, &woken.1);
        assert_eq!((wakes.get(), woken.0.get()), (0, 1));
        ends(&mut second);
        registers.raise(0b01);
        assert_eq!(wakes.get(), 1);
        ends(&mut first);
        tree.assert_idle();
    });
}

type Hook = Box<dyn FnOnce() + Send>;

/// A waker that calls something, once, on one of the three things that can be done with it.
#[derive(Clone)]
struct Hooked {
    hook: Arc<Mutex<Option<Hook>>>,
    on: &'static str,
    wakes: Arc<AtomicUsize>,
}

impl Hooked {
    fn call(&self, what: &str) {
        // Taken first, so that what it does may come back to this very waker.
        let hook = if self.on == what { self.hook.lock().unwrap().take() } else { None };
        if let Some(hook) = hook {
            hook();
        }
    }

    fn into_raw(self) -> RawWaker {
        RawWaker::new(Box::into_raw(Box::new(self)).cast(), &HOOKED)
    }
}

/// # Safety
///
/// `pointer` is of a live waker made by `Hooked::into_raw`.
unsafe fn hooked<'a>(pointer: *const ()) -> &'a Hooked {
    // SAFETY: it came from a box of this type that only `drop_hooked` frees.
    unsafe { &*pointer.cast::<Hooked>() }
}

unsafe fn clone_hooked(pointer: *const ()) -> RawWaker {
    // SAFETY: passed on.
    let this = unsafe { hooked(pointer) };
    this.call("clone");
    this.clone().into_raw()
}

unsafe fn wake_hooked(pointer: *const ()) {
    // SAFETY: passed on.
    unsafe { wake_hooked_by_ref(pointer) };
    // SAFETY: waking by value consumes the waker.
    unsafe { drop_hooked(pointer) };
}

unsafe fn wake_hooked_by_ref(pointer: *const ()) {
    // SAFETY: passed on.
    let this = unsafe { hooked(pointer) };
    this.wakes.fetch_add(1, SeqCst);
    this.call("wake");
}

unsafe fn drop_hooked(pointer: *const ()) {
    // SAFETY: the waker is being dropped, so its box is ours.
    let this = unsafe { Box::from_raw(pointer.cast::<Hooked>().cast_mut()) };
    this.call("drop");
}

static HOOKED: RawWakerVTable = RawWakerVTable::new(clone_hooked, wake_hooked, wake_hooked_by_ref, drop_hooked);

/// Everything that can be done with a node.
fn use_all_of(node: &NodeHandle) {
    let mut line = node.line(0).unwrap();
    let mut other = wait(node, 0);
    let _ = poll(&mut other, Waker::noop());
    line.clear().unwrap();
    drop(other);
    let mut last = wait(node, 2);
    let _ = poll(&mut last, Waker::noop());
    let _ = line.stats();
    drop(last);
}

#[test]
fn i07_a_waker_whose_clone_wake_or_drop_comes_back_to_the_node() {
    for on in ["clone", "wake", "drop"] {
        at_both(Habit::None, |tree, node, registers| {
            let again = node.clone();
            let called = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&called);
            let hook: Hook = Box::new(move || {
                count.fetch_add(1, SeqCst);
                use_all_of(&again);
            });
            let hooked = Hooked { hook: Arc::new(Mutex::new(Some(hook))), on, wakes: Arc::default() };
            let wakes = Arc::clone(&hooked.wakes);
            // SAFETY: the table keeps the contract of wakers: each of them owns a box, and what they share is
            // thread-safe.
            let waker = unsafe { Waker::from_raw(hooked.into_raw()) };
            let (bystander, bystander_waker) = Wakes::new();
            let (mut first, mut second) = (wait(&node, 0), wait(&node, 0));
            waits(&mut first, &waker);
            waits(&mut second, &bystander_waker);
            // A second waker takes the first one's place, which is dropped.
            waits(&mut first, &Wakes::new().1);
            waits(&mut first, &waker);
            registers.raise(1);
            assert_eq!((wakes.load(SeqCst), bystander.get()), (1, 1), "on {on}");
            assert_eq!(called.load(SeqCst), 1, "on {on}");
            ends(&mut first);
            ends(&mut second);
            drop(waker);
            tree.assert_idle();
        });
    }
}

struct Panicking(AtomicUsize);

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
        // Not by `panic!`: the message of an expected panic is noise.
        std::panic::resume_unwind(Box::new("the waker's own"));
    }
}

#[test]
fn i07_a_waker_that_panics_skips_nobody_and_leaves_the_node_free() {
    at_both(Habit::None, |tree, node, registers| {
        // More than leave the lock in one batch, on two lines.
        let mut waiting: Vec<_> = (0..20).map(|n| wait(&node, n % 2)).collect();
        let (wakes, waker) = Wakes::new();
        let panicking = Arc::new(Panicking(AtomicUsize::new(0)));
        for (n, wait) in waiting.iter_mut().enumerate() {
            let bad = n % 5 == 1;
            waits(wait, &if bad { Waker::from(Arc::clone(&panicking)) } else { waker.clone() });
        }
        let raised = catch_unwind(AssertUnwindSafe(|| registers.raise(0b11)));
        let payload = raised.expect_err("the panic is not swallowed");
        assert_eq!(payload.downcast_ref(), Some(&"the waker's own"));
        assert_eq!((wakes.get(), panicking.0.load(SeqCst)), (16, 4));
        waiting.iter_mut().for_each(ends);
        tree.assert_idle();
        // The node is served as before.
        let mut next = wait(&node, 0);
        waits(&mut next, &waker);
        registers.raise(0b01);
        assert_eq!(wakes.get(), 17);
        ends(&mut next);
        tree.assert_idle();
    });
}

#[test]
fn i07_a_source_that_panics_leaves_the_node_free() {
    at_both(Habit::Panics, |tree, node, registers| {
        let (wakes, waker) = Wakes::new();
        let mut first = wait(&node, 0);
        waits(&mut first, &waker);
        let raised = catch_unwind(AssertUnwindSafe(|| registers.raise(1)));
        assert!(raised.is_err(), "the panic is not swallowed");
        drop(first);
        let mut second = wait(&node, 1);
        waits(&mut second, &waker);
        registers.raise(0b10);
        assert_eq!(wakes.get(), 1);
        ends(&mut second);
        tree.assert_idle();
    });
}

#[test]
fn i05_a_wait_whose_registration_is_left_by_a_panic_is_taken_out_when_it_is_dropped() {
    at_both(Habit::None, |tree, node, registers| {
        let panicking = Arc::new(Panicking(AtomicUsize::new(0)));
        let mut early = wait(&node, 1);
        waits(&mut early, &Waker::from(Arc::clone(&panicking)));
        // An event for `early` while the next wait registers: its waker, which panics, is woken from inside that poll.
        registers.raise_with_unmasking(0b10);
        let mut late = wait(&node, 0);
        let polled = catch_unwind(AssertUnwindSafe(|| poll(&mut late, Waker::noop()).is_pending()));
        assert_eq!(panicking.0.load(SeqCst), 1);
        assert!(polled.is_err(), "the panic is not swallowed");
        drop(late);
        drop(early);
        assert_eq!(registers.enabled(), 0, "a wait that is gone keeps its line unmasked");
        tree.assert_idle();
    });
}

fn weak<T: ?Sized>(node: &Pin<Arc<T>>) -> std::sync::Weak<T> {
    // SAFETY: it is counted, and not moved.
    Arc::downgrade(&unsafe { Pin::into_inner_unchecked(node.clone()) })
}

#[test]
fn i05_nothing_stays_alive_when_every_handle_is_dropped_with_a_wait_armed() {
    for habit in [Habit::None, Habit::KeepsTheWaker] {
        let tree = Tree::new(habit);
        let (wakes, waker) = Wakes::new();
        let (mut below, mut behind) = (wait(&tree.node(), 0), wait(&tree.child(), 0));
        waits(&mut below, &waker);
        waits(&mut behind, &waker);
        let Tree { root, node, child, registers, child_registers } = tree;
        let (weak_node, weak_child) = (weak(&node), weak(&child));
        drop((node, child));
        assert!(root.is_armed());
        assert!(weak_child.upgrade().is_some() && weak_node.upgrade().is_some(), "the waits keep their nodes");
        drop(behind);
        assert!(weak_child.upgrade().is_none(), "the parent keeps its child alive");
        assert_eq!(registers.enabled(), 1, "the line on which the child was is masked, the other is not");
        drop(below);
        assert!(weak_node.upgrade().is_none(), "the root keeps its node alive");
        assert!(!root.is_armed());
        assert_eq!(child_registers.enabled(), 0);
        // A reactor may keep a waker for as long as it likes, and wake it.
        let kept = root.kept();
        assert_eq!(kept.is_some(), habit == Habit::KeepsTheWaker);
        kept.into_iter().for_each(Waker::wake);
        registers.raise(1);
        drop(waker);
        assert_eq!((wakes.get(), Arc::strong_count(&wakes)), (0, 1), "no waker of the program's is left behind");
        let root = {
            let weak = Arc::downgrade(&root);
            drop(root);
            weak
        };
        assert!(root.upgrade().is_none(), "the root keeps itself alive");
    }
}

/// Waits that are woken and never polled again hold nothing up when they go, in whatever order.
#[test]
fn i05_woken_waits_dropped_in_any_order() {
    for order in 0..6_usize {
        at_both(Habit::None, |tree, node, registers| {
            let (wakes, waker) = Wakes::new();
            let mut waiting: Vec<_> = (0..3).map(|_| wait(&node, 0)).collect();
            for wait in &mut waiting {
                waits(wait, &waker);
            }
            registers.raise(1);
            assert_eq!(wakes.get(), 3);
            drop(waiting.remove(order % 3));
            drop(waiting.remove(order / 3));
            ends(&mut waiting[0]);
            drop(waiting);
            tree.assert_idle();
        });
    }
}

#[test]
fn i08_an_error_that_is_not_the_device_s_ends_the_waits_there_are_and_no_later_one() {
    at_both(Habit::None, |tree, node, registers| {
        for _ in 0..3 {
            let (wakes, waker) = Wakes::new();
            let mut waiting: Vec<_> = (0..12).map(|n| wait(&node, n % 2)).collect();
            for wait in &mut waiting {
                waits(wait, &waker);
            }
            tree.root.fail(Some(Error::ReactorGone));
            assert_eq!(wakes.get(), 12);
            for wait in &mut waiting {
                assert_eq!(poll(wait, &waker), Poll::Ready(Err(Error::ReactorGone)));
            }
            tree.assert_idle();
            tree.root.fail(None);
            let mut next = wait(&node, 0);
            waits(&mut next, &waker);
            registers.raise(1);
            assert_eq!(wakes.get(), 13);
            ends(&mut next);
        }
    });
}

/// A root that is asked in vain: whatever it answered with, an error is the answer of the wait.
#[test]
fn i08_a_wait_that_begins_under_a_failed_root_ends_with_its_error() {
    at_both(Habit::None, |tree, node, _| {
        tree.root.fail(Some(Error::NoReactor));
        let (wakes, waker) = Wakes::new();
        let mut refused = wait(&node, 0);
        let ended = match poll(&mut refused, &waker) {
            Poll::Pending => {
                assert_eq!(wakes.get(), 1, "it is told that there is an answer");
                poll(&mut refused, &waker)
            }
            ended => ended,
        };
        assert_eq!(ended, Poll::Ready(Err(Error::NoReactor)));
        tree.assert_idle();
    });
}

const ASKED: u32 = 1;
const RAISED: u32 = 2;

/// Two threads that fire, one that waits and drops: no lost event, no deadlock, nothing left on.
#[test]
fn i02_events_from_threads_that_race_with_arming_and_dropping() {
    const ROUNDS: u32 = 500;
    at_both(Habit::None, |tree, node, registers| {
        let asked = [const { AtomicU32::new(0) }; 2];
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for line in 0..2_usize {
                let (asked, is_over) = (&asked[line], &is_over);
                scope.spawn(move || {
                    while !is_over.load(SeqCst) {
                        if asked.load(SeqCst) == ASKED {
                            registers.raise(1 << line);
                            asked.store(RAISED, SeqCst);
                        }
                        std::thread::yield_now();
                    }
                });
            }
            // Also when an assertion fails, or the scope would wait for ever.
            let _over = Finally(|| is_over.store(true, SeqCst));
            for round in 0..ROUNDS {
                let mut waiting = [wait(&node, 0), wait(&node, 1)];
                asked.iter().for_each(|asked| asked.store(ASKED, SeqCst));
                let flags = [Wakes::new(), Wakes::new()];
                let (mut seen, mut over) = ([usize::MAX; 2], [false; 2]);
                while over != [true; 2] {
                    let all_raised = asked.iter().all(|asked| asked.load(SeqCst) == RAISED);
                    let mut anyone = false;
                    for line in 0..2 {
                        let woken = flags[line].0.get();
                        if !over[line] && std::mem::replace(&mut seen[line], woken) != woken {
                            anyone = true;
                            over[line] = poll(&mut waiting[line], &flags[line].1).is_ready();
                        }
                    }
                    if round % 7 == 3 {
                        break;
                    }
                    assert!(anyone || !all_raised || over == [true; 2], "round {round}: an event was lost: {over:?}");
                    std::thread::yield_now();
                }
                drop(waiting);
                while asked.iter().any(|asked| asked.load(SeqCst) != RAISED) {
                    std::thread::yield_now();
                }
            }
        });
        tree.assert_idle();
    });
}

struct Finally<F: Fn()>(F);

impl<F: Fn()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_future_that_is_pinned_on_the_stack_is_cancelled_by_its_scope() {
    let tree = Tree::new(Habit::None);
    let mut line = tree.child().line(5).unwrap();
    {
        let mut wait = pin!(line.wait_async());
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(tree.child_registers.enabled(), 1 << 5);
    }
    tree.assert_idle();
}
