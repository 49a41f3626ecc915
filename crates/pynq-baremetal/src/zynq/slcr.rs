//! The system-level control registers, as far as programming the logic needs them: level shifters, resets and the clock of
//! the configuration port.
//!
//! Writes are ignored while the registers are locked. They are unlocked once and left so: code that unlocks, writes and
//! locks again could lock them in the middle of another driver's writes.

use core::fmt;

use pynq_core::{
    Mmio, Volatile,
    pl_clocks::{PlClockError, PlClocks},
    register_bits, register_map,
    regs::{Ro, Rw, Wo},
};

use super::Error;

register_bits! {
    /// Clock of the configuration port.
    pub struct PcapClock {
        /// Runs.
        const ACTIVE = 1 << 0;
        /// Which PLL it comes from.
        const SOURCE = 0b11 << 4;
        /// The divisor of the PLL's clock.
        const DIVISOR = 0x3F << 8;
    }
}

register_bits! {
    /// A PLL.
    pub struct Pll {
        /// Stopped.
        const RESET = 1 << 0;
        /// Without power.
        const POWER_DOWN = 1 << 1;
        /// The crystal's clock goes past it.
        const BYPASS = 1 << 4;
        /// What the crystal's clock is multiplied by.
        const FEEDBACK = 0x7F << 12;
    }
}

register_bits! {
    /// Clock of the processors.
    pub struct ProcessorClock {
        /// The PLL: 0 and 1 are its own, 2 that of the memory, 3 that of the peripherals.
        const SOURCE = 0b11 << 4;
        /// The divisor of the PLL's clock.
        const DIVISOR = 0x3F << 8;
    }
}

register_bits! {
    /// Resets of the logic. All other bits are to be written as zero.
    pub struct LogicReset {
        /// `FCLK_RESETn`, a one being asserted.
        const OUTPUTS = 0xF;
    }
}

register_bits! {
    /// Level shifters between processing system and logic.
    pub struct LevelShifters {
        /// Those from the processing system to the logic.
        const TO_LOGIC = 0xA;
        /// All of them.
        const ALL = 0xF;
    }
}

register_map! {
    /// Some of the system-level control registers, at 0xF800_0000. See UG585, appendix B.28.
    pub struct SlcrRegisters, size 0x904 {
        /// Takes the key that locks.
        0x004 => lock: Wo<u32>,
        /// Takes the key that unlocks.
        0x008 => unlock: Wo<u32>,
        /// Bit 0: locked.
        0x00C => lock_status: Ro<u32>,
        /// The PLL of the processors.
        0x100 => arm_pll: Ro<Pll>,
        /// The PLL of the memory.
        0x104 => ddr_pll: Ro<Pll>,
        /// The PLL of the peripherals.
        0x108 => io_pll: Ro<Pll>,
        /// Clock of the processors.
        0x120 => processor_clock: Ro<ProcessorClock>,
        /// Clock of the configuration port.
        0x168 => pcap_clock: Rw<PcapClock>,
        /// Resets of the logic.
        0x240 => logic_reset: Rw<LogicReset>,
        /// Which device this is; the upper four bits are its revision.
        0x530 => id_code: Ro<u32>,
        /// Level shifters.
        0x900 => level_shifters: Rw<LevelShifters>,
    }
}

const UNLOCK: u32 = 0xDF0D;

/// The system-level control registers, unlocked.
pub struct Slcr<M = Volatile> {
    registers: SlcrRegisters<M>,
}

impl<M: Mmio> Slcr<M> {
    /// Unlocks the registers.
    ///
    /// # Errors
    ///
    /// [`Error::WindowTooSmall`], or [`Error::Locked`] if they stay locked: this program runs in non-secure state, or
    /// that is another address.
    pub fn new(window: M) -> Result<Self, Error> {
        let registers = SlcrRegisters::new(window)?;
        registers.unlock().write(UNLOCK);
        if registers.lock_status().read() & 1 != 0 {
            return Err(Error::Locked);
        }
        Ok(Self { registers })
    }

    /// Connects the logic, which has been programmed: all level shifters on, and its resets released.
    ///
    /// An access to the logic while it is not connected stops the processor for good, or is an external abort.
    pub fn connect_logic(&mut self) {
        self.registers.level_shifters().write(LevelShifters::ALL);
        self.registers.logic_reset().write(LogicReset::empty());
        super::barrier();
    }

    /// Disconnects the logic before it is programmed: its resets asserted, and the level shifters from it off.
    pub fn disconnect_logic(&mut self) {
        self.registers.logic_reset().write(LogicReset::OUTPUTS);
        self.registers.level_shifters().write(LevelShifters::empty());
        self.registers.level_shifters().write(LevelShifters::TO_LOGIC);
        super::barrier();
    }

    /// Whether the logic is connected.
    pub fn is_connected(&self) -> bool {
        self.registers.level_shifters().read() == LevelShifters::ALL
            && !self.registers.logic_reset().read().intersects(LogicReset::OUTPUTS)
    }

    /// Turns the clock of the configuration port on or off; divisor and source stay.
    pub fn set_pcap_clock(&mut self, active: bool) {
        self.registers
            .exclusive()
            .pcap_clock()
            .modify(|clock| if active { clock | PcapClock::ACTIVE } else { clock - PcapClock::ACTIVE });
    }

    /// The clocks to the logic, on a board whose crystal at PS_CLK has `reference_hz`. They are set before the logic is
    /// connected, and read to know what a timer in the logic counts.
    ///
    /// # Errors
    ///
    /// None: the window was found to hold these registers.
    pub fn pl_clocks(&mut self, reference_hz: u64) -> Result<PlClocks<&M>, PlClockError> {
        PlClocks::zynq_7000(self.registers.window(), reference_hz)
    }

    /// The frequency by which the global timer, the private timers and the watchdogs count: half of the processors', as the
    /// boot loader has set it, on a board whose crystal at PS_CLK has `reference_hz`. On a PYNQ-Z1 or Z2, 325 MHz of a
    /// crystal of 50 MHz.
    ///
    /// # Errors
    ///
    /// [`Error::ClockStopped`] if that is no clock: the PLL is stopped, the divisor 0, or `reference_hz` is.
    pub fn timer_hz(&self, reference_hz: u32) -> Result<u32, Error> {
        let control = self.registers.processor_clock().read();
        let pll = match control.field(ProcessorClock::SOURCE) {
            0b10 => self.registers.ddr_pll().read(),
            0b11 => self.registers.io_pll().read(),
            _ => self.registers.arm_pll().read(),
        };
        let (times, runs) = if pll.contains(Pll::BYPASS) {
            (1, true)
        } else {
            (pll.field(Pll::FEEDBACK), !pll.intersects(Pll::RESET | Pll::POWER_DOWN))
        };
        let hz = (u64::from(reference_hz) * u64::from(times))
            .checked_div(2 * u64::from(control.field(ProcessorClock::DIVISOR)));
        match hz.and_then(|hz| u32::try_from(hz).ok()) {
            Some(hz) if hz > 0 && runs => Ok(hz),
            _ => Err(Error::ClockStopped),
        }
    }

    /// Which device this is, without its revision: as a bitstream names it.
    pub fn id_code(&self) -> u32 {
        self.registers.id_code().read() & 0x0FFF_FFFF
    }
}

impl<M> fmt::Debug for Slcr<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slcr").finish_non_exhaustive()
    }
}
