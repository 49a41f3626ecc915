//! The AXI VDMA (PG020): frames of video from a stream to memory (S2MM), from memory to a stream (MM2S), and an interrupt of
//! each.
//!
//! A [`Frame`] in the program's hands is its alone: the block writes to other buffers, or shows others, until it is dropped or
//! shown. Nothing is copied. What is asked of a program is to start a channel with enough [`FrameBuffers`], and to drop frames.
//!
//! # What the hardware does not say by itself
//!
//! * Frames that nobody takes are overwritten. A frame says how many were [missed](Frame::missed) before it.
//! * A stream that stands still raises no interrupt: give a deadline.
//! * Frames of another size than the channel was started with come in all the same, with [`SizeFaults`], in the builds that
//!   bear them (`C_FLUSH_ON_FSYNC`). Stop the channel, and start it on theirs.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use pynq_core::{dma::{DmaAllocator, DmaBuffer}, interrupt::{Both, StdLock}};
//! use pynq_drivers::{AxiVdma, AxiVdmaConfig, AxiVdmaHardware};
//! use pynq_drivers::{axi_dma::DmaDirection, axi_vdma::{FrameBuffers, FrameFormat, axi_vdma_node}};
//! # use core::time::Duration;
//! # use pynq_sim::{Board, SimDmaMemory, models::{AxiVdmaModel, VdmaParams}, parts::FrameSource};
//! # let board = Board::builder()
//! #     .device("vdma", 0x4300_0000, 0x1_0000, AxiVdmaModel::new(VdmaParams::default()))
//! #     .part("camera", FrameSource::new(8, 16, Duration::from_millis(16), |number| vec![number as u8; 128]))
//! #     .join("camera/out", "vdma/S_AXIS_S2MM")
//! #     .memory("ddr", 0x1000_0000, 0x10_0000)
//! #     .interrupt("vdma/mm2s_introut", 61)
//! #     .interrupt("vdma/s2mm_introut", 62)
//! #     .build()?;
//! # let memory = SimDmaMemory::new(&board, 0x1000_0000, 0x10_0000)?;
//! let config = AxiVdmaConfig::new();
//! let hardware = AxiVdmaHardware::new(board.window("vdma")?, config)?;
//! let outputs = Both::new(board.cpu_pin(61)?, board.cpu_pin(62)?);
//! let vdma = AxiVdma::new(Arc::pin(axi_vdma_node(StdLock::new(), hardware, outputs)))?;
//!
//! let format = FrameFormat::new(8, 16); // 8 lines of 16 bytes
//! let request = config.request(DmaDirection::Receive, format)?;
//! let mut buffers = FrameBuffers::new();
//! for _ in 0..5 {
//!     let _ = buffers.push(DmaBuffer::boxed(memory.allocate(&request)?));
//! }
//! let input = vdma.input()?;
//! input.start(format, &mut buffers)?;
//! let first = input.frame()?; // or `frame_async().await`, under any runtime
//! let second = input.frame()?;
//! assert_eq!((first[0], second[0]), (0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod buffers;
mod capture;
mod config;
mod count;
mod error;
mod frame;
mod hardware;
mod input;
mod output;
mod registers;
mod screen;
mod stores;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use buffers::FrameBuffers;
pub use config::{AxiVdmaConfig, AxiVdmaConfigError, FrameFormat, VdmaChannelConfig};
pub use error::{AxiVdmaError, SizeFaults, VdmaFault};
pub use frame::Frame;
pub use hardware::AxiVdmaHardware;
pub use input::{Frames, VideoInput};
pub use output::VideoOutput;
pub use registers::{AxiVdmaRegisters, ParkPointer, VdmaControl, VdmaStatus};

use crate::axi_dma::DmaDirection;

/// The result of an operation on an AXI VDMA. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<AxiVdmaError>>;

/// The node of an AXI VDMA, guarded by `L`, fed by `S`. Its lines are the channels: MM2S, S2MM.
pub type AxiVdmaNode<L, S> = Node<AxiVdmaHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's two interrupts go: [`Both`](pynq_core::interrupt::Both) of two lines of an interrupt
/// controller, or of two roots. Where one of them goes nowhere, say so by
/// [`set_wired`](AxiVdmaHardware::set_wired).
#[cfg(not(loom))]
pub const fn axi_vdma_node<L, S>(lock: L, hardware: AxiVdmaHardware, source: S) -> AxiVdmaNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    Node::new(lock, hardware, source)
}

/// An AXI VDMA. Clones are handles on the same one.
#[derive(Clone)]
pub struct AxiVdma {
    node: NodeHandle<AxiVdmaHardware>,
    config: AxiVdmaConfig,
}

impl AxiVdma {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<AxiVdmaHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    /// The channel from the stream to memory: PYNQ's `readchannel`.
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::NoChannel`] if the block was built without it.
    pub fn input(&self) -> Result<VideoInput> {
        self.has(DmaDirection::Receive)?;
        Ok(VideoInput { node: self.node.clone() })
    }

    /// The channel from memory to the stream: PYNQ's `writechannel`.
    ///
    /// # Errors
    ///
    /// [`AxiVdmaError::NoChannel`] if the block was built without it.
    pub fn output(&self) -> Result<VideoOutput> {
        self.has(DmaDirection::Send)?;
        Ok(VideoOutput { node: self.node.clone() })
    }

    fn has(&self, direction: DmaDirection) -> Result<()> {
        match self.config.channel(direction) {
            Some(_) => Ok(()),
            None => Err(self.node.error(AxiVdmaError::NoChannel { channel: direction })),
        }
    }

    /// How the block was built.
    #[must_use]
    pub const fn config(&self) -> &AxiVdmaConfig {
        &self.config
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<AxiVdmaHardware> {
        &self.node
    }
}

/// Starts a channel.
fn start(
    node: &NodeHandle<AxiVdmaHardware>,
    direction: DmaDirection,
    format: FrameFormat,
    buffers: &mut FrameBuffers,
) -> Result<()> {
    node.access(|hardware| hardware.start(direction, format, buffers))
}

/// Has all that wait for a channel look again.
fn wake(node: &NodeHandle<AxiVdmaHardware>, direction: DmaDirection) {
    let _ = node.line(direction.line());
}

impl Driver for AxiVdma {
    const NAME: &'static str = "AXI VDMA";
    const VLNV: &'static str = "xilinx.com:ip:axi_vdma";
    const INTERRUPT: &'static str = "mm2s_introut";
    const SECOND_INTERRUPT: Option<&'static str> = Some("s2mm_introut");

    type Config = AxiVdmaConfig;
    type Hardware = AxiVdmaHardware;
    type SetUpError = AxiVdmaConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<AxiVdmaConfig, ParameterError> {
        AxiVdmaConfig::from_parameters(parameters)
    }

    /// Resets both channels, also of a block that is attached to: its buffers belong to another program.
    fn set_up(window: Window, config: AxiVdmaConfig) -> core::result::Result<AxiVdmaHardware, AxiVdmaConfigError> {
        AxiVdmaHardware::new(window, config)
    }

    fn set_wired(hardware: &mut AxiVdmaHardware, wired: [bool; 2]) {
        hardware.set_wired(wired);
    }

    fn over(node: NodeHandle<AxiVdmaHardware>) -> core::result::Result<Self, Error> {
        let config = node.with_hardware(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }
}

impl fmt::Debug for AxiVdma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiVdma").field("node", &self.node).field("config", &self.config).finish()
    }
}
