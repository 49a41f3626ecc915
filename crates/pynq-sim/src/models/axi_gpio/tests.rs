//! One test for each line of the data sheet's "Behaviour a faithful simulation must reproduce".

use super::*;

fn buttons() -> AxiGpioModel {
    AxiGpioModel::new(GpioParams { channel1: GpioChannel::inputs(4), interrupt_present: true, ..GpioParams::default() })
}

fn dual(channel: GpioChannel) -> AxiGpioModel {
    AxiGpioModel::new(GpioParams { channel1: channel, channel2: Some(channel), interrupt_present: true })
}

fn enabled(mut m: AxiGpioModel) -> AxiGpioModel {
    m.write(IP_IER, 3);
    m.write(GIER, GLOBAL);
    m
}

#[test]
fn toggle_on_write_sets_a_clear_bit_and_raises_the_line() {
    let mut m = enabled(buttons());
    m.write(IP_ISR, 1);
    assert!(m.irq());
    assert_eq!(m.read(IP_ISR), 1);
    m.write(IP_ISR, 1);
    assert!(!m.irq());
}

#[test]
fn event_in_the_clock_of_the_clearing_write_is_kept() {
    let mut m = enabled(buttons());
    m.set_pins(1, 1);
    m.set_pins_in_next_access(1, 3);
    m.write(IP_ISR, 1);
    assert_eq!((m.read(IP_ISR), m.read(DATA)), (1, 3));
    assert!(m.irq());
}

#[test]
fn event_in_the_clock_of_a_read_is_seen_by_the_next() {
    let mut m = buttons();
    m.set_pins_in_next_access(1, 1);
    assert_eq!(m.read(IP_ISR), 0);
    assert_eq!(m.read(IP_ISR), 1);
}

#[test]
fn one_bit_per_channel_both_edges_and_two_changes_merge() {
    let mut m = dual(GpioChannel::inputs(4));
    m.set_pins(2, 0b10);
    assert_eq!(m.read(IP_ISR), 0b10);
    m.write(IP_ISR, 0b10);
    m.set_pins(2, 0);
    assert_eq!(m.read(IP_ISR), 0b10, "a falling pin is an event too");
    m.set_pins(1, 1);
    m.set_pins(1, 0);
    assert_eq!((m.read(IP_ISR), m.read(DATA)), (0b11, 0));
    m.write(IP_ISR, 0b11);
    m.set_pins(1, 0);
    assert_eq!(m.read(IP_ISR), 0, "no change, no event");
}

#[test]
fn a_constant_mask_written_to_the_status_sets_the_other_channel() {
    let mut m = enabled(dual(GpioChannel::inputs(4)));
    m.set_pins(1, 1);
    m.write(IP_ISR, 3);
    assert_eq!(m.read(IP_ISR), 2);
    assert!(m.irq());
}

#[test]
fn events_are_recorded_whatever_the_enables_say() {
    let mut m = buttons();
    m.set_pins(1, 1);
    assert_eq!(m.read(IP_ISR), 1);
    assert!(!m.irq());
    m.write(IP_IER, 1);
    assert!(!m.irq());
    m.write(GIER, GLOBAL);
    assert!(m.irq());
    m.write(GIER, !GLOBAL);
    assert_eq!((m.read(GIER), m.irq()), (0, false), "only bit 31 counts");
}

#[test]
fn event_is_visible_in_data_before_the_status() {
    let mut m = buttons();
    m.set_late_events(true);
    m.set_pins(1, 1);
    assert_eq!(m.read(DATA), 1);
    m.set_pins(1, 3);
    assert_eq!(m.read(IP_ISR), 1, "the first event, not yet the second");
}

#[test]
fn a_late_event_survives_the_clearing_write() {
    let mut m = buttons();
    m.set_late_events(true);
    m.write(IP_ISR, 1);
    m.set_pins(1, 1);
    m.write(IP_ISR, 1);
    assert_eq!(m.read(IP_ISR), 1);
}

#[test]
fn data_write_updates_the_register_of_inputs_and_appears_with_tri() {
    let mut m = AxiGpioModel::new(GpioParams::default());
    m.write(DATA, 0xA5);
    assert_eq!((m.driven(1), m.read(DATA)), (0, 0));
    m.write(TRI, !0xFF);
    assert_eq!((m.driven(1), m.read(DATA)), (0xA5, 0xA5));
}

#[test]
fn reset_values_come_from_the_parameters() {
    let params = GpioChannel { width: 8, dout_default: 0x1234, tri_default: 0xFFF0, ..GpioChannel::default() };
    let mut m = dual(params);
    assert_eq!((m.read(TRI), m.read(TRI2), m.driven(1)), (0xF0, 0xF0, 0x4));
    m.write(TRI, 0);
    m.write(DATA, 0);
    m.reset();
    assert_eq!((m.read(TRI), m.driven(1)), (0xF0, 0x4));
    assert_eq!(AxiGpioModel::new(GpioParams::default()).read(TRI), u32::MAX);
}

#[test]
fn all_outputs_channel_reads_its_register_and_has_no_events() {
    let mut m = dual(GpioChannel { dout_default: 5, ..GpioChannel::outputs(4) });
    assert_eq!((m.read(DATA), m.driven(1)), (5, 5));
    m.write(DATA, 0xFF);
    m.write(TRI, u32::MAX);
    m.set_pins(1, 3);
    assert_eq!((m.read(DATA), m.driven(1), m.read(IP_ISR)), (0xF, 0xF, 0));
}

#[test]
fn all_inputs_channel_ignores_tri() {
    let mut m = buttons();
    m.write(TRI, 0);
    m.write(DATA, 0xF);
    m.set_pins(1, 2);
    assert_eq!((m.read(DATA), m.driven(1)), (2, 0));
}

#[test]
fn a_looped_back_output_raises_the_event_when_written() {
    let mut m = dual(GpioChannel { width: 4, tri_default: 0, ..GpioChannel::default() });
    m.write(DATA2, 1);
    assert_eq!((m.read(IP_ISR), m.read(DATA2)), (2, 1));
}

#[test]
fn without_a_loop_back_an_output_reads_what_drives_its_input_wire() {
    let mut m = dual(GpioChannel { width: 4, tri_default: 0, tri_state: false, ..GpioChannel::default() });
    m.write(DATA, 0xF);
    assert_eq!((m.read(DATA), m.driven(1), m.read(IP_ISR)), (0, 0xF, 0));
    m.set_pins(1, 2);
    assert_eq!((m.read(DATA), m.read(IP_ISR)), (2, 1));
}

#[test]
fn bits_above_the_width_read_zero_and_ignore_writes() {
    let mut m = buttons();
    m.set_pins(1, u32::MAX);
    m.write(TRI, u32::MAX);
    assert_eq!((m.read(DATA), m.read(TRI)), (0xF, 0xF));
    m.write(IP_IER, u32::MAX);
    m.write(IP_ISR, 2);
    assert_eq!((m.read(IP_IER), m.read(IP_ISR)), (1, 1), "a single channel has one status bit");
    assert_eq!((m.read(DATA2), m.read(TRI2), m.read(0x124), m.read(0x200)), (0, 0, 0, 0));
}

#[test]
fn without_interrupt_logic_its_registers_read_zero_and_no_line_rises() {
    let mut m = AxiGpioModel::new(GpioParams { channel1: GpioChannel::inputs(4), ..GpioParams::default() });
    m.write(GIER, GLOBAL);
    m.write(IP_IER, 1);
    m.write(IP_ISR, 1);
    m.set_pins(1, 1);
    assert_eq!((m.read(GIER), m.read(IP_IER), m.read(IP_ISR), m.irq()), (0, 0, 0, false));
}
