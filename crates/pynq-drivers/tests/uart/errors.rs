//! What goes wrong on the line, and what can't be set up.

use pynq_core::regs::WindowTooSmall;
use pynq_drivers::{
    AxiUartLiteConfig, AxiUartLiteHardware,
    axi_uartlite::{AxiUartLiteConfigError, AxiUartLiteError, Parity, ReceiveErrors},
};
use pynq_sim::device::SerialFault;

use crate::{
    common::{EDGE, Task, of_block},
    rig::*,
};

const OVERRUN: ReceiveErrors = ReceiveErrors { overrun: true, frame: false, parity: false };

#[test]
fn an_overrun_is_told_once_and_the_fifo_is_read_after_it() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        rig.board.serial_input("uart", &noise(20)).unwrap();
        rig.board.advance(rig.character() * 20);
        let mut buffer = [0; 32];
        assert_eq!(rig.uart.read_bytes(&mut buffer), Err(of_block(AxiUartLiteError::Receive(OVERRUN))));
        assert_eq!(rig.uart.read_bytes(&mut buffer), Ok(16));
        assert_eq!(buffer[..16], noise(20)[..16]);
        rig.arrives(9);
        assert_eq!(rig.uart.read_bytes(&mut buffer), Ok(1));
    }
}

#[test]
fn an_error_is_remembered_whoever_read_the_status() {
    for kind in WIRINGS {
        let rig = Rig::new(kind);
        rig.board.serial_input("uart", &noise(17)).unwrap();
        rig.board.advance(rig.character() * 17);
        // All of these read the register, which clears the error in it.
        assert_eq!(rig.uart.is_writable(), Ok(true));
        rig.uart.drain().unwrap();
        rig.uart.write_bytes(b"x").unwrap();
        let mut buffer = [0; 32];
        assert_eq!(rig.uart.is_readable(), Ok(true));
        assert_eq!(rig.uart.read_bytes(&mut buffer), Err(of_block(AxiUartLiteError::Receive(OVERRUN))));
        assert_eq!(rig.uart.read_bytes(&mut buffer), Ok(16));
    }
}

#[test]
fn an_error_that_a_service_met_is_told_to_the_reader() {
    let rig = Rig::new(EDGE);
    let mut buffer = [0; 4];
    let mut task = Task::waiting(rig.uart.read_bytes_async(&mut buffer));
    rig.board.serial_input_with_fault("uart", 5, SerialFault::Parity).unwrap();
    rig.board.advance(rig.character());
    let parity = ReceiveErrors { parity: true, ..ReceiveErrors::default() };
    assert_eq!(task.poll(), std::task::Poll::Ready(Err(of_block(AxiUartLiteError::Receive(parity)))));
    drop(task);
    assert_eq!((rig.uart.read_bytes(&mut buffer), buffer[0]), (Ok(1), 5), "kept, and handed out");
    rig.assert_idle();
}

#[test]
fn a_frame_error_is_told_with_what_comes_after_it() {
    let rig = Rig::new(EDGE);
    rig.board.serial_input_with_fault("uart", 5, SerialFault::Frame).unwrap();
    rig.board.serial_input("uart", &[6]).unwrap();
    let mut buffer = [0; 4];
    let frame = ReceiveErrors { frame: true, ..ReceiveErrors::default() };
    assert_eq!(rig.uart.read_bytes(&mut buffer), Err(of_block(AxiUartLiteError::Receive(frame))));
    assert_eq!((rig.uart.read_bytes(&mut buffer), buffer[0]), (Ok(1), 6), "the bad one was dropped by the block");
    assert_eq!(rig.uart.take_errors(), Ok(ReceiveErrors::default()));
}

#[test]
fn errors_can_be_asked_for() {
    let rig = Rig::new(EDGE);
    rig.board.serial_input_with_fault("uart", 5, SerialFault::Frame).unwrap();
    rig.board.serial_input_with_fault("uart", 5, SerialFault::Parity).unwrap();
    rig.board.advance(rig.character() * 2);
    let errors = rig.uart.take_errors().unwrap();
    assert_eq!(errors, ReceiveErrors { overrun: false, frame: true, parity: true });
    assert_eq!(errors.to_string(), "frame error, parity error");
    let mut buffer = [0; 4];
    assert_eq!(rig.uart.read_bytes(&mut buffer), Ok(1), "and are not told again");
}

#[test]
fn a_block_found_in_use_is_brought_to_rest() {
    let rig = Rig::new(EDGE);
    let window = rig.board.window("uart").unwrap();
    window.write(CTRL as usize, 1 << 4);
    rig.board.serial_input("uart", &noise(20)).unwrap();
    (0..17).for_each(|n| window.write(TX_FIFO as usize, n));
    rig.board.advance(rig.character() * 21);
    drop(AxiUartLiteHardware::new(window.clone(), AxiUartLiteConfig::new(115_200)).unwrap());
    assert_eq!(window.read(STAT as usize), 0x04);
    assert!(rig.uart.node().is_idle());
}

#[test]
fn wrong_configurations_are_refused() {
    let rig = Rig::new(EDGE);
    let refused = |config| AxiUartLiteHardware::new(rig.board.window("uart").unwrap(), config).err();
    assert_eq!(refused(AxiUartLiteConfig::new(0)), Some(AxiUartLiteConfigError::NoBaudRate));
    for found in [0, 4, 9] {
        let config = AxiUartLiteConfig { data_bits: found, ..AxiUartLiteConfig::new(9600) };
        assert_eq!(refused(config), Some(AxiUartLiteConfigError::DataBits { found }));
    }
    let window = rig.board.window_at(0x4060_0000, 0x8).unwrap();
    let small = AxiUartLiteHardware::new(window, AxiUartLiteConfig::new(9600)).err();
    assert!(matches!(small, Some(AxiUartLiteConfigError::WindowTooSmall(WindowTooSmall { found: 8, .. }))));
}

#[test]
fn a_character_s_time_counts_all_its_bits() {
    let config = AxiUartLiteConfig { parity: Parity::Odd, ..AxiUartLiteConfig::new(1_000_000) };
    assert_eq!(config.character_time().as_micros(), 11);
    assert_eq!(AxiUartLiteConfig::new(1_000_000).character_time().as_micros(), 10);
}
