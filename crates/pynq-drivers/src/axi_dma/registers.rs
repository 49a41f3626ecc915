//! AXI DMA (PG021).

use pynq_core::{
    register_bits, register_map,
    regs::{Rw, Rwh, W1c},
};

register_bits! {
    /// Control register of a channel.
    pub struct DmaControl {
        /// The channel runs. Hardware clears it on an error of either channel.
        const RUN = 1 << 0;
        /// Resets the whole block, both channels. Reads 1 on both until that is done.
        const RESET = 1 << 2;
        /// Every beat of a burst is at the same address. Scatter-gather only.
        const KEYHOLE = 1 << 3;
        /// Scatter-gather: descriptors are used for ever, whether complete or not. To be changed while halted.
        const CYCLIC = 1 << 4;
        /// A completion raises the interrupt.
        const IOC_ENABLE = 1 << 12;
        /// The end of the delay raises the interrupt. Scatter-gather only.
        const DELAY_ENABLE = 1 << 13;
        /// An error raises the interrupt.
        const ERROR_ENABLE = 1 << 14;
        /// Scatter-gather: packets to each completion, 1 to 255.
        const THRESHOLD = 0xFF << 16;
        /// Scatter-gather: how long after the last packet the delay ends; 0 is never.
        const DELAY = 0xFF << 24;
    }
}

register_bits! {
    /// Status register of a channel.
    pub struct DmaStatus {
        /// The channel does not run, and nothing of it is under way.
        const HALTED = 1 << 0;
        /// The last transfer, or all descriptors up to the tail, are done. Clear before the first one.
        const IDLE = 1 << 1;
        /// The block was built with scatter-gather.
        const SG_INCLUDED = 1 << 3;
        /// A descriptor of no length, a packet longer than what was to receive it, or an error inside.
        const INTERNAL_ERROR = 1 << 4;
        /// The memory answered with an error.
        const SLAVE_ERROR = 1 << 5;
        /// There is no memory at the address.
        const DECODE_ERROR = 1 << 6;
        /// A descriptor was fetched that is complete already.
        const SG_INTERNAL_ERROR = 1 << 8;
        /// The memory answered with an error when a descriptor was accessed.
        const SG_SLAVE_ERROR = 1 << 9;
        /// There is no memory at the address of a descriptor.
        const SG_DECODE_ERROR = 1 << 10;
        /// Completion. A written one clears it.
        const IOC = 1 << 12;
        /// End of the delay. A written one clears it.
        const DELAY = 1 << 13;
        /// An error has come. A written one clears it, and leaves the error bits.
        const ERROR = 1 << 14;
        /// Scatter-gather: packets left to the next completion.
        const THRESHOLD = 0xFF << 16;
        /// Scatter-gather: what is left of the delay.
        const DELAY_LEFT = 0xFF << 24;
    }
}

impl DmaStatus {
    /// What raises the interrupt, where it is enabled.
    pub const EVENTS: Self = Self::IOC.union(Self::DELAY).union(Self::ERROR);
    /// What only a reset clears.
    pub const ERRORS: Self = Self::INTERNAL_ERROR
        .union(Self::SLAVE_ERROR)
        .union(Self::DECODE_ERROR)
        .union(Self::SG_INTERNAL_ERROR)
        .union(Self::SG_SLAVE_ERROR)
        .union(Self::SG_DECODE_ERROR);
}

register_map! {
    /// Registers of an AXI DMA (PG021). Those of a channel that was not built read 0.
    pub struct AxiDmaRegisters, size 0x60 {
        /// MM2S: control.
        0x00 => mm2s_dmacr: Rwh<DmaControl>,
        /// MM2S: status.
        0x04 => mm2s_dmasr: W1c<DmaStatus>,
        /// MM2S, scatter-gather: the descriptor being worked on. Writable while halted.
        0x08 => mm2s_curdesc: Rwh<u32>,
        /// MM2S, scatter-gather: its address from bit 32 on.
        0x0C => mm2s_curdesc_msb: Rwh<u32>,
        /// MM2S, scatter-gather: the last descriptor. The write starts, if addresses have 32 bits.
        0x10 => mm2s_taildesc: Rw<u32>,
        /// MM2S, scatter-gather: its address from bit 32 on. The write starts, if addresses have more.
        0x14 => mm2s_taildesc_msb: Rw<u32>,
        /// MM2S, direct mode: where the data is.
        0x18 => mm2s_sa: Rw<u32>,
        /// MM2S, direct mode: its address from bit 32 on.
        0x1C => mm2s_sa_msb: Rw<u32>,
        /// MM2S, direct mode: how many bytes. The write starts.
        0x28 => mm2s_length: Rw<u32>,
        /// Scatter-gather: bus attributes of accesses to descriptors.
        0x2C => sg_ctl: Rw<u32>,
        /// S2MM: control.
        0x30 => s2mm_dmacr: Rwh<DmaControl>,
        /// S2MM: status.
        0x34 => s2mm_dmasr: W1c<DmaStatus>,
        /// S2MM, scatter-gather: the descriptor being worked on. Writable while halted.
        0x38 => s2mm_curdesc: Rwh<u32>,
        /// S2MM, scatter-gather: its address from bit 32 on.
        0x3C => s2mm_curdesc_msb: Rwh<u32>,
        /// S2MM, scatter-gather: the last descriptor. The write starts, if addresses have 32 bits.
        0x40 => s2mm_taildesc: Rw<u32>,
        /// S2MM, scatter-gather: its address from bit 32 on. The write starts, if addresses have more.
        0x44 => s2mm_taildesc_msb: Rw<u32>,
        /// S2MM, direct mode: where the data goes.
        0x48 => s2mm_da: Rw<u32>,
        /// S2MM, direct mode: its address from bit 32 on.
        0x4C => s2mm_da_msb: Rw<u32>,
        /// S2MM, direct mode: how many bytes there is room for; the write starts. How many were received, afterwards.
        0x58 => s2mm_length: Rwh<u32>,
    }
}
