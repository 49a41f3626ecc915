//! The suite's fixture on real devices.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread,
};

use pynq_conformance::{Fixture, Moment, Outcome, Sleep, Stimulus, Task};
use pynq_core::{
    Clock as _, Error, Instant,
    interrupt::{InterruptSource, NodeHandle},
    mmio::Recorder,
};
use pynq_uio::{Claim, LinuxClock, SystemPaths, Trigger, UioDevice, Window};

use super::{hosts::Host, root::Record, timed::Trap, world::World};
use crate::board::{Registers, Unbound, events, gpio, intc};

pub(crate) type AnySource = Pin<Box<dyn InterruptSource + Send + Sync>>;
pub(crate) type Recorded = Arc<Recorder<Window>>;

/// A block of the chain, past the engine.
pub(crate) struct Block {
    pub(crate) registers: Registers,
    pub(crate) is_gpio: bool,
}

/// The time that the suite has let pass: sleeps go by it and not by the clock, which does not wait for slow machines.
#[derive(Clone, Default)]
struct Passed(Arc<Mutex<(Option<Instant>, Vec<Waker>)>>);

impl Passed {
    fn poll(&self, deadline: Instant, cx: &Context<'_>) -> Poll<()> {
        let (passed, sleepers) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if passed.is_some_and(|passed| passed >= deadline) {
            return Poll::Ready(());
        }
        sleepers.push(cx.waker().clone());
        Poll::Pending
    }

    fn set(&self, time: Instant) {
        let sleepers = {
            let (passed, sleepers) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *passed = Some(time);
            std::mem::take(sleepers)
        };
        sleepers.into_iter().for_each(Waker::wake);
    }
}

pub(crate) struct UioFixture {
    /// The first is waited on, the last is on the root.
    pub(crate) nodes: Vec<NodeHandle>,
    pub(crate) host: Host,
    pub(crate) blocks: Vec<Block>,
    pub(crate) recorders: Vec<Recorded>,
    pub(crate) seen: Cell<u64>,
    pub(crate) lines: Vec<u8>,
    pub(crate) parent_line: Option<u8>,
    pub(crate) world: Arc<World>,
    pub(crate) trap: Trap,
    pub(crate) record: Arc<Record>,
    pub(crate) device: UioDevice,
    pub(crate) irq: u32,
    /// Addresses of the blocks, which are claimed.
    pub(crate) claims: Vec<(u64, Claim)>,
    pub(crate) clock: LinuxClock,
    passed: Passed,
    unbound: RefCell<Option<Unbound>>,
}

/// What a backend knows of a fixture.
pub(crate) struct Parts {
    pub(crate) nodes: Vec<NodeHandle>,
    pub(crate) host: Host,
    pub(crate) blocks: Vec<Block>,
    pub(crate) recorders: Vec<Recorded>,
    pub(crate) lines: Vec<u8>,
    pub(crate) parent_line: Option<u8>,
    pub(crate) world: World,
    pub(crate) trap: Trap,
    pub(crate) record: Arc<Record>,
    pub(crate) device: UioDevice,
    pub(crate) irq: u32,
    pub(crate) claims: Vec<(u64, Claim)>,
    pub(crate) clock: LinuxClock,
}

impl UioFixture {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            nodes: parts.nodes,
            host: parts.host,
            blocks: parts.blocks,
            recorders: parts.recorders,
            seen: Cell::new(0),
            lines: parts.lines,
            parent_line: parts.parent_line,
            world: Arc::new(parts.world),
            trap: parts.trap,
            record: parts.record,
            device: parts.device,
            irq: parts.irq,
            claims: parts.claims,
            clock: parts.clock,
            passed: Passed::default(),
            unbound: RefCell::default(),
        }
    }
}

/// More than any host needs to get to its reactor; each is a system call or more.
const MANY_TURNS: u32 = 50_000;

fn failed(error: impl std::fmt::Display) -> Outcome {
    Outcome::failed(error.to_string())
}

impl Fixture for UioFixture {
    fn chain(&self) -> Vec<NodeHandle> {
        self.nodes.clone()
    }

    fn lines(&self) -> Vec<u8> {
        self.lines.clone()
    }

    fn stimulate(&self, stimulus: Stimulus) -> Result<(), Outcome> {
        self.world.stimulate(stimulus)
    }

    fn spawn(&self, task: Task) {
        self.host.spawn(task, &self.nodes[0]);
    }

    /// See [`root`](super::root).
    fn settle(&self) {
        for _ in 0..MANY_TURNS {
            if self.record.is_settled() {
                return;
            }
            self.host.turn();
        }
        panic!("what has happened is never dispatched: {}", self.record.state());
    }

    fn turn(&self) {
        self.host.turn();
    }

    fn enables(&self) -> Result<Vec<u32>, Outcome> {
        if self.blocks.is_empty() {
            let trigger = self.device.interrupt.known().and_then(|irq| irq.trigger);
            if trigger == Some(Trigger::Edge) {
                return Err(Outcome::skipped("the kernel masks an edge only when the next one comes"));
            }
            return Ok(vec![u32::from(self.world.gic.is_enabled(self.irq))]);
        }
        let offset = |block: &Block| if block.is_gpio { gpio::IER } else { intc::IER };
        Ok(self.blocks.iter().map(|block| block.registers.read(offset(block))).collect())
    }

    fn interrupts(&self) -> Result<u64, Outcome> {
        events(&self.device).map(u64::from).map_err(failed)
    }

    fn accesses(&self) -> Result<u64, Outcome> {
        if self.recorders.is_empty() {
            return Err(Outcome::skipped("a pin on the root has no registers"));
        }
        let taken: usize = self.recorders.iter().map(|recorder| recorder.take().len()).sum();
        self.seen.set(self.seen.get() + taken as u64);
        Ok(self.seen.get())
    }

    fn raised(&self, line: u8) -> Result<u32, Outcome> {
        Ok(self.world.raised(line))
    }

    fn arrange(&self, moment: Moment, stimulus: Stimulus) -> Result<(), Outcome> {
        if self.blocks.is_empty() {
            return Err(Outcome::skipped("a pin on the root has no registers to time an event by"));
        }
        if matches!(moment, Moment::BeforeAcknowledge | Moment::InAcknowledge) {
            return Err(Outcome::skipped("real registers can't be held between status and acknowledge"));
        }
        let world = Arc::clone(&self.world);
        // A stimulus that fails does not happen, and the case shows it.
        self.trap.set(moment, move || drop(world.stimulate(stimulus)));
        Ok(())
    }

    fn spurious_interrupt(&self) -> Result<(), Outcome> {
        self.world.gic.pend(self.irq);
        Ok(())
    }

    fn fail_root(&self, error: Error) -> Result<(), Outcome> {
        if error != Error::DeviceGone {
            return Err(Outcome::skipped("a device can be taken away, and no more"));
        }
        let unbound = Unbound::new(&self.device).map_err(failed)?;
        *self.unbound.borrow_mut() = Some(unbound);
        Ok(())
    }

    fn parent_line(&self) -> Result<u8, Outcome> {
        self.parent_line.ok_or_else(|| Outcome::skipped("there is no controller"))
    }

    fn claim_again(&self) -> Result<bool, Outcome> {
        let by_device = matches!(self.device.open(), Err(pynq_uio::Error::Busy { .. }));
        let busy = |address: u64| {
            matches!(Claim::address(&SystemPaths::default(), address), Err(pynq_uio::Error::Busy { .. }))
        };
        Ok(by_device && self.claims.iter().all(|(address, _)| busy(*address)))
    }

    fn now(&self) -> Result<Instant, Outcome> {
        Ok(self.clock.now())
    }

    fn sleep_until(&self, deadline: Instant) -> Result<Sleep, Outcome> {
        let passed = self.passed.clone();
        Ok(Box::pin(poll_fn(move |cx| passed.poll(deadline, cx))))
    }

    fn pass_until(&self, time: Instant) -> Result<(), Outcome> {
        while self.clock.now() < time {
            thread::sleep(time.duration_since(self.clock.now()));
        }
        self.passed.set(time);
        Ok(())
    }
}
