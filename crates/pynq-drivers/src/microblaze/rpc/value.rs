//! Arguments and results, as C has them: little-endian, without padding.

use crate::microblaze::MicroblazeError;

/// Arguments of a function.
pub(super) const MOST_ARGUMENTS: usize = 8;
/// Bytes of a request.
const REQUEST: usize = 2048;
/// The longest item: the program waits until all of it is in the ring.
const ITEM: usize = 0x3F7;

/// A request that is being packed.
#[derive(Debug)]
pub struct Request {
    bytes: [u8; REQUEST],
    length: usize,
    longest: usize,
}

impl Request {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; REQUEST], length: 0, longest: 0 }
    }

    /// An item, which is read as a whole.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.longest = self.longest.max(bytes.len());
        self.put_part(bytes);
    }

    /// A part of an item. What does not fit is counted all the same, for the check.
    fn put_part(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
        }
        self.length = end;
    }

    fn put_array<T: Scalar>(&mut self, items: &[T]) {
        self.longest = self.longest.max(core::mem::size_of_val(items));
        // A count that an int16 can't hold is longer than a ring.
        self.put(&u16::try_from(items.len()).unwrap_or(u16::MAX).to_le_bytes());
        for item in items {
            let (bytes, length) = item.bytes();
            self.put_part(&bytes[..length]);
        }
    }

    pub(super) fn check(&self) -> Result<(), MicroblazeError> {
        if self.longest > ITEM {
            return Err(MicroblazeError::ItemTooLong { bytes: self.longest, room: ITEM });
        }
        if self.length > REQUEST {
            return Err(MicroblazeError::ItemTooLong { bytes: self.length, room: REQUEST });
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length.min(REQUEST)]
    }
}

/// A part of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub(super) is_array: bool,
    pub(super) count: u16,
    /// Of its data.
    pub(super) bytes: u16,
}

impl Part {
    pub(super) const NONE: Self = Self { is_array: false, count: 0, bytes: 0 };
}

/// An argument of a function in a program: a number, or an array of them. `&[T]` is a `const` pointer in C, and is sent; `&mut
/// [T]` is one that the function changes: it is sent, and comes back.
pub trait Argument: Send {
    /// Packs it.
    fn send(&self, request: &mut Request);

    /// What of it comes back.
    #[doc(hidden)]
    fn part(&self) -> Option<Part> {
        None
    }

    /// A byte that came back.
    #[doc(hidden)]
    fn receive(&mut self, offset: u16, byte: u8) {
        let _ = (offset, byte);
    }
}

/// What a function in a program returns: a number, or nothing.
pub trait ReturnValue: Send {
    /// What of it comes.
    #[doc(hidden)]
    fn part(&self) -> Option<Part>;

    /// A byte that came.
    #[doc(hidden)]
    fn receive(&mut self, offset: u16, byte: u8);
}

impl ReturnValue for () {
    fn part(&self) -> Option<Part> {
        None
    }

    fn receive(&mut self, _: u16, _: u8) {}
}

/// A number of C.
trait Scalar: Copy + Send + Sync {
    /// Its bytes, of which there are at most eight.
    fn bytes(&self) -> ([u8; 8], usize);
    fn replace(&mut self, offset: u16, byte: u8);
}

macro_rules! scalars {
    ($($type:ty),*) => {$(
        impl Scalar for $type {
            fn bytes(&self) -> ([u8; 8], usize) {
                let mut bytes = [0; 8];
                let own = self.to_le_bytes();
                bytes[..own.len()].copy_from_slice(&own);
                (bytes, own.len())
            }

            fn replace(&mut self, offset: u16, byte: u8) {
                let mut own = self.to_le_bytes();
                if let Some(place) = own.get_mut(usize::from(offset)) {
                    *place = byte;
                }
                *self = Self::from_le_bytes(own);
            }
        }

        impl Argument for $type {
            fn send(&self, request: &mut Request) {
                request.put(&self.to_le_bytes());
            }
        }

        impl ReturnValue for $type {
            fn part(&self) -> Option<Part> {
                #[allow(clippy::cast_possible_truncation)] // at most eight
                Some(Part { is_array: false, count: 1, bytes: size_of::<Self>() as u16 })
            }

            fn receive(&mut self, offset: u16, byte: u8) {
                self.replace(offset, byte);
            }
        }

        impl Argument for &[$type] {
            fn send(&self, request: &mut Request) {
                request.put_array(self);
            }
        }

        impl Argument for &mut [$type] {
            fn send(&self, request: &mut Request) {
                request.put_array(self);
            }

            fn part(&self) -> Option<Part> {
                // One that is longer than this is refused before it is sent.
                let count = u16::try_from(self.len()).unwrap_or(u16::MAX);
                let bytes = u16::try_from(core::mem::size_of_val::<[$type]>(&**self)).unwrap_or(u16::MAX);
                Some(Part { is_array: true, count, bytes })
            }

            fn receive(&mut self, offset: u16, byte: u8) {
                #[allow(clippy::cast_possible_truncation)] // at most eight
                let size = size_of::<$type>() as u16;
                if let Some(item) = self.get_mut(usize::from(offset / size)) {
                    item.replace(offset % size, byte);
                }
            }
        }
    )*};
}

scalars!(u8, i8, u16, i16, u32, i32, u64, i64, f32);
