//! Resets along the nets.

use pynq_sim::{
    Stimulus,
    fabric::{BusErrorKind, FabricBuilder},
    models::{AxiGpioModel, GpioChannel, GpioParams, RegisterModel},
};

#[test]
fn a_pin_holds_a_block_in_reset() {
    let resets = GpioParams { channel1: GpioChannel::outputs(2), ..GpioParams::default() };
    let mut fabric = FabricBuilder::new()
        .device("resets", 0x1000, 0x1000, AxiGpioModel::new(resets))
        .device("block", 0x2000, 0x1000, RegisterModel::new().with_reset(4, 9))
        .reset("resets/gpio_io_o[1]", "block", true)
        .build()
        .unwrap();
    fabric.write(0x2004, 1).unwrap();
    fabric.write(0x1000, 0b10).unwrap();
    assert_eq!(fabric.read(0x2004), Err(BusErrorKind::InReset));
    fabric.write(0x1000, 0b01).unwrap();
    assert_eq!(fabric.read(0x2004), Ok(9), "reset to what it starts with");
}

#[test]
fn a_reset_that_is_active_low_holds_until_it_is_driven() {
    let resets = GpioParams { channel1: GpioChannel::outputs(1), ..GpioParams::default() };
    let mut fabric = FabricBuilder::new()
        .device("resets", 0x1000, 0x1000, AxiGpioModel::new(resets))
        .device("block", 0x2000, 0x1000, RegisterModel::new())
        .reset("resets/gpio_io_o[0]", "block", false)
        .build()
        .unwrap();
    assert_eq!(fabric.write(0x2000, 1), Err(BusErrorKind::InReset));
    fabric.write(0x1000, 1).unwrap();
    assert_eq!(fabric.write(0x2000, 1), Ok(()));
    fabric.apply(&Stimulus::line("resets/gpio_io_o[0]", false)).unwrap();
    assert_eq!(fabric.read(0x2000), Err(BusErrorKind::InReset), "a line that is held low");
}
