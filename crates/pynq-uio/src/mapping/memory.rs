//! Memory that a device shares with the processor.

use std::{os::fd::AsFd, path::Path, ptr::NonNull};

use rustix::fs::OFlags;

use super::Mapping;
use crate::{Error, Result};

/// A range of memory that a device reads and writes as well, such as a DMA buffer's.
///
/// The methods take care of no cache, and of no device that changes it under a slice: that is for the owner, who knows the
/// direction of the transfer and when it has ended.
#[derive(Debug)]
pub struct Memory {
    mapping: Mapping,
    size: usize,
}

/// Bytes in a machine word, in which the bulk of a copy goes.
const WORD: usize = size_of::<usize>();

impl Memory {
    /// Maps `size` bytes of the device file `path` from byte `offset` on, which is a multiple of the page size.
    ///
    /// `uncached` opens the file with `O_SYNC`, which requests uncached memory from a driver that has the choice;
    /// without it, memory is cached unless the driver says otherwise.
    ///
    /// # Errors
    ///
    /// As of [`Mapping::open`].
    pub fn open(path: &Path, offset: u64, size: usize, uncached: bool) -> Result<Self> {
        let flags = if uncached { OFlags::SYNC } else { OFlags::empty() };
        Ok(Self { mapping: Mapping::open_with(path, flags, offset, size)?, size })
    }

    /// Maps `size` bytes of a device file that is open, from byte `offset` on: where what is mapped belongs to the open file.
    pub(crate) fn of_file(file: impl AsFd, path: &Path, offset: u64, size: usize) -> Result<Self> {
        Ok(Self { mapping: Mapping::of(file, path, offset, size)?, size })
    }

    /// Bytes of it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.size
    }

    /// Whether there are none: never, since the kernel maps no empty range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// All of it, from the first byte on, which begins a page.
    ///
    /// What a device writes while there is a slice may be seen in it or not.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `size` bytes from the base are mapped and initialised for as long as `self` lives, since a memory's mapping is
        // its own and never revoked. They are ordinary memory, and methods that change it need `&mut self`.
        unsafe { std::slice::from_raw_parts(self.mapping.base.cast::<u8>().as_ptr(), self.size) }
    }

    /// The same, to be changed.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as of `as_slice`, and `&mut self` keeps every other access of this process away.
        unsafe { std::slice::from_raw_parts_mut(self.mapping.base.cast::<u8>().as_ptr(), self.size) }
    }

    /// Copies `bytes` to byte `offset` of the memory.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], with nothing copied.
    pub fn copy_in(&mut self, offset: usize, bytes: &[u8]) -> Result<()> {
        let start = self.at(offset, bytes.len())?;
        let (head, rest) = bytes.split_at(to_word(start, bytes.len()));
        let words = rest.chunks_exact(WORD);
        let tail = words.remainder();
        // In each of the loops: the range was checked, and is as long as the three parts together.
        let mut to = start;
        for &byte in head {
            // SAFETY: inside the range, and bytes have no alignment.
            to = unsafe { store(to, byte) };
        }
        let mut to = to.cast::<usize>();
        for word in words {
            let mut bytes = [0; WORD];
            bytes.copy_from_slice(word);
            // SAFETY: inside the range, and the head ended at a multiple of the word's size, unless there are no words.
            to = unsafe { store(to, usize::from_ne_bytes(bytes)) };
        }
        let mut to = to.cast::<u8>();
        for &byte in tail {
            // SAFETY: inside the range, and bytes have no alignment.
            to = unsafe { store(to, byte) };
        }
        Ok(())
    }

    /// Fills `bytes` from byte `offset` of the memory on.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], with nothing copied.
    pub fn copy_out(&self, offset: usize, bytes: &mut [u8]) -> Result<()> {
        let start = self.at(offset, bytes.len())?;
        let (head, rest) = bytes.split_at_mut(to_word(start, bytes.len()));
        let mut words = rest.chunks_exact_mut(WORD);
        // In each of the loops: the range was checked, and is as long as the three parts together.
        let mut from = start;
        for byte in head {
            // SAFETY: inside the range, and bytes have no alignment.
            (*byte, from) = unsafe { load(from) };
        }
        let mut from = from.cast::<usize>();
        for bytes in &mut words {
            // SAFETY: inside the range, and the head ended at a multiple of the word's size, unless there are no words.
            let (word, next) = unsafe { load(from) };
            bytes.copy_from_slice(&word.to_ne_bytes());
            from = next;
        }
        let mut from = from.cast::<u8>();
        for byte in words.into_remainder() {
            // SAFETY: inside the range, and bytes have no alignment.
            (*byte, from) = unsafe { load(from) };
        }
        Ok(())
    }

    /// Reads the 32-bit word at byte `offset`, in the processor's byte order, in one access.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], or [`Error::Unaligned`] if `offset` is no multiple of 4.
    pub fn read32(&self, offset: usize) -> Result<u32> {
        let from = self.word_at(offset)?;
        // SAFETY: the word was checked to be inside the memory, and to be aligned.
        Ok(unsafe { load(from) }.0)
    }

    /// Writes the 32-bit word at byte `offset`, in the processor's byte order, in one access.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], or [`Error::Unaligned`] if `offset` is no multiple of 4.
    pub fn write32(&mut self, offset: usize, value: u32) -> Result<()> {
        let to = self.word_at(offset)?;
        // SAFETY: the word was checked to be inside the memory, and to be aligned.
        unsafe { store(to, value) };
        Ok(())
    }

    fn word_at(&self, offset: usize) -> Result<NonNull<u32>> {
        if offset % 4 != 0 {
            return Err(Error::Unaligned { address: offset as u64 });
        }
        self.at(offset, 4).map(NonNull::cast)
    }

    /// Where `offset` lies, if `length` bytes from there are inside the memory.
    fn at(&self, offset: usize, length: usize) -> Result<NonNull<u8>> {
        match offset.checked_add(length) {
            // SAFETY: inside the mapping, or its end, and a mapping does not wrap around.
            Some(end) if end <= self.size => Ok(unsafe { self.mapping.base.cast::<u8>().add(offset) }),
            _ => Err(Error::OutOfRange { offset, length, size: self.size }),
        }
    }
}

/// How many of `length` bytes at `at` come before the first whole word.
///
/// Uncached memory of some processors takes aligned accesses only, which a plain copy does not promise.
fn to_word(at: NonNull<u8>, length: usize) -> usize {
    at.align_offset(WORD).min(length)
}

/// Writes one value, and gives the place after it.
///
/// # Safety
///
/// `to` is aligned, and a value's worth of bytes there is mapped, writable, and covered by no reference.
#[inline(always)]
unsafe fn store<T>(to: NonNull<T>, value: T) -> NonNull<T> {
    // SAFETY: as the caller promises.
    unsafe { to.write_volatile(value) };
    // SAFETY: the end of bytes that are mapped is in bounds of, or one past, the mapping.
    unsafe { to.add(1) }
}

/// Reads one value, and gives the place after it.
///
/// # Safety
///
/// `from` is aligned, a value's worth of bytes there is mapped and readable, and any bytes are a value.
#[inline(always)]
unsafe fn load<T>(from: NonNull<T>) -> (T, NonNull<T>) {
    // SAFETY: as the caller promises.
    let value = unsafe { from.read_volatile() };
    // SAFETY: the end of bytes that are mapped is in bounds of, or one past, the mapping.
    (value, unsafe { from.add(1) })
}
