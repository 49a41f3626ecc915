//! Accesses: widths, strobes, and blocks that do not answer.

use core::panic::Location;

use pynq_sim::{
    Device, Width,
    device::Bus,
    fabric::{BusErrorKind, Fabric, FabricBuilder, PROCESSOR},
    models::RegisterModel,
};

/// One register that takes single bytes.
#[derive(Default)]
struct Switch(u32);

impl Device for Switch {
    fn read(&mut self, _: u32, _: &mut Bus<'_>) -> u32 {
        self.0
    }

    fn write(&mut self, _: u32, value: u32, bus: &mut Bus<'_>) {
        for byte in (0..4).filter(|byte| bus.strobes() >> byte & 1 != 0) {
            let mask = 0xFF << (8 * byte);
            self.0 = self.0 & !mask | value & mask;
        }
    }

    fn takes_strobes(&self) -> bool {
        true
    }
}

fn access(fabric: &mut Fabric, address: u64, width: Width, write: Option<u64>) -> Result<u64, BusErrorKind> {
    fabric.access(PROCESSOR, address, width, write, Location::caller())
}

#[test]
fn a_block_that_takes_strobes_takes_bytes_and_halves() {
    let fabric = FabricBuilder::new().device("switch", 0x1000, 0x1000, Switch::default());
    let mut fabric = fabric.device("plain", 0x2000, 0x1000, RegisterModel::new()).build().unwrap();
    assert_eq!(access(&mut fabric, 0x1000, Width::Word, Some(0x0403_0201)), Ok(0x0403_0201));
    assert!(access(&mut fabric, 0x1001, Width::Byte, Some(0xAA)).is_ok());
    assert!(access(&mut fabric, 0x1002, Width::Half, Some(0xBBCC)).is_ok());
    assert_eq!(access(&mut fabric, 0x1000, Width::Word, None), Ok(0xBBCC_AA01));
    assert_eq!(access(&mut fabric, 0x1003, Width::Byte, None), Ok(0xBB));
    assert_eq!(access(&mut fabric, 0x1002, Width::Half, None), Ok(0xBBCC));
    assert_eq!(access(&mut fabric, 0x1000, Width::Double, None), Err(BusErrorKind::Width(Width::Double)));
    assert_eq!(access(&mut fabric, 0x2001, Width::Byte, Some(1)), Err(BusErrorKind::Width(Width::Byte)));
}

#[test]
fn a_block_in_reset_or_without_a_clock_does_not_answer() {
    let mut fabric = FabricBuilder::new().device("switch", 0x1000, 0x1000, Switch::default()).build().unwrap();
    fabric.hold_in_reset("switch", true).unwrap();
    assert_eq!(fabric.read(0x1000), Err(BusErrorKind::InReset));
    fabric.hold_in_reset("switch", false).unwrap();
    assert!(fabric.read(0x1000).is_ok());
    fabric.stop_clock("switch", true).unwrap();
    assert_eq!(fabric.write(0x1000, 1), Err(BusErrorKind::NoClock));
    fabric.stop_clock("switch", false).unwrap();
    assert_eq!(fabric.read(0x1000), Ok(0));
}
