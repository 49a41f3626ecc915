//! AXI timers of a design.

use pynq_core::{
    Mmio,
    design::{Block, Of, Unwired, Wired},
    interrupt::{InterruptSource, NodeLock},
};

use crate::axi_timer::{
    AxiTimer, AxiTimerConfig, AxiTimerConfigError, AxiTimerError, AxiTimerHandle, AxiTimerHardware, AxiTimerNode, Pwm,
    TimerChannel, axi_timer_node,
};

/// An AXI timer of a design, the frequency of whose clock is known.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no AXI timer",
    label = "not an `axi_timer` of the design",
    note = "an `axi_timer` is left out if the handoff file does not tell the frequency of its clock"
)]
pub trait AxiTimerBlock: Block {
    /// How it was built.
    const CONFIG: AxiTimerConfig;

    /// Its registers, in a known state; see [`AxiTimerHardware::new`]. For a node of your own making.
    ///
    /// # Errors
    ///
    /// See [`AxiTimerConfigError`].
    fn hardware<M: Mmio>(self, window: Of<Self, M>) -> Result<Of<Self, AxiTimerHardware<M>>, AxiTimerConfigError> {
        AxiTimerHardware::new(window.into_inner(), Self::CONFIG).map(Of::new)
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
    ) -> Result<Of<Self, AxiTimerNode<M, L, Unwired>>, AxiTimerConfigError>
    where
        M: Mmio + Send + 'static,
        L: NodeLock + Send + Sync + 'static,
    {
        Ok(self.hardware(window)?.map(|hardware| axi_timer_node(lock, hardware, Unwired)))
    }

    /// The driver over the block's node, whose channels are checked at run time.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn driver<H: AxiTimerHandle>(self, node: &Of<Self, H>) -> Result<AxiTimer<H>, AxiTimerError> {
        AxiTimer::new(node.get().clone())
    }

    /// Channel `NUMBER`, 0 or 1. One that the timer does not have does not build.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn channel<const NUMBER: u8, H: AxiTimerHandle>(
        self,
        node: &Of<Self, H>,
    ) -> Result<TimerChannel<H>, AxiTimerError> {
        const { assert!(NUMBER < Self::CONFIG.channels(), "the timer has no such channel") };
        self.driver(node)?.channel(NUMBER)
    }

    /// The PWM, which takes both channels. Does not build for a timer that was not built for it.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn pwm<H: AxiTimerHandle>(self, node: &Of<Self, H>) -> Result<Pwm<H>, AxiTimerError> {
        const {
            assert!(Self::CONFIG.channels() == 2, "a PWM takes two channels and the timer has one");
            assert!(Self::CONFIG.generate_active_high, "the timer's outputs are active low, so it has no PWM");
        }
        self.driver(node)?.pwm()
    }
}

/// An AXI timer whose interrupt reaches the processor.
#[diagnostic::on_unimplemented(
    message = "the interrupt of `{Self}` does not reach the processor",
    label = "nothing on it can be waited for",
    note = "its `interrupt` is not wired; `node_without_interrupt` takes it all the same"
)]
pub trait AxiTimerInterrupt: AxiTimerBlock {
    /// Its interrupt output.
    type Irq: Wired;

    /// Its node, on the line that its interrupt is wired to.
    ///
    /// # Errors
    ///
    /// As [`AxiTimerBlock::hardware`].
    fn node<M, L, S>(
        self,
        window: Of<Self, M>,
        lock: L,
        source: Of<Self::Irq, S>,
    ) -> Result<Of<Self, AxiTimerNode<M, L, S>>, AxiTimerConfigError>
    where
        M: Mmio + Send + 'static,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        Ok(self.hardware(window)?.map(|hardware| axi_timer_node(lock, hardware, source.into_inner())))
    }
}
