//! Registers in a mapping.

use std::{fmt, sync::Arc};

use pynq_core::{Mmio, Volatile};

use super::Mapping;
use crate::{Error, Result};

/// A window onto a block's registers in mapped device memory.
///
/// The mapping goes with the last of its windows; a window is shared by an `Arc`. An access is one volatile load or store and has no
/// check. After [`revoke`](Self::revoke) it reaches no hardware.
///
/// Where the programmable logic behind the window has no clock, or is being replaced, the bus can answer an access
/// with an error, which the kernel hands on as a fatal signal, or not at all.
pub struct Window {
    registers: Volatile,
    address: u64,
    mapping: Arc<Mapping>,
}

impl Window {
    /// A window of `size` bytes at byte `offset` of `mapping`, which is where the physical `address` lies. What is
    /// beyond the last whole word is left out.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if it reaches beyond the mapping, [`Error::Unaligned`] if `offset` is no multiple of 4.
    pub fn new(mapping: Arc<Mapping>, offset: usize, size: usize, address: u64) -> Result<Self> {
        if offset % 4 != 0 {
            return Err(Error::Unaligned { address: offset as u64 });
        }
        mapping.check(offset, size)?;
        // SAFETY: the offset was checked to be inside the mapping, which does not wrap around.
        let base = unsafe { mapping.base.cast::<u32>().byte_add(offset) };
        // SAFETY: a mapping starts at a page and `offset` is a multiple of four, so `base` is aligned. The bytes from there
        // on were checked to be inside the mapping. They stay mapped readable and writable, revoked or not, until its
        // drop, which the counted reference beside the window puts off. No Rust code holds references to them.
        let registers = unsafe { Volatile::new(base, size) };
        Ok(Self { registers, address, mapping })
    }

    /// The physical address of the first register.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.address
    }

    /// The mapping that the window is a part of.
    #[must_use]
    pub fn mapping(&self) -> &Arc<Mapping> {
        &self.mapping
    }

    /// Takes the hardware away from this window and all else that shares its mapping.
    ///
    /// # Errors
    ///
    /// As of [`Mapping::revoke`].
    pub fn revoke(&self) -> Result<()> {
        self.mapping.revoke()
    }
}

// SAFETY: size and accesses are those of the volatile window, which is never replaced.
unsafe impl Mmio for Window {
    #[inline(always)]
    fn size(&self) -> usize {
        self.registers.size()
    }

    #[inline(always)]
    unsafe fn read32(&self, offset: usize) -> u32 {
        // SAFETY: the caller keeps this very contract, and the sizes are the same.
        unsafe { self.registers.read32(offset) }
    }

    #[inline(always)]
    unsafe fn write32(&self, offset: usize, value: u32) {
        // SAFETY: the caller keeps this very contract, and the sizes are the same.
        unsafe { self.registers.write32(offset, value) }
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window({:#x}, {:#x} bytes of {:?})", self.address, self.size(), self.mapping)
    }
}

impl From<Window> for pynq_core::Window {
    fn from(window: Window) -> Self {
        Self::boxed(window)
    }
}
