//! One schedule: random steps, then the verdict.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    rc::Rc,
    sync::{Arc, Weak},
    task::{Poll, Waker},
};

use pynq_core::{
    Error,
    interrupt::{Activity, NodeHandle},
};

use crate::{
    build,
    hardware::{CHILD, GPIO, Hardware, RAW_LEVEL},
    waiter::{Kind, PinId, Waiter},
};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Schedule>>> = const { RefCell::new(None) };
}

/// Runs `f` on the schedule of this thread.
pub(crate) fn current<R>(f: impl FnOnce(&Schedule) -> R) -> R {
    let schedule = CURRENT.with_borrow(Clone::clone).expect("inside a schedule");
    f(&schedule)
}

/// A boundary of a lock.
pub(crate) fn preempt() {
    if let Some(schedule) = CURRENT.with_borrow(Clone::clone) {
        schedule.preempt();
    }
}

/// Runs `f` without preemption at the boundaries of further locks.
pub(crate) fn undisturbed<R>(f: impl FnOnce() -> R) -> R {
    current(|schedule| {
        let before = schedule.held.replace(true);
        let result = f();
        schedule.held.set(before);
        result
    })
}

/// A node that is counted.
type Owned<T> = std::pin::Pin<Arc<T>>;

#[derive(Default)]
pub(crate) struct Pin {
    pub(crate) armed: bool,
    fired: bool,
    waker: Option<Waker>,
}

/// What really happened on a pin or a line.
#[derive(Clone, Copy, Default)]
pub(crate) struct Truth {
    pub(crate) events: u64,
    /// The number of the last event after which it was low, and high.
    pub(crate) was: [u64; 2],
    /// The number of the last falling and the last rising edge.
    pub(crate) edge: [u64; 2],
}

pub(crate) struct Schedule {
    pub(crate) hardware: RefCell<Hardware>,
    pub(crate) pins: RefCell<[Pin; 2]>,
    pub(crate) controllers: RefCell<Vec<NodeHandle>>,
    pub(crate) gpios: RefCell<Vec<NodeHandle>>,
    pub(crate) direct: RefCell<Option<NodeHandle>>,
    /// The controllers and the GPIOs, as what owns them sees them.
    owned: RefCell<Vec<Weak<dyn Any>>>,
    pub(crate) waiters: RefCell<Vec<Rc<Waiter>>>,
    lines: RefCell<[Truth; 4]>,
    pin_truth: RefCell<[Truth; 8]>,
    random: Cell<u64>,
    depth: Cell<u32>,
    /// Some lock is held.
    held: Cell<bool>,
    /// Woken waiters that have not been seen since, as the engine reports.
    pub(crate) unsettled: Cell<i64>,
    /// Preemption and moving hardware are on.
    live: Cell<bool>,
    pub(crate) dead: Cell<bool>,
    verdict: RefCell<Option<String>>,
    pub(crate) completed: Cell<u64>,
}

fn direct_line() -> usize {
    3
}

impl Schedule {
    pub(crate) fn random(&self, below: u64) -> u64 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        (x >> 11) % below
    }

    /// A handle on `node`, which is to go with the last of them.
    pub(crate) fn own<T: 'static, Hw>(&self, node: Owned<T>) -> NodeHandle
    where
        Owned<T>: Into<NodeHandle<Hw>>,
    {
        // SAFETY: it is counted, and not moved.
        #[allow(unsafe_code)]
        let counted = unsafe { std::pin::Pin::into_inner_unchecked(node.clone()) };
        let weak = Arc::downgrade(&counted);
        self.owned.borrow_mut().push(weak);
        node.into().erase()
    }

    pub(crate) fn bad(&self, why: impl Into<String>) {
        self.verdict.borrow_mut().get_or_insert(why.into());
    }

    // ---- what the engine calls ----

    pub(crate) fn access<R>(&self, f: impl FnOnce(&mut Hardware) -> R) -> R {
        if self.hardware.borrow().gone {
            self.bad("I8: a register was accessed after the node had been invalidated");
        }
        if self.live.get() {
            if self.random(16) == 0 {
                self.stimulus();
            }
            // An interrupt in the middle of a register access, whichever locks are held.
            if self.random(16) == 0 {
                self.deliver();
            }
        }
        let result = f(&mut self.hardware.borrow_mut());
        if self.live.get() && self.random(8) == 0 {
            self.deliver();
        }
        result
    }

    pub(crate) fn poll_fired(&self, pin: usize, waker: &Waker) -> Poll<Result<(), Error>> {
        let old = {
            let mut pins = self.pins.borrow_mut();
            let state = &mut pins[pin];
            if std::mem::take(&mut state.fired) {
                return Poll::Ready(Ok(()));
            }
            state.armed = true;
            if state.waker.as_ref().is_some_and(|old| !old.will_wake(waker)) {
                self.bad("a node changed its waker");
            }
            state.waker.replace(waker.clone())
        };
        drop(old);
        // A source may wake inside the poll.
        if self.live.get() && self.random(8) == 0 {
            self.deliver();
        }
        Poll::Pending
    }

    pub(crate) fn disarm(&self, pin: usize) {
        let mut pins = self.pins.borrow_mut();
        (pins[pin].armed, pins[pin].fired) = (false, false);
    }

    pub(crate) fn trace(&self, activity: Activity) {
        let change = match activity {
            Activity::Woken => 1,
            Activity::Polled | Activity::Dropped | Activity::Completed { woken: true, .. } => -1,
            _ => 0,
        };
        self.unsettled.set(self.unsettled.get() + change);
    }

    fn preempt(&self) {
        if self.live.get() && !self.held.get() && self.depth.get() < 2 && self.random(24) == 0 {
            self.depth.set(self.depth.get() + 1);
            self.step();
            self.depth.set(self.depth.get() - 1);
        }
    }

    // ---- what the hardware does ----

    /// The CPU's side of an interrupt: one-shot, then the waker, which is the dispatch.
    pub(crate) fn deliver(&self) -> bool {
        let mut delivered = false;
        for pin in 0..2 {
            let high = match self.hardware.try_borrow() {
                Ok(hardware) => hardware.cpu_pin(pin),
                Err(_) => false,
            };
            let waker = {
                let Ok(mut pins) = self.pins.try_borrow_mut() else { return delivered };
                let state = &mut pins[pin];
                if !(high && state.armed) {
                    continue;
                }
                (state.armed, state.fired) = (false, true);
                state.waker.clone()
            };
            delivered = true;
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        delivered
    }

    pub(crate) fn stimulus(&self) {
        match self.random(10) {
            choice @ 0..=2 => {
                let line = choice % 2;
                self.lines.borrow_mut()[line as usize].events += 1;
                self.hardware.borrow_mut().edge(line as u32);
            }
            3 => {
                if !self.hardware.borrow().raw_level {
                    self.lines.borrow_mut()[usize::from(RAW_LEVEL)].events += 1;
                    self.hardware.borrow_mut().set_raw_level(true);
                }
            }
            4 => {
                if !self.hardware.borrow().direct {
                    self.lines.borrow_mut()[direct_line()].events += 1;
                    self.hardware.borrow_mut().direct = true;
                }
            }
            _ => {
                let pin =
                    PinId { gpio: self.random(2) as usize, channel: self.random(2) as u8, pin: self.random(2) as u8 };
                let high = self.hardware.borrow_mut().toggle(pin.gpio, pin.channel, pin.pin);
                let truth = &mut self.pin_truth.borrow_mut()[index(pin)];
                truth.was[usize::from(!high)] = truth.events;
                truth.events += 1;
                truth.was[usize::from(high)] = truth.events;
                truth.edge[usize::from(high)] = truth.events;
            }
        }
    }

    pub(crate) fn truth(&self, waiter: &Waiter) -> Truth {
        match waiter.kind {
            Kind::RawEdge(line) | Kind::Listener(line) => self.lines.borrow()[usize::from(line)],
            Kind::RawLevel => self.lines.borrow()[usize::from(RAW_LEVEL)],
            Kind::Direct => self.lines.borrow()[direct_line()],
            Kind::PinLevel(pin, _) | Kind::PinEdge(pin, _) | Kind::PinChange(pin) => {
                self.pin_truth.borrow()[index(pin)]
            }
        }
    }

    pub(crate) fn is_high(&self, waiter: &Waiter) -> Option<bool> {
        let pin = waiter.kind.pin()?;
        Some(self.hardware.borrow().pin(pin.gpio, pin.channel, pin.pin))
    }

    pub(crate) fn asks(&self, waiter: &Waiter) -> bool {
        match waiter.kind {
            Kind::RawLevel => self.hardware.borrow().raw_level,
            Kind::Direct => self.hardware.borrow().direct,
            _ => false,
        }
    }

    pub(crate) fn step(&self) {
        let waiter = {
            let waiters = self.waiters.borrow();
            if waiters.is_empty() {
                return;
            }
            waiters[self.random(waiters.len() as u64) as usize].clone()
        };
        match self.random(32) {
            0..=9 => self.stimulus(),
            10..=15 => drop(self.deliver()),
            16..=23 => {
                if waiter.is_woken() || !waiter.is_waiting() || self.random(4) == 0 {
                    self.poll(&waiter);
                }
            }
            24..=25 => self.cancel(&waiter),
            26..=27 => self.clear(&waiter),
            28 => self.spurious(),
            29 if self.random(40) == 0 => self.replace_design(),
            _ => drop(self.poll_woken()),
        }
    }

    /// An interrupt that no device raised.
    fn spurious(&self) {
        let waker = self.pins.borrow()[0].waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn replace_design(&self) {
        if self.dead.replace(true) {
            return;
        }
        let nodes: Vec<NodeHandle> =
            self.gpios.borrow().iter().chain(self.controllers.borrow().iter().rev()).cloned().collect();
        for node in nodes {
            node.invalidate(Error::Invalidated);
        }
        let direct = self.direct.borrow().clone();
        if let Some(direct) = direct {
            direct.invalidate(Error::Invalidated);
        }
        self.hardware.borrow_mut().gone = true;
    }

    pub(crate) fn poll_woken(&self) -> bool {
        let waiters = self.waiters.borrow().clone();
        let mut any = false;
        for waiter in waiters {
            if waiter.is_woken() && !waiter.busy.get() {
                any = true;
                self.poll(&waiter);
            }
        }
        any
    }
}

fn index(pin: PinId) -> usize {
    pin.gpio * 4 + usize::from(pin.channel) * 2 + usize::from(pin.pin)
}

/// Runs the schedule of `seed`. Returns how many waits completed, or what went wrong first.
pub(crate) fn run(seed: u64, steps: u32) -> Result<u64, String> {
    // Which inputs are edges: the raw ones always, the GPIOs' and the cascade's as the seed has it.
    let kinds = 0b11 | (seed as u32 >> 1 & 0b11) << GPIO | (seed as u32 >> 3 & 1) << CHILD;
    let depth = 1 + (seed >> 4) as usize % 3;
    let schedule = Rc::new(Schedule {
        hardware: RefCell::new(Hardware::new(depth, kinds)),
        pins: RefCell::default(),
        controllers: RefCell::default(),
        gpios: RefCell::default(),
        direct: RefCell::default(),
        owned: RefCell::default(),
        waiters: RefCell::default(),
        lines: RefCell::default(),
        pin_truth: RefCell::default(),
        random: Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
        depth: Cell::new(0),
        held: Cell::new(false),
        unsettled: Cell::new(0),
        live: Cell::new(false),
        dead: Cell::new(false),
        verdict: RefCell::default(),
        completed: Cell::new(0),
    });
    CURRENT.set(Some(schedule.clone()));
    let played = panic::catch_unwind(AssertUnwindSafe(|| play(&schedule, kinds, depth, steps)));
    played.unwrap_or_else(|panic| {
        // Nodes are in the middle of something and are not to be dropped.
        std::mem::forget(CURRENT.take());
        let message = panic.downcast_ref::<String>().map(String::as_str);
        Err(format!("panic: {}", message.or(panic.downcast_ref::<&str>().copied()).unwrap_or("of another kind")))
    })
}

fn play(schedule: &Rc<Schedule>, kinds: u32, depth: usize, steps: u32) -> Result<u64, String> {
    build::build(schedule, kinds, depth)?;
    schedule.live.set(true);
    for _ in 0..steps {
        schedule.step();
        if schedule.verdict.borrow().is_some() {
            break;
        }
    }
    schedule.live.set(false);
    schedule.rest();
    if schedule.dead.get() {
        let waiters = schedule.waiters.borrow().clone();
        if waiters.iter().any(|waiter| waiter.is_waiting()) {
            schedule.bad("I8: a wait outlives the design");
        }
    } else {
        schedule.check_lost();
        schedule.check_masks("at rest");
    }
    let waiters = schedule.waiters.borrow().clone();
    for waiter in &waiters {
        schedule.cancel(waiter);
    }
    if !schedule.dead.get() {
        schedule.check_masks("after the last drop");
    }
    schedule.check_end();
    drop(waiters);
    // Nothing keeps a node alive once its handles are gone, though the CPU pins still hold wakers.
    let weak = schedule.owned.take();
    schedule.waiters.borrow_mut().clear();
    schedule.gpios.borrow_mut().clear();
    schedule.controllers.borrow_mut().clear();
    *schedule.direct.borrow_mut() = None;
    if weak.iter().any(|node| node.upgrade().is_some()) {
        schedule.bad("a node is alive though all its handles are gone");
    }
    let verdict = schedule.verdict.borrow_mut().take();
    verdict.map_or(Ok(schedule.completed.get()), Err)
}
