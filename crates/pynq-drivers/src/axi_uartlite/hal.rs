//! A UART as embedded-io sees it, async and blocking.

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};

use pynq_core::BlockError;

use super::{AxiUartLite, AxiUartLiteError, Result};

impl ErrorType for AxiUartLite {
    type Error = BlockError<AxiUartLiteError>;
}

impl Read for AxiUartLite {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.read_bytes(buf)
    }
}

impl ReadReady for AxiUartLite {
    fn read_ready(&mut self) -> Result<bool> {
        self.is_readable()
    }
}

impl Write for AxiUartLite {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.write_bytes(buf)
    }

    fn flush(&mut self) -> Result<()> {
        self.drain()
    }
}

impl WriteReady for AxiUartLite {
    fn write_ready(&mut self) -> Result<bool> {
        self.is_writable()
    }
}

/// Cancel-safe, as [`AxiUartLite::read_bytes_async`] is.
impl embedded_io_async::Read for AxiUartLite {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        self.read_bytes_async(buf).await
    }
}

/// Cancel-safe, as [`AxiUartLite::write_bytes_async`] is.
impl embedded_io_async::Write for AxiUartLite {
    async fn write(&mut self, buf: &[u8]) -> Result<usize> {
        self.write_bytes_async(buf).await
    }

    async fn flush(&mut self) -> Result<()> {
        self.drain_async().await
    }
}
