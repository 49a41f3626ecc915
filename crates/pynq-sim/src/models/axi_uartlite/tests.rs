//! One test for each line of the data sheet's "Behaviour a faithful simulation must reproduce", and of its semantics.

use super::*;

fn uart() -> AxiUartLiteModel {
    AxiUartLiteModel::new(UartParams::default())
}

fn enabled() -> AxiUartLiteModel {
    let mut m = uart();
    m.write(CTRL, ENABLE_INTR);
    assert!(!m.take_pulse());
    m
}

fn good(data: u8) -> SerialCharacter {
    SerialCharacter { data, fault: None }
}

/// Lets `count` character times pass.
fn pass(m: &mut AxiUartLiteModel, count: u32) {
    let time = m.params.character_time();
    m.pass_to(m.now + time * count);
}

#[test]
fn status_after_reset_is_an_empty_transmitter() {
    let mut m = uart();
    assert_eq!(m.read(STAT), Some(0x04));
    m.write(TX_FIFO, 1);
    m.arrive(good(1));
    m.write(CTRL, ENABLE_INTR);
    m.reset();
    assert_eq!((m.read(STAT), m.take_pulse()), (Some(0x04), false));
}

#[test]
fn fifos_are_sixteen_deep_and_answer_beyond_with_a_bus_error() {
    let mut m = uart();
    assert_eq!(m.read(RX_FIFO), None);
    assert!(m.write(TX_FIFO, 0), "goes to the shifter");
    for n in 0..16 {
        assert_eq!(m.read(STAT), Some(if n == 0 { TX_EMPTY } else { 0 }));
        assert!(m.write(TX_FIFO, n));
        m.arrive(good(0));
        m.read(RX_FIFO);
    }
    assert_eq!(m.read(STAT), Some(TX_FULL));
    assert!(!m.write(TX_FIFO, 0));
    for data in 0..16 {
        m.arrive(good(data));
    }
    assert_eq!(m.read(STAT), Some(RX_VALID | RX_FULL | TX_FULL));
    for data in 0..16 {
        assert_eq!(m.read(RX_FIFO), Some(data));
    }
    assert_eq!(m.read(RX_FIFO), None);
}

#[test]
fn an_overrun_loses_the_newcomer_and_is_told_once() {
    let mut m = uart();
    (0..17).for_each(|data| m.arrive(good(data)));
    assert_eq!(m.read(STAT), Some(RX_VALID | RX_FULL | TX_EMPTY | OVERRUN));
    assert_eq!(m.read(STAT), Some(RX_VALID | RX_FULL | TX_EMPTY), "cleared by the read");
    for data in 0..16 {
        assert_eq!(m.read(RX_FIFO), Some(data), "the FIFO is kept");
    }
}

#[test]
fn a_frame_error_drops_the_character_and_a_parity_error_keeps_it() {
    let mut m = AxiUartLiteModel::new(UartParams { parity: UartParity::Even, ..UartParams::default() });
    m.arrive(SerialCharacter { data: 5, fault: Some(SerialFault::Frame) });
    assert_eq!(m.read(STAT), Some(TX_EMPTY | FRAME));
    m.arrive(SerialCharacter { data: 6, fault: Some(SerialFault::Parity) });
    assert_eq!(m.read(STAT), Some(TX_EMPTY | RX_VALID | PARITY));
    assert_eq!(m.read(RX_FIFO), Some(6));
    let mut without = uart();
    without.arrive(SerialCharacter { data: 6, fault: Some(SerialFault::Parity) });
    assert_eq!(without.read(STAT), Some(TX_EMPTY | RX_VALID));
}

#[test]
fn the_interrupt_pulses_when_data_becomes_valid_and_after_each_read_while_it_is() {
    let mut m = enabled();
    m.arrive(good(1));
    assert!(m.take_pulse());
    m.arrive(good(2));
    assert!(!m.take_pulse(), "into a FIFO that was not read");
    m.read(STAT);
    assert!(!m.take_pulse());
    m.read(RX_FIFO);
    assert!(m.take_pulse(), "data remains");
    m.read(RX_FIFO);
    assert!(!m.take_pulse(), "none does");
}

#[test]
fn it_pulses_when_the_transmit_fifo_becomes_empty() {
    let mut m = enabled();
    m.write(TX_FIFO, 1);
    assert!(m.take_pulse(), "the shifter has taken it");
    m.write(TX_FIFO, 2);
    m.write(TX_FIFO, 3);
    assert!(!m.take_pulse());
    pass(&mut m, 1);
    assert!(!m.take_pulse());
    pass(&mut m, 1);
    assert!(m.take_pulse());
    pass(&mut m, 1);
    assert!(!m.take_pulse());
}

#[test]
fn enabling_late_gives_no_pulse() {
    let mut m = uart();
    m.arrive(good(1));
    m.write(TX_FIFO, 1);
    m.write(CTRL, ENABLE_INTR);
    assert!(!m.take_pulse());
    assert_eq!(m.read(STAT), Some(RX_VALID | TX_EMPTY | INTR_ENABLED));
}

#[test]
fn every_control_write_sets_the_enable() {
    let mut m = enabled();
    m.write(CTRL, RESET_RX);
    assert_eq!(m.read(STAT), Some(TX_EMPTY), "a reset of a FIFO disables");
    m.arrive(good(1));
    assert!(!m.take_pulse());
    assert_eq!(m.read(CTRL), Some(0));
}

#[test]
fn resets_empty_their_fifo_alone() {
    let mut m = enabled();
    for data in 0..5 {
        m.arrive(good(data));
        m.write(TX_FIFO, data.into());
    }
    m.take_pulse();
    m.write(CTRL, RESET_TX | ENABLE_INTR);
    assert_eq!(m.read(STAT), Some(RX_VALID | TX_EMPTY | INTR_ENABLED));
    assert!(m.take_pulse(), "empty, which it was not");
    m.write(CTRL, RESET_RX | ENABLE_INTR);
    assert_eq!(m.read(STAT), Some(TX_EMPTY | INTR_ENABLED));
    m.take_pulse();
    m.arrive(good(1));
    assert!(m.take_pulse(), "valid again, which it was no longer");
    pass(&mut m, 10);
    assert_eq!(m.take_sent(), [0], "what the shifter had goes out");
}

#[test]
fn a_character_takes_its_bits_at_the_divided_clock() {
    let time = |params: UartParams| params.character_time().as_nanos();
    // 100 MHz / (16 * 115200) = 54.25, so 54 clocks per sixteenth of a bit.
    assert_eq!(time(UartParams::default()), 10 * 16 * 54 * 10);
    let odd = UartParams { data_bits: 5, parity: UartParity::Odd, ..UartParams::default() };
    assert_eq!(time(odd), 8 * 16 * 54 * 10);
    let slower = UartParams { clock_hz: 50_000_000, ..UartParams::default() };
    assert_eq!(time(slower), 10 * 16 * 54 * 20, "another clock is another baud rate");
    assert_eq!(time(UartParams { baud_rate: 9600, ..UartParams::default() }), 10 * 16 * 651 * 10);
}

#[test]
fn characters_come_and_go_one_after_the_other() {
    let mut m = uart();
    let time = m.params.character_time();
    m.queue(&[good(1), good(2)], m.now);
    for data in [1, 2, 3] {
        m.write(TX_FIFO, data);
    }
    assert_eq!(m.next_event(), Some(Instant::START + time));
    pass(&mut m, 1);
    assert_eq!((m.rx.len(), m.take_sent()), (1, [1].to_vec()));
    m.queue(&[good(3)], m.now);
    pass(&mut m, 1);
    assert_eq!((m.rx.len(), m.take_sent()), (2, [2].to_vec()));
    pass(&mut m, 1);
    assert_eq!((m.rx.len(), m.take_sent(), m.next_event()), (3, [3].to_vec(), None));
    m.queue(&[], m.now);
    assert_eq!(m.next_event(), None);
}

#[test]
fn data_has_as_many_bits_as_were_built() {
    let mut m = AxiUartLiteModel::new(UartParams { data_bits: 5, ..UartParams::default() });
    m.write(TX_FIFO, 0xFF);
    m.arrive(good(0xFF));
    assert_eq!(m.read(RX_FIFO), Some(0x1F));
    pass(&mut m, 1);
    assert_eq!(m.take_sent(), [0x1F]);
}

#[test]
fn upper_bits_and_strange_offsets_read_zero() {
    let mut m = uart();
    m.write(TX_FIFO, 0xFFFF_FF41);
    pass(&mut m, 1);
    assert_eq!(m.take_sent(), [0x41]);
    assert_eq!((m.read(TX_FIFO), m.read(0x10)), (Some(0), Some(0)));
}
