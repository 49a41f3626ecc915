//! The processor and its controller, set up: what every example begins with.

use core::fmt::Display;

use pynq_baremetal::{
    Lock,
    microblaze_v::{ExternalInterrupt, Fabric, enable_interrupts},
};
use pynq_core::{
    AxiIntcNode, Volatile,
    design::{AxiIntcBlock, Block, Of, Platform, Wired},
    interrupt::{ConstInit, ParentLine},
};
use static_cell::StaticCell;

use crate::microblaze_v::{AxiIntc0, AxiUart16550_0, axi_intc_0};

/// The node of the controller.
pub type Intc = AxiIntcNode<Volatile, Lock, ExternalInterrupt>;

static INTC: StaticCell<Intc> = StaticCell::new();

/// The board.
pub struct Board {
    fabric: Fabric,
    intc: Of<AxiIntc0, &'static Intc>,
}

impl Board {
    /// Sets up console and controller, and lets interrupts in. Once.
    ///
    /// # Panics
    ///
    /// When called twice, or if the controller isn't there.
    #[must_use]
    pub fn take() -> Self {
        start();
        let fabric = fabric();
        let (window, root) = (sound(fabric.map(AxiIntc0)), sound(fabric.source(axi_intc_0::Irq)));
        let intc = sound(AxiIntc0.node(window, Lock::INIT, root)).map(|node| &*INTC.init(node));
        Self { fabric, intc }
    }

    /// A window on a block.
    ///
    /// # Panics
    ///
    /// If the design is wrong.
    pub fn map<B: Block>(&self, block: B) -> Of<B, Volatile> {
        sound(self.fabric.map(block))
    }

    /// The line of the controller that `output` is wired to, for the node of its block to sit on.
    pub fn line<W: Wired<Parent = AxiIntc0>>(&self, output: W) -> Of<W, ParentLine> {
        self.intc.line(output)
    }

    /// The controller.
    #[must_use]
    pub const fn intc(&self) -> Of<AxiIntc0, &'static Intc> {
        self.intc
    }
}

/// Sets up the console and lets interrupts in; claims nothing.
///
/// # Panics
///
/// If the console isn't there.
pub fn start() {
    crate::stack::paint();
    crate::console::install(registers(AxiUart16550_0));
    // SAFETY: no critical section is open here, and each program's handler of external interrupts dispatches.
    unsafe { enable_interrupts() };
}

/// The registers of a block, for who moves it from outside.
///
/// # Panics
///
/// If the design is wrong.
pub fn registers<B: Block>(block: B) -> Volatile {
    sound(fabric().window(block))
}

/// Where the stack begins.
pub(crate) fn stack_top() -> usize {
    unsafe extern "C" {
        safe static _stack_start: u32;
    }
    (&raw const _stack_start).expose_provenance()
}

/// The logic that these programs run in.
fn fabric() -> Fabric {
    // SAFETY: the programs are run on the machine that the design describes. Of its blocks the DMA controller alone
    // masters the bus, and no program starts it.
    unsafe { Fabric::new() }
}

/// What was to be had for sure.
///
/// # Panics
///
/// On an error, with it.
pub fn sound<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
