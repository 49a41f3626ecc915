//! AXI INTC, the AXI Interrupt Controller (PG099).

use crate::{
    register_bits, register_map,
    regs::{Ro, Rw, Rwh, WoClear, WoSet},
};

register_bits! {
    /// Master enable register.
    pub struct MasterEnable {
        /// Lets pending, enabled inputs raise the output. Clearing it does not lower an output that is raised.
        const ME = 1 << 0;
        /// Feeds the hardware inputs into ISR. Sticky: once set, only a reset of the block clears it.
        const HIE = 1 << 1;
    }
}

register_map! {
    /// Registers of an AXI INTC (PG099). Bit n of a register belongs to input n; bit 0 has the highest priority.
    ///
    /// The block decodes 64 KiB; the map ends with the last register that a driver needs.
    pub struct AxiIntcRegisters, size 0x28 {
        /// Interrupt status: what is latched, enabled or not.
        ///
        /// A write loads the bits of hardware inputs only until [`MasterEnable::HIE`] is set; from then on it reaches
        /// the software interrupts alone, which it raises. Hardware sets bits at any time, so there is no `modify`.
        0x00 => isr: Rwh<u32>,
        /// Interrupts pending: ISR AND IER, one clock late. Optional; reads 0 where the block was built without it.
        0x04 => ipr: Ro<u32>,
        /// Interrupt enable: one lets an input raise the output. An input that is not enabled is latched all the same.
        ///
        /// Use [`sie`](Self::sie) and [`cie`](Self::cie) where more than one party enables inputs.
        0x08 => ier: Rw<u32>,
        /// Interrupt acknowledge: a one clears the bit in ISR and the latch of its input.
        ///
        /// The latch of a level input sets again at once while its line is active.
        0x0C => iar: WoClear<u32>,
        /// Set interrupt enables: a one sets the bit in IER. Optional.
        0x10 => sie: WoSet<u32>,
        /// Clear interrupt enables: a one clears the bit in IER. Optional.
        0x14 => cie: WoClear<u32>,
        /// Interrupt vector: number of the lowest bit that is set in ISR AND IER; all ones when there is none. Optional.
        0x18 => ivr: Ro<u32>,
        /// Master enable.
        0x1C => mer: Rw<MasterEnable>,
        /// Interrupt mode: a one puts an input into fast mode, in which the processor acknowledges it. Optional.
        0x20 => imr: Rw<u32>,
        /// Interrupt level: inputs of this number and above can't raise the output; all ones blocks none. Optional.
        0x24 => ilr: Rw<u32>,
    }
}

register_map! {
    /// The vectors of an AXI INTC that was built for fast interrupts (PG099).
    pub struct AxiIntcVectorRegisters, size 0x180 {
        /// Interrupt vector address of input n, at 0x100 + 4n.
        0x100 [32; step 4] => ivar: Rw<u32>,
    }
}
