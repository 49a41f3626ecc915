//! One schedule: random steps, then the verdict.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, Error, axi_intc_node,
    interrupt::{
        Activity, Condition, Direct, InterruptEvent, InterruptEventExt, InterruptSource, Line, Node as EngineNode,
        NodeHandle, ParentLine, WaitFor,
    },
};
use pynq_drivers::axi_gpio::{AxiGpioConfig, AxiGpioHardware, ChannelConfig, axi_gpio_node};

use crate::{
    backend::{CpuPin, PreemptedLock, Window},
    hardware::{CHILD, Device, GPIO, Hardware, INPUTS, RAW_LEVEL},
    waiter::{Kind, Node, PinId, Waiter},
};

type Source = Box<dyn InterruptSource + Send + Sync>;

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

#[derive(Default)]
struct Pin {
    armed: bool,
    fired: bool,
    waker: Option<Waker>,
}

/// What really happened on a pin or a line.
#[derive(Clone, Copy, Default)]
struct Truth {
    events: u64,
    /// The number of the last event after which it was low, and high.
    was: [u64; 2],
    /// The number of the last falling and the last rising edge.
    edge: [u64; 2],
}

pub(crate) struct Schedule {
    hardware: RefCell<Hardware>,
    pins: RefCell<[Pin; 2]>,
    controllers: RefCell<Vec<Node>>,
    gpios: RefCell<Vec<Node>>,
    direct: RefCell<Option<Node>>,
    waiters: RefCell<Vec<Rc<Waiter>>>,
    lines: RefCell<[Truth; 4]>,
    pin_truth: RefCell<[Truth; 8]>,
    random: Cell<u64>,
    depth: Cell<u32>,
    /// Some lock is held.
    held: Cell<bool>,
    /// Woken waiters that have not been seen since, as the engine tells.
    unsettled: Cell<i64>,
    /// Preemption and moving hardware are on.
    live: Cell<bool>,
    dead: Cell<bool>,
    verdict: RefCell<Option<String>>,
    completed: Cell<u64>,
}

fn direct_line() -> usize {
    3
}

impl Schedule {
    fn random(&self, below: u64) -> u64 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        (x >> 11) % below
    }

    fn bad(&self, why: impl Into<String>) {
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
            // An interrupt in the middle of a register access, whoever holds which lock.
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

    pub(crate) fn observe(&self, activity: Activity) {
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
    fn deliver(&self) -> bool {
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

    fn stimulus(&self) {
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

    fn truth(&self, waiter: &Waiter) -> Truth {
        match waiter.kind {
            Kind::RawEdge(line) | Kind::Listener(line) => self.lines.borrow()[usize::from(line)],
            Kind::RawLevel => self.lines.borrow()[usize::from(RAW_LEVEL)],
            Kind::Direct => self.lines.borrow()[direct_line()],
            Kind::PinLevel(pin, _) | Kind::PinEdge(pin, _) | Kind::PinChange(pin) => {
                self.pin_truth.borrow()[index(pin)]
            }
        }
    }

    fn is_high(&self, waiter: &Waiter) -> Option<bool> {
        let pin = waiter.kind.pin()?;
        Some(self.hardware.borrow().pin(pin.gpio, pin.channel, pin.pin))
    }

    fn asks(&self, waiter: &Waiter) -> bool {
        match waiter.kind {
            Kind::RawLevel => self.hardware.borrow().raw_level,
            Kind::Direct => self.hardware.borrow().direct,
            _ => false,
        }
    }

    // ---- what tasks do ----

    fn start(&self, waiter: &Waiter) {
        let (node, line) = (waiter.node.clone(), waiter.line);
        let handle = waiter.handle.clone();
        let listens = matches!(waiter.kind, Kind::Listener(_));
        let condition = match waiter.kind {
            Kind::PinLevel(pin, high) => {
                Some(Condition::Level { mask: 1 << pin.pin, value: u32::from(high) << pin.pin })
            }
            Kind::PinEdge(pin, true) => Some(Condition::Rising { mask: 1 << pin.pin }),
            Kind::PinEdge(pin, false) => Some(Condition::Falling { mask: 1 << pin.pin }),
            _ => None,
        };
        waiter.patience.set(if self.random(3) == 0 { 1 + self.random(4) } else { u64::MAX });
        *waiter.waiting.borrow_mut() = Some(Box::pin(async move {
            match (condition, handle) {
                (Some(condition), _) => WaitFor::new(&node, line, condition).await,
                (None, Some(handle)) if listens => {
                    // The handle's own cursor stays, as that of a task that listens for a while and gives up.
                    let listener = handle.borrow().clone().listen();
                    let mut listener = std::pin::pin!(listener);
                    listener.as_mut().next_async().await
                }
                (None, Some(handle)) => {
                    let mut handle = handle.borrow_mut();
                    handle.wait_async().await
                }
                (None, None) => Err(Error::InterruptsUnavailable),
            }
        }));
    }

    fn poll(&self, waiter: &Waiter) {
        if waiter.busy.replace(true) {
            return;
        }
        let fresh = !waiter.is_waiting();
        if fresh {
            waiter.joined.set(self.waiters.borrow().iter().any(|other| {
                !std::ptr::eq(&**other, waiter) && other.kind == waiter.kind && (other.is_waiting() || other.busy.get())
            }));
        }
        if fresh && waiter.kind.clears() {
            // The driver's idiom: clear, check, wait.
            let disposed = self.disposable(waiter);
            self.clear_handle(waiter);
            waiter.cleared.set(disposed);
            if self.asks(waiter) {
                self.answer(waiter);
                waiter.busy.set(false);
                return;
            }
        }
        let before = self.truth(waiter).events;
        if fresh {
            waiter.started.set(before);
            if !matches!(waiter.kind, Kind::PinChange(_)) {
                waiter.known.set(self.is_high(waiter));
            }
            self.start(waiter);
        }
        waiter.forget_wakes();
        let waker = Waker::from(waiter.flag.clone());
        let mut waiting = waiter.waiting.borrow_mut().take();
        let polled = waiting.as_mut().map(|waiting| waiting.as_mut().poll(&mut Context::from_waker(&waker)));
        match polled {
            Some(Poll::Pending) => {
                if fresh {
                    waiter.registered.set(self.truth(waiter).events);
                }
                waiter.patience.set(waiter.patience.get().saturating_sub(1));
                if waiter.patience.get() > 0 {
                    *waiter.waiting.borrow_mut() = waiting;
                } else {
                    drop(waiting);
                    waiter.forget_wakes();
                }
                if fresh && self.truth(waiter).events != before && !matches!(waiter.kind, Kind::PinChange(_)) {
                    waiter.known.set(None);
                }
            }
            Some(Poll::Ready(Ok(fired))) => {
                drop(waiting);
                self.finish(waiter, fired.changed);
                waiter.forget_wakes();
            }
            Some(Poll::Ready(Err(error))) => {
                drop(waiting);
                waiter.forget_wakes();
                if !self.dead.get() {
                    self.bad(format!("{:?} failed with {error}", waiter.kind));
                }
            }
            None => {}
        }
        waiter.busy.set(false);
    }

    /// The verdict on a completed wait.
    fn finish(&self, waiter: &Waiter, changed: u32) {
        self.completed.set(self.completed.get() + 1);
        let truth = self.truth(waiter);
        let what = match waiter.kind {
            Kind::RawEdge(_) | Kind::Listener(_) if truth.events <= waiter.cleared.get() => Some("no edge"),
            // A latch that is still owed to one who waited before cannot be told from an event for who joined.
            Kind::RawLevel | Kind::Direct
                if truth.events <= waiter.cleared.get() && !self.asks(waiter) && !waiter.joined.get() =>
            {
                Some("a line that was quiet")
            }
            Kind::PinLevel(_, high) if truth.was[usize::from(high)] < waiter.started.get() => Some("another level"),
            Kind::PinEdge(_, rising) if truth.edge[usize::from(rising)] <= waiter.started.get() => Some("no such edge"),
            Kind::PinChange(_) if truth.events <= waiter.cleared.get() => Some("no change"),
            Kind::PinChange(pin) | Kind::PinEdge(pin, _) if changed != 1 << pin.pin => Some("another pin"),
            _ => None,
        };
        if let Some(what) = what {
            self.bad(format!("invented: {:?} completed for {what}", waiter.kind));
        }
        waiter.looked.set(truth.events);
        if matches!(waiter.kind, Kind::PinChange(_)) {
            // The handle has seen its pin change, however often it changed again until the task was polled.
            waiter.known.set(waiter.known.get().map(|high| !high));
        }
        if waiter.kind.clears() {
            self.answer(waiter);
        }
    }

    /// The driver clears its device.
    fn answer(&self, waiter: &Waiter) {
        match waiter.kind {
            Kind::RawLevel => self.hardware.borrow_mut().set_raw_level(false),
            Kind::Direct => self.hardware.borrow_mut().direct = false,
            _ => {}
        }
        waiter.cleared.set(self.truth(waiter).events);
        waiter.looked.set(self.truth(waiter).events);
    }

    /// The events that a clear beginning now disposes of. A device that asks at that moment is none: only its driver
    /// can clear it.
    fn disposable(&self, waiter: &Waiter) -> u64 {
        self.truth(waiter).events - u64::from(self.asks(waiter))
    }

    fn clear_handle(&self, waiter: &Waiter) {
        let Some(handle) = &waiter.handle else { return };
        let cleared = handle.borrow_mut().clear();
        if cleared.is_err() != self.dead.get() && !self.dead.get() {
            self.bad("clear failed");
        }
    }

    fn clear(&self, waiter: &Waiter) {
        if waiter.is_waiting() || waiter.busy.replace(true) {
            return;
        }
        let before = self.truth(waiter);
        let disposed = self.disposable(waiter);
        self.clear_handle(waiter);
        waiter.cleared.set(disposed);
        let after = self.truth(waiter);
        waiter.looked.set(after.events);
        waiter.known.set(if after.events == before.events { self.is_high(waiter) } else { None });
        waiter.busy.set(false);
    }

    fn cancel(&self, waiter: &Waiter) {
        if waiter.busy.replace(true) {
            return;
        }
        let waiting = waiter.waiting.borrow_mut().take();
        drop(waiting);
        waiter.forget_wakes();
        waiter.busy.set(false);
    }

    fn step(&self) {
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

    /// An interrupt that nobody raised.
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
        let nodes: Vec<Node> =
            self.gpios.borrow().iter().chain(self.controllers.borrow().iter().rev()).cloned().collect();
        for node in nodes {
            node.invalidate_node(Error::Invalidated);
        }
        let direct = self.direct.borrow().clone();
        if let Some(direct) = direct {
            direct.invalidate_node(Error::Invalidated);
        }
        self.hardware.borrow_mut().gone = true;
    }

    fn poll_woken(&self) -> bool {
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

    // ---- the verdict ----

    fn rest(&self) {
        for _ in 0..2_000 {
            let delivered = self.deliver();
            if !self.poll_woken() && !delivered {
                return;
            }
        }
        self.bad("it never comes to rest");
    }

    /// I1: unmasked is what somebody waits on, and nothing else.
    fn check_masks(&self, when: &str) {
        let waiters = self.waiters.borrow().clone();
        let (mut raw, mut channels, mut direct) = (0, [0, 0], false);
        for waiter in waiters.iter().filter(|waiter| waiter.is_waiting()) {
            match waiter.kind {
                Kind::RawEdge(line) | Kind::Listener(line) => raw |= 1 << line,
                Kind::RawLevel => raw |= 1 << RAW_LEVEL,
                Kind::Direct => direct = true,
                Kind::PinLevel(pin, _) | Kind::PinEdge(pin, _) | Kind::PinChange(pin) => {
                    channels[pin.gpio] |= 1 << pin.channel;
                }
            }
        }
        for (gpio, line) in (0..2).zip(GPIO..) {
            let enabled = self.hardware.borrow_mut().channels_enabled(gpio);
            if enabled != channels[gpio] {
                self.bad(format!("I1 {when}: GPIO {gpio} has {enabled:#b} unmasked, {:#b} waited on", channels[gpio]));
            }
            raw |= u32::from(channels[gpio] != 0) << line;
        }
        let depth = self.hardware.borrow().controllers.len();
        for controller in (0..depth).rev() {
            let enabled = self.hardware.borrow().enables(controller);
            if enabled != raw {
                self.bad(format!("I1 {when}: controller {controller} has {enabled:#b} unmasked, {raw:#b} waited on"));
            }
            raw = u32::from(raw != 0) << CHILD;
        }
        let pins = self.pins.borrow();
        if (pins[0].armed, pins[1].armed) != (raw != 0, direct) {
            self.bad(format!("I1 {when}: CPU pins armed {:?}", (pins[0].armed, pins[1].armed)));
        }
    }

    fn check_lost(&self) {
        let waiters = self.waiters.borrow().clone();
        for waiter in waiters.iter().filter(|waiter| waiter.is_waiting()) {
            let (truth, high) = (self.truth(waiter), self.is_high(waiter));
            let lost = match waiter.kind {
                Kind::RawEdge(_) | Kind::Listener(_) => truth.events != waiter.looked.get(),
                // The controller's latch remembers that the device asked, even if another task has answered it since.
                Kind::RawLevel => self.asks(waiter) || truth.events > waiter.registered.get(),
                Kind::Direct => self.asks(waiter),
                Kind::PinLevel(_, level) => high == Some(level),
                Kind::PinEdge(_, rising) => waiter.known.get() == Some(!rising) && high == Some(rising),
                Kind::PinChange(_) => waiter.known.get().is_some() && waiter.known.get() != high,
            };
            if lost {
                self.bad(format!("lost: {:?} still waits", waiter.kind));
            }
        }
    }

    fn check_end(&self) {
        let nodes: Vec<Node> = self
            .controllers
            .borrow()
            .iter()
            .chain(self.gpios.borrow().iter())
            .chain(self.direct.borrow().iter())
            .cloned()
            .collect();
        let spurious: u32 =
            nodes.iter().flat_map(|node| (0..node.line_count()).map(|line| node.line_stats(line).spurious)).sum();
        if spurious != 0 {
            self.bad(format!("{spurious} waiters were woken for nothing"));
        }
        if self.unsettled.get() != 0 {
            self.bad(format!("the engine reports {} waiters as woken and not seen since", self.unsettled.get()));
        }
        if !nodes.iter().all(NodeHandle::is_idle) {
            self.bad("a node is not idle though nobody waits");
        }
    }
}

fn index(pin: PinId) -> usize {
    pin.gpio * 4 + usize::from(pin.channel) * 2 + usize::from(pin.pin)
}

fn build(schedule: &Schedule, kinds: u32, depth: usize) -> Result<(), String> {
    let mut source: Source = Box::new(CpuPin(0));
    for level in 0..depth {
        let config = AxiIntcConfig::new(INPUTS, kinds);
        let hardware = AxiIntcHardware::new(Window(Device::Controller(level)), config).map_err(|e| e.to_string())?;
        let node: Node = Arc::new(axi_intc_node(PreemptedLock::new(), hardware, source));
        schedule.controllers.borrow_mut().push(node.clone());
        source = Box::new(ParentLine::new(node, CHILD));
    }
    drop(source);
    let last = schedule.controllers.borrow()[depth - 1].clone();
    for (gpio, line) in (0..2).zip(GPIO..) {
        let channel = ChannelConfig::inputs(2);
        let config = AxiGpioConfig { channel1: channel, channel2: Some(channel), interrupt: true };
        let hardware = AxiGpioHardware::new(Window(Device::Gpio(gpio)), config).map_err(|e| e.to_string())?;
        let node: Node = Arc::new(axi_gpio_node(PreemptedLock::new(), hardware, ParentLine::new(last.clone(), line)));
        schedule.gpios.borrow_mut().push(node);
    }
    let direct: Node = Arc::new(EngineNode::<_, _, _, 1>::new(PreemptedLock::new(), Direct, CpuPin(1)));
    *schedule.direct.borrow_mut() = Some(direct.clone());

    let mut waiters = Vec::new();
    let mut add = |kind: Kind, node: &Node, line: u8, mask: Option<u32>| -> Result<(), String> {
        let handle = match (kind, mask) {
            (Kind::PinLevel(..) | Kind::PinEdge(..), _) => None,
            (_, Some(mask)) => Some(Line::of_bits(node.clone(), line, mask).map_err(|e| e.to_string())?),
            (_, None) => Some(Line::new(node.clone(), line).map_err(|e| e.to_string())?),
        };
        let waiter = Waiter::new(kind, node.clone(), line, handle);
        if matches!(kind, Kind::PinChange(_)) {
            waiter.known.set(Some(false));
        }
        waiters.push(Rc::new(waiter));
        Ok(())
    };
    for line in 0..2 {
        for _ in 0..2 {
            add(Kind::RawEdge(line), &last, line, None)?;
        }
    }
    add(Kind::Listener(0), &last, 0, None)?;
    add(Kind::RawLevel, &last, RAW_LEVEL, None)?;
    add(Kind::RawLevel, &last, RAW_LEVEL, None)?;
    add(Kind::Direct, &direct, 0, None)?;
    let gpios = schedule.gpios.borrow().clone();
    for (gpio, channel) in [(0, 0), (0, 1), (1, 0)] {
        let node = &gpios[gpio];
        let pin = |pin| PinId { gpio, channel, pin };
        for high in [false, true] {
            add(Kind::PinLevel(pin(0), high), node, channel, None)?;
            add(Kind::PinEdge(pin(1), high), node, channel, None)?;
        }
        add(Kind::PinChange(pin(0)), node, channel, Some(1))?;
        add(Kind::PinChange(pin(0)), node, channel, Some(1))?;
    }
    *schedule.waiters.borrow_mut() = waiters;
    Ok(())
}

/// Runs the schedule of `seed`. Tells how many waits completed, or what went wrong first.
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
    build(schedule, kinds, depth)?;
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
    let weak: Vec<_> =
        schedule.controllers.borrow().iter().chain(schedule.gpios.borrow().iter()).map(Arc::downgrade).collect();
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
