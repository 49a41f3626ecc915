//! Blocks that are taken over as an earlier program left them.
#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::sync::Arc;

use common::{EDGE, GIER, IP_IER, IP_ISR, LEVEL, board};
use pynq_core::{AxiIntcConfig, AxiIntcHardware, interrupt::StdLock, mmio::Recorder};
use pynq_drivers::{
    AxiGpio, AxiGpioConfig, AxiGpioHardware, Level,
    axi_gpio::{ChannelConfig, axi_gpio_node},
};
use pynq_sim::{
    Board,
    models::{AxiIntcModel, IntcParams},
};

#[test]
fn an_attached_gpio_keeps_what_it_drives() {
    let mut config =
        AxiGpioConfig::new(ChannelConfig::outputs(8)).dual(ChannelConfig::bidirectional(8)).with_interrupt();
    config.channel1.dout_default = 0x0F;
    let board = board(&config, EDGE, true);
    let window = board.window("gpio").unwrap();
    // A program before this one: LEDs lit, a reset held on the second channel, interrupts enabled.
    for (offset, value) in [(0x000, 0xA5), (0x008, 0x81), (0x00C, 0x7E), (IP_IER, 0b11), (GIER, 1 << 31)] {
        window.write(offset, value);
    }
    let before = (board.output("gpio", 1), board.output("gpio", 2), board.output_log().len());
    assert!(matches!(before, (Ok(0xA5), Ok(0x81), _)));

    let hardware = AxiGpioHardware::attach(board.window("gpio").unwrap(), config).unwrap();
    let node = Arc::pin(axi_gpio_node(StdLock::new(), hardware, pynq_core::interrupt::ParentLine::UNWIRED));
    let gpio = AxiGpio::new(node).unwrap();
    assert_eq!(
        (board.output("gpio", 1), board.output("gpio", 2), board.output_log().len()),
        before,
        "not even a pulse"
    );
    assert_eq!([0x00C, IP_ISR, IP_IER, GIER].map(|at| window.read(at)), [0x7E, 0, 0, 1 << 31]);

    // Its shadows know what it found: moving one pin moves no other.
    gpio.channel1().pin(1).unwrap().write(Level::High).unwrap();
    gpio.channel2().unwrap().pin(0).unwrap().write(Level::Low).unwrap();
    assert_eq!((board.output("gpio", 1), board.output("gpio", 2)), (Ok(0xA7), Ok(0x80)));
    assert_eq!((gpio.channel1().output(), gpio.channel2().unwrap().inputs()), (Ok(0xA7), Ok(0x7E)));
}

#[test]
fn a_level_that_somebody_left_in_a_controller_is_lifted() {
    let params = IntcParams { inputs: 4, kind_of_intr: LEVEL, has_ilr: true, ..IntcParams::default() };
    let board = Board::builder()
        .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(params))
        .interrupt("intc/irq", 61)
        .build()
        .unwrap();
    let window = board.window("intc").unwrap();
    window.write(0x24, 0);
    let config = AxiIntcConfig { has_ilr: true, ..AxiIntcConfig::new(4, LEVEL) };
    let hardware = AxiIntcHardware::new(board.window("intc").unwrap(), config).unwrap();
    drop(hardware);
    assert_eq!(window.read(0x24), u32::MAX);
}

/// An access beyond the registers that a block was built with can be a bus error.
#[test]
fn registers_that_a_controller_was_built_without_are_left_alone() {
    let board = Board::builder()
        .device("intc", 0x4180_0000, 0x1_0000, AxiIntcModel::new(IntcParams::default()))
        .interrupt("intc/irq", 61)
        .build()
        .unwrap();
    let recorder = Recorder::new(board.window("intc").unwrap());
    let _hardware = AxiIntcHardware::new(&recorder, AxiIntcConfig::new(4, LEVEL)).unwrap();
    let accessed: Vec<_> = recorder.take().into_iter().map(|access| access.offset()).collect();
    assert!(accessed.contains(&0x1C) && accessed.iter().all(|offset| *offset < 0x20), "{accessed:#x?}");
}
