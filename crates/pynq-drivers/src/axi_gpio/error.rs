//! What can go wrong with a pin.

use embedded_hal::digital;
use pynq_core::driver_error;

use super::config::ones;

driver_error! {
    /// Why an operation on an AXI GPIO failed.
    ///
    /// ```
    /// use pynq::{AxiGpioError, prelude::*};
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let refused = overlay.gpio("leds_gpio")?.channel1().pin(4).unwrap_err();
    /// println!("{refused}"); // `leds_gpio`: no pin 4 ...
    /// assert!(!matches!(refused.cause(), AxiGpioError::Node(_)));
    /// # Ok::<(), pynq::Error>(())
    /// ```
    pub enum AxiGpioError {
        /// Channel 2 of a block that has one channel.
        NoChannel2 => "no channel 2: this AXI GPIO was built with one channel; use channel 1",
        /// A channel that is not there.
        NoSuchChannel {
            /// The channel requested.
            channel: u8,
            /// How many there are.
            channels: u8,
        } => ("no channel {channel}: {}", match channels {
            1 => "this AXI GPIO was built with one channel; use channel 1",
            _ => "channels of an AXI GPIO are numbered 1 and 2",
        }),
        /// A pin that is not there.
        NoSuchPin {
            /// Which channel, 1 or 2.
            channel: u8,
            /// The pin requested.
            pin: u8,
            /// How many there are.
            pins: u8,
        } => ("no pin {pin} in these {pins} pins of channel {channel}; the last one is {}", pins.saturating_sub(1)),
        /// A slice that is empty, backwards or reaches beyond the pins there are.
        NoSuchSlice {
            /// Which channel, 1 or 2.
            channel: u8,
            /// First pin requested.
            start: u8,
            /// The pin after the last one requested.
            end: u8,
            /// How many pins there are.
            pins: u8,
        } => "no slice {start}..{end} in these {pins} pins of channel {channel}; use a range that is not empty and ends at \
            {pins} at most",
        /// A write to pins that the design made inputs.
        InputsOnly {
            /// Which channel, 1 or 2.
            channel: u8,
        } => "channel {channel} was built with inputs only and can't be written; use another channel, or rebuild the design",
        /// A read of, or a wait on, pins that the design made outputs.
        OutputsOnly {
            /// Which channel, 1 or 2.
            channel: u8,
        } => "channel {channel} was built with outputs only and samples nothing; ask for what was written to it by `output`",
        /// A value with more bits than there are pins.
        ValueTooWide {
            /// The value.
            value: u32,
            /// How many pins there are.
            pins: u8,
        } => ("the value {value:#x} doesn't fit into {pins} pins; use {:#x} at most", ones(pins)),
        /// Not the three pins that a device with three colours has.
        NotThreePins {
            /// How many pins there are.
            pins: u8,
        } => "three colours need a slice of 3 pins and this one has {pins}; slice the channel by 3",
    }
}

/// embedded-hal knows no kinds of digital errors yet.
impl digital::Error for AxiGpioError {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}
