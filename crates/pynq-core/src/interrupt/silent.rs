//! Blocks without an interrupt.

use super::{InterruptHardware, Lines};

/// The registers of a block that has no interrupt, in place of register functions: a driver's handle on it is then like any
/// other's, with a lock, a name in errors, and an end when the design is replaced.
///
/// Its [`Driver::has_interrupt`](crate::Driver::has_interrupt) is false. A wait on it is refused.
#[derive(Clone, Copy, Debug)]
pub struct Silent<R> {
    /// The registers, or whatever the driver works on.
    pub registers: R,
}

impl<R> Silent<R> {
    /// A block of these registers.
    pub const fn new(registers: R) -> Self {
        Self { registers }
    }
}

impl<R: Send> InterruptHardware for Silent<R> {
    type Lines = Lines<1>;

    fn unmask(&mut self, _: u32) {}

    fn mask(&mut self, _: u32) {}

    fn ack_pending(&mut self, _: u32) -> u32 {
        0
    }

    fn clears_on_ack(&self) -> u32 {
        1
    }

    fn read_back(&mut self) {}
}
