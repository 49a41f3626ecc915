//! Mapped device memory: the only module of this crate with unsafe code.
//!
//! A [`Mapping`] is a range of whole pages. What is seen of it is a [`Window`] of registers, or [`Memory`]. No Rust
//! reference ever points into registers, since the far side changes whenever it likes; all accesses are volatile. There are
//! slices of a [`Memory`], which has its mapping to itself, for the times at which it is in the processor's hands.
//!
//! A mapping is taken away from its holders by [`revoke`](Mapping::revoke): one `mmap` lays anonymous pages over its
//! range. The addresses stay valid, so that an access needs no check and cannot fault, but there is no hardware
//! behind them any more.

pub(crate) mod drm;
mod mapped_window;
mod memory;

use std::{
    ffi::c_void,
    fmt,
    os::fd::AsFd,
    path::{Path, PathBuf},
    ptr::NonNull,
    sync::{Mutex, PoisonError},
};

use rustix::{
    fs::{Mode, OFlags},
    mm::{MapFlags, ProtFlags},
};

pub use mapped_window::Window;
pub use memory::Memory;

use crate::{Error, Result};

/// Bytes in a page of this system, as the kernel reports it: 4 KiB is usual, 64 KiB possible.
#[must_use]
pub fn page_size() -> usize {
    rustix::param::page_size()
}

/// Whole pages of a device file, mapped shared for reading and writing until dropped.
pub struct Mapping {
    base: NonNull<c_void>,
    length: usize,
    path: PathBuf,
    offset: u64,
    revoked: Mutex<bool>,
}

impl Mapping {
    /// Maps `length` bytes of the file `path` from byte `offset` on; both go up to whole pages.
    ///
    /// The file is opened with `O_SYNC`, which requests uncached memory from drivers that have the choice, and closed
    /// again: a mapping lives without it.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the file can't be opened, [`Error::Map`] if the kernel refuses the range, which includes
    /// an offset that is no multiple of the page size and an empty range.
    pub fn open(path: &Path, offset: u64, length: usize) -> Result<Self> {
        Self::open_with(path, OFlags::SYNC, offset, length)
    }

    fn open_with(path: &Path, flags: OFlags, offset: u64, length: usize) -> Result<Self> {
        let file = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC | flags, Mode::empty())
            .map_err(|errno| Error::file("open", path, errno))?;
        Self::of(&file, path, offset, length)
    }

    /// Maps map `index` of a UIO device. The offset, in pages, is the map's number and no position.
    pub(crate) fn open_uio(path: &Path, index: usize, length: usize) -> Result<Self> {
        Self::open(path, index as u64 * page_size() as u64, length)
    }

    fn of(file: impl AsFd, path: &Path, offset: u64, length: usize) -> Result<Self> {
        let refused = |errno: rustix::io::Errno| Error::Map { path: path.into(), offset, length, error: errno.into() };
        let pages = length.checked_next_multiple_of(page_size()).ok_or_else(|| refused(rustix::io::Errno::NOMEM))?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a null address lets the kernel choose where, so that no existing memory is changed.
        let base = unsafe { rustix::mm::mmap(std::ptr::null_mut(), pages, protection, MapFlags::SHARED, file, offset) }
            .map_err(refused)?;
        let base = NonNull::new(base).ok_or_else(|| refused(rustix::io::Errno::NOMEM))?;
        Ok(Self { base, length: pages, path: path.into(), offset, revoked: Mutex::new(false) })
    }

    /// Bytes mapped: a multiple of the page size.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing is mapped: never, since the kernel refuses it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The file that was mapped.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the device away from all holders of the mapping.
    ///
    /// When this returns, no access through it reaches the device: reads give zeroes, or what was written since.
    /// An access of another thread at the same time reaches either the device or the pages laid over it. Once
    /// revoked, a mapping stays so, and doing it again does nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Revoke`] if the kernel has no memory for it. The device must then be taken for still reachable.
    pub fn revoke(&self) -> Result<()> {
        // Held over the call, so that a second caller returns only when it is done. Nothing in here panics.
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        if *revoked {
            return Ok(());
        }
        // Pages that are never touched cost nothing, and there is nothing to reserve for a device's range.
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the range is exactly the one `of` was given and `drop` gives back, so that it belongs to this mapping
        // alone. No reference points into it, and the pages laid over it take the same accesses: readable, writable.
        unsafe { rustix::mm::mmap_anonymous(self.base.as_ptr(), self.length, protection, flags) }
            .map_err(|errno| Error::Revoke { path: self.path.clone(), error: errno.into() })?;
        *revoked = true;
        Ok(())
    }

    /// Whether the device was taken away.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        *self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `offset` and `length` lie inside.
    fn check(&self, offset: usize, length: usize) -> Result<()> {
        match offset.checked_add(length) {
            Some(end) if end <= self.length => Ok(()),
            _ => Err(Error::OutOfRange { offset, length, size: self.length }),
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is the one `of` was given, whatever lies over it by now, and belongs to this mapping alone.
        // Windows hold a counted reference, and memory owns its mapping: after the last of them nothing accesses it. A
        // failure, which the kernel has no reason for, would leave it mapped, which does no harm.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr(), self.length) };
    }
}

// SAFETY: an address and a length, which are the same in every thread; what is behind them takes volatile accesses from
// any thread, and the bus orders them.
unsafe impl Send for Mapping {}

// SAFETY: as for Send. The shared methods change nothing but what is mapped, which they do under a lock.
unsafe impl Sync for Mapping {}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revoked = if self.is_revoked() { ", revoked" } else { "" };
        write!(f, "Mapping({}, {:#x} bytes at {:#x}{revoked})", self.path.display(), self.length, self.offset)
    }
}
