//! Drivers for the blocks of a design that is known at compile time: what the design can't do doesn't compile.
//!
//! The code generator of `pynq-hwh` implements these traits for the blocks of a handoff file;
//! [`pynq_core::design`] says what for. A block without a second channel, without an interrupt or of another kind has no
//! such implementation. Numbers of pins and channels are compared with what the block has when the program is built
//! (`cargo check` does not get that far, `cargo build` does).
//!
//! # Example
//!
//! The button and the LED that a handoff file describes, on the simulated board of that file. On hardware, another
//! [`Platform`](pynq_core::design::Platform) takes the place of the board.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use pynq_core::{design::{AxiIntcBlock, Platform}, interrupt::StdLock};
//! use pynq_drivers::{Level, design::{AxiGpioBlock, AxiGpioInterrupt}};
//! # use pynq_sim::Board;
//!
//! // In a program: include!(concat!(env!("OUT_DIR"), "/buttons.rs"));
//! include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.rs"));
//! use buttons::{BtnsGpio, LedsGpio, SystemInterrupts, btns_gpio, system_interrupts};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../pynq-hwh/fixtures/pynq-z2-buttons.hwh"));
//! # let board = Board::from_design(&pynq_hwh::Design::parse(text)?)?;
//! let root = board.source(system_interrupts::Irq)?;
//! let intc = SystemInterrupts.node(board.map(SystemInterrupts)?, StdLock::new(), root)?.map(Arc::pin);
//!
//! let line = intc.line(btns_gpio::Ip2intcIrpt);
//! let buttons = BtnsGpio.node(board.map(BtnsGpio)?, StdLock::new(), line)?.map(Arc::pin);
//! let leds = LedsGpio.node_without_interrupt(board.map(LedsGpio)?, StdLock::new())?.map(Arc::pin);
//!
//! let button = BtnsGpio.channel1(&buttons)?.button::<3>()?;
//! let led = LedsGpio.channel1(&leds)?.led::<0>()?;
//!
//! board.after(Duration::from_millis(20), |board| board.press("btns_gpio", 3).expect("there is such a button"));
//! button.wait_for_level(Level::High)?;
//! led.on()?;
//! # assert_eq!(board.output("leds_gpio", 1)?, 1);
//! # Ok(())
//! # }
//! ```

mod axi_timer;
mod axi_uartlite;
mod channel;
#[cfg(doctest)]
mod forbidden;

use pynq_core::{
    Mmio,
    design::{Block, Of, Unwired, Wired},
    interrupt::{InterruptSource, NodeLock},
};

use crate::axi_gpio::{
    AxiGpio, AxiGpioConfig, AxiGpioConfigError, AxiGpioError, AxiGpioHandle, AxiGpioHardware, AxiGpioNode,
    axi_gpio_node,
};

pub use axi_timer::{AxiTimerBlock, AxiTimerInterrupt};
pub use axi_uartlite::{AxiUartLiteBlock, AxiUartLiteInterrupt};
pub use channel::DesignChannel;

/// An AXI GPIO of a design.
#[diagnostic::on_unimplemented(message = "`{Self}` is no AXI GPIO", label = "not an `axi_gpio` of the design")]
pub trait AxiGpioBlock: Block {
    /// How it was built.
    const CONFIG: AxiGpioConfig;

    /// Its registers, in a known state; see [`AxiGpioHardware::new`]. For a node of your own making.
    ///
    /// # Errors
    ///
    /// See [`AxiGpioConfigError`].
    fn hardware<M: Mmio>(self, window: Of<Self, M>) -> Result<Of<Self, AxiGpioHardware<M>>, AxiGpioConfigError> {
        AxiGpioHardware::new(window.into_inner(), Self::CONFIG).map(Of::new)
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
    ) -> Result<Of<Self, AxiGpioNode<M, L, Unwired>>, AxiGpioConfigError>
    where
        M: Mmio + Send + 'static,
        L: NodeLock + Send + Sync + 'static,
    {
        Ok(self.hardware(window)?.map(|hardware| axi_gpio_node(lock, hardware, Unwired)))
    }

    /// The driver over the block's node, whose pins are checked at run time.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn driver<H: AxiGpioHandle>(self, node: &Of<Self, H>) -> Result<AxiGpio<H>, AxiGpioError> {
        AxiGpio::new(node.get().clone())
    }

    /// The first channel.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn channel1<H: AxiGpioHandle>(self, node: &Of<Self, H>) -> Result<DesignChannel<Self, H, 1>, AxiGpioError> {
        Ok(DesignChannel::new(self.driver(node)?.channel1()))
    }

    /// The second channel.
    ///
    /// # Errors
    ///
    /// The error the node has failed with.
    fn channel2<H: AxiGpioHandle>(self, node: &Of<Self, H>) -> Result<DesignChannel<Self, H, 2>, AxiGpioError>
    where
        Self: DualAxiGpio,
    {
        Ok(DesignChannel::new(self.driver(node)?.channel2()?))
    }
}

/// An AXI GPIO with a second channel.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no channel 2",
    label = "built with one channel",
    note = "use `channel1`, or rebuild the design with C_IS_DUAL"
)]
pub trait DualAxiGpio: AxiGpioBlock {}

/// An AXI GPIO whose interrupt reaches the processor.
#[diagnostic::on_unimplemented(
    message = "the interrupt of `{Self}` does not reach the processor",
    label = "nothing on it can be waited for",
    note = "it was built without an interrupt, or its `ip2intc_irpt` is not wired; `node_without_interrupt` takes it all the same"
)]
pub trait AxiGpioInterrupt: AxiGpioBlock {
    /// Its interrupt output.
    type Irq: Wired;

    /// Its node, on the line that its interrupt is wired to.
    ///
    /// # Errors
    ///
    /// As [`AxiGpioBlock::hardware`].
    fn node<M, L, S>(
        self,
        window: Of<Self, M>,
        lock: L,
        source: Of<Self::Irq, S>,
    ) -> Result<Of<Self, AxiGpioNode<M, L, S>>, AxiGpioConfigError>
    where
        M: Mmio + Send + 'static,
        L: NodeLock + Send + Sync + 'static,
        S: InterruptSource + Send + Sync + 'static,
    {
        Ok(self.hardware(window)?.map(|hardware| axi_gpio_node(lock, hardware, source.into_inner())))
    }
}
