//! An AXI interrupt controller of a design.

use super::{Block, Of, Wired};
use crate::{
    AxiIntcConfig, AxiIntcError, AxiIntcHardware, AxiIntcNode, Error, Mmio, axi_intc_node,
    interrupt::{InterruptSource, Line, NodeHandle, NodeLock, ParentLine},
};

/// An AXI INTC whose output reaches the processor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no AXI interrupt controller that reaches the processor",
    label = "not an `axi_intc`, or not wired"
)]
pub trait AxiIntcBlock: Block {
    /// How it was built.
    const CONFIG: AxiIntcConfig;
    /// Its output.
    type Irq: Wired;

    /// The controller's node, after it was brought into a known state; see [`AxiIntcHardware::new`].
    ///
    /// # Errors
    ///
    /// See [`AxiIntcError`].
    fn node<M, L, S>(
        self,
        window: Of<Self, M>,
        lock: L,
        source: Of<Self::Irq, S>,
    ) -> Result<Of<Self, AxiIntcNode<M, L, S>>, AxiIntcError>
    where
        M: Mmio + Send + 'static,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        let hardware = AxiIntcHardware::new(window.into_inner(), Self::CONFIG)?;
        Ok(Of::new(axi_intc_node(lock, hardware, source.into_inner())))
    }
}

/// Lines of a controller, by the interrupt output that is wired to them.
impl<B: AxiIntcBlock, P: Clone> Of<B, P> {
    /// The line that `output` is wired to, for the node of its block to sit on.
    pub fn line<W: Wired<Parent = B>, Hw>(&self, output: W) -> Of<W, ParentLine>
    where
        P: Into<NodeHandle<Hw>>,
    {
        let _ = output;
        Of::new(ParentLine::new(self.get().clone(), W::LINE))
    }

    /// A handle on the line that `output` is wired to, to wait on.
    ///
    /// # Errors
    ///
    /// The error the controller has failed with.
    pub fn event<W: Wired<Parent = B>, Hw>(&self, output: W) -> Result<Line, Error>
    where
        P: Into<NodeHandle<Hw>>,
    {
        let _ = output;
        Line::new(self.get().clone(), W::LINE)
    }
}
