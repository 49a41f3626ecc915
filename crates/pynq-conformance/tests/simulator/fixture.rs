//! The suite's fixture on a simulated board: the nodes of one topology, and every ability but claiming.

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use pynq_conformance::{Fixture, Moment, Outcome, Sleep, Stimulus, Task};
use pynq_core::{
    AxiIntc, AxiIntcHardware, Error, Instant,
    interrupt::{InterruptSource, NodeHandle},
    mmio::Recorder,
};
use pynq_sim::{Access, Board, CpuPin, Window};

use crate::{hosts::Host, root::Root};

pub(crate) type AnySource = Pin<Box<dyn InterruptSource + Send + Sync>>;
pub(crate) type Registers = Arc<Recorder<Window>>;
pub(crate) type IntcNode = NodeHandle<AxiIntcHardware<Registers>>;

/// Offsets in the registers of an AXI INTC and an AXI GPIO.
pub(crate) mod offsets {
    pub(crate) const ISR: u32 = 0x00;
    pub(crate) const IER: u32 = 0x08;
    pub(crate) const IAR: u32 = 0x0C;
    pub(crate) const SIE: u32 = 0x10;
    pub(crate) const CIE: u32 = 0x14;
    pub(crate) const MER: u32 = 0x1C;
    pub(crate) const GIER: u32 = 0x11C;
    pub(crate) const IP_ISR: u32 = 0x120;
    pub(crate) const IP_IER: u32 = 0x128;
}
use offsets::{CIE, IAR, IER, IP_IER, IP_ISR, ISR, SIE};

/// A block of the chain, as the test reaches it past the engine.
pub(crate) struct Block {
    pub(crate) path: String,
    pub(crate) window: Window,
    pub(crate) is_gpio: bool,
}

pub(crate) struct SimFixture {
    pub(crate) host: Host,
    /// The root that the nodes sit on.
    pub(crate) root: Root,
    pub(crate) board: Board,
    pub(crate) cpu: CpuPin,
    /// The first is waited on, the last is on the root. Dropped from there.
    pub(crate) nodes: Vec<NodeHandle>,
    /// One for each node, but for a pin straight on the root, which has none.
    pub(crate) blocks: Vec<Block>,
    pub(crate) recorders: Vec<Registers>,
    pub(crate) seen: Cell<u64>,
    pub(crate) lines: Vec<u8>,
    /// The controller on which the source is, if it is on one.
    pub(crate) intc: Option<IntcNode>,
    pub(crate) software: Vec<u8>,
    pub(crate) parent_line: Option<u8>,
    /// Controllers here have SIE and CIE.
    pub(crate) has_strobes: bool,
    /// Edges raised, by line.
    pub(crate) raised: Arc<[AtomicU32; 32]>,
}

fn refused(error: &pynq_sim::Error) -> Outcome {
    Outcome::failed(format!("the simulator refused a stimulus: {error}"))
}

impl SimFixture {
    fn line(&self, line: u8) -> String {
        match self.blocks.first() {
            Some(block) => format!("{}/intr[{line}]", block.path),
            None => format!("cpu/{}", self.cpu.id()),
        }
    }

    /// The stimulus as the simulator's.
    fn translated(&self, stimulus: Stimulus) -> pynq_sim::Stimulus {
        match stimulus {
            Stimulus::Edge { line } => pynq_sim::Stimulus::pulse(&self.line(line)),
            Stimulus::Level { line, active } => pynq_sim::Stimulus::line(&self.line(line), active),
            Stimulus::Pin { channel, pin, high } => {
                pynq_sim::Stimulus::pin(&self.blocks[0].path, channel + 1, pin, high)
            }
        }
    }

    fn count(&self, stimulus: Stimulus) {
        if let Stimulus::Edge { line } = stimulus {
            self.raised[usize::from(line)].fetch_add(1, Ordering::SeqCst);
        }
    }

    fn recorded(&self) {
        let taken: usize = self.recorders.iter().map(|recorder| recorder.take().len()).sum();
        self.seen.set(self.seen.get() + taken as u64);
    }
}

impl Fixture for SimFixture {
    fn chain(&self) -> Vec<NodeHandle> {
        self.nodes.clone()
    }

    fn lines(&self) -> Vec<u8> {
        self.lines.clone()
    }

    fn stimulate(&self, stimulus: Stimulus) -> Result<(), Outcome> {
        self.count(stimulus);
        self.board.stimulate(&self.translated(stimulus)).map_err(|error| refused(&error))
    }

    fn spawn(&self, task: Task) {
        self.host.spawn(task, &self.nodes[0]);
    }

    fn settle(&self) {
        self.root.settle(&self.host);
    }

    fn turn(&self) {
        self.host.turn();
    }

    fn enables(&self) -> Result<Vec<u32>, Outcome> {
        let register = |block: &Block| block.window.read(if block.is_gpio { IP_IER } else { IER } as usize);
        if self.blocks.is_empty() {
            return Ok(vec![u32::from(self.root.is_armed())]);
        }
        Ok(self.blocks.iter().map(register).collect())
    }

    fn interrupts(&self) -> Result<u64, Outcome> {
        Ok(self.cpu.interrupts())
    }

    fn accesses(&self) -> Result<u64, Outcome> {
        self.recorded();
        Ok(self.seen.get())
    }

    fn raised(&self, line: u8) -> Result<u32, Outcome> {
        Ok(self.raised[usize::from(line)].load(Ordering::SeqCst))
    }

    fn arrange(&self, moment: Moment, stimulus: Stimulus) -> Result<(), Outcome> {
        let Some(block) = self.blocks.first() else {
            return Err(Outcome::skipped("a pin on the root has no registers to time an event by"));
        };
        let (offset, access) = match (moment, block.is_gpio) {
            (Moment::BeforeStatusRead, true) => (IP_ISR, Access::Read),
            (Moment::BeforeAcknowledge, true) => (IP_ISR, Access::Write),
            (Moment::BeforeUnmasking | Moment::BeforeMasking, true) => (IP_IER, Access::Write),
            (Moment::BeforeStatusRead, false) => (ISR, Access::Read),
            (Moment::BeforeAcknowledge, false) => (IAR, Access::Write),
            (Moment::BeforeUnmasking | Moment::BeforeMasking, false) if !self.has_strobes => (IER, Access::Write),
            (Moment::BeforeUnmasking, false) => (SIE, Access::Write),
            (Moment::BeforeMasking, false) => (CIE, Access::Write),
            (Moment::InAcknowledge, is_gpio) => {
                // The acknowledge that can lose an edge is a controller's.
                let line = match (is_gpio, self.parent_line) {
                    (false, _) => match stimulus {
                        Stimulus::Edge { line } => self.line(line),
                        _ => return Err(Outcome::skipped("only an edge can be lost")),
                    },
                    (true, Some(line)) => format!("{}/intr[{line}]", self.blocks[1].path),
                    (true, None) => return Err(Outcome::skipped("there is no controller to acknowledge")),
                };
                self.count(stimulus);
                return self.board.in_acknowledge(&line, self.translated(stimulus)).map_err(|error| refused(&error));
            }
        };
        self.count(stimulus);
        let stimulus = self.translated(stimulus);
        self.board.before_access(&block.path, offset, access, stimulus).map_err(|error| refused(&error))
    }

    fn spurious_interrupt(&self) -> Result<(), Outcome> {
        self.cpu.fire_spuriously();
        Ok(())
    }

    fn fail_root(&self, error: Error) -> Result<(), Outcome> {
        self.root.fail(error)
    }

    fn software_lines(&self) -> Result<Vec<u8>, Outcome> {
        Ok(self.software.clone())
    }

    fn raise_software(&self, line: u8) -> Result<(), Outcome> {
        let Some(intc) = &self.intc else { return Err(Outcome::skipped("there is no controller")) };
        Ok(AxiIntc::new(intc.clone()).raise(line)?)
    }

    fn parent_line(&self) -> Result<u8, Outcome> {
        self.parent_line.ok_or_else(|| Outcome::skipped("there is no controller"))
    }

    fn now(&self) -> Result<Instant, Outcome> {
        Ok(self.root.now())
    }

    fn sleep_until(&self, deadline: Instant) -> Result<Sleep, Outcome> {
        Ok(self.root.sleep_until(deadline))
    }

    fn pass_until(&self, time: Instant) -> Result<(), Outcome> {
        self.root.pass_until(time, &self.host);
        Ok(())
    }
}
