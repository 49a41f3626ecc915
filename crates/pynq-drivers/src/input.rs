//! Buttons and switches: pins that are moved by hand.
//!
//! The two differ in name only, so one macro writes both.

use core::{fmt, future::Future};

use embedded_hal::digital::{ErrorType, InputPin};
use embedded_hal_async::digital::Wait;
use pynq_core::{
    BlockError,
    interrupt::{Deadline, Line, Waiting},
};

use crate::{
    Edge, Level,
    axi_gpio::{AxiGpioError, Direction, GpioWait, Pin, Result},
};

macro_rules! input {
    ($(#[$meta:meta])* $name:ident, $(#[$active_meta:meta])* $active:ident) => {
        $(#[$meta])*
        ///
        /// Clones are handles on the same one, and any number of tasks may wait on it. Also an
        /// [`InputPin`](embedded_hal::digital::InputPin) and a [`Wait`](embedded_hal_async::digital::Wait).
        #[derive(Clone)]
        pub struct $name {
            pin: Pin,
        }

        impl $name {
            /// What is on `pin`, which is made an input if it can be either.
            ///
            /// # Errors
            ///
            /// [`AxiGpioError::OutputsOnly`], or the error the block has failed with.
            pub fn new(pin: Pin) -> Result<Self> {
                pin.set_direction(Direction::Input)?;
                Ok(Self { pin })
            }

            $(#[$active_meta])*
            ///
            /// # Errors
            ///
            /// The error the block has failed with.
            pub fn $active(&self) -> Result<bool> {
                self.pin.is_high()
            }

            /// The level of its pin.
            ///
            /// # Errors
            ///
            /// The error the block has failed with.
            pub fn read(&self) -> Result<Level> {
                self.pin.read()
            }

            /// Waits until it has the level `level`; not at all if it has it already.
            ///
            /// # Errors
            ///
            /// As a [`Node`](AxiGpioError::Node) error, `InterruptsUnavailable` if the block has no interrupt, and what
            /// else a wait can meet.
            ///
            /// # Cancellation safety
            ///
            /// Dropping the future at any point leaves hardware and queues as if it never was.
            pub fn wait_for_level_async(&self, level: Level) -> Waiting<GpioWait<'_>> {
                self.pin.wait_for_level_async(level)
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
                self.pin.wait_for_level(level)
            }

            /// As [`wait_for_level`](Self::wait_for_level), but gives up at `deadline`.
            ///
            /// # Blocking
            ///
            /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
            ///
            /// # Errors
            ///
            /// `TimedOut` as a [`Node`](AxiGpioError::Node) error; else as without a deadline.
            pub fn wait_for_level_until(&self, level: Level, deadline: impl Into<Deadline>) -> Result<()> {
                self.pin.wait_for_level_until(level, deadline)
            }

            /// Waits for an edge, from its first poll on. One that is taken back before it is served is not seen.
            ///
            /// # Errors
            ///
            /// As [`wait_for_level_async`](Self::wait_for_level_async).
            ///
            /// # Cancellation safety
            ///
            /// Dropping the future at any point leaves hardware and queues as if it never was. An edge that came
            /// meanwhile is not remembered; [`changes`](Self::changes) misses none between two waits.
            pub fn wait_for_edge_async(&self, edge: Edge) -> Waiting<GpioWait<'_>> {
                self.pin.wait_for_edge_async(edge)
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
                self.pin.wait_for_edge(edge)
            }

            /// As [`wait_for_edge`](Self::wait_for_edge), but gives up at `deadline`.
            ///
            /// # Blocking
            ///
            /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
            ///
            /// # Errors
            ///
            /// `TimedOut` as a [`Node`](AxiGpioError::Node) error; else as without a deadline.
            pub fn wait_for_edge_until(&self, edge: Edge, deadline: impl Into<Deadline>) -> Result<()> {
                self.pin.wait_for_edge_until(edge, deadline)
            }

            /// A handle whose event is a net change since it last looked, from now on; see
            /// [`Slice::changes`](crate::axi_gpio::Slice::changes).
            ///
            /// # Errors
            ///
            /// `InterruptsUnavailable` if the block was built without an interrupt, or the error it has failed with.
            pub fn changes(&self) -> Result<Line> {
                self.pin.changes()
            }

            /// Its pin.
            pub const fn pin(&self) -> &Pin {
                &self.pin
            }
        }

        impl ErrorType for $name {
            type Error = BlockError<AxiGpioError>;
        }

        impl InputPin for $name {
            fn is_high(&mut self) -> Result<bool> {
                self.pin.is_high()
            }

            fn is_low(&mut self) -> Result<bool> {
                self.pin.is_low()
            }
        }

        /// Cancel-safe, as the inherent waits are.
        impl Wait for $name {
            fn wait_for_high(&mut self) -> impl Future<Output = Result<()>> {
                self.pin.wait_for_level_async(Level::High)
            }

            fn wait_for_low(&mut self) -> impl Future<Output = Result<()>> {
                self.pin.wait_for_level_async(Level::Low)
            }

            fn wait_for_rising_edge(&mut self) -> impl Future<Output = Result<()>> {
                self.pin.wait_for_edge_async(Edge::Rising)
            }

            fn wait_for_falling_edge(&mut self) -> impl Future<Output = Result<()>> {
                self.pin.wait_for_edge_async(Edge::Falling)
            }

            fn wait_for_any_edge(&mut self) -> impl Future<Output = Result<()>> {
                self.pin.wait_for_edge_async(Edge::Any)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.pin).finish()
            }
        }
    };
}

input! {
    /// A push button. It reads high while it is pressed.
    ///
    /// ```
    /// use pynq::prelude::*;
    ///
    /// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
    /// let button = base.button(0)?;
    /// base.sim_button(0)?.at(Instant::from_millis(10)).press()?; // somebody's finger
    /// // In a task: button.wait_for_level_async(Level::High).await?
    /// button.wait_for_level(Level::High)?;
    /// assert!(button.is_pressed()?);
    /// # Ok::<(), pynq::Error>(())
    /// ```
    Button,
    /// Whether it is pressed.
    is_pressed
}

input! {
    /// A slide switch. It reads high while it is on.
    ///
    /// ```
    /// use pynq::prelude::*;
    ///
    /// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
    /// base.sim_switch(1)?.on()?;
    /// assert!(base.switch(1)?.is_on()? && !base.switch(0)?.is_on()?);
    /// # Ok::<(), pynq::Error>(())
    /// ```
    Switch,
    /// Whether it is on.
    is_on
}
