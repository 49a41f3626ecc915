//! Registers by offset.

use std::{fmt, sync::Arc};

use pynq_core::{Checked, mmio::AccessError};

use crate::{Error, Result, Window, loaded::Loaded};

/// Checked access to the registers of an IP block, by byte offset: PYNQ's `MMIO`. Clones are the same window.
///
/// It goes past the block's driver, if there is one, and can upset it.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
/// let leds = base.mmio("leds_gpio")?;
/// leds.write(0x0, 0b0110)?;
/// assert_eq!(leds.read(0x0, 4)?, 0b0110);
/// assert!(base.sim_led(1)?.is_on()?);
/// # }
/// # Ok::<(), pynq::Error>(())
/// ```
#[derive(Clone)]
pub struct MmioWindow {
    path: Arc<str>,
    window: Checked<Window>,
    loaded: Arc<Loaded>,
}

impl MmioWindow {
    pub(crate) fn new(path: &str, loaded: Arc<Loaded>) -> Result<Self> {
        let window = loaded.window(path)?;
        let this = Self { path: path.into(), window: Checked::new(window), loaded };
        // Checked after the window was opened, since a reload before that makes it a window of the next design.
        this.live()?;
        Ok(this)
    }

    /// The block.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Bytes in the window.
    #[must_use]
    pub fn size(&self) -> usize {
        self.window.size()
    }

    /// Reads `length` bytes at byte `offset`, least significant first. `length` is 1, 2, 4 or 8.
    ///
    /// # Errors
    ///
    /// [`Error::Access`] with nothing read; [`Error::Invalidated`] once the design was replaced.
    pub fn read(&self, offset: usize, length: usize) -> Result<u64> {
        self.access(|window| window.read(offset, length))
    }

    /// Writes the word at byte `offset`.
    ///
    /// # Errors
    ///
    /// [`Error::Access`] with nothing written; [`Error::Invalidated`] once the design was replaced.
    pub fn write(&self, offset: usize, value: u32) -> Result<()> {
        self.access(|window| window.write(offset, value))
    }

    /// Writes `bytes`, a whole number of words, from byte `offset` on.
    ///
    /// # Errors
    ///
    /// [`Error::Access`] with nothing written; [`Error::Invalidated`] once the design was replaced.
    pub fn write_bytes(&self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.access(|window| window.write_bytes(offset, bytes))
    }

    fn access<T>(&self, access: impl FnOnce(&Checked<Window>) -> Result<T, AccessError>) -> Result<T> {
        self.live()?;
        let result = access(&self.window).map_err(|error| Error::Access { path: Arc::clone(&self.path), error })?;
        // If a reload revoked the window in between, the value read is not the block's.
        self.live()?;
        Ok(result)
    }

    fn live(&self) -> Result<()> {
        if self.loaded.is_revoked() { Err(Error::Invalidated { path: Arc::clone(&self.path) }) } else { Ok(()) }
    }
}

impl fmt::Debug for MmioWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MmioWindow").field("path", &self.path).field("size", &self.size()).finish()
    }
}
