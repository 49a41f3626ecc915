//! The control block of an accelerator.

use pynq_core::{
    register_bits, register_map,
    regs::{Rw, RwCor},
};

register_bits! {
    /// Block-level control.
    pub struct HlsControl {
        /// A one starts the function. It reads as one until the function has taken its arguments.
        const START = 1 << 0;
        /// The function has ended. A read clears it; with `ap_ctrl_chain`, `CONTINUE` does.
        const DONE = 1 << 1;
        /// The function does nothing.
        const IDLE = 1 << 2;
        /// The function has taken its arguments. Of newer cores, a latch that a read clears; of older ones, a pulse.
        const READY = 1 << 3;
        /// Lets go of a result (`ap_ctrl_chain` only).
        const CONTINUE = 1 << 4;
        /// The function starts again by itself. Every write of the register sets it, to one or to zero.
        const AUTO_RESTART = 1 << 7;
    }
}

register_bits! {
    /// The two causes of the interrupt.
    pub struct HlsCauses {
        /// The function has ended.
        const DONE = 1 << 0;
        /// The function has taken its arguments.
        const READY = 1 << 1;
    }
}

register_map! {
    /// The control block of an accelerator. The arguments follow, where the handoff file says.
    pub struct HlsRegisters, size 0x10 {
        /// Control. A read clears `DONE`, so the reader has to remember it.
        0x00 => ctrl: RwCor<HlsControl>,
        /// Bit 0 enables the interrupt output.
        0x04 => gier: Rw<u32>,
        /// Which causes are latched.
        0x08 => ip_ier: Rw<HlsCauses>,
        /// What is latched. Of some cores a read clears it, and of most a written one toggles its bit.
        0x0C => ip_isr: RwCor<HlsCauses>,
    }
}
