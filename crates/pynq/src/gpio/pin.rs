//! One pin of a channel.

use pynq_core::Instant;
use pynq_drivers::{
    Edge, Level,
    axi_gpio::{ChannelDirection, Direction},
};

use super::{
    GpioNode, Place, Slice,
    macros::{forward, handle, input_traits, pin_waits},
};
use crate::{Interrupt, Result};

/// A pin of an AXI GPIO. Clones are handles on the same pin.
///
/// Implements the digital traits of embedded-hal and embedded-hal-async.
#[derive(Clone)]
pub struct Pin {
    pub(super) inner: pynq_drivers::axi_gpio::Pin<GpioNode>,
    pub(super) place: Place,
}

handle!(Pin);
input_traits!(Pin);

impl Pin {
    /// Which channel it belongs to, 1 or 2.
    #[must_use]
    pub fn channel_number(&self) -> u8 {
        self.inner.channel_number()
    }

    /// Which bit of its channel it is.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.inner.number()
    }

    /// What the design lets this pin be.
    #[must_use]
    pub fn channel_direction(&self) -> ChannelDirection {
        self.inner.channel_direction()
    }

    /// The pin as a slice of one.
    #[must_use]
    pub fn as_slice(&self) -> Slice {
        Slice { inner: self.inner.as_slice().clone(), place: self.place.clone() }
    }

    forward! {
        /// The level of the pin. What the pin of an output reads is up to the design's wiring.
        fn read() -> Level;
        /// Whether the pin is high; see [`read`](Self::read).
        fn is_high() -> bool;
        /// Whether the pin is low; see [`read`](Self::read).
        fn is_low() -> bool;
        /// What the output register holds for this pin: what was last written, or the design's default.
        fn output() -> Level;
        /// Writes the pin. If it is an input at the time, the level appears when it is made an output.
        fn write(level: Level) -> ();
        /// Writes a one; see [`write`](Self::write).
        fn set_high() -> ();
        /// Writes a zero; see [`write`](Self::write).
        fn set_low() -> ();
        /// Inverts what was last written.
        fn toggle() -> ();
        /// Makes the pin an input, or an output that drives what was last written.
        fn set_direction(direction: Direction) -> ();
        /// Makes the pin an output that drives `level`, without a moment at which it drives the other.
        fn drive(level: Level) -> ();
        /// Which way the pin goes.
        fn direction() -> Direction;
    }

    pin_waits!();

    /// A handle whose interrupt is a net change of the pin since it last looked; see [`Slice::changes`].
    ///
    /// # Errors
    ///
    /// As [`Slice::changes`].
    pub fn changes(&self) -> Result<Interrupt> {
        self.as_slice().changes()
    }
}

/// Sets the output register only: a pin of a bidirectional channel is first made an output, by [`Pin::drive`].
impl embedded_hal::digital::OutputPin for Pin {
    fn set_low(&mut self) -> Result<()> {
        Pin::set_low(self)
    }

    fn set_high(&mut self) -> Result<()> {
        Pin::set_high(self)
    }
}

/// Tells what was last written, not what the pin reads.
impl embedded_hal::digital::StatefulOutputPin for Pin {
    fn is_set_high(&mut self) -> Result<bool> {
        Ok(self.output()?.is_high())
    }

    fn is_set_low(&mut self) -> Result<bool> {
        Ok(!self.output()?.is_high())
    }

    fn toggle(&mut self) -> Result<()> {
        Pin::toggle(self)
    }
}
