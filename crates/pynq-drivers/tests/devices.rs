//! Buttons, switches and LEDs, and pins as embedded-hal sees them.

#![allow(clippy::unwrap_used)] // a test may

mod common;

use std::{task::Poll, time::Duration};

use common::of_block;
use common::*;
use embedded_hal::digital::{InputPin, OutputPin, PinState, StatefulOutputPin};
use embedded_hal_async::digital::Wait;
use pynq_drivers::{
    AxiGpioConfig, Button, Color, Led, Level, RgbLed, Switch,
    axi_gpio::{AxiGpioError, ChannelConfig, Direction},
};
use pynq_sim::Stimulus;

fn mixed() -> Rig {
    Rig::new(AxiGpioConfig::new(ChannelConfig::inputs(4)).dual(ChannelConfig::outputs(6)).with_interrupt(), EDGE)
}

#[test]
fn each_button_has_its_led() {
    let rig = mixed();
    let pairs: Vec<_> = (0..4).map(|n| (Button::new(rig.pin(n)).unwrap(), Led::new(rig.pin2(n)).unwrap())).collect();
    let mut tasks: Vec<_> = pairs
        .iter()
        .map(|(button, led)| {
            Task::waiting(async move {
                loop {
                    button.wait_for_level_async(Level::High).await?;
                    led.on()?;
                    button.wait_for_level_async(Level::Low).await?;
                    led.off()?;
                }
                #[allow(unreachable_code)] // says of what type the errors are
                Ok::<(), pynq_core::BlockError<AxiGpioError>>(())
            })
        })
        .collect();
    let mut run = || while tasks.iter_mut().any(|task| task.is_woken() && task.poll().is_pending()) {};
    for (press, lit) in [(0b0001, 0b0001), (0b0101, 0b0101), (0b1010, 0b1010), (0, 0), (0b1111, 0b1111)] {
        rig.board.stimulate(&Stimulus::pins("gpio", 1, press)).unwrap();
        run();
        assert_eq!(rig.board.output("gpio", 2), Ok(lit));
    }
}

#[test]
fn buttons_and_switches_read_their_pins() {
    let rig = mixed();
    let (button, switch) = (Button::new(rig.pin(0)).unwrap(), Switch::new(rig.pin(1)).unwrap());
    rig.press(1);
    assert_eq!((button.is_pressed(), switch.is_on()), (Ok(false), Ok(true)));
    assert_eq!((button.read(), switch.read()), (Ok(Level::Low), Ok(Level::High)));
    let board = rig.board.clone();
    rig.board.after(Duration::from_millis(3), |board| board.press("gpio", 0).unwrap());
    assert_eq!(button.wait_for_level(Level::High), Ok(()));
    assert_eq!(board.now().as_millis(), 3);
    assert_eq!(Button::new(rig.pin2(0)).map(drop), Err(of_block(AxiGpioError::OutputsOnly { channel: 2 })));
    assert_eq!(Led::new(rig.pin(0)).map(drop), Err(of_block(AxiGpioError::InputsOnly { channel: 1 })));
}

#[test]
fn leds_know_what_they_show() {
    let rig = mixed();
    let led = Led::new(rig.pin2(2)).unwrap();
    let same = led.clone();
    assert_eq!(led.is_on(), Ok(false));
    led.on().unwrap();
    assert_eq!((same.is_on(), rig.board.output("gpio", 2)), (Ok(true), Ok(0b100)));
    same.toggle().unwrap();
    assert_eq!((led.is_on(), rig.board.output("gpio", 2)), (Ok(false), Ok(0)));
    led.set(true).unwrap();
    led.off().unwrap();
    assert_eq!(led.is_on(), Ok(false));
}

#[test]
fn colours_are_pynqs_numbers() {
    let rig = mixed();
    let outputs = rig.gpio.channel2().unwrap();
    let leds = [outputs.slice(0..3), outputs.slice(3..6)].map(|pins| RgbLed::new(pins.unwrap()).unwrap());
    leds[0].on(Color::Yellow).unwrap();
    leds[1].on(Color::Blue).unwrap();
    assert_eq!(rig.board.output("gpio", 2), Ok(0b001_110));
    assert_eq!((leds[0].color(), leds[1].color()), (Ok(Color::Yellow), Ok(Color::Blue)));
    leds[0].off().unwrap();
    assert_eq!((leds[0].is_on(), leds[1].is_on()), (Ok(false), Ok(true)));
    assert_eq!(rig.board.output("gpio", 2), Ok(0b001_000));
    assert_eq!(RgbLed::new(outputs).map(drop), Err(of_block(AxiGpioError::NotThreePins { pins: 6 })));
    assert_eq!(
        RgbLed::new(rig.gpio.channel1().slice(0..3).unwrap()).map(drop),
        Err(of_block(AxiGpioError::InputsOnly { channel: 1 }))
    );
}

#[test]
fn devices_on_bidirectional_pins_set_their_direction() {
    let rig = Rig::new(AxiGpioConfig::new(ChannelConfig::bidirectional(5)).with_interrupt(), EDGE);
    let led = Led::new(rig.pin(0)).unwrap();
    rig.pin(1).drive(Level::High).unwrap();
    let button = Button::new(rig.pin(1)).unwrap();
    let rgb = RgbLed::new(rig.gpio.channel1().slice(2..5).unwrap()).unwrap();
    assert_eq!(rig.gpio.channel1().inputs(), Ok(0b00010));
    assert_eq!((led.pin().direction(), button.pin().direction()), (Ok(Direction::Output), Ok(Direction::Input)));
    led.on().unwrap();
    rgb.set(Color::White).unwrap();
    assert_eq!(rig.board.output("gpio", 1), Ok(0b11101));
}

/// A driver that knows embedded-hal only.
fn copy<I: InputPin, O: StatefulOutputPin<Error = I::Error>>(from: &mut I, to: &mut O) -> Result<bool, I::Error> {
    let high = from.is_high()?;
    assert_eq!(from.is_low()?, !high);
    to.set_state(PinState::from(high))?;
    assert_eq!(to.is_set_low()?, !high);
    to.is_set_high()
}

/// Another one.
async fn press_and_release<P: Wait>(pin: &mut P) -> Result<(), P::Error> {
    pin.wait_for_rising_edge().await?;
    pin.wait_for_high().await?;
    pin.wait_for_falling_edge().await?;
    pin.wait_for_low().await?;
    pin.wait_for_any_edge().await
}

#[test]
fn embedded_hal_drivers_work_on_them() {
    let rig = mixed();
    let (mut pin, mut output) = (rig.pin(0), rig.pin2(0));
    let (mut button, mut switch, mut led) =
        (Button::new(rig.pin(0)).unwrap(), Switch::new(rig.pin(0)).unwrap(), Led::new(rig.pin2(0)).unwrap());
    for level in [true, false, true] {
        rig.board.input("gpio", 1, 0, level).unwrap();
        assert_eq!(copy(&mut pin, &mut led), Ok(level));
        assert_eq!(copy(&mut button, &mut output), Ok(level));
        assert_eq!(copy(&mut switch, &mut output), Ok(level));
        assert_eq!(rig.board.output("gpio", 2), Ok(level.into()));
    }
    StatefulOutputPin::toggle(&mut led).unwrap();
    assert_eq!(rig.board.output("gpio", 2), Ok(0));
    StatefulOutputPin::toggle(&mut output).unwrap();
    OutputPin::set_low(&mut led).unwrap();
    OutputPin::set_high(&mut output).unwrap();
    assert_eq!(led.is_on(), Ok(true));
    assert_eq!(InputPin::is_high(&mut output), Err(of_block(AxiGpioError::OutputsOnly { channel: 2 })));
    rig.release(0);

    let mut tasks = [
        Task::waiting(press_and_release(&mut pin)),
        Task::waiting(press_and_release(&mut button)),
        Task::waiting(press_and_release(&mut switch)),
    ];
    for level in [true, false, true] {
        rig.board.input("gpio", 1, 0, level).unwrap();
        let polled = tasks.each_mut().map(Task::poll);
        if polled.iter().any(Poll::is_ready) {
            assert!(polled.iter().all(|polled| *polled == Poll::Ready(Ok(()))), "{polled:?}");
            return;
        }
    }
    panic!("three edges make a press, a release and one more");
}
