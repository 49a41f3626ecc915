//! A pin as embedded-hal sees it.

use core::future::Future;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin, PinState, StatefulOutputPin};
use embedded_hal_async::digital::Wait;

use super::{AxiGpioError, AxiGpioHandle, Pin};
use crate::{Edge, Level};

impl<H: AxiGpioHandle> ErrorType for Pin<H> {
    type Error = AxiGpioError;
}

impl<H: AxiGpioHandle> InputPin for Pin<H> {
    fn is_high(&mut self) -> Result<bool, AxiGpioError> {
        Pin::is_high(self)
    }

    fn is_low(&mut self) -> Result<bool, AxiGpioError> {
        Pin::is_low(self)
    }
}

/// Sets the output register only: a pin of a bidirectional channel is first made an output, by [`Pin::drive`].
impl<H: AxiGpioHandle> OutputPin for Pin<H> {
    fn set_low(&mut self) -> Result<(), AxiGpioError> {
        Pin::set_low(self)
    }

    fn set_high(&mut self) -> Result<(), AxiGpioError> {
        Pin::set_high(self)
    }

    fn set_state(&mut self, state: PinState) -> Result<(), AxiGpioError> {
        self.write(state.into())
    }
}

/// Tells what was last written, not what the pin reads.
impl<H: AxiGpioHandle> StatefulOutputPin for Pin<H> {
    fn is_set_high(&mut self) -> Result<bool, AxiGpioError> {
        Ok(self.output()?.is_high())
    }

    fn is_set_low(&mut self) -> Result<bool, AxiGpioError> {
        Ok(!self.output()?.is_high())
    }

    fn toggle(&mut self) -> Result<(), AxiGpioError> {
        Pin::toggle(self)
    }
}

/// Cancel-safe, as the waits of [`Pin`] are.
impl<H: AxiGpioHandle> Wait for Pin<H> {
    fn wait_for_high(&mut self) -> impl Future<Output = Result<(), AxiGpioError>> {
        self.wait_for_level_async(Level::High)
    }

    fn wait_for_low(&mut self) -> impl Future<Output = Result<(), AxiGpioError>> {
        self.wait_for_level_async(Level::Low)
    }

    fn wait_for_rising_edge(&mut self) -> impl Future<Output = Result<(), AxiGpioError>> {
        self.wait_for_edge_async(Edge::Rising)
    }

    fn wait_for_falling_edge(&mut self) -> impl Future<Output = Result<(), AxiGpioError>> {
        self.wait_for_edge_async(Edge::Falling)
    }

    fn wait_for_any_edge(&mut self) -> impl Future<Output = Result<(), AxiGpioError>> {
        self.wait_for_edge_async(Edge::Any)
    }
}
