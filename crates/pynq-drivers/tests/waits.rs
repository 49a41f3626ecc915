//! Waits for levels, values, edges and changes: async, blocking, and with a deadline.

#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::{pin::pin, sync::Arc, task::Poll, thread, time::Duration};

use common::of_block;
use common::*;
use embedded_hal_async::digital::Wait;
use pynq_core::{
    Error, Instant, Mmio,
    interrupt::{ParentLine, StdLock},
};
use pynq_drivers::{
    AxiGpio, AxiGpioConfig, AxiGpioHardware, Button, Edge, Level,
    axi_gpio::{AxiGpioError, ChannelConfig, axi_gpio_node},
};
use pynq_sim::Stimulus;

const OK: Poll<pynq_drivers::axi_gpio::Result<()>> = Poll::Ready(Ok(()));

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn fails(error: Error) -> pynq_drivers::axi_gpio::Result<()> {
    Err(of_block(AxiGpioError::Node(error)))
}

#[test]
fn a_level_wakes_the_task_that_awaits_it() {
    for kind in [LEVEL, EDGE] {
        let rig = Rig::buttons(kind);
        let pin = rig.pin(2);
        for level in [Level::High, Level::Low, Level::High] {
            let mut task = Task::waiting(pin.wait_for_level_async(level));
            assert!(rig.cpu.is_armed());
            rig.board.input("gpio", 1, 2, level.is_high()).unwrap();
            assert_eq!((task.wakes(), task.poll()), (1, OK));
            rig.assert_idle();
        }
    }
}

#[test]
fn a_level_that_is_there_is_not_waited_for() {
    let rig = Rig::buttons(EDGE);
    let pin = rig.pin(0);
    assert_eq!(poll_once(pin.wait_for_level_async(Level::Low)), OK);
    assert_eq!(pin.wait_for_level(Level::Low), Ok(()));
    assert_eq!(poll_once(rig.gpio.channel1().wait_for_value_async(0)), OK);
    rig.assert_idle();
    assert_eq!(rig.cpu.interrupts(), 0);
}

#[test]
fn edges_count_from_the_call_on() {
    let rig = Rig::buttons(EDGE);
    let pin = rig.pin(1);
    rig.press(1);
    let mut rising = Task::waiting(pin.wait_for_edge_async(Edge::Rising));
    let mut falling = Task::waiting(pin.wait_for_edge_async(Edge::Falling));
    let mut any = Task::waiting(pin.wait_for_edge_async(Edge::Any));
    rig.release(1);
    assert_eq!([rising.wakes(), falling.wakes(), any.wakes()], [0, 1, 1]);
    assert_eq!((falling.poll(), any.poll()), (OK, OK));
    let mut any = Task::waiting(pin.wait_for_edge_async(Edge::Any));
    rig.press(1);
    assert_eq!([rising.wakes(), any.wakes()], [1, 1]);
    assert_eq!((rising.poll(), any.poll()), (OK, OK));
    rig.assert_idle();
}

#[test]
fn an_edge_that_is_taken_back_before_it_is_served_is_not_seen() {
    let rig = Rig::buttons(EDGE);
    let pin = rig.pin(0);
    let mut rising = Task::waiting(pin.wait_for_edge_async(Edge::Rising));
    // Held low, the line lets the press through only when the button is released again.
    rig.board.set_line("gpio/ip2intc_irpt", false).unwrap();
    rig.press(0);
    rig.release(0);
    rig.board.release_line("gpio/ip2intc_irpt").unwrap();
    assert_eq!((rising.wakes(), rig.cpu.interrupts()), (0, 1), "served, and nothing had changed");
    rig.press(0);
    assert_eq!((rising.wakes(), rising.poll()), (1, OK), "and it still waits");
}

#[test]
fn a_value_is_all_of_the_slice_and_nothing_beside_it() {
    let rig = Rig::buttons(EDGE);
    let slice = rig.gpio.channel1().slice(1..3).unwrap();
    let mut task = Task::waiting(slice.wait_for_value_async(0b11));
    for bits in [0b0010, 0b1010, 0b1100, 0b1001] {
        rig.board.stimulate(&Stimulus::pins("gpio", 1, bits)).unwrap();
    }
    assert_eq!(task.wakes(), 0, "woken by the whole value only");
    rig.board.stimulate(&Stimulus::pins("gpio", 1, 0b1110)).unwrap();
    assert_eq!((task.wakes(), task.poll()), (1, OK));
}

#[test]
fn blocking_calls_move_the_boards_clock() {
    let rig = Rig::buttons(EDGE);
    let pin = rig.pin(0);
    for (at, level) in [(5, true), (7, false), (9, true), (11, false)] {
        rig.board.after(ms(at), move |board| board.input("gpio", 1, 0, level).unwrap());
    }
    rig.board.after(ms(20), |board| board.stimulate(&Stimulus::pins("gpio", 1, 0b0110)).unwrap());
    let now = || rig.board.now().as_millis();
    assert_eq!((pin.wait_for_level(Level::High), now()), (Ok(()), 5));
    assert_eq!((pin.wait_for_edge(Edge::Rising), now()), (Ok(()), 9));
    assert_eq!((pin.wait_for_edge(Edge::Any), now()), (Ok(()), 11));
    let slice = rig.gpio.channel1().slice(1..3).unwrap();
    assert_eq!((slice.wait_for_value(3), now()), (Ok(()), 20));
    rig.assert_idle();
    assert_eq!(pin.wait_for_level(Level::High), fails(Error::NeverWoken), "an error beats a hang");
    rig.assert_idle();
}

#[test]
fn blocking_deadlines_lose_against_the_event() {
    let rig = Rig::buttons(EDGE);
    let (pin, channel) = (rig.pin(0), rig.gpio.channel1());
    let at = Instant::from_millis;
    rig.board.at(at(30), |board| board.press("gpio", 0).unwrap());
    assert_eq!(pin.wait_for_level_until(Level::High, at(10)), fails(Error::TimedOut));
    assert_eq!(pin.wait_for_edge_until(Edge::Rising, at(20)), fails(Error::TimedOut));
    assert_eq!(channel.wait_for_value_until(1, at(25)), fails(Error::TimedOut));
    assert_eq!(rig.board.now(), at(25));
    rig.assert_idle();
    assert_eq!(pin.wait_for_level_until(Level::High, at(30)), Ok(()), "both at 30 ms");
    assert_eq!(pin.wait_for_level_until(Level::High, at(1)), Ok(()), "past, but the level is there");
    assert_eq!(channel.wait_for_value_until(1, at(1)), Ok(()));
    assert_eq!(pin.wait_for_edge_until(Edge::Any, at(1)), fails(Error::TimedOut));
    rig.assert_idle();
}

#[test]
fn async_deadlines_lose_against_the_event() {
    let rig = Rig::buttons(EDGE);
    let (pin, channel, _clock) = (rig.pin(0), rig.gpio.channel1(), rig.board.clock());
    let at = Instant::from_millis;
    rig.board.at(at(30), |board| board.press("gpio", 0).unwrap());
    let log = rig
        .board
        .block_on(async {
            [
                pin.wait_for_level_async(Level::High).until(at(10)).await,
                pin.wait_for_edge_async(Edge::Rising).until(at(20)).await,
                channel.wait_for_value_async(1).until(at(25)).await,
                pin.wait_for_level_async(Level::High).until(at(40)).await,
                pin.wait_for_level_async(Level::High).until(at(1)).await,
                pin.wait_for_edge_async(Edge::Any).until(ms(10)).await,
            ]
        })
        .unwrap();
    let late = fails(Error::TimedOut);
    assert_eq!(log, [late.clone(), late.clone(), late.clone(), Ok(()), Ok(()), late]);
    assert_eq!(rig.board.now(), at(40), "ten after the press");
    rig.assert_idle();
    // Both ready at the same poll: the level has come, and so has the deadline.
    let mut both = Task::waiting(pin.wait_for_level_async(Level::Low).until(at(50)));
    rig.release(0);
    rig.board.advance_to(at(60));
    assert_eq!(both.poll(), OK);
}

#[test]
fn changes_are_net_changes_since_the_handle_last_looked() {
    let rig = Rig::dual(EDGE);
    rig.press(0);
    let mut pin = rig.pin(0).changes().unwrap();
    let mut slice = rig.gpio.channel1().slice(1..3).unwrap().changes().unwrap();
    let mut channel = rig.gpio.channel1().changes().unwrap();
    let mut other = rig.gpio.channel2().unwrap().changes().unwrap();
    rig.press(2);
    rig.press(1);
    rig.release(1);
    // No task waited meanwhile.
    assert!(poll_once(pin.wait_async()).is_pending(), "pressed before it looked");
    assert!(poll_once(other.wait_async()).is_pending());
    let changed = |fired: Result<pynq_core::interrupt::Fired, Error>| fired.unwrap().changed;
    assert_eq!(changed(slice.wait()), 0b0100, "button 1 is where it was; bits are the channel's");
    assert_eq!(changed(channel.wait()), 0b0100);
    assert!(poll_once(slice.wait_async()).is_pending());
    rig.release(0);
    assert_eq!((changed(pin.wait()), changed(channel.wait())), (1, 1));
    rig.press(0);
    pin.clear().unwrap();
    assert!(poll_once(pin.wait_async()).is_pending(), "cleared");
    assert_eq!(changed(channel.wait()), 1, "for itself alone");
    rig.assert_idle();
}

#[test]
fn a_listener_counts_the_changes_between_its_waits() {
    let rig = Rig::buttons(EDGE);
    let mut listener = pin!(rig.pin(0).changes().unwrap().listen());
    listener.as_mut().arm().unwrap();
    let served = rig.gpio.node().line_stats(0).fired;
    for _ in 0..3 {
        rig.press(0);
        rig.release(0);
    }
    rig.press(0);
    assert_eq!(rig.gpio.node().line_stats(0).fired - served, 7, "armed all the time");
    assert_eq!(listener.next().unwrap().changed, 1);
}

#[test]
fn without_an_interrupt_waits_are_refused_and_reads_go_on() {
    let built_without = Rig::new(AxiGpioConfig::new(ChannelConfig::inputs(4)), EDGE);
    let unwired = Rig::unwired(AxiGpioConfig::new(ChannelConfig::inputs(4)).with_interrupt());
    for rig in [built_without, unwired] {
        let (pin, channel) = (rig.pin(0), rig.gpio.channel1());
        let refused = fails(Error::InterruptsUnavailable);
        assert_eq!(pin.wait_for_level(Level::High), refused);
        assert_eq!(pin.wait_for_edge(Edge::Any), refused);
        assert_eq!(channel.wait_for_value(7), refused);
        assert_eq!(pin.wait_for_level_until(Level::High, Instant::MAX), refused);
        let _clock = rig.board.clock();
        let results = rig.board.block_on(async {
            [
                pin.wait_for_level_async(Level::High).await,
                pin.wait_for_edge_async(Edge::Rising).await,
                channel.wait_for_value_async(7).await,
                pin.wait_for_level_async(Level::High).until(Instant::from_millis(1)).await,
            ]
        });
        assert!(results.unwrap().iter().all(|result| *result == refused));
        let change =
            pin.changes().and_then(|mut changes| changes.wait().map(drop).map_err(|error| of_block(error.into())));
        assert_eq!(change, refused);
        assert_eq!(rig.board.now(), Instant::START, "at once");
        rig.press(0);
        assert_eq!((pin.read(), channel.read()), (Ok(Level::High), Ok(1)), "polling works");
        assert!(rig.gpio.node().is_idle());
    }
}

#[test]
fn a_root_that_fails_ends_the_wait() {
    let rig = Rig::buttons(LEVEL);
    let pin = rig.pin(0);
    let mut task = Task::waiting(pin.wait_for_level_async(Level::High));
    rig.cpu.fail(Error::DeviceGone);
    assert_eq!((task.wakes(), task.poll()), (1, Poll::Ready(fails(Error::DeviceGone))));
}

#[test]
fn waits_are_small_and_can_be_sent() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let rig = Rig::buttons(EDGE);
    let (pin, button) = (rig.pin(0), Button::new(rig.pin(0)).unwrap());
    let engine = size_of::<pynq_core::interrupt::ConditionWait<'_>>();
    let waits = [
        size_of_val(&sendable(pin.wait_for_level_async(Level::High))),
        size_of_val(&sendable(pin.as_slice().wait_for_value_async(1))),
        size_of_val(&sendable(button.wait_for_edge_async(Edge::Any))),
        size_of_val(&sendable(Wait::wait_for_high(&mut pin.clone()))),
    ];
    assert_eq!(waits, [engine; 4], "a driver adds nothing to the engine's future");
    sendable(pin.clone());
    sendable(pin.changes().unwrap());
}

#[test]
fn four_threads_block_on_four_buttons() {
    let rig = Rig::buttons(EDGE);
    rig.board.after(ms(10), |board| board.stimulate(&Stimulus::pins("gpio", 1, 0b1111)).unwrap());
    thread::scope(|scope| {
        for n in 0..4 {
            let (pin, board) = (rig.pin(n), rig.board.clone());
            scope.spawn(move || {
                assert_eq!(pin.wait_for_level_until(Level::High, Instant::from_millis(100)), Ok(()));
                assert_eq!(board.now().as_millis(), 10);
            });
        }
    });
    rig.assert_idle();
}

/// As the facade hands windows out.
#[test]
fn a_shared_window_does_as_well() {
    let rig = Rig::buttons(EDGE);
    let window: Arc<dyn Mmio + Send + Sync> = Arc::new(rig.window.clone());
    let hardware = AxiGpioHardware::new(window, *rig.gpio.config()).unwrap();
    let node = Arc::pin(axi_gpio_node(StdLock::new(), hardware, ParentLine::new(rig.intc.clone(), 3)));
    let button = Button::new(AxiGpio::new(node).unwrap().channel1().pin(0).unwrap()).unwrap();
    let mut task = Task::waiting(button.wait_for_level_async(Level::High));
    rig.press(0);
    assert_eq!((task.wakes(), task.poll()), (1, OK));
}

#[test]
fn a_static_node_does_as_well() {
    let rig = Rig::buttons(EDGE);
    let hardware = AxiGpioHardware::new(rig.window.clone(), *rig.gpio.config()).unwrap();
    let parent = ParentLine::new(rig.intc.clone(), 3);
    let node: &'static _ = Box::leak(Box::new(axi_gpio_node(StdLock::new(), hardware, parent)));
    let pin = AxiGpio::new(node).unwrap().channel1().pin(1).unwrap();
    let mut task = Task::waiting(pin.wait_for_edge_async(Edge::Rising));
    rig.press(1);
    assert_eq!((task.wakes(), task.poll()), (1, OK));
    rig.assert_idle();
}
