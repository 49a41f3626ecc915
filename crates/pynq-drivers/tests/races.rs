//! The races of the data sheet, each provoked at the access where it is decided.

#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::task::Poll;

use common::*;
use pynq_core::mmio::Recorded;
use pynq_drivers::{AxiGpioConfig, Edge, Level, axi_gpio::ChannelConfig};
use pynq_sim::{Access, Stimulus};

const OK: Poll<pynq_drivers::axi_gpio::Result<()>> = Poll::Ready(Ok(()));

impl Rig {
    /// Pins of a channel change immediately before the driver's next such access.
    fn before(&self, register: usize, access: Access, channel: u8, bits: u32) {
        let register = u32::try_from(register).unwrap();
        self.board.before_access("gpio", register, access, Stimulus::pins("gpio", channel, bits)).unwrap();
    }

    /// Each write to the status register toggled only bits that the read before it had shown.
    #[track_caller]
    fn assert_only_toggles_what_it_read(&self) {
        let mut read = 0;
        for access in self.recorder.take() {
            match access {
                Recorded::Read { offset: IP_ISR, value } => read = value,
                Recorded::Write { offset: IP_ISR, value } => {
                    assert_eq!(value & !read, 0, "toggled {value:#b}, read {read:#b}");
                    read &= !value;
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_press_of_button_0_is_for_button_0() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::buttons(kind);
        let pins = [rig.pin(0), rig.pin(1)];
        let mut first = Task::waiting(pins[0].wait_for_level_async(Level::High));
        let mut second = Task::waiting(pins[1].wait_for_level_async(Level::High));
        rig.press(0);
        assert_eq!([first.wakes(), second.wakes()], [1, 0]);
        assert_eq!((first.poll(), second.poll()), (OK, Poll::Pending));
        rig.release(0);
        rig.press(1);
        assert_eq!((second.wakes(), second.poll()), (1, OK));
        let stats = rig.gpio.node().line_stats(0);
        assert_eq!((stats.woken, stats.spurious, stats.stuck), (2, 0, 0));
        rig.assert_idle();
    }
}

#[test]
fn two_waiters_on_one_pin_are_woken_by_one_service() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::buttons(kind);
        let pin = rig.pin(3);
        let mut tasks = [(); 20].map(|()| Task::waiting(pin.wait_for_level_async(Level::High)));
        rig.press(3);
        assert!(tasks.iter_mut().all(|task| task.wakes() == 1 && task.poll() == OK));
        assert_eq!((rig.cpu.interrupts(), rig.gpio.node().line_stats(0).fired), (1, 1));
        rig.assert_idle();
    }
}

#[test]
fn channels_share_a_line_and_no_waiters() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::dual(kind);
        let (one, two) = (rig.pin(0), rig.pin2(0));
        let mut first = Task::waiting(one.wait_for_edge_async(Edge::Any));
        let mut second = Task::waiting(two.wait_for_edge_async(Edge::Any));
        rig.board.input("gpio", 2, 0, true).unwrap();
        assert_eq!([first.wakes(), second.wakes()], [0, 1]);
        assert_eq!(second.poll(), OK);
        for level in [false, true] {
            rig.board.input("gpio", 2, 0, level).unwrap();
        }
        assert_eq!(first.wakes(), 0, "channel 2 is masked, and its status is none of channel 1's");
        rig.press(0);
        assert_eq!((first.wakes(), first.poll()), (1, OK));
        rig.assert_only_toggles_what_it_read();
        rig.assert_idle();
    }
}

#[test]
fn both_channels_change_before_one_service() {
    for kind in [LEVEL, EDGE] {
        for (register, access) in [(IP_ISR, Access::Read), (IP_ISR, Access::Write), (DATA, Access::Read)] {
            let rig = Rig::dual(kind);
            let (one, two) = (rig.pin(0), rig.pin2(3));
            let mut first = Task::waiting(one.wait_for_level_async(Level::High));
            let mut second = Task::waiting(two.wait_for_level_async(Level::High));
            rig.before(register, access, 2, 0b1000);
            rig.press(0);
            assert_eq!([first.wakes(), second.wakes()], [1, 1], "channel 2 changed before {access:?} of {register:#x}");
            assert_eq!((first.poll(), second.poll()), (OK, OK));
            rig.assert_only_toggles_what_it_read();
            rig.assert_idle();
        }
    }
}

#[test]
fn a_status_that_nobody_waits_for_is_left_to_its_channel() {
    let rig = Rig::dual(EDGE);
    rig.board.input("gpio", 2, 1, true).unwrap();
    let one = rig.pin(0);
    let mut changes = rig.pin2(1).changes().unwrap();
    rig.board.input("gpio", 2, 1, false).unwrap();
    let mut first = Task::waiting(one.wait_for_level_async(Level::High));
    rig.press(0);
    assert_eq!(first.poll(), OK);
    assert_eq!(rig.window.read(IP_ISR), 0b10, "serving channel 1 leaves the other's status");
    assert_eq!(changes.wait().map(|fired| fired.changed), Ok(0b0010), "and its change");
    rig.assert_idle();
}

#[test]
fn a_level_on_an_edge_line_comes_again_and_again() {
    let rig = Rig::dual(EDGE);
    let (button, other) = (rig.pin(0), rig.pin2(0));
    // Keeps the block unmasked throughout.
    let mut patient = Task::waiting(other.wait_for_level_async(Level::High));
    for round in 0..50 {
        let level = Level::from(round % 2 == 0);
        let mut task = Task::waiting(button.wait_for_level_async(level));
        rig.board.input("gpio", 1, 0, level.is_high()).unwrap();
        assert_eq!((task.wakes(), task.poll()), (1, OK), "round {round}");
        assert!(!rig.board.line("gpio/ip2intc_irpt").unwrap(), "it has dropped, or no edge would come any more");
    }
    rig.board.input("gpio", 2, 0, true).unwrap();
    assert_eq!((patient.wakes(), patient.poll()), (1, OK));
    rig.assert_idle();
}

#[test]
fn a_change_after_the_status_was_cleared_is_served_as_well() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::buttons(kind);
        let pins = [rig.pin(0), rig.pin(1)];
        let mut first = Task::waiting(pins[0].wait_for_level_async(Level::High));
        let mut second = Task::waiting(pins[1].wait_for_level_async(Level::High));
        // Button 0 is being served: its status is cleared, DATA is not yet read.
        rig.before(DATA, Access::Read, 1, 0b0011);
        rig.press(0);
        assert_eq!([first.wakes(), second.wakes()], [1, 1]);
        // And back again between two reads of DATA.
        assert_eq!((first.poll(), second.poll()), (OK, OK));
        rig.assert_idle();
    }
}

#[test]
fn low_is_not_lost_when_the_pin_went_up_and_down_around_the_registration() {
    for kind in [LEVEL, EDGE] {
        // 1. Up before the waiter registers, down before the first service: DATA is what it was before all that.
        let rig = Rig::buttons(kind);
        let pin = rig.pin(0);
        rig.press(0);
        rig.before(IP_ISR, Access::Read, 1, 0);
        let mut task = Task::new(pin.wait_for_level_async(Level::Low));
        assert!(task.poll() == OK || task.wakes() == 1 && task.poll() == OK, "a stale status is served at once");
        rig.assert_idle();

        // 2. The same with a waiter that keeps the node sampling.
        let rig = Rig::buttons(kind);
        let (pin, other) = (rig.pin(0), rig.pin(1));
        let mut sampling = Task::waiting(other.wait_for_edge_async(Edge::Any));
        rig.board.set_line("gpio/ip2intc_irpt", false).unwrap();
        rig.press(0);
        let mut task = Task::waiting(pin.wait_for_level_async(Level::Low));
        rig.release(0);
        assert_eq!(task.wakes(), 0, "the interrupt is held back");
        rig.board.release_line("gpio/ip2intc_irpt").unwrap();
        assert_eq!((task.wakes(), task.poll()), (1, OK));
        assert_eq!(sampling.wakes(), 0);
        assert!(sampling.poll().is_pending());
    }
}

#[test]
fn a_change_between_the_unmasking_and_the_sample_completes_the_wait() {
    for kind in [LEVEL, EDGE] {
        for (register, access) in [(IP_IER, Access::Write), (DATA, Access::Read)] {
            let rig = Rig::buttons(kind);
            let pin = rig.pin(0);
            rig.before(register, access, 1, 1);
            assert_eq!(poll_once(pin.wait_for_level_async(Level::High)), OK);
            rig.assert_idle();
            assert_eq!(poll_once(pin.wait_for_level_async(Level::Low)), Poll::Pending);
            rig.release(0);
            rig.assert_idle();
        }
    }
}

#[test]
fn a_joiner_takes_no_event_from_who_was_there_before() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::buttons(kind);
        let pin = rig.pin(0);
        let mut early = Task::waiting(pin.wait_for_edge_async(Edge::Any));
        rig.board.set_line("gpio/ip2intc_irpt", false).unwrap();
        rig.press(0);
        // Both of these look at the channel while a change is pending, the second one clears its status.
        let mut late = Task::waiting(pin.wait_for_edge_async(Edge::Any));
        let handle = pin.changes().unwrap();
        assert_eq!(rig.window.read(IP_ISR), 0, "harvested");
        assert_eq!([early.wakes(), late.wakes()], [1, 0], "the difference was delivered to who waited for it");
        rig.board.release_line("gpio/ip2intc_irpt").unwrap();
        assert_eq!((early.poll(), late.poll()), (OK, Poll::Pending));
        rig.release(0);
        assert_eq!((late.wakes(), late.poll()), (1, OK));
        drop(handle);
        rig.assert_idle();
    }
}

#[test]
fn a_bounce_is_no_change_and_no_error() {
    let rig = Rig::buttons(EDGE);
    let (pin, mut changes) = (rig.pin(0), rig.pin(0).changes().unwrap());
    for _ in 0..5 {
        rig.press(0);
        rig.release(0);
    }
    assert!(poll_once(changes.wait_async()).is_pending());
    assert_eq!(rig.cpu.interrupts(), 1, "one for the stale status");
    let mut task = Task::waiting(pin.wait_for_level_async(Level::High));
    assert_eq!(rig.cpu.interrupts(), 1, "and it is gone");
    rig.press(0);
    assert_eq!(task.poll(), OK);
}

#[test]
fn an_output_that_reads_back_raises_its_own_event() {
    let config = AxiGpioConfig::new(ChannelConfig::bidirectional(4)).dual(ChannelConfig::outputs(4)).with_interrupt();
    for kind in [LEVEL, EDGE] {
        let rig = Rig::new(config, kind);
        let (pin, led) = (rig.pin(0), rig.pin2(0));
        pin.drive(Level::Low).unwrap();
        let mut task = Task::waiting(pin.wait_for_level_async(Level::High));
        led.set_high().unwrap();
        assert_eq!(task.wakes(), 0, "outputs alone raise nothing");
        pin.set_high().unwrap();
        assert_eq!((task.wakes(), task.poll()), (1, OK), "served within the write that raised it");
        rig.assert_idle();
    }
}

#[test]
fn a_spurious_interrupt_wakes_nobody() {
    let rig = Rig::buttons(EDGE);
    let pin = rig.pin(0);
    let mut task = Task::waiting(pin.wait_for_level_async(Level::High));
    rig.cpu.fire_spuriously();
    rig.board.pulse_line("intc/intr[3]").unwrap();
    assert_eq!(task.wakes(), 0);
    rig.press(0);
    assert_eq!((task.wakes(), task.poll()), (1, OK));
    rig.assert_idle();
}
