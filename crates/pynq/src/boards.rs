//! Which blocks of a board's base overlay are its buttons, LEDs and switches; and small designs for the boards, to begin
//! with before there is a handoff file.
//!
//! ```
//! # #[cfg(feature = "sim")] {
//! use pynq::prelude::*;
//!
//! let base = BaseOverlay::simulated_board(boards::pynq_z2())?;
//! assert_eq!(base.buttons()?.len(), 4);
//! # }
//! # Ok::<(), pynq::Error>(())
//! ```

mod base;
mod definition;
#[cfg(feature = "sim")]
mod outside;

pub use base::BaseOverlay;
pub use definition::{BoardDefinition, PinGroup};
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub use outside::{SimButton, SimLed, SimRgbLed, SimSwitch};

use pynq_core::Driver as _;
use pynq_drivers::AxiGpio;
use pynq_hwh::Design;

use crate::{Error, Result};

/// The Digilent PYNQ-Z1: four buttons, four LEDs, two switches, and the RGB LEDs 4 and 5.
#[must_use]
pub fn pynq_z1() -> BoardDefinition {
    zynq_7020("PYNQ-Z1")
}

/// The TUL PYNQ-Z2: four buttons, four LEDs, two switches, and the RGB LEDs 4 and 5.
#[must_use]
pub fn pynq_z2() -> BoardDefinition {
    zynq_7020("PYNQ-Z2")
}

/// The two boards differ in what else is on them.
fn zynq_7020(name: &'static str) -> BoardDefinition {
    BoardDefinition::new(name)
        .device("7z020")
        .buttons(PinGroup::new("btns_gpio", 1))
        .leds(PinGroup::new("leds_gpio", 1))
        .switches(PinGroup::new("switches_gpio", 1))
        .rgbleds(PinGroup::new("rgbleds_gpio", 1).numbered_from(4))
        .with_handoff(include_str!("../boards/zynq-7020.hwh"))
}

/// The AMD ZCU104: four buttons, four LEDs and four DIP switches.
#[must_use]
pub fn zcu104() -> BoardDefinition {
    BoardDefinition::new("ZCU104")
        .device("zu7ev")
        .buttons(PinGroup::new("gpio_btns", 1))
        .leds(PinGroup::new("gpio_leds", 1))
        .switches(PinGroup::new("gpio_sws", 1))
        .with_handoff(include_str!("../boards/zcu104.hwh"))
}

/// The board a design is for: by its device, by the blocks it has, and by the board's name where the project had one. The
/// PYNQ-Z1 and the PYNQ-Z2 are alike in all that is defined here; a design that names no board is taken for the latter's.
///
/// # Errors
///
/// [`Error::UnknownBoard`], which lists the design's AXI GPIO.
pub fn detect(design: &Design) -> Result<BoardDefinition> {
    let known = [pynq_z2(), pynq_z1(), zcu104()];
    let names = known.iter().map(|board| board.name.clone().into_owned()).collect();
    let fitting: Vec<BoardDefinition> = known.into_iter().filter(|board| board.fits(design)).collect();
    let named = fitting.iter().find(|board| board.is_named_by(design));
    named.or(fitting.first()).cloned().ok_or_else(|| {
        let gpio = design.ip.iter().filter(|(_, block)| block.vlnv_without_version() == AxiGpio::VLNV);
        Error::UnknownBoard {
            design: design.source.name.clone(),
            known: names,
            gpio: gpio.map(|(path, _)| path.clone()).collect(),
        }
    })
}
