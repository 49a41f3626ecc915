//! One test for each line of the data sheet's "Behaviour a faithful simulation must reproduce".

use super::*;

/// Enabled, hardware inputs live: the state after the sheet's initialisation.
fn live(params: IntcParams) -> AxiIntcModel {
    let mut m = AxiIntcModel::new(params);
    m.write(IAR, u32::MAX);
    m.write(MER, 3);
    m
}

fn level(inputs: u8) -> AxiIntcModel {
    live(IntcParams { inputs, ..Default::default() })
}

fn edge(inputs: u8) -> AxiIntcModel {
    live(IntcParams { inputs, kind_of_intr: u32::MAX, ..Default::default() })
}

#[test]
fn ipr_and_ivr_come_from_isr_and_ier_alone_and_lowest_bit_wins() {
    let mut m = AxiIntcModel::new(IntcParams { inputs: 8, ..Default::default() });
    m.write(MER, HIE);
    m.set_inputs(0b1101_0000);
    assert_eq!((m.read(ISR), m.read(IPR), m.read(IVR)), (0b1101_0000, 0, u32::MAX));
    m.write(SIE, 0b1100_0000);
    assert_eq!((m.read(IPR), m.read(IVR)), (0b1100_0000, 6));
    assert!(!m.irq(), "ME gates the output, not the registers");
}

#[test]
fn level_bit_persists_after_line_drop_until_iar() {
    let mut m = level(2);
    m.set_inputs(0b10);
    m.set_inputs(0);
    assert_eq!(m.read(ISR), 0b10);
    m.write(IAR, 0b10);
    assert_eq!(m.read(ISR), 0);
}

#[test]
fn level_bit_relatches_after_iar_while_active() {
    let mut m = level(1);
    m.write(IER, 1);
    m.set_inputs(1);
    assert!(m.irq() && !m.take_pulse());
    m.write(IAR, 1);
    assert_eq!(m.read(ISR), 1);
    assert!(m.irq());
    assert!(m.take_pulse(), "the output was low for a clock");
    assert!(!m.take_pulse());
}

#[test]
fn active_low_level_input() {
    let mut m = live(IntcParams { kind_of_lvl: 0, ..Default::default() });
    assert_eq!(m.read(ISR), 1, "a low line is active");
    m.set_inputs(1);
    m.write(IAR, 1);
    assert_eq!(m.read(ISR), 0);
}

#[test]
fn edge_bit_needs_a_new_transition_after_iar() {
    let mut m = edge(1);
    m.set_inputs(1);
    m.write(IAR, 1);
    assert_eq!(m.read(ISR), 0);
    m.set_inputs(1);
    assert_eq!(m.read(ISR), 0);
    m.set_inputs(0);
    assert_eq!(m.read(ISR), 0);
    m.set_inputs(1);
    assert_eq!(m.read(ISR), 1);
}

#[test]
fn falling_edge_input() {
    let mut m = live(IntcParams { kind_of_intr: 1, kind_of_edge: 0, ..Default::default() });
    m.set_inputs(1);
    assert_eq!(m.read(ISR), 0);
    m.set_inputs(0);
    assert_eq!(m.read(ISR), 1);
}

#[test]
fn edge_in_the_clock_of_the_iar_strobe_is_lost() {
    let mut m = edge(1);
    m.set_inputs(1);
    m.set_inputs(0);
    // The second edge and the strobe in one clock: the clear wins.
    m.set_inputs(1);
    m.write(IAR, 1);
    assert_eq!(m.read(ISR), 0);
}

#[test]
fn an_injected_lost_edge_is_lost_once() {
    let mut m = edge(2);
    m.lose_edges(0b11);
    m.set_inputs(0b01);
    assert_eq!(m.read(ISR), 0);
    m.set_inputs(0);
    m.set_inputs(0b01);
    assert_eq!(m.read(ISR), 1);
    m.set_inputs(0b11);
    assert_eq!(m.read(ISR), 1, "input 1 had not lost its edge yet");
}

#[test]
fn hie_is_sticky() {
    let mut m = level(1);
    m.write(MER, 0);
    assert_eq!(m.read(MER), HIE);
    m.reset();
    assert_eq!(m.read(MER), 0);
}

#[test]
fn isr_is_writable_only_before_hie_and_then_only_its_software_bits() {
    let mut m = AxiIntcModel::new(IntcParams { inputs: 2, sw: 2, ..Default::default() });
    m.write(ISR, 0xFFFF);
    assert_eq!(m.read(ISR), 0b1111);
    m.write(ISR, 0b0010);
    assert_eq!(m.read(ISR), 0b0010, "test mode loads the bits");
    m.write(MER, 3);
    assert_eq!(m.read(ISR), 0, "from now on the hardware bits copy their latches");
    m.write(ISR, 0b0111);
    assert_eq!(m.read(ISR), 0b0100);
    m.write(SIE, 0b0100);
    assert!(m.irq());
    m.write(IAR, 0b0100);
    assert!(!m.irq());
}

#[test]
fn clearing_me_does_not_drop_an_asserted_output() {
    let mut m = level(1);
    m.write(IER, 1);
    m.set_inputs(1);
    m.write(MER, 0);
    assert!(m.irq());
    m.set_inputs(0);
    m.write(IAR, 1);
    assert!(!m.irq());
    m.set_inputs(1);
    assert!(!m.irq(), "and it does not rise again without ME");
    m.write(MER, ME);
    assert!(m.irq());
}

#[test]
fn strobes_read_zero_and_zero_bits_have_no_effect() {
    let mut m = level(4);
    m.write(SIE, 0b1010);
    m.set_inputs(0b0010);
    for strobe in [IAR, SIE, CIE] {
        assert_eq!(m.read(strobe), 0);
        m.write(strobe, 0);
    }
    assert_eq!((m.read(IER), m.read(ISR)), (0b1010, 0b0010));
    m.write(CIE, 0b0010);
    assert_eq!(m.read(IER), 0b1000);
}

#[test]
fn bits_above_the_implemented_inputs_read_zero() {
    let mut m = level(3);
    m.write(IER, u32::MAX);
    m.write(SIE, u32::MAX);
    m.set_inputs(u32::MAX);
    assert_eq!((m.read(IER), m.read(ISR), m.read(IPR)), (7, 7, 7));
}

#[test]
fn all_thirty_two_inputs() {
    let mut m = level(32);
    m.write(IER, 1 << 31);
    m.set_inputs(u32::MAX);
    assert_eq!((m.read(IVR), m.irq()), (31, true));
}

#[test]
fn masked_inputs_latch_and_unmasking_raises_the_output() {
    let mut m = edge(1);
    m.set_inputs(1);
    m.set_inputs(0);
    assert!(!m.irq());
    m.write(SIE, 1);
    assert!(m.irq());
}

#[test]
fn inputs_latch_before_hie_and_setting_it_exposes_them() {
    for kind_of_intr in [0, u32::MAX] {
        let mut m = AxiIntcModel::new(IntcParams { kind_of_intr, ..Default::default() });
        m.set_inputs(1);
        m.set_inputs(0);
        assert_eq!(m.read(ISR), 0);
        m.write(MER, HIE);
        assert_eq!(m.read(ISR), 1);
    }
}

#[test]
fn a_high_rising_edge_input_counts_as_an_edge_when_reset_is_released() {
    let mut m = edge(1);
    m.set_inputs(1);
    m.write(IAR, 1);
    m.reset();
    m.write(MER, 3);
    assert_eq!(m.read(ISR), 1);
}

#[test]
fn absent_registers_read_zero_or_all_ones_and_ignore_writes() {
    let absent = IntcParams { has_ipr: false, has_sie: false, has_cie: false, has_ivr: false, ..Default::default() };
    let mut m = live(absent);
    m.write(SIE, 1);
    assert_eq!(m.read(IER), 0);
    m.write(IER, 1);
    m.write(CIE, 1);
    m.set_inputs(1);
    assert_eq!((m.read(IER), m.read(IPR), m.read(IVR), m.read(ILR)), (1, 0, u32::MAX, 0));
    assert!(m.irq(), "the output needs none of them");
}

#[test]
fn ilr_blocks_the_inputs_from_its_number_on() {
    let mut m = live(IntcParams { inputs: 4, has_ilr: true, ..Default::default() });
    m.write(IER, 0b1111);
    assert_eq!(m.read(ILR), u32::MAX);
    m.write(ILR, 2);
    m.set_inputs(0b0100);
    assert!(!m.irq());
    assert_eq!(m.read(IVR), 2);
    m.set_inputs(0b0110);
    assert!(m.irq());
    m.write(ILR, 0);
    assert!(!m.irq());
}

#[test]
fn pulse_output_pulses_once_until_any_acknowledge() {
    let mut m = live(IntcParams { inputs: 2, irq_is_level: false, ..Default::default() });
    m.write(IER, 3);
    m.set_inputs(1);
    assert!(!m.irq());
    assert!(m.take_pulse());
    m.set_inputs(3);
    assert!(!m.take_pulse(), "nothing until an acknowledge");
    m.set_inputs(2);
    m.write(IAR, 1);
    assert!(m.take_pulse(), "the acknowledge re-evaluates");
    m.set_inputs(0);
    m.write(IAR, 2);
    assert!(!m.take_pulse());
}

#[test]
fn active_low_output() {
    let mut m = live(IntcParams { irq_active: false, ..Default::default() });
    assert!(m.irq());
    m.write(IER, 1);
    m.set_inputs(1);
    assert!(!m.irq());
}

#[test]
fn acknowledging_a_masked_or_dropped_line_leaves_no_pulse() {
    let mut m = level(1);
    m.set_inputs(1);
    m.write(IAR, 1);
    assert!(!m.take_pulse());
    m.write(SIE, 1);
    assert!(!m.take_pulse());
    m.set_inputs(0);
    m.write(IAR, 1);
    assert!(!m.take_pulse() && !m.irq());
}
