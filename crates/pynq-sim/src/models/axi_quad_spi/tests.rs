//! One test for each line of the data sheet's "Behaviour a faithful simulation must reproduce", and of its semantics.

use super::*;

const ON: u32 = MASTER | SPE | MANUAL;

fn spi(params: SpiParams) -> AxiQuadSpiModel {
    AxiQuadSpiModel::new(params)
}

/// A master with FIFOs of 16 bytes that shifts what it is given.
fn master() -> AxiQuadSpiModel {
    let mut m = spi(SpiParams { slave_selects: 4, ..SpiParams::default() });
    m.write(SPICR, ON | INHIBIT);
    m
}

/// Lets `count` words go out, each of which the chips answer by its complement.
fn pass(m: &mut AxiQuadSpiModel, count: usize) {
    for _ in 0..count {
        m.pass_to(m.now + m.params.word_time());
        for message in m.take_sent() {
            if let Spi::Shift { data, .. } = message {
                m.answer(!data);
            }
        }
    }
}

fn fill(m: &mut AxiQuadSpiModel, words: core::ops::Range<u32>) {
    for word in words {
        assert!(m.write(DTR, word));
    }
}

fn shifts(sent: Vec<Spi>) -> Vec<u32> {
    let data = |message| if let Spi::Shift { data, .. } = message { Some(data) } else { None };
    sent.into_iter().filter_map(data).collect()
}

#[test]
fn after_reset_it_is_a_disabled_slave_with_empty_fifos() {
    let mut m = spi(SpiParams { slave_selects: 4, ..SpiParams::default() });
    let state = |m: &mut AxiQuadSpiModel| [DGIER, IPISR, IPIER, SPICR, SPISR, SPISSR].map(|r| m.read(r));
    let reset = [0, 0, 0, 0x180, 0xA5, 0xF].map(Some);
    assert_eq!(state(&mut m), reset);
    m.write(SPICR, ON | LSB_FIRST);
    m.write(SPISSR, 0xE);
    m.write(DGIER, GLOBAL);
    m.write(IPIER, 0x3FFF);
    fill(&mut m, 0..16);
    pass(&mut m, 3);
    assert!(m.write(SRR, 0xA));
    assert_eq!(state(&mut m), reset);
    assert_eq!((m.next_event(), m.output()), (None, false));
}

#[test]
fn only_one_value_resets() {
    let mut m = master();
    for value in [0, 1, 0xB, 0x1_000A] {
        assert!(!m.write(SRR, value));
    }
    assert_eq!(m.read(SPICR), Some(ON | INHIBIT));
    assert_eq!(m.read(SRR), None);
}

#[test]
fn words_wait_for_inhibit_to_go_and_come_back_one_to_one() {
    let mut m = master();
    m.write(SPISSR, 0xB);
    for word in 1..=3 {
        assert!(m.write(DTR, word));
    }
    pass(&mut m, 5);
    assert_eq!((m.read(SPISR), m.read(TX_OCCUPANCY)), (Some(RX_EMPTY | NOT_SELECTED), Some(2)));
    m.write(SPICR, ON);
    pass(&mut m, 3);
    assert_eq!(m.read(SPISR), Some(TX_EMPTY | NOT_SELECTED));
    assert_eq!(m.read(RX_OCCUPANCY), Some(2));
    assert_eq!([0; 3].map(|_| m.read(DRR)), [0xFE, 0xFD, 0xFC].map(Some));
    assert_eq!(m.read(DRR), None, "an empty FIFO is a bus error");
}

#[test]
fn the_fifo_is_empty_a_word_before_the_last_one_has_come_in() {
    let mut m = master();
    fill(&mut m, 0..2);
    m.write(SPICR, ON);
    assert_eq!(m.read(IPISR), Some(0));
    pass(&mut m, 1);
    assert_eq!((m.read(IPISR), m.read(RX_OCCUPANCY)), (Some(event::DTR_EMPTY), Some(0)));
    pass(&mut m, 1);
    assert_eq!((m.read(IPISR), m.read(RX_OCCUPANCY)), (Some(event::DTR_EMPTY), Some(1)));
}

#[test]
fn filling_it_while_it_runs_reports_an_empty_fifo_early() {
    let mut m = master();
    m.write(SPICR, ON);
    m.write(DTR, 1);
    assert_eq!(m.read(IPISR), Some(event::DTR_EMPTY));
}

#[test]
fn a_written_one_inverts_its_status_and_an_event_wins() {
    let mut m = master();
    m.write(IPISR, event::HALF_EMPTY);
    assert_eq!(m.read(IPISR), Some(event::HALF_EMPTY), "a phantom");
    m.write(IPISR, event::HALF_EMPTY);
    m.write(DTR, 1);
    m.write(SPICR, ON);
    m.write(IPISR, event::DTR_EMPTY);
    assert_eq!(m.read(IPISR), Some(0));
    m.write(IPISR, u32::MAX);
    assert_eq!(m.read(IPISR), Some(0x3FFF), "it has 14 bits");
}

#[test]
fn the_output_is_status_and_enable() {
    let mut m = master();
    m.write(IPISR, event::DTR_EMPTY);
    assert!(!m.output());
    m.write(IPIER, event::DTR_EMPTY);
    assert!(!m.output(), "not without the global enable");
    m.write(DGIER, GLOBAL);
    assert!(m.output());
    m.write(IPISR, event::DTR_EMPTY);
    assert!(!m.output());
}

#[test]
fn fifos_have_their_depth() {
    for fifo_depth in [16, 256] {
        let mut m = spi(SpiParams { fifo_depth, ..SpiParams::default() });
        m.write(SPICR, ON | INHIBIT);
        let depth = usize::from(fifo_depth);
        for count in 0..depth {
            assert_eq!(m.read(SPISR).unwrap() & TX_FULL, 0, "{count}");
            assert!(m.write(DTR, 0));
        }
        assert_eq!(m.read(SPISR), Some(RX_EMPTY | TX_FULL | NOT_SELECTED));
        assert!(!m.write(DTR, 0), "a full FIFO is a bus error");
        m.write(SPICR, ON);
        pass(&mut m, depth / 2 - 2);
        assert_eq!(m.read(IPISR).unwrap() & event::HALF_EMPTY, 0);
        pass(&mut m, 1);
        assert_eq!(m.read(IPISR).unwrap() & (event::HALF_EMPTY | event::DRR_FULL), event::HALF_EMPTY);
        pass(&mut m, depth / 2 + 1);
        assert_eq!(m.read(SPISR), Some(RX_FULL | TX_EMPTY | NOT_SELECTED));
        assert_eq!(m.read(IPISR), Some(event::HALF_EMPTY | event::DTR_EMPTY | event::DRR_FULL));
    }
}

#[test]
fn what_is_not_read_overruns_and_stays_so_until_a_reset() {
    let mut m = master();
    fill(&mut m, 0..16);
    m.write(SPICR, ON);
    pass(&mut m, 16);
    m.write(DTR, 0x55);
    pass(&mut m, 1);
    assert_ne!(m.read(IPISR).unwrap() & event::OVERRUN, 0);
    m.write(IPISR, event::OVERRUN);
    assert_ne!(m.read(IPISR).unwrap() & event::OVERRUN, 0, "sticky");
    let all: Vec<_> = (0..16).map(|_| m.read(DRR).unwrap()).collect();
    assert_eq!(all, (0xF0..=0xFF).rev().collect::<Vec<_>>(), "the new word is the one that was lost");
    m.write(SPICR, ON | RX_RESET);
    m.write(IPISR, event::OVERRUN);
    assert_eq!(m.read(IPISR).unwrap() & event::OVERRUN, 0);
}

#[test]
fn the_resets_of_the_fifos_clear_themselves() {
    let mut m = master();
    m.write(DTR, 1);
    m.write(SPICR, ON);
    pass(&mut m, 1);
    m.write(SPICR, ON | INHIBIT);
    m.write(DTR, 2);
    assert_eq!(m.read(SPISR).unwrap() & (TX_EMPTY | RX_EMPTY), 0);
    m.write(SPICR, ON | INHIBIT | TX_RESET | RX_RESET);
    assert_eq!(m.read(SPISR).unwrap() & (TX_EMPTY | RX_EMPTY), TX_EMPTY | RX_EMPTY);
    assert_eq!(m.read(SPICR), Some(ON | INHIBIT));
}

#[test]
fn loop_back_returns_what_is_sent_and_shows_it_to_no_chip() {
    let mut m = master();
    m.write(SPICR, ON | LOOP | LSB_FIRST);
    m.write(DTR, 0x2C);
    m.pass_to(m.now + m.params.word_time());
    assert_eq!(shifts(m.take_sent()), []);
    m.answer(0);
    assert_eq!(m.read(DRR), Some(0x2C));
}

#[test]
fn selects_are_active_low_and_follow_their_register_or_each_word() {
    let mut m = master();
    m.take_sent();
    m.write(SPISSR, 0xB);
    m.write(SPISSR, 0xF);
    assert_eq!(m.take_sent(), [Spi::Select(0b100), Spi::Select(0)]);
    m.write(SPICR, MASTER | SPE);
    m.write(SPISSR, 0xE);
    assert_eq!(m.take_sent(), []);
    fill(&mut m, 1..3);
    m.pass_to(m.now + m.params.word_time() * 2);
    let word = |data| Spi::Shift { data, bits: 8, lanes: 1, mode: 0 };
    assert_eq!(m.take_sent(), [Spi::Select(1), word(1), Spi::Select(0), Spi::Select(1), word(2), Spi::Select(0)]);
    m.write(SPICR, MASTER | MANUAL);
    assert_eq!(m.take_sent(), [], "nothing is selected while it is disabled");
}

#[test]
fn words_have_the_size_and_the_order_that_were_asked_for() {
    for (bits, control, word, line) in [
        (8, 0, 0x1234_56D0_u32, 0xD0_u32),
        (8, LSB_FIRST, 0x1234_56D0, 0x0B),
        (16, 0, 0x1234_56D0, 0x56D0),
        (16, LSB_FIRST, 0x1234_56D0, 0x0B6A),
        (32, 0, 0x1234_56D0, 0x1234_56D0),
        (32, LSB_FIRST, 0x1234_56D0, 0x0B6A_2C48),
    ] {
        let mut m = spi(SpiParams { bits, ..SpiParams::default() });
        m.write(SPICR, ON | control);
        m.write(DTR, word);
        m.pass_to(m.now + m.params.word_time());
        assert_eq!(shifts(m.take_sent()), [line]);
        m.answer(line);
        assert_eq!(m.read(DRR), Some(if bits == 32 { word } else { word & ((1 << bits) - 1) }));
        assert_eq!(m.now.as_nanos(), u64::from(bits) * 160, "16 clocks of 10 ns for a bit");
    }
}

#[test]
fn the_clock_has_four_modes_and_a_change_of_them_is_a_clock_too_many() {
    for mode in 0..4 {
        let mut m = master();
        let control = u32::from(mode & 1) << 4 | u32::from(mode >> 1) << 3;
        m.write(SPICR, control | ON | INHIBIT);
        m.write(SPISSR, 0xE);
        m.take_sent();
        m.write(DTR, 0xAA);
        m.write(SPICR, control | ON);
        m.pass_to(m.now + m.params.word_time());
        assert_eq!(m.take_sent(), [Spi::Shift { data: 0xAA, bits: 8, lanes: 1, mode }]);
        m.write(SPICR, (control ^ CPOL) | ON);
        assert_eq!(m.take_sent(), [Spi::Shift { data: 1, bits: 1, lanes: 1, mode: mode ^ 2 }]);
        m.answer(0);
        assert_eq!(m.read(DRR), Some(0xFF), "nothing is received for it");
    }
}

#[test]
fn another_controller_is_a_mode_fault_which_the_status_clears() {
    let mut m = master();
    m.write(SPISSR, 0xE);
    m.write(SPICR, ON);
    fill(&mut m, 0..2);
    m.take_sent();
    m.selected_by_other(1);
    assert_eq!(m.take_sent(), [Spi::Select(0)]);
    assert_eq!(m.read(IPISR).unwrap() & event::MODE_FAULT, event::MODE_FAULT);
    pass(&mut m, 4);
    assert_eq!(m.read(SPISR).unwrap() & (MODE_FAULT | TX_EMPTY | RX_EMPTY), MODE_FAULT | RX_EMPTY);
    assert_eq!(m.read(SPISR).unwrap() & MODE_FAULT, 0, "cleared by the read");
    pass(&mut m, 1);
    assert_eq!(m.read(SPISR).unwrap() & (TX_EMPTY | RX_EMPTY), TX_EMPTY, "and it goes on");
}

#[test]
fn a_slave_notices_that_it_is_selected() {
    let mut m = spi(SpiParams::default());
    m.selected_by_other(2);
    assert_eq!(m.read(IPISR), Some(event::SLAVE_MODE_FAULT));
    assert_eq!(m.read(SPISR).unwrap() & NOT_SELECTED, 0);
    m.selected_by_other(0);
    m.write(SPICR, SPE | MANUAL);
    m.selected_by_other(2);
    assert_eq!(m.read(IPISR), Some(event::SLAVE_MODE_FAULT | event::SELECTED));
}

#[test]
fn a_word_is_lost_if_it_is_inhibited_on_its_way() {
    let mut m = master();
    m.write(DTR, 1);
    m.write(SPICR, ON);
    m.write(SPICR, ON | INHIBIT);
    pass(&mut m, 2);
    m.write(SPICR, ON);
    pass(&mut m, 2);
    assert_eq!(m.read(SPISR).unwrap() & (TX_EMPTY | RX_EMPTY), TX_EMPTY | RX_EMPTY);
}

#[test]
fn without_fifos_there_is_a_register_each_way() {
    let mut m = spi(SpiParams { fifo_depth: 0, ..SpiParams::default() });
    m.write(SPICR, ON | INHIBIT);
    assert!(m.write(DTR, 1) && m.write(DTR, 2), "no bus error");
    assert_eq!(m.read(SPISR), Some(RX_EMPTY | TX_FULL | NOT_SELECTED));
    m.write(SPICR, ON);
    pass(&mut m, 1);
    assert_eq!(m.read(SPISR), Some(RX_FULL | TX_EMPTY | NOT_SELECTED));
    assert_eq!(m.read(IPISR), Some(event::DTR_EMPTY | event::DRR_FULL));
    assert_eq!([m.read(DRR), m.read(DRR)], [Some(0xFD); 2]);
    assert_eq!([m.read(TX_OCCUPANCY), m.read(RX_OCCUPANCY)], [Some(0); 2]);
}
