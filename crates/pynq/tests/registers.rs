//! Registers by name at run time, and an overlay as text.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

mod common;

use pynq::{Error, Overlay, registers::RefusedAccess, sim::Access};

fn overlay() -> Overlay {
    Overlay::simulated_from_str(common::BUTTONS).unwrap()
}

#[test]
fn a_register_is_read_and_written_by_name() {
    let overlay = overlay();
    let board = overlay.simulation().unwrap();
    let leds = overlay.registers("leds_gpio").unwrap();
    leds.write("GPIO_DATA", 0b1001).unwrap();
    assert_eq!(board.output("leds_gpio", 1).unwrap(), 0b1001);
    board.press("btns_gpio", 3).unwrap();
    let buttons = overlay.registers("btns_gpio").unwrap();
    let data = buttons.read("GPIO_DATA").unwrap();
    assert_eq!((data.offset, data.value, data.field("Channel-1 GPIO DATA")), (0, 8, Some(8)));
    assert_eq!(data.field("no such"), None);
    assert_eq!(data.to_string(), "GPIO_DATA = 0x00000008 (Channel-1 GPIO DATA=0x8)");
    let all: Vec<String> = buttons.read_all().unwrap().into_iter().map(|register| register.name).collect();
    assert_eq!(all, buttons.names());
}

#[test]
fn a_field_is_changed_and_its_neighbours_are_not() {
    let overlay = overlay();
    let intc = overlay.registers("system_interrupts").unwrap();
    assert!(intc.names().contains(&"MER".to_owned()), "{:?}", intc.names());
    let fields: Vec<_> = intc.read("MER").unwrap().fields;
    let [me, hie] = &fields[..] else { panic!("{fields:?}") };
    intc.write_field("MER", &me.name, 1).unwrap();
    intc.write_field("MER", &hie.name, 1).unwrap();
    assert_eq!(intc.read("MER").unwrap().value, 3);
    let large = intc.write_field("MER", &me.name, 2).unwrap_err();
    assert!(large.to_string().contains("does not fit into") && large.to_string().contains("largest is 0x1"), "{large}");
    let unknown = intc.write_field("MER", "XY", 1).unwrap_err().to_string();
    assert!(unknown.contains("`MER.XY`") && unknown.contains(&*me.name), "{unknown}");
}

#[test]
fn what_would_do_more_than_asked_is_refused() {
    let board = overlay();
    let intc = board.registers("system_interrupts").unwrap();
    let status = board.registers("btns_gpio").unwrap();
    // Ones toggle: what was read and is written back would change.
    let field = status.read("IP_ISR").unwrap().fields[0].name.clone();
    let error = status.write_field("IP_ISR", &field, 1).unwrap_err();
    assert!(matches!(error, Error::RegisterAccess { refused: RefusedAccess::NoModify { .. }, .. }), "{error}");
    for (name, value) in [("IPR", 1), ("IVR", 1)] {
        let error = intc.write(name, value).unwrap_err();
        assert!(matches!(error, Error::RegisterAccess { refused: RefusedAccess::ReadOnly, .. }), "{error}");
    }
    let unknown = intc.read("ISRR").unwrap_err();
    assert!(matches!(&unknown, Error::NoSuchRegister { name, .. } if name == "ISRR"));
    assert!(unknown.to_string().contains("`system_interrupts` has no `ISRR`; it has: `ISR`"), "{unknown}");
    assert!(board.registers("nothing").is_err());
}

#[test]
fn a_byte_stays_in_its_fifo() {
    let overlay = Overlay::simulated_from_str(UART).unwrap();
    let board = overlay.simulation().unwrap();
    board.serial_input("uart", b"x").unwrap();
    board.advance(std::time::Duration::from_millis(1));
    let uart = overlay.registers("uart").unwrap();
    let error = uart.read("RX_FIFO").unwrap_err();
    assert!(matches!(error, Error::RegisterAccess { refused: RefusedAccess::ReadChanges { .. }, .. }), "{error}");
    assert!(error.to_string().contains("`read_anyway` does it"), "{error}");
    assert!(matches!(uart.read("TX_FIFO"), Err(Error::RegisterAccess { refused: RefusedAccess::WriteOnly, .. })));
    assert!(uart.read_all().unwrap().iter().all(|register| register.name != "RX_FIFO"));
    assert_eq!(uart.read_anyway("RX_FIFO").unwrap().value, u32::from(b'x'));
    board.expect_bus_error(0x4060_0000, Some(Access::Read));
    uart.read_anyway("RX_FIFO").unwrap();
}

/// A UART Lite, as a handoff file without register tables has it.
const UART: &str = r#"<?xml version="1.0"?>
<EDKSYSTEM EDWVERSION="1.2" TIMESTAMP="Mon Jan  6 10:00:00 2025" VIVADOVERSION="2018.2">
  <SYSTEMINFO ARCH="zynq" DEVICE="7z020" NAME="uart" PACKAGE="clg400" SPEEDGRADE="-1"/>
  <MODULES>
    <MODULE FULLNAME="/ps7_0" HWVERSION="5.5" INSTANCE="ps7_0" IPTYPE="PERIPHERAL" MODCLASS="PROCESSOR" MODTYPE="processing_system7" VLNV="xilinx.com:ip:processing_system7:5.5">
      <MEMORYMAP>
        <MEMRANGE ADDRESSBLOCK="Reg" BASENAME="C_BASEADDR" BASEVALUE="0x40600000" HIGHNAME="C_HIGHADDR" HIGHVALUE="0x4060FFFF" INSTANCE="uart" IS_DATA="TRUE" IS_INSTRUCTION="TRUE" MASTERBUSINTERFACE="M_AXI_GP0" MEMTYPE="REGISTER" SLAVEBUSINTERFACE="S_AXI"/>
      </MEMORYMAP>
    </MODULE>
    <MODULE FULLNAME="/uart" HWVERSION="2.0" INSTANCE="uart" IPTYPE="PERIPHERAL" MODCLASS="PERIPHERAL" MODTYPE="axi_uartlite" VLNV="xilinx.com:ip:axi_uartlite:2.0">
      <PARAMETERS>
        <PARAMETER NAME="C_BAUDRATE" VALUE="115200"/>
      </PARAMETERS>
    </MODULE>
  </MODULES>
</EDKSYSTEM>
"#;

#[test]
fn an_overlay_says_what_it_has() {
    let text = overlay().to_string();
    assert!(text.starts_with("overlay `buttons` for 7z020clg400\n"), "{text}");
    for part in [
        "\nIP blocks\n",
        "\n  btns_gpio          0x41210000  axi_gpio  gpio(..)\n",
        "\n  system_interrupts  ",
        "\nInterrupts, by interrupt(..)\n  btns_gpio/ip2intc_irpt\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.lines().all(|line| line.len() == line.trim_end().len()));
}
