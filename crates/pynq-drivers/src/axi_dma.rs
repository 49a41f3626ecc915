//! The AXI DMA (PG021): memory to a stream (MM2S), a stream to memory (S2MM), and an interrupt of each.
//!
//! A transfer takes its buffer by value and gives it back, with the number of bytes that were transferred, when the hardware has
//! let go of it: at its end, in an error, at a deadline. Meanwhile there is no way to what is in it.
//!
//! # What the hardware has in common
//!
//! The two channels share a reset, and an error of one stops both. So a transfer on one ends with the error of the other,
//! and giving up a transfer that does not stop ends the other channel's, too. That is why both interrupt outputs feed one
//! node: one lock is over all of it.
//!
//! # What it does not say by itself
//!
//! * A length that is too long loses its upper bits, one of 0 never starts, and a misaligned address without a realignment
//!   engine transfers something else. All of that is checked before a register is touched.
//! * A stream that stalls raises no interrupt: give a deadline.
//! * The other side of the stream has to mark the end of a packet (TLAST). If it does not, a receiving transfer ends with
//!   [`DmaFault::Internal`] when its buffer is full, or never.
//!
//! # Example
//!
//! Memory to memory, through a FIFO.
//!
//! ```
//! use std::sync::Arc;
//!
//! use pynq_core::{dma::{DmaAllocator, DmaBuffer}, interrupt::{Both, StdLock}};
//! use pynq_drivers::{AxiDma, AxiDmaConfig, AxiDmaHardware, axi_dma::axi_dma_node};
//! # use pynq_sim::{Board, SimDmaMemory, models::{AxiDmaModel, AxisFifoModel, AxisFifoParams, DmaParams}};
//! # let board = Board::builder()
//! #     .device("dma", 0x4040_0000, 0x1_0000, AxiDmaModel::new(DmaParams::default()))
//! #     .part("fifo", AxisFifoModel::new(AxisFifoParams::default()))
//! #     .join("dma/M_AXIS_MM2S", "fifo/S_AXIS")
//! #     .join("fifo/M_AXIS", "dma/S_AXIS_S2MM")
//! #     .memory("ddr", 0x1000_0000, 0x10_0000)
//! #     .interrupt("dma/mm2s_introut", 61)
//! #     .interrupt("dma/s2mm_introut", 62)
//! #     .build()?;
//! # let memory = SimDmaMemory::new(&board, 0x1000_0000, 0x10_0000)?;
//! let hardware = AxiDmaHardware::new(board.window("dma")?, AxiDmaConfig::new())?;
//! let outputs = Both::new(board.cpu_pin(61)?, board.cpu_pin(62)?);
//! let dma = AxiDma::new(Arc::pin(axi_dma_node(StdLock::new(), hardware, outputs)))?;
//! let (send, receive) = (dma.send()?, dma.receive()?);
//!
//! let mut samples = DmaBuffer::boxed(memory.allocate(&send.request(2000))?).cast::<i16>()?;
//! samples.fill(-3);
//! let room = DmaBuffer::boxed(memory.allocate(&receive.request(4000))?).cast::<i16>()?;
//!
//! let receiving = receive.start(room)?; // before anything is sent
//! let samples = send.transfer(samples)?.packet;
//! let received = receiving.block()?; // or `.await`, under any runtime
//! assert_eq!(received.length, 2000);
//! assert_eq!(&received.packet[..1000], &samples[..]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod channel;
mod channel_state;
mod config;
mod cyclic;
mod error;
mod hardware;
mod registers;
mod ring;
mod round;
mod transfer;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use channel::DmaChannel;
pub(crate) use config::data_bytes;
pub use config::{AxiDmaConfig, AxiDmaConfigError, DmaChannelConfig, DmaDirection, DmaLimits};
pub use cyclic::{Cyclic, NextPeriod, Period};
pub use error::{AxiDmaError, DmaFault, TransferError};
pub use hardware::AxiDmaHardware;
pub use registers::{AxiDmaRegisters, DmaControl, DmaStatus};
pub use transfer::{Transfer, Transferred};

/// The result of an operation on an AXI DMA. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<AxiDmaError>>;

/// The node of an AXI DMA, guarded by `L`, fed by `S`. Its lines are the channels.
pub type AxiDmaNode<L, S> = Node<AxiDmaHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's two interrupts go: [`Both`](pynq_core::interrupt::Both) of two lines of an interrupt
/// controller, or of two roots. Where one of them goes nowhere, say so by
/// [`set_wired`](AxiDmaHardware::set_wired), so that a transfer is refused that nothing would end.
#[cfg(not(loom))]
pub const fn axi_dma_node<L, S>(lock: L, hardware: AxiDmaHardware, source: S) -> AxiDmaNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    Node::new(lock, hardware, source)
}

/// An AXI DMA. Clones are handles on the same one.
#[derive(Clone)]
pub struct AxiDma {
    node: NodeHandle<AxiDmaHardware>,
    config: AxiDmaConfig,
}

impl AxiDma {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<AxiDmaHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    /// The channel from memory to the stream: PYNQ's `sendchannel`.
    ///
    /// # Errors
    ///
    /// [`AxiDmaError::NoChannel`] if the block was built without it.
    pub fn send(&self) -> Result<DmaChannel> {
        self.channel(DmaDirection::Send)
    }

    /// The channel from the stream to memory: PYNQ's `recvchannel`.
    ///
    /// # Errors
    ///
    /// [`AxiDmaError::NoChannel`] if the block was built without it.
    pub fn receive(&self) -> Result<DmaChannel> {
        self.channel(DmaDirection::Receive)
    }

    fn channel(&self, direction: DmaDirection) -> Result<DmaChannel> {
        match self.config.limits(direction) {
            Some(limits) => Ok(DmaChannel { node: self.node.clone(), direction, limits, polled: false }),
            None => Err(self.node.error(AxiDmaError::NoChannel { channel: direction })),
        }
    }

    /// Resets the block. Transfers that are under way on either channel end with [`AxiDmaError::Reset`].
    ///
    /// # Errors
    ///
    /// [`AxiDmaError::ResetStuck`], or the error the block has failed with.
    pub fn reset(&self) -> Result<()> {
        let reset = self.node.access(AxiDmaHardware::reset);
        for direction in [DmaDirection::Send, DmaDirection::Receive] {
            // A look at a line counts what is new on it, for all that wait there.
            let _ = self.node.line(direction.line());
        }
        reset
    }

    /// How the block was built.
    #[must_use]
    pub const fn config(&self) -> &AxiDmaConfig {
        &self.config
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<AxiDmaHardware> {
        &self.node
    }
}

impl Driver for AxiDma {
    const NAME: &'static str = "AXI DMA";
    const VLNV: &'static str = "xilinx.com:ip:axi_dma";
    const INTERRUPT: &'static str = "mm2s_introut";
    const SECOND_INTERRUPT: Option<&'static str> = Some("s2mm_introut");

    type Config = AxiDmaConfig;
    type Hardware = AxiDmaHardware;
    type SetUpError = AxiDmaConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<AxiDmaConfig, ParameterError> {
        AxiDmaConfig::from_parameters(parameters)
    }

    /// Resets the block, also one that is attached to: what it does for another program would go on under this one's feet.
    fn set_up(window: Window, config: AxiDmaConfig) -> core::result::Result<AxiDmaHardware, AxiDmaConfigError> {
        AxiDmaHardware::new(window, config)
    }

    fn set_wired(hardware: &mut AxiDmaHardware, wired: [bool; 2]) {
        hardware.set_wired(wired);
    }

    fn over(node: NodeHandle<AxiDmaHardware>) -> core::result::Result<Self, Error> {
        let config = node.with_hardware(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }
}

impl fmt::Debug for AxiDma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiDma").field("node", &self.node).field("config", &self.config).finish()
    }
}
