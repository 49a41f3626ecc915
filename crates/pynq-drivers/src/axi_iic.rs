//! The AXI IIC (PG090): the controller of an I2C bus, with two FIFOs of 16 entries, and one interrupt.
//!
//! A transaction is a state machine that fills and empties the FIFOs, asks for the next interrupt that matters, and sleeps
//! until then: about one for eight bytes written and one for sixteen read, one for the STOP, and two where the direction
//! changes. The blocking and the async
//! form are the same machine. The interrupt is a level that follows conditions; it is masked while no transaction waits.
//!
//! [`AxiIic`] has embedded-hal's `I2c`, blocking and async, so the published drivers of the parts on a bus work on it as they
//! are. Several of them share a bus by clones of the handle, or through `embedded-hal-bus`: a transaction has it alone.
//!
//! # What the hardware does by itself
//!
//! It holds the clock between two bytes while a task is late, and sends a STOP after a byte that no target acknowledges. It
//! does not free a bus whose data line a part holds low: a transaction that is not over in time is
//! [`BusStuck`](AxiIicError::BusStuck), and the block is reset, which costs the part nothing. Only the part can let go.
//!
//! # What it does not do here
//!
//! It is never a target, and general outputs are left to [`MmioWindow`](https://docs.rs/pynq)s; a reset clears them.
//! Where the kernel's own driver has the block, it must not be used from here.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use embedded_hal_async::i2c::I2c;
//! use pynq_core::interrupt::StdLock;
//! use pynq_drivers::{AxiIic, AxiIicConfig, AxiIicHardware, axi_iic::axi_iic_node};
//! # use pynq_sim::{Board, models::{AxiIicModel, IicParams}, parts::i2c::{Eeprom, Target}};
//! # let board = Board::builder()
//! #     .device("iic", 0x4160_0000, 0x1_0000, AxiIicModel::new(IicParams::default()))
//! #     .part("eeprom", Target::new(Eeprom::of_24c02()))
//! #     .join("iic/IIC", "eeprom/bus")
//! #     .interrupt("iic/iic2intc_irpt", 61)
//! #     .build()?;
//! // A block whose interrupt is wired straight to the CPU, and an EEPROM on its bus.
//! let hardware = AxiIicHardware::new(board.window("iic")?, AxiIicConfig::new(100_000))?;
//! let mut iic = AxiIic::new(Arc::pin(axi_iic_node(StdLock::new(), hardware, board.cpu_pin(61)?)))?;
//!
//! let mut stored = [0; 5];
//! board.block_on(async {
//!     iic.write(0x50_u8, b"\x10hello").await?;
//!     // It stores what it was given, and answers when it has done so.
//!     while !iic.probe_async(0x50_u8).await? {}
//!     iic.write_read(0x50_u8, &[0x10], &mut stored).await
//! })??;
//! assert_eq!(&stored, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod config;
mod error;
mod groups;
mod hal;
mod hardware;
mod iic;
mod polled;
mod registers;
mod transfer;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use embedded_hal::i2c::Operation;

pub use address::IicAddress;
pub use config::{AxiIicConfig, AxiIicConfigError};
pub use error::{AxiIicError, Nack};
pub use hardware::AxiIicHardware;
pub use iic::AxiIic;
pub use registers::{AxiIicRegisters, IicControl, IicEvents, IicGlobalEnable, IicStatus};

/// The result of an operation on an AXI IIC. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<AxiIicError>>;

/// The node of an AXI IIC, guarded by `L`, fed by `S`.
pub type AxiIicNode<L, S> = Node<AxiIicHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's interrupt goes: a line of its interrupt controller
/// ([`ParentLine`](pynq_core::interrupt::ParentLine)), a root, or `ParentLine::UNWIRED` where it goes nowhere.
#[cfg(not(loom))]
pub const fn axi_iic_node<L, S>(lock: L, hardware: AxiIicHardware, source: S) -> AxiIicNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    Node::new(lock, hardware, source)
}

impl Driver for AxiIic {
    const NAME: &'static str = "AXI IIC";
    const VLNV: &'static str = "xilinx.com:ip:axi_iic";
    const INTERRUPT: &'static str = "iic2intc_irpt";

    type Config = AxiIicConfig;
    type Hardware = AxiIicHardware;
    type SetUpError = AxiIicConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<AxiIicConfig, ParameterError> {
        AxiIicConfig::from_parameters(parameters)
    }

    fn set_up(window: Window, config: AxiIicConfig) -> core::result::Result<AxiIicHardware, AxiIicConfigError> {
        AxiIicHardware::new(window, config)
    }

    fn over(node: NodeHandle<AxiIicHardware>) -> core::result::Result<Self, Error> {
        let config = node.with_hardware(|hardware| *hardware.config())?;
        Ok(Self::of(node, config))
    }
}
