//! Reading, writing and directions, and what is refused.

#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::{error::Error as _, thread};

use common::of_block;
use common::*;
use pynq_core::{Error, mmio::Recorded};
use pynq_drivers::{
    AxiGpioConfig, AxiGpioHardware, Level,
    axi_gpio::{AxiGpioConfigError, AxiGpioError, ChannelConfig, Direction},
};

fn bidirectional(width: u8) -> AxiGpioConfig {
    AxiGpioConfig::new(ChannelConfig::bidirectional(width)).with_interrupt()
}

#[test]
fn a_previous_users_state_is_gone() {
    let channel =
        ChannelConfig { dout_default: 0xFFFF_FFA5, tri_default: 0xFFFF_FF0F, ..ChannelConfig::bidirectional(8) };
    let config = AxiGpioConfig::new(channel).dual(ChannelConfig::outputs(4)).with_interrupt();
    let board = board(&config, EDGE, true);
    let window = board.window("gpio").unwrap();
    for (register, value) in [(DATA, 0x3C), (TRI, 0), (0x008, 0xF), (IP_ISR, 3), (IP_IER, 3), (GIER, 1 << 31)] {
        window.write(register, value);
    }
    assert!(board.line("gpio/ip2intc_irpt").unwrap());
    let rig = Rig::on(board, config, EDGE, true);
    let registers = [GIER, IP_ISR, IP_IER, TRI].map(|register| window.read(register));
    assert_eq!(registers, [1 << 31, 0, 0, 0x0F]);
    assert_eq!((rig.board.output("gpio", 1), rig.board.output("gpio", 2)), (Ok(0xA0), Ok(0)));
    assert_eq!((rig.gpio.channel1().output(), rig.gpio.channel1().inputs()), (Ok(0xA5), Ok(0x0F)));
    rig.assert_idle();
}

#[test]
fn a_block_without_an_interrupt_has_no_such_registers() {
    let rig = Rig::new(AxiGpioConfig::new(ChannelConfig::bidirectional(4)), EDGE);
    let recorder = std::sync::Arc::clone(&rig.recorder);
    let _ = AxiGpioHardware::new(std::sync::Arc::clone(&recorder), *rig.gpio.config()).unwrap();
    rig.gpio.channel1().write(5).unwrap();
    assert!(rig.gpio.channel1().changes().is_err());
    assert!(recorder.take().iter().all(|access| access.offset() < GIER), "GIER, IP_ISR and IP_IER are left alone");
}

#[test]
fn slices_and_pins_have_their_first_bit_at_0() {
    let config = AxiGpioConfig::new(ChannelConfig::inputs(8)).dual(ChannelConfig::outputs(32));
    let rig = Rig::new(config, EDGE);
    rig.board.stimulate(&pynq_sim::Stimulus::pins("gpio", 1, 0b1011_0010)).unwrap();
    let inputs = rig.gpio.channel1();
    let read = [inputs.slice(0..4), inputs.slice(4..), inputs.slice(..=2), inputs.slice(3..=3), inputs.slice(..)]
        .map(|slice| slice.unwrap().read().unwrap());
    assert_eq!(read, [0b0010, 0b1011, 0b010, 0, 0b1011_0010]);
    assert_eq!(inputs.slice(4..8).unwrap().slice(1..3).unwrap().read(), Ok(0b01), "a slice of a slice");
    assert_eq!(inputs.slice(4..8).unwrap().pin(3).unwrap().read(), Ok(Level::High));
    assert_eq!(inputs.slice(4..8).unwrap().pin(3).unwrap().number(), 7);

    let outputs = rig.gpio.channel2().unwrap();
    outputs.write(0xDEAD_BEEF).unwrap();
    outputs.slice(8..16).unwrap().write(0x11).unwrap();
    outputs.slice(16..20).unwrap().write_masked(0b0110, 0b0011).unwrap();
    outputs.pin(31).unwrap().toggle().unwrap();
    outputs.slice(0..4).unwrap().toggle().unwrap();
    assert_eq!(rig.board.output("gpio", 2), Ok(0x5EAE_11E0));
    assert_eq!(outputs.output(), Ok(0x5EAE_11E0));
    assert_eq!(outputs.slice(8..16).unwrap().output(), Ok(0x11));
}

#[test]
fn what_is_written_comes_from_what_was_written_and_not_from_the_pins() {
    let rig = Rig::without_loopback(bidirectional(4));
    let channel = rig.gpio.channel1();
    channel.drive(0b0011).unwrap();
    assert_eq!((channel.read(), channel.output()), (Ok(0), Ok(0b0011)), "nothing drives the input wires");
    channel.pin(2).unwrap().set_high().unwrap();
    channel.pin(0).unwrap().toggle().unwrap();
    assert_eq!(rig.board.output("gpio", 1), Ok(0b0110));
    let reads = rig.recorder.take().iter().filter(|access| matches!(access, Recorded::Read { .. })).count();
    assert_eq!(reads, 1, "the one that was asked for");
}

#[test]
fn an_output_with_a_tri_state_buffer_reads_its_own_pin() {
    let rig = Rig::new(bidirectional(4), EDGE);
    let channel = rig.gpio.channel1();
    channel.slice(0..2).unwrap().drive(0b01).unwrap();
    rig.board.stimulate(&pynq_sim::Stimulus::pins("gpio", 1, 0b1010)).unwrap();
    assert_eq!(channel.read(), Ok(0b1001), "two are driven by the block, two from outside");
}

#[test]
fn a_pin_that_becomes_an_output_never_drives_the_old_value() {
    let rig = Rig::new(bidirectional(4), EDGE);
    let pin = rig.pin(1);
    assert_eq!(pin.direction(), Ok(Direction::Input));
    pin.drive(Level::High).unwrap();
    assert_eq!(pin.direction(), Ok(Direction::Output));
    let accesses = rig.recorder.take();
    assert_eq!(
        accesses,
        [Recorded::Write { offset: DATA, value: 0b0010 }, Recorded::Write { offset: TRI, value: 0b1101 }]
    );
    pin.set_direction(Direction::Input).unwrap();
    pin.drive(Level::Low).unwrap();
    pin.drive(Level::High).unwrap();
    let driven: Vec<u32> = rig.board.output_log().iter().map(|change| change.value).collect();
    assert_eq!(driven, [0b10, 0, 0b10], "high, released, low (as released), high");
}

#[test]
fn a_value_written_to_an_input_appears_when_it_becomes_an_output() {
    let rig = Rig::new(bidirectional(4), EDGE);
    let pin = rig.pin(3);
    pin.write(Level::High).unwrap();
    assert_eq!((rig.board.output("gpio", 1), pin.output()), (Ok(0), Ok(Level::High)));
    pin.set_direction(Direction::Output).unwrap();
    assert_eq!(rig.board.output("gpio", 1), Ok(0b1000));
    pin.set_direction(Direction::Input).unwrap();
    assert_eq!(rig.board.output("gpio", 1), Ok(0));
    assert_eq!(rig.gpio.channel1().inputs(), Ok(0b1111));
}

#[test]
fn a_direction_fixed_by_the_design_is_not_programmed() {
    let rig = Rig::new(AxiGpioConfig::new(ChannelConfig::inputs(2)).dual(ChannelConfig::outputs(2)), EDGE);
    rig.pin(0).set_direction(Direction::Input).unwrap();
    rig.pin2(0).set_direction(Direction::Output).unwrap();
    assert_eq!(rig.recorder.take(), []);
    rig.pin2(1).drive(Level::High).unwrap();
    assert_eq!(rig.recorder.take(), [Recorded::Write { offset: 0x008, value: 0b10 }]);
}

#[test]
fn two_threads_move_their_own_pins() {
    let rig = Rig::without_loopback(bidirectional(8));
    let channel = rig.gpio.channel1();
    channel.drive(0).unwrap();
    thread::scope(|scope| {
        for half in [0..4, 4..8] {
            let slice = channel.slice(half).unwrap();
            scope.spawn(move || {
                for round in 0..2_000_u32 {
                    slice.write(round % 16).unwrap();
                    assert_eq!(slice.output(), Ok(round % 16));
                    slice.pin(0).unwrap().toggle().unwrap();
                }
            });
        }
    });
    // 1999 % 16 is 15, and the last toggle takes its bit 0.
    assert_eq!(rig.board.output("gpio", 1), Ok(0xEE));
}

#[test]
fn misuse_is_refused_before_a_register_is_touched() {
    let rig =
        Rig::new(AxiGpioConfig::new(ChannelConfig::inputs(4)).dual(ChannelConfig::outputs(4)).with_interrupt(), EDGE);
    let (inputs, outputs) = (rig.gpio.channel1(), rig.gpio.channel2().unwrap());
    let (input, output) = (rig.pin(0), rig.pin2(0));

    let inputs_only = Err(of_block(AxiGpioError::InputsOnly { channel: 1 }));
    assert_eq!(inputs.write(1), inputs_only);
    assert_eq!(inputs.write_masked(1, 1), inputs_only);
    assert_eq!(inputs.toggle(), inputs_only);
    assert_eq!(inputs.drive(1), inputs_only);
    assert_eq!(inputs.output().map(drop), inputs_only);
    assert_eq!(input.set_high(), inputs_only);
    assert_eq!(input.drive(Level::Low), inputs_only);
    assert_eq!(input.set_direction(Direction::Output), inputs_only);

    let outputs_only = Err(of_block(AxiGpioError::OutputsOnly { channel: 2 }));
    assert_eq!(outputs.read().map(drop), outputs_only);
    assert_eq!(output.is_high().map(drop), outputs_only);
    assert_eq!(output.set_direction(Direction::Input), outputs_only);
    assert_eq!(output.wait_for_level(Level::Low), outputs_only);
    assert_eq!(poll_once(output.wait_for_level_async(Level::Low)), std::task::Poll::Ready(outputs_only.clone()));
    assert_eq!(outputs.wait_for_value(0), outputs_only);
    assert_eq!(output.changes().map(drop), outputs_only);

    let too_wide = Err(of_block(AxiGpioError::ValueTooWide { value: 0x10, pins: 4 }));
    assert_eq!(outputs.write(0x10), too_wide);
    assert_eq!(outputs.write_masked(0, 0x10), too_wide);
    assert_eq!(outputs.drive(0x10), too_wide);
    assert_eq!(inputs.wait_for_value(0x10), too_wide);
    assert_eq!(rig.recorder.take(), []);

    let no_pin = AxiGpioError::NoSuchPin { channel: 1, pin: 4, pins: 4 };
    assert_eq!(inputs.pin(4).map(drop), Err(of_block(no_pin)));
    let no_pin = AxiGpioError::NoSuchPin { channel: 1, pin: 2, pins: 2 };
    assert_eq!(inputs.slice(1..3).unwrap().pin(2).map(drop), Err(of_block(no_pin)), "within the slice");
    #[allow(clippy::reversed_empty_ranges)]
    let ranges = [(0..5, 0, 5), (2..2, 2, 2), (3..1, 3, 1), (0..255, 0, 255)];
    for (range, start, end) in ranges {
        let no_slice = AxiGpioError::NoSuchSlice { channel: 2, start, end, pins: 4 };
        assert_eq!(outputs.slice(range).map(drop), Err(of_block(no_slice)));
    }
    assert!(outputs.slice(..=255).is_err());
    assert_eq!(Rig::buttons(EDGE).gpio.channel2().map(drop), Err(of_block(AxiGpioError::NoChannel2)));
}

#[test]
fn a_wrong_description_is_refused() {
    let rig = Rig::buttons(EDGE);
    for (width, ok) in [(0, false), (1, true), (32, true), (33, false), (255, false)] {
        let one = AxiGpioConfig::new(ChannelConfig::outputs(width)).validate();
        let two = AxiGpioConfig::new(ChannelConfig::outputs(1)).dual(ChannelConfig::outputs(width)).validate();
        let refused = |channel| if ok { Ok(()) } else { Err(AxiGpioConfigError::Width { channel, found: width }) };
        assert_eq!((one, two), (refused(1), refused(2)));
    }
    let (base, _) = rig.board.address_range("gpio").unwrap();
    let small = rig.board.window_at(base, 0x120).unwrap();
    let refused = AxiGpioHardware::new(small, AxiGpioConfig::new(ChannelConfig::inputs(1))).map(drop).unwrap_err();
    assert!(matches!(refused, AxiGpioConfigError::WindowTooSmall(_)), "{refused}");
}

#[test]
fn refusals_say_what_was_asked_and_what_to_do() {
    let messages = [
        (AxiGpioError::NoChannel2, "no channel 2: this AXI GPIO was built with one channel; use channel 1"),
        (
            AxiGpioError::NoSuchPin { channel: 1, pin: 4, pins: 4 },
            "no pin 4 in these 4 pins of channel 1; the last one is 3",
        ),
        (
            AxiGpioError::ValueTooWide { value: 0x10, pins: 4 },
            "the value 0x10 doesn't fit into 4 pins; use 0xf at most",
        ),
        (
            AxiGpioError::InputsOnly { channel: 1 },
            "channel 1 was built with inputs only and can't be written; use another channel, or rebuild the design",
        ),
        (AxiGpioError::Node(Error::TimedOut), "the deadline passed before the event came"),
    ];
    for (error, message) in messages {
        assert_eq!(error.to_string(), message);
        assert!(error.source().is_none());
    }
    let width = AxiGpioConfigError::Width { channel: 2, found: 33 }.to_string();
    assert_eq!(
        width,
        "a channel of an AXI GPIO has 1 to 32 pins, channel 2 is said to have 33; check its C_GPIO2_WIDTH"
    );
}

#[test]
fn a_handle_on_a_replaced_design_touches_nothing() {
    let rig = Rig::new(bidirectional(4), EDGE);
    let pin = rig.pin(0);
    let mut waits = Task::waiting(pin.wait_for_level_async(Level::High));
    rig.gpio.node().invalidate(Error::Invalidated);
    assert_eq!(rig.window.read(IP_IER), 0, "masked while it could still be reached");
    rig.recorder.take();
    let invalidated = Err(of_block(AxiGpioError::Node(Error::Invalidated)));
    assert_eq!(waits.wakes(), 1);
    assert_eq!(waits.poll(), std::task::Poll::Ready(invalidated.clone()));
    assert_eq!(pin.set_high(), invalidated);
    assert_eq!(pin.read().map(drop), invalidated);
    assert_eq!(pin.set_direction(Direction::Output), invalidated);
    assert_eq!(pin.wait_for_level(Level::High), invalidated);
    assert_eq!(pin.changes().map(drop), invalidated);
    assert_eq!(pynq_drivers::AxiGpio::new(rig.gpio.node().clone()).map(drop), invalidated);
    assert_eq!(rig.recorder.take(), []);
}
