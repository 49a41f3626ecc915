//! What a program prints: a format, and a value for each of its conversions.

use core::fmt::{self, Write};

/// The longest format, and the longest text of one print; what is longer is cut.
const ROOM: usize = 256;

/// Reads the bytes of a print request, and makes text of them.
pub(super) struct Printer {
    format: Text,
    text: Text,
    at: At,
    /// How far the format was followed.
    done: usize,
}

struct Text {
    bytes: [u8; ROOM],
    length: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; ROOM], length: 0 }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.push(byte));
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum At {
    /// The length of the format.
    Length(u8, [u8; 2]),
    /// The format, so many bytes more.
    Format(u16),
    /// A number for this conversion.
    Number(Conversion, u8, [u8; 4]),
    /// The length of a string.
    StringLength(u8, [u8; 2]),
    /// A string, so many bytes more.
    String(u16),
}

/// A conversion of a format: `%-08.3f`.
#[derive(Clone, Copy)]
struct Conversion {
    letter: u8,
    width: usize,
    zeros: bool,
    precision: Option<usize>,
}

impl Printer {
    pub(super) const fn new() -> Self {
        Self { format: Text::new(), text: Text::new(), at: At::Length(0, [0; 2]), done: 0 }
    }

    pub(super) const fn begin(&mut self) {
        (self.format.length, self.text.length, self.done) = (0, 0, 0);
        self.at = At::Length(0, [0; 2]);
    }

    pub(super) fn text(&self) -> &str {
        let bytes = &self.text.bytes[..self.text.length];
        // A program may print what is no UTF-8, and a text that is cut may end in the middle of a character.
        core::str::from_utf8(bytes)
            .unwrap_or_else(|error| core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default())
    }

    /// The next byte of the request. Whether it was the last one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        match self.at {
            At::Length(0, _) => self.at = At::Length(1, [byte, 0]),
            At::Length(_, [low, _]) => {
                self.at = At::Format(u16::from_le_bytes([low, byte]));
                return self.at_end_of_format();
            }
            At::Format(left) => {
                self.format.push(byte);
                self.at = At::Format(left - 1);
                return self.at_end_of_format();
            }
            At::Number(conversion, count, mut bytes) => {
                bytes[usize::from(count)] = byte;
                let size = if conversion.letter == b'c' { 1 } else { 4 };
                if count + 1 == size {
                    self.print(conversion, bytes);
                    return self.follow();
                }
                self.at = At::Number(conversion, count + 1, bytes);
            }
            At::StringLength(0, _) => self.at = At::StringLength(1, [byte, 0]),
            At::StringLength(_, [low, _]) => {
                self.at = At::String(u16::from_le_bytes([low, byte]));
                return self.at_end_of_string();
            }
            At::String(left) => {
                self.text.push(byte);
                self.at = At::String(left - 1);
                return self.at_end_of_string();
            }
        }
        false
    }

    fn at_end_of_format(&mut self) -> bool {
        matches!(self.at, At::Format(0)) && self.follow()
    }

    fn at_end_of_string(&mut self) -> bool {
        matches!(self.at, At::String(0)) && self.follow()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.format.bytes[..self.format.length].get(self.done)?;
        self.done += 1;
        Some(byte)
    }

    /// Follows the format up to the next conversion. Whether there is none any more.
    fn follow(&mut self) -> bool {
        while let Some(byte) = self.next() {
            if byte != b'%' {
                self.text.push(byte);
                continue;
            }
            let mut conversion = Conversion { letter: 0, width: 0, zeros: false, precision: None };
            while let Some(byte) = self.next() {
                match byte {
                    b'0' if conversion.width == 0 && conversion.precision.is_none() => conversion.zeros = true,
                    b'0'..=b'9' => {
                        let digit = usize::from(byte - b'0');
                        let number = conversion.precision.as_mut().unwrap_or(&mut conversion.width);
                        *number = (*number * 10 + digit).min(ROOM);
                    }
                    b'.' => conversion.precision = Some(0),
                    b'-' | b'+' | b' ' | b'#' | b'l' | b'h' => {}
                    letter => {
                        conversion.letter = letter;
                        break;
                    }
                }
            }
            match conversion.letter {
                b'd' | b'i' | b'u' | b'x' | b'X' | b'o' | b'f' | b'g' | b'e' | b'c' => {
                    self.at = At::Number(conversion, 0, [0; 4]);
                    return false;
                }
                b's' => {
                    self.at = At::StringLength(0, [0; 2]);
                    return false;
                }
                // A percent sign, or a conversion for which nothing is sent.
                other => self.text.push(other),
            }
        }
        true
    }

    fn print(&mut self, conversion: Conversion, bytes: [u8; 4]) {
        let Conversion { letter, width, zeros, precision } = conversion;
        let (number, signed) = (u32::from_le_bytes(bytes), i32::from_le_bytes(bytes));
        let text = &mut self.text;
        // Text takes what fits, without an error.
        let _ = match (letter, zeros) {
            (b'd' | b'i', true) => write!(text, "{:0width$}", signed),
            (b'd' | b'i', false) => write!(text, "{:width$}", signed),
            (b'u', true) => write!(text, "{number:0width$}"),
            (b'u', false) => write!(text, "{number:width$}"),
            (b'x', true) => write!(text, "{number:0width$x}"),
            (b'x', false) => write!(text, "{number:width$x}"),
            (b'X', true) => write!(text, "{number:0width$X}"),
            (b'X', false) => write!(text, "{number:width$X}"),
            (b'o', true) => write!(text, "{number:0width$o}"),
            (b'o', false) => write!(text, "{number:width$o}"),
            (b'c', _) => {
                // A character that is none of ASCII is no text by itself.
                text.push(if bytes[0].is_ascii() { bytes[0] } else { b'?' });
                Ok(())
            }
            (b'e', _) => write!(text, "{:width$e}", f32::from_bits(number)),
            (b'g', _) => write!(text, "{:width$}", f32::from_bits(number)),
            (_, true) => write!(text, "{:0width$.*}", precision.unwrap_or(6), f32::from_bits(number)),
            (_, false) => write!(text, "{:width$.*}", precision.unwrap_or(6), f32::from_bits(number)),
        };
    }
}
