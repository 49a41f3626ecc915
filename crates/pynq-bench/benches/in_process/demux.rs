//! What a hand writes in place of a node: a demultiplexer with one notifier for each line, which any number of tasks may
//! wait on (as far as the notifier allows), which forgets no event between two waits, and which masks a line that fired
//! until a task waits for it again. It makes the register accesses that a node makes.
//!
//! Unlike a node it knows no level lines, leaves a line unmasked when its last waiter gives up, and has no way to fail.

use std::{
    cell::Cell,
    future::Future,
    rc::Rc,
    sync::{
        Arc, OnceLock,
        atomic::{
            AtomicU32,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
};

use crate::{
    blocks::{Gpio, Intc, Tape, Window},
    hardware::{Board, CASCADE, CpuPin},
    ours::Subject,
};

/// What wakes the tasks on one line, all of them.
pub(crate) trait Notifier: Default + Send + Sync + 'static {
    fn wake(&self);

    /// Registers, then sees whether the event is there already, then arms, then waits.
    fn wait<'a>(&'a self, there: impl Fn() -> bool + 'a, arm: impl Fn() + 'a) -> impl Future<Output = ()> + 'a;
}

/// What a demultiplexer is armed by.
pub(crate) trait Upwards: Send + Sync + 'static {
    fn arm(&self);
    /// Sets the function that an interrupt calls.
    fn connect(&self, handler: impl Fn() + Send + Sync + 'static);
}

impl Upwards for Arc<CpuPin> {
    #[inline]
    fn arm(&self) {
        CpuPin::arm(self);
    }

    fn connect(&self, handler: impl Fn() + Send + Sync + 'static) {
        self.handle(handler);
    }
}

struct Line<N> {
    count: AtomicU32,
    notifier: N,
}

impl<N: Notifier> Line<N> {
    fn new() -> Self {
        Self { count: AtomicU32::new(0), notifier: N::default() }
    }

    #[inline]
    fn fire(&self) {
        self.count.fetch_add(1, Release);
        self.notifier.wake();
    }

    /// Waits until the line has fired since `cursor`, which is moved.
    async fn wait(&self, cursor: &mut u32, arm: impl Fn()) {
        self.notifier.wait(|| self.count.load(Acquire) != *cursor, arm).await;
        *cursor = self.count.load(Acquire);
    }
}

/// Of one AXI INTC.
pub(crate) struct Demux<N, T, U> {
    window: Window<Intc, T>,
    lines: [Line<N>; 32],
    enabled: AtomicU32,
    /// What is behind line `CASCADE`, if it is a block and not a task.
    child: OnceLock<Box<dyn Fn() + Send + Sync>>,
    up: U,
}

impl<N: Notifier, T: Tape, U: Upwards> Demux<N, T, U> {
    fn new(window: Window<Intc, T>, up: U) -> Arc<Self> {
        window.write(0x08, 0);
        window.write(0x0C, !0);
        window.write(0x1C, 3);
        let lines = std::array::from_fn(|_| Line::new());
        let this = Arc::new(Self { window, lines, enabled: AtomicU32::new(0), child: OnceLock::new(), up });
        let me = Arc::downgrade(&this);
        this.up.connect(move || {
            if let Some(this) = me.upgrade() {
                this.dispatch();
            }
        });
        this
    }

    /// Unmasks a line, if it is not.
    #[inline]
    fn unmask(&self, line: u8) {
        let bit = 1 << line;
        let before = self.enabled.fetch_or(bit, AcqRel);
        if before & bit == 0 {
            self.window.write(0x10, bit);
            if before == 0 {
                self.up.arm();
            }
        }
    }

    #[inline]
    fn dispatch(&self) {
        // Until nothing is left: a parent that looks for edges sees the next one.
        loop {
            let pending = self.window.read(0x00) & self.enabled.load(Acquire);
            if pending == 0 {
                break;
            }
            self.window.write(0x0C, pending);
            self.window.write(0x14, pending);
            // After it was masked: a task that finds it enabled here is woken below, a task that does not unmasks it.
            let enabled = self.enabled.fetch_and(!pending, AcqRel) & !pending;
            let mut left = pending;
            while left != 0 {
                let line = left.trailing_zeros();
                left &= left - 1;
                match self.child.get() {
                    Some(child) if line == u32::from(CASCADE) => child(),
                    _ => self.lines[line as usize].fire(),
                }
            }
            if enabled == 0 {
                // A read after the writes, so that they have arrived.
                self.window.read(0x08);
                break;
            }
        }
        if self.enabled.load(Acquire) != 0 {
            self.up.arm();
        }
    }
}

impl<N: Notifier, T: Tape, U: Upwards> Upwards for Arc<Demux<N, T, U>> {
    #[inline]
    fn arm(&self) {
        self.unmask(CASCADE);
    }

    fn connect(&self, handler: impl Fn() + Send + Sync + 'static) {
        assert!(self.child.set(Box::new(handler)).is_ok(), "one child");
    }
}

/// Of one channel of an AXI GPIO.
pub(crate) struct GpioDemux<N, T, U> {
    window: Window<Gpio, T>,
    /// One of each pin.
    pins: [Line<N>; 4],
    sample: AtomicU32,
    enabled: AtomicU32,
    up: U,
}

impl<N: Notifier, T: Tape, U: Upwards> GpioDemux<N, T, U> {
    fn new(window: Window<Gpio, T>, up: U) -> Arc<Self> {
        window.write(0x128, 0);
        window.write(0x11C, 0x8000_0000);
        let pins = std::array::from_fn(|_| Line::new());
        let sample = AtomicU32::new(window.read(0x000));
        let this = Arc::new(Self { window, pins, sample, enabled: AtomicU32::new(0), up });
        let me = Arc::downgrade(&this);
        this.up.connect(move || {
            if let Some(this) = me.upgrade() {
                this.dispatch();
            }
        });
        this
    }

    #[inline]
    fn unmask(&self) {
        // What this wait compares with.
        self.sample.store(self.window.read(0x000), Relaxed);
        if self.enabled.swap(1, AcqRel) == 0 {
            self.window.write(0x128, 1);
            self.up.arm();
        }
    }

    #[inline]
    fn dispatch(&self) {
        let status = self.window.read(0x120) & self.enabled.load(Acquire);
        if status != 0 {
            self.window.write(0x120, status);
            let now = self.window.read(0x000);
            let mut changed = (now ^ self.sample.swap(now, AcqRel)) & 0xF;
            self.window.write(0x128, 0);
            self.enabled.store(0, Release);
            while changed != 0 {
                let pin = changed.trailing_zeros();
                changed &= changed - 1;
                self.pins[pin as usize].fire();
            }
        }
        self.window.read(0x128);
        if self.enabled.load(Acquire) != 0 {
            self.up.arm();
        }
    }
}

/// Any of them.
#[derive(Clone)]
pub(crate) struct ByHand<D>(D);

impl<N: Notifier, T: Tape, U: Upwards> Subject for ByHand<Arc<Demux<N, T, U>>> {
    fn task(self, line: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()> {
        let demux = self.0;
        async move {
            let mut cursor = 0;
            loop {
                demux.lines[usize::from(line)].wait(&mut cursor, || demux.unmask(line)).await;
                seen.set(seen.get() + 1);
            }
        }
    }
}

impl<N: Notifier, T: Tape, U: Upwards> Subject for ByHand<Arc<GpioDemux<N, T, U>>> {
    fn task(self, pin: u8, seen: Rc<Cell<u64>>) -> impl Future<Output = ()> {
        let demux = self.0;
        async move {
            let mut cursor = 0;
            loop {
                demux.pins[usize::from(pin)].wait(&mut cursor, || demux.unmask()).await;
                seen.set(seen.get() + 1);
            }
        }
    }
}

type OnPin<N, T> = Arc<Demux<N, T, Arc<CpuPin>>>;
type Second<N, T> = Arc<Demux<N, T, OnPin<N, T>>>;
type Third<N, T> = Arc<Demux<N, T, Second<N, T>>>;
type OfGpio<N, T> = Arc<GpioDemux<N, T, OnPin<N, T>>>;

/// Of a controller on the pin.
pub(crate) fn one<N: Notifier, T: Tape>(board: &Board<T>) -> ByHand<OnPin<N, T>> {
    ByHand(Demux::new(board.intc(0), Arc::clone(&board.pin)))
}

/// And of one behind it.
pub(crate) fn two<N: Notifier, T: Tape>(board: &Board<T>) -> ByHand<Second<N, T>> {
    ByHand(Demux::new(board.intc(1), one(board).0))
}

/// And of one behind that.
pub(crate) fn three<N: Notifier, T: Tape>(board: &Board<T>) -> ByHand<Third<N, T>> {
    ByHand(Demux::new(board.intc(2), two(board).0))
}

/// Of a GPIO behind a controller.
pub(crate) fn gpio<N: Notifier, T: Tape>(board: &Board<T>) -> ByHand<OfGpio<N, T>> {
    ByHand(GpioDemux::new(board.gpio(), one(board).0))
}
