//! What can go wrong, and where.

use std::fmt;
use std::path::PathBuf;

use crate::escape::Escaping;
use crate::gates::GateKind;
use crate::platform::Family;

/// A place in a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Byte offset from the start of the file, counted from 0.
    pub offset: usize,
}

impl Place {
    /// The place of byte `offset` in `text`. Costs a scan of the text, so it is only computed for messages.
    pub(crate) fn at(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { line: before.bytes().filter(|byte| *byte == b'\n').count() + 1, column, offset }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// An error of this crate.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read` or `write`.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The text is not UTF-8.
    Encoding {
        /// Byte offset of the first byte that is not.
        offset: usize,
        /// What it looks like instead.
        hint: &'static str,
    },
    /// The file is something else than a Vivado hardware handoff.
    NotAHandoff {
        /// Where that became clear.
        place: Place,
        /// What was found instead.
        found: String,
    },
    /// The XML is malformed.
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong with it.
        message: String,
    },
    /// The file ends in the middle.
    Truncated {
        /// The end of what is there.
        place: Place,
        /// What was still open.
        open: String,
    },
    /// The file carries a document type declaration. Vivado writes none, and entities declared in one are not expanded.
    DocumentType {
        /// Where.
        place: Place,
    },
    /// A count, width, length or depth beyond anything a real design has.
    Limit {
        /// Where.
        place: Place,
        /// The thing that is too large.
        what: String,
        /// Its size.
        found: String,
        /// The largest that is accepted.
        limit: u64,
    },
    /// A value that cannot be understood, where guessing would give wrong addresses or lines.
    BadValue {
        /// Where.
        place: Place,
        /// The attribute or parameter.
        what: String,
        /// Its value.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// An interrupt net that feeds itself.
    Loop {
        /// Where the first cell on the loop stands.
        place: Place,
        /// The pins on the way round.
        pins: Vec<String>,
    },
    /// There is no such interrupt pin.
    UnknownInterrupt {
        /// The name requested.
        requested: String,
        /// The design.
        design: String,
        /// Pins with a similar name, or some of all pins.
        near: Vec<String>,
        /// How many pins there are in all.
        total: usize,
    },
    /// An interrupt output can't be waited for: it arrives through logic that does not hand its level on.
    BehindGate {
        /// The output requested.
        requested: String,
        /// The output of the gate.
        gate: String,
        /// What the gate does.
        kind: GateKind,
    },
    /// The block of an interrupt output was built without it.
    BuiltWithoutInterrupt {
        /// The output requested.
        requested: String,
        /// The parameter that decides it.
        parameter: &'static str,
    },
    /// The interrupts of this family of processors are not read.
    InterruptsNotRead {
        /// The output requested.
        requested: String,
        /// The family.
        family: Family,
    },
    /// The file describes the inside of an IP block.
    InsideOfIp {
        /// Where its name stands.
        place: Place,
        /// The name that Vivado gave it.
        name: String,
    },
    /// There is no such IP block.
    UnknownIp {
        /// The name requested.
        requested: String,
        /// The design.
        design: String,
        /// Blocks with a similar name, or some of all blocks.
        near: Vec<String>,
        /// How many blocks there are in all.
        total: usize,
    },
    /// A parameter that an IP block should have is missing.
    MissingParameter {
        /// The parameter.
        name: String,
        /// Parameters with a similar name.
        near: Vec<String>,
    },
    /// A parameter is there, but has another type.
    ParameterType {
        /// The parameter.
        name: String,
        /// Its value.
        found: String,
        /// The type requested.
        expected: &'static str,
    },
    /// Two names of the design become the same identifier.
    NameCollision {
        /// The identifier, with the modules that it lies in.
        ident: String,
        /// The path that has it.
        first: String,
        /// The path that would have it too.
        second: String,
    },
    /// A name for a type or a module that Rust does not take.
    NotAnIdentifier {
        /// What it was to be the name of.
        path: String,
        /// The name.
        ident: String,
    },
    /// A new name for something that the design does not have.
    NothingToRename {
        /// The path that was to have it.
        requested: String,
        /// Paths with a similar name.
        near: Vec<String>,
        /// How many paths there are in all.
        total: usize,
    },
    /// A block that cannot be what its parameters say.
    Unfit {
        /// The path of the block.
        path: String,
        /// The parameter.
        what: String,
        /// Its value.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// There is no `OUT_DIR` to write to.
    NotABuildScript,
    /// A file that is named for an overlay, and is none of its kinds of files.
    NotAnOverlayFile {
        /// The file.
        path: PathBuf,
    },
    /// A bitstream has no handoff file beside it.
    NoHandoff {
        /// The bitstream.
        bitstream: PathBuf,
        /// Where the handoff file was looked for.
        tried: Vec<PathBuf>,
    },
    /// A hardware archive can't be used.
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is the matter with it.
        problem: String,
    },
    /// The file is neither a `.bit` nor raw configuration data.
    NotABitstream {
        /// What was found.
        found: String,
    },
    /// The header of a `.bit` file is malformed.
    BitHeader {
        /// Byte offset in the file.
        offset: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A `.bit` file is shorter or longer than its header says.
    BitLength {
        /// Byte offset at which the configuration data starts.
        offset: usize,
        /// Length in the header.
        expected: u64,
        /// Bytes that follow.
        found: u64,
    },
    /// The bitstream was made for another part than the handoff file.
    PartMismatch {
        /// Part of the bitstream.
        bitstream: String,
        /// Part of the design.
        design: String,
    },
    /// The bitstream is of another block design than the handoff file.
    DesignMismatch {
        /// Name in the bitstream.
        bitstream: String,
        /// Name of the design.
        design: String,
    },
}

/// `x, y, z`, or what to say where there is nothing to list.
fn list(f: &mut dyn fmt::Write, near: &[String], total: usize, kind: &str) -> fmt::Result {
    if total == 0 {
        return write!(f, "it has no {kind}");
    }
    let more = total.saturating_sub(near.len());
    write!(f, "did you mean `{}`", near.join("`, `"))?;
    if more > 0 { write!(f, "? ({more} more exist)") } else { write!(f, "?") }
}

impl fmt::Display for Error {
    /// Text of the file in a message is escaped: a message is one line, and can't steer the terminal that shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(&mut Escaping(f))
    }
}

impl Error {
    fn describe(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Self::Io { path, action, source } => write!(f, "cannot {action} `{}`: {source}", path.display()),
            Self::Encoding { offset, hint } => {
                write!(f, "expected UTF-8 text, found {hint} at byte {offset}; export the hardware again")
            }
            Self::NotAHandoff { place, found } => write!(
                f,
                "expected a Vivado hardware handoff (an XML file whose root is EDKSYSTEM), found {found} at {place}; pass \
                 the .hwh file that Vivado writes beside the block design"
            ),
            Self::Syntax { place, message } => {
                write!(f, "malformed XML at {place}: {message}; the file is damaged, export the hardware again")
            }
            Self::Truncated { place, open } => write!(
                f,
                "the file ends at {place} inside {open}; it was cut short, copy it or export the hardware again"
            ),
            Self::DocumentType { place } => write!(
                f,
                "document type declaration at {place}; Vivado writes none and none is accepted, remove it if you trust the \
                 file"
            ),
            Self::Limit { place, what, found, limit } => write!(
                f,
                "{what} is {found} at {place}, and at most {limit} is accepted; no real design has more, so the file is \
                 damaged or was not written by Vivado"
            ),
            Self::BadValue { place, what, found, expected } => {
                write!(f, "{what} is `{found}` at {place}, expected {expected}; export the hardware again")
            }
            Self::Loop { place, pins } => write!(
                f,
                "the interrupt net feeds itself: {} (the first at {place}); break the loop in the block design",
                pins.join(" <- ")
            ),
            Self::UnknownInterrupt { requested, design, near, total } => {
                write!(f, "no interrupt pin `{requested}` in design `{design}`; ")?;
                list(f, near, *total, "interrupt pin that reaches the processor")
            }
            Self::BehindGate { requested, gate, kind } => write!(
                f,
                "`{requested}` can't be waited for: it arrives through the gate `{gate}` ({}), which does not hand its level \
                 on; wire it to a line of its own, or through an OR",
                kind.as_str()
            ),
            Self::BuiltWithoutInterrupt { requested, parameter } => write!(
                f,
                "no interrupt pin `{requested}`: the block is built without interrupt ({parameter} is 0); enable it in the \
                 block, and export the hardware again"
            ),
            Self::InterruptsNotRead { requested, family } => write!(
                f,
                "no interrupt pin `{requested}`: interrupts of this family ({}) are not read, addresses are; use its \
                 registers, or a Zynq",
                family.as_str()
            ),
            Self::InsideOfIp { place, name } => write!(
                f,
                "this is the inside of an IP block (`{name}` at {place}); take the design's own .hwh, which bears the name \
                 of the block design"
            ),
            Self::UnknownIp { requested, design, near, total } => {
                write!(f, "no IP block `{requested}` in the processor's memory map of design `{design}`; ")?;
                list(f, near, *total, "addressable IP")
            }
            Self::MissingParameter { name, near } => {
                write!(f, "no parameter `{name}`; ")?;
                list(f, near, near.len(), "parameter of a similar name")
            }
            Self::ParameterType { name, found, expected } => {
                write!(f, "parameter `{name}` is `{found}`, which is not {expected}; read it as text instead")
            }
            Self::NameCollision { ident, first, second } => write!(
                f,
                "`{first}` and `{second}` would both be called `{ident}` in the generated module; name one of them with \
                 `rename`, or rename it in the block design"
            ),
            Self::NotAnIdentifier { path, ident } => write!(
                f,
                "`{ident}` can't be the name of `{path}` in the generated module; use a letter, then letters, digits and \
                 underscores, and no word that Rust has a meaning for"
            ),
            Self::NothingToRename { requested, near, total } => {
                write!(
                    f,
                    "no addressable IP and no wired interrupt output is called `{requested}`, so it can't be renamed; "
                )?;
                list(f, near, *total, "path of either")
            }
            Self::Unfit { path, what, found, expected } => {
                write!(
                    f,
                    "{what} of `{path}` is {found}, expected {expected}; check the block design, and export it again"
                )
            }
            Self::NotABuildScript => f.write_str(
                "the environment variable OUT_DIR is not set; call this from a build script, or write the text that \
                 `Generator::generate` returns to a file of your own",
            ),
            Self::NotAnOverlayFile { path } => write!(
                f,
                "`{}` is no file of an overlay: name its .bit, .bit.bin or .bin, its .hwh, or the .xsa that holds both",
                path.display()
            ),
            Self::NoHandoff { bitstream, tried } => {
                write!(f, "no handoff file for `{}`: there is no ", bitstream.display())?;
                for (number, path) in tried.iter().enumerate() {
                    let or = if number == 0 { "" } else { " and no " };
                    write!(f, "{or}`{}`", path.display())?;
                }
                write!(
                    f,
                    "; copy the .hwh that Vivado wrote for this bitstream there (a project has it under \
                     NAME.gen/sources_1/bd/DESIGN/hw_handoff), or name the .xsa"
                )
            }
            Self::Archive { path, problem } => write!(
                f,
                "no overlay in the archive `{}`: {problem}; export the hardware again, with the bitstream",
                path.display()
            ),
            Self::NotABitstream { found } => write!(
                f,
                "expected a .bit file or raw configuration data with a sync word in its first 512 bytes, found {found}; \
                 pass the file that write_bitstream made"
            ),
            Self::BitHeader { offset, message } => {
                write!(f, "malformed .bit header at byte {offset}: {message}; copy or build the bitstream again")
            }
            Self::BitLength { offset, expected, found } => write!(
                f,
                "the header announces {expected} bytes of configuration data at byte {offset}, and {found} follow; the \
                 file is {}, copy or build the bitstream again",
                if found < expected { "cut short" } else { "padded" }
            ),
            Self::DesignMismatch { bitstream, design } => write!(
                f,
                "the bitstream is of `{bitstream}`, the handoff file describes `{design}`; use the two files of one build"
            ),
            Self::PartMismatch { bitstream, design } => write!(
                f,
                "the bitstream is for part `{bitstream}`, the handoff file for `{design}`; use the two files of one build"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
