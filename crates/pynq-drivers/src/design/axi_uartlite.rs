//! AXI UART Lites of a design.

use pynq_core::{
    Mmio,
    design::{Block, Of, Unwired, Wired},
    interrupt::{InterruptSource, NodeLock},
};

use crate::axi_uartlite::{
    AxiUartLite, AxiUartLiteConfig, AxiUartLiteConfigError, AxiUartLiteError, AxiUartLiteHandle, AxiUartLiteHardware,
    AxiUartLiteNode, axi_uartlite_node,
};

/// An AXI UART Lite of a design.
#[diagnostic::on_unimplemented(message = "`{Self}` is no AXI UART Lite", label = "not an `axi_uartlite` of the design")]
pub trait AxiUartLiteBlock: Block {
    /// How it was built.
    const CONFIG: AxiUartLiteConfig;

    /// Its registers, in a known state; see [`AxiUartLiteHardware::new`]. For a node of your own making.
    ///
    /// # Errors
    ///
    /// See [`AxiUartLiteConfigError`].
    fn hardware<M: Mmio>(
        self,
        window: Of<Self, M>,
    ) -> Result<Of<Self, AxiUartLiteHardware<M>>, AxiUartLiteConfigError> {
        AxiUartLiteHardware::new(window.into_inner(), Self::CONFIG).map(Of::new)
    }

    /// Its node, with the interrupt left unused.
    ///
    /// # Errors
    ///
    /// As [`hardware`](Self::hardware).
    fn node_without_interrupt<M, L>(
        self,
        window: Of<Self, M>,
        lock: L,
    ) -> Result<Of<Self, AxiUartLiteNode<M, L, Unwired>>, AxiUartLiteConfigError>
    where
        M: Mmio + Send + 'static,
        L: NodeLock + Send + Sync + 'static,
    {
        Ok(self.hardware(window)?.map(|hardware| axi_uartlite_node(lock, hardware, Unwired)))
    }

    /// The driver over the block's node.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn driver<H: AxiUartLiteHandle>(self, node: &Of<Self, H>) -> Result<AxiUartLite<H>, AxiUartLiteError> {
        AxiUartLite::new(node.get().clone())
    }
}

/// An AXI UART Lite whose interrupt reaches the processor.
#[diagnostic::on_unimplemented(
    message = "the interrupt of `{Self}` does not reach the processor",
    label = "nothing on it can be waited for",
    note = "its `interrupt` is not wired; `node_without_interrupt` takes it all the same"
)]
pub trait AxiUartLiteInterrupt: AxiUartLiteBlock {
    /// Its interrupt output.
    type Irq: Wired;

    /// Its node, on the line that its interrupt is wired to.
    ///
    /// # Errors
    ///
    /// As [`AxiUartLiteBlock::hardware`].
    fn node<M, L, S>(
        self,
        window: Of<Self, M>,
        lock: L,
        source: Of<Self::Irq, S>,
    ) -> Result<Of<Self, AxiUartLiteNode<M, L, S>>, AxiUartLiteConfigError>
    where
        M: Mmio + Send + 'static,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        Ok(self.hardware(window)?.map(|hardware| axi_uartlite_node(lock, hardware, source.into_inner())))
    }
}
