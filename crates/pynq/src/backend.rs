//! What an overlay needs of the thing that carries it: a board under Linux, or a simulated one.
//!
//! Erased here and nowhere else, so that a program chooses between them at run time. An access over AXI takes 100 ns and
//! more; a virtual call is lost in that.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pynq_core::{
    Instant, Mmio, OutputLine,
    dma::{DmaBuffer, DmaRequest},
    interrupt::InterruptSource,
    pl_clocks::PlClocks,
};
use pynq_drivers::PsGpioPin;
use pynq_hwh::{Design, IpBlock};

use crate::{BoardClock, Error, Result, Warning};

/// A window onto an IP block's registers, whatever carries them. Clones are the same window.
///
/// It belongs to the design it was opened on: once that is replaced, what is written vanishes.
pub type Window = Arc<dyn Mmio + Send + Sync>;

/// An interrupt as it reaches the processor.
pub(crate) type Root = Pin<Box<dyn InterruptSource + Send + Sync>>;

/// Where an interrupt is masked while no task waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaskedBy {
    /// By the controller that is on it.
    Controller,
    /// At the processor: the pin of a block is wired straight to it.
    Root,
}

/// A board, or what passes for one.
pub(crate) trait Backend: Send + Sync {
    /// A window onto the block called `path`.
    fn window(&self, path: &str, block: &IpBlock) -> Result<Window>;

    /// Keeps other processes from the block called `path`, for as long as the overlay lives.
    fn claim(&self, path: &str, block: &IpBlock) -> Result<()>;

    /// The interrupt with this number in the processor's interrupt controller. Requested once per loaded design.
    fn root(&self, path: &str, irq: u32, masked: MaskedBy) -> Result<Root>;

    /// Whether the system's own driver has this interrupt controller, so that each of its lines is an interrupt of the
    /// system, and its registers are not ours.
    fn system_has(&self, controller: &IpBlock) -> Result<bool> {
        let _ = controller;
        Ok(false)
    }

    /// The interrupt on a line of such a controller. Requested once per loaded design.
    fn system_root(&self, path: &str, controller: &IpBlock, line: u32, masked: MaskedBy) -> Result<Root> {
        let _ = (line, masked);
        Err(Error::UnreachableController { pin: path.to_owned(), path: controller.path.clone() })
    }

    /// The board's clock.
    fn clock(&self) -> BoardClock;

    /// See [`InterruptSource::block`].
    fn block(
        &self,
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
        deadline: Option<Instant>,
    ) -> Result<(), pynq_core::Error>;

    /// Memory that the logic can reach.
    fn allocate(&self, request: &DmaRequest) -> Result<DmaBuffer>;

    /// Revokes every window and programs the design anew. No node of the old design is alive any more.
    fn reload(&self) -> Result<()>;

    /// Whether the design was not programmed by this overlay, but found running.
    fn is_attached(&self) -> bool {
        false
    }

    /// The registers behind the clocks to the logic.
    fn pl_clocks(&self) -> Result<PlClocks<Window>>;

    /// A wire of the processing system's GPIO into the logic.
    fn ps_gpio(&self, design: &Design, line: u8) -> Result<PsGpioPin>;

    /// The same as an output, at the level that it has.
    fn output_line(&self, design: &Design, line: u8) -> Result<OutputLine> {
        self.ps_gpio(design, line).map(crate::microblaze::output)
    }

    /// What was found when the design was opened.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }

    /// How many interrupts the processor has taken so far.
    fn interrupts(&self) -> u64;

    /// The simulated board, if it is one.
    #[cfg(feature = "sim")]
    fn simulation(&self) -> Option<&pynq_sim::Board> {
        None
    }
}
