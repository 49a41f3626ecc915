//! The AXI Quad SPI (PG153) as a master in standard mode: a line each way, up to 32 slave selects, FIFOs of 0, 16 or 256
//! words, and one interrupt.
//!
//! A transaction goes out in chunks of a FIFO. Each is filled while the block is held back, let go, and over with one
//! interrupt, between which the task or the thread sleeps. Of a chunk that fills the FIFO the interrupt is that all of it has
//! come in. Of a shorter one it is that the last word has left the FIFO, so that this word is waited for by the board's
//! clock if it is not there yet. Nothing is polled.
//!
//! # The controller's input
//!
//! The interrupt is a level, which the handoff file calls an edge; either works.
//!
//! # Two tasks, one block
//!
//! Handles are clones and may be used from any task or thread. A transaction has the bus to itself, from the selection of a
//! chip to its end, and others wait for it; which one is next is left open.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use embedded_hal::spi::{MODE_0, Operation};
//! use pynq_core::interrupt::StdLock;
//! use pynq_drivers::{AxiQuadSpi, AxiQuadSpiConfig, AxiQuadSpiHardware, axi_quad_spi::axi_quad_spi_node};
//! # use pynq_sim::{Board, models::{AxiQuadSpiModel, SpiParams}, parts::{SpiChip, W25q}};
//! # let board = Board::builder()
//! #     .device("spi", 0x41E0_0000, 0x1_0000, AxiQuadSpiModel::new(SpiParams::default()))
//! #     .part("flash", SpiChip::new(0, W25q::w25q32()))
//! #     .join("spi/SPI_0", "flash/bus")
//! #     .interrupt("spi/ip2intc_irpt", 61)
//! #     .build()?;
//! // A block whose interrupt is wired straight to the CPU, with a flash on its only slave select.
//! let hardware = AxiQuadSpiHardware::new(board.window("spi")?, AxiQuadSpiConfig::new(1))?;
//! let spi = AxiQuadSpi::new(Arc::pin(axi_quad_spi_node(StdLock::new(), hardware, board.cpu_pin(61)?)))?;
//! let flash = spi.chip(0, MODE_0)?;
//!
//! let mut id = [0_u8; 3];
//! board.block_on(async {
//!     flash.transaction_async(&mut [Operation::Write(&[0x9F]), Operation::Read(&mut id)]).await
//! })??;
//! assert_eq!(id, [0xEF, 0x40, 0x16]);
//!
//! // The same without a runtime, and as any driver of a flash does it.
//! use embedded_hal::spi::SpiDevice;
//! let mut flash = flash;
//! let mut answer = [0x9F_u8, 0, 0, 0];
//! SpiDevice::transfer_in_place(&mut flash, &mut answer)?;
//! assert_eq!(answer[1..], id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chip;
mod config;
mod error;
mod hardware;
mod registers;
mod transfer;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use chip::{Chip, Lines};
pub use config::{AxiQuadSpiConfig, AxiQuadSpiConfigError};
pub use error::AxiQuadSpiError;
pub use hardware::AxiQuadSpiHardware;
pub use registers::{AxiQuadSpiRegisters, SRR_KEY, SpiControl, SpiGlobalEnable, SpiInterrupts, SpiStatus};
pub use transfer::Word;

/// The result of an operation on an AXI Quad SPI. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<AxiQuadSpiError>>;

/// The node of an AXI Quad SPI, guarded by `L`, fed by `S`.
pub type AxiQuadSpiNode<L, S> = Node<AxiQuadSpiHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's interrupt goes: a line of its interrupt controller
/// ([`ParentLine`](pynq_core::interrupt::ParentLine)), a root, or `ParentLine::UNWIRED` where it goes nowhere.
#[cfg(not(loom))]
pub const fn axi_quad_spi_node<L, S>(lock: L, hardware: AxiQuadSpiHardware, source: S) -> AxiQuadSpiNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    Node::new(lock, hardware, source)
}

/// An AXI Quad SPI. Clones are handles on the same one.
#[derive(Clone)]
pub struct AxiQuadSpi {
    node: NodeHandle<AxiQuadSpiHardware>,
    config: AxiQuadSpiConfig,
}

impl AxiQuadSpi {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<AxiQuadSpiHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    /// How the block was built.
    #[must_use]
    pub const fn config(&self) -> &AxiQuadSpiConfig {
        &self.config
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<AxiQuadSpiHardware> {
        &self.node
    }
}

impl Driver for AxiQuadSpi {
    const NAME: &'static str = "AXI Quad SPI";
    const VLNV: &'static str = "xilinx.com:ip:axi_quad_spi";
    const INTERRUPT: &'static str = "ip2intc_irpt";

    type Config = AxiQuadSpiConfig;
    type Hardware = AxiQuadSpiHardware;
    type SetUpError = AxiQuadSpiConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<AxiQuadSpiConfig, ParameterError> {
        AxiQuadSpiConfig::from_parameters(parameters)
    }

    fn set_up(
        window: Window,
        config: AxiQuadSpiConfig,
    ) -> core::result::Result<AxiQuadSpiHardware, AxiQuadSpiConfigError> {
        AxiQuadSpiHardware::new(window, config)
    }

    fn over(node: NodeHandle<AxiQuadSpiHardware>) -> core::result::Result<Self, Error> {
        let config = node.with_hardware(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }
}

impl fmt::Debug for AxiQuadSpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiQuadSpi").field("node", &self.node).field("config", &self.config).finish()
    }
}
