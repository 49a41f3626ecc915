//! A window that remembers what was done to it.

use std::{
    sync::{Mutex, MutexGuard},
    vec::Vec,
};

use super::Mmio;

/// One access a [`Recorder`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// A read, and what it gave.
    Read {
        /// Byte offset of the register.
        offset: usize,
        /// The value read.
        value: u32,
    },
    /// A write.
    Write {
        /// Byte offset of the register.
        offset: usize,
        /// The value written.
        value: u32,
    },
}

impl Recorded {
    /// Byte offset of the register that was accessed.
    #[must_use]
    pub const fn offset(self) -> usize {
        match self {
            Self::Read { offset, .. } | Self::Write { offset, .. } => offset,
        }
    }
}

/// Wraps a window and keeps every access made through it, in order, for a test to assert on.
///
/// It may be shared between threads; the order is then the order in which the accesses got through its lock, and the
/// lock is held during the access, so that it is the order on the bus as well. Don't wrap a window whose accesses
/// come back to the recorder.
#[derive(Debug, Default)]
pub struct Recorder<M> {
    window: M,
    log: Mutex<Vec<Recorded>>,
}

impl<M> Recorder<M> {
    /// A recorder with an empty record around `window`.
    pub const fn new(window: M) -> Self {
        Self { window, log: Mutex::new(Vec::new()) }
    }

    /// The window that is recorded. Accesses made directly on it are not seen.
    pub const fn window(&self) -> &M {
        &self.window
    }

    /// What was recorded since the last call, leaving the record empty.
    pub fn take(&self) -> Vec<Recorded> {
        core::mem::take(&mut *self.log())
    }

    fn log(&self) -> MutexGuard<'_, Vec<Recorded>> {
        // A test that panicked elsewhere leaves a record as good as any.
        crate::lock(&self.log)
    }
}

// SAFETY: size and accesses are those of the wrapped window, which is never replaced.
unsafe impl<M: Mmio> Mmio for Recorder<M> {
    fn size(&self) -> usize {
        self.window.size()
    }

    unsafe fn read32(&self, offset: usize) -> u32 {
        let mut log = self.log();
        // SAFETY: the caller keeps this very contract, and the sizes are the same.
        let value = unsafe { self.window.read32(offset) };
        log.push(Recorded::Read { offset, value });
        value
    }

    unsafe fn write32(&self, offset: usize, value: u32) {
        let mut log = self.log();
        log.push(Recorded::Write { offset, value });
        // SAFETY: the caller keeps this very contract, and the sizes are the same.
        unsafe { self.window.write32(offset, value) }
    }
}
