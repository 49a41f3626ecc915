//! The places that the board has, and the nodes for them.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use core::cell::RefCell;

use pynq_baremetal::{Lock, microblaze_v::ExternalInterrupt};
use pynq_conformance::{Controllers, Manual, Place, Rig, Source, Stop};
use pynq_core::{
    AxiIntcHardware, axi_intc_node,
    design::{AxiIntcBlock, Wired},
    interrupt::{ConstInit, Direct, DirectNode, NodeHandle},
};

use super::{bench::EmulatedBench, watched::Watched};
use crate::{
    board::registers,
    microblaze_v::{AxiIntc0, axi_timer_0, axi_timer_1, axi_uartlite_0},
    outside::{Device, disorder},
};

/// The board.
pub struct Emulated;

/// What is on the lines of a place. The first is the one that most cases are about.
fn wires(place: &Place) -> Option<Vec<(u8, Device)>> {
    match (place.source, place.controllers, place.cascade) {
        (Source::Edge, Controllers::Mixed, 0) => Some(vec![(axi_uartlite_0::Interrupt::LINE, Device::Uart)]),
        (Source::Level, Controllers::Mixed, 0) => {
            Some(vec![(axi_timer_1::Interrupt::LINE, Device::Timer1), (axi_timer_0::Interrupt::LINE, Device::Timer0)])
        }
        (Source::Level, Controllers::None, _) => Some(vec![(0, Device::Controller)]),
        _ => None,
    }
}

impl Emulated {
    fn layout(place: &Place) -> Result<Vec<(u8, Device)>, Stop> {
        wires(place).ok_or_else(|| Stop::skipped("the board has none"))
    }

    fn claim(place: &Place, wires: Vec<(u8, Device)>) -> Result<EmulatedBench, Stop> {
        let root = ExternalInterrupt::claim().map_err(Stop::failed)?;
        let (node, watched) = if place.is_on_root() {
            (NodeHandle::from(Arc::pin(DirectNode::new(Lock::INIT, Direct, root))).erase(), None)
        } else {
            let watched: &'static Watched = Box::leak(Box::new(Watched::new(registers(AxiIntc0))));
            let hardware = AxiIntcHardware::new(watched, AxiIntc0::CONFIG).map_err(Stop::failed)?;
            (NodeHandle::from(Arc::pin(axi_intc_node(Lock::INIT, hardware, root))).erase(), Some(watched))
        };
        Ok(EmulatedBench { tasks: Manual::new(), node, watched, wires, raised: RefCell::default() })
    }
}

impl Rig for Emulated {
    type Bench = EmulatedBench;

    fn bench(&mut self, place: &Place) -> Result<EmulatedBench, Stop> {
        let wires = Self::layout(place)?;
        wires.iter().for_each(|(_, device)| device.hold(false));
        Self::claim(place, wires)
    }

    fn used_bench(&mut self, place: &Place) -> Result<EmulatedBench, Stop> {
        let wires = Self::layout(place)?;
        wires.iter().for_each(|(_, device)| device.pulse());
        if !place.is_on_root() {
            disorder();
        }
        Self::claim(place, wires)
    }
}
