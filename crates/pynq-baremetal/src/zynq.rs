//! The Zynq-7000: two Cortex-A9 with a GIC beside programmable logic.
//!
//! Register sequences are from the technical reference manual (UG585). All of it runs in secure state, as the
//! boot ROM, the first-stage boot loader and U-Boot leave the processor.
//!
//! # Setting up
//!
//! ```no_run
//! use pynq_baremetal::{window, zynq::{Gic, Irq, GicLine}};
//!
//! # fn place<T>(value: T) -> &'static T { std::boxed::Box::leak(std::boxed::Box::new(value)) }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // SAFETY: the addresses of a Zynq-7000's interrupt controller, which is nobody else's.
//! let (distributor, cpu) = unsafe { (window(0xF8F0_1000, 0x1000)?, window(0xF8F0_0100, 0x100)?) };
//! let gic = place(Gic::new(distributor, cpu)?); // a `StaticCell`, without an allocator
//! gic.install();
//! let root = GicLine::new(gic, Irq::from_logic(0)?)?; // for the node of the controller in the logic
//! # Ok(())
//! # }
//!
//! /// The handler that the interrupt vector calls.
//! fn irq_handler() {
//!     pynq_baremetal::zynq::dispatch();
//! }
//! ```

mod caches;
#[allow(unsafe_code)] // the instructions that Rust has no name for
mod cpu;
mod devcfg;
mod error;
mod gic;
mod global_timer;
mod irq;
mod line;
mod slcr;
mod uart;

pub use caches::{Caches, Pl310Registers};
pub use cpu::{barrier, enable_interrupts, idle, idle_unless};
pub use devcfg::{
    DevcfgControl, DevcfgEvents, DevcfgMisc, DevcfgRegisters, DevcfgStatus, ImageError, Pcap, ProgramError, Step,
};
pub use error::Error;
pub use gic::{Gic, GicControl, GicCpuRegisters, GicDistributorRegisters, GicStats, dispatch};
pub use global_timer::{
    GlobalTimer, GlobalTimerControl, GlobalTimerHardware, GlobalTimerNode, GlobalTimerRegisters, Sleep,
};
pub use irq::{Irq, Priority, Trigger};
pub use line::GicLine;
pub use slcr::{LevelShifters, LogicReset, PcapClock, Pll, ProcessorClock, Slcr, SlcrRegisters};
pub use uart::{Uart, UartControl, UartRegisters, UartStatus};
