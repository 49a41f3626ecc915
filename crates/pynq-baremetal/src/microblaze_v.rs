//! MicroBlaze-V: a RISC-V processor in programmable logic, whose interrupts come through an AXI INTC.
//!
//! The processor has one external interrupt, a level, and the controller's output is that. So the root of the tree is the
//! hart's own interrupt enable, `mie.MEIE`, and everything behind it is a block of the logic, with the drivers of
//! `pynq-core` and `pynq-drivers`. Registers are those of the RISC-V privileged architecture; all of it runs in machine
//! mode. The controller's fast mode, in which it supplies vectors, is not used.
//!
//! # Setting up
//!
//! ```no_run
//! use pynq_baremetal::{Lock, microblaze_v::Fabric};
//! use pynq_core::{AxiIntcConfig, design::{AxiIntcBlock, Block, LineKind, Platform, Root, Wired}, interrupt::ConstInit};
//!
//! /// The controller, in the form in which a design is generated from its handoff file.
//! #[derive(Clone, Copy, Debug)]
//! pub struct AxiIntc0;
//! # impl Block for AxiIntc0 {
//! #     const PATH: &'static str = "axi_intc_0";
//! #     const VLNV: &'static str = "xilinx.com:ip:axi_intc:4.1";
//! #     const BASE: u64 = 0x4120_0000;
//! #     const SIZE: u64 = 0x1_0000;
//! # }
//! # impl AxiIntcBlock for AxiIntc0 {
//! #     const CONFIG: AxiIntcConfig = AxiIntcConfig::new(10, 0x2);
//! #     type Irq = Irq;
//! # }
//! # #[derive(Clone, Copy, Debug)]
//! # pub struct Irq;
//! # impl Wired for Irq {
//! #     const PATH: &'static str = "axi_intc_0/irq";
//! #     type Block = AxiIntc0;
//! #     const PORT: &'static str = "irq";
//! #     type Parent = Root<11>;
//! #     const LINE: u8 = 0;
//! #     const KIND: LineKind = LineKind::Level;
//! # }
//!
//! # fn place<T>(value: T) -> &'static T { std::boxed::Box::leak(std::boxed::Box::new(value)) }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // SAFETY: this program runs in the design of the board, and nothing else uses its blocks.
//! let fabric = unsafe { Fabric::new() };
//! let (window, root) = (fabric.map(AxiIntc0)?, fabric.source(Irq)?);
//! let intc = AxiIntc0.node(window, Lock::INIT, root)?.map(place); // a `StaticCell`, without an allocator
//! # let _ = intc;
//! # Ok(())
//! # }
//!
//! /// The handler that the trap vector calls for machine external interrupts (cause 0x8000_000B).
//! fn machine_external() {
//!     pynq_baremetal::microblaze_v::dispatch();
//! }
//! ```
//!
//! # Port to another RISC-V
//!
//! Only one thing in here is MicroBlaze-V's own: the AXI INTC is wired to the external interrupt directly. A hart
//! behind a PLIC needs a root that claims and completes there.

#[allow(unsafe_code)] // the instructions that Rust has no name for
mod cpu;
mod error;
mod external;
#[allow(unsafe_code)] // addresses of a design are taken for true
mod fabric;

pub use cpu::{barrier, enable_interrupts, idle, idle_unless};
pub use error::Error;
pub use external::{ExternalInterrupt, ExternalStats, dispatch, external_stats};
pub use fabric::Fabric;
