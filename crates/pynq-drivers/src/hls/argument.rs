//! What an accelerator has: its arguments, and whether it has a control block.

use core::fmt;

use pynq_core::{BlockName, Table};

/// How an accelerator was built, as its handoff file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// Its control block; `None` for one that was built without the protocol (`ap_ctrl_none`).
    pub control: Option<ControlProtocol>,
    /// Its arguments.
    pub arguments: Table<Argument>,
}

/// The block-level protocol of an accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControlProtocol {
    /// `ap_ctrl_hs`: a result stays until the next one.
    Handshake,
    /// `ap_ctrl_chain`: the function waits until its result has been taken.
    Chain,
}

/// An argument of an accelerator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    name: BlockName,
    bits: u16,
    place: Place,
}

/// Where an argument is: byte offsets from the accelerator's base address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// The function reads it.
    Input {
        /// Its first word.
        offset: u32,
    },
    /// The function writes it.
    Output {
        /// Its first word.
        offset: u32,
        /// The word whose bit 0 says that it was written since that was last read.
        valid: Option<u32>,
    },
    /// The function reads it in one place and writes it in another.
    InOut {
        /// The first word that it reads.
        input: u32,
        /// The first word that it writes.
        output: u32,
        /// The word whose bit 0 says that it was written since that was last read.
        valid: Option<u32>,
    },
    /// An array.
    Memory {
        /// Its first word.
        offset: u32,
        /// Bytes.
        size: u32,
    },
}

impl Argument {
    /// An argument that is compiled in.
    #[must_use]
    pub const fn new(name: &'static str, bits: u16, place: Place) -> Self {
        Self::named(BlockName::new(name), bits, place)
    }

    /// An argument whose name comes from elsewhere.
    #[must_use]
    pub const fn named(name: BlockName, bits: u16, place: Place) -> Self {
        Self { name, bits, place }
    }

    /// Its name in the C++ function; `return` for what that returns.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(super) const fn block_name(&self) -> &BlockName {
        &self.name
    }

    /// How many bits it has; 0 for an array.
    #[must_use]
    pub const fn bits(&self) -> u16 {
        self.bits
    }

    /// Which way it goes, and where it is.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Words of a scalar.
    pub(super) const fn words(&self) -> u32 {
        if self.bits <= 32 { 1 } else { (self.bits as u32).div_ceil(32) }
    }

    /// The word that a program writes.
    pub(super) const fn input(&self) -> Option<u32> {
        match self.place {
            Place::Input { offset } | Place::InOut { input: offset, .. } => Some(offset),
            _ => None,
        }
    }

    /// The word that a program reads, and the one that says whether it was written.
    pub(super) const fn output(&self) -> Option<(u32, Option<u32>)> {
        match self.place {
            Place::Output { offset, valid } | Place::InOut { output: offset, valid, .. } => Some((offset, valid)),
            _ => None,
        }
    }

    /// The end of its last word.
    pub(super) fn end(&self) -> u64 {
        let words = 4 * u64::from(self.words());
        let after = |offset: u32, valid: Option<u32>| {
            (u64::from(offset) + words).max(valid.map_or(0, |valid| u64::from(valid) + 4))
        };
        match self.place {
            Place::Input { offset } => after(offset, None),
            Place::Output { offset, valid } => after(offset, valid),
            Place::InOut { input, output, valid } => after(output, valid).max(after(input, None)),
            Place::Memory { offset, size } => u64::from(offset) + u64::from(size),
        }
    }
}

/// Which way an argument goes: `an input`, `an array`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input { .. } => "an input",
            Self::Output { .. } => "an output",
            Self::InOut { .. } => "an input and output",
            Self::Memory { .. } => "an array",
        })
    }
}
