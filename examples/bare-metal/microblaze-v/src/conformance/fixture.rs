//! The suite's fixture on the emulated board.

use alloc::{boxed::Box, collections::BTreeMap, vec, vec::Vec};
use core::cell::RefCell;

use pynq_baremetal::microblaze_v::{ExternalInterrupt, barrier, dispatch, external_stats};
use pynq_conformance::{Fixture, Manual, Moment, Outcome, Stimulus, Task};
use pynq_core::interrupt::NodeHandle;

use super::watched::{Access, Watched};
use crate::outside::{Device, enabled_and_latched};

const ISR: usize = 0x00;
const IAR: usize = 0x0C;
const SIE: usize = 0x10;
const CIE: usize = 0x14;

/// Hardware of the board, set up for a case.
pub struct EmulatedFixture {
    pub(super) tasks: Manual,
    pub(super) node: NodeHandle,
    /// The controller as its driver reaches it, if the topology has one.
    pub(super) watched: Option<&'static Watched>,
    /// What is on which line.
    pub(super) wires: Vec<(u8, Device)>,
    /// Edges raised, by line.
    pub(super) raised: RefCell<BTreeMap<u8, u32>>,
}

impl EmulatedFixture {
    fn device(&self, line: u8) -> Result<Device, Outcome> {
        let wire = self.wires.iter().find(|wire| wire.0 == line);
        wire.map(|wire| wire.1).ok_or_else(|| Outcome::failed("a stimulus for a line that this topology has not"))
    }

    fn event(&self, stimulus: Stimulus) -> Result<Box<dyn FnOnce() + Send>, Outcome> {
        Ok(match stimulus {
            Stimulus::Edge { line } => {
                let device = self.device(line)?;
                *self.raised.borrow_mut().entry(line).or_default() += 1;
                Box::new(move || device.pulse())
            }
            Stimulus::Level { line, active } => {
                let device = self.device(line)?;
                Box::new(move || device.hold(active))
            }
            Stimulus::Pin { .. } => return Err(Outcome::failed("a pin of a topology without a GPIO")),
        })
    }
}

impl Fixture for EmulatedFixture {
    fn chain(&self) -> Vec<NodeHandle> {
        vec![self.node.clone()]
    }

    fn lines(&self) -> Vec<u8> {
        self.wires.iter().map(|wire| wire.0).collect()
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
        loop {
            barrier();
            if !(ExternalInterrupt::is_pending() && ExternalInterrupt::is_unmasked()) {
                return;
            }
        }
    }

    fn turn(&self) {
        self.tasks.turn();
    }

    fn wakes_in_handler(&self) -> bool {
        true
    }

    fn enables(&self) -> Result<Vec<u32>, Outcome> {
        Ok(vec![match self.watched {
            Some(_) => enabled_and_latched().0,
            None => u32::from(ExternalInterrupt::is_unmasked()),
        }])
    }

    fn interrupts(&self) -> Result<u64, Outcome> {
        Ok(external_stats().taken.into())
    }

    fn accesses(&self) -> Result<u64, Outcome> {
        let watched = self.watched.ok_or_else(|| Outcome::skipped("a pin on the root has no registers"))?;
        Ok(watched.accesses())
    }

    fn raised(&self, line: u8) -> Result<u32, Outcome> {
        Ok(self.raised.borrow().get(&line).copied().unwrap_or_default())
    }

    fn arrange(&self, moment: Moment, stimulus: Stimulus) -> Result<(), Outcome> {
        let Some(watched) = self.watched else {
            return Err(Outcome::skipped("a pin on the root has no registers to time an event by"));
        };
        let access = match moment {
            Moment::InAcknowledge => return Err(Outcome::skipped("the emulated controller has no clocks")),
            Moment::BeforeStatusRead => Access::Read(ISR),
            Moment::BeforeAcknowledge => Access::Write(IAR),
            Moment::BeforeUnmasking => Access::Write(SIE),
            Moment::BeforeMasking => Access::Write(CIE),
        };
        watched.arrange(access, self.event(stimulus)?);
        Ok(())
    }

    /// The controller has no claim of its own; the processor's interrupt, which it is on, has.
    fn claim_again(&self) -> Result<bool, Outcome> {
        Ok(ExternalInterrupt::claim().is_err())
    }

    /// What the processor does for an interrupt whose level is gone when the handler looks. It takes none that is masked.
    fn spurious_interrupt(&self) -> Result<(), Outcome> {
        critical_section::with(|_| {
            if ExternalInterrupt::is_unmasked() {
                dispatch();
            }
        });
        Ok(())
    }
}
