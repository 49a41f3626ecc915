//! A window whose kind is not in its type.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt;

use super::{Mmio, Volatile};

/// A window onto a block's registers, whatever carries it: what drivers are made of.
///
/// A window onto mapped memory is recognized by one branch, so that an access compiled for hardware stays a load or a
/// store; any other is reached by a virtual call. A driver that needs neither is generic over [`Mmio`] instead.
pub struct Window(Kind);

enum Kind {
    Volatile(Volatile),
    Static(&'static (dyn Mmio + Send + Sync)),
    #[cfg(feature = "alloc")]
    Boxed(Box<dyn Mmio + Send + Sync>),
}

impl From<Volatile> for Window {
    fn from(window: Volatile) -> Self {
        Self(Kind::Volatile(window))
    }
}

impl From<&'static (dyn Mmio + Send + Sync)> for Window {
    fn from(window: &'static (dyn Mmio + Send + Sync)) -> Self {
        Self(Kind::Static(window))
    }
}

impl<T: Mmio + Send + Sync> From<&'static T> for Window {
    fn from(window: &'static T) -> Self {
        Self(Kind::Static(window))
    }
}

#[cfg(feature = "alloc")]
impl Window {
    /// A window of any other kind, on the heap.
    pub fn boxed(window: impl Mmio + Send + Sync + 'static) -> Self {
        Self(Kind::Boxed(Box::new(window)))
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<T: Mmio + Send + Sync + ?Sized + 'static> From<alloc::sync::Arc<T>> for Window {
    fn from(window: alloc::sync::Arc<T>) -> Self {
        Self::boxed(window)
    }
}

// SAFETY: each kind keeps its target alive, and passes its promise on.
unsafe impl Mmio for Window {
    #[inline]
    fn size(&self) -> usize {
        match &self.0 {
            Kind::Volatile(window) => window.size(),
            Kind::Static(window) => window.size(),
            #[cfg(feature = "alloc")]
            Kind::Boxed(window) => window.size(),
        }
    }

    #[inline]
    unsafe fn read32(&self, offset: usize) -> u32 {
        match &self.0 {
            // SAFETY: the caller keeps this very contract, and the sizes are the same.
            Kind::Volatile(window) => unsafe { window.read32(offset) },
            // SAFETY: as above.
            Kind::Static(window) => unsafe { window.read32(offset) },
            #[cfg(feature = "alloc")]
            // SAFETY: as above.
            Kind::Boxed(window) => unsafe { window.read32(offset) },
        }
    }

    #[inline]
    unsafe fn write32(&self, offset: usize, value: u32) {
        match &self.0 {
            // SAFETY: the caller keeps this very contract, and the sizes are the same.
            Kind::Volatile(window) => unsafe { window.write32(offset, value) },
            // SAFETY: as above.
            Kind::Static(window) => unsafe { window.write32(offset, value) },
            #[cfg(feature = "alloc")]
            // SAFETY: as above.
            Kind::Boxed(window) => unsafe { window.write32(offset, value) },
        }
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window").field("size", &self.size()).finish_non_exhaustive()
    }
}
