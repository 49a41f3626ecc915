//! Scripts: what is read, what is refused and where, and that a recording plays as what was recorded.
#![allow(clippy::unwrap_used)] // helpers of tests, outside of a #[test]

use core::time::Duration;
use std::sync::{Arc, Mutex};

use pynq_sim::{
    Board, Error, Stimulus,
    device::{Message, SerialCharacter, SerialFault, Video},
    models::{AxiGpioModel, AxiIntcModel, AxiUartLiteModel, GpioChannel, GpioParams, IntcParams, UartParams},
    parts::Terminal,
    script::{Action, Roles, Script, ScriptError, Step},
};

fn board() -> Board {
    let pins = GpioParams {
        channel1: GpioChannel::inputs(4),
        channel2: Some(GpioChannel::inputs(2)),
        ..GpioParams::default()
    };
    Board::builder()
        .device("intc", 0x1000, 0x1000, AxiIntcModel::new(IntcParams { inputs: 2, ..IntcParams::default() }))
        .device("panel/gpio", 0x2000, 0x1000, AxiGpioModel::new(pins))
        .device("uart", 0x3000, 0x1000, AxiUartLiteModel::new(UartParams::default()))
        .part("terminal", Terminal::new())
        .join("uart/UART", "terminal/line")
        .external("flop/q", "intc/intr[1]")
        .build()
        .unwrap()
}

fn roles() -> Roles {
    Roles::new().with_buttons("panel/gpio", 1, 0..4).with_switches("panel/gpio", 2, 0..2)
}

fn steps(text: &str) -> Vec<(u64, Action)> {
    let script: Script = text.parse().unwrap();
    script.steps().iter().map(|step| (u64::try_from(step.at.as_nanos()).unwrap(), step.action.clone())).collect()
}

fn error(text: &str) -> (usize, usize, String, String) {
    match text.parse::<Script>().unwrap_err() {
        ScriptError::Syntax { line, column, found, expected } => (line, column, found, expected),
        other => panic!("{text}: {other}"),
    }
}

#[test]
fn each_action_is_read() {
    let of = |stimulus| Action::Stimulus(stimulus);
    let character = |data, fault| SerialCharacter { data, fault };
    for (text, action) in [
        ("press 3", Action::Press(3)),
        ("release 0", Action::Release(0)),
        ("switch 1 on", Action::Switch(1, true)),
        ("switch 1 0", Action::Switch(1, false)),
        ("pin a/b 2 31 high", of(Stimulus::pin("a/b", 2, 31, true))),
        ("pins a 1 0b101", of(Stimulus::pins("a", 1, 5))),
        ("port \"a b/c#\" 0xFFFFFFFF", of(Stimulus::Port { port: "a b/c#".into(), bits: u32::MAX })),
        ("line intc/intr[1] low", of(Stimulus::line("intc/intr[1]", false))),
        ("free l", of(Stimulus::Release { line: "l".into() })),
        ("pulse l", of(Stimulus::pulse("l"))),
        (r#"type uart "a\n\x00\"é""#, of(Stimulus::text("uart", b"a\n\0\"\xC3\xA9"))),
        (
            "type uart \"ab\" with parity",
            of(Stimulus::Serial {
                path: "uart".into(),
                characters: vec![
                    character(b'a', Some(SerialFault::Parity)),
                    character(b'b', Some(SerialFault::Parity)),
                ],
            }),
        ),
        (
            "character uart 0x41 with frame",
            of(Stimulus::Character { path: "uart".into(), character: character(0x41, Some(SerialFault::Frame)) }),
        ),
    ] {
        assert_eq!(steps(&format!("5 {text}")), [(5_000_000, action.clone())], "{text}");
        assert_eq!(steps(&format!("\t5ms\t{text}   # so\n\n# no\n")), [(5_000_000, action.clone())], "{text}");
        // What is written is read as the same.
        let written = Script::new(vec![Step::new(Duration::from_millis(5), action.clone())]).to_string();
        assert_eq!(steps(&written), [(5_000_000, action)], "{written}");
    }
}

#[test]
fn times_have_units_and_count_from_the_line_above() {
    let text =
        "1 press 0\n2ms press 0\n3us press 0\n4ns press 0\n1.5s press 0\n0.25us press 0\n+1ms press 0\n+2 press 0";
    let mut expected = [1_000_000, 2_000_000, 3_000, 4, 1_500_000_000, 250, 1_000_250, 3_000_250];
    expected.sort_unstable();
    assert_eq!(steps(text).iter().map(|step| step.0).collect::<Vec<_>>(), expected);
    // Of one time the upper one comes first; a press that lasts is two steps.
    let two = steps("20 release 1\n10 press 1 for 10ms\n20 switch 0 1\n");
    let actions = [Action::Press(1), Action::Release(1), Action::Release(1), Action::Switch(0, true)];
    assert_eq!(two.iter().map(|step| step.1.clone()).collect::<Vec<_>>(), actions);
}

#[test]
fn errors_have_line_column_what_is_there_and_what_may_be() {
    for (text, line, column, found, expected) in [
        ("press 1", 1, 1, "press", "a time, such as `20ms`"),
        ("\n-1 press 0", 2, 1, "-1", "a time"),
        ("+-1 press 0", 1, 1, "+-1", "a time"),
        ("1.ms press 0", 1, 1, "1.ms", "a time"),
        (".5ms press 0", 1, 1, ".5ms", "a time"),
        ("99999999999999999999 press 0", 1, 1, "99999999999999999999", "a time"),
        ("10min press 0", 1, 1, "10min", "a time"),
        ("10", 1, 3, "", "`press`, `release`, `switch`"),
        ("# é\n  10 push 1", 2, 6, "push", "`press`, `release`, `switch`, `pin`, `pins`, `port`, `line`, `free`"),
        ("10 , 1", 1, 4, ",", "`press`"),
        ("10 press", 1, 9, "", "a number from 0 to 255"),
        ("10 press 256", 1, 10, "256", "a number from 0 to 255"),
        ("10 press +1", 1, 10, "+1", "a number from 0 to 255"),
        ("10 press 1 2", 1, 12, "2", "`for` and a time, or the end of the line"),
        ("10 press 1 for", 1, 15, "", "how long"),
        ("10 press 1 for 2ms 3", 1, 20, "3", "the end of the line"),
        ("10 switch 0 2", 1, 13, "2", "`high`, `on` or `1`"),
        ("10 switch 0 \"1\"", 1, 13, "\"1\"", "`high`, `on` or `1`"),
        ("10 pin a 1 32 high", 1, 12, "32", "the number of a pin, 0 to 31"),
        ("10 pins a 1 0x1_0", 1, 13, "0x1_0", "a number of up to 32 bits"),
        ("10 line \"\" high", 1, 9, "\"\"", "the name of a line"),
        ("10 type uart hello", 1, 14, "hello", "the text, in double quotes"),
        ("10 type uart \"hello", 1, 14, "\"hello", "a closing `\"`"),
        (r#"10 type uart "é\q""#, 1, 16, r"\q", r"`\n`"),
        (r#"10 type uart "\x4""#, 1, 15, r"\x4", "two hexadecimal digits"),
        ("10 type uart \"a\" with luck", 1, 23, "luck", "`frame` or `parity`"),
        ("10 character uart 300", 1, 19, "300", "a byte"),
    ] {
        let (at_line, at_column, is_found, is_expected) = error(text);
        assert_eq!((at_line, at_column, is_found.as_str()), (line, column, found), "{text}");
        assert!(is_expected.contains(expected), "{text}: expected {is_expected}");
        let message = text.parse::<Script>().unwrap_err().to_string();
        assert!(message.starts_with(&format!("line {line}, column {column}: ")) && message.contains(expected));
    }
}

#[test]
fn any_text_is_a_script_or_an_error() {
    let words =
        ["10", "+1ms", "press", "type", "\"", "\\", "#", "\\x", "é", "\u{301}", "\n", " ", "for", "0x", "9.9s", "\""];
    let mut seed = 1_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text += words[(seed >> 33) as usize % words.len()];
        }
        if let Err(ScriptError::Syntax { line, column, .. }) = text.parse::<Script>() {
            let of_line = text.lines().nth(line - 1).unwrap();
            assert!(column <= of_line.chars().count() + 1, "{text:?}: {line}:{column}");
        }
    }
}

#[test]
fn a_script_plays_from_where_it_is_started() {
    let board = board();
    board.advance(Duration::from_millis(100));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let script: Script =
        "10 press 2 for 5ms\n12 switch 1 on\n13 pulse flop/q\n14 type terminal/keyboard \"x\"".parse().unwrap();
    let noted = Arc::clone(&seen);
    script
        .play_with(&board, &roles(), move |board, step, checked| {
            checked.unwrap();
            noted.lock().unwrap().push((
                board.now().as_millis(),
                step.line,
                board.port("panel/gpio/gpio_io_i").unwrap(),
            ));
        })
        .unwrap();
    board.advance(Duration::from_millis(14));
    assert_eq!(board.port("panel/gpio/gpio2_io_i").unwrap(), 2);
    board.advance(Duration::from_millis(10));
    // Before each step; the second one finds the button down.
    assert_eq!(*seen.lock().unwrap(), [(110, 1, 0), (112, 2, 4), (113, 3, 4), (114, 4, 4), (115, 1, 4)]);
    assert_eq!(board.port("panel/gpio/gpio_io_i").unwrap(), 0);
    assert_eq!(board.window("uart").unwrap().read(0), u32::from(b'x'));
}

#[test]
fn names_are_checked_before_anything_happens() {
    let board = board();
    let play = |text: &str| text.parse::<Script>().unwrap().play(&board, &roles()).unwrap_err();
    let none = play("1 press 0\n\n2 press 4");
    assert_eq!(none, ScriptError::NoSuchRole { line: 3, kind: "button", number: 4, has: 0..4 });
    assert_eq!(none.to_string(), "line 3: no button 4; the board has 0 to 3");
    let wrong = play("1 pin panel 1 0 high");
    assert!(
        matches!(&wrong, ScriptError::Board { line: 1, error: Error::NoSuchBlock { path, .. } } if path == "panel")
    );
    assert!(wrong.to_string().starts_with("line 1: no block \"panel\""), "{wrong}");
    assert!(matches!(play("1 pin panel/gpio 3 0 high"), ScriptError::Board { error: Error::NoSuchChannel { .. }, .. }));
    assert!(matches!(play("1 type panel/gpio \"x\""), ScriptError::Board { error: Error::NoSerialLine { .. }, .. }));
    let bare = "1 press 0".parse::<Script>().unwrap().play(&board, &Roles::new()).unwrap_err();
    assert!(bare.to_string().contains("the board has none; name the pin"), "{bare}");
    board.advance(Duration::from_secs(1));
    assert_eq!(board.port("panel/gpio/gpio_io_i").unwrap(), 0);
}

#[test]
fn a_recording_plays_as_what_was_recorded() {
    let perform = |board: &Board| {
        board.advance(Duration::from_micros(1_500));
        board.press("panel/gpio", 3).unwrap();
        board.input("panel/gpio", 2, 0, true).unwrap();
        board.advance(Duration::from_nanos(7));
        board.set_line("intc/intr[0]", true).unwrap();
        board.release_line("intc/intr[0]").unwrap();
        board.pulse_line("flop/q").unwrap();
        board.serial_input("uart", b"hi\xFF").unwrap();
        board.serial_input_with_fault("uart", b'!', SerialFault::Frame).unwrap();
        board.after(Duration::from_millis(2), |board| board.release("panel/gpio", 3).unwrap());
        assert!(board.press("nothing", 0).is_err());
        board.advance(Duration::from_millis(3));
    };
    let (one, other) = (board(), board());
    one.start_trace(10_000);
    one.start_recording(100);
    perform(&one);
    let recording = one.recording();
    assert_eq!((recording.left_out, recording.script.steps().len()), (0, 8), "a refused stimulus is none");

    let text = recording.script.by_role(&roles()).to_string();
    assert!(text.contains("1500us  press 3\n1500us  switch 0 on\n1500007ns  line"), "{text}");
    let again: Script = text.parse().unwrap();
    other.start_trace(10_000);
    again.play(&other, &roles()).unwrap();
    other.advance(one.now() - other.now());
    assert!(one.trace().len() >= 6);
    assert_eq!(one.trace(), other.trace());
}

#[test]
fn what_scripts_have_no_words_for_is_counted() {
    let board = board();
    assert_eq!(board.recording().script, Script::default());
    board.start_recording(1);
    let character = Message::Serial(pynq_sim::device::Serial::Character(SerialCharacter::new(b'x')));
    board.stimulate(&Stimulus::Message { port: "uart/UART".into(), message: character }).unwrap();
    board.press("panel/gpio", 0).unwrap();
    board.release("panel/gpio", 0).unwrap();
    let wrong = Stimulus::Message { port: "uart/UART".into(), message: Message::Video(Video::NoSignal) };
    assert!(board.stimulate(&wrong).is_err());
    let recording = board.recording();
    assert_eq!((recording.script.steps().len(), recording.left_out), (1, 2));
    board.start_recording(0);
    assert_eq!(board.recording().left_out, 0);
}
