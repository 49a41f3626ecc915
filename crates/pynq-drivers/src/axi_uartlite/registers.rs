//! AXI UART Lite (PG142).

use pynq_core::{
    register_bits, register_map,
    regs::{Cor, Wo},
};

register_bits! {
    /// Status register.
    pub struct UartStatus {
        /// The receive FIFO is not empty.
        const RX_VALID = 1 << 0;
        /// The receive FIFO is full.
        const RX_FULL = 1 << 1;
        /// The transmit FIFO is empty. The last character may still be on its way.
        const TX_EMPTY = 1 << 2;
        /// The transmit FIFO is full.
        const TX_FULL = 1 << 3;
        /// Interrupts are enabled.
        const INTR_ENABLED = 1 << 4;
        /// A character arrived while the receive FIFO was full, and was lost. Cleared by the read.
        const OVERRUN = 1 << 5;
        /// A character without a stop bit arrived, and was dropped. Cleared by the read.
        const FRAME = 1 << 6;
        /// A character with the wrong parity arrived, and was kept. Cleared by the read.
        const PARITY = 1 << 7;
    }
}

register_bits! {
    /// Control register. Every write sets the interrupt enable, to one or to zero.
    pub struct UartControl {
        /// Empties the transmit FIFO.
        const RESET_TX = 1 << 0;
        /// Empties the receive FIFO.
        const RESET_RX = 1 << 1;
        /// Lets the block pulse its interrupt.
        const ENABLE_INTR = 1 << 4;
    }
}

register_map! {
    /// Registers of an AXI UART Lite (PG142).
    ///
    /// A read that finds the receive FIFO empty, or a write that finds the other one full, is a bus error.
    pub struct AxiUartLiteRegisters, size 0x10 {
        /// Takes a character from the receive FIFO.
        0x00 => rx_fifo: Cor<u32>,
        /// Puts a character into the transmit FIFO.
        0x04 => tx_fifo: Wo<u32>,
        /// Status. A read clears the errors in it, so the reader has to remember them.
        0x08 => stat_reg: Cor<UartStatus>,
        /// Control.
        0x0C => ctrl_reg: Wo<UartControl>,
    }
}
