//! By what the global timer counts, told from the registers as a boot loader leaves them.
#![allow(clippy::unwrap_used)] // a test may

use std::sync::atomic::{AtomicU32, Ordering};

use pynq_baremetal::zynq::{Error, Slcr};
use pynq_core::Mmio;

/// Registers that read back the value written last.
struct Memory([AtomicU32; 0x400]);

// SAFETY: accesses reach the words of the array, which are checked by their index.
unsafe impl Mmio for &Memory {
    fn size(&self) -> usize {
        0x1000
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        self.0[offset / 4].load(Ordering::Relaxed)
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        self.0[offset / 4].store(value, Ordering::Relaxed);
    }
}

/// The timer's frequency with these in ARM_PLL_CTRL, DDR_PLL_CTRL, IO_PLL_CTRL and ARM_CLK_CTRL.
fn timer_hz(reference: u32, registers: [(usize, u32); 4]) -> Result<u32, Error> {
    let memory = Memory([const { AtomicU32::new(0) }; 0x400]);
    for (offset, value) in registers {
        memory.0[offset / 4].store(value, Ordering::Relaxed);
    }
    Slcr::new(&memory).unwrap().timer_hz(reference)
}

/// As the first-stage boot loader of a PYNQ-Z2 leaves them: 50 MHz by 26, 21 and 20.
const PYNQ_Z2: [(usize, u32); 4] = [(0x100, 26 << 12), (0x104, 21 << 12), (0x108, 20 << 12), (0x120, 0x1F00_0200)];

#[test]
fn half_of_the_processors_frequency() {
    assert_eq!(timer_hz(50_000_000, PYNQ_Z2), Ok(325_000_000));
    // The ZedBoard's: 33.33 MHz by 40, by 3.
    let zedboard = [(0x100, 40 << 12), (0x104, 32 << 12), (0x108, 30 << 12), (0x120, 0x1F00_0300)];
    assert_eq!(timer_hz(33_333_333, zedboard), Ok(222_222_220));
    // Of the memory's PLL, and of the peripherals'.
    assert_eq!(timer_hz(50_000_000, [PYNQ_Z2[0], PYNQ_Z2[1], PYNQ_Z2[2], (0x120, 0x1F00_0220)]), Ok(262_500_000));
    assert_eq!(timer_hz(50_000_000, [PYNQ_Z2[0], PYNQ_Z2[1], PYNQ_Z2[2], (0x120, 0x1F00_0230)]), Ok(250_000_000));
    // A PLL that is bypassed, running or not.
    assert_eq!(
        timer_hz(50_000_000, [(0x100, (26 << 12) | 0b1_0001), PYNQ_Z2[1], PYNQ_Z2[2], PYNQ_Z2[3]]),
        Ok(12_500_000)
    );
}

#[test]
fn what_is_no_clock_is_an_error() {
    assert_eq!(timer_hz(0, PYNQ_Z2), Err(Error::ClockStopped));
    for arm_pll in [(26 << 12) | 1, (26 << 12) | 2, 0] {
        assert_eq!(
            timer_hz(50_000_000, [(0x100, arm_pll), PYNQ_Z2[1], PYNQ_Z2[2], PYNQ_Z2[3]]),
            Err(Error::ClockStopped)
        );
    }
    let divided_by_nothing = [PYNQ_Z2[0], PYNQ_Z2[1], PYNQ_Z2[2], (0x120, 0x1F00_0000)];
    assert_eq!(timer_hz(50_000_000, divided_by_nothing), Err(Error::ClockStopped));
}
