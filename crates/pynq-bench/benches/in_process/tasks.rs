//! The least that runs tasks: each has a flag, which its waker sets and which the code that made the interrupt fire
//! checks.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    task::{Context, Wake, Waker},
};

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    #[inline]
    fn wake(self: Arc<Self>) {
        self.0.store(true, Release);
    }

    #[inline]
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Release);
    }
}

struct Task<F> {
    future: Pin<Box<F>>,
    flag: Arc<Flag>,
    waker: Waker,
    /// Interrupts that it has seen.
    seen: Rc<Cell<u64>>,
}

/// Tasks that never end, each of which awaits interrupts.
pub(crate) struct Tasks<F>(Vec<Task<F>>);

impl<F: Future<Output = ()>> Tasks<F> {
    /// `count` tasks, all of them asleep by now.
    pub(crate) fn new(count: usize, mut task: impl FnMut(usize, Rc<Cell<u64>>) -> F) -> Self {
        let tasks = (0..count).map(|number| {
            let (flag, seen) = (Arc::new(Flag::default()), Rc::default());
            let future = Box::pin(task(number, Rc::clone(&seen)));
            Task { future, waker: Waker::from(Arc::clone(&flag)), flag, seen }
        });
        let mut this = Self(tasks.collect());
        this.0.iter_mut().for_each(Task::poll);
        this
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Runs a task that must have been woken.
    #[inline]
    pub(crate) fn run(&mut self, number: usize) {
        self.0[number].run();
    }

    /// Runs all of them.
    #[inline]
    pub(crate) fn run_all(&mut self) {
        self.0.iter_mut().for_each(Task::run);
    }

    /// How many interrupts all tasks have seen.
    pub(crate) fn seen(&self) -> u64 {
        self.0.iter().map(|task| task.seen.get()).sum()
    }

    /// Whether no task is awake.
    pub(crate) fn are_asleep(&self) -> bool {
        !self.0.iter().any(|task| task.flag.0.load(Relaxed))
    }
}

impl<F: Future<Output = ()>> Task<F> {
    #[inline]
    fn run(&mut self) {
        assert!(self.flag.0.load(Acquire), "a task that should have been woken");
        self.flag.0.store(false, Relaxed);
        self.poll();
    }

    #[inline]
    fn poll(&mut self) {
        let polled = self.future.as_mut().poll(&mut Context::from_waker(&self.waker));
        assert!(polled.is_pending(), "a task that should never end");
    }
}
