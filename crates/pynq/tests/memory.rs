//! Memory in the logic, the timer as embedded-hal's delay and PWM, and what is refused of a Quad SPI.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests

use std::time::Duration;

use embedded_hal::{delay::DelayNs, pwm::SetDutyCycle};
use pynq::{AxiQuadSpi, AxiTimer, Error, core::mmio::AccessError, prelude::*};

const DESIGN: &str = include_str!("memory.hwh");

#[test]
fn values_lie_in_memory_byte_by_byte() {
    let overlay = Overlay::simulated_from_str(DESIGN).unwrap();
    let memory = overlay.memory("axi_bram_ctrl_0").unwrap();
    assert_eq!((memory.path(), memory.size()), ("axi_bram_ctrl_0", 0x2000));
    memory.write_bytes(1, &[1, 2, 3, 4, 5, 6]).unwrap();
    let mut words = [0_u32; 2];
    memory.read_all(0, &mut words).unwrap();
    assert_eq!(words, [0x0302_0100, 0x0006_0504]);
    memory.write(3, 0xBEEF_u16).unwrap();
    assert_eq!(memory.read::<u64>(0).unwrap(), 0x0006_05BE_EF02_0100);
    memory.write_all(0x100, &[-1.5_f64, 0.25]).unwrap();
    assert_eq!(memory.read::<f64>(0x108).unwrap(), 0.25);
    let board = overlay.simulation().unwrap();
    let mut bytes = [0; 8];
    board.read_memory(0x4000_0100, &mut bytes).unwrap();
    assert_eq!(bytes, (-1.5_f64).to_le_bytes(), "what another bus master reads");
    board.write_memory(0x4000_0200, &[0xAA, 0xBB]).unwrap();
    assert_eq!(memory.read::<u16>(0x200).unwrap(), 0xBBAA);
}

#[test]
fn nothing_is_done_beyond_its_end_and_after_its_design() {
    let overlay = Overlay::simulated_from_str(DESIGN).unwrap();
    let memory = overlay.memory("axi_bram_ctrl_0").unwrap();
    memory.write(0x1FFC, 0x1234_5678_u32).unwrap();
    let outside = |error: Error, offset, length| {
        let expected = AccessError::OutOfRange { offset, length, size: 0x2000 };
        assert!(matches!(&error, Error::Access { error, .. } if *error == expected), "{error}");
    };
    outside(memory.write_all(0x1FFC, &[0_u32; 2]).unwrap_err(), 0x1FFC, 8);
    outside(memory.read::<u8>(0x2000).unwrap_err(), 0x2000, 1);
    outside(memory.read::<u16>(usize::MAX).unwrap_err(), usize::MAX, 2);
    assert_eq!(memory.read::<u32>(0x1FFC).unwrap(), 0x1234_5678, "nothing was written");
    let wrong = overlay.memory("axi_timer_0").unwrap_err().to_string();
    assert!(wrong.contains("`axi_timer_0` is no memory") && wrong.contains("`axi_bram_ctrl_0`"), "{wrong}");
    overlay.reload().unwrap();
    assert!(memory.read::<u32>(0).unwrap_err().is_invalidated());
}

#[test]
fn a_timer_is_a_delay_and_a_pwm() {
    let overlay = Overlay::simulated_from_str(DESIGN).unwrap();
    let timer = overlay.block::<AxiTimer>("axi_timer_0").unwrap();
    let mut delay = timer.channel(0).unwrap().into_delay().unwrap();
    let begun = overlay.clock().now();
    DelayNs::delay_us(&mut delay, 250);
    assert_eq!(overlay.clock().now() - begun, Duration::from_micros(250));
    drop(delay);
    let mut pwm = timer.pwm().unwrap().with_period(Duration::from_micros(20)).unwrap();
    pwm.set_duty_cycle_percent(75).unwrap();
    assert_eq!(pwm.high_time(), Duration::from_micros(15));
}

#[test]
fn a_quad_spi_in_quad_mode_is_refused_with_a_word_and_stays_a_block_of_registers() {
    let overlay = Overlay::simulated_from_str(DESIGN).unwrap();
    let error = overlay.block::<AxiQuadSpi>("quad_mode").unwrap_err().to_string();
    assert!(error.contains("`quad_mode`") && error.contains("quad mode (C_SPI_MODE = 2)"), "{error}");
    overlay.mmio("quad_mode").unwrap().write(0x60, 5).unwrap();
}
