//! AXI Quad SPI (PG153), as it is in legacy mode.

use pynq_core::{
    register_bits, register_map,
    regs::{Cor, Ro, Rw, Toggle, Wo},
};

register_bits! {
    /// Global interrupt enable register.
    pub struct SpiGlobalEnable {
        /// Lets enabled interrupts raise the block's output.
        const ENABLE = 1 << 31;
    }
}

register_bits! {
    /// Interrupts, in the status and enable registers.
    pub struct SpiInterrupts {
        /// Another controller selects chips.
        const MODE_FAULT = 1 << 0;
        /// Selected as a slave while disabled.
        const SLAVE_MODE_FAULT = 1 << 1;
        /// The last word has gone from the transmit FIFO to the shifter.
        const DTR_EMPTY = 1 << 2;
        /// A slave had nothing to send.
        const DTR_UNDERRUN = 1 << 3;
        /// The receive FIFO is full.
        const DRR_FULL = 1 << 4;
        /// A word was received while the receive FIFO was full, and lost.
        const DRR_OVERRUN = 1 << 5;
        /// The transmit FIFO is half empty.
        const TX_HALF_EMPTY = 1 << 6;
        /// Selected as a slave.
        const SELECTED = 1 << 7;
        /// A slave has received something.
        const DRR_NOT_EMPTY = 1 << 8;
    }
}

register_bits! {
    /// Control register.
    pub struct SpiControl {
        /// What is sent is received.
        const LOOP = 1 << 0;
        /// The block is enabled.
        const ENABLE = 1 << 1;
        /// It is the master.
        const MASTER = 1 << 2;
        /// The clock is high when idle.
        const CPOL = 1 << 3;
        /// Data is captured on the second transition of the clock.
        const CPHA = 1 << 4;
        /// Empties the transmit FIFO; clears itself.
        const TX_RESET = 1 << 5;
        /// Empties the receive FIFO; clears itself.
        const RX_RESET = 1 << 6;
        /// The slave selects follow their register.
        const MANUAL_SELECT = 1 << 7;
        /// Words in the transmit FIFO wait there.
        const INHIBIT = 1 << 8;
        /// The least bit of a word is sent first.
        const LSB_FIRST = 1 << 9;
    }
}

register_bits! {
    /// Status register.
    pub struct SpiStatus {
        /// The receive FIFO is empty.
        const RX_EMPTY = 1 << 0;
        /// The receive FIFO is full.
        const RX_FULL = 1 << 1;
        /// The transmit FIFO is empty. Its last word may still be on its way.
        const TX_EMPTY = 1 << 2;
        /// The transmit FIFO is full.
        const TX_FULL = 1 << 3;
        /// Another controller has selected chips. Cleared by the read.
        const MODE_FAULT = 1 << 4;
        /// Not selected as a slave.
        const NOT_SELECTED = 1 << 5;
    }
}

register_map! {
    /// Registers of an AXI Quad SPI (PG153) in legacy mode.
    ///
    /// Where there are FIFOs, a write that finds the transmit FIFO full, or a read that finds the other one empty, is a bus
    /// error.
    pub struct AxiQuadSpiRegisters, size 0x7C {
        /// Global interrupt enable.
        0x1C => dgier: Rw<SpiGlobalEnable>,
        /// Interrupt status: events, enabled or not.
        ///
        /// A written one inverts its bit. Toggle only what was read, or an event that never was is *set*.
        0x20 => ipisr: Toggle<SpiInterrupts>,
        /// Interrupt enable.
        0x28 => ipier: Rw<SpiInterrupts>,
        /// Software reset, by the value [`SRR_KEY`]; any other is a bus error.
        0x40 => srr: Wo<u32>,
        /// Control.
        0x60 => spicr: Rw<SpiControl>,
        /// Status.
        0x64 => spisr: Cor<SpiStatus>,
        /// Puts a word into the transmit FIFO.
        0x68 => spidtr: Wo<u32>,
        /// Takes a word from the receive FIFO.
        0x6C => spidrr: Cor<u32>,
        /// Slave selects; a zero selects.
        0x70 => spissr: Rw<u32>,
        /// Words in the transmit FIFO less one, if it is not empty.
        0x74 => tx_fifo_ocy: Ro<u32>,
        /// Words in the receive FIFO less one, if it is not empty.
        0x78 => rx_fifo_ocy: Ro<u32>,
    }
}

/// What resets the block when it is written to its reset register.
pub const SRR_KEY: u32 = 0xA;
