//! Program files: raw images, as PYNQ ships them, and ELF files, as a linker writes them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use object::Endianness;
use object::elf::{ELFMAG, EM_MICROBLAZE, FileHeader32, PF_X, PT_LOAD, SHF_EXECINSTR};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

/// A file that is larger than this is no program for a MicroBlaze, whatever it has in its debug information.
const LARGEST: u64 = 64 << 20;

/// A program.
#[derive(Debug)]
pub(crate) struct Image {
    bytes: Vec<u8>,
    /// Pieces to be loaded: where they go, and how long they are in memory.
    segments: Vec<Piece>,
    /// Pieces with instructions.
    code: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    address: u32,
    /// Where it is in the file.
    offset: usize,
    length: usize,
}

impl Image {
    /// Reads a file. Errors name it.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let about = |what: &dyn std::fmt::Display| format!("{}: {what}", file.display());
        let mut bytes = Vec::new();
        let limit = LARGEST + 1;
        let opened = File::open(file).map_err(|error| format!("cannot open `{}`: {error}", file.display()))?;
        opened
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
        if bytes.len() as u64 == limit {
            return Err(about(&format_args!("more than {LARGEST} bytes: this is no program for a MicroBlaze")));
        }
        if bytes.is_empty() {
            return Err(about(&"the file is empty: there is nothing to run"));
        }
        if bytes.starts_with(&ELFMAG) {
            return Self::elf(bytes).map_err(|what| about(&what));
        }
        let whole = || vec![Piece { address: 0, offset: 0, length: bytes.len() }];
        let (segments, code) = (whole(), whole());
        Ok(Self { bytes, segments, code })
    }

    fn elf(bytes: Vec<u8>) -> Result<Self, String> {
        let damaged = |error: object::Error| format!("a damaged ELF file: {error}");
        let header = FileHeader32::<Endianness>::parse(bytes.as_slice())
            .map_err(|_| "an ELF file, but not one of 32 bits: a MicroBlaze needs one for microblazeel".to_owned())?;
        let endian = header.endian().map_err(damaged)?;
        let machine = header.e_machine(endian);
        if machine != EM_MICROBLAZE || endian != Endianness::Little {
            return Err(format!(
                "an ELF file for machine {machine}, {endian:?}-endian: a MicroBlaze needs machine {EM_MICROBLAZE}, \
                 little-endian; link for microblazeel"
            ));
        }
        let (mut segments, mut executable) = (Vec::new(), Vec::new());
        for segment in header.program_headers(endian, bytes.as_slice()).map_err(damaged)? {
            if segment.p_type(endian) == PT_LOAD {
                let (offset, length) = segment.file_range(endian);
                segments.push(piece(&bytes, segment.p_paddr(endian), offset, length)?);
                if segment.p_flags(endian) & PF_X != 0 {
                    executable.push(piece(&bytes, segment.p_vaddr(endian), offset, length)?);
                }
            }
        }
        let mut code = Vec::new();
        for section in header.section_headers(endian, bytes.as_slice()).map_err(damaged)? {
            // A section without content in the file has no range.
            let content = section.file_range(endian).filter(|_| section.sh_flags(endian) & SHF_EXECINSTR != 0);
            if let Some((offset, length)) = content {
                code.push(piece(&bytes, section.sh_addr(endian), offset, length)?);
            }
        }
        // A file may have lost its sections.
        let code = if code.is_empty() { executable } else { code };
        Ok(Self { bytes, segments, code })
    }

    /// Puts the program into memory at address 0.
    pub(crate) fn load(&self, memory: &mut [u8]) -> Result<(), String> {
        let size = memory.len();
        if self.segments.is_empty() {
            return Err("an ELF file without a segment to load: link it first".to_owned());
        }
        for segment in &self.segments {
            let start = segment.address as usize;
            let Some(place) = memory.get_mut(start..).and_then(|rest| rest.get_mut(..segment.length)) else {
                return Err(format!(
                    "{} bytes at {:#x} do not fit into the {size} bytes of memory at 0: is it linked for a MicroBlaze of PYNQ?",
                    segment.length, segment.address
                ));
            };
            place.copy_from_slice(&self.bytes[segment.offset..segment.offset + segment.length]);
        }
        Ok(())
    }

    /// The pieces with instructions, and where they are.
    pub(crate) fn code(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.code.iter().map(|piece| (piece.address, &self.bytes[piece.offset..piece.offset + piece.length]))
    }
}

/// A piece, once it is known to be inside of the file.
fn piece(bytes: &[u8], address: u32, offset: u64, length: u64) -> Result<Piece, String> {
    let inside = offset.checked_add(length).is_some_and(|end| end <= bytes.len() as u64);
    match (usize::try_from(offset), usize::try_from(length)) {
        (Ok(offset), Ok(length)) if inside => Ok(Piece { address, offset, length }),
        _ => Err(format!("a damaged ELF file: {length} bytes at {offset} of a file of {}", bytes.len())),
    }
}
