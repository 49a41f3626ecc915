//! Interrupt trees of all shapes: cascades, pins straight on the processor, vectors, and what leads nowhere.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests

#[path = "../../pynq-hwh/tests/support/mod.rs"]
mod support;

use pynq::{Error, prelude::*};

fn overlay(cells: &str) -> Overlay {
    Overlay::simulated_from_str(&support::hwh(cells)).unwrap()
}

/// A press of pin 0 of `path` arrives, and leaves nothing armed.
fn arrives(overlay: &Overlay, path: &str) {
    let board = overlay.simulation().unwrap();
    let button = Button::new(overlay.gpio(path).unwrap().channel1().pin(0).unwrap()).unwrap();
    for (ms, level) in [(1, true), (2, false)] {
        let (at, path) = (overlay.clock().now() + std::time::Duration::from_millis(ms), path.to_owned());
        board.at(at, move |board| board.input(&path, 1, 0, level).unwrap());
    }
    button.wait_for_level(Level::High).unwrap();
    button.wait_for_level(Level::Low).unwrap();
    assert_eq!(overlay.statistics().spurious, 0);
}

const GPIO: &str = "C_GPIO_WIDTH=2 C_ALL_INPUTS=1 C_INTERRUPT_PRESENT=1";

#[test]
fn cascades_of_any_depth_and_kind() {
    for kinds in [["0xFFFFFFFF", "0xFFFFFFFF", "0xFFFFFFFF"], ["0x0", "0x0", "0x0"], ["0x0", "0xFFFFFFFF", "0x0"]] {
        let [first, second, third] = kinds;
        let overlay = overlay(&format!(
            "ps7 processing_system7 IRQ_F2P<top_irq PCW_IRQ_F2P_INTR=1
             gpio axi_gpio ip2intc_irpt>gpio_irq @41200000 {GPIO}
             other axi_gpio ip2intc_irpt>other_irq @41210000 {GPIO}
             low axi_intc intr<gpio_irq irq>low_irq C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR={first} @41800000
             mid axi_intc intr<low_irq irq>mid_irq C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR={second} @41810000
             both xlconcat In0<mid_irq In1<other_irq dout>both_out:2 NUM_PORTS=2 IN0_WIDTH=1 IN1_WIDTH=1
             top axi_intc intr<both_out:2 irq>top_irq C_NUM_INTR_INPUTS=2 C_KIND_OF_INTR={third} @41820000"
        ));
        arrives(&overlay, "gpio");
        arrives(&overlay, "other");
        arrives(&overlay, "gpio");
        let pin = overlay.simulation().unwrap().cpu_pins();
        assert_eq!(pin.len(), 1);
        assert!(!overlay.simulation().unwrap().line("top/irq").unwrap(), "nothing is asked for any more");
    }
}

#[test]
fn pins_straight_on_the_processor() {
    let overlay = overlay(&format!(
        "ps7 processing_system7 IRQ_F2P<both_out:2 PCW_IRQ_F2P_INTR=1
         gpio axi_gpio ip2intc_irpt>gpio_irq @41200000 {GPIO}
         mine my_ip irq>mine_irq~LEVEL_HIGH @43C00000
         both xlconcat In0<gpio_irq In1<mine_irq dout>both_out:2 NUM_PORTS=2 IN0_WIDTH=1 IN1_WIDTH=1"
    ));
    arrives(&overlay, "gpio");
    // Two handles on one bare pin, and each sees it.
    let (mut one, mut other) = (overlay.interrupt("mine/irq").unwrap(), overlay.interrupt("mine/irq").unwrap());
    let board = overlay.simulation().unwrap();
    let at = overlay.clock().now() + std::time::Duration::from_millis(1);
    board.at(at, |board| board.set_line("mine/irq", true).unwrap());
    one.wait().unwrap();
    board.set_line("mine/irq", false).unwrap();
    other.wait().expect("the first one took nothing from it");
    assert_eq!(
        one.wait_until(at + std::time::Duration::from_millis(1)).unwrap_err().cause(),
        Some(pynq::core::Error::TimedOut)
    );
}

#[test]
fn an_interrupt_that_goes_nowhere() {
    let overlay = overlay(&format!("ps7 processing_system7\n gpio axi_gpio ip2intc_irpt>- @41200000 {GPIO}"));
    let channel = overlay.gpio("gpio").unwrap().channel1();
    assert_eq!(channel.read().unwrap(), 0);
    for error in [channel.wait_for_value(1), overlay.block_on(channel.wait_for_value_async(1)).unwrap()] {
        let error = error.unwrap_err();
        assert_eq!(pynq::Error::from(error.clone()).cause(), Some(pynq::core::Error::InterruptsUnavailable));
        assert!(error.to_string().starts_with("`gpio`: this block's interrupt is not wired"), "{error}");
    }
}

#[test]
fn vectors_are_asked_for_bit_by_bit() {
    let overlay = overlay(
        "ps7 processing_system7 IRQ_F2P<top_irq PCW_IRQ_F2P_INTR=1
         mine my_ip irqs>mine_irqs:3~EDGE_RISING @43C00000
         top axi_intc intr<mine_irqs:3 irq>top_irq C_NUM_INTR_INPUTS=3 C_KIND_OF_INTR=0xFFFFFFFF @41820000",
    );
    let error = overlay.interrupt("mine/irqs").unwrap_err();
    assert!(matches!(error, Error::VectorPin { width: 3, .. }), "{error}");
    assert!(error.to_string().contains("`mine/irqs[0]` to `mine/irqs[2]`"), "{error}");
    let mut second = overlay.interrupt("mine/irqs[1]").unwrap();
    let board = overlay.simulation().unwrap();
    board.at(Instant::from_millis(1), |board| board.pulse_line("mine/irqs[1]").unwrap());
    second.wait().unwrap();
    assert!(overlay.interrupt("mine/irqs[3]").is_err());
}

#[test]
fn a_controller_out_of_reach_is_named() {
    let overlay = overlay(&format!(
        "ps7 processing_system7 IRQ_F2P<top_irq PCW_IRQ_F2P_INTR=1
         gpio axi_gpio ip2intc_irpt>gpio_irq @41200000 {GPIO}
         top axi_intc intr<gpio_irq irq>top_irq C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0xFFFFFFFF"
    ));
    let error = overlay.interrupt("gpio/ip2intc_irpt").unwrap_err();
    assert!(matches!(error, Error::UnreachableController { .. }), "{error}");
    assert!(error.to_string().contains("`top`"), "{error}");
    assert!(overlay.gpio("gpio").is_err(), "it can't be told to be quiet either");
}
