//! A stop watch that counts instructions, where the emulator gives each of them the same time (`-icount`).

use pynq_baremetal::zynq::GlobalTimerRegisters;

use crate::board::registers;

/// Time now, in counts of the global timer's lower half: one load.
#[inline(always)]
#[must_use]
pub fn now() -> u32 {
    GlobalTimerRegisters::new(registers(0xF8F0_0200, 0x1C)).map_or(0, |timer| timer.counter_low().read())
}

const INSTRUCTIONS: u32 = 2_000;

/// How many instructions there are in a span of counts.
pub struct Scale {
    /// Counts that [`INSTRUCTIONS`] take.
    counts: u32,
}

impl Scale {
    /// Measures how long an instruction takes.
    #[must_use]
    pub fn measured() -> Self {
        let time = |what: fn()| {
            critical_section::with(|_| {
                let begin = now();
                core::hint::black_box(what)();
                now().wrapping_sub(begin)
            })
        };
        Self { counts: time(many) - time(none) }
    }

    /// To the nearest one.
    #[must_use]
    pub fn instructions(&self, counts: u32) -> u32 {
        let (scaled, per) = (u64::from(counts) * u64::from(INSTRUCTIONS), u64::from(self.counts.max(1)));
        ((scaled + per / 2) / per) as u32
    }
}

#[inline(never)]
fn none() {}

/// As many instructions that do nothing, and those of [`none`].
#[inline(never)]
fn many() {
    // SAFETY: does nothing.
    unsafe { core::arch::asm!(".rept 2000", "nop", ".endr", options(nomem, nostack, preserves_flags)) };
}
