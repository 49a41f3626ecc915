//! AXI IIC (PG090).

use pynq_core::{
    register_bits, register_map,
    regs::{Cor, Ro, Rw, Rwh, Toggle, Wo},
};

register_bits! {
    /// Global interrupt enable register.
    pub struct IicGlobalEnable {
        /// Interrupts that are enabled reach the output.
        const ENABLE = 1 << 31;
    }
}

register_bits! {
    /// Interrupt status and enable registers. The first two bits are events, and stay until they are cleared; those marked
    /// as *following* are set again for as long as their condition lasts.
    pub struct IicEvents {
        /// Another controller has won the bus.
        const ARBITRATION_LOST = 1 << 0;
        /// A byte was not acknowledged: by the target, or by this controller at the end of a read.
        const TRANSMIT_ERROR = 1 << 1;
        /// Following: the clock is held low for lack of an entry in the transmit FIFO.
        const TRANSMIT_EMPTY = 1 << 2;
        /// Following: the receive FIFO holds what the threshold says, and the clock is held low.
        const RECEIVE_FULL = 1 << 3;
        /// Following: the bus is free.
        const NOT_BUSY = 1 << 4;
        /// Addressed as a target.
        const ADDRESSED = 1 << 5;
        /// Not addressed as a target any more.
        const NOT_ADDRESSED = 1 << 6;
        /// Following: the transmit FIFO has at most eight entries.
        const TRANSMIT_HALF = 1 << 7;
    }
}

register_bits! {
    /// Control register. Hardware changes three of its bits, so it is never read in order to be changed.
    pub struct IicControl {
        /// The block does something at all.
        const ENABLE = 1 << 0;
        /// Empties the transmit FIFO for as long as it is set.
        const TRANSMIT_RESET = 1 << 1;
        /// Has the bus, or wants it: 0 to 1 is a START, 1 to 0 a STOP. Cleared by a NACK and by lost arbitration.
        const CONTROLLER = 1 << 2;
        /// Sends. Otherwise it receives.
        const TRANSMIT = 1 << 3;
        /// Does not acknowledge the byte that it receives next.
        const NO_ACKNOWLEDGE = 1 << 4;
        /// A repeated START. Clears itself.
        const REPEATED_START = 1 << 5;
        /// Answers to general calls.
        const GENERAL_CALL = 1 << 6;
    }
}

register_bits! {
    /// Status register.
    pub struct IicStatus {
        /// Addressed by a general call.
        const GENERAL_CALL = 1 << 0;
        /// Addressed as a target.
        const ADDRESSED = 1 << 1;
        /// There was a START and no STOP yet, whoever sent it.
        const BUSY = 1 << 2;
        /// As a target: the controller reads.
        const TARGET_READ = 1 << 3;
        /// The transmit FIFO is full.
        const TRANSMIT_FULL = 1 << 4;
        /// The receive FIFO is full: 16 bytes.
        const RECEIVE_FULL = 1 << 5;
        /// The receive FIFO is empty.
        const RECEIVE_EMPTY = 1 << 6;
        /// The transmit FIFO is empty.
        const TRANSMIT_EMPTY = 1 << 7;
    }
}

register_map! {
    /// Registers of an AXI IIC (PG090). Times are in clocks of the AXI bus.
    pub struct AxiIicRegisters, size 0x148 {
        /// Global interrupt enable.
        0x01C => gie: Rw<IicGlobalEnable>,
        /// Interrupt status.
        ///
        /// A written one inverts its bit. Toggle only what was read as one.
        0x020 => isr: Toggle<IicEvents>,
        /// Interrupt enable.
        0x028 => ier: Rw<IicEvents>,
        /// Resets the block by 0xA. Any other value is a bus error.
        0x040 => softr: Wo<u32>,
        /// Control.
        0x100 => cr: Rwh<IicControl>,
        /// Status.
        0x104 => sr: Ro<IicStatus>,
        /// Puts an entry into the transmit FIFO: a byte, with bit 8 for a START before it and bit 9 for a STOP after it.
        0x108 => tx_fifo: Wo<u32>,
        /// Takes a byte from the receive FIFO.
        0x10C => rx_fifo: Cor<u32>,
        /// Own address as a target.
        0x110 => adr: Rw<u32>,
        /// Entries in the transmit FIFO, less one; 0 as well if it is empty.
        0x114 => tx_fifo_ocy: Ro<u32>,
        /// Bytes in the receive FIFO, less one; 0 as well if it is empty.
        0x118 => rx_fifo_ocy: Ro<u32>,
        /// Upper bits of the own address.
        0x11C => ten_adr: Rw<u32>,
        /// The occupancy, less one, at which the receive FIFO counts as full. An equality, and not a limit.
        0x120 => rx_fifo_pirq: Rw<u32>,
        /// General outputs.
        0x124 => gpo: Rw<u32>,
        /// Set-up time of a repeated START.
        0x128 => tsusta: Rw<u32>,
        /// Set-up time of a STOP.
        0x12C => tsusto: Rw<u32>,
        /// Hold time of a START.
        0x130 => thdsta: Rw<u32>,
        /// Set-up time of data.
        0x134 => tsudat: Rw<u32>,
        /// Time between a STOP and a START.
        0x138 => tbuf: Rw<u32>,
        /// How long the clock is high. Handoff files have it on top of TBUF, at 0x138.
        0x13C => thigh: Rw<u32>,
        /// How long the clock is low.
        0x140 => tlow: Rw<u32>,
        /// Hold time of data.
        0x144 => thddat: Rw<u32>,
    }
}
