//! Text from a file as it may be shown.
//!
//! The author of a handoff file can put characters into its names that control a terminal, break a line in two, or have
//! text read backwards. Names with such characters are refused as the file is read; other text of the file, and the
//! paths and names that a program requests, are escaped where they are shown.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Whether `c` changes how the text around it is shown, and does not show itself: control characters of 7 and 8 bits,
/// line and paragraph separators, marks and overrides of the writing direction, characters without width, tags.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// `text` with [invisible](is_invisible) characters, line breaks among them, written as `\u{1b}`.
///
/// ```
/// assert_eq!(pynq_hwh::escaped("btns_gpio"), "btns_gpio");
/// assert_eq!(pynq_hwh::escaped("\u{1b}[31m\u{202e}x"), "\\u{1b}[31m\\u{202e}x");
/// ```
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    // Writing to a string cannot fail.
    let _ = Escaping(&mut out).write_str(text);
    Cow::Owned(out)
}

/// Escapes what is written to it.
pub(crate) struct Escaping<W>(pub(crate) W);

impl<W: Write> Write for Escaping<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(is_invisible) {
            match part.chars().next_back().filter(|last| is_invisible(*last)) {
                Some(last) => {
                    self.0.write_str(part.strip_suffix(last).unwrap_or_default())?;
                    write!(self.0, "\\u{{{:x}}}", u32::from(last))?;
                }
                None => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_letters_are_not() {
        for (text, shown) in [
            ("iop_pmoda/mb", "iop_pmoda/mb"),
            ("кнопка/按钮/ü", "кнопка/按钮/ü"),
            ("a\nb\r\t", "a\\u{a}b\\u{d}\\u{9}"),
            ("\u{9b}31m\u{85}", "\\u{9b}31m\\u{85}"),
            ("\u{202e}\u{2066}\u{200b}\u{feff}", "\\u{202e}\\u{2066}\\u{200b}\\u{feff}"),
            ("\u{7f}", "\\u{7f}"),
            ("", ""),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }
}
