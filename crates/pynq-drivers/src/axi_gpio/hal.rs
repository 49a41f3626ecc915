//! A pin as embedded-hal sees it.

use core::future::Future;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin, PinState, StatefulOutputPin};
use embedded_hal_async::digital::Wait;

use pynq_core::BlockError;

use super::{AxiGpioError, Pin, Result};
use crate::{Edge, Level};

impl ErrorType for Pin {
    type Error = BlockError<AxiGpioError>;
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool> {
        Pin::is_high(self)
    }

    fn is_low(&mut self) -> Result<bool> {
        Pin::is_low(self)
    }
}

/// Sets the output register only: a pin of a bidirectional channel is first made an output, by [`Pin::drive`].
impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<()> {
        Pin::set_low(self)
    }

    fn set_high(&mut self) -> Result<()> {
        Pin::set_high(self)
    }

    fn set_state(&mut self, state: PinState) -> Result<()> {
        self.write(state.into())
    }
}

/// Returns what was last written, not what the pin reads.
impl StatefulOutputPin for Pin {
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

/// Cancel-safe, as the waits of [`Pin`] are.
impl Wait for Pin {
    fn wait_for_high(&mut self) -> impl Future<Output = Result<()>> {
        self.wait_for_level_async(Level::High)
    }

    fn wait_for_low(&mut self) -> impl Future<Output = Result<()>> {
        self.wait_for_level_async(Level::Low)
    }

    fn wait_for_rising_edge(&mut self) -> impl Future<Output = Result<()>> {
        self.wait_for_edge_async(Edge::Rising)
    }

    fn wait_for_falling_edge(&mut self) -> impl Future<Output = Result<()>> {
        self.wait_for_edge_async(Edge::Falling)
    }

    fn wait_for_any_edge(&mut self) -> impl Future<Output = Result<()>> {
        self.wait_for_edge_async(Edge::Any)
    }
}
