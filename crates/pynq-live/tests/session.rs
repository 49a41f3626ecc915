//! A board that is looked at, without any view.
#![allow(clippy::unwrap_used)] // in functions that tests share

use std::{future::Future, time::Duration};

use pynq::{Overlay, boards};
use pynq_live::{Command, ControlKind, Error, Live, Mode, follow};

fn board() -> (Overlay, Live) {
    let overlay = Overlay::simulated_board(&boards::pynq_z2()).unwrap();
    let live = Live::new(&overlay).unwrap();
    (overlay, live)
}

fn value(live: &Live, id: &str) -> u8 {
    let index = live.panel().controls.iter().position(|control| control.id == id).unwrap();
    live.snapshot().values[index]
}

fn set(id: &str, on: bool) -> Command {
    Command::Set { control: id.into(), on }
}

/// Runs `test` beside the board. A test that can't end is ended by the harness, not by a clock.
fn beside<T>(live: &Live, test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            never = live.run() => match never {},
            ended = test => ended,
        }
    })
}

/// Waits until `holds` is true of what a viewer sees.
async fn until(live: &Live, holds: impl Fn(&Live) -> bool) {
    let mut seen = live.subscribe();
    while !holds(live) {
        seen.changed().await.unwrap();
    }
}

#[test]
fn what_a_board_has() {
    let (_, live) = board();
    let panel = live.panel();
    let of = |kind| {
        let all = panel.controls.iter().filter(|control| control.kind == kind);
        all.map(|control| control.label.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(ControlKind::Led), ["LD0", "LD1", "LD2", "LD3"]);
    assert_eq!(of(ControlKind::RgbLed), ["LD4", "LD5"]);
    assert_eq!(of(ControlKind::Button), ["BTN0", "BTN1", "BTN2", "BTN3"]);
    assert_eq!(of(ControlKind::Switch), ["SW0", "SW1"]);
    assert_eq!(of(ControlKind::Input), [""; 0], "all of its pins are something on the board");
    assert_eq!((panel.board.as_deref(), panel.consoles.as_slice()), (Some("PYNQ-Z2"), &["uart".to_owned()][..]));
    assert!(panel.interrupts.iter().any(|pin| pin.pin == "btns_gpio/ip2intc_irpt" && pin.kind == Some("edge")));
}

#[test]
fn looking_touches_nothing() {
    let (overlay, live) = board();
    let before = overlay.simulation().unwrap().trace().len();
    drop((live.snapshot(), live.panel()));
    assert_eq!(overlay.simulation().unwrap().trace().len(), before, "no register was read and no line moved");
    assert!(live.snapshot().interrupts.iter().all(|pin| pin.fired.is_none()), "no controller was set up");
}

#[test]
fn a_program_answers_a_viewer() {
    let (overlay, live) = board();
    beside(&live, async {
        let program = tokio::spawn(follow(overlay));
        // The program has begun to wait when its interrupt is set up, and sees a level at any time.
        live.act(&set("btn2", true)).unwrap();
        until(&live, |live| value(live, "led2") == 1).await;
        assert_eq!((value(&live, "led1"), value(&live, "btn2")), (0, 1));
        live.act(&set("btn2", false)).unwrap();
        until(&live, |live| value(live, "led2") == 0).await;
        let snapshot = live.snapshot();
        let pin = live.panel().interrupts.iter().position(|pin| pin.pin.starts_with("btns_gpio/")).unwrap();
        assert!(snapshot.interrupts[pin].fired.is_some_and(|fired| fired > 0), "{snapshot:?}");
        assert!(!program.is_finished());
    });
}

#[test]
fn two_viewers_see_the_same_and_none_without_a_change() {
    let (_, live) = board();
    beside(&live, async {
        let (mut one, mut other) = (live.subscribe(), live.subscribe());
        one.borrow_and_update();
        other.borrow_and_update();
        live.act(&set("sw1", true)).unwrap();
        one.changed().await.unwrap();
        other.changed().await.unwrap();
        assert_eq!(one.borrow_and_update().snapshot, other.borrow_and_update().snapshot);
        // Sixty looks, in a time that does not pass by itself, and nothing that anybody has to be told of.
        tokio::time::pause();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!one.has_changed().unwrap());
    });
}

#[test]
fn a_clock_that_stands_still_is_moved_in_steps() {
    let (overlay, live) = board();
    let now = || overlay.simulation().unwrap().now().as_nanos();
    assert!(matches!(live.act(&Command::Step { micros: 1 }), Err(Error::NotPaused)));
    live.act(&Command::Clock { mode: Mode::Paused }).unwrap();
    let begin = now();
    live.act(&Command::Press { control: "btn0".into(), millis: 20 }).unwrap();
    live.act(&Command::Step { micros: 19_999 }).unwrap();
    assert_eq!((now() - begin, value(&live, "btn0")), (19_999_000, 1));
    live.act(&Command::Step { micros: 1 }).unwrap();
    assert_eq!((now() - begin, value(&live, "btn0")), (20_000_000, 0));
    let far = Command::Step { micros: 60_000_001 };
    assert!(live.act(&far).unwrap_err().to_string().contains("make it 60 s at most"));
}

#[test]
fn what_was_done_can_be_done_again() {
    let (_, live) = board();
    live.act(&Command::Clock { mode: Mode::Paused }).unwrap();
    live.act(&set("btn3", true)).unwrap();
    live.act(&Command::Step { micros: 5000 }).unwrap();
    live.act(&set("btn3", false)).unwrap();
    live.act(&set("sw0", true)).unwrap();
    let script = live.recording();
    let text = script.to_string();
    let words: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().1.trim()).collect();
    assert_eq!(words, ["press 3", "release 3", "switch 0 on"]);

    let (_, again) = board();
    again.act(&Command::Clock { mode: Mode::Paused }).unwrap();
    again.play(&text.parse().unwrap()).unwrap();
    again.act(&Command::Step { micros: 1_000_000 }).unwrap();
    assert_eq!((value(&again, "btn3"), value(&again, "sw0")), (0, 1));
    let refused = again.play(&"0ms press 9".parse().unwrap()).unwrap_err();
    assert!(refused.to_string().contains("line 1"), "{refused}");
}

#[test]
fn refusals_say_what_there_is() {
    let (_, live) = board();
    let said = |command: &Command| live.act(command).unwrap_err().to_string();
    assert_eq!(said(&set("btn4", true)), "no control `btn4` on this board; it has btn0, btn1, btn2, btn3, sw0, sw1");
    assert_eq!(said(&set("led0", true)), "`led0` shows what the design drives and can't be moved");
    assert!(said(&set("\u{1b}[2J", true)).contains("\\u{1b}[2J"), "nothing reaches a terminal as it came");
    let typed = |console: &str, text: String| said(&Command::Type { console: console.into(), text });
    assert_eq!(typed("btns_gpio", "x".into()), "no serial line on `btns_gpio`; there is one on uart");
    assert_eq!(typed("uart", "x".repeat(4097)), "4097 bytes for a serial line at once; send 4096 at most");
    let long = said(&Command::Press { control: "btn0".into(), millis: 60_001 });
    assert_eq!(long, "a press of 60001 ms; make it 60 s at most, or hold the button");
    assert_eq!(value(&live, "btn0"), 0, "what is refused is not begun");
    assert!(said(&Command::Hold { line: "nothing/here".into(), level: true }).contains("nothing/here"));
    assert!(live.registers("nothing").unwrap_err().to_string().contains("nothing"));
}

#[test]
fn a_serial_line_is_read_and_written() {
    let (overlay, live) = board();
    let uart = overlay.uart("uart").unwrap();
    beside(&live, async {
        live.act(&Command::Type { console: "uart".into(), text: "hello".into() }).unwrap();
        let mut buffer = [0; 5];
        let mut filled = 0;
        while filled < 5 {
            filled += uart.read_bytes_async(&mut buffer[filled..]).await.unwrap();
        }
        assert_eq!(&buffer, b"hello");
        uart.write_bytes_async(b"world").await.unwrap();
        until(&live, |live| live.snapshot().consoles == ["world"]).await;
    });
}

#[test]
fn a_faulty_line_is_held_and_let_go() {
    let (overlay, live) = board();
    let line = "btns_gpio/ip2intc_irpt";
    let level = || overlay.simulation().unwrap().line(line).unwrap();
    live.act(&Command::Hold { line: line.into(), level: true }).unwrap();
    assert!(level());
    live.act(&Command::Release { line: line.into() }).unwrap();
    assert!(!level());
    live.act(&Command::Pulse { line: line.into() }).unwrap();
    assert!(!level());
    assert!(live.vcd().contains("$enddefinitions"));
}

#[test]
fn a_board_of_a_server_keeps_its_clock() {
    let overlay = Overlay::simulated_board(&boards::pynq_z2()).unwrap();
    let live = Live::watching(move || overlay.clone()).unwrap();
    assert!(matches!(live.act(&Command::Clock { mode: Mode::Paused }), Err(Error::NotOurClock)));
    live.act(&set("btn0", true)).unwrap();
    assert_eq!(value(&live, "btn0"), 1);
}
