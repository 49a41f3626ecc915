//! Accelerators by the names that the design gives them.

use std::sync::Arc;

use pynq_core::{BlockName, interrupt::ParentLine};
use pynq_drivers::hls::{self, Accelerator, Argument, ControlProtocol, Core, HlsHardware, Place};
use pynq_hwh::{HlsArgument, HlsPlace, IpBlock};

use crate::{DriverContext, Error, Overlay, Result};

/// What the handoff file says of an accelerator; `None` if the block is none.
pub(crate) fn core(block: &IpBlock) -> Option<Core> {
    let core = block.accelerator()?;
    let control = core.control.map(|control| match control.chain {
        true => ControlProtocol::Chain,
        false => ControlProtocol::Handshake,
    });
    let arguments: Arc<[Argument]> = core.arguments.iter().filter_map(argument).collect();
    Some(Core { control, arguments: arguments.into() })
}

/// An argument, unless it is further from the base address than registers can be.
fn argument(argument: &HlsArgument) -> Option<Argument> {
    let word = |offset: u64| u32::try_from(offset).ok();
    // `Some(None)` is an output without a handshake.
    let flag = |valid: Option<u64>| valid.map_or(Some(None), |valid| word(valid).map(Some));
    let place = match argument.place {
        HlsPlace::Input { offset } => Place::Input { offset: word(offset)? },
        HlsPlace::Output { offset, valid } => Place::Output { offset: word(offset)?, valid: flag(valid)? },
        HlsPlace::InOut { input, output, valid } => {
            Place::InOut { input: word(input)?, output: word(output)?, valid: flag(valid)? }
        }
        HlsPlace::Memory { offset, size } => Place::Memory { offset: word(offset)?, size: word(size)? },
        _ => return None,
    };
    let name = BlockName::from(Arc::<str>::from(argument.name.as_str()));
    Some(Argument::named(name, u16::try_from(argument.bits).ok()?, place))
}

impl Overlay {
    /// The accelerator called `path`, which high-level synthesis made of a C++ function: found by the registers of its
    /// control block, whatever its vendor and library are.
    ///
    /// ```
    /// # #[cfg(feature = "sim")] {
    /// use pynq::{prelude::*, sim::Models};
    ///
    /// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/hls-adder.hwh"));
    /// // On a board, `Overlay::open("adder.bit")` is all there is to it; a simulated one is told what the function does.
    /// let models = Models::new().accelerator("adder", |args, _, _| {
    ///     args.set("c", args.get("a").wrapping_add(args.get("b")));
    ///     10_u64
    /// });
    /// let overlay = Overlay::simulated_from_str_with(text, models)?;
    /// let adder = overlay.accelerator("adder")?;
    /// let [sum] = adder.call(&[("a", 4.into()), ("b", 5.into())], ["c"])?;
    /// assert_eq!(sum.to::<i32>()?, 9);
    /// # }
    /// # Ok::<(), pynq::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Design`] with near names if there is no such block, [`Error::WrongIp`] if it is no accelerator,
    /// [`Error::Claimed`] if another driver holds it, [`Error::Driver`] if it can't be set up.
    pub fn accelerator(&self, path: &str) -> Result<Accelerator> {
        self.driver(path, open)
    }
}

fn open(context: &DriverContext<'_>) -> Result<Accelerator> {
    let core = context.accelerator_core()?;
    // The way to the processor first: if that fails, no register is touched.
    let parent = if core.control.is_some() { context.parent(hls::INTERRUPT)? } else { ParentLine::UNWIRED };
    let start = if context.is_attached() { HlsHardware::attach } else { HlsHardware::new };
    let hardware = start(context.window()?, core).map_err(|error| Error::driver(context.path(), error))?;
    Accelerator::new(context.node(hardware, parent)?).map_err(Error::from)
}
