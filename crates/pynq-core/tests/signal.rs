//! The waits under a real interrupt handler: a signal, which may come between any two instructions.
//!
//! What an interrupt is to a bare-metal program, SIGUSR1 is to this one. The lock masks it, as a critical section masks
//! interrupts; another thread plays the hardware, which raises lines whenever it likes and sends the signal; the handler
//! dispatches. The number of rounds is fixed, and what the test waits for is counted: no event is given up for late.
#![cfg(all(unix, not(loom)))]
#![allow(clippy::unwrap_used)] // a test may

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use mutex::BlockingMutex;
use mutex_traits::ScopedRawMutex;
use pynq_core::{
    Error, Instant,
    interrupt::{Fired, InterruptHardware, InterruptSource, Line, Lines, Node, NodeLock, ParentLine},
};

/// Each with a wait on every line.
const ROUNDS: u32 = 15_000;

// ---- the critical section

/// Runs `f` with the signal masked.
fn masked<R>(f: impl FnOnce() -> R) -> R {
    /// Which signals were masked before.
    struct Restore(libc::sigset_t);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the set is what this thread's mask was.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
        }
    }
    // SAFETY: signal sets are plain data, for which all zeros is a value.
    let (mut set, mut old) = unsafe { std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>() };
    // SAFETY: the pointer is to a set of this frame.
    unsafe { libc::sigemptyset(&raw mut set) };
    // SAFETY: as above.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGUSR1) };
    // SAFETY: both pointers are to sets of this frame.
    let refused = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut old) };
    assert_eq!(refused, 0);
    let _restore = Restore(old);
    f()
}

/// A critical section that knows whether it is held, for it may be tried within itself.
struct Masked(AtomicBool);

impl Masked {
    const fn new() -> Self {
        Self(AtomicBool::new(false))
    }
}

// SAFETY: one thread and its handler use this lock. `f` runs with the handler masked, and with a flag set that was clear,
// so no other `f` runs.
unsafe impl ScopedRawMutex for Masked {
    fn try_with_lock<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        struct Release<'a>(&'a AtomicBool);
        impl Drop for Release<'_> {
            fn drop(&mut self) {
                self.0.store(false, SeqCst);
            }
        }
        masked(|| {
            if self.0.swap(true, SeqCst) {
                return None;
            }
            let _release = Release(&self.0);
            Some(f())
        })
    }

    fn with_lock<R>(&self, f: impl FnOnce() -> R) -> R {
        self.try_with_lock(f).expect("a lock was taken by who holds it")
    }

    fn is_locked(&self) -> bool {
        self.0.load(SeqCst)
    }
}

impl NodeLock for Masked {
    const IN_HANDLER: bool = true;
}

// ---- the hardware

/// Lines of the node on the root. Two edges, a level, and what is behind.
const EDGES: u32 = 0b1011;
const LEVEL: u8 = 2;
const CHILD: u8 = 3;

static LATCHED: AtomicU32 = AtomicU32::new(0);
static ENABLED: AtomicU32 = AtomicU32::new(0);
/// The device behind the level line asks for service.
static ASKS: AtomicBool = AtomicBool::new(false);

static CHILD_LATCHED: AtomicU32 = AtomicU32::new(0);
static CHILD_ENABLED: AtomicU32 = AtomicU32::new(0);

/// The levels, and the latch of what is behind, follow their sources.
fn clock() {
    if ASKS.load(SeqCst) {
        LATCHED.fetch_or(1 << LEVEL, SeqCst);
    }
}

fn drive_child() {
    if CHILD_LATCHED.load(SeqCst) & CHILD_ENABLED.load(SeqCst) != 0 {
        LATCHED.fetch_or(1 << CHILD, SeqCst);
    }
}

/// The level of the line to the root.
fn is_active() -> bool {
    clock();
    LATCHED.load(SeqCst) & ENABLED.load(SeqCst) != 0
}

struct Low;

impl InterruptHardware for Low {
    type Lines = Lines<4>;

    fn unmask(&mut self, lines: u32) {
        LATCHED.fetch_and(!(lines & !EDGES), SeqCst);
        clock();
        ENABLED.fetch_or(lines, SeqCst);
    }

    fn mask(&mut self, lines: u32) {
        ENABLED.fetch_and(!lines, SeqCst);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        clock();
        let pending = LATCHED.load(SeqCst) & lines;
        LATCHED.fetch_and(!(pending & EDGES), SeqCst);
        pending
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines & EDGES)
    }

    fn clears_on_ack(&self) -> u32 {
        EDGES
    }

    fn read_back(&mut self) {}
}

struct High;

impl InterruptHardware for High {
    type Lines = Lines<2>;

    fn unmask(&mut self, lines: u32) {
        CHILD_ENABLED.fetch_or(lines, SeqCst);
        drive_child();
    }

    fn mask(&mut self, lines: u32) {
        CHILD_ENABLED.fetch_and(!lines, SeqCst);
    }

    fn ack_pending(&mut self, lines: u32) -> u32 {
        CHILD_LATCHED.fetch_and(!lines, SeqCst) & lines
    }

    fn take_latched(&mut self, lines: u32) -> u32 {
        self.ack_pending(lines)
    }

    fn clears_on_ack(&self) -> u32 {
        u32::MAX
    }

    fn read_back(&mut self) {}
}

// ---- the root

/// One line of the CPU's interrupt controller.
struct Gic {
    armed: AtomicBool,
    fired: AtomicBool,
    interrupts: AtomicUsize,
    waker: BlockingMutex<Masked, Option<Waker>>,
}

static GIC: Gic = Gic {
    armed: AtomicBool::new(false),
    fired: AtomicBool::new(false),
    interrupts: AtomicUsize::new(0),
    waker: BlockingMutex::const_new(Masked::new(), None),
};

impl Gic {
    /// The handler: one-shot, so the line is masked before anyone hears of it.
    fn interrupt(&self) {
        if !is_active() || !self.armed.swap(false, SeqCst) {
            return;
        }
        self.fired.store(true, SeqCst);
        self.interrupts.fetch_add(1, SeqCst);
        // A copy, since it is woken with the section left. That of a static node's waker costs nothing.
        if let Some(waker) = self.waker.with_lock(|waker| waker.clone()) {
            waker.wake();
        }
    }
}

impl InterruptSource for &Gic {
    fn poll_fired(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if !self.fired.swap(false, SeqCst) {
            self.waker.with_lock(|waker| *waker = Some(cx.waker().clone()));
            self.armed.store(true, SeqCst);
            // A line that is active when it is unmasked interrupts there and then; and the handler may have been first.
            let at_once = is_active() && self.armed.swap(false, SeqCst);
            if !at_once && !self.fired.swap(false, SeqCst) {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn disarm(self: Pin<&Self>) {
        self.armed.store(false, SeqCst);
        self.fired.store(false, SeqCst);
    }

    fn block(&self, _: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>, _: Option<Instant>) -> Result<(), Error> {
        Err(Error::NeverWoken)
    }
}

static LOW: Node<Low, Masked, &'static Gic> = Node::new(Masked::new(), Low, &GIC);
static HIGH: Node<High, Masked, ParentLine> = Node::new(Masked::new(), High, ParentLine::of_static(&LOW, CHILD));

extern "C" fn handler(_: libc::c_int) {
    GIC.interrupt();
}

fn install() {
    // SAFETY: the structure is plain data, for which all zeros is a value.
    let mut action = unsafe { std::mem::zeroed::<libc::sigaction>() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler is of the kind that no `SA_SIGINFO` asks for, and calls nothing but atomics, the signal mask
    // and the engine, which is written to be called from handlers.
    let refused = unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
    assert_eq!(refused, 0);
}

// ---- the program

/// Sources: two edges, the level device, and the line behind the cascade.
const SOURCES: usize = 4;

/// What the hardware is asked to raise, and what it has raised.
static WANTED: [AtomicBool; SOURCES] = [const { AtomicBool::new(false) }; SOURCES];
static RAISED: [AtomicBool; SOURCES] = [const { AtomicBool::new(false) }; SOURCES];
static OVER: AtomicBool = AtomicBool::new(false);

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn signal(thread: libc::pthread_t) {
    // SAFETY: the thread outlives this one, which it joins.
    let refused = unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
    assert_eq!(refused, 0);
}

/// Raises a source, if it is wanted and no other call has taken that on.
fn raise(source: usize, cpu: libc::pthread_t, pause: u64) -> bool {
    if !WANTED[source].swap(false, SeqCst) {
        return false;
    }
    (0..pause).for_each(|_| std::hint::spin_loop());
    match source {
        2 => ASKS.store(true, SeqCst),
        3 => {
            CHILD_LATCHED.fetch_or(1, SeqCst);
            drive_child();
        }
        line => drop(LATCHED.fetch_or(1 << line, SeqCst)),
    }
    // Once: if no root is armed now, the next one to be armed looks at the level.
    signal(cpu);
    RAISED[source].store(true, SeqCst);
    true
}

/// The other thread: at work whenever the program is, at any of its instructions.
fn hardware(cpu: libc::pthread_t) {
    let mut random = Random(1);
    while !OVER.load(SeqCst) {
        let source = random.below(SOURCES as u64) as usize;
        if !raise(source, cpu, random.below(200)) {
            match random.below(4_096) {
                // An interrupt for nothing, at any time.
                0 => signal(cpu),
                1..64 => thread::yield_now(),
                _ => std::hint::spin_loop(),
            }
        }
    }
}

/// What the program does that has nothing to do: where the other thread has no processor to run on, it would wait for
/// a turn of it at every event. So after a while it raises something itself.
fn idle(random: &mut Random, idle_turns: &mut u32) {
    std::hint::spin_loop();
    *idle_turns += 1;
    if *idle_turns % 256 == 0 {
        // SAFETY: has no conditions.
        let cpu = unsafe { libc::pthread_self() };
        if !raise(random.below(SOURCES as u64) as usize, cpu, 0) && *idle_turns % 65_536 == 0 {
            // The other thread was about it when it lost its processor.
            thread::yield_now();
        }
    }
}

/// A task's waker: what it was woken for in all.
#[derive(Default)]
struct Flag(AtomicUsize);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A task per source, each polled when it was woken and only then.
#[derive(Default)]
struct Tasks {
    flags: [Arc<Flag>; SOURCES],
    completed: [u32; SOURCES],
    idle_turns: u32,
}

impl Tasks {
    /// Polls the waits until all are over, or for so many turns. Returns whether all are over.
    fn run(
        &mut self,
        mut waits: [Pin<&mut dyn Future<Output = Result<Fired, Error>>>; SOURCES],
        turns: u64,
        random: &mut Random,
    ) -> bool {
        let (mut seen, mut over) = ([usize::MAX; SOURCES], [false; SOURCES]);
        let mut turn = 0;
        while over != [true; SOURCES] && turn < turns {
            turn += 1;
            let all_raised = RAISED.iter().all(|raised| raised.load(SeqCst));
            if all_raised {
                // Whatever signal was sent by now arrives with the return from a system call at the latest.
                thread::yield_now();
            }
            let mut anyone = false;
            for source in 0..SOURCES {
                let woken = self.flags[source].0.load(SeqCst);
                if over[source] || core::mem::replace(&mut seen[source], woken) == woken {
                    continue;
                }
                anyone = true;
                let waker = Waker::from(Arc::clone(&self.flags[source]));
                if let Poll::Ready(ended) = waits[source].as_mut().poll(&mut Context::from_waker(&waker)) {
                    ended.unwrap();
                    over[source] = true;
                    self.completed[source] += 1;
                }
            }
            assert!(
                anyone || !all_raised,
                "an event was lost: over {over:?}, latched {LATCHED:?}, enabled {ENABLED:?}, armed {:?}, asks {ASKS:?}",
                GIC.armed,
            );
            if !anyone {
                idle(random, &mut self.idle_turns);
            }
        }
        over == [true; SOURCES]
    }
}

#[test]
fn i09_waits_preempted_anywhere_by_their_interrupt_handler() {
    install();
    // SAFETY: has no conditions.
    let cpu = unsafe { libc::pthread_self() } as usize;
    let world = thread::spawn(move || hardware(cpu as libc::pthread_t));
    let (mut random, mut tasks) = (Random(2), Tasks::default());
    let low = |line| Line::new(&LOW, line).unwrap();
    let (mut first, mut second, mut level) = (low(0), low(1), low(LEVEL));
    let mut behind = Line::new(&HIGH, 0).unwrap();
    let mut given_up = 0;
    for round in 0..ROUNDS {
        RAISED.iter().for_each(|raised| raised.store(false, SeqCst));
        WANTED.iter().for_each(|wanted| wanted.store(true, SeqCst));
        let turns = if random.below(8) == 0 { random.below(40) } else { u64::MAX };
        {
            let waits: [Pin<&mut dyn Future<Output = _>>; SOURCES] = [
                pin!(first.wait_async()),
                pin!(second.wait_async()),
                pin!(level.wait_async()),
                pin!(behind.wait_async()),
            ];
            given_up += u32::from(!tasks.run(waits, turns, &mut random));
        }
        // The waits are gone, whatever the handler is about.
        assert!(LOW.handle().is_idle() && HIGH.handle().is_idle(), "round {round}: a node is not at rest");
        assert_eq!((ENABLED.load(SeqCst), CHILD_ENABLED.load(SeqCst)), (0, 0), "round {round}: lines are unmasked");
        assert!(!GIC.armed.load(SeqCst), "round {round}: the root is armed");
        while !RAISED.iter().all(|raised| raised.load(SeqCst)) {
            idle(&mut random, &mut tasks.idle_turns);
        }
        ASKS.store(false, SeqCst);
    }
    OVER.store(true, SeqCst);
    world.join().unwrap();
    let (completed, interrupts) = (tasks.completed, GIC.interrupts.load(SeqCst));
    println!("{completed:?} waits completed, {given_up} rounds given up, {interrupts} dispatches in the handler");
    assert!(completed.iter().all(|&completed| completed > ROUNDS * 3 / 4), "{completed:?}");
    assert!(given_up > ROUNDS / 1_000, "waits were hardly ever dropped: {given_up} times");
    assert!(interrupts > ROUNDS as usize / 8, "the handler hardly ever had anything to do: {interrupts} times");
}
