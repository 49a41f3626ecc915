//! Access to memory-mapped registers.
//!
//! An AXI4-Lite register is a 32-bit word at a word-aligned offset in its block's address range, so that is what
//! [`Mmio`] offers and no more. The trait is the only thing a register map, a driver or the interrupt engine knows
//! of a backend: the same driver runs over a UIO mapping, over a fixed address on bare metal and over the simulator.
//!
//! | window | for |
//! | --- | --- |
//! | [`Volatile`] | registers mapped into the address space; every mapping backend hands out this one |
//! | `&T`, `Arc<T>` | sharing one window between a driver, its interrupt node and tools |
//! | `Recorder` (feature `std`) | tests that assert which registers were touched |
//! | [`Checked`] | offsets known only at run time: tools, and blocks without a register map |
//!
//! The raw accessors are `unsafe`, because a window can't check an offset without paying for it at each access. Two
//! safe forms stand on top: a [register map](crate::register_map) checks its size once and every offset at compile
//! time, and [`Checked`] checks each access.

mod checked;
mod erased;
#[cfg(feature = "std")]
mod recorder;
mod volatile;

pub use checked::{AccessError, Checked};
pub use erased::Window;
#[cfg(feature = "std")]
pub use recorder::{Recorded, Recorder};
pub use volatile::Volatile;

/// A window onto a block's registers.
///
/// Accesses are made on `&self`: a register is shared with the hardware anyway, and the window adds no state of its
/// own. They are infallible, as a load or a store is; a bus fault is the backend's to report.
///
/// # Safety
///
/// [`size`](Mmio::size) must not promise more than the window holds: each 32-bit access at a multiple of four that
/// ends within a size ever returned must be sound for as long as the window lives, moved or not. Register maps ask
/// for the size once and rely on it from then on.
pub unsafe trait Mmio {
    /// Bytes in the window.
    fn size(&self) -> usize;

    /// Reads the 32-bit register at byte `offset`.
    ///
    /// # Safety
    ///
    /// `offset` is a multiple of four and `offset + 4 <= self.size()`.
    unsafe fn read32(&self, offset: usize) -> u32;

    /// Writes the 32-bit register at byte `offset`.
    ///
    /// # Safety
    ///
    /// `offset` is a multiple of four and `offset + 4 <= self.size()`.
    unsafe fn write32(&self, offset: usize, value: u32);
}

/// Implements [`Mmio`] for a type that dereferences, immutably and always to the same place, to a window.
macro_rules! forward {
    ($(#[$attribute:meta])* $pointer:ty) => {
        $(#[$attribute])*
        // SAFETY: the pointer keeps its target alive and never points elsewhere, so that the target's promise holds
        // for as long as the pointer lives.
        unsafe impl<T: Mmio + ?Sized> Mmio for $pointer {
            #[inline(always)]
            fn size(&self) -> usize {
                (**self).size()
            }

            #[inline(always)]
            unsafe fn read32(&self, offset: usize) -> u32 {
                // SAFETY: the caller keeps this very contract, and the sizes are the same.
                unsafe { (**self).read32(offset) }
            }

            #[inline(always)]
            unsafe fn write32(&self, offset: usize, value: u32) {
                // SAFETY: the caller keeps this very contract, and the sizes are the same.
                unsafe { (**self).write32(offset, value) }
            }
        }
    };
}

forward!(&T);
forward!(
    // `Arc` needs a compare-and-swap, which some soft cores lack.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    alloc::sync::Arc<T>
);

/// Whether a word access at `offset` keeps the contract of [`Mmio`] in a window of `size` bytes.
const fn is_word(offset: usize, size: usize) -> bool {
    offset % 4 == 0 && size >= 4 && offset <= size - 4
}

/// Reads the word at `offset`, or nothing where there is no aligned word.
pub(crate) fn read_word<M: Mmio + ?Sized>(window: &M, offset: usize) -> Option<u32> {
    // SAFETY: checked on this line.
    is_word(offset, window.size()).then(|| unsafe { window.read32(offset) })
}

/// Writes the word at `offset`, or nothing where there is no aligned word.
pub(crate) fn write_word<M: Mmio + ?Sized>(window: &M, offset: usize, value: u32) -> Option<()> {
    // SAFETY: checked on this line.
    is_word(offset, window.size()).then(|| unsafe { window.write32(offset, value) })
}

#[cfg(test)]
mod tests {
    use core::ptr::NonNull;

    use super::*;

    #[test]
    fn words_are_inside_or_nothing() {
        let mut memory = [1_u32, 2, 3];
        // SAFETY: the array outlives the window and is not touched but through it.
        let window = unsafe { Volatile::new(NonNull::from(&mut memory).cast(), 12) };
        assert_eq!(read_word(&window, 8), Some(3));
        assert_eq!(write_word(&window, 4, 7), Some(()));
        assert_eq!(read_word(&window, 4), Some(7));
        for offset in [1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 16, usize::MAX, usize::MAX - 3] {
            assert_eq!(read_word(&window, offset), None, "{offset:#x}");
            assert_eq!(write_word(&window, offset, 0), None, "{offset:#x}");
        }
        assert!((0..4).all(|size| !is_word(0, size)));
    }

    #[test]
    fn pointers_to_windows_are_windows() {
        let mut memory = [0_u32; 2];
        // SAFETY: the array outlives the window and is not touched but through it.
        let window = unsafe { Volatile::new(NonNull::from(&mut memory).cast(), 8) };
        let erased: &dyn Mmio = &window;
        assert_eq!((&erased).size(), 8);
        assert_eq!(write_word(&erased, 4, 9), Some(()));
        assert_eq!(read_word(&&erased, 4), Some(9));
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn an_arc_of_an_erased_window_is_a_window() {
        let mut memory = [5_u32, 6];
        // SAFETY: the array outlives the window and is not touched but through it.
        let window = unsafe { Volatile::new(NonNull::from(&mut memory).cast(), 8) };
        let erased: alloc::sync::Arc<dyn Mmio + Send + Sync> = alloc::sync::Arc::new(window);
        assert_eq!((erased.size(), read_word(&erased, 4)), (8, Some(6)));
    }

    #[test]
    fn checked_reads_give_low_bytes_first() {
        let mut memory = [0x0403_0201_u32, 0x0807_0605, 0xFFFF_FFFF];
        // SAFETY: the array outlives the window and is not touched but through it.
        let window = Checked::new(unsafe { Volatile::new(NonNull::from(&mut memory).cast(), 12) });
        let read = [1, 2, 4, 8].map(|length| window.read(0, length));
        assert_eq!(read, [Ok(0x01), Ok(0x0201), Ok(0x0403_0201), Ok(0x0807_0605_0403_0201)]);
        assert_eq!(window.read(4, 8), Ok(0xFFFF_FFFF_0807_0605), "two words need not start at a multiple of 8");
        assert_eq!(window.read(8, 1), Ok(0xFF));
    }

    #[test]
    fn checked_writes_are_whole_words() {
        let mut memory = [0_u32; 3];
        // SAFETY: the array outlives the window and is not touched but through it.
        let window = Checked::new(unsafe { Volatile::new(NonNull::from(&mut memory).cast(), 12) });
        assert_eq!(window.write(8, 0xDEAD_BEEF), Ok(()));
        assert_eq!(window.write_bytes(0, &[1, 2, 3, 4, 5, 6, 7, 8]), Ok(()));
        assert_eq!(window.write_bytes(12, &[]), Ok(()));
        let words = [0, 4, 8].map(|offset| window.read(offset, 4));
        assert_eq!(words, [Ok(0x0403_0201), Ok(0x0807_0605), Ok(0xDEAD_BEEF)]);
    }

    #[test]
    fn checked_refuses_and_touches_nothing() {
        let mut memory = [7_u32; 3];
        // SAFETY: the array outlives the window and is not touched but through it.
        let window = Checked::new(unsafe { Volatile::new(NonNull::from(&mut memory).cast(), 12) });
        let size = 12;
        for offset in (0..16).chain([usize::MAX - 8, usize::MAX - 3, usize::MAX]) {
            for length in (0..=9).chain([16, usize::MAX]) {
                let expected = if !matches!(length, 1 | 2 | 4 | 8) {
                    Err(AccessError::Length { offset, length, size })
                } else if offset % 4 != 0 {
                    Err(AccessError::Unaligned { offset, length, size })
                } else if offset > 8 || length == 8 && offset > 4 {
                    Err(AccessError::OutOfRange { offset, length, size })
                } else {
                    Ok(())
                };
                assert_eq!(window.read(offset, length).map(drop), expected, "{length} bytes at {offset:#x}");
            }
            let expected = match offset {
                0 | 4 | 8 => continue,
                _ if offset % 4 != 0 => AccessError::Unaligned { offset, length: 4, size },
                _ => AccessError::OutOfRange { offset, length: 4, size },
            };
            assert_eq!(window.write(offset, 0), Err(expected));
            assert_eq!(window.write_bytes(offset, &[0; 4]), Err(expected));
        }
        for length in (0..12).filter(|length| length % 4 != 0) {
            let refused = AccessError::WriteLength { offset: 0, length, size };
            assert_eq!(window.write_bytes(0, &[0; 12][..length]), Err(refused));
        }
        let refused = AccessError::OutOfRange { offset: 4, length: 12, size };
        assert_eq!(window.write_bytes(4, &[0; 12]), Err(refused), "not even the part that is in range");
        assert_eq!([0, 4, 8].map(|offset| window.read(offset, 4)), [Ok(7); 3]);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn refusals_say_what_was_asked_and_what_to_do() {
        use alloc::string::ToString;
        let (offset, size) = (0x13, 0x10);
        let messages = [
            (
                AccessError::Unaligned { offset, length: 4, size },
                "access of 4 bytes at offset 0x13 of a window of 0x10 bytes: offsets are multiples of 4; use 0x10",
            ),
            (
                AccessError::OutOfRange { offset: 0x10, length: 8, size },
                "access of 8 bytes at offset 0x10 reaches beyond the window of 0x10 bytes; stay below its size, or map \
                 the block's whole address range",
            ),
            (
                AccessError::Length { offset: 0, length: 3, size },
                "read of 3 bytes at offset 0x0 of a window of 0x10 bytes: a read has 1, 2, 4 or 8 bytes; read longer \
                 ranges word by word",
            ),
            (
                AccessError::WriteLength { offset: 0, length: 3, size },
                "write of 3 bytes at offset 0x0 of a window of 0x10 bytes: the bus takes whole words; pad the data to \
                 a multiple of 4 bytes",
            ),
        ];
        for (error, message) in messages {
            assert_eq!(error.to_string(), message);
        }
    }
}
