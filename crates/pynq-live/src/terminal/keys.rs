//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::{Command, Control, ControlKind, Mode, Seen};

/// How long a key presses a button, in milliseconds.
const PRESS: u32 = 200;

/// What a viewer has on the screen beside the board.
#[derive(Debug, Default)]
pub struct Screen {
    /// Which of the inputs is selected.
    pub(super) selected: usize,
    /// What is being typed.
    pub(super) line: Option<Line>,
    /// What there was to say of the last command.
    pub(super) message: String,
}

/// A line that is being typed.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// For a serial line, instead of a command.
    pub(super) is_serial: bool,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Then {
    /// Nothing but what the screen shows.
    Nothing,
    /// Something is done to the board.
    Act(Command),
    /// The waveform is written to this file.
    Save(String),
    /// The viewer ends it.
    End,
}

impl Screen {
    /// Shows what there is to say of a command; nothing if it was carried out.
    pub fn told(&mut self, message: Option<String>) {
        self.message = message.unwrap_or_default();
    }

    /// What `key` does, on a board that shows what is `seen`.
    pub fn key(&mut self, key: KeyEvent, seen: &Seen) -> Then {
        if key.kind == KeyEventKind::Release {
            return Then::Nothing;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if matches!(key.code, KeyCode::Char('c' | 'q')) { Then::End } else { Then::Nothing };
        }
        if self.line.is_some() {
            return self.typed(key.code, seen);
        }
        let inputs: Vec<&Control> = seen.panel.controls.iter().filter(|control| control.kind.is_input()).collect();
        let of = |kind, number: usize| inputs.iter().filter(|control| control.kind == kind).nth(number).copied();
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Then::End,
            KeyCode::Char(digit @ '0'..='9') => {
                let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(0);
                if let Some(control) = of(ControlKind::Button, number) {
                    return Then::Act(Command::Press { control: control.id.clone(), millis: PRESS });
                }
            }
            KeyCode::Char(letter @ 'a'..='h') => {
                if let Some(control) = of(ControlKind::Switch, letter as usize - 'a' as usize) {
                    return toggled(control, seen);
                }
            }
            KeyCode::Left => self.selected = self.selected.saturating_sub(1),
            KeyCode::Right => self.selected = (self.selected + 1).min(inputs.len().saturating_sub(1)),
            KeyCode::Enter | KeyCode::Char(' ') => {
                if let Some(control) = inputs.get(self.selected) {
                    return toggled(control, seen);
                }
            }
            KeyCode::Char('p') => {
                let mode = if seen.snapshot.mode == Mode::Paused { Mode::RealTime } else { Mode::Paused };
                return Then::Act(Command::Clock { mode });
            }
            KeyCode::Char('v') => return Then::Act(Command::Clock { mode: Mode::Virtual }),
            KeyCode::Char('n') => return Then::Act(Command::Step { micros: 1000 }),
            KeyCode::Char('t') if !seen.panel.consoles.is_empty() => {
                self.line = Some(Line { text: String::new(), is_serial: true });
            }
            KeyCode::Char(':') => self.line = Some(Line { text: String::new(), is_serial: false }),
            _ => {}
        }
        Then::Nothing
    }

    fn typed(&mut self, key: KeyCode, seen: &Seen) -> Then {
        match (key, &mut self.line) {
            (KeyCode::Esc, _) => self.line = None,
            (KeyCode::Char(character), Some(line)) => line.text.push(character),
            (KeyCode::Backspace, Some(line)) => drop(line.text.pop()),
            (KeyCode::Enter, line) => {
                let Some(Line { text, is_serial }) = line.take() else { return Then::Nothing };
                if is_serial {
                    let console = seen.panel.consoles.first().cloned().unwrap_or_default();
                    return Then::Act(Command::Type { console, text: text + "\n" });
                }
                match parse(&text) {
                    Some(then) => return then,
                    None => self.told(Some(format!("`{}`: {COMMANDS}", pynq::hwh::escaped(&text)))),
                }
            }
            _ => {}
        }
        Then::Nothing
    }
}

/// What can be typed after a colon.
const COMMANDS: &str =
    "use `press ID [MS]`, `set ID 0|1`, `hold LINE 0|1`, `release LINE`, `pulse LINE`, `step US` or `vcd FILE`";

fn parse(text: &str) -> Option<Then> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let level = |text: &str| match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    Some(Then::Act(match *words.as_slice() {
        ["press", control] => Command::Press { control: control.to_owned(), millis: PRESS },
        ["press", control, millis] => Command::Press { control: control.to_owned(), millis: millis.parse().ok()? },
        ["set", control, on] => Command::Set { control: control.to_owned(), on: level(on)? },
        ["hold", line, high] => Command::Hold { line: line.to_owned(), level: level(high)? },
        ["release", line] => Command::Release { line: line.to_owned() },
        ["pulse", line] => Command::Pulse { line: line.to_owned() },
        ["step", micros] => Command::Step { micros: micros.parse().ok()? },
        ["vcd", file] => return Some(Then::Save(file.to_owned())),
        _ => return None,
    }))
}

fn toggled(control: &Control, seen: &Seen) -> Then {
    let index = seen.panel.controls.iter().position(|other| other.id == control.id);
    let is_on = index.and_then(|index| seen.snapshot.values.get(index)).is_some_and(|value| *value != 0);
    Then::Act(Command::Set { control: control.id.clone(), on: !is_on })
}
