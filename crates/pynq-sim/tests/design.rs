//! Boards from handoff files.
#![cfg(feature = "hwh")]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use core::time::Duration;
use pynq_core::Parameters;
use pynq_drivers::axi_uartlite::AxiUartLiteConfig;
use pynq_hwh::Design;
use pynq_sim::{Board, BoardBuilder, BusErrorKind, models::RegisterModel};

fn buttons() -> Design {
    Design::parse(include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh")).unwrap()
}

#[test]
fn every_addressed_block_is_there_at_its_address() {
    let design = buttons();
    let board = Board::from_design(&design).unwrap();
    for (path, block) in &design.ip {
        assert_eq!(board.address_range(path), Ok((block.base, block.size)));
    }
}

#[test]
fn a_button_reaches_the_cpu_through_the_design_s_own_wiring() {
    let board = Board::from_design(&buttons()).unwrap();
    let (intc, btns) = (board.window("system_interrupts").unwrap(), board.window("btns_gpio").unwrap());
    btns.write(0x128, 1);
    btns.write(0x11C, 1 << 31);
    intc.write(0x1C, 3);
    intc.write(0x08, u32::MAX);
    assert!(!board.cpu_pin(61).unwrap().level());
    board.press("btns_gpio", 3).unwrap();
    assert!(board.cpu_pin(61).unwrap().level());
    assert_eq!(btns.read(0), 8);
    // Built with edge inputs: acknowledged, it does not come back though the line is still high.
    intc.write(0x0C, u32::MAX);
    assert!(!board.cpu_pin(61).unwrap().level());
}

#[test]
fn every_interrupt_pin_of_the_design_is_a_line() {
    let design = buttons();
    let board = Board::from_design(&design).unwrap();
    for (name, pin) in &design.interrupts.pins {
        let Some(controller) = pin.controller.as_ref().filter(|_| pin.width == 1) else { continue };
        board.set_line(name, true).unwrap();
        assert_eq!(board.line(&format!("{controller}/intr[{}]", pin.line)), Ok(true), "{name}");
    }
}

#[test]
fn a_model_of_one_s_own_takes_a_block_s_place() {
    let own = |block: &pynq_hwh::IpBlock| -> Option<Box<dyn pynq_sim::Device>> {
        (block.path == "leds_gpio").then(|| Box::new(RegisterModel::new().with_reset(0, 0xC0DE)) as _)
    };
    let board = BoardBuilder::from_design(&buttons(), own).build().unwrap();
    assert_eq!(board.window("leds_gpio").unwrap().read(0), 0xC0DE);
}

/// The board of our design in which a block is of another kind, with the parameters that are named.
fn with_another(kind: &str, clock: &str, parameters: &str) -> Board {
    built_as(kind, clock, parameters).unwrap()
}

fn built_as(kind: &str, clock: &str, parameters: &str) -> Result<Board, pynq_sim::Error> {
    let text = include_str!("../../pynq-hwh/fixtures/pynq-z2-buttons.hwh");
    let (before, block) = text.split_once("<MODULE FULLNAME=\"/leds_gpio\"").unwrap();
    let (block, after) = block.split_once("</MODULE>").unwrap();
    let block = (block.replace("axi_gpio", kind))
        .replace("CLKFREQUENCY=\"100000000\"", &format!("CLKFREQUENCY=\"{clock}\""))
        .replace("<PARAMETERS>", &format!("<PARAMETERS>{parameters}"));
    let text = [before, "<MODULE FULLNAME=\"/leds_gpio\"", &block, "</MODULE>", after].concat();
    Board::from_design(&Design::parse(&text).unwrap())
}

/// The board and the driver decode a parameter by one description, so no board is made that no driver would accept.
#[test]
fn a_block_that_can_t_have_been_built_so_is_refused_by_name() {
    for (kind, name, value, says) in [
        ("axi_uartlite", "C_BAUDRATE", "0", "C_BAUDRATE is `0`, and can be 1 to 4294967295"),
        ("axi_uartlite", "C_S_AXI_ACLK_FREQ_HZ", "0", "C_S_AXI_ACLK_FREQ_HZ is `0`, and can be 1 to 4294967295"),
        ("axi_timer", "C_COUNT_WIDTH", "24", "C_COUNT_WIDTH is `24`, and can be 8, 16 or 32"),
        ("axi_timer", "C_TRIG0_ASSERT", "high", "C_TRIG0_ASSERT is `high`, and can be 0 to 1"),
        ("axi_intc", "C_HAS_IPR", "2", "C_HAS_IPR is `2`, and can be 0 to 1"),
    ] {
        let parameter = format!("<PARAMETER NAME=\"{name}\" VALUE=\"{value}\"/>");
        let message = built_as(kind, "100000000", &parameter).unwrap_err().to_string();
        assert!(message.starts_with(&format!("block \"leds_gpio\": {says}")), "{message}");
    }
}

/// What a handoff file doesn't say has the data sheet's default, for the model as for the driver: 9600 baud.
#[test]
fn a_parameter_that_is_missing_is_the_same_for_model_and_driver() {
    let config = AxiUartLiteConfig::from_parameters(&Parameters::new(&[], None)).unwrap();
    assert_eq!(config.baud_rate, 9600);
    let board = with_another("axi_uartlite", "100000000", "");
    board.window("leds_gpio").unwrap().write(0x4, u32::from(b'x'));
    board.advance(config.character_time() * 99 / 100);
    assert_eq!(board.serial_output("leds_gpio"), Ok(Vec::new()));
    board.advance(config.character_time() * 2 / 100);
    assert_eq!(board.serial_output("leds_gpio"), Ok(vec![b'x']));
}

#[test]
fn an_axi_timer_is_as_it_was_built_and_counts_its_own_clock() {
    let board = with_another(
        "axi_timer",
        "50000000",
        "<PARAMETER NAME=\"C_COUNT_WIDTH\" VALUE=\"16\"/><PARAMETER NAME=\"C_TRIG0_ASSERT\" VALUE=\"&quot;0&quot;\"/>",
    );
    let timer = board.window("leds_gpio").unwrap();
    timer.write(0x04, 0xABC_1234);
    assert_eq!(timer.read(0x04), 0x1234);
    timer.write(0x00, 1 << 7);
    board.advance(Duration::from_micros(100));
    assert_eq!(timer.read(0x08), 5_000);
    // Capture, on the falling edge.
    timer.write(0x00, 1 << 7 | 1 << 3 | 1);
    board.set_line("leds_gpio/capturetrig0", true).unwrap();
    assert_eq!(timer.read(0x04), 0x1234);
    board.set_line("leds_gpio/capturetrig0", false).unwrap();
    assert_eq!(timer.read(0x04), 5_000);
}

#[test]
fn an_axi_uart_lite_is_as_it_was_built_and_refuses_what_it_can_t_do() {
    let parameters = "<PARAMETER NAME=\"C_BAUDRATE\" VALUE=\"1000000\"/><PARAMETER NAME=\"C_DATA_BITS\" VALUE=\"7\"/>\
        <PARAMETER NAME=\"C_USE_PARITY\" VALUE=\"1\"/><PARAMETER NAME=\"C_S_AXI_ACLK_FREQ_HZ\" VALUE=\"96000000\"/>";
    let board = with_another("axi_uartlite", "96000000", parameters);
    let uart = board.window("leds_gpio").unwrap();
    uart.write(0x4, 0xC1);
    board.advance(Duration::from_nanos(9_999));
    assert_eq!(board.serial_output("leds_gpio"), Ok(Vec::new()));
    board.advance(Duration::from_nanos(1));
    assert_eq!(board.serial_output("leds_gpio"), Ok(vec![0x41]), "ten bits at 1 MBd");
    let base = board.address_range("leds_gpio").unwrap().0;
    board.expect_bus_error(base, None);
    assert_eq!(uart.read(0x0), u32::MAX);
    (0..18).for_each(|_| uart.write(0x4, 0));
    let errors: Vec<_> = board.take_bus_errors().iter().map(|error| (error.address - base, error.kind)).collect();
    assert_eq!(errors, [(0, BusErrorKind::Refused), (4, BusErrorKind::Refused)]);
    assert!(board.serial_input("btns_gpio", b"x").unwrap_err().to_string().contains("btns_gpio"));
}
