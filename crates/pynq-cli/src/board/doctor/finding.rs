//! What a check found.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::style::{Palette, Role};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// Nothing is wrong with the system, but its user should know.
    Note,
    /// Something does not work.
    Wrong,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Wrong => "WRONG",
        }
    }
}

impl Level {
    fn role(self) -> Role {
        match self {
            Self::Good => Role::Good,
            Self::Note => Role::Warning,
            Self::Wrong => Role::Wrong,
        }
    }
}

struct Finding {
    level: Level,
    subject: &'static str,
    message: String,
    /// What to do, in one line or several.
    fix: Option<String>,
}

/// All of them, in the order in which they were made.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn good(&mut self, subject: &'static str, message: impl Into<String>) {
        self.0.push(Finding { level: Level::Good, subject, message: message.into(), fix: None });
    }

    pub(super) fn note(&mut self, subject: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        self.add(Level::Note, subject, message, fix);
    }

    pub(super) fn wrong(&mut self, subject: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        self.add(Level::Wrong, subject, message, fix);
    }

    fn add(&mut self, level: Level, subject: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        let fix = Some(fix.into()).filter(|fix| !fix.is_empty());
        self.0.push(Finding { level, subject, message: message.into(), fix });
    }

    pub(super) fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|finding| finding.level == level).count()
    }

    pub(super) fn report(&self, palette: Palette) -> String {
        let mut text = String::new();
        let width = self.0.iter().map(|finding| finding.subject.len()).max().unwrap_or(0);
        for finding in &self.0 {
            // Writing to a string cannot fail, here and below.
            let level = palette.paint(finding.level.role(), &format!("{:5}", finding.level.as_str()));
            let _ = writeln!(text, "{level}  {:width$}  {}", finding.subject, pynq_hwh::escaped(&finding.message));
            for (number, line) in finding.fix.iter().flat_map(|fix| fix.lines()).enumerate() {
                let begin = match (number, finding.level) {
                    (0, Level::Wrong) => "fix:",
                    (0, _) => "hint:",
                    _ => "",
                };
                let line = pynq_hwh::escaped(line);
                let _ = writeln!(text, "{:5}  {:width$}  {begin:5} {line}", "", "");
            }
        }
        let (wrong, notes) = (self.count(Level::Wrong), self.count(Level::Note));
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let _ = match wrong {
            0 => writeln!(text, "\nnothing is wrong; {notes} note{}", plural(notes)),
            _ => writeln!(text, "\n{wrong} thing{} wrong; {notes} note{}", plural(wrong), plural(notes)),
        };
        text
    }

    pub(super) fn value(&self) -> Value {
        let all = self.0.iter().map(|finding| {
            json!({
                "level": finding.level.as_str().to_lowercase(),
                "subject": finding.subject,
                "message": finding.message,
                "fix": finding.fix,
            })
        });
        json!({
            "wrong": self.count(Level::Wrong),
            "notes": self.count(Level::Note),
            "findings": all.collect::<Vec<_>>(),
        })
    }
}
