//! Designs that the tree of PYNQ's own overlays does not look like.

use pynq::prelude::*;

use crate::{Waiting, ends, fired, overlay, waits};

const GPIO: &str = "C_GPIO_WIDTH=2 C_ALL_INPUTS=1 C_INTERRUPT_PRESENT=1";

fn button(overlay: &Overlay, path: &str) -> Button {
    Button::new(overlay.gpio(path).unwrap().channel1().pin(0).unwrap()).unwrap()
}

fn level(button: &Button, level: Level) -> Waiting<'_> {
    Box::pin(async move { Ok(button.wait_for_level_async(level).await?) })
}

#[test]
fn an_interrupt_wired_straight_to_the_processor_is_awaited_like_any_other() {
    let overlay = overlay(&format!(
        "ps7 processing_system7 IRQ_F2P<both_out:2 PCW_IRQ_F2P_INTR=1
         gpio axi_gpio ip2intc_irpt>gpio_irq @41200000 {GPIO}
         mine my_ip irq>mine_irq~LEVEL_HIGH @43C00000
         both xlconcat In0<gpio_irq In1<mine_irq dout>both_out:2 NUM_PORTS=2 IN0_WIDTH=1 IN1_WIDTH=1"
    ));
    let board = overlay.simulation().unwrap();
    let button = button(&overlay, "gpio");
    for _ in 0..3 {
        let mut pressed = level(&button, Level::High);
        waits(&mut pressed);
        board.press("gpio", 0).unwrap();
        ends(&mut pressed);
        let mut released = level(&button, Level::Low);
        waits(&mut released);
        board.release("gpio", 0).unwrap();
        ends(&mut released);
    }
    let mut interrupt = overlay.interrupt("mine/irq").unwrap();
    let mut wait = fired(&mut interrupt);
    waits(&mut wait);
    board.set_line("mine/irq", true).unwrap();
    ends(&mut wait);
    drop(wait);
    board.set_line("mine/irq", false).unwrap();
    waits(&mut fired(&mut interrupt));
    let statistics = overlay.statistics();
    assert_eq!((statistics.interrupts, statistics.spurious), (7, 0), "{statistics:?}");
}

/// PYNQ counts the nets that it finds; hardware counts the inputs, wired or not, and as wide as they are.
#[test]
fn unconnected_inputs_of_a_concat_keep_their_places() {
    let overlay = overlay(&format!(
        "ps7 processing_system7 IRQ_F2P<top_irq PCW_IRQ_F2P_INTR=1
         gpio axi_gpio ip2intc_irpt>gpio_irq @41200000 {GPIO}
         mine my_ip irq>mine_irq~EDGE_RISING @43C00000
         all xlconcat In1<mine_irq In3<gpio_irq dout>all_out:7 NUM_PORTS=5 IN0_WIDTH=2 IN1_WIDTH=1 IN2_WIDTH=2 IN3_WIDTH=1 IN4_WIDTH=1
         top axi_intc intr<all_out:7 irq>top_irq C_NUM_INTR_INPUTS=7 C_KIND_OF_INTR=0xFFFFFFFF @41800000"
    ));
    let board = overlay.simulation().unwrap();
    let button = button(&overlay, "gpio");
    let mut mine = overlay.interrupt("mine/irq").unwrap();
    let (mut pressed, mut raised) = (level(&button, Level::High), fired(&mut mine));
    waits(&mut pressed);
    waits(&mut raised);
    let enabled = overlay.mmio("top").unwrap().read(crate::intc::IER, 4).unwrap();
    assert_eq!(enabled, 0b10_0100, "inputs 2 and 5");
    // By the place in hardware, and not by the design.
    for other in [0, 1, 3, 4, 6] {
        board.pulse_line(&format!("top/intr[{other}]")).unwrap();
    }
    waits(&mut pressed);
    waits(&mut raised);
    board.pulse_line("top/intr[2]").unwrap();
    ends(&mut raised);
    waits(&mut pressed);
    board.press("gpio", 0).unwrap();
    ends(&mut pressed);
}
