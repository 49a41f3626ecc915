//! The topologies that the emulated logic has, and the nodes for them.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use core::{cell::RefCell, pin::Pin};

use pynq_baremetal::{
    Lock,
    zynq::{Gic, GicLine, GlobalTimer, Irq, Trigger},
};
use pynq_conformance::{Backend, Controllers, Manual, Outcome, Source, Topology};
use pynq_core::{
    AxiIntcConfig, AxiIntcHardware, axi_intc_node,
    interrupt::{ConstInit, Direct, DirectNode, InterruptSource, NodeHandle, ParentLine},
};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};

use super::{
    fixture::{Block, EmulatedFixture, IER, IP_IER},
    outside::{Device, Wire},
    watched::Watched,
};
use crate::{Board, board::registers};

type AnySource = Pin<Box<dyn InterruptSource + Send + Sync>>;

/// A controller of the logic, on an input of the processor or of another controller.
#[derive(Clone, Copy)]
struct Controller {
    base: usize,
    kinds: u32,
    inputs: u8,
}

const SYSTEM: Controller = Controller { base: 0x4180_0000, kinds: u32::MAX, inputs: 32 };
const LAB: Controller = Controller { base: 0x4181_0000, kinds: 0x0A, inputs: 7 };
const CHILD: Controller = Controller { base: 0x4182_0000, kinds: 0x02, inputs: 2 };
const CHILD_ON_LAB: u8 = 2;

const SWITCHES: Device = Device::Gpio(0x4120_0000);
const BUTTONS: Device = Device::Gpio(0x4121_0000);
const LEDS: Device = Device::Gpio(0x4125_0000);
const LAB_GPIO: Device = Device::Gpio(0x4126_0000);
const TIMERS: [Device; 5] = [
    Device::Timer(0x4280_0000),
    Device::Timer(0x4281_0000),
    Device::Timer(0x4282_0000),
    Device::Timer(0x4283_0000),
    Device::Timer(0x4284_0000),
];

const fn wire(line: u8, device: Device) -> Wire {
    Wire { line, device }
}

/// What of the logic a topology is.
struct Layout {
    /// The processor's input.
    input: u8,
    /// From the root up.
    controllers: &'static [Controller],
    wires: Vec<Wire>,
    gpio: Option<Gpio>,
}

#[derive(Clone, Copy)]
struct Gpio {
    device: Device,
    base: usize,
    line: u8,
    widths: [u8; 2],
}

fn layout(topology: &Topology) -> Option<Layout> {
    let (input, controllers): (u8, &'static [Controller]) = match (topology.controllers, topology.cascade) {
        (Controllers::Edge, 0) => (0, &[SYSTEM]),
        (Controllers::Mixed, 0) => (1, &[LAB]),
        (Controllers::Mixed, 1) => (1, &[LAB, CHILD]),
        (Controllers::None, 0) => (2, &[]),
        _ => return None,
    };
    let (wires, gpio) = match (topology.source, topology.controllers, topology.cascade) {
        (Source::Edge, Controllers::Edge, _) => (vec![wire(13, BUTTONS), wire(14, SWITCHES), wire(8, LEDS)], None),
        (Source::Edge, Controllers::Mixed, 0) => (vec![wire(1, TIMERS[1])], None),
        (Source::Edge, Controllers::Mixed, _) => (vec![wire(1, TIMERS[3])], None),
        (Source::Level, Controllers::Mixed, 0) => (vec![wire(6, LAB_GPIO), wire(0, TIMERS[0])], None),
        (Source::Level, Controllers::Mixed, _) => (vec![wire(0, TIMERS[2])], None),
        (Source::Edge | Source::Level, Controllers::None, _) => (vec![wire(0, TIMERS[4])], None),
        (Source::Gpio, Controllers::Edge, _) => {
            (Vec::new(), Some(Gpio { device: BUTTONS, base: 0x4121_0000, line: 13, widths: [4, 32] }))
        }
        (Source::Gpio, Controllers::Mixed, 0) => {
            (Vec::new(), Some(Gpio { device: LAB_GPIO, base: 0x4126_0000, line: 6, widths: [8, 8] }))
        }
        _ => return None,
    };
    Some(Layout { input, controllers, wires, gpio })
}

/// The emulated logic.
pub struct Emulated {
    gic: &'static Gic,
    clock: GlobalTimer,
}

impl Emulated {
    /// The backend for this board.
    #[must_use]
    pub fn new(board: &Board) -> Self {
        Self { gic: board.gic, clock: board.clock }
    }

    fn layout(topology: &Topology) -> Result<Layout, Outcome> {
        layout(topology).ok_or_else(|| Outcome::skipped("the emulated logic has none"))
    }

    fn quiet(layout: &Layout) {
        for device in [SWITCHES, BUTTONS, LEDS, LAB_GPIO] {
            device.release_pins();
            device.hold(false);
        }
        layout.wires.iter().for_each(|wire| wire.device.hold(false));
    }

    fn claim(&self, topology: &Topology, layout: Layout) -> Result<EmulatedFixture, Outcome> {
        let irq = Irq::from_logic(layout.input).map_err(Outcome::failed)?;
        let on_root_by_edge = topology.is_on_root() && topology.source == Source::Edge;
        self.gic.set_trigger(irq, if on_root_by_edge { Trigger::Edge } else { Trigger::Level });
        self.gic.unpend(irq);
        let root = GicLine::new(self.gic, irq).map_err(Outcome::failed)?.with_clock(self.clock);
        let mut source: AnySource = Box::pin(root);
        let mut nodes: Vec<NodeHandle> = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut watch = |base: usize, enables: usize| {
            let watched: &'static Watched = Box::leak(Box::new(Watched::new(registers(base, 0x1000))));
            blocks.push(Block { watched, registers: registers(base, 0x1000), enables });
            watched
        };
        let mut lines: Vec<u8> = layout.wires.iter().map(|wire| wire.line).collect();
        let mut parent_line = (layout.controllers.len() > 1).then_some(CHILD_ON_LAB);
        for (level, controller) in layout.controllers.iter().enumerate() {
            if let (1.., Some(parent)) = (level, nodes.last()) {
                source = Box::pin(ParentLine::new(parent.clone(), CHILD_ON_LAB));
            }
            let window = watch(controller.base, IER);
            let config = AxiIntcConfig::new(controller.inputs, controller.kinds);
            let hardware = AxiIntcHardware::new(window, config).map_err(Outcome::failed)?;
            let taken = core::mem::replace(&mut source, Box::pin(ParentLine::UNWIRED));
            nodes.push(NodeHandle::from(Arc::pin(axi_intc_node(Lock::INIT, hardware, taken))).erase());
        }
        match (layout.gpio, nodes.last()) {
            (Some(gpio), Some(parent)) => {
                let [first, second] = gpio.widths.map(ChannelConfig::inputs);
                let config = AxiGpioConfig::new(first).dual(second).with_interrupt();
                let hardware = AxiGpioHardware::new(watch(gpio.base, IP_IER), config).map_err(Outcome::failed)?;
                let source = ParentLine::new(parent.clone(), gpio.line);
                nodes.push(NodeHandle::from(Arc::pin(axi_gpio_node(Lock::INIT, hardware, source))).erase());
                (lines, parent_line) = (vec![0, 1], Some(gpio.line));
            }
            (_, None) => {
                let node: DirectNode<Lock, AnySource> = DirectNode::new(Lock::INIT, Direct, source);
                nodes.push(NodeHandle::from(Arc::pin(node)).erase());
            }
            (None, Some(_)) => {}
        }
        nodes.reverse();
        blocks.reverse();
        Ok(EmulatedFixture {
            gic: self.gic,
            clock: self.clock,
            irq,
            tasks: Manual::new(),
            nodes,
            blocks,
            lines,
            wires: layout.wires,
            gpio: layout.gpio.map(|gpio| gpio.device),
            parent_line,
            raised: RefCell::default(),
        })
    }
}

impl Backend for Emulated {
    type Fixture = EmulatedFixture;

    fn fixture(&mut self, topology: &Topology) -> Result<EmulatedFixture, Outcome> {
        let layout = Self::layout(topology)?;
        Self::quiet(&layout);
        self.claim(topology, layout)
    }

    fn used_fixture(&mut self, topology: &Topology) -> Result<EmulatedFixture, Outcome> {
        let layout = Self::layout(topology)?;
        Self::quiet(&layout);
        for controller in layout.controllers {
            super::fixture::disorder(registers(controller.base, 0x1000));
        }
        layout.wires.iter().for_each(|wire| wire.device.pulse());
        if let Some(gpio) = layout.gpio {
            // Its lines are not active, for all its enables: the status is toggled off as the block is claimed.
            gpio.device.disorder();
        }
        self.claim(topology, layout)
    }
}
