//! The AXI GPIO (PG144): one or two channels of up to 32 pins, and one interrupt.
//!
//! The interrupt knows channels and no pins: *any* change of any sampled pin of a channel, in either direction, sets the
//! one status bit of that channel, which stays until it is cleared. The node of this driver samples the channel at every
//! service, and a wait carries its condition (a level, a value, an edge) down to where that happens. So a press of
//! button 0 wakes the task that awaits button 0 and no other, and what a wait sleeps on and what the node compares with
//! is one and the same sample.
//!
//! # What the hardware can't tell
//!
//! * A change there and back between two samples is no change: a pulse that is over before the service is not seen by
//!   [`wait_for_edge`](Pin::wait_for_edge), nor a level that lasted no longer.
//! * Edges are those from the call on; a level or a value that holds already completes its wait at once.
//! * A pin that changes as fast as it can be served is cut off: the waits on its channel fail with
//!   [`Error::LineStuck`].
//! * A channel that was built with outputs only samples nothing. An output of a bidirectional channel reads, and
//!   raises events, as the design wires it: its own pin where there is a tri-state buffer, else whatever drives the
//!   input wire, often nothing.
//!
//! # Two tasks, one block
//!
//! Handles are clones and may be used from any task or thread. What changes a register does so under the node's lock and
//! from what was written last, never from what is read, so that two tasks can each move their own pin of one channel.
//!
//! # Why register operations return a `Result`
//!
//! A load or a store can't fail. The handle can be out of date, though: once the design was replaced, what is at these
//! addresses is no longer this block, and the answer is [`Error::Invalidated`].

mod config;
mod error;
mod hal;
mod hardware;
mod pin;
mod slice;
mod wait;

use core::{fmt, ops::Deref};

use pynq_core::{
    Error, Mmio,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use config::{AxiGpioConfig, AxiGpioConfigError, ChannelConfig, ChannelDirection};
pub use error::AxiGpioError;
pub use hardware::AxiGpioHardware;
pub use pin::Pin;
pub use slice::{Channel, Direction, Slice};
pub use wait::GpioWait;

/// The node of an AXI GPIO: over the window `M`, guarded by `L`, fed by `S`. Line 0 is channel 1, line 1 is channel 2.
pub type AxiGpioNode<M, L, S> = Node<AxiGpioHardware<M>, L, S, 2>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's interrupt goes: a line of its interrupt controller
/// ([`ParentLine`](pynq_core::interrupt::ParentLine)), a root, or `None::<ParentLine<..>>` where it goes nowhere.
#[cfg(not(loom))]
pub const fn axi_gpio_node<M: Mmio + Send + 'static, L, S>(
    lock: L,
    hardware: AxiGpioHardware<M>,
    source: S,
) -> AxiGpioNode<M, L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    let lines = hardware.config().channels();
    Node::with_lines(lock, hardware, source, lines)
}

/// How the node of an AXI GPIO is owned: `Pin<Arc<AxiGpioNode<..>>>` or `&'static AxiGpioNode<..>`.
///
/// A short name for those, so that a function over pins needs one type parameter. There is nothing to implement.
pub trait AxiGpioHandle: NodeHandle {
    /// The window the block is reached by.
    type Window: Mmio + Send;

    /// Runs `f` on the hardware under the node's lock.
    ///
    /// # Errors
    ///
    /// The error the node failed with, if it did.
    fn with_gpio<R>(&self, f: impl FnOnce(&mut AxiGpioHardware<Self::Window>) -> R) -> Result<R, Error>;
}

impl<H, M, L, S> AxiGpioHandle for H
where
    H: NodeHandle + Deref<Target = AxiGpioNode<M, L, S>>,
    M: Mmio + Send + 'static,
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    type Window = M;

    fn with_gpio<R>(&self, f: impl FnOnce(&mut AxiGpioHardware<M>) -> R) -> Result<R, Error> {
        Node::with_hardware(self, f)
    }
}

/// An AXI GPIO. Clones are handles on the same one.
#[derive(Clone)]
pub struct AxiGpio<H> {
    node: H,
    config: AxiGpioConfig,
}

impl<H: AxiGpioHandle> AxiGpio<H> {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: H) -> Result<Self, AxiGpioError> {
        let config = node.with_gpio(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }

    /// The first channel.
    #[must_use]
    pub fn channel1(&self) -> Channel<H> {
        Slice::channel(self.node.clone(), 0, self.config.channel1, self.config.interrupt)
    }

    /// The second channel.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NoChannel2`] if the block was built with one.
    pub fn channel2(&self) -> Result<Channel<H>, AxiGpioError> {
        let channel = self.config.channel2.ok_or(AxiGpioError::NoChannel2)?;
        Ok(Slice::channel(self.node.clone(), 1, channel, self.config.interrupt))
    }

    /// How the block was built.
    pub const fn config(&self) -> &AxiGpioConfig {
        &self.config
    }

    /// The node.
    pub const fn node(&self) -> &H {
        &self.node
    }
}

impl<H> fmt::Debug for AxiGpio<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiGpio").field("config", &self.config).finish_non_exhaustive()
    }
}
