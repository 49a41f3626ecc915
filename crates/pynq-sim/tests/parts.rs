//! External parts, as onlookers see them.
#![cfg(feature = "std")]

use std::time::Duration;

use pynq_sim::{
    Board, Stimulus,
    device::{Message, Serial, SerialCharacter, View},
    models::{AxiGpioModel, AxiUartLiteModel, GpioChannel, GpioParams, UartParams},
    parts::{Lamp, LoopBack, Switch, Terminal},
};

#[test]
fn a_switch_and_a_lamp_are_wired_to_pins() {
    let channel = GpioChannel { width: 2, tri_state: false, tri_default: 0b01, ..GpioChannel::default() };
    let gpio = GpioParams { channel1: channel, ..GpioParams::default() };
    let board = Board::builder()
        .device("gpio", 0, 0x1000, AxiGpioModel::new(gpio))
        .part("switch", Switch::new())
        .part("lamp", Lamp::new())
        .wire("switch/out", "gpio/gpio_io_i[0]")
        .wire("gpio/gpio_io_o[1]", "lamp/in")
        .build()
        .unwrap();
    let window = board.window("gpio").unwrap();
    board.press("switch", 0).unwrap();
    assert_eq!((window.read(0), board.view("switch")), (0b01, Ok(View::Level(true))));
    assert_eq!(board.view("lamp"), Ok(View::Level(false)));
    window.write(0, 0b10);
    assert_eq!(board.view("lamp"), Ok(View::Level(true)));
    board.release("switch", 0).unwrap();
    assert_eq!((window.read(0), board.view("gpio")), (0b00, Ok(View::Nothing)));
}

fn uart() -> AxiUartLiteModel {
    AxiUartLiteModel::new(UartParams::default())
}

#[test]
fn what_is_typed_comes_in_as_fast_as_the_line_is() {
    let board = Board::builder()
        .device("uart", 0, 0x1000, uart())
        .part("terminal", Terminal::new())
        .join("uart/UART", "terminal/line")
        .build()
        .unwrap();
    for data in *b"ab" {
        let message = Message::Serial(Serial::Character(SerialCharacter::new(data)));
        board.stimulate(&Stimulus::Message { port: "terminal/keyboard".into(), message }).unwrap();
    }
    let window = board.window("uart").unwrap();
    let time = UartParams::default().character_time();
    assert_eq!(window.read(0x8) & 1, 0, "on its way");
    board.advance(time);
    assert_eq!((window.read(0x8) & 1, window.read(0x0)), (1, u32::from(b'a')));
    assert_eq!(window.read(0x8) & 1, 0, "the second one takes its time, too");
    board.advance(time);
    assert_eq!(window.read(0x0), u32::from(b'b'));
    assert_eq!(board.view("terminal"), Ok(View::Text(String::new())), "there is no local echo");
}

#[test]
fn a_cable_brings_back_what_is_sent() {
    let board = Board::builder().device("uart", 0, 0x1000, uart()).part("cable", LoopBack);
    let board = board.join("uart/UART", "cable/line").build().unwrap();
    let window = board.window("uart").unwrap();
    for data in *b"xyz" {
        window.write(0x4, data.into());
    }
    board.advance(Duration::from_millis(1));
    assert_eq!([0, 1, 2].map(|_| window.read(0x0)), [b'x', b'y', b'z'].map(u32::from));
    assert_eq!(board.serial_output("uart").unwrap(), b"xyz");
}
