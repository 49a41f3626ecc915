//! The GPIO of the Zynq-7000's processing system, from its reference manual (UG585): 54 pins of the chip (MIO) in banks 0
//! and 1, and 64 wires into programmable logic (EMIO) in banks 2 and 3.
//!
//! An output drives only where both its direction and its output enable are set. The masked data registers write up to 16
//! pins at once and leave those alone whose mask bit is set, so that two programs can share a bank. All registers are zero
//! after a reset, and all interrupts masked.

use crate::device::{Bus, Device, Port, PortKind};

/// Of a bank, the masked data register of the lower 16 pins; that of the upper ones follows.
pub const MASK_DATA: u32 = 0x000;
/// Of a bank, what its outputs hold.
pub const DATA: u32 = 0x040;
/// Of a bank, what its pins are.
pub const DATA_RO: u32 = 0x060;
/// Of a bank, its directions; a set bit is an output.
pub const DIRM: u32 = 0x204;
/// Of a bank, the output enables.
pub const OEN: u32 = 0x208;
/// Of a bank, the interrupts that are masked.
pub const INT_MASK: u32 = 0x20C;
/// Of a bank, unmasks interrupts.
pub const INT_EN: u32 = 0x210;
/// Of a bank, masks interrupts.
pub const INT_DIS: u32 = 0x214;
/// Of a bank, which pins had their event; written ones clear.
pub const INT_STAT: u32 = 0x218;
/// Of a bank, a set bit is an edge.
pub const INT_TYPE: u32 = 0x21C;
/// Of a bank, a set bit is high, or rising.
pub const INT_POLARITY: u32 = 0x220;
/// Of a bank, a set bit is both edges.
pub const INT_ANY: u32 = 0x224;

/// From the mode and interrupt registers of one bank to those of the next.
const BANK: u32 = 0x40;
const BANKS: usize = 4;
/// Pins of each bank.
const PINS: [u32; BANKS] = [u32::MAX, 0x3F_FFFF, u32::MAX, u32::MAX];

#[derive(Clone, Copy, Debug, Default)]
struct Bank {
    /// What drives the pins from outside.
    outside: u32,
    data: u32,
    direction: u32,
    enable: u32,
    /// Unmasked interrupts.
    unmasked: u32,
    status: u32,
    edge: u32,
    high: u32,
    any: u32,
    /// The pins as they were last sampled.
    seen: u32,
}

impl Bank {
    const fn driven(&self) -> u32 {
        self.data & self.direction & self.enable
    }

    const fn pins(&self, is_emio: bool) -> u32 {
        // A pin of the chip reads back what is driven onto it; a wire into the logic has an input of its own.
        let outputs = if is_emio { 0 } else { self.direction & self.enable };
        (self.outside & !outputs) | (self.data & outputs)
    }

    fn look(&mut self, is_emio: bool) {
        let pins = self.pins(is_emio);
        let (rising, falling) = (pins & !self.seen, self.seen & !pins);
        self.seen = pins;
        let edges = (self.any & (rising | falling)) | (!self.any & ((self.high & rising) | (!self.high & falling)));
        let levels = !(pins ^ self.high);
        self.status |= (self.edge & edges) | (!self.edge & levels);
    }
}

/// The register-level model.
#[derive(Clone, Debug, Default)]
pub struct PsGpioModel {
    banks: [Bank; BANKS],
}

impl PsGpioModel {
    /// As it is after a reset: all pins are inputs, and the wires into the logic are low.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn look(&mut self) {
        for (index, bank) in self.banks.iter_mut().enumerate() {
            bank.look(index >= 2);
            bank.status &= PINS[index];
        }
    }

    /// The bank and the register of an offset among those of the modes and interrupts.
    fn mode(offset: u32) -> Option<(usize, u32)> {
        let from_first = offset.checked_sub(DIRM & !(BANK - 1))?;
        let bank = (from_first / BANK) as usize;
        (bank < BANKS).then_some((bank, offset - BANK * (from_first / BANK)))
    }

    /// Reads a register.
    #[must_use]
    pub fn read(&self, offset: u32) -> u32 {
        let bank = |base: u32| self.banks.get(((offset - base) / 4) as usize);
        match offset {
            0x000..DATA => {
                let bank = self.banks.get((offset / 8) as usize);
                bank.map_or(0, |bank| if offset & 4 == 0 { bank.data & 0xFFFF } else { bank.data >> 16 })
            }
            DATA..DATA_RO => bank(DATA).map_or(0, |bank| bank.data),
            DATA_RO..0x080 => bank(DATA_RO).map_or(0, |bank| bank.seen),
            _ => Self::mode(offset).map_or(0, |(index, register)| {
                let bank = &self.banks[index];
                match register {
                    DIRM => bank.direction,
                    OEN => bank.enable,
                    INT_MASK => !bank.unmasked & PINS[index],
                    INT_STAT => bank.status,
                    INT_TYPE => bank.edge,
                    INT_POLARITY => bank.high,
                    INT_ANY => bank.any,
                    _ => 0,
                }
            }),
        }
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0x000..DATA => {
                if let Some(bank) = self.banks.get_mut((offset / 8) as usize) {
                    let shift = if offset & 4 == 0 { 0 } else { 16 };
                    let changes = (!(value >> 16) & 0xFFFF) << shift;
                    bank.data = (bank.data & !changes) | (value << shift & changes);
                }
            }
            DATA..DATA_RO => {
                if let Some(bank) = self.banks.get_mut(((offset - DATA) / 4) as usize) {
                    bank.data = value;
                }
            }
            _ => {
                if let Some((index, register)) = Self::mode(offset) {
                    let (bank, value) = (&mut self.banks[index], value & PINS[index]);
                    match register {
                        DIRM => bank.direction = value,
                        OEN => bank.enable = value,
                        INT_EN => bank.unmasked |= value,
                        INT_DIS => bank.unmasked &= !value,
                        INT_STAT => bank.status &= !value,
                        INT_TYPE => bank.edge = value,
                        INT_POLARITY => bank.high = value,
                        INT_ANY => bank.any = value,
                        _ => {}
                    }
                }
            }
        }
        for (bank, pins) in self.banks.iter_mut().zip(PINS) {
            bank.data &= pins;
        }
        self.look();
    }

    /// What drives the pins of a bank from outside, or from the logic.
    pub fn set_pins(&mut self, bank: usize, bits: u32) {
        if let Some(bank) = self.banks.get_mut(bank) {
            bank.outside = bits;
        }
        self.look();
    }

    /// What a bank drives: its outputs that are enabled.
    #[must_use]
    pub fn driven(&self, bank: usize) -> u32 {
        self.banks.get(bank).map_or(0, Bank::driven)
    }

    /// The interrupt, GIC number 52.
    #[must_use]
    pub fn irq(&self) -> bool {
        self.banks.iter().any(|bank| bank.status & bank.unmasked != 0)
    }
}

const IRQ: usize = 2 * BANKS;

/// Inputs of the banks, then their outputs. Channels 1 to 4 are the banks.
static PORTS: [Port; IRQ + 1] = [
    Port::new("mio0_i", PortKind::Input, 32).of_channel(1),
    Port::new("mio1_i", PortKind::Input, 22).of_channel(2),
    Port::new("emio0_i", PortKind::Input, 32).of_channel(3),
    Port::new("emio1_i", PortKind::Input, 32).of_channel(4),
    Port::new("mio0_o", PortKind::Output, 32).of_channel(1),
    Port::new("mio1_o", PortKind::Output, 22).of_channel(2),
    Port::new("emio0_o", PortKind::Signal, 32),
    Port::new("emio1_o", PortKind::Signal, 32),
    Port::new("irq", PortKind::Signal, 1),
];

impl Device for PsGpioModel {
    fn ports(&self) -> &[Port] {
        &PORTS
    }

    fn reset(&mut self, _: &mut Bus<'_>) {
        for bank in &mut self.banks {
            *bank = Bank { outside: bank.outside, seen: bank.outside, ..Bank::default() };
        }
    }

    fn read(&mut self, offset: u32, _: &mut Bus<'_>) -> u32 {
        PsGpioModel::read(self, offset)
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Bus<'_>) {
        PsGpioModel::write(self, offset, value);
    }

    fn set_input(&mut self, port: usize, bits: u32, _: &mut Bus<'_>) {
        self.set_pins(port, bits);
    }

    fn is_still(&self) -> bool {
        true
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        for bank in 0..BANKS {
            bus.set(BANKS + bank, self.driven(bank));
        }
        bus.set(IRQ, self.irq().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_drives_with_direction_and_enable_only() {
        let mut gpio = PsGpioModel::new();
        gpio.write(DATA + 8, 0b111);
        assert_eq!(gpio.driven(2), 0);
        gpio.write(DIRM + 2 * BANK, 0b011);
        assert_eq!(gpio.driven(2), 0);
        gpio.write(OEN + 2 * BANK, 0b110);
        assert_eq!(gpio.driven(2), 0b010);
        assert_eq!((gpio.read(DATA + 8), gpio.read(DIRM + 2 * BANK), gpio.read(OEN + 2 * BANK)), (0b111, 0b011, 0b110));
    }

    #[test]
    fn masked_data_leaves_the_masked_pins_alone() {
        let mut gpio = PsGpioModel::new();
        gpio.write(DATA, 0xAAAA_5555);
        gpio.write(MASK_DATA, 0xFF0F_00F0);
        assert_eq!(gpio.read(DATA), 0xAAAA_55F5);
        gpio.write(MASK_DATA + 4, 0x0000_1234);
        assert_eq!(gpio.read(DATA), 0x1234_55F5);
        assert_eq!((gpio.read(MASK_DATA), gpio.read(MASK_DATA + 4)), (0x55F5, 0x1234));
        // Of bank 2, the upper half.
        gpio.write(MASK_DATA + 8 * 2 + 4, 0xFFFE_0001);
        assert_eq!(gpio.read(DATA + 8), 0x1_0000);
    }

    #[test]
    fn the_second_bank_has_22_pins() {
        let mut gpio = PsGpioModel::new();
        for register in [DATA + 4, DIRM + BANK, OEN + BANK] {
            gpio.write(register, u32::MAX);
            assert_eq!(gpio.read(register), 0x3F_FFFF);
        }
    }

    #[test]
    fn wires_from_the_logic_are_read_beside_what_is_driven() {
        let mut gpio = PsGpioModel::new();
        gpio.write(DATA + 8, 1);
        gpio.write(DIRM + 2 * BANK, 1);
        gpio.write(OEN + 2 * BANK, 1);
        gpio.set_pins(2, 0b10);
        assert_eq!(gpio.read(DATA_RO + 8), 0b10);
        // A pin of the chip is one thing.
        gpio.write(DATA, 1);
        gpio.write(DIRM, 1);
        gpio.write(OEN, 1);
        assert_eq!(gpio.read(DATA_RO), 1);
    }

    #[test]
    fn interrupts_are_edges_of_either_kind_or_levels() {
        let mut gpio = PsGpioModel::new();
        let of = |register: u32| register + 2 * BANK;
        gpio.write(of(INT_TYPE), 0b0111);
        gpio.write(of(INT_POLARITY), 0b1001);
        gpio.write(of(INT_ANY), 0b0100);
        gpio.write(of(INT_STAT), u32::MAX);
        gpio.write(of(INT_EN), 0b1111);
        assert_eq!(gpio.read(of(INT_MASK)), !0b1111);
        assert!(!gpio.irq());
        let seen = |gpio: &mut PsGpioModel, pins| {
            gpio.set_pins(2, pins);
            let status = PsGpioModel::read(gpio, of(INT_STAT)) & 0b1111;
            PsGpioModel::write(gpio, of(INT_STAT), 0b1111);
            status
        };
        assert_eq!(seen(&mut gpio, 0b0111), 0b0101, "rising, and either");
        assert_eq!(seen(&mut gpio, 0b0000), 0b0110, "falling, and either");
        gpio.set_pins(2, 0b1000);
        assert!(gpio.irq());
        gpio.write(of(INT_STAT), 0b1000);
        assert!(gpio.irq(), "a level comes back as long as it is there");
        gpio.write(of(INT_DIS), 0b1000);
        assert!(!gpio.irq());
    }
}
