//! Windows onto the registers of emulated blocks.

use pynq_core::Mmio;

use crate::process::{Command, Qtest};

/// A window onto a range of the emulated machine's addresses.
///
/// Cheap to clone. Accesses can't fail; once the [connection has](Qtest::failure), registers read all ones and
/// writes are dropped, as on a bus without an answer. The same goes for an address beyond the machine's.
#[derive(Clone, Debug)]
pub struct QtestWindow {
    qtest: Qtest,
    base: u64,
    size: usize,
}

impl QtestWindow {
    pub(crate) const fn new(qtest: Qtest, base: u64, size: usize) -> Self {
        Self { qtest, base, size }
    }

    /// The first address.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    fn address(&self, offset: usize) -> Option<u64> {
        u64::try_from(offset).ok().and_then(|offset| self.base.checked_add(offset))
    }
}

// SAFETY: an access is a line of text to another process, which is sound for any offset; no memory is reached through
// the address.
unsafe impl Mmio for QtestWindow {
    fn size(&self) -> usize {
        self.size
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        // The connection remembers why there is no answer.
        self.address(offset).and_then(|address| self.qtest.read32(address).ok()).unwrap_or(u32::MAX)
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        if let Some(address) = self.address(offset) {
            let _ = self.qtest.run(&[Command::Write32 { address, value }]);
        }
    }
}

impl From<QtestWindow> for pynq_core::Window {
    fn from(window: QtestWindow) -> Self {
        Self::boxed(window)
    }
}
