//! Register maps of the blocks that the foundation itself knows, and of those that drivers and simulated models share.
//!
//! Each is laid over a window by `new` and used through its accessors; [`regs`](crate::regs) says how.
#![forbid(unsafe_code)]

mod axi_gpio;
mod axi_intc;

pub use axi_gpio::{AxiGpioRegisters, Channels, GlobalInterruptEnable};
pub use axi_intc::{AxiIntcRegisters, AxiIntcVectorRegisters, MasterEnable};
