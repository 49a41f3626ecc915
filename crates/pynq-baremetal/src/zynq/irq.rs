//! The interrupts of the Zynq-7000 by number, and how they can be configured.

use core::fmt;

use super::Error;

/// How many interrupts the controller has.
pub(super) const COUNT: usize = 96;

/// An interrupt of the controller: its ID there, which is also the number in handoff files and in PYNQ. In a device tree
/// it is 32 less.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Irq(u8);

impl Irq {
    /// The global timer, of each core.
    pub const GLOBAL_TIMER: Self = Self(27);
    /// The private timer of each core.
    pub const PRIVATE_TIMER: Self = Self(29);
    /// The device configuration interface.
    pub const DEVCFG: Self = Self(40);
    /// The first UART.
    pub const UART0: Self = Self(59);
    /// The second UART.
    pub const UART1: Self = Self(82);

    /// The interrupt with this ID, 0 to 95.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchInterrupt`].
    pub const fn new(id: u16) -> Result<Self, Error> {
        if (id as usize) < COUNT { Ok(Self(id as u8)) } else { Err(Error::NoSuchInterrupt { id }) }
    }

    /// Interrupt input `input` of the programmable logic, `IRQ_F2P[input]`, 0 to 15: IDs 61 to 68 and 84 to 91.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLogicInput`].
    pub const fn from_logic(input: u8) -> Result<Self, Error> {
        match input {
            0..=7 => Ok(Self(61 + input)),
            8..=15 => Ok(Self(84 + input - 8)),
            _ => Err(Error::NoSuchLogicInput { input }),
        }
    }

    /// The ID.
    #[must_use]
    pub const fn id(self) -> u16 {
        self.0 as u16
    }

    /// Whether it comes from the programmable logic.
    #[must_use]
    pub const fn is_from_logic(self) -> bool {
        matches!(self.0, 61..=68 | 84..=91)
    }

    /// Whether every core has one of its own: software-generated and private interrupts.
    #[must_use]
    pub const fn is_private(self) -> bool {
        self.0 < 32
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its bit in a register of one bit per interrupt, and which of those registers.
    pub(super) const fn bit(self) -> (usize, u32) {
        (self.index() / 32, 1 << (self.0 % 32))
    }
}

impl fmt::Debug for Irq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Irq({})", self.0)
    }
}

impl fmt::Display for Irq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The trigger of an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// A high level.
    Level,
    /// A rising edge, which is latched while the interrupt is masked.
    Edge,
}

/// The priority of an interrupt, or the limit for those of the processor: 0 is the highest of 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// The highest.
    pub const HIGHEST: Self = Self(0);
    /// The middle, which every interrupt has to begin with.
    pub const MIDDLE: Self = Self(16);
    /// The lowest. An interrupt of this priority passes no mask.
    pub const LOWEST: Self = Self(31);

    /// Level `level`, 0 to 31.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchPriority`].
    pub const fn new(level: u8) -> Result<Self, Error> {
        if level < 32 { Ok(Self(level)) } else { Err(Error::NoSuchPriority { level }) }
    }

    /// As the registers have it: the upper five bits of eight.
    pub(super) const fn bits(self) -> u32 {
        (self.0 as u32) << 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logic_s_interrupts_have_a_gap() {
        let ids: std::vec::Vec<u16> = (0..16).map_while(|input| Irq::from_logic(input).ok()).map(Irq::id).collect();
        assert_eq!(ids, [61, 62, 63, 64, 65, 66, 67, 68, 84, 85, 86, 87, 88, 89, 90, 91]);
        assert_eq!(Irq::from_logic(16), Err(Error::NoSuchLogicInput { input: 16 }));
        assert_eq!((0..96).filter(|&id| Irq::new(id).is_ok_and(Irq::is_from_logic)).count(), 16);
        assert_eq!(Irq::new(96), Err(Error::NoSuchInterrupt { id: 96 }));
    }
}
