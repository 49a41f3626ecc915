//! The writer of scripts. What it writes is read as the same steps.

use core::{
    fmt::{self, Write as _},
    time::Duration,
};

use super::{Action, Script, Step};
use crate::{
    device::{SerialCharacter, SerialFault},
    fabric::Stimulus,
};

/// A script as it is read.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps().iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

/// A line of a script, without its end.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", Time(self.at), self.action)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Press(number) => write!(f, "press {number}"),
            Self::Release(number) => write!(f, "release {number}"),
            Self::Switch(number, on) => write!(f, "switch {number} {}", if *on { "on" } else { "off" }),
            Self::Stimulus(stimulus) => write_stimulus(f, stimulus),
        }
    }
}

fn write_stimulus(f: &mut fmt::Formatter<'_>, stimulus: &Stimulus) -> fmt::Result {
    match stimulus {
        Stimulus::Pin { path, channel, bit, level } => {
            write!(f, "pin {} {channel} {bit} {}", Name(path), shown(*level))
        }
        Stimulus::Pins { path, channel, bits } => write!(f, "pins {} {channel} {bits:#x}", Name(path)),
        Stimulus::Port { port, bits } => write!(f, "port {} {bits:#x}", Name(port)),
        Stimulus::Line { line, level } => write!(f, "line {} {}", Name(line), shown(*level)),
        Stimulus::Release { line } => write!(f, "free {}", Name(line)),
        Stimulus::Pulse { line } => write!(f, "pulse {}", Name(line)),
        Stimulus::Character { path, character } => {
            write!(f, "character {} {:#04x}{}", Name(path), character.data, Fault(character.fault))
        }
        Stimulus::Serial { path, characters } => {
            write!(f, "type {} {}", Name(path), Text(characters))?;
            write!(f, "{}", Fault(characters.first().and_then(|character| character.fault)))
        }
        // Scripts are not made of these: `is_writable`.
        Stimulus::Message { port, .. } => write!(f, "# a message at {}", Name(port)),
    }
}

/// Whether there are words for a stimulus.
pub(super) fn is_writable(stimulus: &Stimulus) -> bool {
    match stimulus {
        Stimulus::Message { .. } => false,
        // One line has one fault.
        Stimulus::Serial { characters, .. } => characters.windows(2).all(|pair| pair[0].fault == pair[1].fault),
        _ => true,
    }
}

const fn shown(level: bool) -> &'static str {
    if level { "high" } else { "low" }
}

/// In the largest unit that needs no fraction.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        match nanos {
            0 => f.pad("0ms"),
            _ if nanos % 1_000_000_000 == 0 => write!(f, "{}s", nanos / 1_000_000_000),
            _ if nanos % 1_000_000 == 0 => write!(f, "{}ms", nanos / 1_000_000),
            _ if nanos % 1_000 == 0 => write!(f, "{}us", nanos / 1_000),
            _ => write!(f, "{nanos}ns"),
        }
    }
}

/// In quotes, if it must be.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |character: char| character.is_ascii_graphic() && !matches!(character, '#' | '"' | '\\');
        if !self.0.is_empty() && self.0.chars().all(is_plain) {
            return f.write_str(self.0);
        }
        quoted(f, self.0.bytes())
    }
}

struct Text<'a>(&'a [SerialCharacter]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quoted(f, self.0.iter().map(|character| character.data))
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, bytes: impl Iterator<Item = u8>) -> fmt::Result {
    f.write_char('"')?;
    for byte in bytes {
        match byte {
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
            b' '..=b'~' => f.write_char(char::from(byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    f.write_char('"')
}

struct Fault(Option<SerialFault>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None => "",
            Some(SerialFault::Frame) => " with frame",
            Some(SerialFault::Parity) => " with parity",
        })
    }
}
