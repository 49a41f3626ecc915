//! What can go wrong with an interrupt.

use core::fmt;

/// Why a wait, or an operation on an interrupt, failed.
///
/// Small and `Copy`, because it is stored in every waiter; names and paths are added by the facade, which knows them.
///
/// ```
/// use pynq_core::Error;
///
/// assert!(Error::Invalidated.is_fatal() && !Error::TimedOut.is_fatal());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// The design was replaced or the block was shut down: this handle belongs to hardware that is no more.
    Invalidated,
    /// The device behind the interrupt is gone.
    DeviceGone,
    /// The operating system refused an operation on the interrupt, with this error number.
    Os(i32),
    /// No reactor to wait on: not inside a supported runtime, and none was given.
    NoReactor,
    /// The reactor that served this wait was shut down. The device is unharmed; the next wait binds anew.
    ReactorGone,
    /// The line kept its output active however often its cause was cleared, and was masked.
    LineStuck {
        /// Number of the line in the node that gave up, which behind a cascade can be a parent of the one waited on.
        line: u8,
    },
    /// There is no such line in this node.
    NoSuchLine {
        /// The line requested.
        line: u8,
        /// How many lines the node has.
        lines: u8,
    },
    /// The block's interrupt is not wired in this design, or the block was built without one.
    InterruptsUnavailable,
    /// The deadline passed before the event came.
    TimedOut,
    /// A deadline on a root that was given no clock, so that nothing would notice it passing.
    NoClock,
    /// Nothing can ever end this wait: the simulated board is settled and nothing more is scheduled on it.
    NeverWoken,
    /// The interrupt came again and again at one instant of the simulated board's time: no driver clears the device.
    NeverCleared,
    /// The operation does not exist on this line: only a software interrupt can be raised by a register write.
    NotASoftwareInterrupt {
        /// The line requested.
        line: u8,
    },
}

impl Error {
    /// Whether the hardware behind the handle is lost, so that every later wait fails as well.
    #[must_use]
    pub const fn is_fatal(self) -> bool {
        matches!(self, Self::Invalidated | Self::DeviceGone | Self::Os(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Invalidated => f.write_str(
                "the design behind this handle was replaced or shut down; get a new handle from the overlay",
            ),
            Self::DeviceGone => f.write_str("the device behind this interrupt is gone; reopen the overlay"),
            Self::Os(errno) => write!(f, "the operating system reported error {errno} on the interrupt device"),
            Self::NoReactor => f.write_str(
                "an async wait needs a reactor and none was found; run it inside a supported runtime, or use the blocking form",
            ),
            Self::ReactorGone => f.write_str("the runtime that served this wait was shut down; wait again under another one"),
            Self::LineStuck { line } => write!(
                f,
                "interrupt line {line} stayed active however often its cause was cleared, and was masked; check the device that drives it",
            ),
            Self::NoSuchLine { line, lines: 0 } => write!(f, "no interrupt line {line}: this block has none"),
            Self::NoSuchLine { line, lines } => write!(f, "no interrupt line {line}: this block has lines 0 to {}", lines - 1),
            Self::InterruptsUnavailable => f.write_str(
                "this block's interrupt is not wired in the design; connect it to the interrupt controller, or poll",
            ),
            Self::TimedOut => f.write_str("the deadline passed before the event came"),
            Self::NoClock => f.write_str(
                "a blocking wait with a deadline needs a clock, and the interrupt's root was given none; give it one, or wait without a deadline",
            ),
            Self::NeverWoken => f.write_str(
                "nothing can end this wait: the simulated board is settled and has nothing scheduled; add a stimulus, or wait with a deadline",
            ),
            Self::NeverCleared => f.write_str(
                "the interrupt came again and again at one instant, for its device is not cleared; clear it before the next wait \
                 (the simulated board's `take_stuck` names the line)",
            ),
            Self::NotASoftwareInterrupt { line } => {
                write!(f, "line {line} is driven by hardware; only software interrupts can be raised by a write")
            }
        }
    }
}

impl core::error::Error for Error {}
