//! The registers of the two families, from the technical reference manuals (UG585, UG1085 and UG1087).

use super::{Divisors, PL_CLOCKS, PlClock, PlClockError, PlClockSource};
use crate::{
    Mmio, register_bits, register_map,
    regs::{Ro, Rw, Wo},
};

register_bits! {
    /// A PLL of a Zynq-7000.
    struct PllControl {
        /// Stopped.
        const RESET = 1 << 0;
        /// Without power.
        const POWER_DOWN = 1 << 1;
        /// The reference clock goes past it.
        const BYPASS = 1 << 4;
        /// What the reference clock is multiplied by.
        const FEEDBACK = 0x7F << 12;
    }
}

register_bits! {
    /// A clock to the logic, of a Zynq-7000.
    struct FclkControl {
        /// The PLL: 0 and 1 are the IO PLL, 2 the ARM PLL, 3 the DDR PLL.
        const SOURCE = 0b11 << 4;
        /// The first divider.
        const FIRST = 0x3F << 8;
        /// The second one.
        const SECOND = 0x3F << 20;
    }
}

register_map! {
    /// Some of the system-level control registers.
    struct SlcrClockRegisters, size 0x1B0 {
        /// Takes the key that unlocks.
        0x008 => unlock: Wo<u32>,
        /// Bit 0: locked, so that all other writes are ignored.
        0x00C => lock_status: Ro<u32>,
        /// The PLL of the CPUs.
        0x100 => arm_pll: Ro<PllControl>,
        /// The PLL of the memory.
        0x104 => ddr_pll: Ro<PllControl>,
        /// The PLL of the peripherals.
        0x108 => io_pll: Ro<PllControl>,
        /// Source and dividers of each clock to the logic.
        0x170 [4; step 16] => fclk: Rw<FclkControl>,
        /// Pulses after which a clock stops; with 0, it goes on for ever.
        0x178 [4; step 16] => throttle_count: Rw<u32>,
    }
}

const UNLOCK: u32 = 0xDF0D;

pub(super) struct Zynq7000<M> {
    registers: SlcrClockRegisters<M>,
}

impl<M: Mmio> Zynq7000<M> {
    pub(super) fn new(slcr: M) -> Result<Self, PlClockError> {
        Ok(Self { registers: SlcrClockRegisters::new(slcr)? })
    }

    pub(super) fn read(&self, number: u8, reference_hz: u64) -> Result<PlClock, PlClockError> {
        let none = PlClockError::NoSuchClock { number };
        let index = usize::from(number);
        let control = self.registers.fclk().get(index).ok_or(none)?.read();
        let throttle = self.registers.throttle_count().get(index).ok_or(none)?.read();
        let (source, pll) = match control.field(FclkControl::SOURCE) {
            0b10 => (PlClockSource::Arm, self.registers.arm_pll().read()),
            0b11 => (PlClockSource::Ddr, self.registers.ddr_pll().read()),
            _ => (PlClockSource::Io, self.registers.io_pll().read()),
        };
        let times = if pll.contains(PllControl::BYPASS) { 1 } else { pll.field(PllControl::FEEDBACK) };
        let off = !pll.contains(PllControl::BYPASS) && pll.intersects(PllControl::RESET | PllControl::POWER_DOWN);
        let source_hz = reference_hz.saturating_mul(times.into());
        if source_hz == 0 || off {
            return Err(PlClockError::UnknownSource { number, control: control.bits(), pll: pll.bits() });
        }
        let divisors = [control.field(FclkControl::FIRST), control.field(FclkControl::SECOND)];
        Ok(PlClock { number, source, source_hz, divisors: counted(divisors), running: throttle & 0xFFFF == 0 })
    }

    pub(super) fn set(&mut self, number: u8, divisors: Divisors) -> Result<(), PlClockError> {
        let none = PlClockError::NoSuchClock { number };
        if number >= PL_CLOCKS {
            return Err(none);
        }
        // Left unlocked: locking them again could happen in the middle of the kernel's own writes.
        if self.registers.lock_status().read() & 1 != 0 {
            self.registers.unlock().write(UNLOCK);
        }
        let index = usize::from(number);
        let register = self.registers.fclk().get(index).ok_or(none)?;
        let now = register.read();
        let with = now
            .with_field(FclkControl::FIRST, divisors.first.into())
            .with_field(FclkControl::SECOND, divisors.second.into());
        if with != now {
            register.write(with);
        }
        let count = self.registers.throttle_count().get(index).ok_or(none)?;
        let stops = count.read() & 0xFFFF;
        if stops != 0 {
            count.write(0);
        }
        let (read, stops) = (register.read(), count.read() & 0xFFFF);
        match (read == with, stops) {
            (true, 0) => Ok(()),
            (true, stops) => Err(PlClockError::NotTaken { number, wrote: 0, read: stops }),
            (false, _) => Err(PlClockError::NotTaken { number, wrote: with.bits(), read: read.bits() }),
        }
    }
}

register_bits! {
    /// A PLL of a Zynq UltraScale+.
    struct MpPllControl {
        /// Stopped.
        const RESET = 1 << 0;
        /// The reference clock goes past it.
        const BYPASS = 1 << 3;
        /// What the reference clock is multiplied by.
        const FEEDBACK = 0x7F << 8;
        /// Divided by two behind it.
        const HALF = 1 << 16;
        /// Fed by something else than the processor's reference clock.
        const OTHER_REFERENCE = 1 << 22;
    }
}

register_bits! {
    /// The fraction that a PLL's multiplier has.
    struct MpPllFraction {
        /// In 65536th.
        const PART = 0xFFFF;
        /// It has one.
        const ENABLED = 1 << 31;
    }
}

register_bits! {
    /// A clock to the logic, of a Zynq UltraScale+.
    struct PlControl {
        /// The PLL: 0 the IOPLL, 2 the RPLL, 3 the DPLL.
        const SOURCE = 0b111;
        /// The first divider.
        const FIRST = 0x3F << 8;
        /// The second one.
        const SECOND = 0x3F << 16;
        /// It runs.
        const ACTIVE = 1 << 24;
    }
}

register_map! {
    /// Clocks and resets of the low-power domain: some registers of CRL_APB.
    struct CrlRegisters, size 0xD0 {
        /// The PLL of the peripherals.
        0x20 => io_pll: Ro<MpPllControl>,
        /// Its fraction.
        0x28 => io_pll_fraction: Ro<MpPllFraction>,
        /// The second one.
        0x30 => r_pll: Ro<MpPllControl>,
        /// Its fraction.
        0x38 => r_pll_fraction: Ro<MpPllFraction>,
        /// Source and dividers of each clock to the logic.
        0xC0 [4; step 4] => pl: Rw<PlControl>,
    }
}

register_bits! {
    /// The divider between the domains.
    struct ToLowPower {
        /// What is divided by.
        const DIVISOR = 0x3F << 8;
    }
}

register_map! {
    /// Clocks and resets of the full-power domain: some registers of CRF_APB.
    struct CrfRegisters, size 0x50 {
        /// The PLL of the memory.
        0x2C => d_pll: Ro<MpPllControl>,
        /// Its fraction.
        0x34 => d_pll_fraction: Ro<MpPllFraction>,
        /// What of it goes to the low-power domain.
        0x4C => d_pll_to_low_power: Ro<ToLowPower>,
    }
}

pub(super) struct ZynqMp<M> {
    crl: CrlRegisters<M>,
    crf: CrfRegisters<M>,
}

impl<M: Mmio> ZynqMp<M> {
    pub(super) fn new(crl: M, crf: M) -> Result<Self, PlClockError> {
        Ok(Self { crl: CrlRegisters::new(crl)?, crf: CrfRegisters::new(crf)? })
    }

    pub(super) fn read(&self, number: u8, reference_hz: u64) -> Result<PlClock, PlClockError> {
        let register = self.crl.pl().get(number.into()).ok_or(PlClockError::NoSuchClock { number })?;
        let control = register.read();
        let unknown =
            |pll: MpPllControl| PlClockError::UnknownSource { number, control: control.bits(), pll: pll.bits() };
        let (source, pll, fraction, divisor) = match control.field(PlControl::SOURCE) {
            0 => (PlClockSource::Io, self.crl.io_pll().read(), self.crl.io_pll_fraction().read(), 1),
            2 => (PlClockSource::Rpll, self.crl.r_pll().read(), self.crl.r_pll_fraction().read(), 1),
            3 => {
                let divisor = self.crf.d_pll_to_low_power().read().field(ToLowPower::DIVISOR).max(1);
                (PlClockSource::Ddr, self.crf.d_pll().read(), self.crf.d_pll_fraction().read(), divisor)
            }
            _ => return Err(unknown(MpPllControl::empty())),
        };
        let bypass = pll.contains(MpPllControl::BYPASS);
        if pll.contains(MpPllControl::OTHER_REFERENCE) || !bypass && pll.contains(MpPllControl::RESET) {
            return Err(unknown(pll));
        }
        // In 65536th, as the fraction is.
        let part = if fraction.contains(MpPllFraction::ENABLED) { fraction.field(MpPllFraction::PART) } else { 0 };
        let times = u128::from(pll.field(MpPllControl::FEEDBACK)) << 16 | u128::from(part);
        let times = if bypass { 1 << 16 } else { times };
        let half = u32::from(!bypass && pll.contains(MpPllControl::HALF));
        let hz = ((u128::from(reference_hz) * times) >> (16 + half)) / u128::from(divisor);
        let source_hz = u64::try_from(hz).unwrap_or(u64::MAX);
        if source_hz == 0 {
            return Err(unknown(pll));
        }
        let divisors = counted([control.field(PlControl::FIRST), control.field(PlControl::SECOND)]);
        Ok(PlClock { number, source, source_hz, divisors, running: control.contains(PlControl::ACTIVE) })
    }

    pub(super) fn set(&mut self, number: u8, divisors: Divisors) -> Result<(), PlClockError> {
        let register = self.crl.pl().get(number.into()).ok_or(PlClockError::NoSuchClock { number })?;
        let now = register.read();
        let with = (now | PlControl::ACTIVE)
            .with_field(PlControl::FIRST, divisors.first.into())
            .with_field(PlControl::SECOND, divisors.second.into());
        if with == now {
            return Ok(());
        }
        register.write(with);
        let read = register.read();
        if read == with {
            Ok(())
        } else {
            Err(PlClockError::NotTaken { number, wrote: with.bits(), read: read.bits() })
        }
    }
}

/// What is in the fields of two dividers, where a zero counts as one.
fn counted([first, second]: [u32; 2]) -> Divisors {
    // Six bits each, so that they fit.
    let byte = |field: u32| u8::try_from(field.clamp(1, Divisors::MAX.into())).unwrap_or(Divisors::MAX);
    Divisors { first: byte(first), second: byte(second) }
}
