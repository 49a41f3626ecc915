//! Scripts: what somebody does to the board, and when.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::{Error, Result};

/// A script, in the order of its times.
///
/// One action per line, `<ms> press N`, `<ms> release N` or `<ms> switch N 0|1`; empty lines and what follows a `#` are
/// left out. Of two actions at the same time the upper one comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// What is done.
    pub steps: Vec<Step>,
}

/// One line of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, in milliseconds of the board's clock.
    pub ms: u64,
    /// What.
    pub action: Action,
}

/// Something done to the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A button is pressed.
    Press(u8),
    /// A button is let go.
    Release(u8),
    /// A switch is moved.
    Switch(u8, bool),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Press(button) => write!(f, "button {button} pressed"),
            Self::Release(button) => write!(f, "button {button} released"),
            Self::Switch(switch, on) => write!(f, "switch {switch} {}", if *on { "on" } else { "off" }),
        }
    }
}

/// What a line is to look like.
const EXPECTED: &str = "expected `<ms> press N`, `<ms> release N` or `<ms> switch N 0|1`";

impl FromStr for Script {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let step = step(line).ok_or_else(|| format!("line {number} of the script is `{line}`; {EXPECTED}"))?;
                steps.push(step);
            }
        }
        // Stable: the order of the lines decides between equals.
        steps.sort_by_key(|step| step.ms);
        Ok(Self { steps })
    }
}

fn step(line: &str) -> Option<Step> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (ms, rest) = words.split_first()?;
    let ms = ms.parse().ok()?;
    let action = match rest {
        ["press", button] => Action::Press(button.parse().ok()?),
        ["release", button] => Action::Release(button.parse().ok()?),
        ["switch", switch, "0"] => Action::Switch(switch.parse().ok()?, false),
        ["switch", switch, "1"] => Action::Switch(switch.parse().ok()?, true),
        _ => return None,
    };
    Some(Step { ms, action })
}

impl Script {
    /// How often a button is pressed that was not.
    #[must_use]
    pub fn presses(&self) -> usize {
        let mut down = BTreeSet::new();
        let pressed = |step: &&Step| match step.action {
            Action::Press(button) => down.insert(button),
            Action::Release(button) => {
                down.remove(&button);
                false
            }
            Action::Switch(..) => false,
        };
        self.steps.iter().filter(pressed).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_ordered() {
        let script: Script = "# two\n20 release 1\n\n10 press 1 # first\n 20 switch 0 1\n".parse().unwrap();
        let steps = [(10, Action::Press(1)), (20, Action::Release(1)), (20, Action::Switch(0, true))];
        assert_eq!(script.steps, steps.map(|(ms, action)| Step { ms, action }));
    }

    #[test]
    fn errors_name_line_and_form() {
        for bad in [
            "press 1",
            "x press 1",
            "10 push 1",
            "10 press",
            "10 press 256",
            "10 switch 0 2",
            "10 press 1 2",
            "-1 press 0",
        ] {
            let error = format!("\n{bad}\n").parse::<Script>().unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains(bad) && error.contains(EXPECTED), "{error}");
        }
    }

    #[test]
    fn only_changes_are_presses() {
        let script: Script = "1 press 0\n2 press 0\n3 release 0\n4 press 0\n5 press 3".parse().unwrap();
        assert_eq!(script.presses(), 3);
    }
}
