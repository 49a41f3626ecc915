//! AXI VDMA (PG020), in register mode.

use pynq_core::{
    register_bits, register_map,
    regs::{Ro, Rw, Rwh, W1c},
};

register_bits! {
    /// Control register of a channel.
    pub struct VdmaControl {
        /// The channel runs. Hardware clears it on an error of the memory.
        const RUN = 1 << 0;
        /// Through the frame stores in turn; without it, on the store that PARK_PTR names.
        const CIRCULAR = 1 << 1;
        /// Resets this channel. Reads 1 until that is done.
        const RESET = 1 << 2;
        /// The channel follows the frame stores of its genlock master.
        const GENLOCK = 1 << 3;
        /// The channel stops after as many frames as `FRAME_COUNT` says.
        const COUNTED = 1 << 4;
        /// Where the beginning of a frame comes from: a signal, the other channel, or TUSER.
        const SYNC_SOURCE = 0b11 << 5;
        /// The genlock master is the other channel of this block.
        const INTERNAL_GENLOCK = 1 << 7;
        /// Which genlock master it follows.
        const MASTER = 0xF << 8;
        /// As many frames as `FRAME_COUNT` says raise the interrupt.
        const FRAME_ENABLE = 1 << 12;
        /// The end of the delay raises the interrupt.
        const DELAY_ENABLE = 1 << 13;
        /// An error raises the interrupt.
        const ERROR_ENABLE = 1 << 14;
        /// A frame with an error is repeated.
        const REPEAT = 1 << 15;
        /// Frames to each interrupt, 1 to 255. Another number than before begins to count anew.
        const FRAME_COUNT = 0xFF << 16;
        /// How long after the last frame the delay ends; 0 is never.
        const DELAY_COUNT = 0xFF << 24;
    }
}

register_bits! {
    /// Status register of a channel.
    pub struct VdmaStatus {
        /// The channel does not run.
        const HALTED = 1 << 0;
        /// A size of zero, or frames of another size than the block was built to bear.
        const INTERNAL_ERROR = 1 << 4;
        /// The memory answered with an error. Only a reset clears it.
        const SLAVE_ERROR = 1 << 5;
        /// There is no memory at the address. Only a reset clears it.
        const DECODE_ERROR = 1 << 6;
        /// A frame began before all lines of the one before were there.
        const SOF_EARLY = 1 << 7;
        /// A line was shorter than HSIZE.
        const EOL_EARLY = 1 << 8;
        /// A frame had more lines than VSIZE.
        const SOF_LATE = 1 << 11;
        /// So many frames have ended. A written one clears it.
        const FRAME = 1 << 12;
        /// End of the delay. A written one clears it.
        const DELAY = 1 << 13;
        /// An error has come. A written one clears it.
        const ERROR = 1 << 14;
        /// A line was longer than HSIZE.
        const EOL_LATE = 1 << 15;
        /// Frames left to the next interrupt.
        const FRAMES_LEFT = 0xFF << 16;
        /// What is left of the delay.
        const DELAY_LEFT = 0xFF << 24;
    }
}

impl VdmaStatus {
    /// What raises the interrupt, where it is enabled.
    pub const EVENTS: Self = Self::FRAME.union(Self::DELAY).union(Self::ERROR);
    /// A frame that is not as large as it should be. The block goes on with the next one.
    pub const SIZE_ERRORS: Self = Self::SOF_EARLY.union(Self::EOL_EARLY).union(Self::SOF_LATE).union(Self::EOL_LATE);
    /// Errors of the memory, which stop the channel.
    pub const MEMORY_ERRORS: Self = Self::SLAVE_ERROR.union(Self::DECODE_ERROR);
}

register_bits! {
    /// Where the channels park, and where they are.
    pub struct ParkPointer {
        /// The frame store on which MM2S parks.
        const MM2S_PARK = 0x1F;
        /// The frame store on which S2MM parks.
        const S2MM_PARK = 0x1F << 8;
        /// The frame store that MM2S is on. It stands still from an error until that is cleared.
        const MM2S_STORE = 0x1F << 16;
        /// The frame store that S2MM is on. It stands still from an error until that is cleared.
        const S2MM_STORE = 0x1F << 24;
    }
}

register_map! {
    /// Registers of an AXI VDMA (PG020). Those of a channel that was not built read 0.
    pub struct AxiVdmaRegisters, size 0xF0 {
        /// MM2S: control.
        0x00 => mm2s_vdmacr: Rwh<VdmaControl>,
        /// MM2S: status.
        0x04 => mm2s_vdmasr: W1c<VdmaStatus>,
        /// MM2S: 1 shows the start addresses of stores 16 to 31 in place of the first ones.
        0x14 => mm2s_reg_index: Rw<u32>,
        /// Where the channels park, and where they are.
        0x28 => park_ptr: Rwh<ParkPointer>,
        /// The version, its major number in the upper four bits, its minor one in the eight below.
        0x2C => version: Ro<u32>,
        /// S2MM: control.
        0x30 => s2mm_vdmacr: Rwh<VdmaControl>,
        /// S2MM: status.
        0x34 => s2mm_vdmasr: W1c<VdmaStatus>,
        /// S2MM: errors of size that are not reported.
        0x3C => s2mm_irq_mask: Rw<u32>,
        /// S2MM: 1 shows the start addresses of stores 16 to 31 in place of the first ones.
        0x44 => s2mm_reg_index: Rw<u32>,
        /// MM2S: lines of a frame. Its write has the block take over the others, from the next frame on.
        0x50 => mm2s_vsize: Rw<u32>,
        /// MM2S: bytes of a line.
        0x54 => mm2s_hsize: Rw<u32>,
        /// MM2S: bytes from one line to the next, and the genlock delay in frames from bit 24 on.
        0x58 => mm2s_stride: Rw<u32>,
        /// MM2S: where the frames are.
        0x5C [16; step 4] => mm2s_address: Rw<u32>,
        /// S2MM: lines of a frame. Its write has the block take over the others, from the next frame on.
        0xA0 => s2mm_vsize: Rw<u32>,
        /// S2MM: bytes of a line.
        0xA4 => s2mm_hsize: Rw<u32>,
        /// S2MM: bytes from one line to the next, and the genlock delay in frames from bit 24 on.
        0xA8 => s2mm_stride: Rw<u32>,
        /// S2MM: where the frames go.
        0xAC [16; step 4] => s2mm_address: Rw<u32>,
        /// S2MM: 1 stores the lines from the last one up, where it was built so.
        0xEC => s2mm_vertical_flip: Rw<u32>,
    }
}
