//! The outside of a simulated board by role: fingers on buttons, eyes on LEDs, scripts.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

mod common;

use std::time::Duration;

use common::base;
use pynq::{
    Error,
    boards::BoardDefinition,
    prelude::*,
    sim::{self, script::ScriptError},
};

const fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

#[test]
fn a_button_is_pressed_now_and_at_a_time() {
    let base = base();
    let (finger, button) = (base.sim_button(2).unwrap(), base.button(2).unwrap());
    finger.press().unwrap();
    assert!(finger.is_pressed().unwrap() && button.is_pressed().unwrap());
    finger.release().unwrap();
    assert!(!button.is_pressed().unwrap());

    finger.at(at(10)).press_for(Duration::from_millis(5)).unwrap();
    finger.after(Duration::from_millis(30)).press().unwrap();
    let mut seen = Vec::new();
    for level in [Level::High, Level::Low, Level::High] {
        button.wait_for_level(level).unwrap();
        seen.push(base.clock().now());
    }
    assert_eq!(seen, [at(10), at(15), at(30)]);
    // From now on, when it is not at a time.
    finger.release().unwrap();
    finger.press_for(Duration::from_millis(1)).unwrap();
    button.wait_for_level(Level::Low).unwrap();
    assert_eq!(base.clock().now(), at(31));
}

#[test]
fn switches_are_moved() {
    let base = base();
    let (hand, switch) = (base.sim_switch(1).unwrap(), base.switch(1).unwrap());
    hand.on().unwrap();
    assert!(hand.is_on().unwrap() && switch.is_on().unwrap());
    hand.at(at(3)).off().unwrap();
    switch.wait_for_level(Level::Low).unwrap();
    assert_eq!(base.clock().now(), at(3));
}

#[test]
fn leds_have_a_level_and_a_history_of_their_own() {
    let base = base();
    let board = base.simulation().unwrap().clone();
    let (first, third) = (base.led(0).unwrap(), base.led(2).unwrap());
    let (eye, other) = (base.sim_led(0).unwrap(), base.sim_led(2).unwrap());
    assert_eq!(eye.history(), []);
    first.on().unwrap();
    board.advance(Duration::from_millis(4));
    third.on().unwrap();
    first.off().unwrap();
    assert!(!eye.is_on().unwrap() && other.is_on().unwrap());
    assert_eq!(eye.history(), [(at(0), true), (at(4), false)]);
    assert_eq!(other.history(), [(at(4), true)]);

    let rgb = base.sim_rgb_led(5).unwrap();
    base.rgb_led(5).unwrap().set(Color::Yellow).unwrap();
    base.rgb_led(4).unwrap().set(Color::White).unwrap();
    assert_eq!((rgb.color().unwrap(), rgb.history()), (Color::Yellow, vec![(at(4), Color::Yellow)]));
    assert_eq!(base.rgb_leds().unwrap().len(), 2);
}

#[test]
fn a_role_that_the_board_does_not_have_is_an_error_with_those_it_has() {
    let base = base();
    assert_eq!(base.sim_button(4).unwrap_err().to_string(), "no button 4 on PYNQ-Z2; it has 0 to 3");
    assert_eq!(base.sim_rgb_led(0).unwrap_err().to_string(), "no RGB LED 0 on PYNQ-Z2; it has 4 to 5");
    let bare = BaseOverlay::with_board(base.overlay().clone(), BoardDefinition::new("bare"));
    assert_eq!(bare.sim_led(0).unwrap_err().to_string(), "no LED 0 on bare: it has none");
}

#[test]
fn handles_outlive_a_reload() {
    let base = base();
    let (finger, eye) = (base.sim_button(0).unwrap(), base.sim_led(0).unwrap());
    base.reload().unwrap();
    finger.press().unwrap();
    assert!(base.button(0).unwrap().is_pressed().unwrap());
    base.led(0).unwrap().on().unwrap();
    assert!(eye.is_on().unwrap());
}

#[test]
fn a_script_is_played_by_role() {
    let base = base();
    base.play(&"1 press 1 for 2ms\n1.5 pin switches_gpio 1 0 high".parse().unwrap()).unwrap();
    base.button(1).unwrap().wait_for_level(Level::High).unwrap();
    base.switch(0).unwrap().wait_for_level(Level::High).unwrap();
    base.button(1).unwrap().wait_for_level(Level::Low).unwrap();
    assert_eq!(base.clock().now(), at(3));
    let wrong = base.play(&"\n1 switch 2 on".parse().unwrap()).unwrap_err();
    assert!(matches!(&wrong, Error::Script(error) if matches!(**error, ScriptError::NoSuchRole { line: 2, .. })));
    assert_eq!(wrong.to_string(), "line 2: no switch 2; the board has 0 to 1");
}

#[test]
fn the_drivers_here_are_right_with_posted_writes_and_slow_accesses() {
    let base = base();
    let nanos = Duration::from_nanos;
    base.simulation().unwrap().set_bus_timing(sim::BusTiming::posted(nanos(150), nanos(100), 8));
    let (button, led) = (base.button(0).unwrap(), base.led(0).unwrap());
    for press in 0..50 {
        base.sim_button(0).unwrap().at(at(10 * press + 5)).press_for(Duration::from_millis(5)).unwrap();
    }
    for _ in 0..50 {
        button.wait_for_level(Level::High).unwrap();
        led.on().unwrap();
        button.wait_for_level(Level::Low).unwrap();
        led.off().unwrap();
    }
    let statistics = base.statistics();
    assert_eq!((statistics.interrupts, statistics.spurious), (100, 0));
    let history = base.sim_led(0).unwrap().history();
    // The last write is on its way, and nobody reads.
    assert_eq!(history.len(), 99);
    let late = history.iter().zip((5..).step_by(5)).map(|((time, _), due)| *time - at(due));
    assert!(late.clone().all(|late| late < Duration::from_micros(10)), "{:?}", late.max());
}
