//! A list of what a block has: compiled in, or read from a handoff file.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{fmt, ops::Deref};

/// A list that does not change: a program's own (`&'static [T]`) or shared. A clone costs no allocation.
///
/// ```
/// use pynq_core::Table;
///
/// const REGISTERS: Table<&str> = Table::new(&["CTRL", "GIER"]);
/// assert_eq!(REGISTERS.clone().len(), 2);
/// ```
pub struct Table<T: 'static>(List<T>);

enum List<T: 'static> {
    Static(&'static [T]),
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    Shared(Arc<[T]>),
}

impl<T> Table<T> {
    /// A list that is compiled in.
    #[must_use]
    pub const fn new(list: &'static [T]) -> Self {
        Self(List::Static(list))
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<T> From<Arc<[T]>> for Table<T> {
    fn from(list: Arc<[T]>) -> Self {
        Self(List::Shared(list))
    }
}

impl<T> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            List::Static(list) => list,
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            List::Shared(list) => list,
        }
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            List::Static(list) => List::Static(list),
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            List::Shared(list) => List::Shared(Arc::clone(list)),
        })
    }
}

impl<T: PartialEq> PartialEq for Table<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Table<T> {}

impl<T: fmt::Debug> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
