//! A transaction without an interrupt: for a tool that looks at a bus for a moment.

use embedded_hal::i2c::Operation;
use pynq_core::Error;

use super::{
    AxiIicError, AxiIicHardware, IicAddress,
    transfer::{Step, Transfer},
};

impl AxiIicHardware {
    /// As [`AxiIic::transaction`](super::AxiIic::transaction), but reads the status again and again instead of sleeping, for
    /// as long as `goes_on` says so. For a block that has no node.
    ///
    /// # Blocking
    ///
    /// Keeps the processor busy.
    ///
    /// # Errors
    ///
    /// As [`AxiIic::transaction`](super::AxiIic::transaction); `TimedOut` as a [`Node`](AxiIicError::Node) error once
    /// `goes_on` returns false, after which the block was reset.
    pub fn transaction_by_polling(
        &mut self,
        address: impl Into<IicAddress>,
        operations: &mut [Operation<'_>],
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<(), AxiIicError> {
        let mut transfer = Transfer::new(address.into(), operations)?;
        let outcome = loop {
            match transfer.step(self) {
                Ok(Step::Waits | Step::Starts) if goes_on() => core::hint::spin_loop(),
                Ok(Step::Waits | Step::Starts) => break Err(Error::TimedOut.into()),
                Ok(Step::Done) => return Ok(()),
                Err(error) => break Err(error),
            }
        };
        if outcome != Err(AxiIicError::ArbitrationLost) {
            self.reset();
        }
        outcome
    }
}
