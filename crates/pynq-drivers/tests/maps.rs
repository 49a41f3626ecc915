//! The register maps have their data sheets' numbers.
#![allow(clippy::unwrap_used)] // a test may

use pynq_drivers::{
    axi_gpio::{AxiGpioRegisters, Channels, GlobalInterruptEnable},
    axi_iic::{AxiIicRegisters, IicControl, IicEvents},
};

#[test]
fn an_axi_gpio_s_registers() {
    let registers = [
        ("gpio_data", 0),
        ("gpio_tri", 4),
        ("gpio2_data", 8),
        ("gpio2_tri", 12),
        ("gier", 0x11C),
        ("ip_isr", 0x120),
        ("ip_ier", 0x128),
    ];
    for (name, at) in registers {
        let found = AxiGpioRegisters::REGISTERS.iter().find(|register| register.name == name);
        assert_eq!(found.map(|register| register.offset), Some(at), "{name}");
    }
    assert_eq!(Channels::all().bits(), 3);
    assert_eq!(GlobalInterruptEnable::ENABLE.bits(), 0x8000_0000);
}

#[test]
fn an_axi_iic_s_registers() {
    let registers = [
        ("gie", 0x1C),
        ("isr", 0x20),
        ("ier", 0x28),
        ("softr", 0x40),
        ("cr", 0x100),
        ("sr", 0x104),
        ("tx_fifo", 0x108),
        ("rx_fifo", 0x10C),
        ("adr", 0x110),
        ("tx_fifo_ocy", 0x114),
        ("rx_fifo_ocy", 0x118),
        ("ten_adr", 0x11C),
        ("rx_fifo_pirq", 0x120),
        ("gpo", 0x124),
        ("tsusta", 0x128),
        ("tbuf", 0x138),
        ("thigh", 0x13C),
        ("tlow", 0x140),
        ("thddat", 0x144),
    ];
    for (name, at) in registers {
        let found = AxiIicRegisters::REGISTERS.iter().find(|register| register.name == name);
        assert_eq!(found.map(|register| register.offset), Some(at), "{name}");
    }
    assert_eq!(IicEvents::all().bits(), 0xFF);
    assert_eq!(IicControl::all().bits(), 0x7F);
}
