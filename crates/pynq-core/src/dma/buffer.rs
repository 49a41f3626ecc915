//! A buffer in the processor's hands.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::{
    fmt,
    marker::PhantomData,
    mem::{align_of, size_of},
    ops::{Deref, DerefMut, Range},
};

use bytemuck::Pod;

use super::{Direction, DmaError, DmaRegion, Refused, SharedWords};

/// A region, whatever backend it is of.
pub(super) enum Region {
    Static(&'static mut dyn DmaRegion),
    #[cfg(feature = "alloc")]
    Boxed(Box<dyn DmaRegion>),
}

impl Region {
    pub(super) fn get(&self) -> &dyn DmaRegion {
        match self {
            Self::Static(region) => &**region,
            #[cfg(feature = "alloc")]
            Self::Boxed(region) => &**region,
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut dyn DmaRegion {
        match self {
            Self::Static(region) => &mut **region,
            #[cfg(feature = "alloc")]
            Self::Boxed(region) => &mut **region,
        }
    }
}

/// Memory that a device can read and write, in the processor's hands: a slice of `T`, and nothing is copied.
///
/// A transfer takes it by value and gives it back when it has ended, so that nobody looks at it, or writes to it, while
/// the device does. `T` is any type of plain data: the numbers, and what derives [`bytemuck::Pod`](super::Pod).
///
/// ```
/// use pynq_core::dma::{DmaBuffer, DmaError};
///
/// fn ramp(bytes: DmaBuffer) -> Result<DmaBuffer<u16>, DmaError> {
///     let mut samples = bytes.cast::<u16>().map_err(|refused| refused.error)?;
///     for (index, sample) in samples.iter_mut().enumerate() {
///         *sample = index as u16;
///     }
///     Ok(samples)
/// }
/// # let _ = ramp;
/// ```
pub struct DmaBuffer<T = u8> {
    region: Region,
    // As the region has them, which are asked for with each transfer.
    address: u64,
    bytes: usize,
    items: PhantomData<T>,
}

impl DmaBuffer<u8> {
    /// A buffer of a region that lives for ever: static memory.
    pub fn from_static(region: &'static mut dyn DmaRegion) -> Self {
        Self::of(Region::Static(region))
    }

    /// A buffer of a region that is given back with it.
    #[cfg(feature = "alloc")]
    pub fn boxed(region: impl DmaRegion + 'static) -> Self {
        Self::of(Region::Boxed(Box::new(region)))
    }

    pub(super) fn of(region: Region) -> Self {
        let (address, bytes) = (region.get().physical_address(), region.get().size());
        Self { region, address, bytes, items: PhantomData }
    }

    /// The memory as words that processor and device share, for descriptors.
    #[must_use]
    pub fn into_shared_words(self) -> SharedWords {
        SharedWords::of(self.region)
    }
}

impl<T> DmaBuffer<T> {
    /// Where it begins, as a bus master sees it. For the program to know; a driver asks what it was [lent](super::Lent).
    #[must_use]
    pub const fn physical_address(&self) -> u64 {
        self.address
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn byte_len(&self) -> usize {
        self.bytes
    }

    /// Whether devices see the processor's caches, so that a hand-over moves nothing.
    #[must_use]
    pub fn is_coherent(&self) -> bool {
        self.region.get().is_coherent()
    }

    /// The same memory as items of another type.
    ///
    /// # Errors
    ///
    /// [`DmaError::NotWhole`] if it is no whole number of them, with the buffer.
    pub fn cast<U: Pod>(self) -> Result<DmaBuffer<U>, Refused<Self>> {
        let item = size_of::<U>();
        let fits = item != 0 && bytemuck::try_cast_slice::<u8, U>(self.region.get().as_slice()).is_ok();
        if !fits {
            let error = DmaError::NotWhole { size: self.bytes, item, alignment: align_of::<U>() };
            return Err(Refused { packet: self, error });
        }
        Ok(DmaBuffer { region: self.region, address: self.address, bytes: self.bytes, items: PhantomData })
    }

    pub(super) fn sync_for_device(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        self.region.get_mut().sync_for_device(range, direction)
    }

    pub(super) fn sync_for_cpu(&mut self, range: Range<usize>, direction: Direction) -> Result<(), DmaError> {
        self.region.get_mut().sync_for_cpu(range, direction)
    }
}

impl<T: Pod> DmaBuffer<T> {
    /// What is in it.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        // It was checked by `cast`, and bytes always fit.
        bytemuck::try_cast_slice(self.region.get().as_slice()).unwrap_or(&[])
    }

    /// What is in it, to be changed.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        bytemuck::try_cast_slice_mut(self.region.get_mut().as_mut_slice()).unwrap_or(&mut [])
    }

    /// These items of it, to be handed over without the rest. The rest stays out of reach until they are back, too.
    ///
    /// # Errors
    ///
    /// [`DmaError::OutOfRange`], in items, with the buffer.
    pub fn part(self, items: Range<usize>) -> Result<Part<T>, Refused<Self>> {
        match DmaError::check_span(&items, self.as_slice().len()) {
            Ok(()) => Ok(Part { buffer: self, items }),
            Err(error) => Err(Refused { packet: self, error }),
        }
    }
}

impl<T: Pod> Deref for DmaBuffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Pod> DerefMut for DmaBuffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T> fmt::Debug for DmaBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coherent = if self.is_coherent() { ", coherent" } else { "" };
        write!(f, "DmaBuffer({} bytes at {:#x}{coherent})", self.bytes, self.address)
    }
}

/// Some of a buffer's items, to be handed over without the rest; see [`DmaBuffer::part`].
#[derive(Debug)]
pub struct Part<T = u8> {
    pub(super) buffer: DmaBuffer<T>,
    items: Range<usize>,
}

impl<T> Part<T> {
    /// Which items of the buffer these are.
    #[must_use]
    pub const fn range(&self) -> &Range<usize> {
        &self.items
    }

    /// Where the first of them is, as a bus master sees it.
    #[must_use]
    pub const fn physical_address(&self) -> u64 {
        self.buffer.address + self.bytes_from() as u64
    }

    /// The whole buffer.
    #[must_use]
    pub fn into_buffer(self) -> DmaBuffer<T> {
        self.buffer
    }

    /// The whole buffer.
    #[must_use]
    pub const fn buffer(&self) -> &DmaBuffer<T> {
        &self.buffer
    }

    const fn bytes_from(&self) -> usize {
        self.items.start * size_of::<T>()
    }

    /// The bytes of the buffer that these items are.
    pub(super) const fn bytes(&self) -> Range<usize> {
        self.bytes_from()..self.items.end * size_of::<T>()
    }
}

impl<T: Pod> Deref for Part<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.buffer.as_slice().get(self.items.clone()).unwrap_or_default()
    }
}

impl<T: Pod> DerefMut for Part<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.buffer.as_mut_slice().get_mut(self.items.clone()).unwrap_or_default()
    }
}
