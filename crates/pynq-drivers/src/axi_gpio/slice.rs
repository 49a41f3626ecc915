//! Some neighbouring pins of a channel, as one value.

use core::{
    fmt,
    future::Future,
    ops::{Bound, RangeBounds},
};

use pynq_core::{
    Instant,
    interrupt::{Condition, Line, WaitFor, WithDeadline},
};

use super::{AxiGpioError, AxiGpioHandle, ChannelConfig, ChannelDirection, GpioWait, Pin, config::ones, wait::Wanted};

/// A channel: the slice of all its pins.
pub type Channel<H> = Slice<H>;

/// Which way a pin of a bidirectional channel goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The pin is sampled, and not driven.
    Input,
    /// The pin is driven by the output register.
    Output,
}

/// Neighbouring pins of a channel, or all of them. Values have the first one in bit 0.
///
/// Clones are handles on the same pins.
#[derive(Clone)]
pub struct Slice<H> {
    node: H,
    /// Line of the node: 0 for channel 1, 1 for channel 2.
    line: u8,
    shift: u8,
    width: u8,
    direction: ChannelDirection,
    interrupt: bool,
}

impl<H: AxiGpioHandle> Slice<H> {
    pub(super) const fn channel(node: H, line: u8, config: ChannelConfig, interrupt: bool) -> Self {
        Self { node, line, shift: 0, width: config.width, direction: config.direction, interrupt }
    }

    /// Some of these pins; `..2` are the first two.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NoSuchSlice`] if the range is empty or reaches beyond these pins.
    pub fn slice(&self, pins: impl RangeBounds<u8>) -> Result<Self, AxiGpioError> {
        let start = match pins.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match pins.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.width,
        };
        if start >= end || end > self.width {
            return Err(AxiGpioError::NoSuchSlice { channel: self.channel_number(), start, end, pins: self.width });
        }
        Ok(Self { shift: self.shift + start, width: end - start, ..self.clone() })
    }

    /// One of these pins.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NoSuchPin`].
    pub fn pin(&self, pin: u8) -> Result<Pin<H>, AxiGpioError> {
        if pin >= self.width {
            return Err(AxiGpioError::NoSuchPin { channel: self.channel_number(), pin, pins: self.width });
        }
        Ok(Pin(Self { shift: self.shift + pin, width: 1, ..self.clone() }))
    }

    /// How many pins these are.
    #[must_use]
    pub const fn width(&self) -> u8 {
        self.width
    }

    /// Which channel they belong to, 1 or 2.
    #[must_use]
    pub const fn channel_number(&self) -> u8 {
        self.line + 1
    }

    /// Where they are in their channel, as a bit mask.
    #[must_use]
    pub const fn mask(&self) -> u32 {
        ones(self.width) << self.shift
    }

    /// What the design lets these pins be.
    #[must_use]
    pub const fn channel_direction(&self) -> ChannelDirection {
        self.direction
    }

    /// The levels of the pins.
    ///
    /// What the pin of an output reads is up to the design's wiring; [`output`](Self::output) tells what was written.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::OutputsOnly`], or the error the block has failed with.
    pub fn read(&self) -> Result<u32, AxiGpioError> {
        self.samples()?;
        let data = self.node.with_gpio(|hardware| hardware.read(self.line))?;
        Ok(self.extract(data))
    }

    /// What the output register holds: what was last written, or the design's default.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], or the error the block has failed with.
    pub fn output(&self) -> Result<u32, AxiGpioError> {
        self.drives()?;
        let data = self.node.with_gpio(|hardware| hardware.output(self.line))?;
        Ok(self.extract(data))
    }

    /// Writes these pins, and leaves the others of the channel as they are.
    ///
    /// For a pin that is an input at the time, the value appears when it is made an output.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], [`AxiGpioError::ValueTooWide`], or the error the block has failed with.
    pub fn write(&self, value: u32) -> Result<(), AxiGpioError> {
        self.write_masked(value, ones(self.width))
    }

    /// Writes those of these pins that are one in `mask`, all at the same time.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_masked(&self, value: u32, mask: u32) -> Result<(), AxiGpioError> {
        self.drives()?;
        let (value, mask) = (self.place(value)?, self.place(mask)?);
        Ok(self.node.with_gpio(|hardware| hardware.write(self.line, mask, value))?)
    }

    /// Inverts what was last written to these pins.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], or the error the block has failed with.
    pub fn toggle(&self) -> Result<(), AxiGpioError> {
        self.drives()?;
        let mask = self.mask();
        Ok(self.node.with_gpio(|hardware| hardware.write(self.line, mask, !hardware.output(self.line)))?)
    }

    /// Makes these pins inputs, or outputs that drive what the output register holds. Does nothing where the design
    /// left no choice and made them just that.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`] or [`AxiGpioError::OutputsOnly`] where the design made them the other, or the error
    /// the block has failed with.
    pub fn set_direction(&self, direction: Direction) -> Result<(), AxiGpioError> {
        let inputs = direction == Direction::Input;
        if inputs {
            self.samples()?
        } else {
            self.drives()?
        }
        let (programmable, mask) = (self.direction == ChannelDirection::Bidirectional, self.mask());
        Ok(self.node.with_gpio(|hardware| {
            if programmable {
                hardware.set_inputs(self.line, mask, inputs);
            }
        })?)
    }

    /// Makes these pins outputs that drive `value`, without a moment at which they drive anything else.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn drive(&self, value: u32) -> Result<(), AxiGpioError> {
        self.drives()?;
        let (programmable, mask, value) =
            (self.direction == ChannelDirection::Bidirectional, self.mask(), self.place(value)?);
        Ok(self.node.with_gpio(|hardware| {
            if programmable {
                hardware.drive(self.line, mask, value);
            } else {
                hardware.write(self.line, mask, value);
            }
        })?)
    }

    /// Which of these pins are inputs: a one is an input.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn inputs(&self) -> Result<u32, AxiGpioError> {
        let inputs = self.node.with_gpio(|hardware| hardware.inputs(self.line))?;
        Ok(self.extract(inputs))
    }

    /// Waits until the pins have the value `value`; not at all if they have it already.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::OutputsOnly`], [`AxiGpioError::ValueTooWide`]; as a [`Node`](AxiGpioError::Node) error
    /// `InterruptsUnavailable` if the block has no interrupt, and what else a wait can meet.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future at any point leaves hardware and queues as if it never was.
    pub fn wait_for_value_async(&self, value: u32) -> GpioWait<WaitFor<'_, H>> {
        self.has_value(value).into_future()
    }

    /// As [`wait_for_value_async`](Self::wait_for_value_async), but gives up when `deadline` completes, a sleep of the
    /// board's clock. If both are there, the value wins.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](AxiGpioError::Node) error; else as without a deadline.
    ///
    /// # Cancellation safety
    ///
    /// As without a deadline.
    pub fn wait_for_value_until_async<D: Future>(
        &self,
        value: u32,
        deadline: D,
    ) -> GpioWait<WithDeadline<WaitFor<'_, H>, D>> {
        self.has_value(value).into_future_until(deadline)
    }

    /// The blocking twin of [`wait_for_value_async`](Self::wait_for_value_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait_for_value(&self, value: u32) -> Result<(), AxiGpioError> {
        self.has_value(value).block(None)
    }

    /// As [`wait_for_value`](Self::wait_for_value), but gives up at `deadline`, a time of the board's clock.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](AxiGpioError::Node) error; else as without a deadline.
    pub fn wait_for_value_until(&self, value: u32, deadline: Instant) -> Result<(), AxiGpioError> {
        self.has_value(value).block(Some(deadline))
    }

    /// A handle whose event is a net change of these pins since it last looked, from now on; as an
    /// [`InterruptEvent`](pynq_core::interrupt::InterruptEvent), also to be listened to.
    ///
    /// `Fired::changed` has the bits where the channel has them: see [`mask`](Self::mask).
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::OutputsOnly`], or `InterruptsUnavailable` if the block was built without an interrupt, or the
    /// error the block has failed with.
    pub fn changes(&self) -> Result<Line<H>, AxiGpioError> {
        self.raises()?;
        Ok(Line::of_bits(self.node.clone(), self.line, self.mask())?)
    }

    /// The node of the block.
    pub const fn node(&self) -> &H {
        &self.node
    }

    /// A wait for what `condition` makes of the mask of these pins.
    pub(super) fn wanted(&self, condition: impl FnOnce(u32) -> Condition) -> Wanted<'_, H> {
        let condition = self.raises().map(|()| condition(self.mask()));
        Wanted { node: &self.node, line: self.line, condition }
    }

    fn has_value(&self, value: u32) -> Wanted<'_, H> {
        match self.place(value) {
            Ok(value) => self.wanted(|mask| Condition::Level { mask, value }),
            Err(error) => Wanted { node: &self.node, line: self.line, condition: Err(error) },
        }
    }

    fn samples(&self) -> Result<(), AxiGpioError> {
        match self.direction {
            ChannelDirection::Outputs => Err(AxiGpioError::OutputsOnly { channel: self.channel_number() }),
            _ => Ok(()),
        }
    }

    fn raises(&self) -> Result<(), AxiGpioError> {
        self.samples()?;
        if self.interrupt { Ok(()) } else { Err(pynq_core::Error::InterruptsUnavailable.into()) }
    }

    fn drives(&self) -> Result<(), AxiGpioError> {
        match self.direction {
            ChannelDirection::Inputs => Err(AxiGpioError::InputsOnly { channel: self.channel_number() }),
            _ => Ok(()),
        }
    }

    fn place(&self, value: u32) -> Result<u32, AxiGpioError> {
        if value & !ones(self.width) != 0 {
            return Err(AxiGpioError::ValueTooWide { value, pins: self.width });
        }
        Ok(value << self.shift)
    }

    const fn extract(&self, data: u32) -> u32 {
        (data & self.mask()) >> self.shift
    }
}

impl<H> fmt::Debug for Slice<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slice")
            .field("channel", &(self.line + 1))
            .field("pins", &(self.shift..self.shift + self.width))
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}
