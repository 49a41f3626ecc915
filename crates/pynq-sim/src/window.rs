//! Windows onto the board's registers.

use core::{fmt, panic::Location};
use pynq_core::Mmio;

use crate::{
    board::{Board, Shared},
    error::Error,
    fabric,
};

/// A window onto a range of the board's addresses.
///
/// Cheap to clone. It belongs to the design it was opened on: once the board is
/// [reloaded](crate::Board::reload), it reads all ones and writes through it are dropped.
#[derive(Clone)]
pub struct Window {
    shared: Shared,
    generation: u64,
    base: u64,
    size: usize,
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window({:#x}, {:#x} bytes)", self.base, self.size)
    }
}

impl Window {
    pub(crate) fn new(shared: Shared, base: u64, size: u64) -> Self {
        let generation = shared.with(|state| state.generation);
        Self { shared, generation, base, size: usize::try_from(size).unwrap_or(usize::MAX) }
    }

    /// The first address.
    #[must_use]
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Whether the design it was opened on is still there.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.shared.with(|state| state.generation) == self.generation
    }

    /// Reads the register at `offset`. The board records any mistake (beyond the window, unaligned) as a bus error.
    #[track_caller]
    #[must_use]
    pub fn read(&self, offset: usize) -> u32 {
        self.access(offset, None)
    }

    /// Writes the register at `offset`. The board records any mistake (beyond the window, unaligned) as a bus error.
    #[track_caller]
    pub fn write(&self, offset: usize, value: u32) {
        self.access(offset, Some(value));
    }

    #[track_caller]
    fn access(&self, offset: usize, write: Option<u32>) -> u32 {
        let caller = Location::caller();
        let address = self.base.saturating_add(offset as u64);
        let inside = offset < self.size;
        self.shared.act(|state| state.window_access(self.generation, address, inside, write, caller))
    }
}

impl Board {
    /// A window onto a block's registers.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchBlock`].
    pub fn window(&self, path: &str) -> Result<Window, Error> {
        let (base, size) = self.address_range(path)?;
        Ok(Window::new(self.shared().clone(), base, size))
    }

    /// A window onto a range of addresses, which need not all be mapped.
    ///
    /// # Errors
    ///
    /// [`Error::NothingMapped`] if no block answers anywhere in it; [`Error::BadRange`] if it is not of whole words.
    pub fn window_at(&self, base: u64, size: u64) -> Result<Window, Error> {
        let last = fabric::last_address("window", base, size)?;
        self.shared().with(|state| {
            if state.fabric.is_mapped(base, last) { Ok(()) } else { Err(Error::NothingMapped { base, size }) }
        })?;
        Ok(Window::new(self.shared().clone(), base, size))
    }
}

// SAFETY: an access is a look-up in the board's own tables, which any offset, any number and any time is sound for;
// no memory is reached through the address.
unsafe impl Mmio for Window {
    fn size(&self) -> usize {
        self.size
    }

    #[track_caller]
    unsafe fn read32(&self, offset: usize) -> u32 {
        self.access(offset, None)
    }

    #[track_caller]
    unsafe fn write32(&self, offset: usize, value: u32) {
        self.access(offset, Some(value));
    }
}

impl From<Window> for pynq_core::Window {
    fn from(window: Window) -> Self {
        Self::boxed(window)
    }
}
