//! The board under a design that is compiled in.

use pynq_baremetal::zynq::{Error, GicLine, Irq, Trigger};
use pynq_core::{
    Volatile,
    design::{Block, LineKind, Platform},
};

use crate::{Board, board::registers};

/// The programs of this package describe no blocks but those of the board's own handoff file.
impl Platform for Board {
    type Window = Volatile;
    type Root = GicLine;
    type Error = Error;

    fn window<B: Block>(&self, _: B) -> Result<Volatile, Error> {
        // The logic of this processor is within 32 bits, as its pointers are.
        Ok(registers(B::BASE as usize, B::SIZE as usize))
    }

    fn root(&self, number: u32, kind: LineKind) -> Result<GicLine, Error> {
        let irq = Irq::new(u16::try_from(number).unwrap_or(u16::MAX))?;
        let line = GicLine::new(self.gic, irq)?.with_clock(self.clock);
        self.gic.set_trigger(
            irq,
            match kind {
                LineKind::Edge => Trigger::Edge,
                LineKind::Level => Trigger::Level,
            },
        );
        Ok(line)
    }
}
