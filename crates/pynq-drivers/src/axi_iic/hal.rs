//! An AXI IIC as embedded-hal sees it, blocking and async, with addresses of both lengths.

use embedded_hal::i2c::{ErrorType, Operation, SevenBitAddress, TenBitAddress};
use pynq_core::BlockError;

use super::{AxiIic, AxiIicError, Result};

impl ErrorType for AxiIic {
    type Error = BlockError<AxiIicError>;
}

impl embedded_hal::i2c::I2c<SevenBitAddress> for AxiIic {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<()> {
        AxiIic::transaction(self, address, operations)
    }
}

impl embedded_hal::i2c::I2c<TenBitAddress> for AxiIic {
    fn transaction(&mut self, address: u16, operations: &mut [Operation<'_>]) -> Result<()> {
        AxiIic::transaction(self, address, operations)
    }
}

/// Dropping a future ends its transfer, see [`AxiIic::transaction_async`].
impl embedded_hal_async::i2c::I2c<SevenBitAddress> for AxiIic {
    async fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<()> {
        self.transaction_async(address, operations).await
    }
}

/// Dropping a future ends its transfer, see [`AxiIic::transaction_async`].
impl embedded_hal_async::i2c::I2c<TenBitAddress> for AxiIic {
    async fn transaction(&mut self, address: u16, operations: &mut [Operation<'_>]) -> Result<()> {
        self.transaction_async(address, operations).await
    }
}
