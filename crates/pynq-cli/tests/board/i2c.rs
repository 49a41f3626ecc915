//! `pynq i2c scan`.

use crate::fake::{BUTTONS, Fake, HWH};

const IIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/oled/oled.hwh");
const BASE: u64 = 0x4160_0000;

#[test]
fn a_simulated_bus_has_the_parts_that_are_named() {
    let fake = Fake::bare();
    let scan = |parts: &str| fake.stdout(&["i2c", "scan", "iic", "--hwh", IIC, "--simulate", parts]);
    assert_eq!(scan("eeprom,ssd1306,bme280"), "0x3c\n0x50\n0x76\n");
    assert_eq!(scan("ds3231,tmp117,lis3dh"), "0x18\n0x48\n0x68\n");
    let error = fake.failure(&["i2c", "scan", "iic", "--hwh", IIC, "--simulate", "toaster"]);
    assert!(error.contains("no simulated `toaster`") && error.contains("ds3231"), "{error}");
    let nothing = fake.stdout(&["i2c", "scan", "iic", "--hwh", IIC, "--simulate"]);
    assert_eq!(nothing, "no target acknowledged an address from 0x08 to 0x77\n");
}

#[test]
fn a_board_is_scanned_by_its_registers() {
    let fake = Fake::healthy();
    // Registers of plain memory: nothing is busy and the FIFO is empty, so that each probe seems to be over at once.
    fake.put(BASE + 0x104, 0xC0);
    let text = fake.stdout(&["i2c", "scan", "iic", "--hwh", IIC]);
    assert_eq!((text.lines().next(), text.lines().count()), (Some("0x08"), 112));
    assert_eq!((fake.word(BASE + 0x40), fake.word(BASE + 0x108)), (0xA, 0x3EE), "the last one: 0x77, START and STOP");
    // A bus that never becomes free.
    fake.put(BASE + 0x104, 0xC4);
    let error = fake.failure(&["i2c", "scan", "iic", "--hwh", IIC]);
    assert!(error.contains("did not become free within 100ms"), "{error}");
}

#[test]
fn what_is_no_bus_or_anothers_is_not_scanned() {
    let fake = Fake::healthy();
    let error = fake.failure(&["i2c", "scan", "btns_gpio", "--hwh", HWH]);
    assert!(error.contains("btns_gpio is a axi_gpio, and no AXI IIC") && error.contains("none"), "{error}");
    let error = fake.failure(&["i2c", "scan", "iik", "--hwh", IIC]);
    assert!(error.contains("iic"), "{error}");
    let claim = pynq_uio::Claim::address(&fake.tree.paths(), BASE).expect("a claim");
    let error = fake.failure(&["i2c", "scan", "iic", "--hwh", IIC]);
    assert!(error.contains("can't be claimed"), "{error}");
    drop(claim);
    fake.tree.folder("sys/bus/platform/drivers/xiic-i2c");
    fake.tree.folder("sys/bus/platform/devices/41600000.i2c");
    let link = fake.tree.path("sys/bus/platform/devices/41600000.i2c/driver");
    std::os::unix::fs::symlink("../../drivers/xiic-i2c", link).expect("a link");
    let error = fake.failure(&["i2c", "scan", "iic", "--hwh", IIC]);
    assert!(error.contains("the kernel's driver xiic-i2c has iic"), "{error}");
    assert_eq!(fake.word(BUTTONS), 0);
}
