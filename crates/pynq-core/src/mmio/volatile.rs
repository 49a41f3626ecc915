//! Registers that are mapped into the address space.
//!
//! The window is a raw pointer and not a reference to a structure of cells: a reference promises the compiler that the
//! memory behind it may be read whenever that helps, and a register whose read pops a FIFO must not be.

use core::{fmt, ptr::NonNull};

use super::Mmio;

/// A window of mapped registers, accessed by volatile loads and stores of 32 bits.
///
/// Each access is exactly one load or store instruction, in program order with the other volatile accesses of its
/// thread. Ordering against *memory* (a DMA buffer, say) is up to the code that hands that memory over.
pub struct Volatile {
    base: NonNull<u32>,
    size: usize,
}

impl Volatile {
    /// A window of `size` bytes at `base`. What is beyond the last whole word is left out.
    ///
    /// # Safety
    ///
    /// For as long as the window lives, from whatever thread: `base` is aligned to four bytes, `base + size` does not
    /// wrap around, and each word of the `size` bytes at `base` may be read and written by volatile accesses of 32
    /// bits, whatever the value, without effect on memory that Rust code holds references to.
    #[must_use]
    pub const unsafe fn new(base: NonNull<u32>, size: usize) -> Self {
        Self { base, size: size & !3 }
    }

    /// Where the window begins.
    #[inline(always)]
    #[must_use]
    pub const fn as_ptr(&self) -> *mut u32 {
        self.base.as_ptr()
    }
}

// SAFETY: `new` demands that the words be accessible from any thread; the window itself is an address and a length.
unsafe impl Send for Volatile {}

// SAFETY: as for Send; simultaneous accesses are volatile, to memory no Rust reference covers, and the bus orders them.
unsafe impl Sync for Volatile {}

// SAFETY: `new` demands that each word within `size` be accessible, and neither field ever changes.
unsafe impl Mmio for Volatile {
    #[inline(always)]
    fn size(&self) -> usize {
        self.size
    }

    #[inline(always)]
    unsafe fn read32(&self, offset: usize) -> u32 {
        // SAFETY: the caller keeps `offset` inside the window, which by the contract of `new` does not wrap around.
        let register = unsafe { self.base.byte_add(offset) };
        // SAFETY: an aligned word of the window, which `new` demands to be readable.
        unsafe { register.read_volatile() }
    }

    #[inline(always)]
    unsafe fn write32(&self, offset: usize, value: u32) {
        // SAFETY: the caller keeps `offset` inside the window, which by the contract of `new` does not wrap around.
        let register = unsafe { self.base.byte_add(offset) };
        // SAFETY: an aligned word of the window, which `new` demands to be writable.
        unsafe { register.write_volatile(value) }
    }
}

impl fmt::Debug for Volatile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Volatile({:p}, {:#x} bytes)", self.base, self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_tail_is_left_out() {
        let mut memory = [0u32; 2];
        for (given, kept) in [(0, 0), (3, 0), (4, 4), (6, 4), (8, 8)] {
            // SAFETY: the array outlives the window and is not touched but through it.
            let window = unsafe { Volatile::new(NonNull::from(&mut memory).cast(), given) };
            assert_eq!(window.size(), kept);
        }
    }
}
