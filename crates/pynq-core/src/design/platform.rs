//! How the blocks of a design are reached.

use super::{Block, LineKind, Of, Parent, Wired};
use crate::{Mmio, interrupt::InterruptSource};

/// Where a design is: windows onto its blocks, and the processor's interrupts.
///
/// Implemented by backends, once for any design. The caller that makes such a value promises that the design is the one
/// in the programmable logic: a backend that maps addresses on trust says so in a `# Safety` section of its
/// constructor.
pub trait Platform {
    /// A window onto a block.
    type Window: Mmio;
    /// An interrupt of the processor.
    type Root: InterruptSource;
    /// What can go wrong.
    type Error;

    /// A window of [`Block::SIZE`] bytes onto the block.
    ///
    /// # Errors
    ///
    /// Those of the backend.
    fn window<B: Block>(&self, block: B) -> Result<Self::Window, Self::Error>;

    /// Interrupt `number` of the processor, as its interrupt controller counts, set up to listen as `kind` says.
    ///
    /// # Errors
    ///
    /// Those of the backend.
    fn root(&self, number: u32, kind: LineKind) -> Result<Self::Root, Self::Error>;

    /// The block at its window.
    ///
    /// # Errors
    ///
    /// As [`window`](Self::window).
    fn map<B: Block>(&self, block: B) -> Result<Of<B, Self::Window>, Self::Error> {
        self.window(block).map(Of::new)
    }

    /// The processor's interrupt that `output` is wired to.
    ///
    /// Does not compile for an output behind a controller; [`Of::line`] of that controller's node is for those.
    ///
    /// # Errors
    ///
    /// As [`root`](Self::root).
    fn source<W: Wired>(&self, output: W) -> Result<Of<W, Self::Root>, Self::Error> {
        let _ = output;
        const { assert!(<W::Parent as Parent>::DEPTH == 0, "this interrupt output is wired to a controller") };
        self.root(<W::Parent as Parent>::ROOT, W::KIND).map(Of::new)
    }
}

impl<P: Platform + ?Sized> Platform for &P {
    type Window = P::Window;
    type Root = P::Root;
    type Error = P::Error;

    fn window<B: Block>(&self, block: B) -> Result<P::Window, P::Error> {
        (**self).window(block)
    }

    fn root(&self, number: u32, kind: LineKind) -> Result<P::Root, P::Error> {
        (**self).root(number, kind)
    }
}
