//! Bitstream files: the header of a `.bit`, and the form that Linux wants.
//!
//! The FPGA manager takes raw configuration data with the bytes of every 32-bit word reversed, and the tools write it in
//! three forms: with a header (`.bit`), raw, and raw and reversed. The sync word shows which one it is, so a conversion
//! of something that was converted before changes nothing.

use std::path::Path;

use crate::design::Design;
use crate::error::{Error, Result};
use crate::limits;

/// How every `.bit` file starts: the length of a magic field, the field, and a marker.
const MAGIC: [u8; 13] = [0x00, 0x09, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x0F, 0xF0, 0x00, 0x00, 0x01];
/// The sync word in the order of the data sheet.
const SYNC: [u8; 4] = [0xAA, 0x99, 0x55, 0x66];
/// The sync word with its bytes reversed.
const SYNC_REVERSED: [u8; 4] = [0x66, 0x55, 0x99, 0xAA];
/// The sync word stands in this many bytes at the beginning.
const SYNC_WITHIN: usize = 512;
/// Address of the configuration register that takes the IDCODE.
const IDCODE_REGISTER: u32 = 12;

/// How configuration data is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BitstreamForm {
    /// A `.bit` file: a header, then words with the most significant byte first.
    Bit,
    /// Raw words with the most significant byte first, as `write_bitstream -bin_file` makes them.
    Raw,
    /// Raw words with the least significant byte first: what Linux wants.
    Firmware,
}

impl BitstreamForm {
    /// `bit`, `raw` or `firmware`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::Raw => "raw",
            Self::Firmware => "firmware",
        }
    }
}

/// The header of a `.bit` file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BitstreamHeader {
    /// Name of the design.
    pub design: String,
    /// What follows the name: `UserID`, `Version`, `COMPRESS`, `PARTIAL`, ...
    pub attributes: Vec<(String, String)>,
    /// Part without speed grade: `7z020clg400`.
    pub part: String,
    /// Date of the build, `YYYY/MM/DD`.
    pub date: String,
    /// Time of the build, `HH:MM:SS`.
    pub time: String,
}

impl BitstreamHeader {
    /// The value of attribute `name`, in any case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether this is a partial bitstream.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.attribute("PARTIAL").is_some_and(|value| value.eq_ignore_ascii_case("TRUE"))
    }
}

/// A bitstream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bitstream {
    /// The form it was read in.
    pub form: BitstreamForm,
    /// The header, which only `.bit` files have.
    pub header: Option<BitstreamHeader>,
    /// The configuration data, as it stands in the file.
    pub data: Vec<u8>,
    /// Whether the words of `data` have their least significant byte first.
    pub reversed: bool,
}

impl Bitstream {
    /// Reads the bitstream at `path`, in any form.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and those of [`Bitstream::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::parse(crate::file::read(path.as_ref(), limits::BITSTREAM_BYTES)?)
    }

    /// Reads a bitstream from memory, in any form.
    ///
    /// # Errors
    ///
    /// [`Error::NotABitstream`] where there is neither a header nor a sync word, [`Error::BitHeader`] where the header is
    /// malformed, [`Error::BitLength`] where it announces another length than follows.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let mut bytes: Vec<u8> = bytes.into();
        // Four bytes identify a .bit file; the rest of the magic is then required.
        if !bytes.starts_with(&[0x00, 0x09, 0x0F, 0xF0]) {
            let Some(reversed) = byte_order(&bytes) else {
                let found = match bytes.as_slice() {
                    [] => "an empty file".to_owned(),
                    [first, ..] => format!("{} bytes without either, the first is {first:#04x}", bytes.len()),
                };
                return Err(Error::NotABitstream { found });
            };
            let form = if reversed { BitstreamForm::Firmware } else { BitstreamForm::Raw };
            return Ok(Self { form, header: None, data: bytes, reversed });
        }
        let (header, start) = parse_header(&bytes)?;
        let data = bytes.split_off(start);
        let reversed = match byte_order(&data) {
            Some(reversed) => reversed,
            // The FPGA manager does not check the start of a partial bitstream either.
            None if header.is_partial() => false,
            None => {
                let found = format!("a .bit header and {} bytes of data without a sync word", data.len());
                return Err(Error::NotABitstream { found });
            }
        };
        Ok(Self { form: BitstreamForm::Bit, header: Some(header), data, reversed })
    }

    /// The configuration data in the form that Linux wants: no header, the bytes of each word reversed. Data that has
    /// this form already is returned as it is.
    ///
    /// # Errors
    ///
    /// [`Error::BitLength`] if the data is not a whole number of words. A partial bitstream is padded with ones instead.
    pub fn to_firmware(&self) -> Result<Vec<u8>> {
        let mut data = self.data.clone();
        let whole = data.len().next_multiple_of(4);
        if whole != data.len() {
            if !self.header.as_ref().is_some_and(BitstreamHeader::is_partial) {
                return Err(Error::BitLength { offset: 0, expected: whole as u64, found: data.len() as u64 });
            }
            data.resize(whole, 0xFF);
        }
        if !self.reversed {
            for word in data.chunks_exact_mut(4) {
                word.reverse();
            }
        }
        Ok(data)
    }

    /// The IDCODE that the bitstream checks its device against, without the silicon revision in bits 31 to 28.
    #[must_use]
    pub fn idcode(&self) -> Option<u32> {
        let mut words = self.data.chunks_exact(4).map(|word| {
            let word = word.try_into().unwrap_or_default();
            if self.reversed { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) }
        });
        words.by_ref().take(SYNC_WITHIN / 4).find(|word| *word == u32::from_be_bytes(SYNC))?;
        let mut register = 0;
        while let Some(word) = words.next() {
            let count = match word >> 29 {
                1 => {
                    register = (word >> 13) & 0x3FFF;
                    word & 0x7FF
                }
                2 => word & 0x07FF_FFFF,
                _ => 0,
            };
            let writes = (word >> 27) & 3 == 2;
            if writes && count > 0 && register == IDCODE_REGISTER {
                return words.next().map(|idcode| idcode & 0x0FFF_FFFF);
            }
            // `nth` passes over the packet's words, if there are that many.
            if let Some(last) = count.checked_sub(1) {
                words.nth(usize::try_from(last).unwrap_or(usize::MAX));
            }
        }
        None
    }

    /// The device the IDCODE belongs to, where it is known: `7z020`.
    #[must_use]
    pub fn device(&self) -> Option<&'static str> {
        match self.idcode()? {
            0x0372_2093 => Some("7z010"),
            0x0373_B093 => Some("7z015"),
            0x0372_7093 => Some("7z020"),
            0x0372_C093 => Some("7z030"),
            0x0373_1093 => Some("7z045"),
            0x0373_6093 => Some("7z100"),
            _ => None,
        }
    }

    /// Checks that this bitstream is for the part of `design`. Where a file does not name its part there is nothing to
    /// compare, and no error.
    ///
    /// # Errors
    ///
    /// [`Error::PartMismatch`].
    pub fn check_part(&self, design: &Design) -> Result<()> {
        let wanted = design.source.part();
        let (bitstream, agrees) = match (&self.header, self.device()) {
            (Some(header), _) if !header.part.is_empty() => {
                let (ours, theirs) = (plain_part(&header.part), plain_part(&wanted));
                // One of the two may have the speed grade at its end.
                (header.part.clone(), ours.starts_with(&theirs) || theirs.starts_with(&ours))
            }
            (_, Some(device)) => {
                (device.to_owned(), design.source.device.is_empty() || plain_part(&wanted).starts_with(device))
            }
            _ => return Ok(()),
        };
        if agrees { Ok(()) } else { Err(Error::PartMismatch { bitstream, design: wanted }) }
    }
}

/// A part number without the spelling differences between tools: `xczu7ev-ffvc1156-2-e` and `zu7evffvc1156`.
fn plain_part(part: &str) -> String {
    let part = part.to_ascii_lowercase();
    part.strip_prefix("xc").unwrap_or(&part).chars().filter(|c| *c != '-').collect()
}

/// Whether the words at the beginning of `data` have their bytes reversed; `None` without a sync word.
fn byte_order(data: &[u8]) -> Option<bool> {
    let beginning = data.get(..SYNC_WITHIN).unwrap_or(data);
    beginning.chunks_exact(4).find_map(|word| {
        if word == SYNC {
            Some(false)
        } else if word == SYNC_REVERSED {
            Some(true)
        } else {
            None
        }
    })
}

/// The header, and the offset of the data behind it.
fn parse_header(bytes: &[u8]) -> Result<(BitstreamHeader, usize)> {
    let wrong = |offset: usize, message: String| Error::BitHeader { offset, message };
    if !bytes.starts_with(&MAGIC) {
        let first = bytes.iter().zip(&MAGIC).take_while(|(byte, expected)| byte == expected).count();
        return Err(wrong(first, "not the magic number of a .bit file".into()));
    }
    let mut header = BitstreamHeader::default();
    let mut at = MAGIC.len();
    loop {
        let Some(tag) = bytes.get(at) else {
            return Err(wrong(at, "the file ends before the data (field e)".into()));
        };
        let long = *tag == b'e';
        let length = number(bytes, at + 1, if long { 4 } else { 2 })
            .ok_or_else(|| wrong(at, "the file ends in the length of a field".into()))?;
        let start = at + if long { 5 } else { 3 };
        if long {
            let found = bytes.len().saturating_sub(start) as u64;
            if found != length {
                return Err(Error::BitLength { offset: start, expected: length, found });
            }
            return Ok((header, start));
        }
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        let Some(field) = end.and_then(|end| bytes.get(start..end)) else {
            return Err(wrong(start, format!("a field of {length} bytes goes beyond the end of the file")));
        };
        let text = String::from_utf8_lossy(field);
        let text = text.trim_end_matches('\0');
        match tag {
            b'a' => {
                let mut parts = text.split(';');
                let name = parts.next().unwrap_or_default();
                // Old tools end the name with the extension of the file they took it from.
                header.design = name.strip_suffix(".ncd").unwrap_or(name).to_owned();
                header.attributes =
                    parts.filter_map(|part| part.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            }
            b'b' => header.part = text.to_owned(),
            b'c' => header.date = text.to_owned(),
            b'd' => header.time = text.to_owned(),
            other => return Err(wrong(at, format!("unknown field {other:#04x}; a to e exist"))),
        }
        at = start + field.len();
    }
}

/// The big-endian number in `length` bytes at `start`.
fn number(bytes: &[u8], start: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(start..start.checked_add(length)?)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
