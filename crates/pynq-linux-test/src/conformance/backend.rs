//! The topologies of the board.

use std::{os::fd::OwnedFd, sync::Arc, sync::Mutex, thread};

use pynq_conformance::{Controllers, Outcome, Source, Topology};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware,
    interrupt::{Direct, DirectNode, InterruptHardware, Node, NodeHandle, ParentLine, StdLock},
    mmio::Recorder,
};
use pynq_drivers::{AxiGpioConfig, AxiGpioHardware, axi_gpio::ChannelConfig};
use pynq_uio::{Claim, Error, LinuxClock, Masking, SystemPaths, UioDevice, UioInterrupts};

use super::{
    fixture::{AnySource, Block, Parts, Recorded, UioFixture},
    hosts::{Host, Kind},
    root::Watched,
    timed::{Timed, Trap},
    world::{Device, World},
};
use crate::board::{
    BUTTONS, CHILD_INTC, DIRECT_TIMER, Gic, LAB_GPIO, LAB_INTC, LEDS, Registers, SWITCHES, SYSTEM_INTC, TIMERS, TTC0,
    UARTLITE, device, gpio, intc, quiet, window,
};

/// Whose pins the topologies on a root are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roots {
    /// The logic's, and everything behind its controllers.
    Logic,
    /// The counters' of the processor, and nothing else.
    Processor,
}

impl Roots {
    /// The names of the topologies there are.
    pub(crate) fn topologies(self) -> &'static [&'static str] {
        match self {
            Self::Logic => &[
                "edge_line",
                "gpio_on_edge_line",
                "mixed_edge_line",
                "mixed_level_line",
                "gpio_on_level_line",
                "mixed_edge_line_cascade_1",
                "mixed_level_line_cascade_1",
                "edge_pin_on_root",
                "level_pin_on_root",
            ],
            Self::Processor => &["level_pin_on_root"],
        }
    }
}

/// Real devices, with tasks run in one way.
#[derive(Clone, Copy)]
pub(crate) struct Backend {
    pub(crate) kind: Kind,
    pub(crate) roots: Roots,
}

/// Inputs of the controllers.
const BUTTON_LINE: u8 = 13;
const SWITCH_LINE: u8 = 14;
const LED_LINE: u8 = 8;
const CHILD_LINE: u8 = 2;
const GPIO_LINE: u8 = 6;

/// A controller as it was built: its address, inputs and kinds.
type Intc = (u64, u8, u32);
const SYSTEM: Intc = (SYSTEM_INTC, 15, u32::MAX);
const LAB: Intc = (LAB_INTC, 7, 0x0A);
const CHILD: Intc = (CHILD_INTC, 2, 0x02);

/// What a topology is made of, from the root up.
struct Plan {
    device: &'static str,
    irq: u32,
    intcs: &'static [Intc],
    /// Where the GPIO is that is waited on.
    gpio: Option<u64>,
    lines: &'static [u8],
    parent_line: Option<u8>,
}

fn failed(error: impl std::fmt::Display) -> Outcome {
    Outcome::failed(error.to_string())
}

impl Backend {
    fn plan(self, topology: &Topology) -> Result<Plan, Outcome> {
        let on_root = |device, irq| Plan { device, irq, intcs: &[], gpio: None, lines: &[0], parent_line: None };
        let behind = |intcs: &'static [Intc], lines, parent_line| {
            let (device, irq) = if intcs[0].0 == SYSTEM_INTC { ("fabric", 61) } else { ("lab", 62) };
            Plan { device, irq, intcs, gpio: None, lines, parent_line }
        };
        let gpio = |intcs, at, line| Plan { gpio: Some(at), ..behind(intcs, &[0, 1], Some(line)) };
        match (topology.source, topology.controllers, topology.cascade) {
            (Source::Level, Controllers::None, 0) if self.roots == Roots::Processor => Ok(on_root("ttc0-0", 42)),
            (Source::Level, Controllers::None, 0) => Ok(on_root("direct", 63)),
            // The one pin that the kernel has as an edge.
            (Source::Edge, Controllers::None, 0) => Ok(on_root("ttc0-2", 44)),
            (Source::Edge, Controllers::Edge, 0) => Ok(behind(&[SYSTEM], &[BUTTON_LINE, SWITCH_LINE, LED_LINE], None)),
            (Source::Gpio, Controllers::Edge, 0) => Ok(gpio(&[SYSTEM], BUTTONS, BUTTON_LINE)),
            (Source::Edge, Controllers::Mixed, 0) => Ok(behind(&[LAB], &[1, 3], None)),
            (Source::Level, Controllers::Mixed, 0) => Ok(behind(&[LAB], &[GPIO_LINE, 0], None)),
            (Source::Gpio, Controllers::Mixed, 0) => Ok(gpio(&[LAB], LAB_GPIO, GPIO_LINE)),
            (Source::Edge, Controllers::Mixed, 1) => Ok(behind(&[LAB, CHILD], &[1], Some(CHILD_LINE))),
            (Source::Level, Controllers::Mixed, 1) => Ok(behind(&[LAB, CHILD], &[0], Some(CHILD_LINE))),
            _ => Err(Outcome::skipped("the board has no such topology")),
        }
    }

    fn claim(self, plan: &Plan) -> Result<UioFixture, Outcome> {
        let (host, reactor) = Host::new(self.kind)?;
        let device = device(plan.device).map_err(failed)?;
        let fd = open(&device)?;
        let copy = fd.try_clone().map_err(failed)?;
        let clock = LinuxClock::new(Arc::clone(&reactor));
        if plan.intcs.is_empty() {
            forget(&fd).map_err(failed)?;
        }
        let masking = if plan.intcs.is_empty() { Masking::AtTheRoot } else { Masking::InTheController };
        let root = UioInterrupts::new(clock.clone(), reactor).root(fd, masking)?;
        let (root, record) = Watched::new(root, copy);
        let mut tower = Tower { root: Some(Box::pin(root)), ..Tower::default() };
        for &intc in plan.intcs {
            tower.intc(intc)?;
        }
        if let (Some(address), Some(line)) = (plan.gpio, plan.parent_line) {
            tower.gpio(address, line)?;
        }
        if plan.intcs.is_empty() {
            tower.direct()?;
        }
        tower.nodes.reverse();
        tower.blocks.reverse();
        let world = World::new(devices(self.roots, plan).map_err(failed)?, Gic::open().map_err(failed)?);
        Ok(UioFixture::new(Parts {
            nodes: tower.nodes,
            host,
            blocks: tower.blocks,
            recorders: tower.recorders,
            lines: plan.lines.to_vec(),
            parent_line: plan.parent_line,
            world,
            trap: tower.trap,
            record,
            device,
            irq: plan.irq,
            claims: tower.claims,
            clock,
        }))
    }
}

/// Opens a device that the previous fixture may be about to let go: a worker of its runtime can be in the last moments of
/// a dispatch.
fn open(device: &UioDevice) -> Result<OwnedFd, Outcome> {
    for _ in 0..10_000 {
        match device.open() {
            Err(Error::Busy { holder, .. }) if holder.is_none_or(|pid| pid == std::process::id()) => {
                thread::yield_now()
            }
            other => return other.map_err(failed),
        }
    }
    Err(Outcome::failed(format!("{device} is held for ever")))
}

/// Makes the kernel report everything that has come before: an edge that came while it had the interrupt masked is
/// reported with the write that unmasks it.
fn forget(fd: &OwnedFd) -> Result<(), rustix::io::Errno> {
    loop {
        rustix::io::write(fd, &1_u32.to_ne_bytes())?;
        match rustix::io::read(fd, &mut [0; 4]) {
            Ok(_) => {}
            Err(rustix::io::Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// What raises the events of a topology.
fn devices(roots: Roots, plan: &Plan) -> Result<Vec<(u8, Device)>, crate::report::Failed> {
    let status = |address| Registers::of_gpio(address).map(Device::Status);
    let timer = |address| Registers::at(address).map(Device::Timer);
    if let Some(address) = plan.gpio {
        return Ok(vec![(0, Device::Pins(Registers::of_gpio(address)?, Mutex::default()))]);
    }
    Ok(match plan.device {
        "fabric" => vec![(BUTTON_LINE, status(BUTTONS)?), (SWITCH_LINE, status(SWITCHES)?), (LED_LINE, status(LEDS)?)],
        "lab" if plan.intcs.len() == 2 => vec![(0, timer(TIMERS[2])?), (1, timer(TIMERS[3])?)],
        "lab" => vec![
            (0, timer(TIMERS[0])?),
            (1, timer(TIMERS[1])?),
            (3, Device::Uart(Registers::at(UARTLITE)?)),
            (GPIO_LINE, status(LAB_GPIO)?),
        ],
        _ if roots == Roots::Processor => {
            vec![(0, Device::Counter { registers: Registers::at(TTC0)?, counter: 0, irq: plan.irq })]
        }
        "direct" => vec![(0, timer(DIRECT_TIMER)?)],
        _ => vec![(0, Device::Pin(plan.irq))],
    })
}

/// The nodes of a fixture as they are put on each other, from the root up.
#[derive(Default)]
struct Tower {
    root: Option<AnySource>,
    nodes: Vec<NodeHandle>,
    blocks: Vec<Block>,
    recorders: Vec<Recorded>,
    claims: Vec<(u64, Claim)>,
    /// Of the node that is waited on, which is the last.
    trap: Trap,
}

impl Tower {
    fn source(&mut self, line: u8) -> Result<AnySource, Outcome> {
        match self.nodes.last() {
            Some(node) => Ok(Box::pin(ParentLine::new(node.clone(), line))),
            None => self.root.take().ok_or_else(|| Outcome::failed("the backend has one root")),
        }
    }

    fn registers(&mut self, address: u64, is_gpio: bool) -> Result<Recorded, Outcome> {
        let claim = Claim::address(&SystemPaths::default(), address).map_err(failed)?;
        self.claims.push((address, claim));
        let window = window(address, 0x1000).map_err(failed)?;
        let registers = Registers::at(address).map_err(failed)?;
        self.blocks.push(Block { registers, is_gpio });
        let recorder = Arc::new(Recorder::new(window));
        self.recorders.push(Arc::clone(&recorder));
        Ok(recorder)
    }

    fn node<H: InterruptHardware + 'static>(&mut self, hardware: H, source: AnySource, lines: u8) {
        self.trap = Trap::default();
        let hardware = Timed { hardware, trap: self.trap.clone() };
        let node = Arc::pin(Node::with_lines(StdLock::new(), hardware, source, lines));
        self.nodes.push(NodeHandle::from(node).erase());
    }

    fn intc(&mut self, (address, inputs, kinds): Intc) -> Result<(), Outcome> {
        let source = self.source(CHILD_LINE)?;
        let registers = self.registers(address, false)?;
        let hardware = AxiIntcHardware::new(registers, AxiIntcConfig::new(inputs, kinds)).map_err(failed)?;
        self.node(hardware, source, inputs);
        Ok(())
    }

    fn gpio(&mut self, address: u64, line: u8) -> Result<(), Outcome> {
        let source = self.source(line)?;
        let registers = self.registers(address, true)?;
        let channel = ChannelConfig::inputs(4);
        let config = AxiGpioConfig::new(channel).dual(channel).with_interrupt();
        let hardware = AxiGpioHardware::new(registers, config).map_err(failed)?;
        self.node(hardware, source, 2);
        Ok(())
    }

    fn direct(&mut self) -> Result<(), Outcome> {
        let source = self.source(0)?;
        let node = Arc::pin(DirectNode::new(StdLock::new(), Direct, source));
        self.nodes.push(NodeHandle::from(node).erase());
        Ok(())
    }
}

impl pynq_conformance::Backend for Backend {
    type Fixture = UioFixture;

    fn fixture(&mut self, topology: &Topology) -> Result<UioFixture, Outcome> {
        let plan = self.plan(topology)?;
        quiet().map_err(failed)?;
        self.claim(&plan)
    }

    fn used_fixture(&mut self, topology: &Topology) -> Result<UioFixture, Outcome> {
        let plan = self.plan(topology)?;
        if plan.intcs.is_empty() {
            return Err(Outcome::skipped("a pin on the root has no registers to be left in disorder"));
        }
        quiet().map_err(failed)?;
        disorder(&plan).map_err(failed)?;
        self.claim(&plan)
    }
}

/// What a process that was killed leaves behind: everything enabled, something in each latch, the interrupt taken by
/// the kernel and not answered. No device requests service any more.
fn disorder(plan: &Plan) -> Result<(), crate::report::Failed> {
    for &(address, ..) in plan.intcs {
        let registers = Registers::at(address)?;
        registers.write(intc::MER, 3);
        registers.write(intc::IER, u32::MAX);
    }
    let gic = Gic::open()?;
    let without_pins = Plan { gpio: None, ..*plan };
    let world = World::new(devices(Roots::Logic, &without_pins)?, gic);
    for (line, _) in &world.devices {
        world.stimulate(pynq_conformance::Stimulus::Edge { line: *line }).map_err(|stop| stop.to_string())?;
    }
    if let Some(address) = plan.gpio {
        let registers = Registers::of_gpio(address)?;
        registers.write(gpio::IER, 3);
        registers.write(gpio::GIER, 1 << 31);
        for channel in [0, 8] {
            registers.write(gpio::DRIVE + channel, 1);
            registers.write(gpio::DRIVE + channel, 0);
        }
    }
    Ok(())
}
