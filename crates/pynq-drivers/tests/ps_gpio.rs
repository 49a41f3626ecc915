//! The processing system's GPIO, on the model of its registers and on plain ones.

use embedded_hal::digital::{InputPin, OutputPin, StatefulOutputPin};
use pynq_drivers::{PsGpioError, PsGpioKind, PsGpioPin};
use pynq_sim::{
    Board, Stimulus,
    models::{PsGpioModel, RegisterModel},
};

fn board() -> Board {
    Board::builder().device("gpio", 0xE000_A000, 0x1000, PsGpioModel::new()).build().expect("a board")
}

fn emio(board: &Board, number: u8) -> PsGpioPin {
    PsGpioPin::emio(board.window("gpio").expect("it is there"), PsGpioKind::Zynq7000, number).expect("a line")
}

#[test]
fn each_wire_is_driven_alone() {
    let board = board();
    let lines = [0, 15, 16, 31, 32, 47, 48, 63];
    let mut pins: Vec<PsGpioPin> = lines.iter().map(|number| emio(&board, *number)).collect();
    let driven = || {
        let bank = |name: &str| u64::from(board.port(&format!("gpio/{name}")).expect("a port"));
        bank("emio0_o") | bank("emio1_o") << 32
    };
    pins.iter().for_each(|pin| pin.make_output(true));
    let all = lines.iter().fold(0, |all, number| all | 1_u64 << number);
    assert_eq!(driven(), all);
    for (index, number) in lines.into_iter().enumerate() {
        pins[index].set_low().expect("no error");
        assert_eq!(driven(), all & !(1 << number), "line {number} and no other");
        assert_eq!(pins[index].is_set_high(), Ok(false));
        pins[index].set_high().expect("no error");
        assert_eq!((driven(), pins[index].is_set_high()), (all, Ok(true)));
    }
    pins[2].make_input();
    assert!(!pins[2].is_output() && pins[3].is_output());
    assert_eq!(driven(), all & !(1 << 16));
}

#[test]
fn an_output_begins_at_its_level() {
    let board = board();
    let pin = emio(&board, 3);
    pin.write(true);
    assert_eq!(board.port("gpio/emio0_o"), Ok(0), "not an output yet");
    pin.make_output(false);
    assert_eq!(board.port("gpio/emio0_o"), Ok(0), "it was never high");
    pin.make_output(true);
    assert_eq!(board.port("gpio/emio0_o"), Ok(8));
}

#[test]
fn what_the_logic_drives_is_read() {
    let board = board();
    let mut pin = emio(&board, 33);
    assert_eq!(pin.is_high(), Ok(false));
    board.stimulate(&Stimulus::Port { port: "gpio/emio1_i".into(), bits: 0b10 }).expect("a port");
    assert_eq!((pin.is_high(), pin.is_low()), (Ok(true), Ok(false)));
}

/// The Zynq UltraScale+ has 26 pins of the chip in each of three banks, and its wires in three more.
#[test]
fn the_larger_family_has_other_banks() {
    let board = Board::builder().device("gpio", 0xFF0A_0000, 0x1000, RegisterModel::new()).build().expect("a board");
    let window = board.window("gpio").expect("it is there");
    for (is_emio, number, bank, bit) in [
        (true, 0, 3, 0),
        (true, 37, 4, 5),
        (true, 95, 5, 31),
        (false, 25, 0, 25),
        (false, 26, 1, 0),
        (false, 77, 2, 25),
    ] {
        let pin = match is_emio {
            true => PsGpioPin::emio(window.clone(), PsGpioKind::ZynqMp, number),
            false => PsGpioPin::mio(window.clone(), PsGpioKind::ZynqMp, number),
        };
        let pin = pin.expect("a pin");
        pin.make_output(true);
        assert_eq!(window.read(0x204 + 0x40 * bank) >> bit & 1, 1, "direction of {number}");
        assert_eq!(window.read(0x208 + 0x40 * bank) >> bit & 1, 1, "enable of {number}");
        let half = if bit < 16 { 0 } else { 4 };
        let written = window.read(8 * bank + half);
        assert_eq!(written, (!(1_u32 << (bit % 16)) << 16) | 1 << (bit % 16), "its bit and no other");
    }
}

#[test]
fn what_there_is_not_is_told() {
    let board = board();
    let window = || board.window("gpio").expect("it is there");
    let error = PsGpioPin::emio(window(), PsGpioKind::Zynq7000, 64).expect_err("there are 64");
    assert_eq!(error, PsGpioError::NoSuchPin { number: 64, count: 64 });
    assert_eq!(error.to_string(), "the processing system's GPIO has no line 64; it has 0 to 63");
    assert!(PsGpioPin::mio(window(), PsGpioKind::Zynq7000, 54).is_err());
    let small = board.window_at(0xE000_A000, 0x100).expect("it is there");
    let error = PsGpioPin::emio(small, PsGpioKind::Zynq7000, 0).expect_err("too small");
    assert_eq!(error, PsGpioError::Window { size: 0x100 });
}
