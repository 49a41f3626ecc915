//! The register maps have their data sheets' numbers.
#![allow(clippy::unwrap_used)] // a test may

use pynq_drivers::axi_gpio::{AxiGpioRegisters, Channels, GlobalInterruptEnable};

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
