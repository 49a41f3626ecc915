//! The tools of a case: a fixture, the waits that the case has started, and checks of their state.

use alloc::{boxed::Box, vec::Vec};
use core::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pynq_core::{
    Error,
    interrupt::{Condition, Fired, Line, LineStats, NodeHandle},
};

use crate::{
    Fixture, Outcome, Source, Stimulus, Topology, Verdict,
    sync::{Arc, Lock, impl_wake},
    task::{Probe, task},
    verdict::ensure,
};

/// More turns than any executor needs to poll a handful of tasks, and few enough that the test of a backend which wakes
/// tasks for nothing, without end, still ends.
const MANY_TURNS: u64 = 1 << 21;

pub(crate) struct Case<'a, B: Fixture> {
    pub(crate) fixture: &'a B,
    pub(crate) topology: &'a Topology,
    pub(crate) node: NodeHandle,
    probes: RefCell<Vec<Probe>>,
    /// Levels of the GPIO's pins, by channel.
    pins: Cell<[u32; 2]>,
}

/// The result of a wait, and the handle that it used.
struct Slot {
    outcome: Option<Result<Fired, Error>>,
    line: Option<Line>,
}

/// A wait that runs as a task.
pub(crate) struct Wait {
    probe: Probe,
    slot: Arc<Lock<Slot>>,
}

/// Gives the handle back, whether the wait completes or is dropped.
struct Held {
    line: Option<Line>,
    slot: Arc<Lock<Slot>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let line = self.line.take();
        self.slot.with(|slot| slot.line = line);
    }
}

impl<'a, B: Fixture> Case<'a, B> {
    pub(crate) fn new(fixture: &'a B, topology: &'a Topology) -> Result<Self, Outcome> {
        let node = fixture.chain().into_iter().next().ok_or_else(|| Outcome::failed("the fixture has no node"))?;
        Ok(Self { fixture, topology, node, probes: RefCell::default(), pins: Cell::default() })
    }

    /// The `nth` line of the topology's source.
    pub(crate) fn port(&self, nth: usize) -> Result<u8, Outcome> {
        self.fixture.lines().get(nth).copied().ok_or_else(|| Outcome::skipped("this topology has too few lines"))
    }

    /// A handle on a line; of a GPIO, on pin 0 of the channel.
    pub(crate) fn line(&self, port: u8) -> Result<Line, Outcome> {
        handle(&self.node, self.topology, port).map_err(Outcome::from)
    }

    // ---- tasks

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Probe {
        let (task, probe) = task(future);
        self.probes.borrow_mut().push(probe.clone());
        self.fixture.spawn(task);
        probe
    }

    /// How often tasks were woken and polled so far; `None` if one of them has to be polled or is being polled.
    fn quiet_tasks(&self) -> Option<u64> {
        let probes = self.probes.borrow();
        let counts = probes.iter().map(|probe| u64::from(probe.wakes()) + u64::from(probe.polls())).sum();
        probes.iter().all(Probe::is_quiet).then_some(counts)
    }

    /// Gives tasks turns until no woken task is left to poll and the backend has delivered everything.
    ///
    /// Executors with threads run meanwhile: a task that ended its poll after the backend was found at rest may have set it
    /// in motion. So the tasks have to be quiet before that and afterwards, and none may have been woken or polled between.
    pub(crate) fn rest(&self) -> Verdict {
        for _ in 0..MANY_TURNS {
            let before = self.quiet_tasks();
            self.fixture.settle();
            if before.is_some() && self.quiet_tasks() == before {
                return Ok(());
            }
            self.fixture.turn();
        }
        Err(Outcome::failed("tasks are woken for ever, or one that was woken is never polled"))
    }

    /// Starts a wait on a handle, and lets it register.
    pub(crate) fn start(&self, line: Line) -> Result<Wait, Outcome> {
        let slot = Arc::new(Lock::new(Slot { outcome: None, line: None }));
        let mut held = Held { line: Some(line), slot: Arc::clone(&slot) };
        let probe = self.spawn(async move {
            if let Some(line) = &mut held.line {
                let outcome = line.wait_async().await;
                held.slot.with(|slot| slot.outcome = Some(outcome));
            }
        });
        self.rest()?;
        Ok(Wait { probe, slot })
    }

    /// Starts a wait on a new handle, and checks that it waits.
    pub(crate) fn wait(&self, port: u8) -> Result<Wait, Outcome> {
        let wait = self.start(self.line(port)?)?;
        self.waits(&wait, "though nothing has happened")?;
        Ok(wait)
    }

    /// Starts a wait for a condition on what a GPIO's channel samples.
    pub(crate) fn start_for(&self, channel: u8, condition: Condition) -> Result<Wait, Outcome> {
        let node = self.node.clone();
        self.start_future(async move { node.wait_for(channel, condition).await })
    }

    /// Starts any future as if it were a wait.
    pub(crate) fn start_future(
        &self,
        future: impl Future<Output = Result<Fired, Error>> + Send + 'static,
    ) -> Result<Wait, Outcome> {
        let slot = Arc::new(Lock::new(Slot { outcome: None, line: None }));
        let outcome = Arc::clone(&slot);
        let probe = self.spawn(async move {
            let ended = future.await;
            outcome.with(|slot| slot.outcome = Some(ended));
        });
        self.rest()?;
        Ok(Wait { probe, slot })
    }

    /// Checks that a wait completed with an event.
    pub(crate) fn completed(&self, wait: &Wait, when: &str) -> Result<Fired, Outcome> {
        match wait.outcome() {
            Some(Ok(fired)) => Ok(fired),
            Some(Err(error)) => Err(Outcome::failed(alloc::format!("a wait ended with \"{error}\" {when}"))),
            None if wait.probe.wakes() == 0 => Err(Outcome::failed(alloc::format!("a waiter was not woken {when}"))),
            None => Err(Outcome::failed(alloc::format!("a waiter was woken and went back to wait {when}"))),
        }
    }

    /// Checks that a wait completed with this error.
    pub(crate) fn failed(&self, wait: &Wait, error: Error, when: &str) -> Verdict {
        match wait.outcome() {
            Some(Err(found)) if found == error => Ok(()),
            Some(found) => {
                Err(Outcome::failed(alloc::format!("a wait ended with {found:?} {when}, not with {error:?}")))
            }
            None => Err(Outcome::failed(alloc::format!("a wait did not end {when}"))),
        }
    }

    /// Checks that a wait still waits, and has not been woken.
    pub(crate) fn waits(&self, wait: &Wait, when: &str) -> Verdict {
        if let Some(outcome) = wait.outcome() {
            return Err(Outcome::failed(alloc::format!("a wait ended with {outcome:?} {when}")));
        }
        ensure!(wait.probe.wakes() == 0, "a waiter was woken {when}");
        Ok(())
    }

    /// Drops a wait, and yields its handle.
    pub(crate) fn cancel(&self, wait: Wait) -> Result<Line, Outcome> {
        self.rest()?;
        ensure!(wait.probe.cancel(), "a task that was not woken was polled");
        wait.line()
    }

    // ---- the outside world

    fn stimulate(&self, stimulus: Stimulus) -> Verdict {
        self.fixture.stimulate(stimulus)?;
        self.rest()
    }

    /// The stimulus that raises an event on a line: an edge, a device's request, a change of pin 0.
    pub(crate) fn event(&self, port: u8) -> Stimulus {
        match self.topology.source {
            Source::Edge => Stimulus::Edge { line: port },
            Source::Level => Stimulus::Level { line: port, active: true },
            Source::Gpio => self.toggle_of(port, 0),
        }
    }

    /// Raises an event, and lets all tasks that it wakes have a turn.
    pub(crate) fn fire(&self, port: u8) -> Verdict {
        self.stimulate(self.event(port))
    }

    /// The same without any task having a turn.
    pub(crate) fn fire_unseen(&self, port: u8) -> Verdict {
        self.fixture.stimulate(self.event(port))?;
        self.fixture.settle();
        Ok(())
    }

    /// Services an event as a driver does: after it, a level device no longer requests service.
    pub(crate) fn answer(&self, port: u8) -> Verdict {
        match self.topology.source {
            Source::Level => self.stimulate(Stimulus::Level { line: port, active: false }),
            Source::Edge | Source::Gpio => Ok(()),
        }
    }

    /// A change of a pin, which must then be applied: the next call returns the change back.
    pub(crate) fn toggle_of(&self, channel: u8, pin: u8) -> Stimulus {
        let mut pins = self.pins.get();
        let channel_pins = &mut pins[usize::from(channel & 1)];
        *channel_pins ^= 1 << pin;
        let high = *channel_pins >> pin & 1 == 1;
        self.pins.set(pins);
        Stimulus::Pin { channel, pin, high }
    }

    /// Gives a pin a level.
    pub(crate) fn set_pin(&self, channel: u8, pin: u8, high: bool) -> Verdict {
        let mut pins = self.pins.get();
        let channel_pins = &mut pins[usize::from(channel & 1)];
        *channel_pins = *channel_pins & !(1 << pin) | u32::from(high) << pin;
        self.pins.set(pins);
        self.stimulate(Stimulus::Pin { channel, pin, high })
    }

    // ---- the state of things

    pub(crate) fn stats(&self, port: u8) -> LineStats {
        self.node.line_stats(port)
    }

    /// Checks by the engine's own account that nothing waits and nothing is armed; a root below a controller may stay
    /// armed.
    pub(crate) fn idle(&self, when: &str) -> Verdict {
        self.rest()?;
        for (level, node) in self.fixture.chain().iter().enumerate() {
            ensure!(node.is_idle(), "node {level} of the chain is not at rest {when}");
        }
        Ok(())
    }

    /// The same, checked in the hardware's enable registers as well.
    pub(crate) fn masked(&self, when: &str) -> Verdict {
        self.idle(when)?;
        let enables = self.fixture.enables()?;
        ensure!(enables.iter().all(|&enables| enables == 0), "lines are unmasked {when}: {enables:x?}");
        Ok(())
    }

    /// Checks that the line is unmasked, as is everything between it and the root.
    pub(crate) fn unmasked(&self, port: u8, when: &str) -> Verdict {
        let enables = self.fixture.enables()?;
        let open = enables.first().is_some_and(|first| first & 1 << port != 0) && !enables.contains(&0);
        ensure!(open, "the line is not unmasked up to the root {when}: {enables:x?}");
        Ok(())
    }
}

impl<B: Fixture> Drop for Case<'_, B> {
    fn drop(&mut self) {
        // A case that ends early must leave no wait on the hardware, which the next case uses.
        for probe in self.probes.borrow().iter() {
            while !probe.cancel() {
                self.fixture.turn();
            }
        }
    }
}

impl Wait {
    pub(crate) fn outcome(&self) -> Option<Result<Fired, Error>> {
        self.slot.with(|slot| slot.outcome)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.probe.is_over()
    }

    pub(crate) fn wakes(&self) -> u32 {
        self.probe.wakes()
    }

    pub(crate) fn polls(&self) -> u32 {
        self.probe.polls()
    }

    /// The handle of a wait that is over.
    pub(crate) fn line(self) -> Result<Line, Outcome> {
        self.slot.with(|slot| slot.line.take()).ok_or_else(|| Outcome::failed("a wait that is over has not returned"))
    }
}

/// A handle on a line; of a GPIO, on pin 0 of the channel.
pub(crate) fn handle(node: &NodeHandle, topology: &Topology, port: u8) -> Result<Line, Error> {
    match topology.source {
        Source::Gpio => Line::of_bits(node.clone(), port, 1),
        Source::Edge | Source::Level => node.line(port),
    }
}

/// A wait that the case polls itself, with a waker of its choice, instead of handing it to the executor.
pub(crate) struct ByHand(Pin<Box<dyn Future<Output = Result<Fired, Error>> + Send>>);

impl ByHand {
    pub(crate) fn on(mut line: Line) -> Self {
        Self(Box::pin(async move { line.wait_async().await }))
    }

    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Result<Fired, Error>> {
        self.0.as_mut().poll(&mut Context::from_waker(waker))
    }
}

struct Calling<F>(F);

impl_wake!((F: Fn() + Send + Sync + 'static) Calling<F>, |this| (this.0)());

/// A waker that calls `f`.
pub(crate) fn waker(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Calling(f)))
}

/// A count that a waker increments.
#[derive(Clone)]
pub(crate) struct Count(Arc<Lock<u32>>);

impl Count {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Lock::new(0)))
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.with(|count| *count)
    }

    pub(crate) fn waker(&self) -> Waker {
        let count = Arc::clone(&self.0);
        waker(move || count.with(|count| *count += 1))
    }
}
