//! The simulated board under a program that has its design as types.

use alloc::string::String;

use pynq_core::design::{Block, LineKind, Platform};

use crate::{Board, CpuPin, Error, Trigger, Window};

/// Blocks are found by their path, and must be on the board where they are in the design. So a description that was made
/// of another design is an error, where hardware would answer with the registers of something else.
impl Platform for Board {
    type Window = Window;
    type Root = CpuPin;
    type Error = Error;

    fn window<B: Block>(&self, _: B) -> Result<Window, Error> {
        let (base, size) = self.address_range(B::PATH)?;
        if (base, size) != (B::BASE, B::SIZE) {
            let expected = (B::BASE, B::SIZE);
            return Err(Error::OtherRange { path: String::from(B::PATH), found: (base, size), expected });
        }
        Self::window(self, B::PATH)
    }

    fn root(&self, number: u32, kind: LineKind) -> Result<CpuPin, Error> {
        let pin = self.cpu_pin(number)?;
        pin.set_trigger(match kind {
            LineKind::Edge => Trigger::Edge,
            LineKind::Level => Trigger::Level,
        });
        Ok(pin)
    }
}
