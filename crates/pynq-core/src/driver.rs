//! What a driver declares about its block, once for all its users: a program that opens the block by name, a design
//! whose types were generated, and the simulated board.

use core::fmt;

use crate::{
    BlockError, Error, Window,
    interrupt::{InterruptHardware, LineArray, NodeHandle},
};

/// A driver of an IP block.
///
/// `overlay.block::<MyDriver>("cell")` of the facade, and [`Of::node`](crate::design::Of::node) of a generated design,
/// need no more than this. The [guide to drivers](https://docs.rs/pynq) builds one from nothing.
pub trait Driver: Sized {
    /// What the block is called in messages: `AXI GPIO`.
    const NAME: &'static str;

    /// Vendor, library and name of the IP, without its version: `xilinx.com:ip:axi_gpio`.
    const VLNV: &'static str;

    /// The block's interrupt output: `ip2intc_irpt`.
    const INTERRUPT: &'static str;

    /// The block's second interrupt output, if it has two whose parts share more than a window: one node sits on
    /// [`Both`](crate::interrupt::Both).
    const SECOND_INTERRUPT: Option<&'static str> = None;

    /// How the block was built.
    type Config: Copy + fmt::Debug + Send + Sync + 'static;

    /// The register functions of its interrupt node.
    type Hardware: InterruptHardware + 'static;

    /// Why a block can't be set up.
    type SetUpError: core::error::Error + Send + Sync + 'static;

    /// Decodes the parameters of the handoff file. The one place that knows their names, defaults and limits.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a value that no such block can have been built with.
    fn configure(parameters: &Parameters<'_>) -> Result<Self::Config, ParameterError>;

    /// Brings the block into a known state.
    ///
    /// # Errors
    ///
    /// Those of the block.
    fn set_up(window: Window, config: Self::Config) -> Result<Self::Hardware, Self::SetUpError>;

    /// The same for a block that is in use already and whose outputs are to stay as they are.
    ///
    /// # Errors
    ///
    /// Those of the block.
    fn attach(window: Window, config: Self::Config) -> Result<Self::Hardware, Self::SetUpError> {
        Self::set_up(window, config)
    }

    /// Whether a block that was built like this has an interrupt output at all.
    fn has_interrupt(config: &Self::Config) -> bool {
        let _ = config;
        true
    }

    /// Says which of its two outputs reach the processor, to a driver that has to know.
    fn set_wired(hardware: &mut Self::Hardware, wired: [bool; 2]) {
        let _ = (hardware, wired);
    }

    /// How many lines a block has that was built like this.
    fn line_count(config: &Self::Config) -> u8 {
        let _ = config;
        <Self::Hardware as InterruptHardware>::Lines::COUNT
    }

    /// The driver over the block's node.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn over(node: NodeHandle<Self::Hardware>) -> Result<Self, Error>;
}

/// The parameters that a block was built with, as far as they are numbers or truth values, and the frequency of its clock.
///
/// ```
/// use pynq_core::Parameters;
///
/// let built = Parameters::new(&[("C_GPIO_WIDTH", 4), ("C_IS_DUAL", 1)], Some(100_000_000));
/// assert_eq!(built.number("C_GPIO_WIDTH", 32, 1, 32), Ok(4));
/// assert_eq!(built.flag("C_INTERRUPT_PRESENT", false), Ok(false), "the default");
/// let error = built.number("C_GPIO_WIDTH", 32, 8, 32).unwrap_err();
/// assert_eq!(error.to_string(), "C_GPIO_WIDTH is 4, and can be 8 to 32; check the handoff file");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    values: &'a [(&'a str, u64)],
    texts: &'a [&'a str],
    clock_hz: Option<u64>,
}

impl<'a> Parameters<'a> {
    /// Parameters by their names in the handoff file, `C_..`, and the frequency of the block's bus clock if it is known.
    #[must_use]
    pub const fn new(values: &'a [(&'a str, u64)], clock_hz: Option<u64>) -> Self {
        Self { values, texts: &[], clock_hz }
    }

    /// The same with the names of parameters that are there and neither numbers nor truth values.
    #[must_use]
    pub const fn with_texts(mut self, names: &'a [&'a str]) -> Self {
        self.texts = names;
        self
    }

    const fn is_text(&self, name: &str) -> bool {
        let mut rest = self.texts;
        while let [found, tail @ ..] = rest {
            if crate::design::same(found, name) {
                return true;
            }
            rest = tail;
        }
        false
    }

    /// The value of `name`, if the file has it.
    #[must_use]
    pub const fn get(&self, name: &str) -> Option<u64> {
        let mut rest = self.values;
        while let [(found, value), tail @ ..] = rest {
            if crate::design::same(found, name) {
                return Some(*value);
            }
            rest = tail;
        }
        None
    }

    /// The frequency of the block's bus clock, if it is known.
    #[must_use]
    pub const fn clock_hz(&self) -> Option<u64> {
        self.clock_hz
    }

    /// A number of `least` to `most`, or `default` where the file doesn't have it.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] outside of that range.
    pub const fn number(&self, name: &'static str, default: u32, least: u32, most: u32) -> Result<u32, ParameterError> {
        let allowed = Allowed::Range { least: least as u64, most: most as u64 };
        match self.get(name) {
            None if self.is_text(name) => Err(ParameterError { parameter: name, found: Found::Text, allowed }),
            None => Ok(default),
            Some(found) if found >= least as u64 && found <= most as u64 => Ok(found as u32),
            Some(found) => Err(ParameterError { parameter: name, found: Found::Number(found), allowed }),
        }
    }

    /// A number that fits a byte; see [`number`](Self::number).
    ///
    /// # Errors
    ///
    /// [`ParameterError`] outside of that range.
    pub const fn byte(&self, name: &'static str, default: u8, least: u8, most: u8) -> Result<u8, ParameterError> {
        match self.number(name, default as u32, least as u32, most as u32) {
            Ok(value) => Ok(value as u8),
            Err(error) => Err(error),
        }
    }

    /// A truth value, or `default` where the file doesn't have it.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] for a number other than 0 and 1.
    pub const fn flag(&self, name: &'static str, default: bool) -> Result<bool, ParameterError> {
        match self.number(name, default as u32, 0, 1) {
            Ok(value) => Ok(value != 0),
            Err(error) => Err(error),
        }
    }

    /// The frequency of the block's bus clock, which has to be known.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] if it isn't, or if it is 0 or not a number of 32 bits.
    pub const fn required_clock_hz(&self) -> Result<u32, ParameterError> {
        let allowed = Allowed::Range { least: 1, most: u32::MAX as u64 };
        match self.clock_hz {
            Some(hz) if hz > 0 && hz <= u32::MAX as u64 => Ok(hz as u32),
            Some(hz) => {
                Err(ParameterError { parameter: "the frequency of its clock", found: Found::Number(hz), allowed })
            }
            None => Err(ParameterError { parameter: "the frequency of its clock", found: Found::Nothing, allowed }),
        }
    }
}

/// A parameter that no block can have been built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterError {
    /// Its name.
    pub parameter: &'static str,
    /// What the handoff file says.
    pub found: Found,
    /// What it can be.
    pub allowed: Allowed,
}

/// What the handoff file says of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, and there is no default.
    Nothing,
    /// This number.
    Number(u64),
    /// Something that is neither a number nor a truth value.
    Text,
}

/// The values that a parameter can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Allowed {
    /// From `least` to `most`.
    Range {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// One of these.
    OneOf(&'static [u64]),
}

impl ParameterError {
    /// The message with the value as it stands in the handoff file, where the caller has that: `true`, `0x20`.
    ///
    /// ```
    /// use pynq_core::Parameters;
    ///
    /// let error = Parameters::new(&[("C_KIND", 1)], None).number("C_KIND", 2, 2, 3).unwrap_err();
    /// assert_eq!(error.as_written(Some("true")).to_string(), "C_KIND is `true`, and can be 2 to 3; check the handoff file");
    /// ```
    pub fn as_written<'a>(&'a self, value: Option<&'a str>) -> impl fmt::Display + 'a {
        Written { error: self, value }
    }
}

/// A message with the file's spelling of the value.
struct Written<'a> {
    error: &'a ParameterError,
    value: Option<&'a str>,
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.error.parameter;
        match (self.error.found, self.value) {
            (_, Some(value)) => write!(f, "{name} is `{}`, and can be ", value.escape_debug())?,
            (Found::Number(found), None) => write!(f, "{name} is {found}, and can be ")?,
            (Found::Text, None) => write!(f, "{name} is no number, and can be ")?,
            (Found::Nothing, None) => write!(f, "{name} is not known, and has to be ")?,
        }
        match self.error.allowed {
            Allowed::Range { least, most } => write!(f, "{least} to {most}")?,
            Allowed::OneOf(values) => {
                for (index, value) in values.iter().enumerate() {
                    let separator = match index {
                        0 => "",
                        _ if index + 1 == values.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{separator}{value}")?;
                }
            }
        }
        f.write_str("; check the handoff file")
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_written(None).fmt(f)
    }
}

impl core::error::Error for ParameterError {}

/// An error of a driver's operations, which may be the engine's.
pub trait DriverError: core::error::Error + From<Error> + Send + Sync + 'static {
    /// The engine's error, if it is one: a wait that timed out, a design that was replaced.
    fn engine(&self) -> Option<Error>;
}

impl<E: DriverError> BlockError<E> {
    /// Whether the design behind the handle was replaced.
    #[must_use]
    pub fn is_invalidated(&self) -> bool {
        self.cause().engine() == Some(Error::Invalidated)
    }

    /// Whether a deadline passed first.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        self.cause().engine() == Some(Error::TimedOut)
    }

    /// Whether this is the end of a simulation: a wait that nothing on the simulated board can end any more.
    #[must_use]
    pub fn is_never_woken(&self) -> bool {
        self.cause().engine() == Some(Error::NeverWoken)
    }
}

impl DriverError for Error {
    fn engine(&self) -> Option<Error> {
        Some(*self)
    }
}

/// Why a block of a design has no driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError<E> {
    /// It can't have been built like this.
    Parameter(ParameterError),
    /// It can't be set up.
    SetUp(E),
    /// Its node has failed.
    Node(Error),
}

impl<E: fmt::Display> fmt::Display for OpenError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(error) => error.fmt(f),
            Self::SetUp(error) => error.fmt(f),
            Self::Node(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for OpenError<E> {}

impl<E> From<Error> for OpenError<E> {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}

impl<E> From<ParameterError> for OpenError<E> {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}
