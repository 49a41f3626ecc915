//! Interrupt outputs, and what they are wired to.

use core::fmt::Debug;

use super::{AxiIntcBlock, Block, Of};
use crate::interrupt::{Direct, DirectNode, InterruptSource, NodeLock};

/// How a line listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// To a transition, which is latched.
    Edge,
    /// To the state of the line.
    Level,
}

/// An interrupt output that reaches the processor.
///
/// Implemented by types without a value, which the generator of `pynq-hwh` writes. For an output that reaches nothing it
/// writes none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no interrupt output that reaches the processor",
    label = "not an interrupt output of the design",
    note = "interrupt outputs are the types in the module of their block, named after the port"
)]
pub trait Wired: Copy + Debug + Send + Sync + 'static {
    /// Block and port: `btns_gpio/ip2intc_irpt`.
    const PATH: &'static str;
    /// The block whose output it is.
    type Block: Block;
    /// The port, without the block: `ip2intc_irpt`.
    const PORT: &'static str;
    /// What it is wired to: a controller, or an interrupt of the processor.
    type Parent: Parent;
    /// Which line of it: the controller's input, or the bit of the processor's vector.
    const LINE: u8;
    /// How that line listens, whatever the source is. Of an interrupt of the processor, how it is to be set up.
    const KIND: LineKind;
}

/// In place of a block that the processor can't address, of an interrupt output that it handles all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoBlock;

impl Block for NoBlock {
    const PATH: &'static str = "";
    const VLNV: &'static str = "";
    const BASE: u64 = 0;
    const SIZE: u64 = 0;
}

/// What interrupt outputs are wired to: [`Root`] or an [`AxiIntcBlock`].
#[diagnostic::on_unimplemented(
    message = "no interrupt output can be wired to `{Self}`",
    label = "neither an interrupt controller nor `Root`"
)]
pub trait Parent: 'static {
    /// The interrupt of the processor that all of it ends up at.
    const ROOT: u32;
    /// How many controllers there are on the way.
    const DEPTH: u8;
}

/// An interrupt of the processor, by the number its interrupt controller has for it: the GIC's interrupt ID, or the bit
/// of `mie` on RISC-V.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Root<const NUMBER: u32>;

impl<const NUMBER: u32> Parent for Root<NUMBER> {
    const ROOT: u32 = NUMBER;
    const DEPTH: u8 = 0;
}

impl<B: AxiIntcBlock> Parent for B {
    const ROOT: u32 = <<B::Irq as Wired>::Parent as Parent>::ROOT;
    const DEPTH: u8 = 1 + <<B::Irq as Wired>::Parent as Parent>::DEPTH;
}

/// The node of an interrupt output that is wired straight to the processor. Its one line is line 0.
pub fn direct_node<W: Wired, L, S>(lock: L, source: Of<W, S>) -> Of<W, DirectNode<L, S>>
where
    L: NodeLock + Send + Sync + 'static,
    S: InterruptSource + Send + Sync + 'static,
{
    source.map(|source| DirectNode::new(lock, Direct, source))
}
