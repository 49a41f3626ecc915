//! Boards from handoff files.
#![cfg(feature = "hwh")]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use pynq_hwh::Design;
use pynq_sim::{Board, BoardBuilder, models::RegisterModel};

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
