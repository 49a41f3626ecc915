//! A cursor over the elements of the file: one pass, nothing copied.
//!
//! Every string it hands out is a slice of the text, entities still in it, because most of what a handoff file holds
//! (bus port maps, descriptions, the register tables of IP the processor cannot see) is thrown away again. What is kept
//! is unescaped when it is copied into the model. A slice also knows where it stands: its address minus the text's.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError, SyntaxError};
use quick_xml::events::Event;
use quick_xml::events::attributes::{AttrError, Attributes};

use crate::error::{Error, Place, Result};
use crate::escape::is_invisible;
use crate::limits;

/// An element's start tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag<'a> {
    /// The element's name.
    pub(crate) name: &'a str,
    /// Name and attributes, as written.
    content: &'a str,
    /// Whether it has no content (`<a/>`).
    empty: bool,
}

impl<'a> Tag<'a> {
    /// Calls `each` with every attribute (name, raw value).
    pub(crate) fn attributes(&self, xml: &Xml<'a>, mut each: impl FnMut(&'a str, &'a str)) -> Result<()> {
        let mut attributes = Attributes::new(self.content, self.name.len());
        // Looking for duplicates costs the square of their number, and hides nothing: the last one would win.
        attributes.with_checks(false);
        for attribute in attributes {
            let attribute = attribute.map_err(|error| xml.attribute_error(self, &error))?;
            let name = self.part(attribute.key.into_inner());
            let value = match attribute.value {
                Cow::Borrowed(value) => self.part(value),
                Cow::Owned(_) => "",
            };
            if value.len() > limits::ATTRIBUTE_BYTES {
                return Err(Error::Limit {
                    place: xml.text.place(value),
                    what: format!("length of attribute {name} of {}", self.name),
                    found: format!("{} bytes", value.len()),
                    limit: limits::ATTRIBUTE_BYTES as u64,
                });
            }
            each(name, value);
        }
        Ok(())
    }

    /// `bytes`, which are a part of the tag, as text. They need not be looked at again to know that they are UTF-8.
    fn part(&self, bytes: &[u8]) -> &'a str {
        let start = (bytes.as_ptr() as usize).wrapping_sub(self.content.as_ptr() as usize);
        self.content.get(start..start.wrapping_add(bytes.len())).unwrap_or_default()
    }

    /// The raw value of attribute `name` as Vivado writes it, behind a blank and between double quotes; quicker than
    /// [`get`](Self::get) where there are thousands of tags.
    pub(crate) fn quick(&self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.content.match_indices(name).find_map(|(at, _)| {
            let before = self.content.get(..at)?;
            let value = self.content.get(at + name.len()..)?.strip_prefix("=\"")?;
            before.ends_with(' ').then_some((before, value))
        })?;
        rest.split_once('"').map(|(value, _)| value).filter(|value| value.len() <= limits::ATTRIBUTE_BYTES)
    }

    /// The raw values of the attributes `names`, in that order; empty where one is missing.
    pub(crate) fn get<const N: usize>(&self, xml: &Xml<'a>, names: [&str; N]) -> Result<[&'a str; N]> {
        let mut values = [""; N];
        self.attributes(xml, |name, value| {
            if let Some((_, slot)) = names.iter().zip(&mut values).find(|(wanted, _)| **wanted == name) {
                *slot = value;
            }
        })?;
        Ok(values)
    }
}

/// The whole text, for turning slices of it into places and owned strings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Text<'_> {
    /// Where `slice`, a part of this text, stands. Anything else is placed at the start.
    pub(crate) fn place(&self, slice: &str) -> Place {
        let offset = (slice.as_ptr() as usize).wrapping_sub(self.0.as_ptr() as usize);
        Place::at(self.0, if offset <= self.0.len() { offset } else { 0 })
    }

    /// Whether the raw attribute value `raw` has no character that does not show, neither as it is nor as a reference.
    pub(crate) fn is_plain(&self, raw: &str) -> bool {
        if raw.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'&') {
            return true;
        }
        !raw.contains(is_invisible) && self.unescape(raw).map_or(true, |text| !text.contains(is_invisible))
    }

    /// The raw attribute value `raw` with its entities replaced.
    pub(crate) fn unescape(&self, raw: &str) -> Result<String> {
        if !raw.contains('&') {
            return Ok(raw.to_owned());
        }
        quick_xml::escape::unescape(raw).map(Cow::into_owned).map_err(|error| Error::Syntax {
            place: self.place(raw),
            message: format!("bad character or entity reference in an attribute: {error}"),
        })
    }
}

/// The cursor.
#[derive(Debug)]
pub(crate) struct Xml<'a> {
    /// The text being read.
    pub(crate) text: Text<'a>,
    reader: Reader<&'a [u8]>,
    /// Names of the open elements.
    open: Vec<&'a str>,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text: Text(text), reader: Reader::from_str(text), open: Vec::new() }
    }

    /// The root element's tag.
    pub(crate) fn root(&mut self) -> Result<Tag<'a>> {
        loop {
            match self.event()? {
                Step::Open(tag) => return Ok(tag),
                Step::Text { offset, blank: false } => {
                    return Err(Error::NotAHandoff {
                        place: Place::at(self.text.0, offset),
                        found: "plain text".into(),
                    });
                }
                Step::Text { .. } => {}
                Step::Close | Step::End => {
                    return Err(Error::NotAHandoff { place: self.here(), found: "no element at all".into() });
                }
            }
        }
    }

    /// The next child of the innermost open element, which it closes and answers `None` when there is no more.
    pub(crate) fn child(&mut self) -> Result<Option<Tag<'a>>> {
        loop {
            match self.event()? {
                Step::Open(tag) => return Ok(Some(tag)),
                Step::Close => return Ok(None),
                Step::Text { .. } => {}
                Step::End => return Err(self.truncated()),
            }
        }
    }

    /// Calls `each` for every child element of `parent`. `each` must leave the cursor behind the child: read it with
    /// this function, or [`skip`](Self::skip) it.
    pub(crate) fn children(
        &mut self,
        parent: &Tag<'a>,
        mut each: impl FnMut(&mut Self, Tag<'a>) -> Result<()>,
    ) -> Result<()> {
        if !parent.empty {
            while let Some(tag) = self.child()? {
                each(self, tag)?;
            }
        }
        Ok(())
    }

    /// Passes over the rest of element `tag`.
    pub(crate) fn skip(&mut self, tag: &Tag<'a>) -> Result<()> {
        if tag.empty {
            return Ok(());
        }
        let depth = self.open.len();
        while self.open.len() >= depth {
            if matches!(self.event()?, Step::End) {
                return Err(self.truncated());
            }
        }
        Ok(())
    }

    /// Checks that nothing but white space and comments follows the root element.
    pub(crate) fn finish(&mut self) -> Result<()> {
        loop {
            match self.event()? {
                Step::End => return Ok(()),
                Step::Text { blank: true, .. } => {}
                Step::Text { offset, .. } => return Err(self.trailing(offset)),
                Step::Open(tag) => return Err(self.trailing(self.text.place(tag.content).offset)),
                Step::Close => return Err(self.trailing(self.position())),
            }
        }
    }

    fn event(&mut self) -> Result<Step<'a>> {
        loop {
            let start = self.position();
            let event = self.reader.read_event().map_err(|error| self.syntax(&error))?;
            let (empty, length, name) = match &event {
                Event::Start(tag) => (false, tag.len(), tag.name().into_inner().len()),
                Event::Empty(tag) => (true, tag.len(), tag.name().into_inner().len()),
                Event::End(_) => {
                    self.open.pop();
                    return Ok(Step::Close);
                }
                Event::Text(text) => {
                    let first = text.iter().position(|byte| !byte.is_ascii_whitespace());
                    return Ok(Step::Text { offset: start + first.unwrap_or(0), blank: first.is_none() });
                }
                Event::CData(_) | Event::GeneralRef(_) => return Ok(Step::Text { offset: start, blank: false }),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => continue,
                Event::DocType(_) => return Err(Error::DocumentType { place: Place::at(self.text.0, start) }),
                Event::Eof => return Ok(Step::End),
            };
            // Tag names are ASCII in this schema, and a tag starts behind its `<`.
            let content = self.text.0.get(start + 1..start + 1 + length).unwrap_or_default();
            let tag = Tag { name: content.get(..name).unwrap_or_default(), content, empty };
            if !empty {
                if self.open.len() >= limits::ELEMENT_DEPTH {
                    return Err(Error::Limit {
                        place: Place::at(self.text.0, start),
                        what: "nesting depth of elements".into(),
                        found: format!("more than {}", limits::ELEMENT_DEPTH),
                        limit: limits::ELEMENT_DEPTH as u64,
                    });
                }
                self.open.push(tag.name);
            }
            return Ok(Step::Open(tag));
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn here(&self) -> Place {
        Place::at(self.text.0, self.position())
    }

    fn truncated(&self) -> Error {
        Error::Truncated { place: Place::at(self.text.0, self.text.0.len()), open: self.path() }
    }

    fn trailing(&self, offset: usize) -> Error {
        let message = "something follows the root element".into();
        Error::Syntax { place: Place::at(self.text.0, offset), message }
    }

    /// The open elements, for messages.
    fn path(&self) -> String {
        if self.open.is_empty() { "the prolog".into() } else { format!("<{}>", self.open.join("><")) }
    }

    fn syntax(&self, error: &XmlError) -> Error {
        let offset = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX);
        let place = Place::at(self.text.0, offset);
        match error {
            XmlError::IllFormed(IllFormedError::MissingEndTag(_)) => self.truncated(),
            // A construct that is opened and never closed: the end of the file came first.
            XmlError::Syntax(kind) if !matches!(kind, SyntaxError::InvalidBangMarkup) => {
                Error::Truncated { place, open: format!("{}, in an unfinished tag ({error})", self.path()) }
            }
            _ => Error::Syntax { place, message: error.to_string() },
        }
    }

    fn attribute_error(&self, tag: &Tag<'a>, error: &AttrError) -> Error {
        let (AttrError::ExpectedEq(at)
        | AttrError::ExpectedValue(at)
        | AttrError::UnquotedValue(at)
        | AttrError::ExpectedQuote(at, _)
        | AttrError::Duplicated(at, _)) = error;
        let offset = self.text.place(tag.content).offset + at;
        Error::Syntax { place: Place::at(self.text.0, offset), message: format!("in element {}: {error}", tag.name) }
    }
}

/// What the cursor met.
enum Step<'a> {
    Open(Tag<'a>),
    Close,
    Text { offset: usize, blank: bool },
    End,
}
