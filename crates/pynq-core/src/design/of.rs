//! A value that belongs to a certain block.

use core::marker::PhantomData;

/// A `T` of the block or interrupt output `B`: its window, its node, the line it is wired to.
///
/// It is the value alone and costs nothing. `B` is what keeps the window of one block from a driver of another, and a
/// block from the line of the wrong controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of<B, T> {
    value: T,
    of: PhantomData<fn() -> B>,
}

impl<B, T> Of<B, T> {
    /// Says that `value` belongs to `B`, which the compiler can't know. Programs get theirs from a
    /// [`Platform`](super::Platform).
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { value, of: PhantomData }
    }

    /// The value, for use without the design's types.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The value.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// What `f` makes of the value is the same block's: `map(Arc::pin)` for a node.
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Of<B, U> {
        Of::new(f(self.value))
    }

    /// The same by reference: a handle on a node in a `static`.
    #[must_use]
    pub const fn by_ref(&self) -> Of<B, &T> {
        Of::new(&self.value)
    }
}
