//! Colours, where the output is a terminal that takes them.

use std::borrow::Cow;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// What a text is, which decides how it looks.
#[derive(Clone, Copy)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // what the subcommands for boards say
pub(crate) enum Role {
    Heading,
    Name,
    Address,
    Edge,
    Level,
    Dim,
    Good,
    Warning,
    Wrong,
}

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy)]
pub(crate) struct Palette {
    colours: bool,
}

impl Palette {
    /// What standard output takes: NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM are respected.
    pub(crate) fn of_stdout() -> Self {
        Self { colours: !matches!(AutoStream::choice(&std::io::stdout()), ColorChoice::Never) }
    }

    /// `text`, escaped: whatever else is in it, the colours are ours.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        let text: Cow<'_, str> = pynq_hwh::escaped(text);
        if !self.colours || text.is_empty() {
            return text.into_owned();
        }
        let style = match role {
            Role::Heading => Style::new().bold(),
            Role::Name => AnsiColor::Cyan.on_default(),
            Role::Address => AnsiColor::Blue.on_default(),
            Role::Edge => AnsiColor::Magenta.on_default(),
            Role::Level => AnsiColor::Green.on_default(),
            Role::Dim => Style::new().dimmed(),
            Role::Good => AnsiColor::Green.on_default(),
            Role::Warning => AnsiColor::Yellow.on_default(),
            Role::Wrong => AnsiColor::Red.on_default().bold(),
        };
        format!("{style}{text}{style:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_ours_alone() {
        let (on, off) = (Palette { colours: true }, Palette { colours: false });
        let hostile = "a\u{1b}[31mb\u{9b}7m\nc";
        let shown = "a\\u{1b}[31mb\\u{9b}7m\\u{a}c";
        assert_eq!(off.paint(Role::Name, hostile), shown);
        let painted = on.paint(Role::Name, hostile);
        assert!(painted.contains(shown) && painted.matches('\u{1b}').count() == 2, "{painted:?}");
    }
}
