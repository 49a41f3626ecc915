//! AXI GPIO (PG144).

use pynq_core::{
    register_bits, register_map,
    regs::{Rw, Rwh, Toggle},
};

register_bits! {
    /// Global interrupt enable register.
    pub struct GlobalInterruptEnable {
        /// Lets pending, enabled channels raise the block's interrupt.
        const ENABLE = 1 << 31;
    }
}

register_bits! {
    /// The channels, in the interrupt enable and status registers.
    pub struct Channels {
        /// Channel 1: `gpio_data`.
        const CHANNEL_1 = 1 << 0;
        /// Channel 2: `gpio2_data`.
        const CHANNEL_2 = 1 << 1;
    }
}

register_map! {
    /// Registers of an AXI GPIO (PG144), of one or two channels of up to 32 pins.
    ///
    /// Bits above a channel's width read 0 and ignore writes. The interrupt registers exist only where the block was
    /// built with an interrupt.
    pub struct AxiGpioRegisters, size 0x12C {
        /// Pins of channel 1: a read samples the pins, a write sets the output register.
        ///
        /// An output does not necessarily read back, so there is no `modify`: keep a shadow of what was written.
        0x000 => gpio_data: Rwh<u32>,
        /// Direction of the pins of channel 1: one is input, zero is output.
        0x004 => gpio_tri: Rw<u32>,
        /// Pins of channel 2, as [`gpio_data`](Self::gpio_data).
        0x008 => gpio2_data: Rwh<u32>,
        /// Direction of the pins of channel 2: one is input, zero is output.
        0x00C => gpio2_tri: Rw<u32>,
        /// Global interrupt enable.
        0x11C => gier: Rw<GlobalInterruptEnable>,
        /// Interrupt status: channels of which a pin has changed, enabled or not.
        ///
        /// A written one inverts its bit. Toggle only what was read, or the status of the other channel is *set*.
        0x120 => ip_isr: Toggle<Channels>,
        /// Interrupt enable, by channel.
        0x128 => ip_ier: Rw<Channels>,
    }
}
