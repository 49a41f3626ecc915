//! Some neighbouring pins of a channel, as one value.

use std::ops::RangeBounds;

use pynq_core::{Instant, interrupt::Line};
use pynq_drivers::axi_gpio::{ChannelDirection, Direction};

use super::{
    GpioNode, Pin, Place,
    macros::{forward, handle},
};
use crate::{Interrupt, Result, loaded::Lines};

/// A channel: the slice of all its pins.
pub type Channel = Slice;

/// Neighbouring pins of a channel of an AXI GPIO, or all of them. Values have the first one in bit 0.
///
/// Clones are handles on the same pins.
#[derive(Clone)]
pub struct Slice {
    pub(super) inner: pynq_drivers::axi_gpio::Slice<GpioNode>,
    pub(super) place: Place,
}

handle!(Slice);

impl Slice {
    /// Some of these pins; `..2` are the first two.
    ///
    /// # Errors
    ///
    /// [`Error::Gpio`](crate::Error::Gpio) with `NoSuchSlice` if the range is empty or reaches beyond these pins.
    pub fn slice(&self, pins: impl RangeBounds<u8>) -> Result<Self> {
        let inner = self.place.named(self.inner.slice(pins))?;
        Ok(Self { inner, place: self.place.clone() })
    }

    /// One of these pins.
    ///
    /// # Errors
    ///
    /// [`Error::Gpio`](crate::Error::Gpio) with `NoSuchPin`.
    pub fn pin(&self, pin: u8) -> Result<Pin> {
        let inner = self.place.named(self.inner.pin(pin))?;
        Ok(Pin { inner, place: self.place.clone() })
    }

    /// How many pins these are.
    #[must_use]
    pub fn width(&self) -> u8 {
        self.inner.width()
    }

    /// Which channel they belong to, 1 or 2.
    #[must_use]
    pub fn channel_number(&self) -> u8 {
        self.inner.channel_number()
    }

    /// Where they are in their channel, as a bit mask.
    #[must_use]
    pub fn mask(&self) -> u32 {
        self.inner.mask()
    }

    /// What the design lets these pins be.
    #[must_use]
    pub fn channel_direction(&self) -> ChannelDirection {
        self.inner.channel_direction()
    }

    forward! {
        /// The levels of the pins. What the pin of an output reads is up to the design's wiring.
        fn read() -> u32;
        /// What the output register holds: what was last written, or the design's default.
        fn output() -> u32;
        /// Writes these pins, and leaves the others of the channel as they are.
        fn write(value: u32) -> ();
        /// Writes those of these pins that are one in `mask`, all at the same time.
        fn write_masked(value: u32, mask: u32) -> ();
        /// Inverts what was last written to these pins.
        fn toggle() -> ();
        /// Makes these pins inputs, or outputs that drive what the output register holds.
        fn set_direction(direction: Direction) -> ();
        /// Makes these pins outputs that drive `value`, without a moment at which they drive anything else.
        fn drive(value: u32) -> ();
        /// Which of these pins are inputs: a one is an input.
        fn inputs() -> u32;
    }

    /// Waits until the pins have the value `value`; not at all if they have it already.
    ///
    /// # Errors
    ///
    /// [`Error::Gpio`](crate::Error::Gpio): with `InterruptsUnavailable` if the block has no interrupt or it is not wired,
    /// with `OutputsOnly` if nothing is sampled, with `ValueTooWide`, or with what else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves the hardware as if it never was.
    pub async fn wait_for_value_async(&self, value: u32) -> Result<()> {
        self.place.named(self.inner.wait_for_value_async(value).await)
    }

    /// As [`wait_for_value_async`](Self::wait_for_value_async), but gives up at `deadline`, a time of the board's clock. If
    /// both are there, the value wins.
    ///
    /// # Errors
    ///
    /// With `TimedOut`; else as without a deadline.
    ///
    /// # Cancellation safety
    ///
    /// As without a deadline.
    pub async fn wait_for_value_until_async(&self, value: u32, deadline: Instant) -> Result<()> {
        let sleep = self.place.sleep_until(deadline);
        self.place.named(self.inner.wait_for_value_until_async(value, sleep).await)
    }

    /// The blocking twin of [`wait_for_value_async`](Self::wait_for_value_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and with `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait_for_value(&self, value: u32) -> Result<()> {
        self.place.named(self.inner.wait_for_value(value))
    }

    /// As [`wait_for_value`](Self::wait_for_value), but gives up at `deadline`, a time of the board's clock.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// With `TimedOut`; else as without a deadline.
    pub fn wait_for_value_until(&self, value: u32, deadline: Instant) -> Result<()> {
        self.place.named(self.inner.wait_for_value_until(value, deadline))
    }

    /// A handle whose interrupt is a net change of these pins since it last looked, from now on. What changed is told bit
    /// by bit, where the channel has the bits: see [`mask`](Self::mask).
    ///
    /// # Errors
    ///
    /// As [`wait_for_value_async`](Self::wait_for_value_async).
    pub fn changes(&self) -> Result<Interrupt> {
        let line = self.place.named(self.inner.changes())?;
        let node: Lines = GpioNode::clone(line.node());
        let line = Line::of_bits(node, line.number(), self.mask()).map_err(Into::into);
        Ok(Interrupt::of(self.path(), self.place.named(line)?, self.place.0.1.clone()))
    }
}
