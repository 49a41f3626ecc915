//! The suite's fixture on the emulated logic.

use alloc::{boxed::Box, collections::BTreeMap, vec, vec::Vec};
use core::cell::RefCell;

use pynq_baremetal::zynq::{Gic, GlobalTimer, Irq, barrier};
use pynq_conformance::{Fixture, Manual, Moment, Outcome, Sleep, Stimulus, Task};
use pynq_core::{Checked, Clock, Instant, Volatile, interrupt::NodeHandle};

use super::{
    outside::{Device, Wire},
    watched::{Access, Watched},
};

const ISR: usize = 0x00;
pub(super) const IER: usize = 0x08;
const IAR: usize = 0x0C;
const SIE: usize = 0x10;
const CIE: usize = 0x14;
const MER: usize = 0x1C;
const IP_ISR: usize = 0x120;
pub(super) const IP_IER: usize = 0x128;

/// A block of the chain.
pub(super) struct Block {
    /// As its driver reaches it.
    pub(super) watched: &'static Watched,
    /// As the test does.
    pub(super) registers: Volatile,
    /// Where its enables are.
    pub(super) enables: usize,
}

impl Block {
    fn is_gpio(&self) -> bool {
        self.enables == IP_IER
    }
}

/// Leaves a controller as a careless program would: all enabled, and on.
pub(super) fn disorder(registers: Volatile) {
    let registers = Checked::new(&registers);
    for (offset, value) in [(MER, 0b11), (IER, u32::MAX)] {
        if let Err(error) = registers.write(offset, value) {
            panic!("{error}");
        }
    }
}

/// Hardware of the emulated logic, set up for a case.
pub struct EmulatedFixture {
    pub(super) gic: &'static Gic,
    pub(super) clock: GlobalTimer,
    pub(super) irq: Irq,
    pub(super) tasks: Manual,
    /// The first is waited on, the last is on the root. Dropped from there.
    pub(super) nodes: Vec<NodeHandle>,
    /// One for each node, but for that of a pin straight on the root.
    pub(super) blocks: Vec<Block>,
    pub(super) lines: Vec<u8>,
    pub(super) wires: Vec<Wire>,
    pub(super) gpio: Option<Device>,
    pub(super) parent_line: Option<u8>,
    /// Edges raised, by line.
    pub(super) raised: RefCell<BTreeMap<u8, u32>>,
}

impl EmulatedFixture {
    fn event(&self, stimulus: Stimulus) -> Result<Box<dyn FnOnce() + Send>, Outcome> {
        let device = |line: u8| {
            let wire = self.wires.iter().find(|wire| wire.line == line);
            wire.map(|wire| wire.device)
                .ok_or_else(|| Outcome::failed("a stimulus for a line that this topology has not"))
        };
        if let Stimulus::Edge { line } = stimulus {
            *self.raised.borrow_mut().entry(line).or_default() += 1;
        }
        Ok(match stimulus {
            Stimulus::Edge { line } => {
                let device = device(line)?;
                Box::new(move || device.pulse())
            }
            Stimulus::Level { line, active } => {
                let device = device(line)?;
                Box::new(move || device.hold(active))
            }
            Stimulus::Pin { channel, pin, high } => {
                let device = self.gpio.ok_or_else(|| Outcome::failed("a pin of a topology without a GPIO"))?;
                Box::new(move || device.pin(channel, pin, high))
            }
        })
    }
}

impl Fixture for EmulatedFixture {
    fn chain(&self) -> Vec<NodeHandle> {
        self.nodes.clone()
    }

    fn lines(&self) -> Vec<u8> {
        self.lines.clone()
    }

    fn stimulate(&self, stimulus: Stimulus) -> Result<(), Outcome> {
        self.event(stimulus)?();
        Ok(())
    }

    fn spawn(&self, task: Task) {
        self.tasks.spawn(task);
    }

    /// What has been written has reached its device, and the interrupt that it caused has been taken, or is masked.
    fn settle(&self) {
        for _ in 0..4 {
            barrier();
            let _ = core::hint::black_box(self.gic.is_pending(self.irq));
        }
    }

    fn turn(&self) {
        self.tasks.turn();
    }

    fn wakes_in_handler(&self) -> bool {
        true
    }

    fn enables(&self) -> Result<Vec<u32>, Outcome> {
        if self.blocks.is_empty() {
            return Ok(vec![u32::from(self.gic.is_unmasked(self.irq))]);
        }
        let read = |block: &Block| Checked::new(&block.registers).read(block.enables, 4).map(|value| value as u32);
        self.blocks.iter().map(|block| read(block).map_err(Outcome::failed)).collect()
    }

    fn interrupts(&self) -> Result<u64, Outcome> {
        Ok(self.gic.stats().taken.into())
    }

    fn accesses(&self) -> Result<u64, Outcome> {
        if self.blocks.is_empty() {
            return Err(Outcome::skipped("a pin on the root has no registers"));
        }
        Ok(self.blocks.iter().map(|block| block.watched.accesses()).sum())
    }

    fn raised(&self, line: u8) -> Result<u32, Outcome> {
        Ok(self.raised.borrow().get(&line).copied().unwrap_or_default())
    }

    fn arrange(&self, moment: Moment, stimulus: Stimulus) -> Result<(), Outcome> {
        let Some(block) = self.blocks.first() else {
            return Err(Outcome::skipped("a pin on the root has no registers to time an event by"));
        };
        let access = match (moment, block.is_gpio()) {
            (Moment::InAcknowledge, _) => return Err(Outcome::skipped("the emulated controller has no clocks")),
            (Moment::BeforeStatusRead, true) => Access::Read(IP_ISR),
            (Moment::BeforeAcknowledge, true) => Access::Write(IP_ISR),
            (Moment::BeforeUnmasking | Moment::BeforeMasking, true) => Access::Write(IP_IER),
            (Moment::BeforeStatusRead, false) => Access::Read(ISR),
            (Moment::BeforeAcknowledge, false) => Access::Write(IAR),
            (Moment::BeforeUnmasking, false) => Access::Write(SIE),
            (Moment::BeforeMasking, false) => Access::Write(CIE),
        };
        block.watched.arrange(access, self.event(stimulus)?);
        Ok(())
    }

    fn spurious_interrupt(&self) -> Result<(), Outcome> {
        self.gic.pend(self.irq);
        Ok(())
    }

    fn parent_line(&self) -> Result<u8, Outcome> {
        self.parent_line.ok_or_else(|| Outcome::skipped("there is no controller"))
    }

    fn now(&self) -> Result<Instant, Outcome> {
        Ok(self.clock.now())
    }

    fn sleep_until(&self, deadline: Instant) -> Result<Sleep, Outcome> {
        Ok(Box::pin(self.clock.sleep_until(deadline)))
    }

    fn pass_until(&self, time: Instant) -> Result<(), Outcome> {
        // The clock's own interrupt may come late.
        while self.clock.now() < time || self.clock.is_due() {}
        Ok(())
    }
}
