//! Programs and overlays.

use pynq::{Overlay, drivers::microblaze::Program};
use pynq_drivers::microblaze::PynqMicroblaze;
use pynq_iss::{Condition, Size};

use crate::assembler::Assembler;

pub(crate) const IOP: &str = include_str!("../../../pynq-hwh/fixtures/iop.hwh");

pub(crate) fn overlay() -> Overlay {
    Overlay::simulated_from_str(IOP).expect("an overlay")
}

pub(crate) fn load(iop: &PynqMicroblaze, program: &Assembler) {
    iop.load(&Program::raw(&program.bytes())).expect("it is loaded");
}

/// Adds one to the argument of each command.
pub(crate) fn adder() -> Assembler {
    let mut program = Assembler::new();
    program.label("wait").load(Size::Word, 5, 0xFFFC).jump_if(Condition::Equal, 5, "wait");
    program.load(Size::Word, 6, 0xF000).addi(6, 6, 1).store(Size::Word, 6, 0xF000).store(Size::Word, 0, 0xFFFC);
    program.jump("wait");
    program
}

/// A generator of random numbers that are the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }
}
