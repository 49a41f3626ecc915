//! Program files: raw images, as PYNQ ships them, and ELF files, as a linker writes them.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use object::{
    Endianness,
    elf::{ELFMAG, EM_MICROBLAZE, FileHeader32, PT_LOAD},
    read::elf::{FileHeader, ProgramHeader},
};
use pynq_drivers::microblaze::Segment;

/// A file that is larger than this is no program for a MicroBlaze, whatever it has in its debug information.
const LARGEST: u64 = 64 << 20;

/// A program for a MicroBlaze: a raw image (`.bin`), linked at 0, or an ELF file.
///
/// ```no_run
/// use pynq::{MicroblazeProgram, drivers::microblaze::Program, prelude::*};
///
/// let overlay = Overlay::simulated("base.hwh")?;
/// let program = MicroblazeProgram::read("pmod_mailbox.bin")?;
/// overlay.microblaze("iop_pmoda")?.load(&Program::new(&program.segments()))?;
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MicroblazeProgram {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    address: u32,
    /// Where it is in the file.
    offset: usize,
    length: usize,
}

/// Why a file is no program for a MicroBlaze.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramError {
    /// It can't be read.
    File {
        /// What the system says.
        message: String,
    },
    /// It is too large.
    TooLarge,
    /// It is empty.
    Empty,
    /// It is an ELF file for something else.
    OtherMachine {
        /// Which, as the file has it.
        found: String,
    },
    /// It is an ELF file that contradicts itself.
    Damaged {
        /// Where.
        message: String,
    },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { message } => f.write_str(message),
            Self::TooLarge => write!(f, "more than {LARGEST} bytes: this is no program for a MicroBlaze"),
            Self::Empty => f.write_str("there is nothing to load in it; link it first"),
            Self::OtherMachine { found } => write!(
                f,
                "an ELF file for {found}: a MicroBlaze needs one of 32 bits for machine {EM_MICROBLAZE}, little-endian; link for \
                 microblazeel"
            ),
            Self::Damaged { message } => write!(f, "a damaged ELF file: {message}"),
        }
    }
}

impl std::error::Error for ProgramError {}

impl MicroblazeProgram {
    /// Reads a file. What it is, it says itself.
    ///
    /// # Errors
    ///
    /// [`Error::Program`](crate::Error::Program), which names the file.
    pub fn read(path: impl AsRef<Path>) -> crate::Result<Self> {
        let path = path.as_ref();
        Self::of_file(path).map_err(|error| crate::Error::Program { path: PathBuf::from(path), error })
    }

    fn of_file(path: &Path) -> Result<Self, ProgramError> {
        let failed = |error: std::io::Error| ProgramError::File { message: error.to_string() };
        if fs::metadata(path).map_err(failed)?.len() > LARGEST {
            return Err(ProgramError::TooLarge);
        }
        Self::parse(fs::read(path).map_err(failed)?)
    }

    /// A program in memory.
    ///
    /// # Errors
    ///
    /// See [`ProgramError`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, ProgramError> {
        if bytes.starts_with(&ELFMAG) {
            return Self::elf(bytes);
        }
        if bytes.is_empty() {
            return Err(ProgramError::Empty);
        }
        let pieces = vec![Piece { address: 0, offset: 0, length: bytes.len() }];
        Ok(Self { bytes, pieces })
    }

    fn elf(bytes: Vec<u8>) -> Result<Self, ProgramError> {
        let damaged = |error: object::Error| ProgramError::Damaged { message: error.to_string() };
        let other = |found: String| ProgramError::OtherMachine { found };
        let header = FileHeader32::<Endianness>::parse(bytes.as_slice()).map_err(|_| other("64 bits".to_owned()))?;
        let endian = header.endian().map_err(damaged)?;
        let machine = header.e_machine(endian);
        if machine != EM_MICROBLAZE || endian != Endianness::Little {
            return Err(other(format!("machine {machine}, {endian:?}-endian")));
        }
        let mut pieces = Vec::new();
        for segment in header.program_headers(endian, bytes.as_slice()).map_err(damaged)? {
            let (offset, length) = segment.file_range(endian);
            if segment.p_type(endian) != PT_LOAD || length == 0 {
                continue;
            }
            let inside = offset.checked_add(length).is_some_and(|end| end <= bytes.len() as u64);
            let (Ok(start), Ok(size), true) = (usize::try_from(offset), usize::try_from(length), inside) else {
                let message = format!("{length} bytes at {offset} of a file of {}", bytes.len());
                return Err(ProgramError::Damaged { message });
            };
            pieces.push(Piece { address: segment.p_paddr(endian), offset: start, length: size });
        }
        if pieces.is_empty() {
            return Err(ProgramError::Empty);
        }
        Ok(Self { bytes, pieces })
    }

    /// Its pieces, for [`Program::new`](pynq_drivers::microblaze::Program::new).
    #[must_use]
    pub fn segments(&self) -> Vec<Segment<'_>> {
        let piece = |piece: &Piece| Segment {
            address: piece.address,
            bytes: &self.bytes[piece.offset..piece.offset + piece.length],
        };
        self.pieces.iter().map(piece).collect()
    }
}
