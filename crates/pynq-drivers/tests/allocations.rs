//! A wait allocates nothing: not when it begins, not when its event is dispatched, not when it ends or is dropped.
#![allow(clippy::unwrap_used)] // a test may

mod common;
mod counting;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use common::*;
use counting::allocations;
use pynq_core::interrupt::{ParentLine, StdLock};
use pynq_drivers::{
    AxiGpio, AxiGpioHardware, AxiTimer, AxiTimerConfig, AxiTimerHardware, AxiUartLite, AxiUartLiteConfig,
    AxiUartLiteHardware, Edge, Level, axi_gpio::axi_gpio_node, axi_timer::axi_timer_node,
    axi_uartlite::axi_uartlite_node,
};
use pynq_sim::{
    Board, Stimulus, Trigger,
    models::{AxiTimerModel, AxiUartLiteModel, TimerParams, UartParams},
};

#[test]
fn a_wait_allocates_nothing() {
    // A node of its own, since the one of the rig is recorded, and a record grows.
    let rig = Rig::buttons(EDGE);
    let hardware = AxiGpioHardware::new(rig.window.clone(), *rig.gpio.config()).unwrap();
    let parent = ParentLine::new(rig.intc.clone(), 3);
    let gpio = AxiGpio::new(Arc::pin(axi_gpio_node(StdLock::new(), hardware, parent))).unwrap();
    let pin = gpio.channel1().pin(0).unwrap();
    let stimuli = [false, true].map(|level| Stimulus::pin("gpio", 1, 0, level));
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = |level: Level| {
        let before = allocations();
        {
            let mut wait = pin!(pin.wait_for_level_async(level));
            let mut dropped = pin!(pin.wait_for_edge_async(Edge::Any));
            assert!(wait.as_mut().poll(&mut cx).is_pending());
            assert!(dropped.as_mut().poll(&mut cx).is_pending());
            rig.board.stimulate(&stimuli[usize::from(level.is_high())]).unwrap();
            assert_eq!(wait.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
        }
        allocations() - before
    };
    let counted: Vec<usize> = (0..200).map(|n| round(Level::from(n % 2 == 0))).collect();
    // The simulator's own tables grow in the first rounds.
    assert!(counted[100..].iter().all(|&count| count == 0), "{counted:?}");
}

#[test]
fn nor_does_one_for_a_timer_or_a_character() {
    let board = Board::builder()
        .device("timer", 0x4280_0000, 0x1_0000, AxiTimerModel::new(TimerParams::default()))
        .device("uart", 0x4060_0000, 0x1_0000, AxiUartLiteModel::new(UartParams::default()))
        .interrupt("timer/interrupt", 61)
        .interrupt("uart/interrupt", 62)
        .build()
        .unwrap();
    let hardware = AxiTimerHardware::new(board.window("timer").unwrap(), AxiTimerConfig::new(100_000_000)).unwrap();
    let node = axi_timer_node(StdLock::new(), hardware, board.cpu_pin(61).unwrap());
    let mut channel = AxiTimer::new(Arc::pin(node)).unwrap().channel(0).unwrap();
    let pin = board.cpu_pin(62).unwrap();
    pin.set_trigger(Trigger::Edge);
    let hardware = AxiUartLiteHardware::new(board.window("uart").unwrap(), AxiUartLiteConfig::new(115_200)).unwrap();
    let uart = AxiUartLite::new(Arc::pin(axi_uartlite_node(StdLock::new(), hardware, pin))).unwrap();

    let period = Duration::from_micros(10);
    channel.start_periodic(period).unwrap();
    let character = Stimulus::character("uart", 1);
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = || {
        let mut buffer = [0; 1];
        let before = allocations();
        {
            let mut wait = pin!(channel.wait_async());
            let mut read = pin!(uart.read_bytes_async(&mut buffer));
            assert!(wait.as_mut().poll(&mut cx).is_pending() && read.as_mut().poll(&mut cx).is_pending());
            board.advance(period);
            board.stimulate(&character).unwrap();
            assert!(wait.as_mut().poll(&mut cx).is_ready() && read.as_mut().poll(&mut cx).is_ready());
        }
        allocations() - before
    };
    let counted: Vec<usize> = (0..200).map(|_| round()).collect();
    assert!(counted[100..].iter().all(|&count| count == 0), "{counted:?}");
}
