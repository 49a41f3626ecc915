//! Waits: what ends them, what does not, and what they leave behind.

use std::time::Duration;

use pynq::{
    prelude::*,
    sim::{Access, Stimulus},
};

use crate::{all_is_masked, common::base, ends, fired, gpio, intc, overlay, pressed, waits};

/// A level line that is acknowledged before its device has gone quiet leaves a latch that stays; an engine that takes
/// that for an event returns at once from each second wait.
#[test]
fn a_quiet_level_line_blocks_the_second_wait() {
    let behind_a_controller = "ps7 processing_system7 IRQ_F2P<top_irq PCW_IRQ_F2P_INTR=1
        mine my_ip irq>mine_irq~LEVEL_HIGH @43C00000
        top axi_intc intr<mine_irq irq>top_irq C_NUM_INTR_INPUTS=1 C_KIND_OF_INTR=0x0 @41800000";
    let on_the_processor = "ps7 processing_system7 IRQ_F2P<mine_irq PCW_IRQ_F2P_INTR=1
        mine my_ip irq>mine_irq~LEVEL_HIGH @43C00000";
    for cells in [behind_a_controller, on_the_processor] {
        let overlay = overlay(cells);
        let board = overlay.simulation().unwrap();
        let mut interrupt = overlay.interrupt("mine/irq").unwrap();
        for round in 1..=3 {
            let mut wait = fired(&mut interrupt);
            waits(&mut wait);
            board.set_line("mine/irq", true).unwrap();
            ends(&mut wait);
            drop(wait);
            board.set_line("mine/irq", false).unwrap();
            let taken = overlay.statistics().interrupts;
            let mut second = fired(&mut interrupt);
            waits(&mut second);
            drop(second);
            assert_eq!(overlay.statistics().interrupts, taken, "round {round}: nor does it fire for nothing");
        }
    }
}

/// Two buttons share a status register, an interrupt and a latch. The second one is pressed when what is pending has been
/// read and not been acknowledged yet, at each of the two places where something is acknowledged, and in that very clock.
#[test]
fn an_edge_between_the_pending_read_and_the_acknowledge_is_not_lost() {
    let second = Stimulus::pin("btns_gpio", 1, 1, true);
    for moment in 0..3 {
        let base = base();
        let board = base.simulation().unwrap();
        let (one, other) = (base.button(0).unwrap(), base.button(1).unwrap());
        let (mut first_wait, mut second_wait) = (pressed(&one), pressed(&other));
        waits(&mut first_wait);
        waits(&mut second_wait);
        let acknowledges = |path: &str, offset: usize| {
            board.before_access(path, u32::try_from(offset).unwrap(), Access::Write, second.clone()).unwrap();
        };
        match moment {
            0 => acknowledges("system_interrupts", intc::IAR),
            1 => acknowledges("btns_gpio", gpio::ISR),
            _ => board.in_acknowledge("btns_gpio/ip2intc_irpt", second.clone()).unwrap(),
        }
        board.press("btns_gpio", 0).unwrap();
        assert!(base.button(1).unwrap().is_pressed().unwrap(), "moment {moment} came");
        ends(&mut first_wait);
        ends(&mut second_wait);
        drop((first_wait, second_wait));
        all_is_masked(&base);
    }
}

#[test]
fn a_cancelled_wait_leaves_nothing_behind() {
    let base = base();
    let board = base.simulation().unwrap();
    let button = base.button(0).unwrap();
    let mut interrupt = base.interrupt("switches_gpio/ip2intc_irpt").unwrap();
    for _ in 0..3 {
        let (mut level, mut bare) = (pressed(&button), fired(&mut interrupt));
        waits(&mut level);
        waits(&mut bare);
        drop((level, bare));
        all_is_masked(&base);
        // What happens now reaches no task, and the processor is not interrupted.
        let taken = base.statistics().interrupts;
        board.press("btns_gpio", 0).unwrap();
        board.release("btns_gpio", 0).unwrap();
        assert_eq!(base.statistics().interrupts, taken);
        let mut next = pressed(&button);
        waits(&mut next);
    }
    let mut next = pressed(&button);
    waits(&mut next);
    board.press("btns_gpio", 0).unwrap();
    ends(&mut next);
    drop(next);
    assert_eq!(base.statistics().spurious, 0, "nobody was woken for nothing");
    all_is_masked(&base);
}

#[test]
fn a_timed_out_wait_leaves_nothing_stale() {
    let base = base();
    let board = base.simulation().unwrap();
    let button = base.button(0).unwrap();
    let soon = || base.clock().now() + Duration::from_millis(5);
    for _ in 0..3 {
        assert!(button.wait_for_edge_until(Edge::Rising, soon()).unwrap_err().is_timed_out());
        let late = base.block_on(button.wait_for_edge_async(Edge::Rising).until(soon())).unwrap();
        assert!(late.unwrap_err().is_timed_out());
        all_is_masked(&base);
        // An edge that no task waited for is not returned to the next wait.
        board.press("btns_gpio", 0).unwrap();
        assert!(button.wait_for_edge_until(Edge::Rising, soon()).unwrap_err().is_timed_out());
        board.release("btns_gpio", 0).unwrap();
    }
    // A time-out does not count as an event either: one edge is one.
    let mut interrupt = base.interrupt("btns_gpio/ip2intc_irpt").unwrap();
    for _ in 0..3 {
        assert!(interrupt.wait_until(soon()).unwrap_err().is_timed_out());
        let mut wait = fired(&mut interrupt);
        waits(&mut wait);
        board.pulse_line("btns_gpio/ip2intc_irpt").unwrap();
        ends(&mut wait);
        drop(wait);
        let before = interrupt.stats().fired;
        assert!(interrupt.wait_until(soon()).unwrap_err().is_timed_out());
        assert_eq!(interrupt.stats().fired, before);
    }
}
