//! The topologies that the board has, and the nodes for them.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use core::cell::RefCell;

use pynq_baremetal::{Lock, microblaze_v::ExternalInterrupt};
use pynq_conformance::{Backend, Controllers, Manual, Outcome, Source, Topology};
use pynq_core::{
    AxiIntcHardware, axi_intc_node,
    design::{AxiIntcBlock, Wired},
    interrupt::{ConstInit, Direct, DirectNode, NodeHandle},
};

use super::{fixture::EmulatedFixture, watched::Watched};
use crate::{
    board::registers,
    microblaze_v::{AxiIntc0, axi_timer_0, axi_timer_1, axi_uartlite_0},
    outside::{Device, disorder},
};

/// The board.
pub struct Emulated;

/// What is on the lines of a topology. The first is the one that most cases are about.
fn wires(topology: &Topology) -> Option<Vec<(u8, Device)>> {
    match (topology.source, topology.controllers, topology.cascade) {
        (Source::Edge, Controllers::Mixed, 0) => Some(vec![(axi_uartlite_0::Interrupt::LINE, Device::Uart)]),
        (Source::Level, Controllers::Mixed, 0) => {
            Some(vec![(axi_timer_1::Interrupt::LINE, Device::Timer1), (axi_timer_0::Interrupt::LINE, Device::Timer0)])
        }
        (Source::Level, Controllers::None, _) => Some(vec![(0, Device::Controller)]),
        _ => None,
    }
}

impl Emulated {
    fn layout(topology: &Topology) -> Result<Vec<(u8, Device)>, Outcome> {
        wires(topology).ok_or_else(|| Outcome::skipped("the board has none"))
    }

    fn claim(topology: &Topology, wires: Vec<(u8, Device)>) -> Result<EmulatedFixture, Outcome> {
        let root = ExternalInterrupt::claim().map_err(Outcome::failed)?;
        let (node, watched) = if topology.is_on_root() {
            (NodeHandle::from(Arc::pin(DirectNode::new(Lock::INIT, Direct, root))).erase(), None)
        } else {
            let watched: &'static Watched = Box::leak(Box::new(Watched::new(registers(AxiIntc0))));
            let hardware = AxiIntcHardware::new(watched, AxiIntc0::CONFIG).map_err(Outcome::failed)?;
            (NodeHandle::from(Arc::pin(axi_intc_node(Lock::INIT, hardware, root))).erase(), Some(watched))
        };
        Ok(EmulatedFixture { tasks: Manual::new(), node, watched, wires, raised: RefCell::default() })
    }
}

impl Backend for Emulated {
    type Fixture = EmulatedFixture;

    fn fixture(&mut self, topology: &Topology) -> Result<EmulatedFixture, Outcome> {
        let wires = Self::layout(topology)?;
        wires.iter().for_each(|(_, device)| device.hold(false));
        Self::claim(topology, wires)
    }

    fn used_fixture(&mut self, topology: &Topology) -> Result<EmulatedFixture, Outcome> {
        let wires = Self::layout(topology)?;
        wires.iter().for_each(|(_, device)| device.pulse());
        if !topology.is_on_root() {
            disorder();
        }
        Self::claim(topology, wires)
    }
}
