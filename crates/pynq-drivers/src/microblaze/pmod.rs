//! PYNQ's programs for Pmods, with their commands as functions.
//!
//! Each handle is for one program, of PYNQ's name, which has been loaded and runs: PYNQ's Python classes of the same names
//! load theirs by themselves, from where PYNQ is installed. A handle has the program's [`Mailbox`], so there is one at a time.
//! The programs check nothing that they are told; the handles do, before anything is sent.
//!
//! Every function returns a [`Waiting`](pynq_core::interrupt::Waiting), to be awaited or blocked on. The document is PYNQ's own
//! code.
//!
//! # Example
//!
//! ```no_run
//! # use pynq_drivers::microblaze::{PynqMicroblaze, Program, pmod::PmodOled};
//! # fn show(iop: &PynqMicroblaze, program: &Program<'_>) -> Result<(), Box<dyn std::error::Error>> {
//! iop.load(program)?; // pmod_oled.bin
//! let mut oled = PmodOled::new(iop)?;
//! oled.clear().block()?;
//! oled.print("Hello", 0, 0).block()?;
//! oled.line((0, 20), (127, 31)).block()?;
//! # Ok(())
//! # }
//! ```

mod oled;
mod pwm;
mod timer;

use super::{Mailbox, MicroblazeError};

pub use oled::PmodOled;
pub use pwm::PmodPwm;
pub use timer::PmodTimer;

/// An argument that the program would take, whatever it is.
const fn within(what: &'static str, found: u32, least: u32, most: u32) -> Result<u32, MicroblazeError> {
    if found < least || found > most {
        return Err(MicroblazeError::Argument { what, found, least, most });
    }
    Ok(found)
}

/// The pin of a Pmod connector that a program works with.
const fn pin(number: u8) -> Result<u32, MicroblazeError> {
    within("pin", number as u32, 0, 7)
}
