//! The words of a line, each with its column.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::ScriptError;

/// A word as it stands in the text.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    pub(super) column: usize,
    /// With the quotes, if it is in quotes.
    pub(super) raw: &'a str,
    /// What the quotes hold.
    pub(super) quoted: Option<Vec<u8>>,
}

/// What is left of a line.
#[derive(Debug)]
pub(super) struct Words<'a> {
    line: usize,
    words: alloc::vec::IntoIter<Word<'a>>,
    /// The column after the last word.
    end: usize,
}

impl<'a> Words<'a> {
    /// Cuts a line into words, up to its comment.
    pub(super) fn of(line: usize, text: &'a str) -> Result<Self, ScriptError> {
        let mut words = Vec::new();
        let mut end = 1;
        let mut characters = (1..).zip(text.char_indices()).peekable();
        while let Some((column, (start, first))) = characters.next() {
            if first == '#' {
                break;
            }
            if first.is_whitespace() {
                continue;
            }
            let mut last = start + first.len_utf8();
            end = column + 1;
            if first != '"' {
                while let Some((column, (at, next))) = characters.next_if(|(_, (_, next))| !ends_word(*next)) {
                    (last, end) = (at + next.len_utf8(), column + 1);
                }
                words.push(Word { column, raw: &text[start..last], quoted: None });
                continue;
            }
            let mut escaped = false;
            let mut closed = false;
            for (column, (at, next)) in characters.by_ref() {
                (last, end) = (at + 1, column + 1);
                if next == '"' && !escaped {
                    closed = true;
                    break;
                }
                escaped = next == '\\' && !escaped;
            }
            if !closed {
                let found = text[start..].to_string();
                return Err(ScriptError::Syntax { line, column, found, expected: "a closing `\"`".to_string() });
            }
            let raw = &text[start..last];
            let quoted = unquote(&raw[1..raw.len() - 1]).map_err(|(offset, found)| ScriptError::Syntax {
                line,
                column: column + 1 + offset,
                found,
                expected: r#"`\n`, `\r`, `\t`, `\"`, `\\` or `\x` with two hexadecimal digits"#.to_string(),
            })?;
            words.push(Word { column, raw, quoted: Some(quoted) });
        }
        Ok(Self { line, words: words.into_iter(), end })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.as_slice().is_empty()
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Option<Word<'a>> {
        self.words.next()
    }

    /// The next word, which must be there and be what `read` takes.
    pub(super) fn read<T>(
        &mut self,
        expected: &str,
        read: impl FnOnce(&Word<'a>) -> Option<T>,
    ) -> Result<T, ScriptError> {
        let Some(word) = self.next() else {
            return Err(self.error(self.end, String::new(), expected));
        };
        read(&word).ok_or_else(|| self.error(word.column, word.raw.to_string(), expected))
    }

    /// Takes the next word if it is this one.
    pub(super) fn takes(&mut self, keyword: &str) -> bool {
        let found = self.words.as_slice().first().is_some_and(|word| word.raw == keyword);
        if found {
            self.words.next();
        }
        found
    }

    /// The end of the line.
    pub(super) fn end(&mut self, expected: &str) -> Result<(), ScriptError> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(self.error(word.column, word.raw.to_string(), expected)),
        }
    }

    fn error(&self, column: usize, found: String, expected: &str) -> ScriptError {
        ScriptError::Syntax { line: self.line, column, found, expected: expected.to_string() }
    }
}

fn ends_word(character: char) -> bool {
    character.is_whitespace() || matches!(character, '#' | '"')
}

/// The bytes that are meant. If there is no such escape: how many characters come before it, and what it is.
fn unquote(text: &str) -> Result<Vec<u8>, (usize, String)> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut characters = text.chars().enumerate();
    while let Some((offset, character)) = characters.next() {
        if character != '\\' {
            bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let mut found = String::from(character);
        let mut next = || characters.next().map(|(_, next)| next).inspect(|next| found.push(*next));
        let byte = match next() {
            Some('n') => Some(b'\n'),
            Some('r') => Some(b'\r'),
            Some('t') => Some(b'\t'),
            Some('"') => Some(b'"'),
            Some('\\') => Some(b'\\'),
            Some('x') => {
                let mut digit =
                    || next().and_then(|digit| digit.to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
                digit().and_then(|high| digit().map(|low| high << 4 | low))
            }
            _ => None,
        };
        bytes.push(byte.ok_or((offset, found))?);
    }
    Ok(bytes)
}
