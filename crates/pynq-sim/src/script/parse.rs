//! The reader of scripts.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use super::{
    Action, ScriptError, Step,
    words::{Word, Words},
};
use crate::{
    device::{SerialCharacter, SerialFault},
    fabric::Stimulus,
};

/// The actions there are.
const ACTIONS: &str =
    "`press`, `release`, `switch`, `pin`, `pins`, `port`, `line`, `free`, `pulse`, `type` or `character`";
const TIME: &str = "a time, such as `20ms`, `1.5s` or `+300us`";
const NUMBER: &str = "a number from 0 to 255";
const BITS: &str = "a number of up to 32 bits, such as `0b101` or `0x1f`";
const LEVEL: &str = "`high`, `on` or `1`, or `low`, `off` or `0`";
const BLOCK: &str = "the name of a block";
const LINE: &str = "the name of a line, such as `intc/irq`";
const END: &str = "the end of the line";

pub(super) fn script(text: &str) -> Result<Vec<Step>, ScriptError> {
    let (mut steps, mut above) = (Vec::new(), Duration::ZERO);
    for (line, text) in (1..).zip(text.lines()) {
        let mut words = Words::of(line, text)?;
        if words.is_empty() {
            continue;
        }
        let at = words.read(TIME, |word| time(plain(word)?, above))?;
        above = at;
        let action = action(&mut words)?;
        let pressed = match action {
            Action::Press(button) if words.takes("for") => {
                Some((button, words.read("how long, such as `20ms`", |word| time(plain(word)?, Duration::ZERO))?))
            }
            _ => None,
        };
        words.end(match action {
            Action::Press(_) if pressed.is_none() => "`for` and a time, or the end of the line",
            _ => END,
        })?;
        steps.push(Step { at, action, line });
        if let Some((button, long)) = pressed {
            steps.push(Step { at: at.saturating_add(long), action: Action::Release(button), line });
        }
    }
    Ok(steps)
}

fn action(words: &mut Words<'_>) -> Result<Action, ScriptError> {
    let verb = words.read(ACTIONS, |word| {
        let verb = plain(word)?;
        ACTIONS.split('`').skip(1).step_by(2).any(|known| known == verb).then_some(verb)
    })?;
    Ok(match verb {
        "press" => Action::Press(words.read(NUMBER, byte)?),
        "release" => Action::Release(words.read(NUMBER, byte)?),
        "switch" => Action::Switch(words.read(NUMBER, byte)?, words.read(LEVEL, level)?),
        "pin" => Action::Stimulus(Stimulus::Pin {
            path: words.read(BLOCK, name)?,
            channel: words.read("the number of a channel, from 1", byte)?,
            bit: words.read("the number of a pin, 0 to 31", |word| byte(word).filter(|&pin| pin < 32))?,
            level: words.read(LEVEL, level)?,
        }),
        "pins" => Action::Stimulus(Stimulus::Pins {
            path: words.read(BLOCK, name)?,
            channel: words.read("the number of a channel, from 1", byte)?,
            bits: words.read(BITS, bits)?,
        }),
        "port" => Action::Stimulus(Stimulus::Port {
            port: words.read("an input port, `BLOCK/PORT`", name)?,
            bits: words.read(BITS, bits)?,
        }),
        "line" => Action::Stimulus(Stimulus::Line { line: words.read(LINE, name)?, level: words.read(LEVEL, level)? }),
        "free" => Action::Stimulus(Stimulus::Release { line: words.read(LINE, name)? }),
        "pulse" => Action::Stimulus(Stimulus::Pulse { line: words.read(LINE, name)? }),
        "type" => {
            let path = words.read(BLOCK, name)?;
            let text = words.read("the text, in double quotes", |word| word.quoted.clone())?;
            let fault = fault(words)?;
            let characters = text.into_iter().map(|data| SerialCharacter { data, fault }).collect();
            Action::Stimulus(Stimulus::Serial { path, characters })
        }
        // The last of the list: `read` takes no other.
        _ => {
            let path = words.read(BLOCK, name)?;
            let data = words.read("a byte, such as `0x41`", byte)?;
            Action::Stimulus(Stimulus::Character { path, character: SerialCharacter { data, fault: fault(words)? } })
        }
    })
}

/// `with frame`, `with parity`, or nothing.
fn fault(words: &mut Words<'_>) -> Result<Option<SerialFault>, ScriptError> {
    if !words.takes("with") {
        return Ok(None);
    }
    words.read("`frame` or `parity`, the error of the characters", |word| match plain(word)? {
        "frame" => Some(Some(SerialFault::Frame)),
        "parity" => Some(Some(SerialFault::Parity)),
        _ => None,
    })
}

/// A word that is not in quotes.
fn plain<'a>(word: &Word<'a>) -> Option<&'a str> {
    word.quoted.is_none().then_some(word.raw)
}

fn name(word: &Word<'_>) -> Option<String> {
    match &word.quoted {
        Some(bytes) => String::from_utf8(bytes.clone()).ok(),
        None => Some(word.raw.into()),
    }
    .filter(|name| !name.is_empty())
}

fn level(word: &Word<'_>) -> Option<bool> {
    match plain(word)? {
        "1" | "high" | "on" => Some(true),
        "0" | "low" | "off" => Some(false),
        _ => None,
    }
}

fn byte(word: &Word<'_>) -> Option<u8> {
    bits(word).and_then(|value| u8::try_from(value).ok())
}

fn bits(word: &Word<'_>) -> Option<u32> {
    let text = plain(word)?;
    // The standard library takes a sign, too.
    let digits = |text: &str, radix| u32::from_str_radix(text, radix).ok().filter(|_| !text.starts_with('+'));
    match (text.strip_prefix("0x"), text.strip_prefix("0b")) {
        (Some(text), _) => digits(text, 16),
        (_, Some(text)) => digits(text, 2),
        _ => digits(text, 10),
    }
}

/// A time: a number of one of the units, after a `+` from the line above on.
fn time(text: &str, above: Duration) -> Option<Duration> {
    let (text, from) = match text.strip_prefix('+') {
        Some(text) => (text, above),
        None => (text, Duration::ZERO),
    };
    let unit = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let nanos: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" | "" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let fraction = fraction.parse::<u64>().ok()?.checked_mul(nanos)? / scale;
    let whole = whole.parse::<u64>().ok()?.checked_mul(nanos)?;
    from.checked_add(Duration::from_nanos(whole.checked_add(fraction)?))
}
