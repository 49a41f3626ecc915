//! The AXI UART Lite (PG142): a serial line of fixed speed with two FIFOs of 16 characters, and one interrupt.
//!
//! The interrupt is a pulse: the receive FIFO is no longer empty, or the transmit FIFO is. No register shows afterwards
//! that there was one, and enabling it gives none for what is there already. The node of this driver derives the event
//! from the status, by the rules by which the block pulses, and every wait reads the status after it has enabled the
//! interrupt.
//!
//! # The controller's input
//!
//! It has to be an **edge**. A level-sensitive input of an AXI INTC on the same clock latches the pulse as well;
//! configure its driver for an edge then, by that bit of [`AxiIntcConfig::kind_of_intr`](pynq_core::AxiIntcConfig),
//! since a level's latch would be dropped when it is unmasked. A level-sensitive input of a GIC misses the pulse.
//!
//! # What the hardware can't show
//!
//! * When the transmit FIFO has room again; only that it is empty.
//! * When the last character is out.
//! * That a character without a stop bit was dropped, until there is another interrupt.
//!
//! # Errors on the line
//!
//! They are remembered until a read returns them, once and before anything else is read, so that no byte is lost by
//! reporting them. [`AxiUartLite::take_errors`] takes them without a read.
//!
//! # Two tasks, one block
//!
//! Handles are clones and may be used from any task or thread; the FIFOs are accessed under the node's lock, at most 16
//! characters at a time. Of several readers each byte goes to one, and the bytes of several writers mix.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use pynq_core::interrupt::StdLock;
//! use pynq_drivers::{AxiUartLite, AxiUartLiteConfig, AxiUartLiteHardware, axi_uartlite::axi_uartlite_node};
//! # use pynq_sim::{Board, Trigger, models::{AxiUartLiteModel, UartParams}};
//! # let board = Board::builder()
//! #     .device("uart", 0x4060_0000, 0x1_0000, AxiUartLiteModel::new(UartParams::default()))
//! #     .interrupt("uart/interrupt", 61)
//! #     .build()?;
//! // A block whose interrupt is wired straight to the CPU.
//! let pin = board.cpu_pin(61)?;
//! # pin.set_trigger(Trigger::Edge);
//! let hardware = AxiUartLiteHardware::new(board.window("uart")?, AxiUartLiteConfig::new(115_200))?;
//! let uart = AxiUartLite::new(Arc::pin(axi_uartlite_node(StdLock::new(), hardware, pin)))?;
//!
//! board.serial_input("uart", b"ping")?;
//! let mut line = [0; 4];
//! board.block_on(async {
//!     use embedded_io_async::{Read, Write};
//!     let (mut reader, mut writer) = (uart.clone(), uart.clone());
//!     reader.read_exact(&mut line).await?;
//!     writer.write_all(b"pong").await?;
//!     writer.flush().await?;
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })??;
//! assert_eq!(&line, b"ping");
//! # board.advance(uart.config().character_time());
//! assert_eq!(board.serial_output("uart")?, b"pong");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod error;
mod hal;
mod hardware;
mod registers;
mod uart;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use config::{AxiUartLiteConfig, AxiUartLiteConfigError, Parity};
pub use error::{AxiUartLiteError, ReceiveErrors};
pub use hardware::AxiUartLiteHardware;
pub use registers::{AxiUartLiteRegisters, UartControl, UartStatus};
pub use uart::AxiUartLite;

/// The result of an operation on an AXI UART Lite. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<AxiUartLiteError>>;

/// The node of an AXI UART Lite, guarded by `L`, fed by `S`.
pub type AxiUartLiteNode<L, S> = Node<AxiUartLiteHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's interrupt goes: a line of its interrupt controller
/// ([`ParentLine`](pynq_core::interrupt::ParentLine)), a root, or `ParentLine::UNWIRED` where it goes nowhere.
#[cfg(not(loom))]
pub const fn axi_uartlite_node<L, S>(lock: L, hardware: AxiUartLiteHardware, source: S) -> AxiUartLiteNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    Node::new(lock, hardware, source)
}

impl Driver for AxiUartLite {
    const NAME: &'static str = "AXI UART Lite";
    const VLNV: &'static str = "xilinx.com:ip:axi_uartlite";
    const INTERRUPT: &'static str = "interrupt";

    type Config = AxiUartLiteConfig;
    type Hardware = AxiUartLiteHardware;
    type SetUpError = AxiUartLiteConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<AxiUartLiteConfig, ParameterError> {
        AxiUartLiteConfig::from_parameters(parameters)
    }

    fn set_up(
        window: Window,
        config: AxiUartLiteConfig,
    ) -> core::result::Result<AxiUartLiteHardware, AxiUartLiteConfigError> {
        AxiUartLiteHardware::new(window, config)
    }

    fn over(node: NodeHandle<AxiUartLiteHardware>) -> core::result::Result<Self, Error> {
        let config = node.with_hardware(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }
}
