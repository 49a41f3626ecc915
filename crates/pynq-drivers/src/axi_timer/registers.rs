//! AXI Timer (PG079).

use pynq_core::{
    register_bits, register_map,
    regs::{Ro, RwCor, RwW1c},
};

register_bits! {
    /// Control and status register of one timer.
    pub struct TimerControl {
        /// Capture mode; generate mode if clear.
        const MDT = 1 << 0;
        /// Counts down; up if clear.
        const UDT = 1 << 1;
        /// Gives a pulse of one clock on `generateout` at every rollover.
        const GENT = 1 << 2;
        /// Lets the external trigger capture.
        const CAPT = 1 << 3;
        /// Generate mode: reloads at the rollover, and else holds. Capture mode: a capture overwrites the one before,
        /// and else waits until that has been read.
        const ARHT = 1 << 4;
        /// Holds the counter at the load register for as long as it is set. It does not clear itself.
        const LOAD = 1 << 5;
        /// Lets the event raise the block's interrupt.
        const ENIT = 1 << 6;
        /// Runs the counter.
        const ENT = 1 << 7;
        /// The event: a rollover, or a capture. A written one clears it.
        const TINT = 1 << 8;
        /// Pulse width modulation: in both timers, which then work as a pair.
        const PWMA = 1 << 9;
        /// Shared by both timers. A written one sets it and `ENT` of *both*; a zero clears it and no `ENT`.
        const ENALL = 1 << 10;
        /// In timer 0 only: both timers are one counter of twice the width.
        const CASC = 1 << 11;
    }
}

/// `TINT`: the one bit that a written one clears.
const TINT: u32 = TimerControl::TINT.bits();

register_map! {
    /// Registers of an AXI Timer (PG079): two timers, or one, of 8, 16 or 32 bits.
    ///
    /// A driver changes a control register by writing it from what was written last. Reading it back would also give
    /// [`TimerControl::ENALL`], by which a write starts the *other* timer.
    pub struct AxiTimerRegisters, size 0x1C {
        /// Control and status of timer 0.
        0x00 => tcsr0: RwW1c<TimerControl, TINT>,
        /// Load register of timer 0: what the counter starts from, or what was captured.
        ///
        /// In capture mode without `ARHT` a read lets the next trigger capture, so tools keep off.
        0x04 => tlr0: RwCor<u32>,
        /// Counter of timer 0.
        0x08 => tcr0: Ro<u32>,
        /// Control and status of timer 1.
        0x10 => tcsr1: RwW1c<TimerControl, TINT>,
        /// Load register of timer 1, as [`tlr0`](Self::tlr0).
        0x14 => tlr1: RwCor<u32>,
        /// Counter of timer 1.
        0x18 => tcr1: Ro<u32>,
    }
}
