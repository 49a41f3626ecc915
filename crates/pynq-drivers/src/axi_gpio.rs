//! The AXI GPIO (PG144): one or two channels of up to 32 pins, and one interrupt.
//!
//! The interrupt knows channels and no pins: *any* change of any sampled pin of a channel, in either direction, sets the
//! one status bit of that channel, which stays until it is cleared. The node of this driver samples the channel at every
//! service, and a wait carries its condition (a level, a value, an edge) down to where that happens. So a press of
//! button 0 wakes the task that awaits button 0 and no other, and what a wait sleeps on and what the node compares with
//! is one and the same sample.
//!
//! # What the hardware can't show
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
mod registers;
mod slice;
mod wait;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use config::{AxiGpioConfig, AxiGpioConfigError, ChannelConfig, ChannelDirection};
pub use error::AxiGpioError;
pub use hardware::AxiGpioHardware;
pub use pin::Pin;
pub use registers::{AxiGpioRegisters, Channels, GlobalInterruptEnable};
pub use slice::{Channel, Direction, Slice};
pub use wait::GpioWait;

/// The result of an operation on an AXI GPIO. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<AxiGpioError>>;

/// The node of an AXI GPIO, guarded by `L`, fed by `S`. Line 0 is channel 1, line 1 is channel 2.
pub type AxiGpioNode<L, S> = Node<AxiGpioHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's interrupt goes: a line of its interrupt controller
/// ([`ParentLine`](pynq_core::interrupt::ParentLine)), a root, or `ParentLine::UNWIRED` where it goes nowhere.
#[cfg(not(loom))]
pub const fn axi_gpio_node<L, S>(lock: L, hardware: AxiGpioHardware, source: S) -> AxiGpioNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    let lines = hardware.config().channels();
    Node::with_lines(lock, hardware, source, lines)
}

/// An AXI GPIO. Clones are handles on the same one.
///
/// ```
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let leds = overlay.gpio("leds_gpio")?.channel1();
/// leds.write(0b1010)?;
/// assert_eq!(leds.output()?, 0b1010);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct AxiGpio {
    node: NodeHandle<AxiGpioHardware>,
    config: AxiGpioConfig,
}

impl AxiGpio {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<AxiGpioHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    /// The first channel.
    #[must_use]
    pub fn channel1(&self) -> Channel {
        Slice::channel(self.node.clone(), 0, self.config.channel1, self.config.interrupt)
    }

    /// The second channel.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NoChannel2`] if the block was built with one.
    pub fn channel2(&self) -> Result<Channel> {
        let channel = self.config.channel2.ok_or_else(|| self.node.error(AxiGpioError::NoChannel2))?;
        Ok(Slice::channel(self.node.clone(), 1, channel, self.config.interrupt))
    }

    /// Channel `number`, 1 or 2.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NoChannel2`] if the block was built with one, [`AxiGpioError::NoSuchChannel`] for any other number.
    pub fn channel(&self, number: u8) -> Result<Channel> {
        match number {
            1 => Ok(self.channel1()),
            2 => self.channel2(),
            _ => {
                let channels = self.config.channels();
                Err(self.node.error(AxiGpioError::NoSuchChannel { channel: number, channels }))
            }
        }
    }

    /// How the block was built.
    #[must_use]
    pub const fn config(&self) -> &AxiGpioConfig {
        &self.config
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<AxiGpioHardware> {
        &self.node
    }
}

impl Driver for AxiGpio {
    const NAME: &'static str = "AXI GPIO";
    const VLNV: &'static str = "xilinx.com:ip:axi_gpio";
    const INTERRUPT: &'static str = "ip2intc_irpt";

    type Config = AxiGpioConfig;
    type Hardware = AxiGpioHardware;
    type SetUpError = AxiGpioConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<AxiGpioConfig, ParameterError> {
        AxiGpioConfig::from_parameters(parameters)
    }

    fn set_up(window: Window, config: AxiGpioConfig) -> core::result::Result<AxiGpioHardware, AxiGpioConfigError> {
        AxiGpioHardware::new(window, config)
    }

    fn attach(window: Window, config: AxiGpioConfig) -> core::result::Result<AxiGpioHardware, AxiGpioConfigError> {
        AxiGpioHardware::attach(window, config)
    }

    fn has_interrupt(config: &AxiGpioConfig) -> bool {
        config.interrupt
    }

    fn line_count(config: &AxiGpioConfig) -> u8 {
        config.channels()
    }

    fn over(node: NodeHandle<AxiGpioHardware>) -> core::result::Result<Self, Error> {
        let config = node.with_hardware(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }
}

impl fmt::Debug for AxiGpio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiGpio").field("node", &self.node).field("config", &self.config).finish()
    }
}
