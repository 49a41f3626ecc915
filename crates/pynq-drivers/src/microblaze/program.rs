//! Programs, as pieces of memory.

use super::{MAILBOX, MicroblazeError};

/// A piece of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Where it goes in the processor's memory.
    pub address: u32,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A program: a raw image, or the pieces of a linked file.
///
/// ```
/// use pynq_drivers::microblaze::{Program, Segment};
///
/// let raw = Program::raw(&[0; 100]);
/// let linked = [Segment { address: 0, bytes: &[0; 8] }, Segment { address: 0x50, bytes: &[0; 40] }];
/// assert_eq!(Program::new(&linked).end(), 0x78);
/// assert_eq!(raw.end(), 100);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Program<'a>(Pieces<'a>);

#[derive(Clone, Copy, Debug)]
enum Pieces<'a> {
    Raw([Segment<'a>; 1]),
    Linked(&'a [Segment<'a>]),
}

/// What became of a program that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// Behind its last byte.
    pub end: u32,
    /// It reaches into the mailbox: commands, streams and calls would overwrite it.
    pub overlaps_mailbox: bool,
}

impl<'a> Program<'a> {
    /// A raw image, linked at 0: PYNQ's `.bin` files.
    #[must_use]
    pub const fn raw(bytes: &'a [u8]) -> Self {
        Self(Pieces::Raw([Segment { address: 0, bytes }]))
    }

    /// The pieces of a linked file.
    #[must_use]
    pub const fn new(segments: &'a [Segment<'a>]) -> Self {
        Self(Pieces::Linked(segments))
    }

    /// Its pieces.
    #[must_use]
    pub const fn segments(&self) -> &[Segment<'a>] {
        match &self.0 {
            Pieces::Raw(one) => one,
            Pieces::Linked(all) => all,
        }
    }

    /// Behind its last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.segments().iter().map(|piece| u64::from(piece.address) + piece.bytes.len() as u64).max().unwrap_or(0)
    }

    /// Whether it fits into so many bytes of memory.
    pub(super) fn check(&self, size: usize) -> Result<Loaded, MicroblazeError> {
        if self.segments().iter().all(|piece| piece.bytes.is_empty()) {
            return Err(MicroblazeError::Empty);
        }
        for piece in self.segments() {
            let end = u64::from(piece.address) + piece.bytes.len() as u64;
            if end > size as u64 {
                let (address, length) = (piece.address, piece.bytes.len());
                return Err(MicroblazeError::DoesNotFit { address, length, size });
            }
        }
        let end = u32::try_from(self.end()).unwrap_or(u32::MAX);
        Ok(Loaded { end, overlaps_mailbox: end > MAILBOX })
    }

    /// The word that goes to an address; zero where the program has nothing.
    pub(super) fn word(&self, address: u32) -> u32 {
        let mut word = [0; 4];
        for piece in self.segments() {
            for (at, byte) in (address..).zip(&mut word) {
                let found = at.checked_sub(piece.address).and_then(|offset| piece.bytes.get(offset as usize));
                *byte = found.copied().unwrap_or(*byte);
            }
        }
        u32::from_le_bytes(word)
    }
}
