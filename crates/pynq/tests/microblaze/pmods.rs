//! PYNQ's programs for Pmods by their handles, with parts on the connector.

use std::{env, path::Path, time::Duration};

use pynq::{
    Overlay,
    drivers::microblaze::{
        MicroblazeError, PynqMicroblaze,
        pmod::{PmodOled, PmodPwm, PmodTimer},
    },
    hwh::Design,
    sim::{
        BoardBuilder,
        device::{Picture, View},
        parts::PmodOled as Display,
    },
};

use crate::{
    firmware::{RELEASES, find, run},
    support::{IOP, adder, load},
};

/// The switch between the pins of the connector and the peripherals.
const SWITCH: &str = "iop_pmoda/io_switch";

/// The small design, and PYNQ's where it is there, in which the GPIO and the switch are joined as an interface.
fn handoffs() -> Vec<String> {
    let base = env::var_os("PYNQ_HWH_DIR").map(|folder| {
        std::fs::read_to_string(Path::new(&folder).join("z2-base.hwh")).expect("the base overlay's file")
    });
    [IOP.to_owned()].into_iter().chain(base).collect()
}

fn with_display(handoff: &str) -> Overlay {
    let design = Design::parse(handoff).expect("a design");
    let builder = BoardBuilder::from_design(&design, |_| None);
    let board = Display::new().plugged_in(builder, "iop_pmoda", "display").build().expect("a board");
    Overlay::on_board(design, board)
}

fn shown(overlay: &Overlay) -> Picture {
    match overlay.simulation().expect("it is simulated").view("display").expect("it is there") {
        View::Picture(picture) => picture,
        other => panic!("{other:?}"),
    }
}

fn is_lit(picture: &Picture, x: u32, y: u32) -> bool {
    picture.data[(y * picture.width + x) as usize] != 0
}

fn lit(picture: &Picture) -> usize {
    picture.data.iter().filter(|&&pixel| pixel != 0).count()
}

#[test]
fn the_oled_program_draws() {
    for release in RELEASES {
        let Some(file) = find("pmod_oled.bin", release) else { return };
        for handoff in handoffs() {
            draws(&with_display(&handoff), &file);
        }
    }
}

fn draws(overlay: &Overlay, file: &Path) {
    let iop = run(overlay, file);
    let mut oled = PmodOled::new(&iop).expect("it runs");
    oled.clear().block().expect("an answer");
    assert_eq!(lit(&shown(overlay)), 0, "what the memory had after its power came is gone");
    oled.rectangle((40, 14), (60, 28)).block().expect("an answer");
    let picture = shown(overlay);
    for (x, y) in (0..32).flat_map(|y| (0..128).map(move |x| (x, y))) {
        let is_inside = (40..=60).contains(&x) && (14..=28).contains(&y);
        let is_edge = is_inside && (x == 40 || x == 60 || y == 14 || y == 28);
        assert_eq!(is_lit(&picture, x, y), is_edge, "{x}, {y}");
    }
    oled.line((0, 12), (127, 31)).block().expect("an answer");
    let picture = shown(overlay);
    // The program leaves the last pixel out.
    assert!((0..127).all(|x| (0..32).any(|y| is_lit(&picture, x, y))), "a pixel in every column");
    assert!(is_lit(&picture, 0, 12) && is_lit(&picture, 126, 31), "with both of its ends");
    // One character is eight by eight pixels, and the same wherever it is.
    oled.clear().block().expect("an answer");
    oled.print("P", 0, 0).block().expect("an answer");
    let first = shown(overlay);
    assert!(lit(&first) > 8, "{}", lit(&first));
    oled.clear().block().expect("an answer");
    oled.print("P", 15, 3).block().expect("an answer");
    let last = shown(overlay);
    let cell = |x: u32, y: u32| (0..64).map(move |at| (x + at % 8, y + at / 8));
    assert!(cell(0, 0).zip(cell(120, 24)).all(|(a, b)| is_lit(&first, a.0, a.1) == is_lit(&last, b.0, b.1)));
    assert_eq!(lit(&first), lit(&last));
    println!("{}, {}: {} pixels of a P", file.display(), overlay.name(), lit(&last));
}

#[test]
fn a_display_is_dark_until_a_program_has_switched_it_on() {
    let overlay = with_display(IOP);
    assert_eq!(lit(&shown(&overlay)), 0, "it has no power");
    let picture = shown(&overlay);
    assert_eq!((picture.width, picture.height), (128, 32));
}

#[test]
fn the_pwm_program_modulates_a_pin() {
    for release in RELEASES {
        let Some(file) = find("pmod_pwm.bin", release) else { return };
        let overlay = Overlay::simulated_from_str(IOP).expect("an overlay");
        let iop = run(&overlay, &file);
        let mut pwm = PmodPwm::new(&iop).expect("it runs");
        pwm.select(3).block().expect("an answer");
        for percent in [25, 80] {
            pwm.generate(100, percent).block().expect("an answer");
            overlay.sleep(Duration::from_micros(250)).expect("no error");
            let high = samples(&overlay, 3, 100).filter(|&level| level).count();
            assert!(high.abs_diff(percent as usize) <= 2, "{high} of 100 us are high, PYNQ {release}");
        }
        pwm.stop().block().expect("an answer");
        assert_eq!(samples(&overlay, 3, 300).filter(|&level| level).count(), 0);
    }
}

/// The level of a pin, every microsecond.
fn samples(overlay: &Overlay, pin: u8, count: usize) -> impl Iterator<Item = bool> {
    let board = overlay.simulation().expect("it is simulated");
    (0..count).map(move |_| {
        overlay.sleep(Duration::from_micros(1)).expect("no error");
        board.line(&format!("{SWITCH}/io_data_o[{pin}]")).expect("it is there")
    })
}

/// A processor with a program that adds: its commands are others.
fn other() -> PynqMicroblaze {
    let iop = Overlay::simulated_from_str(IOP).expect("an overlay").microblaze("iop_pmoda").expect("it is there");
    load(&iop, &adder());
    iop
}

#[test]
fn what_a_program_would_not_check_is_refused() {
    let iop = other();
    let mut oled = PmodOled::new(&iop).expect("it runs");
    let argument = |what, found, least, most| MicroblazeError::Argument { what, found, least, most };
    let long = "x".repeat(64);
    for (refused, expected) in [
        (oled.print(&long, 0, 0).block(), MicroblazeError::TooMany { words: 64, room: 63 }),
        (oled.print("gr\u{fc}n", 0, 0).block(), MicroblazeError::Character { found: '\u{fc}' }),
        (oled.print("x", 16, 0).block(), argument("column", 16, 0, 15)),
        (oled.print("x", 0, 4).block(), argument("row", 4, 0, 3)),
        (oled.line((0, 0), (128, 0)).block(), argument("column", 128, 0, 127)),
        (oled.rectangle((0, 32), (0, 0)).block(), argument("line", 32, 0, 31)),
    ] {
        assert_eq!(*refused.expect_err("refused").cause(), expected);
    }
    let mut words = [1; 4];
    iop.read(0xF000, &mut words).expect("its memory");
    assert_eq!(words, [0; 4], "nothing was sent");
    assert!(matches!(PmodTimer::new(&iop).expect_err("the other handle").cause(), MicroblazeError::MailboxInUse));
    drop(oled);
    let mut timer = PmodTimer::new(&iop).expect("it runs");
    assert_eq!(*timer.select(8).block().expect_err("refused").cause(), argument("pin", 8, 0, 7));
    let error = timer.event_within(2).block().expect_err("refused");
    assert!(error.to_string().ends_with("the period is 2, and the program takes 3 to 4294967295"), "{error}");
    drop(timer);
    let mut pwm = PmodPwm::new(&iop).expect("it runs");
    assert_eq!(*pwm.generate(0, 50).block().expect_err("refused").cause(), argument("period", 0, 1, 65_536));
    assert_eq!(*pwm.generate(10, 100).block().expect_err("refused").cause(), argument("duty", 100, 1, 99));
}

#[test]
fn the_timer_program_generates_counts_and_measures() {
    for release in RELEASES {
        let Some(file) = find("pmod_timer.bin", release) else { return };
        let overlay = Overlay::simulated_from_str(IOP).expect("an overlay");
        let iop = run(&overlay, &file);
        let mut timer = PmodTimer::new(&iop).expect("it runs");
        timer.select(2).block().expect("an answer");
        // Nothing moves the pin.
        assert!(!timer.event_within(10_000).block().expect("an answer"), "PYNQ {release}");
        assert_eq!(timer.count_within(10_000).block().expect("an answer"), 0);
        // A square wave on it, of 20 us, which is 2,000 clocks of the processor.
        let board = overlay.simulation().expect("it is simulated");
        for half in 0..1_000 {
            board.after(Duration::from_micros(10 * half), move |board| {
                let level = if half % 2 == 0 { board.press(SWITCH, 2) } else { board.release(SWITCH, 2) };
                level.expect("the pin is there");
            });
        }
        assert!(timer.event_within(10_000).block().expect("an answer"), "PYNQ {release}");
        let count = timer.count_within(100_000).block().expect("an answer");
        assert!((49..=51).contains(&count), "{count} edges in a millisecond, PYNQ {release}");
        let period = timer.measure_period().block().expect("an answer");
        assert!(period.abs_diff(2_000) <= 40, "{period} clocks, PYNQ {release}");
        println!("PYNQ {release}: {count} edges counted, a period of {period} clocks measured");
        generates(&mut timer, &overlay, release);
    }
}

/// It takes as long as the pulses do.
fn generates(timer: &mut PmodTimer, overlay: &Overlay, release: &str) {
    let board = overlay.simulation().expect("it is simulated");
    let begun = board.now();
    timer.generate_pulses(10_000, 20).block().expect("an answer");
    let took = board.now().duration_since(begun);
    assert!(took >= Duration::from_micros(2_000), "{took:?} for twenty pulses, PYNQ {release}");
    assert!(took < Duration::from_micros(4_000), "{took:?} for twenty pulses, PYNQ {release}");
    println!("PYNQ {release}: twenty pulses, one every 100 us, took {took:?}");
    timer.generate(100).block().expect("an answer");
    timer.stop().block().expect("an answer");
}
