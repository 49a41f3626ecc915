//! What can go wrong with a timer.

use core::time::Duration;

use pynq_core::driver_error;

driver_error! {
    /// Why an operation on an AXI timer failed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pynq::{AxiTimerError, prelude::*};
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let mut channel = overlay.timer("timer")?.channel(0)?;
    /// let refused = channel.start_periodic(Duration::from_secs(3600)).unwrap_err();
    /// println!("{refused}"); // `timer`: ...
    /// assert!(!matches!(refused.cause(), AxiTimerError::Node(_)));
    /// # Ok::<(), pynq::Error>(())
    /// ```
    pub enum AxiTimerError {
        /// A channel that is not there.
        NoSuchChannel {
            /// The channel requested.
            channel: u8,
            /// How many there are.
            channels: u8,
        } => ("no channel {channel}: {}", match channels {
            1 => "this AXI timer was built with channel 0 only",
            _ => "an AXI timer has channels 0 and 1",
        }),
        /// A time that the counter can't count.
        OutOfRange {
            /// The time requested.
            requested: Duration,
            /// The shortest it can count.
            shortest: Duration,
            /// The longest it can count.
            longest: Duration,
        } => "this timer can't count {requested:?}; use {shortest:?} to {longest:?}, or count several periods",
        /// A high time that is not shorter than the period of the PWM.
        HighTime {
            /// The period, as the counter counts it.
            period: Duration,
            /// The high time requested.
            high: Duration,
        } => "a PWM of period {period:?} can't be high for {high:?}; use a shorter high time, or stop the PWM for \
            constant low",
        /// The block was built without what a PWM needs.
        PwmUnavailable => "this AXI timer has no PWM: it needs two timers and generate outputs that are active high; \
            rebuild the design",
        /// The PWM has both channels.
        PwmRuns => "the PWM uses both channels of this timer; stop it first",
        /// The PWM needs both channels, and this one is in use.
        ChannelRuns {
            /// Which one.
            channel: u8,
        } => "a PWM needs both channels and channel {channel} is running; stop it first",
        /// The PWM has not been started.
        PwmStopped => "the PWM does not run; start it first",
    }
}
