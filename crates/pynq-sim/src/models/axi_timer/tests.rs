//! One test for each line of the data sheet's "Behaviour a faithful simulation must reproduce", and for its formulas.

use super::*;

const TCSR1: u32 = TCSR + TIMER1;
const TLR1: u32 = TLR + TIMER1;
const TCR1: u32 = TCR + TIMER1;

fn timer() -> AxiTimerModel {
    AxiTimerModel::new(TimerParams::default())
}

fn of_width(count_width: u8) -> AxiTimerModel {
    AxiTimerModel::new(TimerParams { count_width, ..TimerParams::default() })
}

/// Timer 0, loaded and started.
fn started(load: u32, control: u32) -> AxiTimerModel {
    let mut m = timer();
    m.write(TLR, load);
    m.write(TCSR, LOAD | TINT);
    m.write(TCSR, control | ENT);
    m
}

/// Clocks until TINT of timer 0 is set, which it must not be now.
fn clocks_to_event(m: &mut AxiTimerModel) -> u32 {
    assert_eq!(m.read(TCSR) & TINT, 0);
    let mut clocks = 0;
    while m.read(TCSR) & TINT == 0 {
        m.pass(1);
        clocks += 1;
    }
    clocks
}

#[test]
fn a_period_is_the_load_value_and_two_clocks() {
    for load in [0, 1, 5, 100] {
        let mut down = started(load, UDT | ARHT);
        let mut up = started(u32::MAX - load, ARHT);
        for (m, name) in [(&mut down, "down"), (&mut up, "up")] {
            assert_eq!(clocks_to_event(m), load + 1, "{name} {load}: the first rollover");
            for _ in 0..3 {
                let control = m.read(TCSR);
                m.write(TCSR, control);
                assert_eq!(clocks_to_event(m), load + 2, "{name} {load}");
            }
        }
    }
}

#[test]
fn many_clocks_at_once_are_the_same_as_one_by_one() {
    for control in [UDT | ARHT, ARHT, UDT, 0, UDT | MDT, MDT] {
        for width in [8, 16, 32] {
            for clocks in [1, 2, 3, 7, 8, 9, 255, 256, 257, 258, 1000, 70_000] {
                let mut one = of_width(width);
                one.write(TLR, 5);
                one.write(TCSR, LOAD);
                one.write(TCSR, control | ENT);
                let mut all = one.clone();
                all.pass(clocks);
                (0..clocks).for_each(|_| one.pass(1));
                for extra in 0..3 {
                    let registers = |m: &mut AxiTimerModel| (m.read(TCSR), m.read(TLR), m.read(TCR));
                    assert_eq!(registers(&mut one), registers(&mut all), "{control:#x} {width} {clocks} + {extra}");
                    one.pass(1);
                    all.pass(1);
                }
            }
        }
    }
}

#[test]
fn the_flag_is_cleared_by_a_one_and_left_alone_by_a_zero() {
    let mut m = started(3, UDT | ARHT);
    m.pass(4);
    m.write(TCSR, UDT | ARHT | ENT);
    assert_ne!(m.read(TCSR) & TINT, 0);
    m.write(TCSR, UDT | ARHT | ENT | TINT);
    assert_eq!(m.read(TCSR) & TINT, 0);
}

#[test]
fn a_read_modify_write_loses_the_event() {
    let mut m = started(3, UDT | ARHT);
    m.pass(4);
    let control = m.read(TCSR);
    m.write(TCSR, control | ENIT);
    assert_eq!((m.read(TCSR) & TINT, m.irq()), (0, false));
}

#[test]
fn a_clearing_write_in_the_clock_of_the_rollover_wins() {
    let mut m = started(3, UDT);
    m.pass(4); // this clock's rollover, then its write
    m.write(TCSR, UDT | ENT | TINT);
    assert_eq!(m.read(TCSR) & TINT, 0);
    m.pass(1000);
    assert_eq!(m.read(TCSR) & TINT, 0, "a one-shot rolls over once");
}

#[test]
fn load_holds_the_counter_until_it_is_cleared() {
    let mut m = started(100, UDT | ARHT | LOAD);
    m.pass(1000);
    assert_eq!(m.read(TCR), 100, "ENT with LOAD never moves");
    m.write(TLR, 7);
    assert_eq!(m.read(TCR), 7, "it follows the load register");
    m.write(TCSR, UDT | ARHT | ENT);
    m.pass(5);
    assert_eq!(m.read(TCR), 2);
}

#[test]
fn a_stopped_counter_keeps_its_value_and_goes_on() {
    let mut m = started(100, UDT);
    m.pass(10);
    m.write(TCSR, UDT);
    m.pass(10);
    assert_eq!(m.read(TCR), 90);
    m.write(TCSR, UDT | ENT);
    m.pass(10);
    assert_eq!(m.read(TCR), 80);
}

#[test]
fn without_reload_it_stops_at_the_rolled_over_value() {
    for (control, load, stop) in [(UDT, 3, u32::MAX), (0, u32::MAX - 3, 0)] {
        let mut m = started(load, control);
        m.pass(50);
        assert_eq!(m.read(TCR), stop);
        m.write(TCSR, control | ENT | TINT);
        m.pass(50);
        assert_eq!((m.read(TCR), m.read(TCSR) & TINT), (stop, 0), "a restart needs LOAD");
        m.write(TCSR, control | LOAD);
        m.write(TCSR, control | ENT);
        assert_eq!(clocks_to_event(&mut m), 4);
    }
}

#[test]
fn a_new_load_value_is_taken_at_the_next_rollover() {
    let mut m = started(10, UDT | ARHT);
    m.pass(3);
    m.write(TLR, 20);
    assert_eq!(m.read(TCR), 7);
    assert_eq!(clocks_to_event(&mut m), 8);
    m.write(TCSR, UDT | ARHT | ENT | TINT);
    assert_eq!(clocks_to_event(&mut m), 22);
}

#[test]
fn the_interrupt_is_a_level_of_either_timer() {
    let mut m = timer();
    for (csr, tlr) in [(TCSR, TLR), (TCSR1, TLR1)] {
        m.write(tlr, 3);
        m.write(csr, LOAD);
        m.write(csr, UDT | ENT);
    }
    m.pass(10);
    assert!(!m.irq(), "the flags alone do not raise it");
    m.write(TCSR1, UDT | ENIT);
    assert!(m.irq());
    m.write(TCSR, UDT | ENIT);
    m.write(TCSR, UDT | ENIT | TINT);
    assert!(m.irq(), "timer 1 still does");
    m.write(TCSR1, UDT | ENIT | TINT);
    assert!(!m.irq());
}

#[test]
fn enall_is_mirrored_and_starts_both() {
    let mut m = timer();
    m.write(TCSR, UDT | ENALL);
    assert_eq!((m.read(TCSR), m.read(TCSR1)), (UDT | ENT | ENALL, ENT | ENALL));
    m.write(TCSR1, 0);
    assert_eq!((m.read(TCSR), m.read(TCSR1)), (UDT | ENT, 0), "a zero clears ENALL, and ENT of the written one only");
    let read = m.read(TCSR);
    m.write(TCSR1, ENALL);
    m.write(TCSR1, 0);
    m.write(TCSR, read);
    assert_eq!(m.read(TCSR1) & ENT, 0);
}

#[test]
fn reading_enall_back_restarts_the_other_timer() {
    let mut m = timer();
    m.write(TCSR, ENALL);
    let read = m.read(TCSR);
    m.write(TCSR1, 0);
    m.write(TCSR, read);
    assert_ne!(m.read(TCSR1) & ENT, 0);
}

#[test]
fn a_capture_copies_the_counter() {
    let mut m = started(0, MDT | CAPT | ARHT | ENIT);
    m.pass(42);
    m.set_trigger(0, true);
    assert_eq!((m.read(TLR), m.irq()), (42, true));
    m.pass(8);
    m.set_trigger(0, false);
    assert_eq!(m.read(TLR), 42, "the other edge is none");
    m.set_trigger(0, true);
    assert_eq!((m.read(TLR), m.read(TCR)), (50, 50), "overwritten, and it counts on");
}

#[test]
fn a_held_capture_waits_until_it_was_read() {
    let mut m = started(0, MDT | CAPT);
    let edge = |m: &mut AxiTimerModel| {
        m.pass(10);
        m.set_trigger(0, true);
        m.set_trigger(0, false);
    };
    edge(&mut m);
    edge(&mut m);
    assert_eq!(m.read(TLR), 10);
    edge(&mut m);
    assert_eq!(m.read(TLR), 30);
    edge(&mut m);
    m.write(TLR, 0);
    edge(&mut m);
    assert_eq!(m.read(TLR), 50, "a write lets it capture, too");
}

#[test]
fn an_edge_is_an_event_even_where_the_capture_is_held() {
    let mut m = started(0, MDT | CAPT);
    for edge in 1..=3 {
        m.pass(10);
        m.set_trigger(0, true);
        m.set_trigger(0, false);
        assert_ne!(m.read(TCSR) & TINT, 0, "edge {edge}");
        m.write(TCSR, MDT | CAPT | ENT | TINT);
    }
    assert_eq!(m.read(TLR), 10, "the first of them");
}

#[test]
fn a_trigger_needs_the_mode_and_its_enable_and_sets_the_flag_only_while_running() {
    for (control, value, flag) in [(CAPT, 0, 0), (MDT, 0, 0), (MDT | CAPT, 5, TINT)] {
        let mut m = started(0, control);
        m.pass(5);
        m.set_trigger(0, true);
        assert_eq!((m.read(TLR), m.read(TCSR) & TINT), (value, flag), "{control:#x}");
    }
    let mut m = started(0, MDT | CAPT);
    m.pass(5);
    m.write(TCSR, MDT | CAPT);
    m.set_trigger(0, true);
    assert_eq!((m.read(TLR), m.read(TCSR) & TINT), (5, 0), "captured, without an event");
}

#[test]
fn the_triggers_active_level_is_a_parameter() {
    let mut m = AxiTimerModel::new(TimerParams { trigger_active_high: [false, true], ..TimerParams::default() });
    m.write(TCSR, MDT | CAPT | ENT);
    m.pass(5);
    m.set_trigger(0, true);
    assert_eq!(m.read(TLR), 0);
    m.set_trigger(0, false);
    assert_eq!(m.read(TLR), 5);
}

#[test]
fn a_capturing_counter_wraps_without_an_event() {
    let mut m = of_width(8);
    m.write(TCSR, MDT | CAPT | ENT);
    m.pass(300);
    assert_eq!((m.read(TCR), m.read(TCSR) & TINT), (300 - 256, 0));
}

#[test]
fn values_are_cut_to_the_counter_s_width() {
    let mut m = of_width(16);
    m.write(TLR, 0xABCD_1234);
    m.write(TCSR, LOAD);
    assert_eq!((m.read(TLR), m.read(TCR)), (0x1234, 0x1234));
    m.write(TLR, 0xFFFF);
    m.write(TCSR, ENT);
    m.pass(1);
    assert_eq!((m.read(TCR), m.read(TCSR) & TINT), (0, TINT), "up: all ones to 0");
}

#[test]
fn the_generate_output_pulses_at_every_rollover() {
    let mut m = started(3, UDT | ARHT | GENT);
    m.pass(4);
    assert_eq!((m.take_pulse(0), m.take_pulse(0), m.take_pulse(1)), (true, false, false));
    m.pass(5);
    assert!(m.take_pulse(0));
    m.write(TCSR, UDT | ARHT | ENT);
    m.pass(5);
    assert!(!m.take_pulse(0), "not without GENT");
}

#[test]
fn pwm_has_its_period_from_timer_0_and_its_high_time_from_timer_1() {
    let mut m = timer();
    m.write(TLR, 10 - 2);
    m.write(TLR1, 4 - 2);
    m.write(TCSR, LOAD);
    m.write(TCSR1, LOAD);
    let control = PWMA | GENT | UDT | ARHT;
    m.write(TCSR, control);
    m.write(TCSR1, control | ENALL);
    let levels: alloc::vec::Vec<bool> = (0..60)
        .map(|_| {
            m.pass(1);
            m.pwm()
        })
        .collect();
    let first = levels.iter().position(|&level| level).expect("it goes high");
    for (clock, &level) in levels.iter().enumerate().skip(first) {
        assert_eq!(level, (clock - first) % 10 < 4, "clock {clock}");
    }
    m.write(TCSR, 0);
    assert!(!m.pwm(), "PWMA is needed in both");
}

#[test]
fn a_cascade_is_one_counter_of_twice_the_width() {
    let mut m = timer();
    m.write(TCSR, CASC);
    m.write(TLR, 5);
    m.write(TLR1, 1);
    m.write(TCSR, CASC | LOAD);
    m.write(TCSR1, LOAD);
    m.write(TCSR1, 0);
    m.write(TCSR, CASC | UDT | ARHT | ENIT | ENT);
    m.pass(6);
    assert_eq!((m.read(TCR), m.read(TCR1), m.irq()), (u32::MAX, 0, false), "the low word borrows");
    m.pass(u64::from(u32::MAX));
    assert_eq!((m.read(TCR), m.read(TCR1), m.irq()), (0, 0, false));
    m.pass(1);
    assert_eq!((m.irq(), m.read(TCSR1) & TINT), (true, 0), "the high word's rollover sets TINT0");
    m.pass(1);
    assert_eq!((m.read(TCR), m.read(TCR1)), (5, 1), "and reloads both");
}

#[test]
fn each_load_bit_of_a_cascade_loads_its_word() {
    let mut m = timer();
    m.write(TLR, 5);
    m.write(TLR1, 6);
    m.write(TCSR, CASC | LOAD);
    assert_eq!((m.read(TCR), m.read(TCR1)), (5, 0));
}

#[test]
fn cascade_is_a_bit_of_timer_0() {
    let mut m = timer();
    m.write(TCSR1, !ENALL);
    assert_eq!(m.read(TCSR1), 0x2FF);
}

#[test]
fn a_frozen_block_does_not_count() {
    let mut m = started(100, UDT);
    m.set_freeze(true);
    m.pass(10);
    assert_eq!(m.read(TCR), 100);
    m.set_freeze(false);
    m.pass(10);
    assert_eq!(m.read(TCR), 90);
}

#[test]
fn a_block_of_one_timer_has_no_second() {
    let mut m = AxiTimerModel::new(TimerParams { one_timer_only: true, ..TimerParams::default() });
    m.write(TLR1, 5);
    m.write(TCSR1, u32::MAX);
    m.write(TCSR, PWMA | CASC | ENALL);
    assert_eq!((m.read(TCSR), m.read(TCSR1), m.read(TLR1)), (ENT | ENALL, 0, 0));
}

#[test]
fn reserved_offsets_read_zero() {
    let mut m = timer();
    m.write(0x0C, 5);
    m.write(TCR, 5);
    assert_eq!((m.read(0x0C), m.read(0x1C), m.read(TCR)), (0, 0, 0), "the counter is read-only");
}

#[test]
fn reset_stops_and_clears() {
    let mut m = started(3, UDT | ARHT | ENIT);
    m.pass(10);
    m.reset();
    assert_eq!((m.read(TCSR), m.read(TLR), m.read(TCR), m.irq()), (0, 0, 0, false));
}
