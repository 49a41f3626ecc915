//! What is refused, and what goes wrong on the bus.

use embedded_hal::spi::{Error as _, ErrorKind, MODE_0, Operation};
use pynq_core::{Allowed, Error, Parameters};
use pynq_drivers::{
    AxiQuadSpiConfig, AxiQuadSpiHardware,
    axi_quad_spi::{AxiQuadSpiConfigError, AxiQuadSpiError},
};
use pynq_sim::{
    Stimulus,
    device::{Message, Spi},
    models::SpiParams,
};

use crate::{
    common::of_block,
    rig::{DTR, Rig, USUAL, Wiring, answers, board, config},
};

#[test]
fn without_an_interrupt_no_chip_is_selected() {
    let rig = Rig::on(USUAL, Wiring::None);
    let refused = Err(of_block(AxiQuadSpiError::Node(Error::InterruptsUnavailable)));
    assert_eq!(rig.chip(0).transaction(&mut [Operation::Write(&[1_u8])]), refused);
    let chip = rig.chip(0);
    assert_eq!(rig.board.block_on(chip.transaction_async(&mut [Operation::Write(&[1_u8])])).unwrap(), refused);
    assert_eq!(rig.seen(), []);
    rig.assert_idle();
}

#[test]
fn selects_and_words_that_are_not_there() {
    let rig = Rig::new();
    let error = rig.spi.chip(4, MODE_0).unwrap_err();
    assert_eq!(*error.cause(), AxiQuadSpiError::NoSuchSelect { select: 4, selects: 4 });
    assert!(error.to_string().ends_with("built with 4, from 0 on"), "{error}");
    let error = rig.chip(0).transaction(&mut [Operation::Write(&[1_u16])]).unwrap_err();
    assert_eq!(*error.cause(), AxiQuadSpiError::WordSize { bits: 16, built: 8 });
    assert!(error.to_string().contains("use words of 8 bits"), "{error}");
    assert_eq!(rig.seen(), []);
}

#[test]
fn builds_of_another_mode_are_refused_with_a_word() {
    let (board, _) = board(USUAL, Wiring::Edge);
    let usual = config(&USUAL);
    for (config, error, says) in [
        (
            AxiQuadSpiConfig { lanes_mode: 1, ..usual },
            AxiQuadSpiConfigError::SeveralLanes { lanes: 2 },
            "dual mode (C_SPI_MODE = 1)",
        ),
        (
            AxiQuadSpiConfig { lanes_mode: 2, ..usual },
            AxiQuadSpiConfigError::SeveralLanes { lanes: 4 },
            "quad mode (C_SPI_MODE = 2)",
        ),
        (AxiQuadSpiConfig { executes_in_place: true, ..usual }, AxiQuadSpiConfigError::ExecutesInPlace, "C_XIP_MODE"),
        (
            AxiQuadSpiConfig { axi4_interface: true, ..usual },
            AxiQuadSpiConfigError::Axi4Interface,
            "C_TYPE_OF_AXI4_INTERFACE",
        ),
        (AxiQuadSpiConfig { fifo_depth: 64, ..usual }, AxiQuadSpiConfigError::NoSuchBuild, "0, 16 or 256"),
        (AxiQuadSpiConfig { word_bits: 9, ..usual }, AxiQuadSpiConfigError::NoSuchBuild, "8, 16 or 32"),
        (AxiQuadSpiConfig { slave_selects: 33, ..usual }, AxiQuadSpiConfigError::NoSuchBuild, "1 to 32"),
    ] {
        let refused = AxiQuadSpiHardware::new(board.window("spi").unwrap(), config).unwrap_err();
        assert_eq!(refused, error);
        assert!(refused.to_string().contains(says), "{refused}");
    }
}

#[test]
fn parameters_are_those_of_the_handoff_file() {
    let built = [("C_FIFO_DEPTH", 256), ("C_NUM_SS_BITS", 3), ("C_NUM_TRANSFER_BITS", 16), ("C_SCK_RATIO", 4)];
    let config = AxiQuadSpiConfig::from_parameters(&Parameters::new(&built, Some(50_000_000))).unwrap();
    assert_eq!((config.depth(), config.slave_selects, config.word_bits, config.sck_ratio), (256, 3, 16, 4));
    assert_eq!(config.word_time().as_nanos(), 16 * 4 * 20);
    assert_eq!(AxiQuadSpiConfig::from_parameters(&Parameters::new(&[], None)), Ok(AxiQuadSpiConfig::new(1)));
    let odd = AxiQuadSpiConfig::from_parameters(&Parameters::new(&[("C_FIFO_DEPTH", 32)], None)).unwrap_err();
    assert_eq!((odd.parameter, odd.allowed), ("C_FIFO_DEPTH", Allowed::OneOf(&[0, 16, 256])));
    let odd = AxiQuadSpiConfig::from_parameters(&Parameters::new(&[("C_SPI_MODE", 3)], None)).unwrap_err();
    assert_eq!(odd.parameter, "C_SPI_MODE");
}

/// After any error the block is as new.
fn works_again(rig: &Rig) {
    rig.assert_idle();
    let mut back = [0_u8; 20];
    let first = rig.seen().iter().filter(|message| matches!(message, Spi::Shift { .. })).count() as u32;
    rig.chip(1).transaction(&mut [Operation::Read(&mut back)]).unwrap();
    assert_eq!(back[..], answers(first, 20));
    assert_eq!(rig.seen().len(), 22);
    rig.assert_idle();
}

#[test]
fn another_controller_is_a_mode_fault() {
    for wiring in [Wiring::Edge, Wiring::Level, Wiring::Direct] {
        for micros in [1, 30, 70] {
            let rig = Rig::on(USUAL, wiring);
            rig.board.after(std::time::Duration::from_micros(micros), |board| {
                for lines in [1, 0] {
                    let message = Message::Spi(Spi::Select(lines));
                    board.stimulate(&Stimulus::Message { port: "spi/SPI_0".into(), message }).unwrap();
                }
            });
            let error = rig.chip(0).transaction(&mut [Operation::Write(&[1_u8; 100])]).unwrap_err();
            assert_eq!((error.cause(), error.kind()), (&AxiQuadSpiError::ModeFault, ErrorKind::ModeFault));
            works_again(&rig);
        }
    }
}

#[test]
fn a_word_of_other_code_is_an_overrun() {
    let rig = Rig::new();
    // While 16 words are on their way, two more: nobody takes them, and the first one finds the FIFO full.
    let window = rig.window.clone();
    rig.board.after(std::time::Duration::from_micros(3), move |_| {
        [1, 2].into_iter().for_each(|word| window.write(DTR, word))
    });
    let error = rig.chip(0).transaction(&mut [Operation::Write(&[1_u8; 16])]).unwrap_err();
    assert_eq!((error.cause(), error.kind()), (&AxiQuadSpiError::Overrun, ErrorKind::Overrun));
    works_again(&rig);
}

#[test]
fn a_word_that_does_not_end_is_not_waited_for_for_ever() {
    // The block's clock is a thousandth of what the design says.
    let slow = SpiParams { sck_ratio: 16_000, ..USUAL };
    let rig = Rig::configured(slow, Wiring::Edge, config(&USUAL));
    let error = rig.chip(0).transaction(&mut [Operation::Write(&[1_u8; 2])]).unwrap_err();
    assert_eq!(*error.cause(), AxiQuadSpiError::Stalled);
    works_again_slowly(&rig);
}

fn works_again_slowly(rig: &Rig) {
    rig.assert_idle();
    let mut back = [0_u8; 16];
    rig.seen();
    rig.chip(1).transaction(&mut [Operation::Read(&mut back)]).unwrap();
    assert_eq!(back[..], answers(1, 16), "a full FIFO has its own interrupt");
}

#[test]
fn a_phantom_interrupt_does_not_end_a_chunk() {
    let rig = Rig::new();
    // Somebody sets the status bit that the driver waits for.
    let window = rig.window.clone();
    rig.board.after(std::time::Duration::from_micros(3), move |_| window.write(0x20, 1 << 2));
    let mut back = [0_u8; 9];
    rig.chip(0).transaction(&mut [Operation::Read(&mut back)]).unwrap();
    assert_eq!(back[..], answers(0, 9));
    assert_eq!(rig.interrupts(), 2);
    rig.assert_idle();
}
