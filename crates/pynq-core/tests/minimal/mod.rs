//! The least there can be under the engine: registers that are three words, and a root that the test controls.
//!
//! Nothing here allocates once it is made, so that what is counted over it is the engine's.
#![allow(dead_code)] // each test binary uses its part

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use pynq_core::{
    Error, Instant,
    interrupt::{InterruptHardware, InterruptSource, Lines, Node, NodeHandle, ParentLine, StdLock},
};

/// Edge lines with latches, and an output.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    latched: AtomicU32,
    enabled: AtomicU32,
    output: Mutex<Output>,
    /// Edges that come with the next write that unmasks a line.
    with_unmasking: AtomicU32,
    /// How often a register was accessed.
    pub(crate) accesses: AtomicUsize,
}

/// Where the output goes.
#[derive(Debug, Default)]
enum Output {
    #[default]
    Nowhere,
    Root(Weak<Root>),
    Line(Arc<Registers>, u32),
}

impl Registers {
    /// Whose output is the root's line.
    pub(crate) fn on(root: &Arc<Root>) -> Arc<Self> {
        let this = Arc::<Self>::default();
        *this.output.lock().unwrap() = Output::Root(Arc::downgrade(root));
        this
    }

    /// Whose output is a line of other registers.
    pub(crate) fn behind(parent: &Arc<Self>, line: u8) -> Arc<Self> {
        let this = Arc::<Self>::default();
        *this.output.lock().unwrap() = Output::Line(Arc::clone(parent), 1 << line);
        this
    }

    /// An edge on these lines.
    pub(crate) fn raise(&self, lines: u32) {
        self.latched.fetch_or(lines, SeqCst);
        self.drive();
    }

    /// An edge on these lines, immediately after the next write that unmasks any.
    pub(crate) fn raise_with_unmasking(&self, lines: u32) {
        self.with_unmasking.store(lines, SeqCst);
    }

    pub(crate) fn enabled(&self) -> u32 {
        self.enabled.load(SeqCst)
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.latched.load(SeqCst) & self.enabled.load(SeqCst) != 0
    }

    /// The output, after anything has changed.
    fn drive(&self) {
        if !self.is_pending() {
            return;
        }
        // Looked up first: what it leads to may come back here.
        let (mut root, mut above) = (None, None);
        match &*self.output.lock().unwrap() {
            Output::Nowhere => {}
            Output::Root(weak) => root = weak.upgrade(),
            Output::Line(registers, lines) => above = Some((Arc::clone(registers), *lines)),
        }
        if let Some(root) = root {
            root.fire();
        }
        if let Some((registers, lines)) = above {
            registers.raise(lines);
        }
    }
}

/// The register functions over [`Registers`].
#[derive(Debug)]
pub(crate) struct Edges(pub(crate) Arc<Registers>);

impl InterruptHardware for Edges {
    type Lines = Lines<8>;

    fn unmask(&mut self, lines: u32) {
        self.0.accesses.fetch_add(1, SeqCst);
        self.0.enabled.fetch_or(lines, SeqCst);
        self.0.latched.fetch_or(self.0.with_unmasking.swap(0, SeqCst), SeqCst);
        // The interrupt comes from inside the write that lets it.
        self.0.drive();
    }

    fn mask(&mut self, lines: u32) {
        self.0.accesses.fetch_add(1, SeqCst);
        self.0.enabled.fetch_and(!lines, SeqCst);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        self.0.accesses.fetch_add(1, SeqCst);
        self.0.latched.fetch_and(!lines, SeqCst) & lines
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn clears_on_ack(&self) -> u32 {
        u32::MAX
    }

    fn read_back(&mut self) {}
}

/// What a root does besides its duty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Habit {
    #[default]
    None,
    /// Wakes the node inside `poll_fired`, with its own mutex held, the first few times.
    WakesWhenPolled,
    /// Keeps the node's waker when it is disarmed.
    KeepsTheWaker,
    /// Panics when it is asked whether it fired, once.
    Panics,
}

#[derive(Debug, Default)]
struct RootState {
    armed: bool,
    fired: bool,
    failed: Option<Error>,
    waker: Option<Waker>,
    /// Before the present one.
    former: Option<Waker>,
    wakes_left: u32,
}

/// A one-shot root behind a mutex, as a reactor is.
#[derive(Debug, Default)]
pub(crate) struct Root {
    state: Mutex<RootState>,
    /// The thread that is inside.
    holder: AtomicUsize,
    habit: Habit,
    has_panicked: AtomicBool,
    line: Mutex<Weak<Registers>>,
    pub(crate) polls: AtomicUsize,
    pub(crate) interrupts: AtomicUsize,
}

impl Root {
    pub(crate) fn new(habit: Habit) -> Arc<Self> {
        let state = RootState { wakes_left: 3, ..RootState::default() };
        Arc::new(Self { state: Mutex::new(state), habit, ..Self::default() })
    }

    /// A mutex that is taken twice by one thread deadlocks; here it fails the test.
    fn with<R>(&self, f: impl FnOnce(&mut RootState) -> R) -> R {
        thread_local!(static THREAD: u8 = const { 0 });
        /// Also when left by a panic.
        struct Leave<'a>(&'a AtomicUsize);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.store(0, SeqCst);
            }
        }
        let me = THREAD.with(|thread| core::ptr::from_ref(thread).addr());
        assert_ne!(self.holder.load(SeqCst), me, "the source's mutex was taken by who holds it");
        let mut state = self.state.lock().unwrap();
        self.holder.store(me, SeqCst);
        // Dropped before the mutex is released.
        let _leave = Leave(&self.holder);
        f(&mut state)
    }

    /// The line goes active.
    pub(crate) fn fire(&self) {
        let waker = self.with(|state| {
            if !core::mem::take(&mut state.armed) {
                return None;
            }
            state.fired = true;
            state.waker.clone()
        });
        if let Some(waker) = waker {
            self.interrupts.fetch_add(1, SeqCst);
            waker.wake();
        }
    }

    /// What a poll is answered with from now on; `None` heals it.
    pub(crate) fn fail(&self, error: Option<Error>) {
        let waker = self.with(|state| {
            (state.failed, state.armed) = (error, false);
            state.waker.clone()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.with(|state| state.armed)
    }

    /// The waker it was last polled with, if it has kept it.
    pub(crate) fn kept(&self) -> Option<Waker> {
        self.with(|state| state.waker.clone())
    }

    /// The line's level is looked at when it is armed.
    pub(crate) fn sees(&self, registers: &Arc<Registers>) {
        *self.line.lock().unwrap() = Arc::downgrade(registers);
    }
}

impl InterruptSource for Root {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.polls.fetch_add(1, SeqCst);
        if self.habit == Habit::Panics && self.with(|state| state.fired) && !self.has_panicked.swap(true, SeqCst) {
            // Not by `panic!`: the message of an expected panic is noise.
            std::panic::resume_unwind(Box::new("the source's own"));
        }
        let active = self.line.lock().unwrap().upgrade().is_some_and(|line| line.is_pending());
        self.with(|state| {
            if let Some(error) = state.failed {
                return Poll::Ready(Err(error));
            }
            if core::mem::take(&mut state.fired) || active {
                (state.armed, state.fired) = (false, false);
                return Poll::Ready(Ok(()));
            }
            // Cloned, woken and dropped with the mutex held, as some reactors do.
            state.former = state.waker.replace(cx.waker().clone());
            if self.habit == Habit::WakesWhenPolled && state.wakes_left > 0 {
                state.wakes_left -= 1;
                cx.waker().wake_by_ref();
            }
            state.armed = true;
            Poll::Pending
        })
    }

    fn disarm(self: Pin<&Self>) {
        self.with(|state| {
            (state.armed, state.fired) = (false, false);
            if self.habit != Habit::KeepsTheWaker {
                state.former = None;
                state.waker = None;
            }
        });
    }

    /// Nothing happens here while one sleeps: what is to come has come with the first poll.
    fn block(&self, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        let mut cx = Context::from_waker(Waker::noop());
        if poll(&mut cx).is_ready() || poll(&mut cx).is_ready() { Ok(()) } else { Err(Error::NeverWoken) }
    }
}

pub(crate) type RootNode = Node<Edges, StdLock, Arc<Root>>;
pub(crate) type ChildNode = Node<Edges, StdLock, ParentLine>;

/// Line of the root's node on which the child is.
pub(crate) const CHILD: u8 = 3;

/// A node on a root, and one on a line of it.
pub(crate) struct Tree {
    pub(crate) root: Arc<Root>,
    pub(crate) registers: Arc<Registers>,
    pub(crate) node: Pin<Arc<RootNode>>,
    pub(crate) child_registers: Arc<Registers>,
    pub(crate) child: Pin<Arc<ChildNode>>,
}

impl Tree {
    pub(crate) fn new(habit: Habit) -> Self {
        let root = Root::new(habit);
        let registers = Registers::on(&root);
        root.sees(&registers);
        let node = Arc::pin(Node::new(StdLock::new(), Edges(Arc::clone(&registers)), Arc::clone(&root)));
        let child_registers = Registers::behind(&registers, CHILD);
        let parent = ParentLine::new(node.clone(), CHILD);
        let child = Arc::pin(Node::new(StdLock::new(), Edges(Arc::clone(&child_registers)), parent));
        Self { root, registers, node, child_registers, child }
    }

    pub(crate) fn node(&self) -> NodeHandle {
        NodeHandle::from(self.node.clone()).erase()
    }

    pub(crate) fn child(&self) -> NodeHandle {
        NodeHandle::from(self.child.clone()).erase()
    }
}

/// Counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let this = Arc::<Self>::default();
        (Arc::clone(&this), Waker::from(this))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}
