//! What can go wrong on an SPI bus.

use pynq_core::driver_error;

driver_error! {
    /// Why an operation on an AXI Quad SPI failed. The chip is deselected, and the next transaction begins anew.
    pub enum AxiQuadSpiError {
        /// A slave select that is not there.
        NoSuchSelect {
            /// The select requested.
            select: u8,
            /// How many there are.
            selects: u8,
        } => "no slave select {select}: this AXI Quad SPI was built with {selects}, from 0 on",
        /// Words of another size than the block was built for.
        WordSize {
            /// The bits of the words given.
            bits: u8,
            /// The bits of the block's words.
            built: u8,
        } => "words of {bits} bits on an AXI Quad SPI that was built for {built}; use words of {built} bits",
        /// Another controller selected chips meanwhile.
        ModeFault => "another controller selected chips on this SPI bus meanwhile; take turns with it, or check the \
            wiring of SPISEL",
        /// More words were received than the receive FIFO holds, so other code uses the block as well.
        Overrun => "words came in that this driver had not sent; leave the AXI Quad SPI to one driver, and repeat the \
            transaction",
        /// The block did not finish a word in a hundred times the time it takes.
        Stalled => "the AXI Quad SPI does not finish a word; check that its ext_spi_clk runs and C_SCK_RATIO is as built",
    }
}

impl embedded_hal::spi::Error for AxiQuadSpiError {
    fn kind(&self) -> embedded_hal::spi::ErrorKind {
        use embedded_hal::spi::ErrorKind;
        match self {
            Self::ModeFault => ErrorKind::ModeFault,
            Self::Overrun => ErrorKind::Overrun,
            Self::NoSuchSelect { .. } => ErrorKind::ChipSelectFault,
            Self::WordSize { .. } => ErrorKind::FrameFormat,
            _ => ErrorKind::Other,
        }
    }
}
