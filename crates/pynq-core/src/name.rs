//! The name of a block, as errors and tools show it.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

/// The name a design has for a block: `btns_gpio`, `video/axi_vdma`. Empty if none was given.
///
/// A clone costs no allocation: the text is a program's own (`&'static str`) or shared.
#[derive(Clone)]
pub struct BlockName(Text);

#[derive(Clone)]
enum Text {
    Static(&'static str),
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    Shared(Arc<str>),
}

impl BlockName {
    /// No name.
    pub const NONE: Self = Self::new("");

    /// A name that is compiled in.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Text::Static(name))
    }

    /// The name; empty if there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(name) => name,
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            Text::Shared(name) => name,
        }
    }
}

impl Default for BlockName {
    fn default() -> Self {
        Self::NONE
    }
}

impl From<&'static str> for BlockName {
    fn from(name: &'static str) -> Self {
        Self::new(name)
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl From<Arc<str>> for BlockName {
    fn from(name: Arc<str>) -> Self {
        Self(Text::Shared(name))
    }
}

impl PartialEq for BlockName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for BlockName {}

impl fmt::Display for BlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// An error of a driver, with the name of the block it happened on.
///
/// ```
/// use pynq_core::{BlockError, BlockName, Error};
///
/// let error = BlockError::new(BlockName::new("btns_gpio"), Error::TimedOut);
/// assert_eq!(error.to_string(), "`btns_gpio`: the deadline passed before the event came");
/// assert_eq!(*error.cause(), Error::TimedOut);
/// ```
///
/// [`Debug`](fmt::Debug) gives the same text: it is what a `main` that returns the error prints.
#[derive(Clone, PartialEq, Eq)]
pub struct BlockError<E> {
    block: BlockName,
    cause: E,
}

impl<E> BlockError<E> {
    /// `cause`, on `block`.
    #[must_use]
    pub const fn new(block: BlockName, cause: E) -> Self {
        Self { block, cause }
    }

    /// The block's name; empty where the block was given none.
    #[must_use]
    pub const fn block(&self) -> &BlockName {
        &self.block
    }

    /// What went wrong.
    #[must_use]
    pub const fn cause(&self) -> &E {
        &self.cause
    }

    /// What went wrong, without the name.
    #[must_use]
    pub fn into_cause(self) -> E {
        self.cause
    }

    /// The same block's error of another type.
    #[must_use]
    pub fn map<F>(self, f: impl FnOnce(E) -> F) -> BlockError<F> {
        BlockError { block: self.block, cause: f(self.cause) }
    }
}

impl<E: fmt::Display> fmt::Display for BlockError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.block.as_str().is_empty() {
            write!(f, "`{}`: ", self.block)?;
        }
        self.cause.fmt(f)
    }
}

/// What `main` prints of the error it returns.
impl<E: fmt::Display> fmt::Debug for BlockError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: core::error::Error> core::error::Error for BlockError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.cause.source()
    }
}

macro_rules! hal_error {
    ($($hal:ident),*) => {$(
        impl<E: embedded_hal::$hal::Error + fmt::Display> embedded_hal::$hal::Error for BlockError<E> {
            fn kind(&self) -> embedded_hal::$hal::ErrorKind {
                self.cause.kind()
            }
        }
    )*};
}

hal_error!(digital, i2c, pwm, spi);

impl<E: embedded_io::Error> embedded_io::Error for BlockError<E> {
    fn kind(&self) -> embedded_io::ErrorKind {
        self.cause.kind()
    }
}
