//! The AXI timer (PG079): two counters, or one, and one interrupt.
//!
//! Each channel has a status bit that says that its event came, be it the end of a period, of a one-shot, or a capture.
//! The bit stays until it is cleared and counts nothing, and both bits raise the one interrupt, as a level. The node of this
//! driver has a line for each channel, and unmasks the channels that a task waits on.
//!
//! # What the hardware can't show
//!
//! * How often a period ended before a service: [`Fired::missed`](pynq_core::interrupt::Fired) counts services. A
//!   period that is shorter than the service takes loses events, and so does one without a waiter; one event is kept.
//! * An event in the very clock in which the one before is cleared is lost. A period has to be longer than a register
//!   access by far for that reason, too.
//!
//! # Two tasks, one block
//!
//! Handles are clones and may be used from any task or thread. The control register of a channel is written under the
//! node's lock and from what was decided last, never from what is read: reading it back would clear an event that is
//! just there, and start the other channel.
//!
//! # Example
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use pynq_core::interrupt::StdLock;
//! use pynq_drivers::{AxiTimer, AxiTimerConfig, AxiTimerHardware, axi_timer::axi_timer_node};
//! # use pynq_sim::{Board, models::{AxiTimerModel, TimerParams}};
//! # let board = Board::builder()
//! #     .device("timer", 0x4280_0000, 0x1_0000, AxiTimerModel::new(TimerParams::default()))
//! #     .interrupt("timer/interrupt", 61)
//! #     .build()?;
//! // A block whose interrupt is wired straight to the CPU, with a clock of 100 MHz.
//! let hardware = AxiTimerHardware::new(board.window("timer")?, AxiTimerConfig::new(100_000_000))?;
//! let timer = AxiTimer::new(Arc::pin(axi_timer_node(StdLock::new(), hardware, board.cpu_pin(61)?)))?;
//!
//! let mut ticks = timer.channel(0)?;
//! ticks.start_periodic(Duration::from_millis(10))?;
//! let mut delay = timer.channel(1)?.into_delay()?;
//! board.block_on(async {
//!     assert_eq!(ticks.wait_async().await?.missed, 0);
//!     delay.delay_async(Duration::from_millis(35)).await?;
//!     // Three periods ended during the delay, and the block remembers that there was one.
//!     ticks.wait_async().await?;
//!     ticks.wait_async().await?;
//!     Ok::<(), pynq_core::BlockError<pynq_drivers::axi_timer::AxiTimerError>>(())
//! })??;
//! assert_eq!(board.now().as_millis(), 49);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod channel;
mod config;
mod delay;
mod duty;
mod error;
mod hardware;
mod pwm;
mod registers;

use core::fmt;

use pynq_core::{
    BlockError, Driver, Error, ParameterError, Parameters, Window,
    interrupt::{InterruptSource, Node, NodeHandle, NodeLock},
};

pub use channel::{Capture, TimerChannel};
pub use config::{AxiTimerConfig, AxiTimerConfigError};
pub use delay::{Delay, PollingDelay};
pub use duty::DutyCycle;
pub use error::AxiTimerError;
pub use hardware::AxiTimerHardware;
pub use pwm::Pwm;
pub use registers::{AxiTimerRegisters, TimerControl};

/// The result of an operation on an AXI timer. The error has the block's name.
pub type Result<T> = core::result::Result<T, BlockError<AxiTimerError>>;

/// The node of an AXI timer, guarded by `L`, fed by `S`. Its lines are the channels.
pub type AxiTimerNode<L, S> = Node<AxiTimerHardware, L, S>;

/// A node over `hardware`, for an `Arc` or a `static`.
///
/// `source` is where the block's interrupt goes: a line of its interrupt controller
/// ([`ParentLine`](pynq_core::interrupt::ParentLine)), a root, or `ParentLine::UNWIRED` where it goes nowhere.
#[cfg(not(loom))]
pub const fn axi_timer_node<L, S>(lock: L, hardware: AxiTimerHardware, source: S) -> AxiTimerNode<L, S>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    let lines = hardware.config().channels();
    Node::with_lines(lock, hardware, source, lines)
}

/// An AXI timer. Clones are handles on the same one.
///
/// ```
/// use std::time::Duration;
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let mut ticks = overlay.timer("timer")?.channel(0)?;
/// ticks.start_periodic(Duration::from_millis(10))?;
/// for _ in 0..3 {
///     ticks.wait()?;
/// }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct AxiTimer {
    node: NodeHandle<AxiTimerHardware>,
    config: AxiTimerConfig,
}

impl AxiTimer {
    /// A handle on the block whose node this is.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    pub fn new(node: impl Into<NodeHandle<AxiTimerHardware>>) -> Result<Self> {
        let node = node.into();
        Self::over(node.clone()).map_err(|error| node.error(error))
    }

    /// A channel, 0 or 1. What happened before is not for this handle.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::NoSuchChannel`], or the error the block has failed with.
    pub fn channel(&self, channel: u8) -> Result<TimerChannel> {
        TimerChannel::new(self.node.clone(), channel, self.config)
    }

    /// The PWM, which takes both channels.
    ///
    /// # Errors
    ///
    /// [`AxiTimerError::PwmUnavailable`] if the block was not built for it.
    pub fn pwm(&self) -> Result<Pwm> {
        Pwm::new(&self.node, self.config)
    }

    /// How the block was built.
    #[must_use]
    pub const fn config(&self) -> &AxiTimerConfig {
        &self.config
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<AxiTimerHardware> {
        &self.node
    }
}

impl Driver for AxiTimer {
    const NAME: &'static str = "AXI timer";
    const VLNV: &'static str = "xilinx.com:ip:axi_timer";
    const INTERRUPT: &'static str = "interrupt";

    type Config = AxiTimerConfig;
    type Hardware = AxiTimerHardware;
    type SetUpError = AxiTimerConfigError;

    fn configure(parameters: &Parameters<'_>) -> core::result::Result<AxiTimerConfig, ParameterError> {
        AxiTimerConfig::from_parameters(parameters)
    }

    fn set_up(window: Window, config: AxiTimerConfig) -> core::result::Result<AxiTimerHardware, AxiTimerConfigError> {
        AxiTimerHardware::new(window, config)
    }

    fn line_count(config: &AxiTimerConfig) -> u8 {
        config.channels()
    }

    fn over(node: NodeHandle<AxiTimerHardware>) -> core::result::Result<Self, Error> {
        let config = node.with_hardware(|hardware| *hardware.config())?;
        Ok(Self { node, config })
    }
}

impl fmt::Debug for AxiTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AxiTimer").field("node", &self.node).field("config", &self.config).finish()
    }
}
