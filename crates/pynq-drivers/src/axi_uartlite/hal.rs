//! A UART as embedded-io sees it, in both colours.

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};

use super::{AxiUartLite, AxiUartLiteError, AxiUartLiteHandle};

impl<H: AxiUartLiteHandle> ErrorType for AxiUartLite<H> {
    type Error = AxiUartLiteError;
}

impl<H: AxiUartLiteHandle> Read for AxiUartLite<H> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, AxiUartLiteError> {
        self.read_bytes(buf)
    }
}

impl<H: AxiUartLiteHandle> ReadReady for AxiUartLite<H> {
    fn read_ready(&mut self) -> Result<bool, AxiUartLiteError> {
        self.is_readable()
    }
}

impl<H: AxiUartLiteHandle> Write for AxiUartLite<H> {
    fn write(&mut self, buf: &[u8]) -> Result<usize, AxiUartLiteError> {
        self.write_bytes(buf)
    }

    fn flush(&mut self) -> Result<(), AxiUartLiteError> {
        self.drain()
    }
}

impl<H: AxiUartLiteHandle> WriteReady for AxiUartLite<H> {
    fn write_ready(&mut self) -> Result<bool, AxiUartLiteError> {
        self.is_writable()
    }
}

/// Cancel-safe, as [`AxiUartLite::read_bytes_async`] is.
impl<H: AxiUartLiteHandle> embedded_io_async::Read for AxiUartLite<H> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, AxiUartLiteError> {
        self.read_bytes_async(buf).await
    }
}

/// Cancel-safe, as [`AxiUartLite::write_bytes_async`] is.
impl<H: AxiUartLiteHandle> embedded_io_async::Write for AxiUartLite<H> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, AxiUartLiteError> {
        self.write_bytes_async(buf).await
    }

    async fn flush(&mut self) -> Result<(), AxiUartLiteError> {
        self.drain_async().await
    }
}
