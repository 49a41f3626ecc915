//! The registers of the pulse counter, as its data sheet has them. Driver and model share them.

use pynq::{
    core::regs::{Ro, Rw, W1c},
    register_bits, register_map,
};

register_bits! {
    /// What the counter does.
    pub struct Control {
        /// It counts, up to the threshold.
        const RUN = 1 << 0;
        /// Its status raises the interrupt.
        const INTERRUPT_ENABLE = 1 << 1;
    }
}

register_bits! {
    /// What has happened.
    pub struct Status {
        /// The count has reached the threshold.
        const REACHED = 1 << 0;
    }
}

register_map! {
    /// A counter of pulses, which stands still and raises its interrupt at a threshold.
    pub struct CounterRegisters, size 0x10 {
        /// What the counter does. `RUN` begins at zero when it is set and was not.
        0x00 => control: Rw<Control>,
        /// Pulses to be counted.
        0x04 => threshold: Rw<u32>,
        /// Pulses counted.
        0x08 => count: Ro<u32>,
        /// What has happened; a written one clears its bit.
        0x0C => status: W1c<Status>,
    }
}
