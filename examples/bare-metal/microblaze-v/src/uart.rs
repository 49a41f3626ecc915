//! The AXI UART Lite, on an edge input of the controller.

use pynq_baremetal::Lock;
use pynq_core::{Volatile, interrupt::ConstInit};
use pynq_drivers::{
    AxiUartLite, AxiUartLiteNode,
    design::{AxiUartLiteBlock, AxiUartLiteInterrupt},
};
use static_cell::StaticCell;

use crate::{
    Below, Board,
    microblaze_v::{AxiUartlite0, axi_uartlite_0},
    sound,
};

/// The node of the UART.
pub type UartNode = AxiUartLiteNode<Volatile, Lock, Below>;
/// The UART of this board.
pub type Uart = AxiUartLite<&'static UartNode>;

/// What a program says over the UART when it listens. What comes before that is lost: the driver empties the FIFOs when it
/// takes over the block.
pub const READY: u8 = b'>';

static NODE: StaticCell<UartNode> = StaticCell::new();

impl Board {
    /// The driver of the UART. Once.
    ///
    /// # Panics
    ///
    /// When called twice, or if the design is wrong.
    pub fn uart(&self) -> Uart {
        let (window, line) = (self.map(AxiUartlite0), self.line(axi_uartlite_0::Interrupt));
        let node = sound(AxiUartlite0.node(window, Lock::INIT, line)).map(|node| &*NODE.init(node));
        sound(AxiUartlite0.driver(&node))
    }
}
