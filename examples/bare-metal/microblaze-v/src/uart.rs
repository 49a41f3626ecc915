//! The AXI UART Lite, on an edge input of the controller.

use pynq_baremetal::Lock;
use pynq_core::interrupt::{ConstInit, ParentLine};
use pynq_drivers::{AxiUartLite, AxiUartLiteNode};
use static_cell::StaticCell;

use crate::{
    Board,
    microblaze_v::{AxiUartlite0, axi_uartlite_0},
    sound,
};

/// What a program says over the UART when it listens. What comes before that is lost: the driver empties the FIFOs when it
/// takes over the block.
pub const READY: u8 = b'>';

static NODE: StaticCell<AxiUartLiteNode<Lock, ParentLine>> = StaticCell::new();

impl Board {
    /// The driver of the UART. Once.
    ///
    /// # Panics
    ///
    /// When called twice, or if the design is wrong.
    pub fn uart(&self) -> AxiUartLite {
        let (window, line) = (self.map(AxiUartlite0), self.line(axi_uartlite_0::Interrupt));
        let node = sound(window.node::<AxiUartLite, _, _, _>(Lock::INIT, line));
        sound(node.map(|node| &*NODE.init(node)).driver())
    }
}
