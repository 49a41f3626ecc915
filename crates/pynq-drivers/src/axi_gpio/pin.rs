//! One pin of a channel.

use core::fmt;

use pynq_core::interrupt::{Condition, Deadline, Line, Waiting};

use super::{ChannelDirection, Direction, GpioWait, Result, Slice};
use crate::{Edge, Level};

/// A pin of an AXI GPIO. Clones are handles on the same pin.
///
/// Implements the digital traits of embedded-hal and embedded-hal-async.
///
/// ```
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let pin = overlay.gpio("leds_gpio")?.channel1().pin(3)?;
/// pin.set_high()?;
/// assert_eq!(pin.output()?, Level::High);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct Pin(pub(super) Slice);

impl Pin {
    /// The pin as a slice of one.
    #[must_use]
    pub const fn as_slice(&self) -> &Slice {
        &self.0
    }

    /// Which channel it belongs to, 1 or 2.
    #[must_use]
    pub const fn channel_number(&self) -> u8 {
        self.0.channel_number()
    }

    /// Which bit of its channel it is.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.0.mask().trailing_zeros()
    }

    /// What the design lets this pin be.
    #[must_use]
    pub const fn channel_direction(&self) -> ChannelDirection {
        self.0.channel_direction()
    }

    /// The level of the pin.
    ///
    /// What the pin of an output reads is up to the design's wiring; [`output`](Self::output) returns what was written.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::OutputsOnly`](super::AxiGpioError::OutputsOnly), or the error the block has failed with.
    pub fn read(&self) -> Result<Level> {
        Ok(Level::from(self.0.read()? != 0))
    }

    /// Whether the pin is high; see [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn is_high(&self) -> Result<bool> {
        Ok(self.read()?.is_high())
    }

    /// Whether the pin is low; see [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn is_low(&self) -> Result<bool> {
        Ok(!self.read()?.is_high())
    }

    /// What the output register holds for this pin: what was last written, or the design's default.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`](super::AxiGpioError::InputsOnly), or the error the block has failed with.
    pub fn output(&self) -> Result<Level> {
        Ok(Level::from(self.0.output()? != 0))
    }

    /// Writes the pin. If it is an input at the time, the level appears when it is made an output.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`](super::AxiGpioError::InputsOnly), or the error the block has failed with.
    pub fn write(&self, level: Level) -> Result<()> {
        self.0.write(level.is_high().into())
    }

    /// Writes a one; see [`write`](Self::write).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn set_high(&self) -> Result<()> {
        self.write(Level::High)
    }

    /// Writes a zero; see [`write`](Self::write).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn set_low(&self) -> Result<()> {
        self.write(Level::Low)
    }

    /// Inverts what was last written.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn toggle(&self) -> Result<()> {
        self.0.toggle()
    }

    /// Makes the pin an input, or an output that drives what was last written. Does nothing where the design left no
    /// choice and made it just that.
    ///
    /// # Errors
    ///
    /// As [`Slice::set_direction`].
    pub fn set_direction(&self, direction: Direction) -> Result<()> {
        self.0.set_direction(direction)
    }

    /// Makes the pin an output that drives `level`, without a moment at which it drives the other.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`](super::AxiGpioError::InputsOnly), or the error the block has failed with.
    pub fn drive(&self, level: Level) -> Result<()> {
        self.0.drive(level.is_high().into())
    }

    /// Which way the pin goes.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn direction(&self) -> Result<Direction> {
        Ok(if self.0.inputs()? == 0 { Direction::Output } else { Direction::Input })
    }

    /// Waits until the pin has the level `level`; not at all if it has it already.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::OutputsOnly`](super::AxiGpioError::OutputsOnly); as a [`Node`](super::AxiGpioError::Node) error `InterruptsUnavailable` if the block has
    /// no interrupt, and what else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was.
    pub fn wait_for_level_async(&self, level: Level) -> Waiting<GpioWait<'_>> {
        let mask = self.0.mask();
        self.0.wait(Ok(Condition::Level { mask, value: if level.is_high() { mask } else { 0 } }))
    }

    /// The blocking form of [`wait_for_level_async`](Self::wait_for_level_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait_for_level(&self, level: Level) -> Result<()> {
        self.wait_for_level_async(level).block()
    }

    /// As [`wait_for_level`](Self::wait_for_level), but gives up at `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](super::AxiGpioError::Node) error; else as without a deadline.
    pub fn wait_for_level_until(&self, level: Level, deadline: impl Into<Deadline>) -> Result<()> {
        self.wait_for_level_async(level).block_until(deadline)
    }

    /// Waits for an edge of the pin, from its first poll on. One that is taken back before it is served is not seen.
    ///
    /// # Errors
    ///
    /// As [`wait_for_level_async`](Self::wait_for_level_async).
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was. An edge that came meanwhile is
    /// not remembered; [`changes`](Self::changes) misses none between two waits.
    pub fn wait_for_edge_async(&self, edge: Edge) -> Waiting<GpioWait<'_>> {
        let mask = self.0.mask();
        self.0.wait(Ok(match edge {
            Edge::Rising => Condition::Rising { mask },
            Edge::Falling => Condition::Falling { mask },
            Edge::Any => Condition::Change { mask, since: None },
        }))
    }

    /// The blocking form of [`wait_for_edge_async`](Self::wait_for_edge_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait_for_edge(&self, edge: Edge) -> Result<()> {
        self.wait_for_edge_async(edge).block()
    }

    /// As [`wait_for_edge`](Self::wait_for_edge), but gives up at `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](super::AxiGpioError::Node) error; else as without a deadline.
    pub fn wait_for_edge_until(&self, edge: Edge, deadline: impl Into<Deadline>) -> Result<()> {
        self.wait_for_edge_async(edge).block_until(deadline)
    }

    /// A handle whose event is a net change of the pin since it last looked, from now on; see [`Slice::changes`].
    ///
    /// # Errors
    ///
    /// As [`Slice::changes`].
    pub fn changes(&self) -> Result<Line> {
        self.0.changes()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pin").field(&self.0).finish()
    }
}
