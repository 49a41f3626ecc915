//! Errors of the processor's interrupt and the blocks around it.

use core::fmt;

use crate::WindowError;

/// Why the processor's interrupt, or a block of the design, can't be claimed or mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The external interrupt has an owner already.
    Claimed,
    /// The logic has no other interrupt of the processor than the external one.
    NoSuchInterrupt {
        /// The number asked for.
        number: u32,
    },
    /// The block is memory, of which there are no register windows.
    Memory {
        /// The block asked for.
        block: &'static str,
    },
    /// The processor can't address the block.
    OutOfReach {
        /// The block asked for.
        block: &'static str,
        /// Where the design has it.
        address: u64,
    },
    /// There can be no window there.
    Window(WindowError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed => f.write_str(
                "the hart has one external interrupt, and that has an owner already; use clones of the handles on its node",
            ),
            Self::NoSuchInterrupt { number } => {
                write!(f, "no interrupt {number} from the logic: the processor has one, the machine external interrupt, 11")
            }
            Self::Memory { block } => {
                write!(f, "{block} is memory and has no registers; use it through the program's own sections")
            }
            Self::OutOfReach { block, address } => {
                write!(f, "{block} is at {address:#x}, which this processor can't address; move it in the design")
            }
            Self::Window(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

impl From<WindowError> for Error {
    fn from(error: WindowError) -> Self {
        Self::Window(error)
    }
}
