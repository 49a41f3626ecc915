//! A single wire that a program drives, whatever drives it: a register of the processor's GPIO, or the kernel.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt;

use crate::Error;

/// What can drive a wire.
pub trait DriveLine: Send + Sync {
    /// Brings the wire to this level.
    ///
    /// # Errors
    ///
    /// What the system or the board says. The wire may be at either level then.
    fn drive(&self, high: bool) -> Result<(), Error>;
}

/// A wire that a program drives: a reset, an acknowledge.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicBool, Ordering}};
/// use pynq_core::{DriveLine, Error, OutputLine};
///
/// struct Wire(Arc<AtomicBool>);
///
/// impl DriveLine for Wire {
///     fn drive(&self, high: bool) -> Result<(), Error> {
///         self.0.store(high, Ordering::Relaxed);
///         Ok(())
///     }
/// }
///
/// let level = Arc::new(AtomicBool::new(false));
/// let line = OutputLine::boxed(Wire(level.clone()));
/// line.drive(true)?;
/// assert!(level.load(Ordering::Relaxed));
/// # Ok::<(), Error>(())
/// ```
pub struct OutputLine(Kind);

enum Kind {
    Static(&'static dyn DriveLine),
    #[cfg(feature = "alloc")]
    Boxed(Box<dyn DriveLine>),
}

impl From<&'static dyn DriveLine> for OutputLine {
    fn from(line: &'static dyn DriveLine) -> Self {
        Self(Kind::Static(line))
    }
}

impl<T: DriveLine> From<&'static T> for OutputLine {
    fn from(line: &'static T) -> Self {
        Self(Kind::Static(line))
    }
}

#[cfg(feature = "alloc")]
impl OutputLine {
    /// A wire of any kind, on the heap.
    pub fn boxed(line: impl DriveLine + 'static) -> Self {
        Self(Kind::Boxed(Box::new(line)))
    }
}

impl OutputLine {
    /// Brings the wire to this level.
    ///
    /// # Errors
    ///
    /// What the system or the board says. The wire may be at either level then.
    pub fn drive(&self, high: bool) -> Result<(), Error> {
        match &self.0 {
            Kind::Static(line) => line.drive(high),
            #[cfg(feature = "alloc")]
            Kind::Boxed(line) => line.drive(high),
        }
    }
}

impl fmt::Debug for OutputLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputLine").finish_non_exhaustive()
    }
}
