//! Register windows at fixed addresses.

use core::{fmt, ptr::NonNull};

use pynq_core::Volatile;

/// Why there can be no window at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowError {
    /// The address is zero or no multiple of four.
    Unaligned {
        /// The address asked for.
        address: usize,
    },
    /// The window would reach beyond the end of the address space.
    TooLong {
        /// The address asked for.
        address: usize,
        /// The bytes asked for.
        size: usize,
    },
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unaligned { address } => {
                write!(f, "no register window at {address:#x}: a block begins at a multiple of four above zero")
            }
            Self::TooLong { address, size } => write!(
                f,
                "a register window of {size:#x} bytes at {address:#x} reaches beyond the address space; check the block's range"
            ),
        }
    }
}

impl core::error::Error for WindowError {}

/// A window of `size` bytes at `address`: the block's base address as the design's address map has it.
///
/// Without an operating system no mapping is made and checked, so the caller promises what a mapping would guarantee.
/// The memory attributes are the start-up code's: the range has to be device memory, or memory accesses as a whole
/// uncached, or the block will see only some of its accesses, late and in another order.
///
/// # Errors
///
/// See [`WindowError`].
///
/// # Safety
///
/// For as long as the window lives, `address` is the base of a block of registers of that size, mapped there one to one
/// as device memory, and no access to it changes memory that Rust code holds references to.
pub unsafe fn window(address: usize, size: usize) -> Result<Volatile, WindowError> {
    if address % 4 != 0 {
        return Err(WindowError::Unaligned { address });
    }
    let base = NonNull::new(core::ptr::with_exposed_provenance_mut::<u32>(address));
    let base = base.ok_or(WindowError::Unaligned { address })?;
    if address.checked_add(size).is_none() {
        return Err(WindowError::TooLong { address, size });
    }
    // SAFETY: aligned and not wrapping, as was just checked; the rest is the caller's promise.
    Ok(unsafe { Volatile::new(base, size) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pynq_core::Mmio;

    #[test]
    fn addresses_are_checked() {
        let at = |address, size| {
            // SAFETY: only the window's size is read; it is not accessed.
            unsafe { window(address, size) }.map(|window| window.size())
        };
        assert_eq!(at(0, 4), Err(WindowError::Unaligned { address: 0 }));
        assert_eq!(at(0x4120_0002, 4), Err(WindowError::Unaligned { address: 0x4120_0002 }));
        assert_eq!(at(usize::MAX - 3, 8), Err(WindowError::TooLong { address: usize::MAX - 3, size: 8 }));
        assert_eq!(at(0x4120_0000, 0x1000), Ok(0x1000));
    }
}
