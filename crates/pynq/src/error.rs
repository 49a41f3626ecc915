//! What can go wrong, with the name of the block or pin it went wrong at.

use std::{fmt, path::PathBuf, sync::Arc};

use embedded_hal::digital;
use pynq_core::{
    AxiIntcError, BlockError, DriverError, ParameterError,
    dma::{DmaError, Refused},
    mmio::AccessError,
    pl_clocks::PlClockError,
};
use pynq_drivers::axi_dma::TransferError;

use crate::{MicroblazePart, MissingMember, ProgramError, registers::RefusedAccess};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on an overlay, or on something of it, failed.
///
/// [`Debug`](fmt::Debug) gives the message as [`Display`](fmt::Display) does, with the sources that it does not contain
/// yet: a `main` that returns [`Result`] prints it that way, and so do `unwrap` and a test that fails.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use pynq::prelude::*;
///
/// let error = Overlay::simulated("no/such/base.hwh").unwrap_err();
/// assert_eq!(format!("{error:?}"), "cannot read `no/such/base.hwh`: No such file or directory (os error 2)");
/// # }
/// ```
#[non_exhaustive]
pub enum Error {
    /// The handoff file could not be read, or is none.
    Handoff {
        /// The file; `None` for text in memory.
        path: Option<PathBuf>,
        /// What is wrong with it.
        error: Box<pynq_hwh::Error>,
    },
    /// The design has no such IP block or interrupt pin, or a parameter makes no sense.
    Design(Box<pynq_hwh::Error>),
    /// A block is not of the kind that was requested.
    WrongIp {
        /// The block.
        path: String,
        /// What it was taken for.
        expected: &'static str,
        /// What it is.
        vlnv: String,
        /// Blocks of the expected kind, some of them.
        has: Vec<String>,
    },
    /// Another driver holds the block.
    Claimed {
        /// The block.
        path: String,
        /// The type of the driver that holds it.
        by: &'static str,
    },
    /// A block can't have been built as the handoff file says.
    Parameter {
        /// The block.
        path: String,
        /// Which parameter, and what it can be.
        error: ParameterError,
        /// Its value in the file's own spelling, if it is there.
        written: Option<String>,
    },
    /// A block has no such interrupt output, wired or not.
    NoSuchOutput {
        /// The block.
        path: String,
        /// The output requested.
        output: String,
        /// Its interrupt outputs; where the file marks none as such, all of its outputs.
        has: Vec<String>,
    },
    /// An interrupt controller can't be set up.
    Controller {
        /// The controller.
        path: String,
        /// Why.
        error: AxiIntcError,
    },
    /// An interrupt controller on the way to a pin has no address that the processor can reach.
    UnreachableController {
        /// The pin, or the controller behind that one.
        pin: String,
        /// The controller.
        path: String,
    },
    /// A pin reaches the processor, but the handoff file does not say under which number.
    NoInterruptNumber {
        /// The pin or controller.
        pin: String,
    },
    /// A vector of interrupts was requested as if it were one.
    VectorPin {
        /// The pin.
        pin: String,
        /// How many interrupts it has.
        width: u32,
    },
    /// An operation on an interrupt, or a wait for it, failed.
    Interrupt {
        /// The pin.
        pin: Arc<str>,
        /// Why.
        error: pynq_core::Error,
    },
    /// An access was refused.
    Access {
        /// The block.
        path: Arc<str>,
        /// Why.
        error: AccessError,
    },
    /// An operation on a block failed, or the block can't be set up. [`driver_error`](Error::driver_error) gives what its
    /// driver says.
    Driver {
        /// The block.
        path: Arc<str>,
        /// What the driver says.
        error: Box<dyn std::error::Error + Send + Sync>,
        /// What the interrupt engine says, if it is the engine's error.
        engine: Option<pynq_core::Error>,
    },
    /// The design was replaced since the handle was made.
    Invalidated {
        /// What the handle was for.
        path: Arc<str>,
    },
    /// None of the known boards has a design with these blocks.
    UnknownBoard {
        /// The design.
        design: String,
        /// The boards that were tried.
        known: Vec<String>,
        /// The AXI GPIO there are, some of them.
        gpio: Vec<String>,
    },
    /// A description of a board that comes with no design.
    BoardWithoutDesign {
        /// The board.
        board: String,
    },
    /// The design has no such level of hierarchy.
    NoSuchHierarchy {
        /// The level requested.
        path: String,
        /// The design.
        design: String,
        /// The levels there are.
        has: Vec<String>,
    },
    /// A level of the hierarchy lacks a block that its driver is made of.
    MissingMember(Box<MissingMember>),
    /// Several blocks of a level of the hierarchy can be the same member of its driver.
    AmbiguousMember {
        /// The level; empty for the whole design.
        hierarchy: String,
        /// What it was taken for.
        expected: &'static str,
        /// What the driver calls the block.
        member: String,
        /// The blocks that it can be.
        found: Vec<String>,
        /// The names that would decide it.
        names: &'static [&'static str],
    },
    /// A level of the hierarchy has no I/O processor, or not all that one needs.
    NoMicroblaze {
        /// The level.
        path: String,
        /// What is missing.
        missing: Vec<MicroblazePart>,
        /// The levels that have one.
        has: Vec<String>,
    },
    /// A file is no program for a MicroBlaze.
    Program {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ProgramError,
    },
    /// The processing system of a design has no GPIO that is known.
    NoPsGpio {
        /// The design.
        design: String,
    },
    /// The board has no such button, switch or LED.
    NoSuchDevice {
        /// What was requested: `button`, `LED`, ...
        kind: &'static str,
        /// Its number.
        number: u8,
        /// The board.
        board: String,
        /// The numbers there are.
        has: std::ops::Range<u8>,
    },
    /// A block has no register, or a register no field, of this name.
    NoSuchRegister {
        /// The block.
        path: Arc<str>,
        /// The name that was requested; of a field, as `REGISTER.field`.
        name: String,
        /// The names there are, some of them.
        has: Vec<String>,
    },
    /// A register is not accessed: that would do more than was requested, or nothing.
    RegisterAccess {
        /// The block.
        path: Arc<str>,
        /// The register.
        register: String,
        /// What was requested, and why it is refused.
        refused: RefusedAccess,
    },
    /// A call that blocks, or a sleep, failed.
    Wait(pynq_core::Error),
    /// There is no such memory for the logic, or it can't be used like this.
    Dma(DmaError),
    /// The kernel has no such device, or refused something.
    #[cfg(all(feature = "uio", target_os = "linux"))]
    Linux(Box<pynq_uio::Error>),
    /// An overlay that was opened without its bitstream can't be programmed anew.
    NoBitstream {
        /// The design.
        design: String,
    },
    /// A handoff file has no bitstream beside it, or an archive none in it.
    NoBitstreamFile {
        /// The file that was named.
        path: PathBuf,
    },
    /// A clock to the logic can't be read or set.
    PlClock(PlClockError),
    /// The processor of a design feeds no clocks to the logic that are known.
    NoClocks {
        /// The design.
        design: String,
    },
    /// Work that blocks could not be done aside from the tasks.
    Aside {
        /// What the runtime said.
        message: String,
    },
    /// The outside of a board is there for programs only if the board is simulated.
    #[cfg(feature = "sim")]
    NotSimulated {
        /// The design.
        design: String,
    },
    /// A script is for another board.
    #[cfg(feature = "sim")]
    Script(Box<pynq_sim::script::ScriptError>),
    /// The simulated board refused its description, or a request.
    #[cfg(feature = "sim")]
    Simulation(Box<pynq_sim::Error>),
}

impl Error {
    /// The error of a driver for the block called `path`: one of its own, or one that the interrupt engine returned.
    pub fn driver(path: &str, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let error: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
        let engine = error.downcast_ref().copied();
        Self::Driver { path: path.into(), error, engine }
    }

    /// What the driver of a block says, if it is an `E`.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use pynq::{AxiGpioError, prelude::*};
    ///
    /// let overlay = Overlay::simulated_board(&boards::pynq_z2())?;
    /// let refused = overlay.gpio("btns_gpio").and_then(|gpio| Ok(gpio.channel1().write(1)?)).unwrap_err();
    /// assert_eq!(refused.driver_error(), Some(&AxiGpioError::InputsOnly { channel: 1 }));
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    #[must_use]
    pub fn driver_error<E: std::error::Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Driver { error, .. } => error.downcast_ref(),
            _ => None,
        }
    }

    /// What the interrupt engine has to say about it, where it has.
    #[must_use]
    pub fn cause(&self) -> Option<pynq_core::Error> {
        match self {
            Self::Interrupt { error, .. } | Self::Wait(error) => Some(*error),
            Self::Driver { engine, .. } => *engine,
            Self::Invalidated { .. } => Some(pynq_core::Error::Invalidated),
            _ => None,
        }
    }

    /// What is wrong with memory for the logic, where that is the reason.
    #[must_use]
    pub fn dma(&self) -> Option<DmaError> {
        match self {
            Self::Dma(error) => Some(*error),
            #[cfg(all(feature = "uio", target_os = "linux"))]
            Self::Linux(error) => match **error {
                pynq_uio::Error::Dma { error, .. } => Some(error),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the design behind a handle was replaced; the overlay has a new one.
    #[must_use]
    pub fn is_invalidated(&self) -> bool {
        self.cause() == Some(pynq_core::Error::Invalidated)
    }

    /// Whether a deadline passed first.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.cause() == Some(pynq_core::Error::TimedOut)
    }

    /// Whether this is the end of a simulation: a wait that nothing on the simulated board can end any more.
    #[must_use]
    pub fn is_never_woken(&self) -> bool {
        self.cause() == Some(pynq_core::Error::NeverWoken)
    }
}

/// `a`, `b` and 3 more; from a list that may have been cut.
pub(crate) fn some(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 if names.is_empty() => "none".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handoff { error, .. } if names_the_file(error) => error.fmt(f),
            Self::Handoff { path: Some(path), error } => write!(f, "`{}`: {error}", path.display()),
            Self::Handoff { path: None, error } => error.fmt(f),
            Self::Design(error) => error.fmt(f),
            Self::WrongIp { path, expected, vlnv, has } => {
                write!(f, "`{path}` is no {expected} but `{vlnv}`; the design has these: {}", some(has))
            }
            Self::Claimed { path, by } => {
                write!(f, "`{path}` is in use by `{by}`; use that driver, or reload the overlay")
            }
            Self::Parameter { path, error, written } => write!(f, "`{path}`: {}", error.as_written(written.as_deref())),
            Self::NoSuchOutput { path, output, has } => {
                write!(f, "`{path}` has no interrupt output `{output}`; it has: {}", some(has))
            }
            Self::Controller { path, error } => write!(f, "`{path}`: {error}"),
            Self::UnreachableController { pin, path } => write!(
                f,
                "interrupt `{pin}` comes through controller `{path}`, which the processor can't reach; give it an address in the block design"
            ),
            Self::NoInterruptNumber { pin } => write!(
                f,
                "`{pin}` reaches the processor under an unknown interrupt number; export the hardware again, or wire it to another port"
            ),
            Self::VectorPin { pin, width } => {
                write!(f, "`{pin}` is {width} interrupts; ask for one of them, `{pin}[0]` to `{pin}[{}]`", width - 1)
            }
            Self::Interrupt { pin, error } => write!(f, "interrupt `{pin}`: {error}"),
            Self::Access { path, error } => write!(f, "`{path}`: {error}"),
            Self::Driver { path, error, .. } => write!(f, "`{path}`: {error}"),
            Self::Invalidated { path } => write!(f, "`{path}`: {}", pynq_core::Error::Invalidated),
            Self::UnknownBoard { design, known, gpio } => write!(
                f,
                "design `{design}` fits no known board ({}); describe yours by a `BoardDefinition` from its AXI GPIO: {}",
                known.join(", "),
                some(gpio)
            ),
            Self::BoardWithoutDesign { board } => write!(
                f,
                "the description of {board} comes with no design; give it one by `with_handoff`, or make the overlay from a \
                 handoff file by `Overlay::simulated`"
            ),
            Self::NoSuchHierarchy { path, design, has } => {
                write!(f, "no hierarchy `{path}` in design `{design}`; it has: {}", some(has))
            }
            Self::MissingMember(missing) => missing.fmt(f),
            Self::AmbiguousMember { hierarchy, expected, member, found, names } => {
                let found = some(found);
                write!(f, "`{member}` of the {expected} in {} can be {found}; ", level(hierarchy))?;
                match names {
                    [] => f.write_str("open a level of the hierarchy that has one of them"),
                    names => {
                        write!(f, "call the right one {}, or open a level that has one of them", names.join(" or "))
                    }
                }
            }
            Self::NoMicroblaze { path, missing, has } => {
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "{} has no I/O processor that can be opened, for these are missing: {}; levels with one: {}",
                    level(path),
                    missing.join("; "),
                    some(has)
                )
            }
            Self::Program { path, error } => write!(f, "`{}`: {error}", path.display()),
            Self::NoPsGpio { design } => write!(
                f,
                "the GPIO of design `{design}`'s processor is not known: it is no Zynq-7000 or Zynq UltraScale+"
            ),
            Self::NoSuchDevice { kind, number, board, has } if has.is_empty() => {
                write!(f, "no {kind} {number} on {board}: it has none")
            }
            Self::NoSuchDevice { kind, number, board, has } => {
                write!(f, "no {kind} {number} on {board}; it has {} to {}", has.start, has.end - 1)
            }
            Self::NoSuchRegister { path, name, has } => {
                write!(f, "`{path}` has no `{name}`; it has: {}", some(has))
            }
            Self::RegisterAccess { path, register, refused } => write!(f, "`{path}`, register `{register}`: {refused}"),
            Self::Wait(error) => error.fmt(f),
            Self::Dma(error) => error.fmt(f),
            #[cfg(all(feature = "uio", target_os = "linux"))]
            Self::Linux(error) => error.fmt(f),
            Self::NoBitstream { design } => write!(
                f,
                "design `{design}` was attached to, and not programmed from a bitstream; its handles are invalid now, attach again or open its .bit file"
            ),
            Self::NoBitstreamFile { path }
                if path.extension().is_some_and(|found| found.eq_ignore_ascii_case("xsa")) =>
            {
                write!(
                    f,
                    "`{}` has no bitstream in it; export the hardware with the bitstream included, or attach to the design \
                     if it is loaded already",
                    path.display()
                )
            }
            Self::NoBitstreamFile { path } => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                write!(
                    f,
                    "`{}` has no bitstream beside it: there is no {stem}.bit, {stem}_wrapper.bit, {stem}.bit.bin or \
                     {stem}.bin; put it there, or attach to the design if it is loaded already",
                    path.display()
                )
            }
            Self::PlClock(error) => error.fmt(f),
            Self::NoClocks { design } => write!(
                f,
                "the clocks to the logic of design `{design}` are not known: its processor is no Zynq-7000 or Zynq UltraScale+"
            ),
            Self::Aside { message } => f.write_str(message),
            #[cfg(feature = "sim")]
            Self::NotSimulated { design } => write!(
                f,
                "design `{design}` is on a real board, whose buttons no program presses; use a simulated one for that"
            ),
            #[cfg(feature = "sim")]
            Self::Script(error) => error.fmt(f),
            #[cfg(feature = "sim")]
            Self::Simulation(error) => error.fmt(f),
        }
    }
}

/// A level of the hierarchy, in words.
pub(crate) fn level(path: &str) -> String {
    if path.is_empty() { "the design".to_owned() } else { format!("hierarchy `{path}`") }
}

/// What `main` prints of the error it returns.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(source) = next {
            let message = source.to_string();
            // Some errors have their source in the message as well, and one that only wraps another has its text.
            if !text.contains(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            next = source.source();
        }
        f.write_str(&text)
    }
}

/// Whether the message has the path in it, so that it need not stand before it.
fn names_the_file(error: &pynq_hwh::Error) -> bool {
    use pynq_hwh::Error as Handoff;
    matches!(
        error,
        Handoff::Io { .. } | Handoff::Archive { .. } | Handoff::NoHandoff { .. } | Handoff::NotAnOverlayFile { .. }
    )
}

/// The errors that a variant wraps are in its message already. What a driver's error was caused by need not be.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Driver { error, .. } => error.source(),
            _ => None,
        }
    }
}

impl From<pynq_hwh::Error> for Error {
    fn from(error: pynq_hwh::Error) -> Self {
        Self::Design(Box::new(error))
    }
}

/// What a driver's methods return, with the name of the block.
impl<E: DriverError> From<BlockError<E>> for Error {
    fn from(error: BlockError<E>) -> Self {
        let (path, engine) = (error.block().as_str().into(), error.cause().engine());
        Self::Driver { path, error: Box::new(error.into_cause()), engine }
    }
}

impl From<pynq_core::Error> for Error {
    fn from(error: pynq_core::Error) -> Self {
        Self::Wait(error)
    }
}

impl From<DmaError> for Error {
    fn from(error: DmaError) -> Self {
        Self::Dma(error)
    }
}

/// The packet is dropped.
impl<P> From<TransferError<P>> for Error {
    fn from(failed: TransferError<P>) -> Self {
        failed.error.into()
    }
}

/// The packet is dropped.
impl<P> From<Refused<P>> for Error {
    fn from(refused: Refused<P>) -> Self {
        Self::Dma(refused.error)
    }
}

#[cfg(all(feature = "uio", target_os = "linux"))]
impl From<pynq_uio::Error> for Error {
    fn from(error: pynq_uio::Error) -> Self {
        Self::Linux(Box::new(error))
    }
}

#[cfg(feature = "sim")]
impl From<pynq_sim::Error> for Error {
    fn from(error: pynq_sim::Error) -> Self {
        Self::Simulation(Box::new(error))
    }
}

/// embedded-hal knows no kinds of digital errors yet.
impl digital::Error for Error {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}
