//! The board in a terminal, drawn into a buffer and played by keys.
#![cfg(feature = "terminal")]
#![allow(clippy::unwrap_used)] // in functions that tests share

use pynq::{Overlay, boards};
use pynq_live::{
    Command, Live, Mode, Seen,
    terminal::{Screen, Then, draw},
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};

fn board() -> Live {
    Live::new(&Overlay::simulated_board(&boards::pynq_z2()).unwrap()).unwrap()
}

fn seen(live: &Live) -> Seen {
    Seen { panel: live.panel(), snapshot: live.snapshot() }
}

fn drawn(live: &Live, screen: &Screen) -> String {
    let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
    terminal.draw(|frame| draw(frame, &seen(live), 1_234_567_000, screen)).unwrap();
    terminal.backend().to_string()
}

fn press(screen: &mut Screen, live: &Live, code: KeyCode) -> Then {
    screen.key(KeyEvent::new(code, KeyModifiers::NONE), &seen(live))
}

fn typed(screen: &mut Screen, live: &Live, text: &str) -> Then {
    for character in text.chars() {
        assert_eq!(press(screen, live, KeyCode::Char(character)), Then::Nothing);
    }
    press(screen, live, KeyCode::Enter)
}

#[test]
fn a_board_is_drawn() {
    let live = board();
    live.act(&Command::Set { control: "sw1".into(), on: true }).unwrap();
    let picture = drawn(&live, &Screen::default());
    for part in
        ["base on PYNQ-Z2", "1.234567 s", "real time", "○ LD0", "[BTN3]", "▀ SW1", "▄ SW0", "btns_gpio/ip2intc_irpt"]
    {
        assert!(picture.contains(part), "{part} is missing in\n{picture}");
    }
    assert!(picture.contains("serial line of uart"), "{picture}");
}

#[test]
fn an_led_lights_up() {
    let overlay = Overlay::simulated_board(&boards::pynq_z2()).unwrap();
    let live = Live::new(&overlay).unwrap();
    overlay.gpio("leds_gpio").unwrap().channel1().write(0b0100).unwrap();
    let picture = drawn(&live, &Screen::default());
    assert!(picture.contains("○ LD1  ● LD2  ○ LD3"), "{picture}");
}

#[test]
fn keys_press_and_move() {
    let (live, mut screen) = (board(), Screen::default());
    let set = |control: &str, on| Then::Act(Command::Set { control: control.into(), on });
    let key = KeyCode::Char;
    assert_eq!(press(&mut screen, &live, key('2')), Then::Act(Command::Press { control: "btn2".into(), millis: 200 }));
    assert_eq!(press(&mut screen, &live, key('9')), Then::Nothing, "there is no button 9");
    assert_eq!(press(&mut screen, &live, key('b')), set("sw1", true));
    live.act(&Command::Set { control: "sw1".into(), on: true }).unwrap();
    assert_eq!(press(&mut screen, &live, key('b')), set("sw1", false));
    press(&mut screen, &live, KeyCode::Left);
    for _ in 0..10 {
        press(&mut screen, &live, KeyCode::Right);
    }
    assert_eq!(press(&mut screen, &live, KeyCode::Enter), set("sw1", false), "the last of the inputs");
    assert_eq!(press(&mut screen, &live, key('p')), Then::Act(Command::Clock { mode: Mode::Paused }));
    live.act(&Command::Clock { mode: Mode::Paused }).unwrap();
    assert_eq!(press(&mut screen, &live, key('p')), Then::Act(Command::Clock { mode: Mode::RealTime }));
    assert_eq!(press(&mut screen, &live, key('n')), Then::Act(Command::Step { micros: 1000 }));
    assert_eq!(press(&mut screen, &live, key('q')), Then::End);
}

#[test]
fn lines_are_typed() {
    let (live, mut screen) = (board(), Screen::default());
    press(&mut screen, &live, KeyCode::Char('t'));
    let text = "hi q".to_owned();
    let sent = Then::Act(Command::Type { console: "uart".into(), text: text.clone() + "\n" });
    assert_eq!(typed(&mut screen, &live, &text), sent);
    let line = "btns_gpio/ip2intc_irpt".to_owned();
    assert_eq!(
        typed(&mut screen, &live, ":hold btns_gpio/ip2intc_irpt 1"),
        Then::Act(Command::Hold { line: line.clone(), level: true })
    );
    assert_eq!(typed(&mut screen, &live, ":pulse btns_gpio/ip2intc_irpt"), Then::Act(Command::Pulse { line }));
    assert_eq!(typed(&mut screen, &live, ":vcd out.vcd"), Then::Save("out.vcd".into()));
    assert_eq!(typed(&mut screen, &live, ":explode"), Then::Nothing);
    assert!(drawn(&live, &screen).contains("`explode`: use `press ID [MS]`"), "{}", drawn(&live, &screen));
    press(&mut screen, &live, KeyCode::Char(':'));
    assert_eq!(press(&mut screen, &live, KeyCode::Esc), Then::Nothing, "a line is left, and not the board");
    assert_eq!(press(&mut screen, &live, KeyCode::Esc), Then::End);
}

#[test]
fn what_a_board_sends_does_not_steer_the_terminal() {
    let overlay = Overlay::simulated_board(&boards::pynq_z2()).unwrap();
    let live = Live::new(&overlay).unwrap();
    overlay.uart("uart").unwrap().write_bytes("gone\u{1b}[2J \u{202e}back".as_bytes()).unwrap();
    live.act(&Command::Clock { mode: Mode::Paused }).unwrap();
    live.act(&Command::Step { micros: 100_000 }).unwrap();
    let picture = drawn(&live, &Screen::default());
    assert!(!picture.contains(['\u{1b}', '\u{202e}']), "{picture}");
    assert!(picture.contains("gone\\u{1b}[2J \\u{202e}back"), "{picture}");
}
