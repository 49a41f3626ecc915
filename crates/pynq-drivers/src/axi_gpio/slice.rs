//! Some neighbouring pins of a channel, as one value.

use core::{
    fmt,
    ops::{Bound, RangeBounds},
};

use pynq_core::interrupt::{Condition, Deadline, Line, NodeHandle, Waiting};

use super::{AxiGpioError, AxiGpioHardware, ChannelConfig, ChannelDirection, GpioWait, Pin, Result, config::ones};

/// A channel: the slice of all its pins.
///
/// ```
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let switches = overlay.gpio("switches_gpio")?.channel1();
/// assert_eq!((switches.width(), switches.read()?), (2, 0));
/// # Ok::<(), pynq::Error>(())
/// ```
pub type Channel = Slice;

/// Which way a pin of a bidirectional channel goes.
///
/// ```
/// use pynq::{Direction, prelude::*};
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let buttons = overlay.gpio("btns_gpio")?.channel1();
/// buttons.set_direction(Direction::Input)?; // as it was built
/// assert!(buttons.set_direction(Direction::Output).is_err());
/// # Ok::<(), pynq::Error>(())
/// ```
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
///
/// ```
/// use pynq::prelude::*;
///
/// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
/// let leds = overlay.gpio("leds_gpio")?.channel1(); // a channel is the slice of all of its pins
/// let middle = leds.slice(1..3)?;
/// middle.write(0b11)?;
/// assert_eq!(leds.output()?, 0b0110);
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct Slice {
    node: NodeHandle<AxiGpioHardware>,
    /// Line of the node: 0 for channel 1, 1 for channel 2.
    line: u8,
    shift: u8,
    width: u8,
    direction: ChannelDirection,
    interrupt: bool,
}

impl Slice {
    pub(super) const fn channel(
        node: NodeHandle<AxiGpioHardware>,
        line: u8,
        config: ChannelConfig,
        interrupt: bool,
    ) -> Self {
        Self { node, line, shift: 0, width: config.width, direction: config.direction, interrupt }
    }

    /// Some of these pins; `..2` are the first two.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NoSuchSlice`] if the range is empty or reaches beyond these pins.
    pub fn slice(&self, pins: impl RangeBounds<u8>) -> Result<Self> {
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
            return Err(self.error(AxiGpioError::NoSuchSlice {
                channel: self.channel_number(),
                start,
                end,
                pins: self.width,
            }));
        }
        Ok(Self { shift: self.shift + start, width: end - start, ..self.clone() })
    }

    /// One of these pins.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::NoSuchPin`].
    pub fn pin(&self, pin: u8) -> Result<Pin> {
        if pin >= self.width {
            return Err(self.error(AxiGpioError::NoSuchPin { channel: self.channel_number(), pin, pins: self.width }));
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
    /// What the pin of an output reads is up to the design's wiring; [`output`](Self::output) returns what was written.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::OutputsOnly`], or the error the block has failed with.
    pub fn read(&self) -> Result<u32> {
        self.check_input()?;
        let data = self.node.access(|hardware| Ok(hardware.read(self.line)))?;
        Ok(self.shift_out(data))
    }

    /// What the output register holds: what was last written, or the design's default.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], or the error the block has failed with.
    pub fn output(&self) -> Result<u32> {
        self.check_output()?;
        let data = self.node.access(|hardware| Ok(hardware.output(self.line)))?;
        Ok(self.shift_out(data))
    }

    /// Writes these pins, and leaves the others of the channel as they are.
    ///
    /// For a pin that is an input at the time, the value appears when it is made an output.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], [`AxiGpioError::ValueTooWide`], or the error the block has failed with.
    pub fn write(&self, value: u32) -> Result<()> {
        self.write_masked(value, ones(self.width))
    }

    /// Writes those of these pins that are one in `mask`, all at the same time.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_masked(&self, value: u32, mask: u32) -> Result<()> {
        self.check_output()?;
        let (value, mask) = (self.shift_in(value)?, self.shift_in(mask)?);
        self.access(|hardware| hardware.write(self.line, mask, value))
    }

    /// Inverts what was last written to these pins.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`], or the error the block has failed with.
    pub fn toggle(&self) -> Result<()> {
        self.check_output()?;
        let mask = self.mask();
        self.access(|hardware| hardware.write(self.line, mask, !hardware.output(self.line)))
    }

    /// Makes these pins inputs, or outputs that drive what the output register holds. Does nothing where the design
    /// left no choice and made them just that.
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::InputsOnly`] or [`AxiGpioError::OutputsOnly`] where the design made them the other, or the error
    /// the block has failed with.
    pub fn set_direction(&self, direction: Direction) -> Result<()> {
        let inputs = direction == Direction::Input;
        if inputs {
            self.check_input()?
        } else {
            self.check_output()?
        }
        let (programmable, mask) = (self.direction == ChannelDirection::Bidirectional, self.mask());
        self.access(|hardware| {
            if programmable {
                hardware.set_inputs(self.line, mask, inputs);
            }
        })
    }

    /// Makes these pins outputs that drive `value`, without a moment at which they drive anything else.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn drive(&self, value: u32) -> Result<()> {
        self.check_output()?;
        let (programmable, mask, value) =
            (self.direction == ChannelDirection::Bidirectional, self.mask(), self.shift_in(value)?);
        self.access(|hardware| {
            if programmable {
                hardware.drive(self.line, mask, value);
            } else {
                hardware.write(self.line, mask, value);
            }
        })
    }

    /// Which of these pins are inputs: a one is an input.
    ///
    /// # Errors
    ///
    /// The error the block has failed with.
    pub fn inputs(&self) -> Result<u32> {
        let inputs = self.node.access(|hardware| Ok(hardware.inputs(self.line)))?;
        Ok(self.shift_out(inputs))
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
    pub fn wait_for_value_async(&self, value: u32) -> Waiting<GpioWait<'_>> {
        let value = self.shift_in(value);
        self.wait(value.map(|value| Condition::Level { mask: self.mask(), value }))
    }

    /// The blocking form of [`wait_for_value_async`](Self::wait_for_value_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form, and `NeverWoken` on a simulated board on which nothing more can happen.
    pub fn wait_for_value(&self, value: u32) -> Result<()> {
        self.wait_for_value_async(value).block()
    }

    /// As [`wait_for_value`](Self::wait_for_value), but gives up at `deadline`.
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// `TimedOut` as a [`Node`](AxiGpioError::Node) error; else as without a deadline.
    pub fn wait_for_value_until(&self, value: u32, deadline: impl Into<Deadline>) -> Result<()> {
        self.wait_for_value_async(value).block_until(deadline)
    }

    /// A handle whose event is a net change of these pins since it last looked, from now on; also to be listened to.
    ///
    /// `Fired::changed` has the bits where the channel has them: see [`mask`](Self::mask).
    ///
    /// # Errors
    ///
    /// [`AxiGpioError::OutputsOnly`], or `InterruptsUnavailable` if the block was built without an interrupt, or the
    /// error the block has failed with.
    pub fn changes(&self) -> Result<Line> {
        self.check_interrupt()?;
        Line::of_bits(self.node.clone(), self.line, self.mask()).map_err(|error| self.node.error(error))
    }

    /// The node of the block.
    pub const fn node(&self) -> &NodeHandle<AxiGpioHardware> {
        &self.node
    }

    /// A wait for `condition`, where these pins raise interrupts.
    pub(super) fn wait(&self, condition: Result<Condition>) -> Waiting<GpioWait<'_>> {
        GpioWait::new(&self.node, self.line, self.check_interrupt().and(condition))
    }

    fn access(&self, f: impl FnOnce(&mut AxiGpioHardware)) -> Result<()> {
        self.node.access(|hardware| {
            f(hardware);
            Ok(())
        })
    }

    fn error(&self, error: AxiGpioError) -> pynq_core::BlockError<AxiGpioError> {
        self.node.error(error)
    }

    fn check_input(&self) -> Result<()> {
        match self.direction {
            ChannelDirection::Outputs => Err(self.error(AxiGpioError::OutputsOnly { channel: self.channel_number() })),
            _ => Ok(()),
        }
    }

    fn check_interrupt(&self) -> Result<()> {
        self.check_input()?;
        if self.interrupt { Ok(()) } else { Err(self.error(pynq_core::Error::InterruptsUnavailable.into())) }
    }

    fn check_output(&self) -> Result<()> {
        match self.direction {
            ChannelDirection::Inputs => Err(self.error(AxiGpioError::InputsOnly { channel: self.channel_number() })),
            _ => Ok(()),
        }
    }

    fn shift_in(&self, value: u32) -> Result<u32> {
        if value & !ones(self.width) != 0 {
            return Err(self.error(AxiGpioError::ValueTooWide { value, pins: self.width }));
        }
        Ok(value << self.shift)
    }

    const fn shift_out(&self, data: u32) -> u32 {
        (data & self.mask()) >> self.shift
    }
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slice")
            .field("channel", &(self.line + 1))
            .field("pins", &(self.shift..self.shift + self.width))
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}
